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
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum io {
	IO_OK,
	IO_WANT_READ,  /* nothing done; wait until the fd is readable */
	IO_WANT_WRITE, /* nothing done; wait until the fd is writable */
	IO_EOF,        /* orderly end by the peer */
	IO_FAIL,       /* err is set */
};

struct stream;

/* What a layer implements; the functions below walk the stack. */
struct stream_ops {
	const char *name; /* "tcp", "tls", "ws", "socks5"... */
	/* For messages while it is being established, and what it is when
	 * that takes too long: "the TLS handshake", ERR_TLS. */
	const char *phase;
	enum err_kind failure;
	/* Advances the layer's own establishment; what is below it is up.
	 * NULL: it is up from the start. stream_step() makes failures of
	 * an end by the peer and of ERR_LOST. */
	enum io (*step)(struct stream *s, struct err *e);
	/* Both NULL: once it is up, the layer is only passed through. */
	enum io (*read)(struct stream *s, void *p, size_t n, size_t *ret_n,
			struct err *e);
	enum io (*write)(struct stream *s, const void *p, size_t n,
			 size_t *ret_n, struct err *e);
	/* NULL: it holds nothing back. */
	bool (*has_pending)(const struct stream *s);
	/* Hands the layer's own goodbye to the one below, once. NULL: it has
	 * none. */
	enum io (*shutdown)(struct stream *s, struct err *e);
	/* Frees this layer only. */
	void (*free)(struct stream *s);
};

struct stream {
	const struct stream_ops *ops;
	struct stream *below; /* owned; NULL for a socket */
	int fd;               /* of the socket at the bottom */
	bool is_up;           /* set by stream_step(); */
	uint64_t up_at;       /* when that was, by clock_boot() */
	bool is_goodbye_sent; /* set by stream_shutdown() */
};

/* Advances establishment, lower layers first; IO_OK when all are up. An end
 * by the peer is a failure here. */
enum io stream_step(struct stream *s, struct err *e);
/* The lowest layer that is not up yet, to say what did not finish in time;
 * NULL when all are. */
const struct stream_ops *stream_unfinished(const struct stream *s);
/* IO_OK: 1..n bytes in *ret_n. IO_WANT_WRITE: there is nothing to read, and
 * the layer has something of its own to send (an alert, a pong): wait until
 * the fd is readable or writable, then read again. */
enum io stream_read(struct stream *s, void *p, size_t n, size_t *ret_n,
		    struct err *e);
/* IO_OK: 1..n bytes taken. After WANT_* the caller must come back with the
 * same first bytes (it may add more behind them). */
enum io stream_write(struct stream *s, const void *p, size_t n, size_t *ret_n,
		     struct err *e);
/* Bytes that a read may give although the fd is not readable. */
bool stream_has_pending(const struct stream *s);
/* Tells the peer that no more will be written (close frame, close_notify,
 * shutdown), top first; IO_OK when handed to the kernel. */
enum io stream_shutdown(struct stream *s, struct err *e);
/* Closes and frees the whole stack; NULL is fine. */
void stream_free(struct stream *s);

/* Writes the buffer's content; IO_OK when all of it is written. */
enum io stream_write_buf(struct stream *s, struct buf *b, struct err *e);
/* One read of at most n bytes, appended to the buffer. */
enum io stream_read_buf(struct stream *s, struct buf *b, size_t n,
			struct err *e);

#endif
