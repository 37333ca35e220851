/* SPDX-License-Identifier: MIT */
#ifndef BASE_PREFETCH_H
#define BASE_PREFETCH_H

/*
 * Memory that is about to be used is asked for ahead of time. With thousands
 * of connections each one has left the caches when its turn comes, and a
 * message would otherwise wait for one line of it after the other. Nothing
 * is read: any address will do, and a wrong one costs nothing but time. Any
 * thread; no state, no effect that a program could notice.
 */

#include <stddef.h>
#include <stdint.h>

enum { CACHE_LINE = 64 };

/* The lines of the n bytes at p. */
static inline void prefetch(const void *p, size_t n)
{
	uintptr_t at = (uintptr_t)p, end = at + n;

	for (at -= at % CACHE_LINE; at < end; at += CACHE_LINE)
		__builtin_prefetch((const void *)at);
}

#endif
