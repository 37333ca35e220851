/* SPDX-License-Identifier: MIT */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { BUF_FIRST = 63 }; /* smallest room; with the NUL a round 64 */

void buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){ .max = max };
}

void buf_release(struct buf *b)
{
	free(b->data);
	b->data = NULL;
	b->start = b->end = b->cap = 0;
}

/* The next size that holds need bytes: doubled, within the maximum. */
static size_t next_cap(const struct buf *b, size_t need)
{
	size_t cap = b->cap < PTRDIFF_MAX / 2 ? 2 * b->cap + 1 : need;

	if (cap < BUF_FIRST)
		cap = BUF_FIRST;
	if (cap < need)
		cap = need;
	if (b->max && cap > b->max)
		cap = b->max;
	return cap;
}

void buf_compact(struct buf *b)
{
	if (b->start == 0)
		return;
	memmove(b->data, b->data + b->start, buf_len(b));
	b->end -= b->start;
	b->start = 0;
}

static int set_cap(struct buf *b, size_t cap)
{
	uint8_t *data = realloc(b->data, cap + 1);

	if (!data)
		return -1;
	b->data = data;
	b->cap = cap;
	return 0;
}

uint8_t *buf_grow(struct buf *b, size_t n)
{
	size_t len = buf_len(b), need, cap;
	bool fits;

	if (n >= PTRDIFF_MAX - len)
		return NULL;
	need = len + n;
	if (b->max && need > b->max)
		return NULL;
	fits = b->data && need <= b->cap;
	cap = next_cap(b, need);
	/*
	 * Moving pays only when it frees more than it moves: otherwise a long
	 * queue that is nibbled at would be moved again and again.
	 */
	if (!fits || (b->start < len && cap > b->cap)) {
		buf_compact(b);
		if (set_cap(b, cap) < 0 && !fits)
			return NULL;
	}
	if (n > b->cap - b->end)
		buf_compact(b);
	return b->data + b->end;
}

int buf_append(struct buf *b, struct bytes data)
{
	uint8_t *p = buf_reserve(b, data.n);

	if (!p)
		return -1;
	if (data.n)
		memcpy(p, data.p, data.n);
	buf_commit(b, data.n);
	return 0;
}

int buf_append_byte(struct buf *b, uint8_t byte)
{
	uint8_t *p = buf_reserve(b, 1);

	if (!p)
		return -1;
	*p = byte;
	buf_commit(b, 1);
	return 0;
}

int buf_append_str(struct buf *b, const char *s)
{
	return buf_append(b, bytes_str(s));
}

int buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	uint8_t *p;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		return -1;
	p = buf_reserve(b, (size_t)n);
	if (!p)
		return -1;
	va_start(ap, fmt);
	vsnprintf((char *)p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	buf_commit(b, (size_t)n);
	return 0;
}

void buf_wipe(struct buf *b)
{
	if (b->data)
		explicit_bzero(b->data, b->cap);
	buf_release(b);
}

void buf_trim(struct buf *b)
{
	if (buf_len(b) == 0)
		buf_release(b);
}

const char *buf_cstr(struct buf *b)
{
	uint8_t *p = buf_reserve(b, 0);

	if (!p)
		return NULL;
	*p = '\0';
	return (const char *)(b->data + b->start);
}
