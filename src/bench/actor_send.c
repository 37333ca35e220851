/* SPDX-License-Identifier: MIT */
#include "bench/actor.h"

#include <stdlib.h>

#include "base/clock.h"
#include "mqtt/encode.h"
#include "mqtt/props.h"
#include "mqtt/reason.h"

#define HELPING 64 /* messages of the closed model at a time */

/* Where it does not go now: what holds it up. */
enum sent { SENT, SENT_NEVER, SENT_NO_ROOM, SENT_NO_WINDOW };

static bool is_held_up(enum sent s)
{
	return s == SENT_NO_ROOM || s == SENT_NO_WINDOW;
}

static struct worker *worker_of(const struct actor *a)
{
	return a->squad->worker;
}

static uint64_t since_epoch(const struct worker *w, uint64_t now)
{
	return now - w->run->epoch;
}

/* ------------------------------------------------------------------ tags */

uint64_t actor_tag(uint32_t entry, uint64_t intended, uint64_t lag)
{
	return (uint64_t)hist_slot(lag) << (TAG_TIME_BITS + TAG_ENTRY_BITS) |
	       (uint64_t)entry << TAG_TIME_BITS |
	       (intended & ((UINT64_C(1) << TAG_TIME_BITS) - 1));
}

static uint32_t tag_entry(uint64_t tag)
{
	return tag >> TAG_TIME_BITS & ((1u << TAG_ENTRY_BITS) - 1);
}

static uint64_t tag_lag(uint64_t tag)
{
	return hist_slot_low(
		(uint32_t)(tag >> (TAG_TIME_BITS + TAG_ENTRY_BITS)));
}

/* How long ago, at `now` since the epoch. */
static uint64_t tag_age(uint64_t tag, uint64_t now)
{
	return (now - tag) & ((UINT64_C(1) << TAG_TIME_BITS) - 1);
}

/* ----------------------------------------------------------- one message */

static uint64_t *sequence_of(const struct actor *a, uint32_t entry)
{
	return &a->squad->sequences[a->place * a->squad->crew->group
						       ->publish_count +
				    entry];
}

static uint8_t qos_of(const struct actor *a, uint32_t entry)
{
	return a->squad->crew->entries[entry].plan->qos;
}

/* Refused, or never acknowledged. */
static void note_unaccepted(struct actor *a, uint32_t entry)
{
	struct squad *s = a->squad;
	size_t n = (size_t)s->share.count * s->crew->group->publish_count;

	if (!s->unaccepted)
		s->unaccepted = calloc(n, sizeof(*s->unaccepted));
	if (s->unaccepted)
		s->unaccepted[a->place * s->crew->group->publish_count +
			      entry]++;
}

static void note_refused(struct actor *a, uint32_t entry, uint8_t reason)
{
	struct worker *w = worker_of(a);
	uint32_t stream = a->squad->crew->entries[entry].first_stream +
			  actor_client(a);

	w->account.n[COUNT_REFUSED]++;
	w->account.publish_reasons[reason]++;
	w->refused_fan += w->run->fanout ? w->run->fanout[stream] : 0;
	note_unaccepted(a, entry);
}

static uint32_t random_number(void *ctx)
{
	return pcg_next(ctx);
}

/* The topic of one message. Random parts follow from who sends it and its
 * number, so that they can be found again. */
int actor_topic(const struct actor *a, uint32_t entry, uint64_t number,
		struct buf *ret)
{
	const struct entry *e = &a->squad->crew->entries[entry];
	struct bytes literal = template_literal(e->plan->topic);
	struct template_values v;
	struct buf text = { 0 };
	struct pcg random;
	int r;

	if (bytes_is_set(literal))
		return buf_append(ret, literal);
	if (group_values(a->squad->crew->group, actor_client(a), e->plan->topic,
			 &text, &v) < 0)
		return -1;
	if (template_uses(e->plan->topic) & TEMPLATE_RANDOM)
		pcg_init(&random, a->squad->crew->run->config->seed ^ number,
			 e->first_stream + actor_client(a));
	v.number = number;
	v.random = random_number;
	v.random_ctx = &random;
	r = template_render(e->plan->topic, &v, ret);
	buf_release(&text);
	return r;
}

static int make_payload(struct actor *a, uint32_t entry, uint64_t intended,
			uint64_t now, struct payload_out *ret)
{
	const struct entry *e = &a->squad->crew->entries[entry];
	struct worker *w = worker_of(a);
	struct template_values v = { 0 };
	struct buf text = { 0 };
	struct header h = {
		.tag = w->run->tag.value,
		.publisher = e->first_stream + actor_client(a),
		.sequence = *sequence_of(a, entry),
		.intended = intended,
	};
	int r = 0;

	if (e->plan->payload.kind == PAYLOAD_TEMPLATE) {
		r = group_values(a->squad->crew->group, actor_client(a),
				 e->plan->payload.template, &text, &v);
		v.number = h.sequence;
		v.time = clock_wall();
		v.random = random_number;
		v.random_ctx = &w->random;
	}
	if (r == 0)
		r = payload_make(&w->payloads[e->number], &h,
				 since_epoch(w, now), &v, ret);
	buf_release(&text);
	return r;
}

static int add_reply(struct actor *a, const struct entry *e, struct buf *props,
		     struct payload_out *out)
{
	struct buf topic = { 0 };
	int r;

	r = group_render(a->squad->crew->group, actor_client(a), e->plan->reply,
			 &topic);
	if (r == 0)
		r = buf_append(props, out->props);
	if (r == 0)
		r = props_put_bytes(props, PROP_RESPONSE_TOPIC,
				    buf_view(&topic));
	out->props = buf_view(props);
	buf_release(&topic);
	return r;
}

/* Into the worker's buffer, where it often is already: messages come in
 * rows of the same client. */
static int render_topic(struct actor *a, uint32_t entry)
{
	const struct entry *e = &a->squad->crew->entries[entry];
	struct worker *w = worker_of(a);

	if (w->topic_of == a && w->topic_entry == e)
		return 0;
	buf_clear(&w->topic);
	w->topic_of = NULL;
	if (actor_topic(a, entry, *sequence_of(a, entry), &w->topic) < 0)
		return -1;
	w->topic_of = e->varies ? NULL : a;
	w->topic_entry = e;
	return 0;
}

static int build(struct actor *a, uint32_t entry, uint64_t intended,
		 uint64_t now, struct publish *ret)
{
	const struct entry *e = &a->squad->crew->entries[entry];
	struct worker *w = worker_of(a);
	struct payload_out out = { 0 };

	buf_clear(&w->props);
	if (make_payload(a, entry, intended, now, &out) < 0 ||
	    render_topic(a, entry) < 0 ||
	    (e->plan->reply && add_reply(a, e, &w->props, &out) < 0))
		return -1;
	*ret = (struct publish){
		.topic = buf_view(&w->topic),
		.payload = out.payload,
		.props = out.props,
		.expiry = e->plan->expiry,
		.has_expiry = e->plan->expiry != 0,
		.qos = e->plan->qos,
		.retain = e->plan->retain,
	};
	return 0;
}

static void count_skipped(struct actor *a, uint32_t entry, uint64_t intended)
{
	struct worker *w = worker_of(a);

	w->account.n[COUNT_SKIPPED]++;
	if (run_measures(w->run, intended))
		w->measured_unsent[qos_of(a, entry)]++;
}

/* What the broker does not allow is told apart from what it refuses. */
static uint8_t reason_of(enum submit s)
{
	switch (s) {
	case SUBMIT_NO_QOS:
		return REASON_NO_QOS;
	case SUBMIT_NO_RETAIN:
		return REASON_NO_RETAIN;
	case SUBMIT_TOO_LARGE:
		return REASON_PACKET_TOO_LARGE;
	case SUBMIT_BAD_TOPIC:
		return REASON_TOPIC_INVALID;
	default:
		return 0;
	}
}

static enum sent never_sent(struct actor *a, uint32_t entry, uint64_t intended,
			    enum submit s)
{
	struct account *acc = &worker_of(a)->account;
	uint8_t reason = reason_of(s);

	if (!reason) {
		count_skipped(a, entry, intended);
		return SENT_NEVER;
	}
	acc->n[COUNT_SENT]++;
	note_refused(a, entry, reason);
	++*sequence_of(a, entry);
	return SENT_NEVER;
}

static void count_sent(struct actor *a, const struct handed *h,
		       const struct publish *p)
{
	const struct entry *e = &a->squad->crew->entries[h->entry];
	struct worker *w = worker_of(a);

	++*sequence_of(a, h->entry);
	w->account.n[COUNT_SENT]++;
	w->account.n[COUNT_BYTES_OUT] += h->size;
	if (p->qos == 0)
		w->account.n[COUNT_SENT_QOS0]++;
	else
		a->in_flight++;
	if (run_measures(w->run, h->intended))
		w->measured_sent++;
	w->sent_in_time += run_is_measuring(w->run, loop_now(w->loop));
	if (e->varies && w->run->varying)
		atomic_fetch_add_explicit(&w->progress.expected,
					  route_match(w->run->varying, p->topic,
						      NULL, NULL),
					  memory_order_relaxed);
}

/* A socket that took no more a moment ago gets no more. */
static enum submit submit(struct actor *a, const struct publish *p,
			  uint64_t tag, struct handed *h)
{
	struct conn *c = &a->conn;
	enum submit s = SUBMIT_OFFLINE;

	mutex_lock(c->lock);
	if (!c->wants_write)
		s = session_publish(c->session, p, tag, h->at, &h->seq);
	if (s == SUBMIT_OK)
		actor_note_handed_locked(h);
	if (c->wants_write ||
	    session_output_len(c->session) >= CONN_OUTPUT_HIGH)
		a->is_blocked = true;
	mutex_unlock(c->lock);
	return s;
}

/* waited: how long it stood in the backlog because of the socket. */
static enum sent send_one(struct actor *a, uint32_t entry, uint64_t intended,
			  uint64_t waited, uint64_t now)
{
	uint64_t lag = since_epoch(worker_of(a), now) - intended;
	struct handed h = { .actor = a,
			    .entry = entry,
			    .intended = intended,
			    .at = now,
			    .waited = waited };
	struct publish p;
	enum submit s = SUBMIT_NO_MEMORY;

	if (build(a, entry, intended, now, &p) < 0)
		return never_sent(a, entry, intended, s);
	h.size = encode_publish_size(a->squad->crew->group->mqtt.version, &p);
	s = submit(a, &p, actor_tag(entry, intended, lag), &h);
	if (s == SUBMIT_OFFLINE || s == SUBMIT_NO_PID)
		return SENT_NO_ROOM;
	if (s != SUBMIT_OK)
		return never_sent(a, entry, intended, s);
	count_sent(a, &h, &p);
	return SENT;
}

/* --------------------------------------------------------------- backlog */

static void put_off(struct actor *a, uint32_t entry, uint64_t intended,
		    uint64_t lag, enum sent why)
{
	uint64_t now = loop_now(worker_of(a)->loop);
	const struct waiting m = {
		.intended = intended,
		.entry = (uint16_t)entry,
		.lag = (uint16_t)hist_slot(lag),
	};

	if (backlog_is_full(a->backlog) &&
	    backlog_grow(&a->backlog, why == SENT_NO_WINDOW, now) < 0)
		count_skipped(a, entry, intended);
	else
		backlog_put(a->backlog, &m, now);
}

/* SENT: it can. */
static enum sent can_send(const struct actor *a, uint8_t qos)
{
	if (a->state != ACTOR_READY || a->is_blocked)
		return SENT_NO_ROOM;
	return qos > 0 && a->in_flight >= a->window ? SENT_NO_WINDOW : SENT;
}

void actor_wait_for_connection(struct actor *a, uint64_t now)
{
	if (a->backlog)
		backlog_switch(a->backlog, false, now);
}

static bool is_too_late(const struct actor *a, uint64_t late)
{
	uint64_t limit = worker_of(a)->run->scenario->skip_after;

	return limit && late > limit;
}

void actor_publish_due(struct actor *a, uint32_t entry, uint64_t intended)
{
	const struct publish_plan *plan = a->squad->crew->entries[entry].plan;
	struct worker *w = worker_of(a);
	uint64_t now = loop_refresh_now(w->loop);
	uint64_t late = since_epoch(w, now) - intended;
	enum sent sent;

	w->account.n[COUNT_SCHEDULED]++;
	w->measured_due += run_measures(w->run, intended);
	worker_record(w, TIMING_LAG_TIMER, intended, late);
	if (is_too_late(a, late)) {
		count_skipped(a, entry, intended);
		return;
	}
	if (a->backlog && a->backlog->count) {
		put_off(a, entry, intended, late, SENT_NO_ROOM);
		return;
	}
	sent = can_send(a, plan->qos);
	if (sent == SENT)
		sent = send_one(a, entry, intended, 0, now);
	if (is_held_up(sent))
		put_off(a, entry, intended, late, sent);
	else
		worker_touch(w, a);
}

void actor_skip(struct actor *a, uint32_t entry, uint64_t intended)
{
	struct worker *w = worker_of(a);

	w->account.n[COUNT_SCHEDULED]++;
	w->measured_due += run_measures(w->run, intended);
	worker_record(w, TIMING_LAG_TIMER, intended,
		      since_epoch(w, loop_now(w->loop)) - intended);
	count_skipped(a, entry, intended);
}

/* True when the first one is off the list. */
static bool send_waiting(struct actor *a, uint64_t now)
{
	struct worker *w = worker_of(a);
	struct backlog *b = a->backlog;
	struct waiting first = *backlog_first(b);
	uint64_t late = since_epoch(w, now) - first.intended;
	uint64_t waited = late - hist_slot_low(first.lag);
	uint64_t window = backlog_window(b, waited, now);
	enum sent sent;

	if (is_too_late(a, late)) {
		count_skipped(a, first.entry, first.intended);
		backlog_drop_first(b);
		return true;
	}
	sent = can_send(a, qos_of(a, first.entry));
	if (sent == SENT)
		sent = send_one(a, first.entry, first.intended, waited - window,
				now);
	if (is_held_up(sent)) {
		backlog_switch(b, sent == SENT_NO_WINDOW, now);
		return false;
	}
	if (window)
		worker_record(w, TIMING_LAG_WINDOW, first.intended, window);
	w->waited += run_measures(w->run, first.intended);
	backlog_drop_first(b);
	return true;
}

/* ---------------------------------------------------------- closed model */

/* How many messages this client may still send of that entry; NULL: any. */
static uint64_t *quota_of(const struct actor *a, uint32_t entry)
{
	const struct squad *s = a->squad;

	if (!s->quota || !s->crew->entries[entry].plan->count)
		return NULL;
	return &s->quota[a->place * s->crew->group->publish_count + entry];
}

/* One round over the entries without a rate; false when nothing went. */
static bool send_closed(struct actor *a, uint64_t now)
{
	const struct crew *crew = a->squad->crew;
	struct worker *w = worker_of(a);
	bool any = false;
	uint64_t *quota;

	for (uint32_t i = 0; i < crew->group->publish_count; i++) {
		quota = quota_of(a, i);
		if (!entry_is_closed(&crew->entries[i]) ||
		    can_send(a, crew->entries[i].plan->qos) != SENT ||
		    (quota && *quota == 0))
			continue;
		if (is_held_up(send_one(a, i, since_epoch(w, now), 0, now)))
			continue;
		w->account.n[COUNT_SCHEDULED]++;
		if (quota) {
			--*quota;
			atomic_fetch_sub_explicit(&w->progress.quota, 1,
						  memory_order_relaxed);
		}
		any = true;
	}
	return any;
}

void actor_go_on(struct actor *a)
{
	int helping = HELPING;
	uint64_t now;

	if (a->has_old)
		actor_take_dropped(a, loop_now(worker_of(a)->loop));
	if (worker_of(a)->is_counted ||
	    (!a->backlog &&
	     (!a->squad->crew->is_closed || !a->squad->may_send)))
		return;
	now = loop_refresh_now(worker_of(a)->loop);
	while (a->backlog && a->backlog->count && helping-- > 0)
		if (!send_waiting(a, now))
			return;
	if (a->backlog && !a->backlog->count)
		free(STEAL(a->backlog));
	if (!a->backlog && (!a->squad->crew->is_closed || !a->squad->may_send))
		return;
	while (!a->backlog && helping-- > 0)
		if (!send_closed(a, now))
			return;
	worker_feed(worker_of(a), a);
}

/* ------------------------------------------------------- acknowledgements */

static void record_ack(struct actor *a, const struct event_published *p,
		       uint64_t now)
{
	struct worker *w = worker_of(a);
	uint64_t age = tag_age(p->tag, since_epoch(w, now));
	uint64_t intended = since_epoch(w, now) - age, lag = tag_lag(p->tag);

	worker_record(w, p->qos == 1 ? TIMING_PUB_ACK : TIMING_PUB_TOTAL,
		      intended, age);
	worker_record(w, TIMING_PUB_RAW, intended, age > lag ? age - lag : 0);
	if (p->released_at) {
		worker_record(w, TIMING_PUB_REC, intended,
			      since_epoch(w, p->released_at) - intended);
		worker_record(w, TIMING_PUB_COMP, intended,
			      now - p->released_at);
	}
}

void actor_on_published(struct actor *a, const struct event_published *p,
			uint64_t now)
{
	struct account *acc = &worker_of(a)->account;

	if (p->tag == RESPONSE_TAG)
		return;
	a->in_flight--;
	if (p->reason >= 0x80 || p->expired) {
		note_refused(a, tag_entry(p->tag), p->reason);
	} else {
		acc->n[COUNT_ACKED]++;
		acc->n[COUNT_UNMATCHED] += p->reason == REASON_NO_SUBSCRIBERS;
		record_ack(a, p, now);
	}
}

void actor_take_dropped(struct actor *a, uint64_t now)
{
	struct event_published p;
	bool has = true;

	while (has && !worker_of(a)->is_counted) {
		mutex_lock(a->conn.lock);
		has = session_next_dropped(a->conn.session, &p);
		mutex_unlock(a->conn.lock);
		if (has)
			actor_on_published(a, &p, now);
	}
}

/* A message that the broker has done with only in part, or not at all. */
static void count_unacked(struct actor *a, const struct message *m,
			  uint64_t now)
{
	struct worker *w = worker_of(a);
	uint64_t age = tag_age(m->tag, since_epoch(w, now));
	uint64_t intended = since_epoch(w, now) - age;

	note_unaccepted(a, tag_entry(m->tag));
	w->account.n[age >= w->run->config->ack_timeout ? COUNT_TIMED_OUT
							: COUNT_IN_FLIGHT]++;
	if (m->released_at)
		worker_record(w, TIMING_PUB_REC, intended,
			      since_epoch(w, m->released_at) - intended);
	if (!run_measures(w->run, intended))
		return;
	if (m->state == MESSAGE_RELEASED)
		w->measured_uncompleted++;
	else
		w->measured_unacked[m->qos]++;
}

void actor_count_rest(struct actor *a, uint64_t now)
{
	struct worker *w = worker_of(a);
	const struct backlog *b = a->backlog;
	const struct waiting *first;
	struct session_stats st;

	actor_take_dropped(a, now);
	mutex_lock(a->conn.lock);
	session_stats(a->conn.session, &st);
	mutex_unlock(a->conn.lock);
	w->account.n[COUNT_BYTES_OUT] += st.put;
	if (b)
		w->account.n[COUNT_BACKLOG] += b->count;
	for (uint32_t i = 0; b && i < b->count; i++) {
		first = &b->ring[(b->head + i) & (b->cap - 1)];
		w->measured_unsent[qos_of(a, first->entry)] += run_measures(
			w->run, first->intended);
	}
	for (struct message *m = a->store->head; m; m = m->next)
		if (m->tag != RESPONSE_TAG)
			count_unacked(a, m, now);
	actor_forget_output(a, now);
}
