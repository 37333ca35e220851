/* SPDX-License-Identifier: MIT */
#ifndef NET_TLS_LAYER_H
#define NET_TLS_LAYER_H

/*
 * The inside of a TLS stream, for tls.c, which runs it, and tls_info.c,
 * which looks at it. It belongs to whoever calls the stream.
 */

#include <mbedtls/ssl.h>

#include "base/buf.h"
#include "net/stream.h"
#include "net/tls_config.h"
#include "net/tls_verify.h"

struct tls_layer {
	struct stream s;
	struct tls_config *config; /* a reference of our own */
	mbedtls_ssl_context ssl;
	struct tls_verify verify;
	char *host;        /* what the certificate must name */
	char *server;      /* host and port: key of the saved session */
	struct err *err;   /* of the call under way, for the layer below */
	struct buf in;     /* ciphertext read ahead */
	struct buf out;    /* ciphertext that has to leave */
	size_t pending_n;  /* bytes of the caller's that are in there */
	size_t record_max; /* bytes that fit a record */
	uint8_t first[32]; /* what came first, as it was on the wire */
	size_t first_n;
	bool is_blocked;      /* the library asked for bytes in vain */
	bool is_established;  /* the library is done with the handshake */
	bool has_offered;     /* a session to resume */
	bool has_data;        /* something has been read */
	bool is_goodbye_made; /* close_notify is in the library's hands */
};

/* NULL when there is no TLS from that top down to the socket. */
const struct tls_layer *tls_find(const struct stream *top);
/* After the handshake: it was a short one, from a saved session. */
bool tls_is_resumed(const struct tls_layer *t);

#endif
