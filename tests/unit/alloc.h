/* SPDX-License-Identifier: MIT */
/*
 * Memory that runs out on purpose. Included once by a test program that is
 * linked with -Wl,--wrap=malloc,--wrap=calloc and so on (see WRAP_ALLOC in
 * local.mk): after alloc_fail_after(n) the n next allocations
 * succeed and all later ones fail, until alloc_heal(). Only calls from the
 * project's own code are seen, not those inside libc.
 */
#ifndef ALLOC_H
#define ALLOC_H

#include <stdbool.h>
#include <stddef.h>

static bool alloc_is_failing;
static size_t alloc_left;

static inline void alloc_fail_after(size_t n)
{
	alloc_is_failing = true;
	alloc_left = n;
}

static inline void alloc_heal(void)
{
	alloc_is_failing = false;
}

static bool alloc_may(void)
{
	if (!alloc_is_failing)
		return true;
	if (alloc_left == 0)
		return false;
	alloc_left--;
	return true;
}

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__real_reallocarray(void *p, size_t n, size_t size);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_reallocarray(void *p, size_t n, size_t size);

void *__wrap_malloc(size_t n)
{
	return alloc_may() ? __real_malloc(n) : NULL;
}

void *__wrap_calloc(size_t n, size_t size)
{
	return alloc_may() ? __real_calloc(n, size) : NULL;
}

void *__wrap_realloc(void *p, size_t n)
{
	return alloc_may() ? __real_realloc(p, n) : NULL;
}

void *__wrap_reallocarray(void *p, size_t n, size_t size)
{
	return alloc_may() ? __real_reallocarray(p, n, size) : NULL;
}

#endif
