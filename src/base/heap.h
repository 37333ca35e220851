/* SPDX-License-Identifier: MIT */
#ifndef BASE_HEAP_H
#define BASE_HEAP_H

/*
 * A binary min-heap of deadlines, ordered by (deadline, sequence): equal
 * deadlines come out in the order they went in.
 *
 * Intrusive: a struct heap_node lives inside its owner and knows its own
 * index, so that removal is O(log n). Not thread-safe; each receive thread
 * has its own. The heap owns the array of pointers, never the nodes.
 */

#include "base/attr.h"

#include <stddef.h>
#include <stdint.h>

struct heap_node {
	uint64_t deadline; /* ns */
	uint64_t seq;      /* set by heap_insert */
	size_t index;      /* 1-based position; 0 when not in a heap */
};

struct heap {
	struct heap_node **nodes;
	size_t count, cap;
	uint64_t next_seq;
};

void heap_init(struct heap *h);
void heap_release(struct heap *h);
/* The node must not be in a heap. -1 when out of memory. */
int heap_insert(struct heap *h, struct heap_node *n, uint64_t deadline)
	MUST_CHECK;
/* Moves a node that is in the heap to another deadline; cannot fail. */
void heap_update(struct heap *h, struct heap_node *n, uint64_t deadline);
/* No-op when the node is in no heap. */
void heap_remove(struct heap *h, struct heap_node *n);

static inline struct heap_node *heap_first(const struct heap *h)
{
	return h->count ? h->nodes[0] : NULL;
}

static inline int heap_has(const struct heap_node *n)
{
	return n->index != 0;
}

#endif
