/* SPDX-License-Identifier: MIT */
#ifndef NET_SOCKET_H
#define NET_SOCKET_H

/*
 * The bottom of every stack: a connected TCP or Unix socket as a stream, and
 * the options that connections get (TCP_NODELAY, TCP_USER_TIMEOUT,
 * SO_KEEPALIVE, source address). Nothing here waits.
 */

#include <stdint.h>
#include <sys/socket.h>

#include "net/stream.h"

struct socket_options {
	uint32_t user_timeout_ms; /* TCP_USER_TIMEOUT; 0: system default */
	bool keepalive;           /* SO_KEEPALIVE, when MQTT has none */
	bool quickack;            /* TCP_QUICKACK until stream_step() is done
	                           * and first data came: see 07 TLS stall */
	int send_buffer, receive_buffer; /* bytes; 0: system default */
};

/* Wraps a connected socket; takes over fd (also on failure: closes it). */
struct stream *socket_stream_new(int fd, const struct socket_options *o,
				 struct err *e);

/* A new socket for that address family, bound to `from` when it is not NULL
 * (IP_BIND_ADDRESS_NO_PORT), close-on-exec. -1 with e (ERR_CONNECT). */
int socket_open(const struct sockaddr *to, const struct sockaddr *from,
		struct err *e);

/* "127.0.0.1:1883", "[::1]:1883", "unix:/path" for messages. */
void socket_name(const struct sockaddr *a, char *ret, size_t size);

#endif
