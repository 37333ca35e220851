/* SPDX-License-Identifier: MIT */
#include "store/memory.h"

#include <stdlib.h>

#include "base/clock.h"

#include "alloc.h"
#include "test.h"

static const struct publish small = {
	.topic = BYTES_LIT("topic"),
	.payload = BYTES_LIT("payload"),
	.props = BYTES_LIT("props"),
	.qos = 1,
	.retain = true,
};

static struct message *put(struct store *s, const struct publish *p)
{
	return s->ops->put(s, p, 42, 1000, NULL);
}

/* Sizes, links and numbers of the list agree. */
static void is_consistent(const struct store *s)
{
	const struct message *last = NULL;
	size_t count = 0, bytes = 0;

	for (const struct message *m = s->head; m; m = m->next) {
		ok(m->prev == last);
		ok(!last || m->seq > last->seq);
		bytes += m->topic.n + m->payload.n + m->props.n;
		count++;
		last = m;
	}
	ok(s->tail == last);
	is_int(s->count, count);
	is_int(s->bytes, bytes);
}

static void keeps_what_it_is_given(void)
{
	struct store *s = memory_store_new(0);
	struct message *m = put(s, &small);

	is_bytes(m->topic, small.topic);
	is_bytes(m->payload, small.payload);
	is_bytes(m->props, small.props);
	ok(m->topic.p != small.topic.p, "a copy");
	is_int(m->qos, 1);
	ok(m->retain && !m->has_expiry && !m->was_sent);
	is_int(m->tag, 42);
	is_int(m->state, MESSAGE_QUEUED);
	is_int(m->pid, 0);
	ok(m->expires_at == CLOCK_NEVER);
	ok(!s->is_dirty);
	is_int(s->ops->commit(s, NULL), 0);
	is_consistent(s);
	s->ops->free(NULL);
	s->ops->free(s);
}

static void expiry_becomes_a_time(void)
{
	struct store *s = memory_store_new(0);
	struct publish p = small;
	struct message *m;

	p.has_expiry = true;
	p.expiry = 5;
	m = put(s, &p);
	ok(m->has_expiry);
	is_int(m->expires_at, 1000 + 5 * CLOCK_SEC);
	p.expiry = UINT32_MAX;
	m = put(s, &p);
	is_int(m->expires_at, 1000 + UINT32_MAX * CLOCK_SEC);
	s->ops->free(s);
}

static void numbers_rise_for_ever(void)
{
	struct store *s = memory_store_new(0);
	struct message *m = put(s, &small);
	uint64_t first = m->seq;

	ok(first > 0);
	s->ops->remove(s, m);
	m = put(s, &small);
	ok(m->seq > first, "not used again");
	m->seq = 1000000; /* restored by a store on top of this one */
	is_int(put(s, &small)->seq, 1000001);
	is_consistent(s);
	s->ops->free(s);
}

static void any_one_can_be_removed(void)
{
	struct store *s = memory_store_new(0);
	struct message *all[50];
	uint32_t r = 1;

	for (int i = 0; i < 50; i++)
		all[i] = put(s, &small);
	for (int left = 50; left > 0; left--) {
		int at;

		r = r * 1664525u + 1013904223u;
		at = (int)((r >> 8) % (unsigned int)left);
		s->ops->remove(s, all[at]);
		all[at] = all[left - 1];
		is_consistent(s);
	}
	is_int(s->count, 0);
	s->ops->free(s);
}

/* Sizes around each limit of the chunks, in a window that moves on. */
static void messages_of_all_sizes(void)
{
	static const size_t sizes[] = {
		0,    1,     100,   1700,  1900,  2100,
		9000, 16200, 16300, 16400, 70000, 500000
	};
	enum { SIZES = sizeof(sizes) / sizeof(*sizes) };
	struct store *s = memory_store_new(0);
	uint8_t *data = malloc(500000);

	for (size_t i = 0; i < 500000; i++)
		data[i] = (uint8_t)(i * 7);
	for (int i = 0; i < 3000; i++) {
		struct publish p = { .topic = BYTES_LIT("t"), .qos = 1 };

		p.payload = bytes_of(data, sizes[i * 7 % SIZES]);
		if (!ok(put(s, &p) != NULL, "message %d", i))
			break;
		if (s->count > 30) {
			is_mem(s->head->payload.p, s->head->payload.n, data,
			       s->head->payload.n);
			s->ops->remove(s, s->head);
		}
	}
	is_consistent(s);
	s->ops->free(s);
	free(data);
}

static void the_limit_is_hard(void)
{
	struct store *s = memory_store_new(3 * 17);
	struct err e = { 0 };

	for (int i = 0; i < 3; i++)
		ok(put(s, &small) != NULL);
	ok(s->ops->put(s, &small, 0, 0, &e) == NULL);
	is_int(e.kind, ERR_LOCAL);
	is_str(e.text, "the outbox is full: 51 of 51 bytes are in use");
	is_int(s->count, 3);
	s->ops->remove(s, s->head);
	ok(put(s, &small) != NULL);
	is_consistent(s);
	s->ops->free(s);
}

static void inbound_ids_are_a_set(void)
{
	struct store *s = memory_store_new(0);

	ok(!s->ops->inbound_has(s, 1));
	s->ops->inbound_remove(s, 1);
	ok(s->ops->inbound_add(s, 1) == 0);
	ok(s->ops->inbound_add(s, 65535) == 0);
	ok(s->ops->inbound_add(s, 1) == 0, "twice is once");
	ok(s->ops->inbound_has(s, 1) && s->ops->inbound_has(s, 65535));
	ok(!s->ops->inbound_has(s, 2) && !s->ops->inbound_has(s, 64));
	s->ops->inbound_remove(s, 1);
	ok(!s->ops->inbound_has(s, 1) && s->ops->inbound_has(s, 65535));
	s->ops->inbound_clear(s);
	ok(!s->ops->inbound_has(s, 65535));
	ok(s->ops->inbound_add(s, 3) == 0);
	ok(s->ops->inbound_has(s, 3));
	s->ops->free(s);
}

static void memory_runs_out(void)
{
	struct store *s;
	struct err e = { 0 };

	alloc_fail_after(0);
	ok(memory_store_new(0) == NULL);
	alloc_heal();
	s = memory_store_new(0);
	alloc_fail_after(0);
	ok(s->ops->put(s, &small, 0, 0, &e) == NULL);
	is_int(e.kind, ERR_LOCAL);
	ok(s->ops->inbound_add(s, 7) < 0);
	ok(!s->ops->inbound_has(s, 7));
	alloc_heal();
	is_consistent(s);
	ok(put(s, &small) != NULL);
	s->ops->free(s);
}

TEST_MAIN(T(keeps_what_it_is_given), T(expiry_becomes_a_time),
	  T(numbers_rise_for_ever), T(any_one_can_be_removed),
	  T(messages_of_all_sizes), T(the_limit_is_hard),
	  T(inbound_ids_are_a_set), T(memory_runs_out))
