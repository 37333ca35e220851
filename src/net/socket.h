/* SPDX-License-Identifier: MIT */
#ifndef NET_SOCKET_H
#define NET_SOCKET_H

/*
 * The bottom of every stack: a connected TCP or Unix socket as a stream, and
 * the options that connections get (TCP_NODELAY, TCP_USER_TIMEOUT,
 * SO_KEEPALIVE, source address). Nothing here waits. A stream belongs to one
 * caller at a time; the other functions may be called on any thread.
 */

#include <stdint.h>
#include <sys/socket.h>

#include "net/stream.h"

struct socket_options {
	uint32_t user_timeout_ms; /* TCP_USER_TIMEOUT; 0: system default */
	bool keepalive;           /* SO_KEEPALIVE, when MQTT has none */
	bool quickack;            /* TCP_QUICKACK before the first reads, so
				   * that a peer with Nagle's algorithm on
				   * does not wait 40 ms for a delayed ACK
				   * between its session ticket and its first
				   * data */
	bool detect_tls;          /* nothing below TLS: tell a peer that
				   * answers in TLS from garbage */
	int send_buffer, receive_buffer; /* bytes; 0: system default */
};

/* "unix:" and the longest path, or an IPv6 address with zone and port. */
#define SOCKET_NAME_SIZE 128

/* Wraps a connected socket; takes over fd (also on failure: closes it).
 * TCP_NODELAY is always set. NULL with e (ERR_LOCAL). */
struct stream *socket_stream_new(int fd, const struct socket_options *o,
				 struct err *e);

/* A new socket for that address family, bound to `from` when it is not NULL
 * (IP_BIND_ADDRESS_NO_PORT: the port is chosen at connect, so that one local
 * port serves many destinations), close-on-exec, non-blocking. -1 with e
 * (ERR_CONNECT, code is errno). */
int socket_open(const struct sockaddr *to, const struct sockaddr *from,
		struct err *e);

/* The size of an address by its family, as connect() wants it. */
socklen_t socket_length(const struct sockaddr *a);

/* "127.0.0.1:1883", "[::1]:1883", "unix:/path" for messages; without the
 * port when it is 0. */
void socket_name(const struct sockaddr *a, char *ret, size_t size);

/* What errno means for the user: lower case, and what to do where the
 * system's own text does not help (EMFILE). */
void socket_reason(int error, char *ret, size_t size);

#endif
