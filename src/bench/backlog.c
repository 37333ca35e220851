/* SPDX-License-Identifier: MIT */
#include "bench/backlog.h"

#include <stdlib.h>

#include "bench/hist.h"

#define MAX (UINT32_C(1) << 16)
#define TICK_BITS 10 /* of the clock: 1,024 ns, so that it turns in an hour */
#define TICKS(ns) ((uint32_t)((ns) >> TICK_BITS))

static uint64_t clock_of(const struct backlog *b, uint64_t now)
{
	return b->window + (b->is_window ? now - b->since : 0);
}

int backlog_grow(struct backlog **b, bool is_window, uint64_t now)
{
	struct backlog *old = *b, *larger;
	uint32_t cap = old ? 2 * old->cap : 4;

	if (cap > MAX)
		return -1;
	larger = malloc(sizeof(*larger) + cap * sizeof(larger->ring[0]));
	if (!larger)
		return -1;
	*larger = (struct backlog){ .since = now, .is_window = is_window };
	if (old)
		*larger = *old;
	larger->head = larger->count = 0;
	larger->cap = cap;
	for (; old && larger->count < old->count; larger->count++)
		larger->ring[larger->count] =
			old->ring[(old->head + larger->count) & (old->cap - 1)];
	free(old);
	*b = larger;
	return 0;
}

void backlog_put(struct backlog *b, const struct waiting *m, uint64_t now)
{
	struct waiting *to = &b->ring[(b->head + b->count++) & (b->cap - 1)];

	*to = *m;
	to->window = TICKS(clock_of(b, now));
}

void backlog_drop_first(struct backlog *b)
{
	b->head = (b->head + 1) & (b->cap - 1);
	b->count--;
}

void backlog_switch(struct backlog *b, bool is_window, uint64_t now)
{
	b->window = clock_of(b, now);
	b->since = now;
	b->is_window = is_window;
}

/* What is less than the ticks and the slot of the lag have cut off is no
 * waiting of its own. */
uint64_t backlog_window(const struct backlog *b, uint64_t waited, uint64_t now)
{
	const struct waiting *first = backlog_first(b);
	uint32_t ticks = TICKS(clock_of(b, now)) - first->window;
	uint64_t window = (uint64_t)ticks << TICK_BITS;
	uint64_t cut = hist_slot_low(first->lag + UINT32_C(1)) -
		       hist_slot_low(first->lag) + (UINT64_C(2) << TICK_BITS);

	if (window + cut >= waited)
		return b->is_window || ticks > 2 ? waited : 0;
	return ticks > 2 ? window : 0;
}
