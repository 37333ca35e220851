/* SPDX-License-Identifier: MIT */
/* Deadlines come out in order, whatever was inserted, moved and removed. */
#include "base/heap.h"

#include "alloc.h"
#include "test.h"

enum { NODES = 500 };

static struct heap_node nodes[NODES];

/* The same numbers in every run (xorshift). */
static uint32_t next_random(void)
{
	static uint32_t x = 2463534242u;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return x;
}

static bool is_consistent(const struct heap *h)
{
	for (size_t i = 0; i < h->count; i++) {
		const struct heap_node *n = h->nodes[i];
		const struct heap_node *up = h->nodes[(i - (i > 0)) / 2];

		if (n->index != i + 1 || up->deadline > n->deadline ||
		    (up->deadline == n->deadline && up->seq > n->seq))
			return false;
	}
	return true;
}

/* Empties it; true when the order was right. Returns how many came out. */
static size_t drain(struct heap *h, bool *ret_in_order)
{
	struct heap_node last = { 0 }, *n;
	size_t count = 0;

	*ret_in_order = true;
	for (; (n = heap_first(h)); count++) {
		if (count &&
		    (n->deadline < last.deadline ||
		     (n->deadline == last.deadline && n->seq < last.seq)))
			*ret_in_order = false;
		last = *n;
		heap_remove(h, n);
		if (heap_has(n) || !is_consistent(h))
			*ret_in_order = false;
	}
	return count;
}

static void equal_deadlines_keep_their_order(void)
{
	struct heap_node n[20] = { 0 };
	struct heap h;

	heap_init(&h);
	ok(!heap_first(&h));
	for (size_t i = 0; i < 20; i++)
		is_int(heap_insert(&h, &n[i], 7), 0);
	for (size_t i = 0; i < 20; i++) {
		ok(heap_first(&h) == &n[i], "number %zu", i);
		heap_remove(&h, &n[i]);
	}
	heap_release(&h);
}

static void random_work_stays_sorted(void)
{
	bool is_right = true;
	struct heap h;
	size_t in = 0;

	heap_init(&h);
	for (int step = 0; step < 20000; step++) {
		struct heap_node *n = &nodes[next_random() % NODES];
		uint64_t deadline = next_random() % 100;

		if (!heap_has(n)) {
			if (heap_insert(&h, n, deadline) < 0)
				is_right = false;
			in++;
		} else if (next_random() % 2) {
			heap_update(&h, n, deadline);
		} else {
			heap_remove(&h, n);
			in--;
		}
		if (step % 64 == 0 && !is_consistent(&h))
			is_right = false;
	}
	ok(is_right);
	is_int(h.count, in);
	is_int(drain(&h, &is_right), in);
	ok(is_right);
	heap_release(&h);
}

static void update_moves_behind_its_equals(void)
{
	struct heap_node a = { 0 }, b = { 0 };
	struct heap h;

	heap_init(&h);
	is_int(heap_insert(&h, &a, 5), 0);
	is_int(heap_insert(&h, &b, 5), 0);
	heap_update(&h, &a, 5);
	ok(heap_first(&h) == &b);
	heap_update(&h, &a, 4);
	ok(heap_first(&h) == &a);
	heap_update(&h, &a, UINT64_MAX);
	ok(heap_first(&h) == &b);
	heap_release(&h);
	ok(!heap_has(&a) && !heap_has(&b), "release lets the nodes go");
}

static void removing_twice_is_harmless(void)
{
	struct heap_node a = { 0 }, b = { 0 };
	struct heap h;

	heap_init(&h);
	heap_remove(&h, &a);
	is_int(heap_insert(&h, &b, 1), 0);
	heap_remove(&h, &b);
	heap_remove(&h, &b);
	is_int(h.count, 0);
	heap_release(&h);
	heap_release(&h);
}

static void failure_changes_nothing(void)
{
	struct heap_node extra = { 0 };
	bool is_right;
	struct heap h;
	size_t n = 0;

	heap_init(&h);
	alloc_fail_after(0);
	is_int(heap_insert(&h, &extra, 1), -1);
	ok(!heap_has(&extra));
	alloc_fail_after(1);
	while (heap_insert(&h, &nodes[n], next_random()) == 0)
		n++;
	ok(!heap_has(&nodes[n]));
	alloc_heal();
	ok(n > 0);
	is_int(drain(&h, &is_right), n);
	ok(is_right);
	heap_release(&h);
}

TEST_MAIN(T(equal_deadlines_keep_their_order), T(random_work_stays_sorted),
	  T(update_moves_behind_its_equals), T(removing_twice_is_harmless),
	  T(failure_changes_nothing))
