/* SPDX-License-Identifier: MIT */
#ifndef BENCH_BACKLOG_H
#define BENCH_BACKLOG_H

/*
 * The messages of one client that wait for their turn, oldest first, and what
 * the first of them waits for: the window, or the socket. That may change
 * meanwhile, and the others wait for the same. So a clock runs while it is
 * the window, and each message notes what it stood at when it came: what is
 * left of its waiting is the socket's.
 *
 * Plain data on the heap, of one thread; free() ends it.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"

struct waiting {
	uint64_t intended; /* ns since the epoch */
	uint32_t window;   /* the clock when it came */
	uint16_t entry;    /* index in the group */
	uint16_t lag;      /* hist_slot() of how late our timer was: no
			    * part of the waiting */
};

struct backlog {
	uint64_t window; /* ns that the clock has run before `since` */
	uint64_t since;  /* when the obstacle was the last to change */
	bool is_window;
	uint32_t head, count, cap; /* cap is a power of two */
	struct waiting ring[];
};

/* Begins one, or makes room in it: -1 without memory, or when it is too long
 * already. */
int backlog_grow(struct backlog **b, bool is_window, uint64_t now) MUST_CHECK;
void backlog_put(struct backlog *b, const struct waiting *m, uint64_t now);
static inline bool backlog_is_full(const struct backlog *b)
{
	return !b || b->count == b->cap;
}
static inline const struct waiting *backlog_first(const struct backlog *b)
{
	return &b->ring[b->head];
}
void backlog_drop_first(struct backlog *b);
/* What the first one waits for from now on. */
void backlog_switch(struct backlog *b, bool is_window, uint64_t now);
/* How long the first one, which has waited since it was meant to leave but for
 * its lag, has done so because of the window. */
uint64_t backlog_window(const struct backlog *b, uint64_t waited, uint64_t now);

#endif
