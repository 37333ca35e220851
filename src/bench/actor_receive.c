/* SPDX-License-Identifier: MIT */
#include "bench/actor.h"

#include <stdlib.h>

#include "base/clock.h"
#include "mqtt/props.h"
#include "mqtt/topic.h"

static struct worker *worker_of(const struct actor *a)
{
	return a->squad->worker;
}

/* -------------------------------------------------------------- messages */

static const struct entry *entry_of(const struct run *r, uint32_t stream)
{
	size_t i = 0;

	while (i + 1 < r->entry_count &&
	       r->entries[i + 1].first_stream <= stream)
		i++;
	return &r->entries[i];
}

static uint64_t wire_size(const struct publish *p, enum mqtt_version v)
{
	uint64_t n = 2 + p->topic.n + (p->qos ? 2 : 0) + p->payload.n;

	if (v == MQTT_5)
		n += 1 + p->props.n;
	return n + 2 + (n > 127) + (n > 16383) + (n > 2097151);
}

/* Between clocks that are only so good, none may seem less than none. */
static int64_t delay_since(const struct run *r, uint64_t now, uint64_t since)
{
	int64_t delay = header_delay(now - r->epoch, since);

	if (delay < 0 && (uint64_t)-delay <= r->config->clock_bound)
		return 0;
	return delay;
}

/* What the header says about when: from the intended time, and from the time
 * it was really sent, where the payload has room to say so. */
static void record_delay(struct actor *a, const struct entry *e,
			 const struct header *h, struct bytes payload,
			 uint64_t now)
{
	struct worker *w = worker_of(a);
	const struct run *r = w->run;
	int64_t delay = delay_since(r, now, h->intended);
	uint64_t intended = now - r->epoch - (uint64_t)delay, sent;

	if (delay < 0) {
		w->account.n[COUNT_CLOCK_ERRORS]++;
		return;
	}
	worker_record(w, TIMING_E2E, intended, (uint64_t)delay);
	if (!run_measures(r, intended))
		return;
	w->measured_delivered++;
	if (a->squad->served)
		a->squad->served[a->place]++;
	if (!payload_sent_time(&w->payloads[e->number], payload, &sent))
		return;
	delay = delay_since(r, now, sent);
	if (delay >= 0)
		hist_record(&w->timings[TIMING_E2E_RAW], (uint64_t)delay);
}

static struct reception *reception_of(const struct actor *a,
				      const struct entry *e)
{
	return &a->receiver->of[crew_fate(a->squad->crew, e->plan->qos)];
}

static void count_new(struct actor *a, const struct entry *e,
		      const struct header *h, uint64_t now)
{
	struct worker *w = worker_of(a);

	w->account.n[COUNT_UNIQUE]++;
	w->delivered_in_time += run_is_measuring(w->run, now);
	w->unique[h->publisher]++;
	reception_of(a, e)->unique += !e->varies;
	atomic_fetch_add_explicit(&w->progress.unique, 1, memory_order_relaxed);
}

/* The broker may hand out what it still had for the receiver when that
 * unsubscribed, even after it has subscribed again. Such a message counts, but
 * the one behind it need not come. */
static bool is_left_over(const struct run *r, const struct reception *of,
			 const struct header *h, uint64_t now)
{
	if (of->present == 0)
		return true;
	return of->back && h->tag == r->tag.value &&
	       delay_since(r, now, h->intended) > (int64_t)(now - of->back);
}

static void track(struct actor *a, const struct entry *e,
		  const struct header *h, const struct publish *p, uint64_t now)
{
	struct worker *w = worker_of(a);
	struct reception *of = reception_of(a, e);
	enum track_result t = (e->varies ? track_see_sparse : track_see)(
		&of->track, h->publisher, h->sequence);

	w->account.n[COUNT_RECEIVED]++;
	if (t == TRACK_DUPLICATE) {
		w->account.n[COUNT_DUPLICATES]++;
		return;
	}
	if (t == TRACK_OLD) {
		w->account.n[COUNT_UNCERTAIN]++;
		return;
	}
	if (!e->varies && is_left_over(w->run, of, h, now))
		track_restart_one(&of->track, h->publisher);
	if (t == TRACK_FULL)
		w->untracked++;
	if (t == TRACK_LATE && !a->squad->crew->is_shared)
		w->account.n[COUNT_REORDERED]++;
	count_new(a, e, h, now);
	if (!payload_is_intact(&w->payloads[e->number], h, p->payload))
		w->account.n[COUNT_CORRUPTED]++;
	/* Times from another machine's clock say nothing here. */
	if (h->tag == w->run->tag.value)
		record_delay(a, e, h, p->payload, now);
}

/* The answer goes back as it came, header and all: the requester measures
 * the round trip on its own clock. */
static void respond(struct actor *a, const struct publish *p)
{
	struct worker *w = worker_of(a);
	struct publish answer = {
		.topic = props_value(p->props, PROP_RESPONSE_TOPIC),
		.payload = p->payload,
		.qos = a->squad->crew->group->respond_qos,
	};
	uint64_t seq;
	enum submit r;

	if (!answer.topic.n)
		return;
	mutex_lock(a->conn.lock);
	r = session_publish(a->conn.session, &answer, RESPONSE_TAG,
			    loop_now(w->loop), &seq);
	mutex_unlock(a->conn.lock);
	if (r == SUBMIT_OK)
		w->account.n[COUNT_ANSWERED]++;
}

static bool is_own(const struct actor *a, const struct entry *e,
		   const struct header *h)
{
	return e->plan->reply && e >= a->squad->crew->entries &&
	       e < a->squad->crew->entries +
			       a->squad->crew->group->publish_count &&
	       h->publisher - e->first_stream == actor_client(a);
}

static void take_answer(struct actor *a, const struct header *h, uint64_t now)
{
	struct worker *w = worker_of(a);
	int64_t delay = header_delay(now - w->run->epoch, h->intended);

	w->account.n[COUNT_ECHOED]++;
	if (delay >= 0)
		worker_record(w, TIMING_ECHO,
			      now - w->run->epoch - (uint64_t)delay,
			      (uint64_t)delay);
}

/* Without publishers of its own a run only listens to others': nothing can
 * be expected of them, but they can be counted, and timed when they say that
 * they are of the same run (--run-id) and told by the same clock. */
static void listen(struct actor *a, const struct header *h, uint64_t now)
{
	struct worker *w = worker_of(a);
	const struct run *r = w->run;
	int64_t delay = h ? header_delay(now - r->epoch, h->intended) : -1;

	w->account.n[COUNT_UNMARKED]++;
	w->measured_delivered += run_measures(r, now - r->epoch);
	if (delay >= 0 && run_measures(r, now - r->epoch))
		hist_record(&w->timings[TIMING_E2E], (uint64_t)delay);
	if (delay >= 0)
		hist_record(&w->briefs[BRIEF_E2E], (uint64_t)delay);
}

void actor_on_message(struct actor *a, const struct event_message *m,
		      uint64_t now)
{
	const struct publish *p = &m->packet;
	const struct crew *crew = a->squad->crew;
	struct worker *w = worker_of(a);
	struct run *r = w->run;
	enum header_found found;
	const struct entry *e;
	struct header h;

	w->account.n[COUNT_BYTES_IN] += wire_size(p, crew->group->mqtt.version);
	found = payload_find(r->scenario, &r->tag, p->payload, p->props, &h);
	if (r->entry_count == 0) {
		listen(a,
		       found == HEADER_OURS && h.tag == r->tag.value ? &h
								     : NULL,
		       now);
		return;
	}
	if (found != HEADER_OURS || h.publisher >= r->stream_count ||
	    !a->receiver) {
		w->account.n[found == HEADER_ABSENT || r->has_unmarked
				     ? COUNT_UNMARKED
				     : COUNT_FOREIGN]++;
		w->account.n[COUNT_RETAINED] += p->retain;
		return;
	}
	if (p->retain) {
		w->account.n[COUNT_FOREIGN]++;
		w->account.n[COUNT_RETAINED]++;
		return;
	}
	e = entry_of(r, h.publisher);
	if (is_own(a, e, &h)) {
		take_answer(a, &h, now);
		return;
	}
	track(a, e, &h, p, now);
	if (crew->group->responds)
		respond(a, p);
}

/* ------------------------------------------------------- acknowledgements */

static void acknowledge(struct actor *a, uint64_t delivery)
{
	mutex_lock(a->conn.lock);
	session_acknowledge(a->conn.session, delivery);
	mutex_unlock(a->conn.lock);
}

static int grow_acks(struct slow *s)
{
	uint32_t cap = s->cap ? 2 * s->cap : 16;
	struct held_ack *acks = calloc(cap, sizeof(*acks));

	if (!acks)
		return -1;
	for (uint32_t i = 0; i < s->count; i++)
		acks[i] = s->acks[(s->head + i) & (s->cap - 1)];
	free(s->acks);
	s->acks = acks;
	s->head = 0;
	s->cap = cap;
	return 0;
}

void actor_acknowledge(struct actor *a, uint64_t delivery, uint64_t now)
{
	uint64_t delay = a->squad->crew->group->ack_delay;
	struct slow *s = a->slow;

	if (!s || !delay || (s->count == s->cap && grow_acks(s) < 0)) {
		acknowledge(a, delivery);
		return;
	}
	s->acks[(s->head + s->count++) & (s->cap - 1)] = (struct held_ack){
		now + delay, delivery
	};
	if (s->count == 1)
		(void)loop_set_timer(worker_of(a)->loop, &s->ack_timer,
				     now + delay);
}

static void ack_due(struct timer *t, uint64_t now)
{
	struct slow *s = CONTAINER_OF(t, struct slow, ack_timer);
	uint64_t delivery = 0;

	while (s->count && s->acks[s->head].due <= now) {
		delivery = s->acks[s->head].delivery;
		s->head = (s->head + 1) & (s->cap - 1);
		s->count--;
	}
	if (delivery)
		acknowledge(s->actor, delivery);
	worker_touch(worker_of(s->actor), s->actor);
	worker_flush(worker_of(s->actor));
	if (s->count)
		(void)loop_set_timer(worker_of(s->actor)->loop, t,
				     s->acks[s->head].due);
}

static void pause_due(struct timer *t, uint64_t now)
{
	struct slow *s = CONTAINER_OF(t, struct slow, pause_timer);
	const struct group *g = s->actor->squad->crew->group;

	s->is_pausing = !s->is_pausing;
	conn_set_paused(&s->actor->conn, s->is_pausing);
	(void)loop_set_timer(worker_of(s->actor)->loop, t,
			     now + (s->is_pausing ? g->pause_for
						  : g->pause_every));
}

int actor_make_slow(struct actor *a)
{
	a->slow = calloc(1, sizeof(*a->slow));
	if (!a->slow)
		return -1;
	a->slow->actor = a;
	a->slow->ack_timer.on_due = ack_due;
	a->slow->pause_timer.on_due = pause_due;
	return 0;
}

void actor_start_slow(struct actor *a)
{
	const struct group *g = a->squad->crew->group;

	if (a->slow && g->pause_every)
		(void)loop_set_timer(worker_of(a)->loop, &a->slow->pause_timer,
				     loop_now(worker_of(a)->loop) +
					     g->pause_every);
}

/* Deliveries of a lost connection can't be acknowledged any more. */
void actor_stop_slow(struct actor *a)
{
	struct slow *s = a->slow;

	if (!s)
		return;
	loop_stop_timer(worker_of(a)->loop, &s->ack_timer);
	loop_stop_timer(worker_of(a)->loop, &s->pause_timer);
	s->count = 0;
	if (s->is_pausing)
		conn_set_paused(&a->conn, false);
	s->is_pausing = false;
}
