/* SPDX-License-Identifier: MIT */
#ifndef NET_WS_H
#define NET_WS_H

/*
 * A byte stream in the binary messages of WebSocket (RFC 6455), over any
 * stream: the HTTP upgrade, frames, fragments, pings, close codes. Where one
 * message ends means nothing: MQTT packets may be cut anywhere [MQTT-6.0.0-2].
 *
 * Options are plain data, filled in by the configuration layer and read for
 * each connection; all their pointers are borrowed until ws_stream_new()
 * has returned.
 */

#include <stdint.h>

#include "net/stream.h"

struct ws_options {
	const char *path;            /* request target; NULL: "/mqtt" */
	const char *subprotocol;     /* NULL: "mqtt"; "": none */
	const char *origin;          /* NULL: no Origin header */
	const char *user, *password; /* basic authentication, or NULL */
	/* "Name: value"; Host, Origin and Authorization replace ours, those
	 * that WebSocket itself needs are refused. */
	const char *const *headers;
	size_t header_count;
	uint64_t max_frame; /* bytes of one frame's payload that are
			     * accepted; 0: more than any MQTT packet */
};

/* Whom the request is for: the Host header. */
struct ws_peer {
	const char *host; /* name or address, no brackets */
	uint16_t port;
	uint16_t default_port; /* of the scheme, which is left out */
};

/* Takes over below (also on failure: frees it). NULL with e: ERR_USAGE for
 * options that cannot be sent. */
struct stream *ws_stream_new(struct stream *below, const struct ws_options *o,
			     const struct ws_peer *peer, struct err *e);

#endif
