/* SPDX-License-Identifier: MIT */
/*
 * A stream that says what it is told to and keeps what is written to it, for
 * tests and fuzz targets of the layers above a socket.  It can hand bytes
 * through in pieces, with a wait before each of them.
 */
#ifndef FAKE_STREAM_H
#define FAKE_STREAM_H

#include <stdlib.h>

#include "base/attr.h"
#include "base/buf.h"
#include "net/stream.h"

struct fake_stream {
	struct stream s;
	struct bytes in; /* still to be read; the caller's memory */
	enum io in_end;  /* what comes behind it */
	size_t piece;    /* bytes moved at once; 0: all */
	bool waits;      /* every second call is told to wait */
	bool is_full;    /* takes nothing */
	struct buf out;  /* what was written */
	unsigned int reads, writes;
	struct buf *keep; /* gets `out` when the stream is freed, or NULL */
};

static inline enum io fake_read(struct stream *s, void *p, size_t n,
				size_t *ret_n, struct err *e)
{
	struct fake_stream *f = CONTAINER_OF(s, struct fake_stream, s);

	if (f->waits && f->reads++ % 2 == 0)
		return IO_WANT_READ;
	if (!f->in.n) {
		if (f->in_end == IO_FAIL)
			err_set(e, ERR_LOST, 0, "cannot read: scripted");
		return f->in_end;
	}
	if (f->piece && n > f->piece)
		n = f->piece;
	if (n > f->in.n)
		n = f->in.n;
	memcpy(p, f->in.p, n);
	f->in = bytes_of(f->in.p + n, f->in.n - n);
	*ret_n = n;
	return IO_OK;
}

static inline enum io fake_write(struct stream *s, const void *p, size_t n,
				 size_t *ret_n, struct err *e)
{
	struct fake_stream *f = CONTAINER_OF(s, struct fake_stream, s);

	if (f->is_full || (f->waits && f->writes++ % 2 == 0))
		return IO_WANT_WRITE;
	if (f->piece && n > f->piece)
		n = f->piece;
	if (buf_append(&f->out, bytes_of(p, n)) < 0) {
		err_nomem(e);
		return IO_FAIL;
	}
	*ret_n = n;
	return IO_OK;
}

static inline void fake_free(struct stream *s)
{
	struct fake_stream *f = CONTAINER_OF(s, struct fake_stream, s);

	if (f->keep)
		*f->keep = f->out;
	else
		buf_release(&f->out);
	free(f);
}

static const struct stream_ops fake_ops = {
	.name = "fake",
	.read = fake_read,
	.write = fake_write,
	.free = fake_free,
};

static inline struct fake_stream *fake_new(struct bytes in)
{
	struct fake_stream *f = calloc(1, sizeof(*f));

	if (!f)
		abort();
	f->s = (struct stream){ .ops = &fake_ops, .fd = -1 };
	f->in = in;
	f->in_end = IO_WANT_READ;
	return f;
}

/* Steps until it is up or fails; WANT_* when nothing moves any more. */
static inline enum io fake_run(struct stream *s, const struct fake_stream *f,
			       struct err *e)
{
	enum io io = IO_WANT_READ;

	for (int idle = 0; idle < 4; idle++) {
		size_t in = f->in.n, out = buf_len(&f->out);

		io = stream_step(s, e);
		if (io == IO_OK || io == IO_FAIL)
			break;
		if (in != f->in.n || out != buf_len(&f->out))
			idle = 0;
	}
	return io;
}

/* Plays what a fuzzer made up to a layer that may accept or refuse it, but
 * must say why. The first byte: how the others come in pieces. */
static inline void fake_fuzz(struct stream *s, struct fake_stream *f,
			     const uint8_t *data, size_t size)
{
	struct err e = { 0 };
	enum io io;

	if (!s)
		abort();
	if (size) {
		f->in = bytes_of(data + 1, size - 1);
		f->waits = data[0] & 1;
		f->piece = data[0] >> 1 & 3;
	}
	f->in_end = IO_EOF;
	io = fake_run(s, f, &e);
	if (io != IO_OK && (io != IO_FAIL || e.kind != ERR_CONNECT || !*e.text))
		abort();
	stream_free(s);
}

#endif
