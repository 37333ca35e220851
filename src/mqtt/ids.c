/* SPDX-License-Identifier: MIT */
#include "mqtt/ids.h"

#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "mqtt/types.h"

enum {
	IDS_FIRST = 8,
	IDS_MAX = MQTT_PID_MAX + 1, /* slot 0 of the full table stays empty */
	WORD_BITS = 64,
};

static size_t bitmap_words(uint32_t cap)
{
	return cap < WORD_BITS ? 1 : cap / WORD_BITS;
}

static uint64_t *bitmap(const struct ids *t)
{
	return (uint64_t *)(void *)(t->slots + t->cap);
}

static void set_bit(const struct ids *t, uint32_t index)
{
	bitmap(t)[index / WORD_BITS] |= UINT64_C(1) << index % WORD_BITS;
}

static void clear_bit(const struct ids *t, uint32_t index)
{
	bitmap(t)[index / WORD_BITS] &= ~(UINT64_C(1) << index % WORD_BITS);
}

static struct id_slot *occupy(struct ids *t, uint16_t pid)
{
	uint32_t index = pid & (t->cap - 1);
	struct id_slot *slot = &t->slots[index];

	*slot = (struct id_slot){ .pid = pid };
	set_bit(t, index);
	t->used++;
	return slot;
}

void ids_release(struct ids *t)
{
	free(t->slots);
	t->slots = NULL;
	t->cap = t->used = 0;
}

void ids_trim(struct ids *t)
{
	if (t->used == 0)
		ids_release(t);
}

/* Doubles the table. Ids that differ in their lowest bits still do so with
 * one bit more, so nothing can collide on the way. */
static int grow(struct ids *t)
{
	struct ids bigger = { .cap = t->cap ? 2 * t->cap : IDS_FIRST,
			      .last = t->last };
	size_t words = bitmap_words(bigger.cap);

	if (bigger.cap > IDS_MAX)
		return -1;
	bigger.slots = calloc(1, bigger.cap * sizeof(struct id_slot) +
					 words * sizeof(uint64_t));
	if (!bigger.slots)
		return -1;
	if (bigger.cap < WORD_BITS) /* bits without a slot are never free */
		*bitmap(&bigger) = ~UINT64_C(0) << bigger.cap;
	for (uint32_t i = 0; i < t->cap; i++)
		if (t->slots[i].pid)
			*occupy(&bigger, t->slots[i].pid) = t->slots[i];
	free(t->slots);
	*t = bigger;
	return 0;
}

/* The first free slot at or cyclically after index; there must be one. */
static uint32_t free_slot(const struct ids *t, uint32_t index)
{
	const uint64_t *bits = bitmap(t);
	size_t words = bitmap_words(t->cap), word = index / WORD_BITS;
	uint64_t open = ~bits[word] & (~UINT64_C(0) << index % WORD_BITS);

	while (!open) {
		word = (word + 1) % words;
		open = ~bits[word];
	}
	return (uint32_t)word * WORD_BITS + LOWEST_BIT(open);
}

struct id_slot *ids_take(struct ids *t)
{
	uint32_t mask, first, step;

	/* Half empty at least, so that a free id is never far away; only
	 * the largest table may fill up. */
	if (t->used * 2 >= t->cap && t->cap < IDS_MAX && grow(t) < 0 &&
	    t->used >= t->cap)
		return NULL;
	if (t->used == MQTT_PID_MAX)
		return NULL;
	mask = t->cap - 1;
	first = t->last + 1u;
	step = (free_slot(t, first & mask) - first) & mask;
	/* Past 65,535 comes 0, which is no id: take the slot after it. */
	if (((first + step) & MQTT_PID_MAX) == 0)
		step += 1 + ((free_slot(t, (first + step + 1) & mask) -
			      (first + step + 1)) &
			     mask);
	t->last = (uint16_t)(first + step);
	return occupy(t, t->last);
}

struct id_slot *ids_add(struct ids *t, uint16_t pid)
{
	while (!t->cap || t->slots[pid & (t->cap - 1)].pid)
		if (grow(t) < 0)
			return NULL;
	return occupy(t, pid);
}

void ids_drop(struct ids *t, struct id_slot *slot)
{
	clear_bit(t, (uint32_t)(slot - t->slots));
	slot->pid = 0;
	t->used--;
}

struct id_slot *ids_next(const struct ids *t, uint32_t *index)
{
	while (*index < t->cap) {
		struct id_slot *slot = &t->slots[(*index)++];

		if (slot->pid)
			return slot;
	}
	return NULL;
}
