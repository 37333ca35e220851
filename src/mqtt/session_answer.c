/* SPDX-License-Identifier: MIT */
#include "mqtt/reason.h"
#include "mqtt/session_impl.h"

static enum out_state state_of(const struct id_slot *slot)
{
	if (!slot)
		return OUT_FREE;
	switch ((enum id_use)slot->use) {
	case ID_PUBLISH:
		if (slot->message->state == MESSAGE_RELEASED)
			return OUT_RELEASED;
		return slot->message->qos == 2 ? OUT_QOS2 : OUT_QOS1;
	case ID_SUBSCRIBE:
		return OUT_SUBSCRIBE;
	case ID_UNSUBSCRIBE:
		return OUT_UNSUBSCRIBE;
	case ID_SPENT:
	case ID_ARRIVED:
		break;
	}
	return OUT_FREE;
}

static enum out_event event_of(enum packet_type type, uint8_t reason)
{
	bool is_bad = reason >= REASON_UNSPECIFIED;

	if (type == PACKET_PUBACK)
		return is_bad ? OUT_PUBACK_BAD : OUT_PUBACK;
	if (type == PACKET_PUBREC)
		return is_bad ? OUT_PUBREC_BAD : OUT_PUBREC;
	return OUT_PUBCOMP;
}

static enum feed wrong_answer(struct session *s)
{
	return session_fail(s, REASON_PROTOCOL_ERROR,
			    "an acknowledgement of the wrong kind for its "
			    "packet id");
}

/* The message is done, whatever became of it. */
static enum feed finish(struct session *s, struct id_slot *slot,
			struct event_published *event, struct event *ret_event)
{
	struct message *m = slot->message;

	event->seq = m->seq;
	event->tag = m->tag;
	event->released_at = m->released_at;
	event->qos = m->qos;
	ret_event->type = EVENT_PUBLISHED;
	ret_event->published = *event;
	session_finish(s, m, slot);
	return FEED_EVENT;
}

/* From here on the broker owns the message: that is noted before PUBREL. */
static void release(struct session *s, struct message *m, uint64_t now)
{
	m->state = MESSAGE_RELEASED;
	m->released_at = now;
	m->release_order = ++s->release_order;
	s->store->ops->update(s->store, m);
	s->awaiting_ack--;
	s->awaiting_comp++;
	session_answer(s, PACKET_PUBREL, m->pid, REASON_SUCCESS);
}

enum feed session_on_ack(struct session *s, enum packet_type type,
			 const struct ack *p, uint64_t now,
			 struct event *ret_event)
{
	struct id_slot *slot = ids_find(&s->ids, p->pid);
	struct event_published event = { .reason = p->reason,
					 .props = p->props };
	struct out_step step = inflight_out(state_of(slot),
					    event_of(type, p->reason));

	if (s->no_problem_info && p->props.n)
		return session_fail_unwanted_info(s);
	switch (step.action) {
	case OUT_IGNORE:
		break;
	case OUT_COMPLETE:
		/* An id unknown at PUBCOMP was delivered all the same. */
		if (type == PACKET_PUBCOMP)
			event.reason = REASON_SUCCESS;
		return finish(s, slot, &event, ret_event);
	case OUT_DOWNGRADE:
		if (s->config.strict)
			return wrong_answer(s);
		event.downgraded = true;
		return finish(s, slot, &event, ret_event);
	case OUT_REFUSE:
		return finish(s, slot, &event, ret_event);
	case OUT_RELEASE:
		release(s, slot->message, now);
		break;
	case OUT_REL_AGAIN:
		session_answer(s, PACKET_PUBREL, p->pid, REASON_SUCCESS);
		break;
	case OUT_REL_UNKNOWN:
		session_answer(s, PACKET_PUBREL, p->pid, REASON_PID_NOT_FOUND);
		break;
	case OUT_ERROR:
		return wrong_answer(s);
	}
	return FEED_NONE;
}

enum feed session_on_suback(struct session *s, enum packet_type type,
			    const struct suback *p, struct event *ret_event)
{
	bool is_suback = type == PACKET_SUBACK;
	struct id_slot *slot = ids_find(&s->ids, p->pid);
	struct out_step step = inflight_out(
		state_of(slot), is_suback ? OUT_SUBACK : OUT_UNSUBACK);

	if (s->no_problem_info && p->props.n)
		return session_fail_unwanted_info(s);
	if (step.action == OUT_ERROR)
		return wrong_answer(s);
	if (step.action != OUT_COMPLETE)
		return FEED_NONE;
	/* One reason per filter [MQTT-3.9.3-1, 3.11.3-1]; the UNSUBACK of
	 * 3.x has none. */
	if ((is_suback || s->version == MQTT_5) &&
	    p->reasons.n != slot->filters)
		return session_fail(s, REASON_PROTOCOL_ERROR,
				    "not one reason code for each filter");
	ids_drop(&s->ids, slot);
	session_trim(s);
	ret_event->type = is_suback ? EVENT_SUBACK : EVENT_UNSUBACK;
	ret_event->suback = *p;
	return FEED_EVENT;
}
