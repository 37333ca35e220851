/* SPDX-License-Identifier: MIT */
#include "base/heap.h"

#include <stdbool.h>
#include <stdlib.h>

enum { HEAP_FIRST = 16 };

void heap_init(struct heap *h)
{
	*h = (struct heap){ 0 };
}

void heap_release(struct heap *h)
{
	for (size_t i = 0; i < h->count; i++)
		h->nodes[i]->index = 0;
	free(h->nodes);
	heap_init(h);
}

static bool is_before(const struct heap_node *a, const struct heap_node *b)
{
	if (a->deadline != b->deadline)
		return a->deadline < b->deadline;
	return a->seq < b->seq;
}

static void place(struct heap *h, struct heap_node *n, size_t at)
{
	h->nodes[at] = n;
	n->index = at + 1;
}

/* Puts n at the free place `at` or above it. */
static void sift_up(struct heap *h, struct heap_node *n, size_t at)
{
	while (at > 0) {
		size_t parent = (at - 1) / 2;

		if (!is_before(n, h->nodes[parent]))
			break;
		place(h, h->nodes[parent], at);
		at = parent;
	}
	place(h, n, at);
}

/* Puts n at the free place `at` or below it. */
static void sift_down(struct heap *h, struct heap_node *n, size_t at)
{
	for (;;) {
		size_t child = 2 * at + 1;

		if (child >= h->count)
			break;
		if (child + 1 < h->count &&
		    is_before(h->nodes[child + 1], h->nodes[child]))
			child++;
		if (!is_before(h->nodes[child], n))
			break;
		place(h, h->nodes[child], at);
		at = child;
	}
	place(h, n, at);
}

static void sift(struct heap *h, struct heap_node *n, size_t at)
{
	if (at > 0 && is_before(n, h->nodes[(at - 1) / 2]))
		sift_up(h, n, at);
	else
		sift_down(h, n, at);
}

static int grow(struct heap *h)
{
	size_t cap = h->cap ? 2 * h->cap : HEAP_FIRST;
	struct heap_node **nodes;

	nodes = reallocarray(h->nodes, cap, sizeof(struct heap_node *));
	if (!nodes)
		return -1;
	h->nodes = nodes;
	h->cap = cap;
	return 0;
}

int heap_insert(struct heap *h, struct heap_node *n, uint64_t deadline)
{
	if (h->count == h->cap && grow(h) < 0)
		return -1;
	n->deadline = deadline;
	n->seq = h->next_seq++;
	sift_up(h, n, h->count++);
	return 0;
}

void heap_update(struct heap *h, struct heap_node *n, uint64_t deadline)
{
	n->deadline = deadline;
	n->seq = h->next_seq++;
	sift(h, n, n->index - 1);
}

void heap_remove(struct heap *h, struct heap_node *n)
{
	struct heap_node *last;
	size_t at;

	if (!heap_has(n))
		return;
	at = n->index - 1;
	n->index = 0;
	last = h->nodes[--h->count];
	if (last != n)
		sift(h, last, at);
}
