/* SPDX-License-Identifier: MIT */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

/*
 * struct bytes: a borrowed view of memory, passed by value.
 *
 * Anybody may use it on any thread. It owns nothing: a view dies with the
 * buffer it was taken from, and every module that hands one out says when
 * that is. p may be NULL only when n is 0. "Absent" and "empty" are told
 * apart by p: BYTES_NULL is absent, an empty value has a non-NULL p.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct bytes {
	const uint8_t *p;
	size_t n;
};

#define BYTES_NULL ((struct bytes){ NULL, 0 })
/* A view of a string literal, without its final NUL. */
#define BYTES_LIT(s) ((struct bytes){ (const uint8_t *)(s), sizeof(s) - 1 })

static inline struct bytes bytes_of(const void *p, size_t n)
{
	return (struct bytes){ p, n };
}

/* A view of a C string; NULL gives BYTES_NULL. */
static inline struct bytes bytes_str(const char *s)
{
	return (struct bytes){ (const uint8_t *)s, s ? strlen(s) : 0 };
}

static inline bool bytes_equal(struct bytes a, struct bytes b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool bytes_is_set(struct bytes b)
{
	return b.p != NULL;
}

#endif
