/* SPDX-License-Identifier: MIT */
#ifndef NET_HTTP_CONNECT_H
#define NET_HTTP_CONNECT_H

/*
 * A tunnel through an HTTP proxy (CONNECT, RFC 9110 section 9.3.6), with
 * basic authentication: a layer that asks the proxy below it for a tunnel to
 * the target and is then only passed through.
 */

#include <stdint.h>

#include "net/stream.h"

struct http_connect_target {
	const char *host; /* name or numeric address, no brackets */
	uint16_t port;
	const char *user, *password; /* NULL: none */
};

/* Takes over below (also on failure: frees it). NULL with e. */
struct stream *http_connect_stream_new(struct stream *below,
				       const struct http_connect_target *t,
				       struct err *e);

#endif
