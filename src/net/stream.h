/* SPDX-License-Identifier: MIT */
#ifndef NET_STREAM_H
#define NET_STREAM_H

/*
 * An ordered byte stream: socket, TLS, WebSocket, proxy, one on top of the
 * other through `below`. It knows nothing of MQTT and never waits: every
 * call does what it can and says what to wait for.
 *
 * One caller at a time (client/conn.c calls under the connection's mutex).
 * The top of a stack owns what is below it. Sockets stay in blocking mode;
 * each call passes MSG_DONTWAIT | MSG_NOSIGNAL.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum io {
	IO_OK,
	IO_WANT_READ,  /* nothing done; wait until the fd is readable */
	IO_WANT_WRITE, /* nothing done; wait until the fd is writable */
	IO_EOF,        /* orderly end by the peer */
	IO_FAIL,       /* err is set */
};

struct stream;

struct stream_ops {
	const char *name; /* "tcp", "tls", "ws", "socks5"... */
	/* Advances establishment, lower layers first; IO_OK when done. */
	enum io (*step)(struct stream *s, struct err *e);
	/* IO_OK: 1..n bytes in *ret_n. */
	enum io (*read)(struct stream *s, void *p, size_t n, size_t *ret_n,
			struct err *e);
	/* IO_OK: 1..n bytes taken. After WANT_* the caller must come back
	 * with the same first bytes (it may add more behind them). */
	enum io (*write)(struct stream *s, const void *p, size_t n,
			 size_t *ret_n, struct err *e);
	/* Bytes that a read would give although the fd is not readable. */
	bool (*has_pending)(const struct stream *s);
	/* Tells the peer that no more will be written (close_notify, close
	 * frame, shutdown), top first; IO_OK when handed to the kernel. */
	enum io (*shutdown)(struct stream *s, struct err *e);
	/* Frees this layer only; stream_free() walks the stack. */
	void (*free)(struct stream *s);
};

struct stream {
	const struct stream_ops *ops;
	struct stream *below; /* owned; NULL for a socket */
	int fd;               /* of the socket at the bottom */
};

enum io stream_step(struct stream *s, struct err *e);
enum io stream_read(struct stream *s, void *p, size_t n, size_t *ret_n,
		    struct err *e);
enum io stream_write(struct stream *s, const void *p, size_t n, size_t *ret_n,
		     struct err *e);
bool stream_has_pending(const struct stream *s);
enum io stream_shutdown(struct stream *s, struct err *e);
/* Closes and frees the whole stack; NULL is fine. */
void stream_free(struct stream *s);

#endif
