/* SPDX-License-Identifier: MIT */
#ifndef BASE_BUF_H
#define BASE_BUF_H

/*
 * struct buf: a growable byte queue with a hard maximum. Bytes are appended
 * at the tail and consumed at the head.
 *
 * A value type: embed it, buf_init() it (an all-zero buf with max set is
 * valid too), buf_release() it. Not thread-safe; it belongs to its holder,
 * and so does the memory behind it. Views of its content die at the next
 * append, reserve or consume. Storage is allocated on demand, so an idle
 * buffer costs only the struct; it grows by doubling and never beyond max.
 * max may be raised at any time; lowering it counts from the next growth on.
 */

#include "base/attr.h"
#include "base/bytes.h"

struct buf {
	uint8_t *data;
	size_t start; /* first byte that is still wanted */
	size_t end;   /* one past the last byte */
	size_t cap;   /* room in data, less one byte kept for a NUL */
	size_t max;   /* most bytes it may hold; 0 means no limit */
};

void buf_init(struct buf *b, size_t max);
/* Frees the storage; the buf is empty and usable afterwards. */
void buf_release(struct buf *b);
/* The same, for secrets: overwrites the storage first. */
void buf_wipe(struct buf *b);

static inline size_t buf_len(const struct buf *b)
{
	return b->end - b->start;
}

static inline struct bytes buf_view(const struct buf *b)
{
	return bytes_of(b->data ? b->data + b->start : NULL, b->end - b->start);
}

/*
 * Makes room for n more bytes and returns where they go, or NULL when that
 * would pass max or memory is short (the content is then unchanged). The
 * bytes count only once buf_commit() says how many were written. Existing
 * content may move: earlier views die.
 */
static inline uint8_t *buf_reserve(struct buf *b, size_t n) MUST_CHECK;
/* The part of buf_reserve() that allocates or moves; call that instead. */
uint8_t *buf_grow(struct buf *b, size_t n) MUST_CHECK;

static inline uint8_t *buf_reserve(struct buf *b, size_t n)
{
	if (LIKELY(b->data && n <= b->cap - b->end))
		return b->data + b->end;
	return buf_grow(b, n);
}

/* Adds the first n bytes of the room that buf_reserve() gave. */
static inline void buf_commit(struct buf *b, size_t n)
{
	b->end += n;
}

/* Bytes that can be reserved without allocating or moving anything. */
static inline size_t buf_room(const struct buf *b)
{
	return b->cap - b->end;
}

/* Each appends and returns 0, or returns -1 and changes nothing. */
int buf_append(struct buf *b, struct bytes data) MUST_CHECK;
int buf_append_byte(struct buf *b, uint8_t byte) MUST_CHECK;
int buf_append_str(struct buf *b, const char *s) MUST_CHECK;
int buf_printf(struct buf *b, const char *fmt, ...) MUST_CHECK PRINTF(2, 3);

/* Drops the first n bytes (n <= buf_len). */
static inline void buf_consume(struct buf *b, size_t n)
{
	b->start += n;
	if (b->start == b->end)
		b->start = b->end = 0;
}

/* Moves the content to the front of the storage, where the next append then
 * finds all the room there is. */
void buf_compact(struct buf *b);

/* Drops everything from byte n (counted from the head) to the tail. */
static inline void buf_truncate(struct buf *b, size_t n)
{
	b->end = b->start + n;
}

/* Empties it and keeps the storage. */
static inline void buf_clear(struct buf *b)
{
	b->start = b->end = 0;
}

/* Gives the storage back when the buffer is empty. */
void buf_trim(struct buf *b);

/* Appends a NUL that does not count and returns the content as a C string
 * that lives until the next change; NULL when out of memory. */
const char *buf_cstr(struct buf *b) MUST_CHECK;

#endif
