/* SPDX-License-Identifier: MIT */
#include "mqtt/ids.h"

#include "alloc.h"
#include "test.h"

enum { ALL = 65535 };

static void takes_different_ids(void)
{
	struct ids t = { 0 };
	static bool seen[ALL + 1];

	for (int i = 0; i < 1000; i++) {
		struct id_slot *slot = ids_take(&t);

		if (!ok(slot && slot->pid && !seen[slot->pid], "take %d", i))
			break;
		seen[slot->pid] = true;
	}
	is_int(t.used, 1000);
	ids_release(&t);
}

static void costs_nothing_when_empty(void)
{
	struct ids t = { 0 };
	uint32_t i = 0;

	ok(ids_find(&t, 5) == NULL);
	ok(ids_next(&t, &i) == NULL);
	ids_drop(&t, ids_take(&t));
	ok(t.slots != NULL, "kept for the next one");
	ids_trim(&t);
	ok(t.slots == NULL && t.cap == 0);
	is_int(ids_take(&t)->pid, 2, "goes on after what was given last");
	ids_release(&t);
}

static void grows_when_half_full(void)
{
	struct ids t = { 0 };

	for (int i = 0; i < 20; i++)
		ids_take(&t);
	is_int(t.cap, 64);
	ids_release(&t);
}

static void all_ids_can_be_used(void)
{
	struct ids t = { 0 };

	for (int i = 0; i < ALL; i++)
		if (!ok(ids_take(&t) != NULL, "take %d", i))
			break;
	ok(ids_take(&t) == NULL, "no id is left");
	is_int(t.used, ALL);
	ids_drop(&t, ids_find(&t, 1234));
	is_int(ids_take(&t)->pid, 1234, "the only one that is free");
	ids_release(&t);
}

static void wraps_around_without_zero(void)
{
	struct ids t = { 0 };
	int zeros = 0, last = 0, wraps = 0;

	for (int i = 0; i < 200000; i++) {
		struct id_slot *slot = ids_take(&t);

		zeros += slot->pid == 0;
		wraps += slot->pid < last;
		last = slot->pid;
		ids_drop(&t, slot);
	}
	is_int(zeros, 0);
	is_int(wraps, 3);
	is_int(t.cap, 8, "one id at a time needs no more");
	ids_release(&t);
}

static void steps_over_ids_that_stay(void)
{
	struct ids t = { 0 };
	uint16_t stays = ids_take(&t)->pid;
	bool clash = false;

	for (int i = 0; i < 200000; i++) {
		struct id_slot *slot = ids_take(&t);

		clash |= slot->pid == stays;
		ids_drop(&t, slot);
	}
	ok(!clash);
	ok(ids_find(&t, stays) != NULL);
	ids_release(&t);
}

static void given_ids_are_kept(void)
{
	static const uint16_t given[] = { 1, 9, 17, 65535, 32768, 64, 2 };
	struct ids t = { 0 };

	for (size_t i = 0; i < sizeof(given) / sizeof(*given); i++) {
		struct id_slot *slot = ids_add(&t, given[i]);

		ok(slot != NULL);
		slot->filters = given[i];
	}
	for (size_t i = 0; i < sizeof(given) / sizeof(*given); i++)
		is_int(ids_find(&t, given[i])->filters, given[i]);
	ok(ids_find(&t, 3) == NULL);
	ok(ids_find(&t, 0) == NULL);
	for (int i = 0; i < 100; i++)
		ok(ids_take(&t)->filters == 0, "never one of those");
	ids_release(&t);
}

static void iterates_over_all(void)
{
	struct ids t = { 0 };
	struct id_slot *slot;
	uint32_t i = 0;
	unsigned int sum = 0;

	for (int k = 0; k < 100; k++)
		ids_take(&t);
	while ((slot = ids_next(&t, &i))) {
		sum += slot->pid;
		ids_drop(&t, slot);
	}
	is_int(sum, 5050);
	is_int(t.used, 0);
	ids_release(&t);
}

static void memory_runs_out(void)
{
	struct ids t = { 0 };
	int taken = 0;

	alloc_fail_after(0);
	ok(ids_take(&t) == NULL);
	ok(ids_add(&t, 5) == NULL);
	alloc_fail_after(1);
	while (taken < 100 && ids_take(&t))
		taken++;
	is_int(taken, 8, "the first table is filled up");
	ok(ids_add(&t, 9) == NULL, "its slot is taken");
	alloc_heal();
	for (uint16_t pid = 1; pid <= 8; pid++)
		ok(ids_find(&t, pid) != NULL);
	is_int(ids_take(&t)->pid, 9, "and all goes on");
	ids_release(&t);
}

/* Against the simplest thing that does the same. */
static void random_use_matches_a_set(void)
{
	static bool used[ALL + 1];
	static uint16_t list[ALL];
	struct ids t = { 0 };
	size_t n = 0;
	uint32_t r = 12345;

	for (int i = 0; i < 100000; i++) {
		r = r * 1664525u + 1013904223u;
		if (n && (r >> 16) % 100 < (n > 3000 ? 60u : 45u)) {
			size_t at = (r >> 8) % n;

			ids_drop(&t, ids_find(&t, list[at]));
			used[list[at]] = false;
			list[at] = list[--n];
		} else {
			struct id_slot *slot = ids_take(&t);

			ok(!used[slot->pid], "id %d twice", slot->pid);
			used[slot->pid] = true;
			list[n++] = slot->pid;
		}
	}
	is_int(t.used, n);
	for (size_t i = 0; i < n; i++)
		ok(ids_find(&t, list[i]) != NULL);
	ids_release(&t);
}

TEST_MAIN(T(takes_different_ids), T(costs_nothing_when_empty),
	  T(grows_when_half_full), T(all_ids_can_be_used),
	  T(wraps_around_without_zero), T(steps_over_ids_that_stay),
	  T(given_ids_are_kept), T(iterates_over_all), T(memory_runs_out),
	  T(random_use_matches_a_set))
