/* SPDX-License-Identifier: MIT */
#ifndef NET_SOCKS_H
#define NET_SOCKS_H

/*
 * SOCKS version 5 (RFC 1928), with user and password (RFC 1929): a layer
 * that asks the proxy below it for a connection to the target and is then
 * only passed through.
 */

#include <sys/socket.h>

#include "net/stream.h"

struct socks_target {
	const char *host; /* name or numeric address, at most 255 bytes; goes
			   * to the proxy as it is */
	uint16_t port;
	/* Where the host was looked up here; instead of it, or NULL. */
	const struct sockaddr *address;
	const char *user, *password; /* NULL: none offered */
};

/* Takes over below (also on failure: frees it); the target's strings are
 * copied. NULL with e. */
struct stream *socks_stream_new(struct stream *below,
				const struct socks_target *t, struct err *e);

#endif
