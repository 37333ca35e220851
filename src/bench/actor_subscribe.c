/* SPDX-License-Identifier: MIT */
#include "bench/actor.h"

#include <stdlib.h>

#include "base/clock.h"

enum absence_phase {
	ABSENCE_NONE,   /* it has its subscriptions */
	ABSENCE_BEGINS, /* UNSUBSCRIBE is under way */
	ABSENCE_LASTS,
	ABSENCE_ENDS, /* SUBSCRIBE is under way */
};

/* Of a client that gives its subscriptions back now and then, and stays
 * connected. */
struct absence {
	struct timer timer; /* until it subscribes again */
	struct actor *actor;
	uint16_t pid;  /* of the request under way */
	uint8_t phase; /* enum absence_phase */
};

typedef enum submit submit_fn(struct session *s, const struct subscribe *p,
			      uint16_t *ret_pid);

static struct worker *worker_of(const struct actor *a)
{
	return a->squad->worker;
}

static const struct group *group_of(const struct actor *a)
{
	return a->squad->crew->group;
}

/* NULL: it never unsubscribes. */
static struct absence *absence_of(const struct actor *a)
{
	return a->squad->absences ? &a->squad->absences[a->place] : NULL;
}

static bool is_in(const struct actor *a, enum absence_phase phase)
{
	const struct absence *ab = absence_of(a);

	return ab && ab->phase == phase;
}

bool actor_is_absent(const struct actor *a)
{
	return absence_of(a) && !is_in(a, ABSENCE_NONE);
}

bool actor_is_asking(const struct actor *a)
{
	return is_in(a, ABSENCE_BEGINS) || is_in(a, ABSENCE_ENDS);
}

/* --------------------------------------------------------------- requests */

/* Into the worker's buffer; the views are made when all is in. */
static int fill_filters(const struct actor *a, struct subscription *s, size_t n)
{
	struct buf *text = &worker_of(a)->filter;
	size_t at = 0;

	buf_clear(text);
	for (size_t i = 0; i < n; i++) {
		at = buf_len(text);
		if (actor_filter(a, i, text) < 0)
			return -1;
		s[i].filter.n = buf_len(text) - at;
		s[i].options = group_of(a)->subscribe[i].options;
	}
	at = 0;
	for (size_t i = 0; i < n; i++) {
		s[i].filter.p = buf_view(text).p + at;
		at += s[i].filter.n;
	}
	return 0;
}

/* SUBSCRIBE or UNSUBSCRIBE with the first n filters. */
static enum submit request(struct actor *a, submit_fn *submit, size_t n,
			   uint16_t *ret_pid)
{
	struct subscription *s = calloc(n, sizeof(*s));
	struct subscribe p = { .filters = s, .count = n };
	enum submit r = SUBMIT_NO_MEMORY;

	if (s && fill_filters(a, s, n) == 0) {
		mutex_lock(a->conn.lock);
		r = submit(a->conn.session, &p, ret_pid);
		mutex_unlock(a->conn.lock);
	}
	free(s);
	return r;
}

struct answers {
	enum count granted, refused;
	uint64_t *reasons;
};

/* [MQTT-3.8.4-8] A granted QoS can be lower than the wish. Of what comes with
 * QoS 0 a session keeps nothing. */
static void note_lowered(struct actor *a, struct bytes reasons)
{
	const struct group *g = group_of(a);
	uint64_t n = 0;
	uint8_t asked;

	for (size_t i = 0; i < reasons.n && i < g->subscribe_count; i++) {
		asked = g->subscribe[i].options & 3;
		n += reasons.p[i] < asked;
		if (asked && reasons.p[i] == 0)
			a->keeps_session = false;
	}
	worker_count(worker_of(a), COUNT_SUB_LOWERED, n);
}

/* The UNSUBACK of MQTT 3 has no reasons: all of them are granted. */
static void count_answers(struct worker *w, const struct answers *to,
			  struct bytes reasons, size_t n)
{
	uint64_t refused = 0;

	for (size_t i = 0; i < reasons.n; i++) {
		if (reasons.p[i] < 0x80)
			continue;
		to->reasons[reasons.p[i]]++;
		refused++;
	}
	worker_count(w, to->refused, refused);
	worker_count(w, to->granted, n - refused);
}

/* -------------------------------------------------------------- subscribed */

/* Of a share group without its only filter it is no member. */
static void subscribed(struct actor *a, uint64_t now, bool is_granted)
{
	if (actor_is_absent(a)) {
		loop_stop_timer(worker_of(a)->loop, &absence_of(a)->timer);
		absence_of(a)->phase = ABSENCE_NONE;
	}
	if (is_granted || !a->squad->crew->is_shared)
		receiver_arrive(a, now);
	if (a->state == ACTOR_SUBSCRIBING)
		actor_become_ready(a);
}

static void note_refused(const struct actor *a, size_t filter)
{
	if (!a->squad->crew->is_shared)
		receiver_refuse(a->receiver, filter);
}

static void refuse(struct actor *a, size_t n)
{
	struct worker *w = worker_of(a);

	worker_count(w, COUNT_SUB_REFUSED, n);
	subscribed(a, loop_now(w->loop), false);
}

void actor_subscribe(struct actor *a)
{
	size_t n = group_of(a)->subscribe_count;
	uint16_t pid;

	worker_count(worker_of(a), COUNT_SUBSCRIBES, n);
	if (!a->squad->crew->is_shared)
		receiver_ask_anew(a->receiver);
	if (request(a, session_subscribe, n, &pid) == SUBMIT_OK)
		return;
	for (size_t i = 0; i < n; i++)
		note_refused(a, i);
	refuse(a, n);
}

void actor_on_suback(struct actor *a, const struct suback *s, uint64_t now)
{
	struct worker *w = worker_of(a);
	const struct answers to = { COUNT_SUBSCRIBED, COUNT_SUB_REFUSED,
				    w->account.subscribe_reasons };
	bool is_first = a->state == ACTOR_SUBSCRIBING;

	if (w->is_counted || (!is_first && !is_in(a, ABSENCE_ENDS)))
		return;
	hist_record(&w->timings[TIMING_SUB_ACK], now - a->since);
	count_answers(w, &to, s->reasons, s->reasons.n);
	note_lowered(a, s->reasons);
	for (size_t i = 0; is_first && i < s->reasons.n; i++)
		if (s->reasons.p[i] >= 0x80)
			note_refused(a, i);
	subscribed(a, now, s->reasons.n && s->reasons.p[0] < 0x80);
}

/* ----------------------------------------------------------------- absence */

static void count_unanswered(struct actor *a)
{
	struct worker *w = worker_of(a);
	const struct group *g = group_of(a);

	if (a->state == ACTOR_SUBSCRIBING)
		worker_count(w, COUNT_SUB_UNANSWERED, g->subscribe_count);
	else if (is_in(a, ABSENCE_ENDS))
		worker_count(w, COUNT_SUB_UNANSWERED, g->listed_count);
	else if (is_in(a, ABSENCE_BEGINS))
		worker_count(w, COUNT_UNSUB_UNANSWERED, g->listed_count);
}

void actor_drop_requests(struct actor *a)
{
	count_unanswered(a);
	if (!actor_is_absent(a))
		return;
	loop_stop_timer(worker_of(a)->loop, &absence_of(a)->timer);
	absence_of(a)->phase = ABSENCE_LASTS;
}

void actor_unsubscribe(struct actor *a, uint64_t due)
{
	struct worker *w = worker_of(a);
	size_t n = group_of(a)->listed_count;
	enum submit r = request(a, session_unsubscribe, n, &absence_of(a)->pid);

	if (r == SUBMIT_OFFLINE) /* as will be told in a moment */
		return;
	worker_count(w, COUNT_UNSUBSCRIBES, n);
	if (r != SUBMIT_OK) {
		worker_count(w, COUNT_UNSUB_REFUSED, n);
		return;
	}
	worker_touch(w, a);
	a->since = due;
	absence_of(a)->phase = ABSENCE_BEGINS;
	receiver_depart(a, FATE_KEPT);
	(void)loop_set_timer(w->loop, &absence_of(a)->timer,
			     clock_add(due, w->run->config->ack_timeout));
}

void actor_on_unsuback(struct actor *a, const struct suback *s, uint64_t now)
{
	struct worker *w = worker_of(a);
	const struct answers to = { COUNT_UNSUBSCRIBED, COUNT_UNSUB_REFUSED,
				    w->account.unsubscribe_reasons };

	/* One that comes after its deadline was given up. */
	if (w->is_counted || !is_in(a, ABSENCE_BEGINS) ||
	    s->pid != absence_of(a)->pid)
		return;
	hist_record(&w->timings[TIMING_UNSUB_ACK], now - a->since);
	count_answers(w, &to, s->reasons, group_of(a)->listed_count);
	absence_of(a)->phase = ABSENCE_LASTS;
	(void)loop_set_timer(w->loop, &absence_of(a)->timer,
			     clock_add(now, group_of(a)->churn.down));
}

static void subscribe_again(struct actor *a, uint64_t due)
{
	struct worker *w = worker_of(a);
	size_t n = group_of(a)->listed_count;
	enum submit r = request(a, session_subscribe, n, &absence_of(a)->pid);

	if (r == SUBMIT_OFFLINE)
		return;
	worker_count(w, COUNT_SUBSCRIBES, n);
	if (r != SUBMIT_OK) {
		refuse(a, n);
		return;
	}
	a->since = due;
	absence_of(a)->phase = ABSENCE_ENDS;
	worker_touch(w, a);
}

/* Without an UNSUBACK in time nobody knows whether it is still subscribed:
 * from here on it is. */
static void absence_due(struct timer *t, uint64_t now)
{
	struct actor *a = CONTAINER_OF(t, struct absence, timer)->actor;

	(void)now;
	count_unanswered(a);
	absence_of(a)->phase = ABSENCE_LASTS;
	subscribe_again(a, t->node.deadline);
	worker_flush(worker_of(a));
}

int squad_make_absences(struct squad *s)
{
	s->absences = calloc(s->share.count, sizeof(*s->absences));
	if (!s->absences)
		return -1;
	for (uint32_t i = 0; i < s->share.count; i++) {
		s->absences[i].actor = &s->actors[i];
		s->absences[i].timer.on_due = absence_due;
	}
	return 0;
}

void actor_stop_absence(struct actor *a)
{
	if (absence_of(a))
		loop_stop_timer(worker_of(a)->loop, &absence_of(a)->timer);
}
