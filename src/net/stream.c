/* SPDX-License-Identifier: MIT */
#include "net/stream.h"

#include "base/clock.h"

/* Nothing can be lost that is not there yet. */
static enum io fail_step(const struct stream_ops *ops, enum io io,
			 struct err *e)
{
	if (io == IO_EOF) {
		err_set(e, ops->failure, 0, "the connection was closed in %s",
			ops->phase);
	} else if (e && e->kind == ERR_LOST) {
		e->kind = ops->failure;
		err_prefix(e, "in %s", ops->phase);
	}
	return IO_FAIL;
}

enum io stream_step(struct stream *s, struct err *e)
{
	enum io io;

	if (s->is_up)
		return IO_OK;
	if (s->below) {
		io = stream_step(s->below, e);
		if (io != IO_OK)
			return io;
	}
	io = s->ops->step ? s->ops->step(s, e) : IO_OK;
	if (io == IO_OK) {
		s->is_up = true;
		s->up_at = clock_boot();
	}
	return io == IO_EOF || io == IO_FAIL ? fail_step(s->ops, io, e) : io;
}

const struct stream_ops *stream_unfinished(const struct stream *s)
{
	const struct stream_ops *lowest = NULL;

	for (; s; s = s->below)
		if (!s->is_up)
			lowest = s->ops;
	return lowest;
}

enum io stream_read(struct stream *s, void *p, size_t n, size_t *ret_n,
		    struct err *e)
{
	while (!s->ops->read)
		s = s->below;
	return s->ops->read(s, p, n, ret_n, e);
}

enum io stream_write(struct stream *s, const void *p, size_t n, size_t *ret_n,
		     struct err *e)
{
	while (!s->ops->write)
		s = s->below;
	return s->ops->write(s, p, n, ret_n, e);
}

bool stream_has_pending(const struct stream *s)
{
	for (; s; s = s->below)
		if (s->ops->has_pending && s->ops->has_pending(s))
			return true;
	return false;
}

enum io stream_shutdown(struct stream *s, struct err *e)
{
	for (; s; s = s->below) {
		enum io io = IO_OK;

		if (s->ops->shutdown && !s->is_goodbye_sent)
			io = s->ops->shutdown(s, e);
		if (io != IO_OK)
			return io;
		s->is_goodbye_sent = true;
	}
	return IO_OK;
}

void stream_free(struct stream *s)
{
	while (s) {
		struct stream *below = s->below;

		s->ops->free(s);
		s = below;
	}
}

enum io stream_write_buf(struct stream *s, struct buf *b, struct err *e)
{
	while (buf_len(b) > 0) {
		struct bytes all = buf_view(b);
		size_t n = 0;
		enum io io = stream_write(s, all.p, all.n, &n, e);

		if (io != IO_OK)
			return io;
		buf_consume(b, n);
	}
	return IO_OK;
}

enum io stream_read_buf(struct stream *s, struct buf *b, size_t n,
			struct err *e)
{
	uint8_t *room = buf_reserve(b, n);
	size_t got = 0;
	enum io io;

	if (!room) {
		err_nomem(e);
		return IO_FAIL;
	}
	io = stream_read(s, room, n, &got, e);
	buf_commit(b, got);
	return io;
}
