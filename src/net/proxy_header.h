/* SPDX-License-Identifier: MIT */
#ifndef NET_PROXY_HEADER_H
#define NET_PROXY_HEADER_H

/*
 * The header of the PROXY protocol, version 1 and 2, sent in front of
 * everything else as a load balancer would, to test brokers that stand
 * behind one. Options are plain data; pointers are borrowed.
 */

#include "net/stream.h"

enum proxy_header_version {
	PROXY_HEADER_NONE,
	PROXY_HEADER_V1,
	PROXY_HEADER_V2,
};

struct proxy_header_options {
	enum proxy_header_version version;
	/* Numeric addresses to tell, "192.0.2.1:1234" or "[::1]:1234"; NULL:
	 * those of the socket. Both of one family. */
	const char *source, *destination;
};

/* A layer that sends the header and is then only passed through. Takes over
 * below (also on failure: frees it). NULL with e: ERR_USAGE for addresses
 * that are none. */
struct stream *proxy_header_stream_new(struct stream *below,
				       const struct proxy_header_options *o,
				       struct err *e);

#endif
