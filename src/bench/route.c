/* SPDX-License-Identifier: MIT */
#include "bench/route.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Nodes and the names of their levels; children are found through one hash
 * table over (parent, name) for the whole tree. */
struct node {
	uint32_t parent;
	uint32_t name, name_len; /* in `names` */
	uint32_t any;            /* child '+'; 0: none */
	uint32_t next;           /* of the same hash chain; 0: end */
	uint32_t count, cap;
	uint32_t *receivers; /* of the filters that end here */
	uint32_t *below;     /* of those that end in '#' here */
	uint32_t below_count, below_cap;
};

struct route {
	struct node *nodes; /* 0 is the root */
	uint32_t count, cap;
	uint32_t *chains; /* first node of each hash chain; 0: none */
	uint32_t chain_count;
	char *names;
	size_t names_len, names_cap;
};

/* A search: what is looked for, and what has been found. */
struct search {
	const struct route *r;
	void (*found)(void *ctx, uint32_t receiver);
	void *ctx;
	uint32_t count;
};

struct route *route_new(void)
{
	struct route *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->cap = 16;
	r->chain_count = 16;
	r->nodes = calloc(r->cap, sizeof(*r->nodes));
	r->chains = calloc(r->chain_count, sizeof(*r->chains));
	if (!r->nodes || !r->chains) {
		route_free(r);
		return NULL;
	}
	r->count = 1;
	return r;
}

void route_free(struct route *r)
{
	if (!r)
		return;
	for (uint32_t i = 0; r->nodes && i < r->count; i++) {
		free(r->nodes[i].receivers);
		free(r->nodes[i].below);
	}
	free(r->nodes);
	free(r->chains);
	free(r->names);
	free(r);
}

static uint32_t hash(uint32_t parent, struct bytes name)
{
	uint64_t h = parent * UINT64_C(0x9e3779b97f4a7c15);

	for (size_t i = 0; i < name.n; i++)
		h = (h ^ name.p[i]) * UINT64_C(0x100000001b3);
	return (uint32_t)(h >> 32 ^ h);
}

static struct bytes name_of(const struct route *r, const struct node *n)
{
	return bytes_of(r->names + n->name, n->name_len);
}

/* 0 when there is no such child. */
static uint32_t child(const struct route *r, uint32_t parent, struct bytes name)
{
	uint32_t i = r->chains[hash(parent, name) & (r->chain_count - 1)];

	while (i && (r->nodes[i].parent != parent ||
		     !bytes_equal(name_of(r, &r->nodes[i]), name)))
		i = r->nodes[i].next;
	return i;
}

static void chain_up(struct route *r, uint32_t i)
{
	struct node *n = &r->nodes[i];
	uint32_t *first = &r->chains[hash(n->parent, name_of(r, n)) &
				     (r->chain_count - 1)];

	n->next = *first;
	*first = i;
}

/* The '+' children stand in no chain. */
static int grow(struct route *r)
{
	uint32_t *chains = calloc(2 * (size_t)r->cap, sizeof(*chains));
	struct node *nodes;

	nodes = chains ? reallocarray(r->nodes, 2 * (size_t)r->cap,
				      sizeof(*nodes))
		       : NULL;
	if (!nodes) {
		free(chains);
		return -1;
	}
	r->nodes = nodes;
	r->cap *= 2;
	free(r->chains);
	r->chains = chains;
	r->chain_count = r->cap;
	for (uint32_t i = 1; i < r->count; i++)
		if (nodes[nodes[i].parent].any != i)
			chain_up(r, i);
	return 0;
}

static int keep_name(struct route *r, struct bytes name, uint32_t *ret)
{
	size_t cap = 2 * (r->names_cap + name.n);
	char *names;

	if (r->names_len + name.n > r->names_cap) {
		names = realloc(r->names, cap);
		if (!names)
			return -1;
		r->names = names;
		r->names_cap = cap;
	}
	if (name.n)
		memcpy(r->names + r->names_len, name.p, name.n);
	*ret = (uint32_t)r->names_len;
	r->names_len += name.n;
	return 0;
}

/* A new child; 0 when out of memory. */
static uint32_t add_child(struct route *r, uint32_t parent, struct bytes name)
{
	bool is_any = name.n == 1 && *name.p == '+';
	struct node *n;
	uint32_t at;

	if ((r->count == r->cap && grow(r) < 0) || keep_name(r, name, &at) < 0)
		return 0;
	n = &r->nodes[r->count];
	*n = (struct node){ .parent = parent,
			    .name = at,
			    .name_len = (uint32_t)name.n };
	if (is_any)
		r->nodes[parent].any = r->count;
	else
		chain_up(r, r->count);
	return r->count++;
}

static int add_number(uint32_t **list, uint32_t *count, uint32_t *cap,
		      uint32_t v)
{
	uint32_t *bigger;

	if (*count == *cap) {
		bigger = reallocarray(*list, *cap ? 2 * (size_t)*cap : 1,
				      sizeof(*bigger));
		if (!bigger)
			return -1;
		*list = bigger;
		*cap = *cap ? 2 * *cap : 1;
	}
	(*list)[(*count)++] = v;
	return 0;
}

/* Takes the first level off; false when there is none any more. */
static bool next_level(struct bytes *rest, struct bytes *ret)
{
	const uint8_t *slash;

	if (!rest->p)
		return false;
	slash = memchr(rest->p, '/', rest->n);
	*ret = bytes_of(rest->p, slash ? (size_t)(slash - rest->p) : rest->n);
	*rest = slash ? bytes_of(slash + 1, rest->n - ret->n - 1) : BYTES_NULL;
	return true;
}

int route_add(struct route *r, struct bytes filter, uint32_t receiver)
{
	uint32_t at = 0, next;
	struct bytes level;
	struct node *n;

	while (next_level(&filter, &level)) {
		n = &r->nodes[at];
		if (level.n == 1 && *level.p == '#')
			return add_number(&n->below, &n->below_count,
					  &n->below_cap, receiver);
		next = level.n == 1 && *level.p == '+' ? n->any
						       : child(r, at, level);
		if (!next)
			next = add_child(r, at, level);
		if (!next)
			return -1;
		at = next;
	}
	n = &r->nodes[at];
	return add_number(&n->receivers, &n->count, &n->cap, receiver);
}

static void report(struct search *s, const uint32_t *list, uint32_t n)
{
	s->count += n;
	for (uint32_t i = 0; s->found && i < n; i++)
		s->found(s->ctx, list[i]);
}

/* Only the '+' branches are followed by recursion, one level each. */
static void search(struct search *s, uint32_t at, struct bytes rest,
		   bool skip_wildcards)
{
	const struct node *n = &s->r->nodes[at];
	struct bytes level;

	while (n) {
		if (!skip_wildcards)
			report(s, n->below, n->below_count);
		if (!next_level(&rest, &level)) {
			report(s, n->receivers, n->count);
			return;
		}
		if (n->any && !skip_wildcards)
			search(s, n->any, rest, false);
		at = child(s->r, (uint32_t)(n - s->r->nodes), level);
		n = at ? &s->r->nodes[at] : NULL;
		skip_wildcards = false;
	}
}

uint32_t route_match(const struct route *r, struct bytes topic,
		     void (*found)(void *ctx, uint32_t receiver), void *ctx)
{
	struct search s = { .r = r, .found = found, .ctx = ctx };

	/* A leading wildcard does not match '$SYS' [MQTT-4.7.2-1]. */
	if (topic.n) /* [MQTT-4.7.3-1] */
		search(&s, 0, topic, *topic.p == '$');
	return s.count;
}
