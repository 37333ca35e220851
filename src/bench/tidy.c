/* SPDX-License-Identifier: MIT */
#include "bench/actor.h"

#include <stdlib.h>

#define HELPING 128 /* messages before the loop looks at its sockets */

/* ------------------------------------------------------- retained messages */

/* Who has a session stays where it is. */
static bool may_have_been(const struct actor *a, size_t target)
{
	const struct crew *c = a->squad->crew;

	if (target < c->first_target ||
	    target - c->first_target >= c->target_count ||
	    (a->has_session && actor_target_number(a) != target))
		return false;
	return a->been_at & actor_target_bit(target);
}

/* How many messages a client may have left at a target under topics of an
 * entry; the will's is one. */
static uint64_t left_by(const struct squad *s, const struct tidy *t)
{
	const struct group *g = s->crew->group;
	uint64_t sent;

	if (!may_have_been(&s->actors[t->place], t->target))
		return 0;
	if (t->entry == g->publish_count)
		return g->will.topic && g->will.retain;
	if (!g->publish[t->entry].retain)
		return 0;
	sent = s->sequences[t->place * g->publish_count + t->entry];
	return s->crew->entries[t->entry].varies ? sent : sent > 0;
}

static bool find_in_squad(struct tidy *t, const struct squad *s)
{
	for (; t->entry <= s->crew->group->publish_count; t->entry++) {
		for (; t->place < s->share.count; t->place++) {
			if (t->number < left_by(s, t))
				return true;
			t->number = 0;
		}
		t->place = 0;
	}
	t->entry = 0;
	return false;
}

/* Moves on to the next message that may be there; false at the end. */
static bool find_next(struct worker *w)
{
	struct tidy *t = &w->tidy;

	for (; t->target < w->run->config->target_count; t->target++) {
		for (; t->crew < w->run->crew_count; t->crew++)
			if (find_in_squad(t, &w->squads[t->crew]))
				return true;
		t->crew = 0;
		t->sender = t->helper = NULL;
		t->is_called = false;
	}
	return false;
}

static bool is_there(const struct actor *a, size_t target)
{
	return a->state == ACTOR_READY && actor_target_number(a) == target;
}

static struct actor *find_other(struct worker *w)
{
	struct squad *s;

	for (size_t i = 0; i < w->run->crew_count; i++) {
		s = &w->squads[i];
		for (uint32_t k = 0; k < s->share.count; k++)
			if (is_there(&s->actors[k], w->tidy.target))
				return &s->actors[k];
	}
	return NULL;
}

/* Who it came from, or anybody who is connected to that target. */
static struct actor *find_sender(struct worker *w)
{
	struct tidy *t = &w->tidy;
	struct actor *a = &w->squads[t->crew].actors[t->place];

	if (is_there(a, t->target))
		return a;
	if (!t->sender || !is_there(t->sender, t->target))
		t->sender = find_other(w);
	return t->sender;
}

static int render_topic(struct worker *w)
{
	const struct tidy *t = &w->tidy;
	const struct squad *s = &w->squads[t->crew];
	const struct actor *from = &s->actors[t->place];
	const struct group *g = s->crew->group;

	buf_clear(&w->topic);
	if (t->entry == g->publish_count)
		return group_render(g, actor_client(from), g->will.topic,
				    &w->topic);
	return actor_topic(from, (uint32_t)t->entry, t->number, &w->topic);
}

/* [MQTT-3.3.1-6] an empty one takes the place of what was retained. Of QoS 0,
 * so that no window stops it; DISCONNECT comes behind it on the same
 * connection. False when the connection has to be waited for. */
static bool remove_one(struct worker *w, struct actor *a)
{
	struct publish p = { .retain = true };
	uint64_t seq;

	if (render_topic(w) < 0)
		return true;
	p.topic = buf_view(&w->topic);
	mutex_lock(a->conn.lock);
	(void)session_publish(a->conn.session, &p, RESPONSE_TAG,
			      loop_now(w->loop), &seq);
	if (a->conn.wants_write ||
	    session_output_len(a->conn.session) >= CONN_OUTPUT_HIGH)
		a->is_blocked = true;
	mutex_unlock(a->conn.lock);
	worker_touch(w, a);
	return !a->is_blocked;
}

static void call_back(struct worker *w, struct actor *a)
{
	if (a->attempt)
		loop_stop_timer(w->loop, &a->attempt->timer);
	while (actor_target_number(a) != w->tidy.target)
		a->moves++;
	w->tidy.is_called = true;
	worker_reconnect(w, a, loop_now(w->loop));
}

/* Nobody is connected to that target: who has left the message there comes
 * back, once. False when that is no use. */
static bool await_sender(struct worker *w)
{
	struct tidy *t = &w->tidy;
	struct actor *a = t->helper;

	if (t->is_called)
		return a->state == ACTOR_CONNECTING ||
		       a->state == ACTOR_SUBSCRIBING;
	t->helper = a = &w->squads[t->crew].actors[t->place];
	if (a->state == ACTOR_IDLE || a->state == ACTOR_GONE)
		call_back(w, a);
	else if (a->state == ACTOR_READY)
		actor_leave(a, CHURN_DISCONNECT);
	return true;
}

/* FNV-1a, of a topic at a target. */
static uint64_t hash_of(struct bytes topic, size_t target)
{
	uint64_t h = 0xcbf29ce484222325u + target;

	for (size_t i = 0; i < topic.n; i++)
		h = (h ^ topic.p[i]) * 0x100000001b3u;
	return h;
}

static void add_left(struct tidy *t, uint64_t hash)
{
	size_t cap = t->left_cap ? 2 * t->left_cap : 64;
	uint64_t *v = t->left;

	if (t->left_count == t->left_cap) {
		v = reallocarray(t->left, cap, sizeof(*v));
		if (!v)
			return;
		t->left = v;
		t->left_cap = cap;
	}
	v[t->left_count++] = hash;
}

/* From where it stands to the end, or to that of its target. */
static void note_left(struct worker *w, bool of_all)
{
	struct tidy *t = &w->tidy;
	size_t target = t->target;

	for (; find_next(w) && (of_all || t->target == target); t->number++)
		if (render_topic(w) == 0)
			add_left(t, hash_of(buf_view(&w->topic), t->target));
}

void tidy_go_on(struct worker *w)
{
	struct tidy *t = &w->tidy;
	struct actor *a = NULL;
	int helping = HELPING;

	t->is_going = find_next(w);
	while (t->is_going && helping > 0) {
		a = find_sender(w);
		if (!a && await_sender(w))
			break;
		if (!a) {
			note_left(w, false);
		} else if (a->is_blocked) {
			break;
		} else {
			helping = remove_one(w, a) ? helping - 1 : 0;
			t->number++;
		}
		t->is_going = find_next(w);
	}
	worker_flush(w);
	if (!t->is_going)
		atomic_store(&w->progress.is_tidy, true);
	else if (a && !a->is_blocked)
		worker_feed(w, a);
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Many clients may have had one topic. */
static uint64_t count_different(struct tidy *t)
{
	uint64_t n = 0;

	if (t->left_count)
		qsort(t->left, t->left_count, sizeof(*t->left), by_value);
	for (size_t i = 0; i < t->left_count; i++)
		n += i == 0 || t->left[i] != t->left[i - 1];
	return n;
}

static uint64_t count_sessions(const struct worker *w)
{
	const struct squad *s;
	uint64_t n = 0;

	for (size_t i = 0; i < w->run->crew_count; i++) {
		s = &w->squads[i];
		for (uint32_t k = 0; k < s->share.count; k++)
			n += s->actors[k].has_session;
	}
	return n;
}

void tidy_count_rest(struct run *r)
{
	struct worker *first = &r->workers[0], *w;

	for (size_t i = 0; i < r->worker_count; i++) {
		w = &r->workers[i];
		w->account.n[COUNT_LEFT_SESSIONS] = count_sessions(w);
		note_left(w, true);
		for (size_t k = 0; i && k < w->tidy.left_count; k++)
			add_left(&first->tidy, w->tidy.left[k]);
	}
	first->account.n[COUNT_LEFT_RETAINED] = count_different(&first->tidy);
}

void worker_remove_retained(struct worker *w)
{
	tidy_go_on(w);
}

/* ---------------------------------------------------------------- sessions */

void worker_end_sessions(struct worker *w)
{
	struct squad *s;
	struct actor *a;

	for (size_t i = 0; i < w->run->crew_count; i++) {
		s = &w->squads[i];
		for (uint32_t k = 0; k < s->share.count; k++) {
			a = &s->actors[k];
			if (!a->has_session || a->state != ACTOR_GONE)
				continue;
			a->is_cleaner = true;
			worker_reconnect(w, a, loop_now(w->loop));
		}
	}
}
