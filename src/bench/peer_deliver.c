/* SPDX-License-Identifier: MIT */
#include "bench/peer_private.h"

#include <stdlib.h>

#include "base/clock.h"
#include "bench/header.h"
#include "mqtt/encode.h"
#include "mqtt/reason.h"
#include "mqtt/topic.h"

#define HELD_MAX (100 * CLOCK_MSEC)

static void count(atomic_uint_fast64_t *n)
{
	atomic_fetch_add_explicit(n, 1, memory_order_relaxed);
}

static bool is_nth(uint64_t n, uint32_t every)
{
	return every && n % every == 0;
}

/* ---------------------------------------------------------- subscriptions */

static struct peer_target *find_share(struct peer_state *p, struct bytes filter)
{
	for (uint32_t i = 0; i < p->target_count; i++)
		if (p->targets[i].is_shared &&
		    bytes_equal(bytes_str(p->targets[i].filter), filter))
			return &p->targets[i];
	return NULL;
}

/* What the connection subscribes to by that filter, or did. */
static struct peer_target *find_own(const struct peer_conn *c,
				    struct bytes filter)
{
	struct peer_target *t;

	for (uint32_t i = 0; i < c->target_count; i++) {
		t = &c->peer->targets[c->targets[i]];
		if (bytes_equal(bytes_str(t->filter), filter))
			return t;
	}
	return NULL;
}

static bool is_member(const struct peer_target *t, const struct peer_conn *c)
{
	for (uint32_t i = 0; i < t->count; i++)
		if (t->members[i] == c)
			return true;
	return false;
}

static struct peer_target *new_target(struct peer_state *p)
{
	uint32_t cap = p->target_cap ? 2 * p->target_cap : 64;
	struct peer_target *t;

	if (p->target_count == p->target_cap) {
		t = reallocarray(p->targets, cap, sizeof(*t));
		if (!t)
			return NULL;
		p->targets = t;
		p->target_cap = cap;
	}
	t = &p->targets[p->target_count++];
	*t = (struct peer_target){ 0 };
	return t;
}

static int note_target(struct peer_conn *c, const struct peer_target *t)
{
	uint32_t *targets = reallocarray(c->targets, c->target_count + 1,
					 sizeof(*targets));

	if (!targets)
		return -1;
	c->targets = targets;
	c->targets[c->target_count++] = (uint32_t)(t - c->peer->targets);
	return 0;
}

static int join(struct peer_target *t, struct peer_conn *c)
{
	struct peer_conn **members = reallocarray(t->members, t->count + 1,
						  sizeof(*members));

	if (!members)
		return -1;
	t->members = members;
	t->members[t->count++] = c;
	return 0;
}

/* The one of its share group, or a new one. */
static struct peer_target *take_target(struct peer_state *p,
				       const struct subscription *s)
{
	struct bytes filter = s->filter, name;
	bool is_shared = topic_is_shared(s->filter, &name, &filter);
	struct peer_target *t = is_shared ? find_share(p, s->filter) : NULL;

	if (t)
		return t;
	t = new_target(p);
	if (!t)
		return NULL;
	t->qos = (s->options & 3) ? 1 : 0;
	t->filter = strndup((const char *)s->filter.p, s->filter.n);
	if (!t->filter ||
	    route_add(p->route, filter, (uint32_t)(t - p->targets)) < 0)
		return NULL;
	t->is_shared = is_shared;
	return t;
}

uint8_t peer_subscribe(struct peer_conn *c, const struct subscription *s)
{
	struct peer_target *t = find_own(c, s->filter);
	bool was_own = t != NULL;

	if (was_own && is_member(t, c))
		return t->qos;
	if (!was_own)
		t = take_target(c->peer, s);
	if (!t || (!was_own && note_target(c, t) < 0) || join(t, c) < 0)
		return REASON_UNSPECIFIED;
	return t->qos;
}

static void leave(struct peer_target *t, const struct peer_conn *c)
{
	for (uint32_t i = 0; i < t->count; i++)
		if (t->members[i] == c)
			t->members[i--] = t->members[--t->count];
}

uint8_t peer_unsubscribe(struct peer_conn *c, struct bytes filter)
{
	struct peer_target *t = find_own(c, filter);

	if (!t || !is_member(t, c))
		return REASON_NO_SUBSCRIPTION;
	leave(t, c);
	return REASON_SUCCESS;
}

/* Filters stay in the route with nobody behind them. */
void peer_forget(struct peer_conn *c)
{
	struct peer_state *p = c->peer;
	uint8_t *at = p->late.data ? p->late.data + p->late.start : NULL;
	struct peer_late head;

	for (uint32_t i = 0; i < c->target_count; i++)
		leave(&p->targets[c->targets[i]], c);
	free(c->targets);
	while (at && at < p->late.data + p->late.end) {
		memcpy(&head, at, sizeof(head));
		if (head.conn == c) {
			head.conn = NULL;
			memcpy(at, &head, sizeof(head));
		}
		at += sizeof(head) + head.size;
	}
}

/* --------------------------------------------------------------- delivery */

static void put(struct peer_conn *c, struct bytes packet)
{
	/* A reader that is too slow for the limit loses: it is counted as a
	 * drop, since that is what the report will say. */
	if (buf_append(&c->out, packet) < 0)
		count(&c->peer->counts->dropped);
	peer_touch(c);
}

static void put_later(struct peer_conn *c, struct bytes packet)
{
	struct peer_state *p = c->peer;
	struct peer_late head = {
		.due = loop_now(p->loop) + p->faults->delay,
		.conn = c,
		.size = packet.n,
	};

	if (buf_append(&p->late, bytes_of(&head, sizeof(head))) < 0 ||
	    buf_append(&p->late, packet) < 0) {
		count(&p->counts->dropped);
		return;
	}
	if (buf_len(&p->late) == sizeof(head) + packet.n)
		(void)loop_set_timer(p->loop, &p->late_timer, head.due);
}

void peer_late_due(struct timer *t, uint64_t now)
{
	struct peer_state *p = CONTAINER_OF(t, struct peer_state, late_timer);
	struct peer_late head;
	struct bytes b;

	while (buf_len(&p->late)) {
		b = buf_view(&p->late);
		memcpy(&head, b.p, sizeof(head));
		if (head.due > now) {
			(void)loop_set_timer(p->loop, t, head.due);
			break;
		}
		if (head.conn)
			put(head.conn, bytes_of(b.p + sizeof(head), head.size));
		buf_consume(&p->late, sizeof(head) + head.size);
	}
	peer_flush(p);
}

static void emit(struct peer_conn *c, struct bytes packet)
{
	if (c->peer->faults->delay)
		put_later(c, packet);
	else
		put(c, packet);
}

/* The last byte of a packet is the last of its payload. */
static void corrupt(struct buf *packet)
{
	packet->data[packet->end - 1] ^= 0x5a;
}

static int encode(struct peer_conn *c, const struct publish *m, uint8_t qos,
		  struct buf *ret)
{
	struct publish out = {
		.topic = m->topic,
		.payload = m->payload,
		.props = m->props,
		.qos = qos < m->qos ? qos : m->qos,
	};

	if (out.qos) {
		c->next_pid = c->next_pid == UINT16_MAX ? 1 : c->next_pid + 1;
		out.pid = c->next_pid;
	}
	return encode_publish(ret, c->version, &out);
}

/* Which stream a message is of; 0 for all that carry no header. */
static uint32_t stream_of(const struct publish *m)
{
	struct header h;

	return header_read(m->payload, &h) ? h.publisher + 1 : 0;
}

static void release_held(struct peer_conn *c)
{
	loop_stop_timer(c->peer->loop, &c->held_timer);
	emit(c, buf_view(&c->held));
	buf_clear(&c->held);
}

/* Nothing came that could have overtaken it. */
void peer_held_due(struct timer *t, uint64_t now)
{
	struct peer_conn *c = CONTAINER_OF(t, struct peer_conn, held_timer);

	(void)now;
	release_held(c);
	peer_flush(c->peer);
}

static bool hold(struct peer_conn *c, const struct publish *m,
		 struct bytes packet)
{
	struct loop *l = c->peer->loop;

	if (buf_len(&c->held) ||
	    loop_set_timer(l, &c->held_timer, loop_now(l) + HELD_MAX) < 0)
		return false;
	c->held_stream = stream_of(m);
	return buf_append(&c->held, packet) == 0;
}

/* What was held back goes out behind the one that has overtaken it. */
static void let_overtake(struct peer_conn *c, const struct publish *m)
{
	if (!buf_len(&c->held) || c->held_stream != stream_of(m))
		return;
	count(&c->peer->counts->reordered);
	release_held(c);
}

static void deliver(struct peer_conn *c, const struct publish *m, uint8_t qos)
{
	struct peer_state *p = c->peer;
	const struct peer_faults *f = p->faults;
	uint64_t n = ++p->deliveries;
	struct buf packet = { 0 };

	if (is_nth(n, f->drop)) {
		count(&p->counts->dropped);
		return;
	}
	if (encode(c, m, qos, &packet) < 0) {
		count(&p->counts->dropped);
		buf_release(&packet);
		return;
	}
	count(&p->counts->deliveries);
	if (is_nth(n, f->corrupt)) {
		corrupt(&packet);
		count(&p->counts->corrupted);
	}
	if (is_nth(n, f->reorder) && hold(c, m, buf_view(&packet))) {
		buf_release(&packet);
		return;
	}
	emit(c, buf_view(&packet));
	let_overtake(c, m);
	if (is_nth(n, f->duplicate)) {
		count(&p->counts->duplicated);
		emit(c, buf_view(&packet));
	}
	buf_release(&packet);
}

struct delivery {
	struct peer_state *peer;
	const struct publish *message;
};

static void found(void *ctx, uint32_t target)
{
	struct delivery *d = ctx;
	struct peer_target *t = &d->peer->targets[target];

	if (t->count == 0)
		return;
	t->next = (t->next + 1) % t->count;
	deliver(t->members[t->next], d->message, t->qos);
}

void peer_route(struct peer_state *p, const struct publish *m)
{
	struct delivery d = { p, m };

	(void)route_match(p->route, m->topic, found, &d);
}
