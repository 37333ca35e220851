/* SPDX-License-Identifier: MIT */
#include "mqtt/session.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/prefetch.h"
#include "mqtt/encode.h"
#include "mqtt/reason.h"
#include "mqtt/session_impl.h"

/* Answers that a peer has not read; twice what a correct one can cause. */
enum {
	ANSWERS_MAX = 1024 * 1024,
	PART = 128, /* of what may be large, the bytes that are asked for */
};

/* A message of an earlier run. One without an id of its own cannot be
 * matched with an answer: it is sent anew. */
static int take_message(struct session *s, struct message *m)
{
	struct id_slot *slot;

	if (m->state != MESSAGE_QUEUED &&
	    (!m->pid || ids_find(&s->ids, m->pid))) {
		m->state = MESSAGE_QUEUED;
		m->pid = 0;
		m->was_sent = true;
		s->store->ops->update(s->store, m);
	}
	if (m->state == MESSAGE_QUEUED) {
		if (session_is_held(s, m))
			s->held++;
		else
			s->queued++;
		return 0;
	}
	slot = ids_add(&s->ids, m->pid);
	if (!slot)
		return -1;
	slot->use = ID_PUBLISH;
	slot->message = m;
	if (m->state == MESSAGE_SENT)
		s->awaiting_ack++;
	else
		s->awaiting_comp++;
	if (m->release_order > s->release_order)
		s->release_order = m->release_order;
	return 0;
}

/* Numbers rise along the list, so the new ones are at its end. */
int session_take_new(struct session *s)
{
	struct message *m = s->store->tail;

	if (!m || m->seq <= s->last_seq)
		return 0;
	while (m->prev && m->prev->seq > s->last_seq)
		m = m->prev;
	if (!s->next)
		s->next = m;
	for (; m; m = m->next) {
		if (take_message(s, m) < 0)
			return -1;
		s->last_seq = m->seq;
	}
	return 0;
}

struct session *session_new(struct store *store,
			    const struct session_config *config)
{
	struct session *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->store = store;
	s->config = *config;
	if (session_take_new(s) < 0) {
		session_free(s);
		return NULL;
	}
	return s;
}

/* What belongs to the connection alone. */
static void release_connection(struct session *s)
{
	lanes_release(&s->lanes);
	alias_in_free(s->alias_in);
	alias_out_free(s->alias_out);
	s->alias_in = NULL;
	s->alias_out = NULL;
}

void session_free(struct session *s)
{
	if (!s)
		return;
	release_connection(s);
	ids_release(&s->ids);
	arrivals_free(s->arrivals);
	if (s->dropped)
		buf_release(s->dropped);
	free(s->dropped);
	free((void *)(uintptr_t)s->assigned_id.p);
	free(s);
}

int session_connect(struct session *s, const struct connect *c, uint64_t now)
{
	struct keepalive_config keepalive = {
		.keepalive = c->keepalive,
		.ping_timeout = s->config.ping_timeout,
		.write_timeout = s->config.write_timeout,
	};
	struct connect packet = *c;

	session_lost(s);
	if (!packet.client_id.n && s->assigned_id.n)
		packet.client_id = s->assigned_id;
	if (encode_connect(&s->lanes.control, &packet) < 0)
		return -1;
	s->connect = c;
	s->version = (uint8_t)c->version;
	s->phase = PHASE_CONNECTING;
	session_reset_limits(s, c);
	keepalive_start(&s->keepalive, &keepalive, now);
	keepalive_waiting(&s->keepalive, now);
	return 0;
}

/* Requests die with the connection [MQTT-4.1.0]; messages keep their ids. */
static void lose_ids(struct session *s)
{
	struct id_slot *slot;
	uint32_t i = 0;

	while ((slot = ids_next(&s->ids, &i))) {
		slot->in_window = false;
		if (slot->use == ID_SUBSCRIBE || slot->use == ID_UNSUBSCRIBE)
			ids_drop(&s->ids, slot);
	}
	s->in_window = 0;
}

void session_share_connect(struct session *s, const struct connect *c)
{
	if (s->connect)
		s->connect = c;
}

static void note_unwritten(struct session *s)
{
	size_t n = buf_len(&s->lanes.publish) + s->lanes.attached.n;

	s->unwritten = n > UINT32_MAX - s->unwritten
			       ? UINT32_MAX
			       : s->unwritten + (uint32_t)n;
}

void session_lost(struct session *s)
{
	if (s->phase == PHASE_OFFLINE)
		return;
	note_unwritten(s);
	release_connection(s);
	lose_ids(s);
	if (s->arrivals)
		arrivals_lose_connection(s->arrivals);
	s->phase = PHASE_OFFLINE;
	s->connect = NULL;
	s->next = NULL;
	s->in_open = 0;
	s->is_reauthenticating = false;
	s->failure_was_told = false;
	session_trim(s);
}

void session_trim(struct session *s)
{
	lanes_trim(&s->lanes);
	ids_trim(&s->ids);
	if (s->arrivals && arrivals_is_empty(s->arrivals)) {
		arrivals_free(s->arrivals);
		s->arrivals = NULL;
	}
}

/* Replaces all publishes that have not begun to leave. */
static void put_failure(struct session *s)
{
	struct disconnect packet = { .reason = s->failure_reason };
	size_t before;

	note_unwritten(s);
	lanes_drop_publishes(&s->lanes);
	if (lanes_detach(&s->lanes) < 0)
		return;
	before = buf_len(&s->lanes.publish);
	if (encode_disconnect(&s->lanes.publish, MQTT_5, &packet) < 0)
		return;
	if (s->limits.max_packet &&
	    buf_len(&s->lanes.publish) - before > s->limits.max_packet)
		buf_truncate(&s->lanes.publish, before);
}

enum feed session_fail(struct session *s, uint8_t reason, const char *why)
{
	uint8_t phase = s->phase;

	if (phase == PHASE_FAILED)
		return FEED_FAIL;
	s->failure = why;
	s->failure_reason = reason;
	s->phase = PHASE_FAILED;
	keepalive_finish(&s->keepalive);
	/* A 3.x DISCONNECT would mean that all is well. */
	if (s->version == MQTT_5 &&
	    (phase == PHASE_CONNECTING || phase == PHASE_ONLINE))
		put_failure(s);
	return FEED_FAIL;
}

enum feed session_fail_memory(struct session *s)
{
	return session_fail(s, REASON_IMPLEMENTATION, "out of memory");
}

enum feed session_fail_unwanted_info(struct session *s)
{
	return session_fail(s, REASON_PROTOCOL_ERROR,
			    "problem information although we asked for none");
}

struct session_failure session_failure(const struct session *s)
{
	return (struct session_failure){ .reason = s->failure_reason,
					 .why = s->failure };
}

int session_check_control(struct session *s, size_t before)
{
	struct buf *control = &s->lanes.control;

	if (!s->limits.max_packet ||
	    buf_len(control) - before <= s->limits.max_packet)
		return 0;
	buf_truncate(control, before);
	return -1;
}

void session_answer(struct session *s, enum packet_type type, uint16_t pid,
		    uint8_t reason)
{
	struct ack packet = { .pid = pid, .reason = reason };
	size_t before = buf_len(&s->lanes.control);

	if (!session_may_send(s))
		return;
	if (before > ANSWERS_MAX)
		session_fail(s, REASON_QUOTA,
			     "the broker does not read our answers");
	else if (encode_ack(&s->lanes.control, s->version, type, &packet) < 0)
		session_fail_memory(s);
	else if (session_check_control(s, before) < 0)
		session_fail(s, REASON_PACKET_TOO_LARGE,
			     "the broker's maximum packet size "
			     "leaves no room for an acknowledgement");
}

void session_heard(struct session *s, uint64_t now)
{
	keepalive_heard(&s->keepalive, now);
}

void session_set_paused(struct session *s, bool is_paused, uint64_t now)
{
	keepalive_pause(&s->keepalive, is_paused, now);
}

static void put_ping(struct session *s)
{
	if (s->limits.max_packet == 1)
		session_fail(s, REASON_PACKET_TOO_LARGE,
			     "the broker's maximum packet size "
			     "leaves no room for a ping");
	else if (lanes_put_ping(&s->lanes) < 0)
		session_fail_memory(s);
}

void session_ping(struct session *s, uint64_t now)
{
	if (s->phase != PHASE_ONLINE)
		return;
	put_ping(s);
	keepalive_pinged(&s->keepalive, now);
	keepalive_waiting(&s->keepalive, now);
}

void session_set_beat(struct session *s, uint64_t beat, uint64_t ping_timeout)
{
	s->config.beat = beat;
	s->config.ping_timeout = ping_timeout;
	if (s->phase == PHASE_ONLINE)
		keepalive_set_beat(&s->keepalive, beat, ping_timeout);
}

uint64_t session_ping_interval(const struct session *s)
{
	return s->keepalive.interval;
}

bool session_is_probing(const struct session *s)
{
	return keepalive_is_probing(&s->keepalive);
}

int session_commit(struct session *s, struct err *e)
{
	if (!s->store->is_dirty)
		return 0;
	return s->store->ops->commit(s->store, e);
}

struct bytes session_output(struct session *s)
{
	if (!s->store->is_dirty)
		lanes_clear_all(&s->lanes);
	return lanes_view(&s->lanes);
}

void session_sent(struct session *s, size_t n, uint64_t now)
{
	if (!n)
		return;
	lanes_sent(&s->lanes, n);
	keepalive_sent(&s->keepalive, lanes_len(&s->lanes) == 0, now);
	if (s->lanes.control_cleared)
		keepalive_moved(&s->keepalive, now);
}

void session_hold(struct session *s)
{
	lanes_hold(&s->lanes);
}

size_t session_output_len(const struct session *s)
{
	return lanes_len(&s->lanes);
}

void session_prefetch(const struct session *s)
{
	prefetch(s, sizeof(*s));
}

void session_prefetch_parts(const struct session *s)
{
	prefetch(s->store, PART);
	prefetch(s->ids.slots, PART);
	prefetch(s->lanes.publish.data, PART);
}

bool session_is_settled(const struct session *s)
{
	const struct message *newest = s->store->tail;

	return !lanes_len(&s->lanes) && !s->next && !s->store->is_dirty &&
	       (!newest || newest->seq <= s->last_seq);
}

/* Output that could leave; what waits for a commit is not the peer's fault. */
static bool has_output(const struct session *s)
{
	if (s->store->is_dirty)
		return s->lanes.control_cleared || s->lanes.publish_cleared;
	return lanes_len(&s->lanes) != 0;
}

/* A failure outside session_feed() that its caller does not know of yet. */
static bool has_untold_failure(const struct session *s)
{
	return s->phase == PHASE_FAILED && !s->failure_was_told;
}

uint64_t session_deadline(const struct session *s)
{
	if (s->phase == PHASE_OFFLINE || s->phase == PHASE_OVER)
		return CLOCK_NEVER;
	if (has_untold_failure(s))
		return 0;
	return keepalive_deadline(&s->keepalive, has_output(s));
}

enum tick session_tick(struct session *s, uint64_t now)
{
	if (s->phase == PHASE_OFFLINE || s->phase == PHASE_OVER)
		return TICK_OK;
	if (has_untold_failure(s)) {
		s->failure_was_told = true;
		return TICK_FAILED;
	}
	switch (keepalive_tick(&s->keepalive, has_output(s), now)) {
	case KEEPALIVE_OK:
		return TICK_OK;
	case KEEPALIVE_PING:
		session_trim(s); /* a quiet moment */
		put_ping(s);
		keepalive_waiting(&s->keepalive, now);
		return TICK_OK;
	case KEEPALIVE_DEAD:
		return TICK_DEAD;
	case KEEPALIVE_STALLED:
		return TICK_STALLED;
	}
	return TICK_OK;
}

bool session_is_online(const struct session *s)
{
	return s->phase == PHASE_ONLINE;
}

const struct session_limits *session_limits(const struct session *s)
{
	return &s->limits;
}

struct bytes session_client_id(const struct session *s)
{
	if (s->connect && s->connect->client_id.n)
		return s->connect->client_id;
	return s->assigned_id;
}

void session_stats(const struct session *s, struct session_stats *ret)
{
	*ret = (struct session_stats){
		.queued = s->queued,
		.awaiting_ack = s->awaiting_ack,
		.awaiting_comp = s->awaiting_comp,
		.held = s->held,
		.undelivered = s->delivered - s->acknowledged,
		.unwritten = s->unwritten,
		.put = s->put,
	};
}

bool session_is_idle(const struct session *s)
{
	if (s->store->has_more && !s->store->count)
		return false;
	return !s->queued && !s->awaiting_ack && !s->awaiting_comp &&
	       !s->dropped && !lanes_len(&s->lanes);
}
