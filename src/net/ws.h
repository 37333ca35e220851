/* SPDX-License-Identifier: MIT */
#ifndef NET_WS_H
#define NET_WS_H

/*
 * What a user may ask of WebSocket, as plain data: filled in by the
 * configuration layer, read for each connection attempt. All pointers are
 * borrowed.
 */

#include <stddef.h>

struct ws_options {
	const char *path;        /* request target; NULL: "/mqtt" */
	const char *subprotocol; /* NULL: "mqtt"; "": none */
	const char *origin;      /* NULL: no Origin header */
	const char *user, *password; /* basic authentication, or NULL */
	const char *const *headers;  /* "Name: value" */
	size_t header_count;
	size_t max_frame; /* bytes of one frame's payload to accept; 0: 256
	                   * MiB, more than any MQTT packet */
};

#endif
