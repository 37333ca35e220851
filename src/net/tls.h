/* SPDX-License-Identifier: MIT */
#ifndef NET_TLS_H
#define NET_TLS_H

/*
 * TLS over any stream, by mbedTLS. The stream owns what is below it and its
 * library context; options that are ready for use are shared (tls_cache.h).
 *
 * Verification is strict unless the options say otherwise: a chain to a
 * trusted certificate, valid dates, and a name or address that is the one
 * asked for. An end without the peer's close_notify is an error and not
 * IO_EOF, because anybody on the way can cut a connection.
 */

#include <stdint.h>

#include "net/stream.h"

struct tls_config;

/* Where the handshake is meant to go: what the certificate must name, and a
 * key for sessions to resume. */
struct tls_peer {
	const char *name; /* host name or address; copied */
	uint16_t port;
};

/* Takes over below (also on failure: frees it) and a reference of its own to
 * the config. NULL with e. */
struct stream *tls_stream_new(struct stream *below, struct tls_config *c,
			      const struct tls_peer *peer, struct err *e);

#endif
