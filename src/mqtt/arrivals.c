/* SPDX-License-Identifier: MIT */
#include "mqtt/arrivals.h"

#include <stdlib.h>

struct arrivals *arrivals_new(void)
{
	return calloc(1, sizeof(struct arrivals));
}

void arrivals_free(struct arrivals *a)
{
	if (!a)
		return;
	arrivals_clear(a);
	free(a);
}

/* Allocated memory is aligned for any type, and the queue moves in steps of
 * whole elements. */
static struct arrival *element(const struct arrivals *a, uint64_t position)
{
	struct arrival *head = (void *)(a->queue.data + a->queue.start);

	return head + (position - a->taken);
}

static size_t count(const struct arrivals *a)
{
	return buf_len(&a->queue) / sizeof(struct arrival);
}

const struct arrival *arrivals_first(const struct arrivals *a)
{
	return arrivals_is_empty(a) ? NULL : element(a, a->taken);
}

int arrivals_add(struct arrivals *a, const struct arrival *arrival)
{
	struct id_slot *slot = NULL;

	if (arrival->kind == ARRIVAL_QOS2) {
		slot = ids_add(&a->by_id, arrival->pid);
		if (!slot)
			return -1;
		slot->use = ID_ARRIVED;
		slot->position = a->taken + count(a);
	}
	if (buf_append(&a->queue, bytes_of(arrival, sizeof(*arrival))) < 0) {
		if (slot)
			ids_drop(&a->by_id, slot);
		return -1;
	}
	a->live++;
	return 0;
}

int arrivals_add_repeat(struct arrivals *a, uint16_t pid)
{
	uint64_t last = a->taken + count(a) - 1;
	struct arrival arrival = { .delivery = element(a, last)->delivery,
				   .pid = pid,
				   .kind = ARRIVAL_REPEAT };

	return arrivals_add(a, &arrival);
}

void arrivals_pop(struct arrivals *a)
{
	const struct arrival *first = element(a, a->taken);

	if (first->kind == ARRIVAL_QOS2)
		ids_drop(&a->by_id, ids_find(&a->by_id, first->pid));
	a->live -= !first->is_stale;
	buf_consume(&a->queue, sizeof(*first));
	a->taken++;
}

enum in_state arrivals_state(const struct arrivals *a, uint16_t pid)
{
	const struct id_slot *slot = ids_find(&a->by_id, pid);

	if (!slot)
		return IN_NEW;
	return element(a, slot->position)->is_stale ? IN_STALE : IN_PENDING;
}

void arrivals_adopt(struct arrivals *a, uint16_t pid)
{
	element(a, ids_find(&a->by_id, pid)->position)->is_stale = false;
	a->live++;
}

void arrivals_lose_connection(struct arrivals *a)
{
	uint64_t kept = a->taken, end = a->taken + count(a);

	for (uint64_t i = a->taken; i < end; i++) {
		struct arrival *at = element(a, i);

		if (at->kind != ARRIVAL_QOS2)
			continue;
		at->is_stale = true;
		ids_find(&a->by_id, at->pid)->position = kept;
		*element(a, kept++) = *at;
	}
	a->live = 0;
	buf_truncate(&a->queue,
		     (size_t)(kept - a->taken) * sizeof(struct arrival));
}

void arrivals_clear(struct arrivals *a)
{
	buf_release(&a->queue);
	ids_release(&a->by_id);
	a->taken = a->live = 0;
}
