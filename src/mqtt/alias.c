/* SPDX-License-Identifier: MIT */
#include "mqtt/alias.h"

#include <stdlib.h>
#include <string.h>

/*
 * Outgoing: entry i holds the topic of alias i + 1. A hash table of alias
 * numbers (0: empty) with twice the size finds a topic; topics are never
 * removed but by undo, which rebuilds nothing because the one added last
 * has no other behind it.
 */
struct topic {
	uint8_t *p;
	uint32_t n;
	uint32_t hash;
};

struct alias_out {
	struct topic *topics;
	uint16_t *index; /* 2 * cap numbers */
	uint32_t cap;    /* a power of two */
	uint32_t used;
	uint32_t last; /* number found last, 0 when none */
	uint16_t max;
};

struct alias_in {
	struct topic *topics;
	uint32_t cap;
};

enum { ALIAS_FIRST = 4 };

static void free_topics(struct topic *topics, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		free(topics[i].p);
	free(topics);
}

static uint8_t *copy_of(struct bytes b)
{
	uint8_t *p = malloc(b.n ? b.n : 1);

	if (p && b.n)
		memcpy(p, b.p, b.n);
	return p;
}

/* FNV-1a */
static uint32_t hash_of(struct bytes b)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < b.n; i++)
		h = (h ^ b.p[i]) * 16777619u;
	return h;
}

static bool is_topic(const struct topic *t, struct bytes topic)
{
	return bytes_equal(bytes_of(t->p, t->n), topic);
}

struct alias_out *alias_out_new(uint16_t max)
{
	struct alias_out *t = calloc(1, sizeof(*t));

	if (t)
		t->max = max;
	return t;
}

void alias_out_free(struct alias_out *t)
{
	if (!t)
		return;
	free_topics(t->topics, t->used);
	free(t->index);
	free(t);
}

/* Where a topic is in the index, or the empty place where it belongs. */
static uint16_t *place_of(const struct alias_out *t, struct bytes topic,
			  uint32_t hash)
{
	uint32_t mask = 2 * t->cap - 1, i = hash & mask;

	while (t->index[i]) {
		const struct topic *at = &t->topics[t->index[i] - 1u];

		if (at->hash == hash && is_topic(at, topic))
			break;
		i = (i + 1) & mask;
	}
	return &t->index[i];
}

uint16_t alias_out_find(struct alias_out *t, struct bytes topic)
{
	/* Most publishers have one topic. */
	if (t->last && is_topic(&t->topics[t->last - 1], topic))
		return (uint16_t)t->last;
	if (!t->used)
		return 0;
	t->last = *place_of(t, topic, hash_of(topic));
	return (uint16_t)t->last;
}

static int grow_out(struct alias_out *t)
{
	uint32_t cap = t->cap ? 2 * t->cap : ALIAS_FIRST;
	struct topic *topics = realloc(t->topics, cap * sizeof(*topics));
	uint16_t *index;

	if (!topics)
		return -1;
	t->topics = topics;
	index = calloc(2 * (size_t)cap, sizeof(*index));
	if (!index)
		return -1;
	free(t->index);
	t->index = index;
	t->cap = cap;
	for (uint32_t i = 0; i < t->used; i++) {
		struct bytes b = bytes_of(topics[i].p, topics[i].n);

		*place_of(t, b, topics[i].hash) = (uint16_t)(i + 1);
	}
	return 0;
}

uint16_t alias_out_add(struct alias_out *t, struct bytes topic)
{
	struct topic *at;

	if (t->used == t->max || (t->used == t->cap && grow_out(t) < 0))
		return 0;
	at = &t->topics[t->used];
	at->p = copy_of(topic);
	if (!at->p)
		return 0;
	at->n = (uint32_t)topic.n;
	at->hash = hash_of(topic);
	*place_of(t, topic, at->hash) = (uint16_t)(t->used + 1);
	t->last = ++t->used;
	return (uint16_t)t->last;
}

void alias_out_undo(struct alias_out *t)
{
	struct topic *at = &t->topics[--t->used];

	*place_of(t, bytes_of(at->p, at->n), at->hash) = 0;
	free(at->p);
	t->last = 0;
}

struct alias_in *alias_in_new(void)
{
	return calloc(1, sizeof(struct alias_in));
}

void alias_in_free(struct alias_in *t)
{
	if (!t)
		return;
	free_topics(t->topics, t->cap);
	free(t);
}

static int grow_in(struct alias_in *t, uint32_t need)
{
	uint32_t cap = t->cap ? t->cap : ALIAS_FIRST;
	struct topic *topics;

	while (cap < need)
		cap *= 2;
	topics = realloc(t->topics, cap * sizeof(*topics));
	if (!topics)
		return -1;
	memset(topics + t->cap, 0, (cap - t->cap) * sizeof(*topics));
	t->topics = topics;
	t->cap = cap;
	return 0;
}

int alias_in_set(struct alias_in *t, uint16_t alias, struct bytes topic)
{
	struct topic *at;
	uint8_t *p;

	if (alias > t->cap && grow_in(t, alias) < 0)
		return -1;
	at = &t->topics[alias - 1];
	if (at->p && is_topic(at, topic))
		return 0;
	p = copy_of(topic);
	if (!p)
		return -1;
	free(at->p);
	at->p = p;
	at->n = (uint32_t)topic.n;
	return 0;
}

struct bytes alias_in_get(const struct alias_in *t, uint16_t alias)
{
	if (!alias || alias > t->cap)
		return BYTES_NULL;
	return bytes_of(t->topics[alias - 1].p, t->topics[alias - 1].n);
}
