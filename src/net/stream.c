/* SPDX-License-Identifier: MIT */
#include "net/stream.h"

enum io stream_step(struct stream *s, struct err *e)
{
	return s->ops->step(s, e);
}

enum io stream_read(struct stream *s, void *p, size_t n, size_t *ret_n,
		    struct err *e)
{
	return s->ops->read(s, p, n, ret_n, e);
}

enum io stream_write(struct stream *s, const void *p, size_t n, size_t *ret_n,
		     struct err *e)
{
	return s->ops->write(s, p, n, ret_n, e);
}

bool stream_has_pending(const struct stream *s)
{
	return s->ops->has_pending(s);
}

enum io stream_shutdown(struct stream *s, struct err *e)
{
	return s->ops->shutdown(s, e);
}

void stream_free(struct stream *s)
{
	while (s) {
		struct stream *below = s->below;

		s->ops->free(s);
		s = below;
	}
}
