/* SPDX-License-Identifier: MIT */
#ifndef NET_WS_HANDSHAKE_H
#define NET_WS_HANDSHAKE_H

/*
 * The HTTP part of WebSocket (RFC 6455 section 4.1): the request for an
 * upgrade, and whether the answer grants it. Pure but for the library's
 * SHA-1; any thread. Only net/ws.c uses it.
 */

#include "net/ws.h"

/* Base64 of 16 and of 20 bytes, with a final NUL. */
enum { WS_KEY_SIZE = 25, WS_ACCEPT_SIZE = 29 };

/* Appends the request. key: base64 of 16 random bytes. -1 with e. */
int ws_compose_request(struct buf *out, const struct ws_options *o,
		       const struct ws_peer *peer, const char *key,
		       struct err *e) MUST_CHECK;

/* What Sec-WebSocket-Accept must be for a key. */
int ws_accept_of(const char *key, char ret[WS_ACCEPT_SIZE]) MUST_CHECK;

/* head: with its final empty line. subprotocol: what was asked for, ""
 * for none. -1 with e, which quotes the status line: ERR_REFUSED (401, 403),
 * ERR_CONNECT (other answers that are no upgrade) or ERR_PROTOCOL. */
int ws_check_response(struct bytes head, const char *key,
		      const char *subprotocol, struct err *e) MUST_CHECK;

#endif
