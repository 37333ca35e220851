/* SPDX-License-Identifier: MIT */
#include "mqtt/reason.h"
#include "mqtt/session_impl.h"

static enum in_state state_of(const struct session *s, uint16_t pid)
{
	enum in_state state = IN_NEW;

	if (s->arrivals)
		state = arrivals_state(s->arrivals, pid);
	if (state == IN_NEW && s->store->ops->inbound_has(s->store, pid))
		state = IN_HELD;
	return state;
}

/* Puts the topic in full where the server sent an alias. */
static enum feed resolve_alias(struct session *s, struct publish *p)
{
	if (p->alias > s->alias_max)
		return session_fail(s, REASON_ALIAS_INVALID,
				    "a topic alias above our maximum");
	if (!s->alias_in)
		s->alias_in = alias_in_new();
	if (!s->alias_in)
		return session_fail_memory(s);
	if (p->topic.n) {
		if (alias_in_set(s->alias_in, p->alias, p->topic) < 0)
			return session_fail_memory(s);
		return FEED_NONE;
	}
	p->topic = alias_in_get(s->alias_in, p->alias);
	if (!p->topic.n)
		return session_fail(s, REASON_PROTOCOL_ERROR,
				    "a topic alias that stands for nothing");
	return FEED_NONE;
}

static int note_arrival(struct session *s, enum arrival_kind kind, uint16_t pid)
{
	struct arrival arrival = { .delivery = s->delivered,
				   .pid = pid,
				   .kind = (uint8_t)kind };

	if (!s->arrivals)
		s->arrivals = arrivals_new();
	if (!s->arrivals)
		return -1;
	return arrivals_add(s->arrivals, &arrival);
}

/* A message that is not answered yet takes a slot of the window that we
 * gave the server (5.0 section 3.3.4). */
static enum feed take_slot(struct session *s)
{
	if (s->in_open >= (int32_t)s->receive_max)
		return session_fail(s, REASON_RECEIVE_MAX,
				    "more unacknowledged messages than our "
				    "receive maximum");
	s->in_open++;
	return FEED_NONE;
}

static void free_slot(struct session *s)
{
	/* Below zero, too: messages of an earlier connection end without
	 * having begun on this one, and the server gets a slot for each
	 * PUBCOMP, whatever that says (5.0 section 4.9). */
	if (s->in_open > -(int32_t)MQTT_PID_MAX)
		s->in_open--;
}

static enum feed deliver(struct session *s, const struct publish *p,
			 struct event *ret_event)
{
	if (p->qos && take_slot(s) == FEED_FAIL)
		return FEED_FAIL;
	s->delivered++;
	if (p->qos && note_arrival(s, p->qos == 1 ? ARRIVAL_QOS1 : ARRIVAL_QOS2,
				   p->pid) < 0)
		return session_fail_memory(s);
	ret_event->type = EVENT_MESSAGE;
	ret_event->message.packet = *p;
	ret_event->message.delivery = s->delivered;
	return FEED_EVENT;
}

/* Answered when everything that came before on this connection has been, so
 * that PUBRECs stay in the order of arrival [MQTT-4.6.0-3]. */
static enum feed answer_repeat(struct session *s, uint16_t pid)
{
	if (!s->arrivals || !s->arrivals->live)
		session_answer(s, PACKET_PUBREC, pid, REASON_SUCCESS);
	else if (arrivals_add_repeat(s->arrivals, pid) < 0)
		return session_fail_memory(s);
	return FEED_NONE;
}

static enum feed on_qos2(struct session *s, const struct publish *p,
			 struct event *ret_event)
{
	switch (inflight_in(state_of(s, p->pid), IN_PUBLISH).action) {
	case IN_DELIVER:
		return deliver(s, p, ret_event);
	case IN_ADOPT:
		arrivals_adopt(s->arrivals, p->pid);
		return take_slot(s);
	case IN_REC_AGAIN:
		return answer_repeat(s, p->pid);
	default:
		return FEED_NONE;
	}
}

enum feed session_on_publish(struct session *s, struct publish *p,
			     struct event *ret_event)
{
	/* We are leaving: it cannot be acknowledged any more, and comes
	 * again if it has to. */
	if (s->phase == PHASE_CLOSING)
		return FEED_NONE;
	if (p->alias && resolve_alias(s, p) == FEED_FAIL)
		return FEED_FAIL;
	if (p->qos == 2)
		return on_qos2(s, p, ret_event);
	return deliver(s, p, ret_event);
}

enum feed session_on_pubrel(struct session *s, const struct ack *p)
{
	struct in_step step = inflight_in(state_of(s, p->pid), IN_PUBREL);

	if (s->no_problem_info && p->props.n)
		return session_fail_unwanted_info(s);
	free_slot(s);
	if (step.action == IN_COMP) {
		s->store->ops->inbound_remove(s->store, p->pid);
		session_answer(s, PACKET_PUBCOMP, p->pid, REASON_SUCCESS);
	} else {
		session_answer(s, PACKET_PUBCOMP, p->pid, REASON_PID_NOT_FOUND);
	}
	return FEED_NONE;
}

/* What is handed over can be remembered but not answered while there is no
 * connection, or while it ends. */
static bool is_live(const struct session *s, const struct arrival *a)
{
	return session_may_send(s) && !a->is_stale;
}

static void end_qos1(struct session *s, const struct arrival *a, uint8_t reason)
{
	if (!is_live(s, a))
		return;
	free_slot(s);
	session_answer(s, PACKET_PUBACK, a->pid, reason);
}

static void end_qos2(struct session *s, const struct arrival *a, uint8_t reason)
{
	enum in_event event = reason < REASON_UNSPECIFIED ? IN_ACCEPT
							  : IN_REFUSE;
	struct in_step step = inflight_in(is_live(s, a) ? IN_PENDING : IN_STALE,
					  event);

	if (step.next == IN_HELD &&
	    s->store->ops->inbound_add(s->store, a->pid) < 0) {
		session_fail_memory(s);
		return;
	}
	if (step.action == IN_REC_BAD)
		free_slot(s);
	if (step.action == IN_REC || step.action == IN_REC_BAD)
		session_answer(s, PACKET_PUBREC, a->pid, reason);
}

static void end_arrival(struct session *s, const struct arrival *a,
			uint8_t reason)
{
	switch ((enum arrival_kind)a->kind) {
	case ARRIVAL_QOS1:
		end_qos1(s, a, reason);
		break;
	case ARRIVAL_QOS2:
		end_qos2(s, a, reason);
		break;
	case ARRIVAL_REPEAT:
		session_answer(s, PACKET_PUBREC, a->pid, REASON_SUCCESS);
		break;
	}
}

/* Ends what was handed over up to and including that delivery; the last one
 * with the reason. */
static void end_deliveries(struct session *s, uint64_t delivery, uint8_t reason)
{
	const struct arrival *first;

	if (delivery > s->delivered)
		delivery = s->delivered;
	if (delivery <= s->acknowledged)
		return;
	s->acknowledged = delivery;
	while (s->arrivals && (first = arrivals_first(s->arrivals)) &&
	       first->delivery <= delivery) {
		struct arrival a = *first;
		bool is_last = a.delivery == delivery &&
			       a.kind != ARRIVAL_REPEAT;

		arrivals_pop(s->arrivals);
		end_arrival(s, &a, is_last ? reason : REASON_SUCCESS);
	}
}

void session_acknowledge(struct session *s, uint64_t delivery)
{
	end_deliveries(s, delivery, REASON_SUCCESS);
}

void session_refuse(struct session *s, uint64_t delivery, uint8_t reason)
{
	/* 3.x has no way to say so. */
	end_deliveries(s, delivery,
		       s->version == MQTT_5 ? reason : REASON_SUCCESS);
}
