/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>

#include "base/attr.h"
#include "base/clock.h"
#include "mqtt/encode.h"
#include "mqtt/reason.h"
#include "mqtt/session_impl.h"
#include "mqtt/topic.h"

enum {
	ATTACH_MIN = 64 * 1024,  /* payloads that are not worth a copy */
	ALIAS_COST = 3,          /* what an alias takes: shorter topics go as
				  * they are */
	PROPS_GROWTH = 8,        /* most that an alias can add to a packet */
	SIZE_SAFE = 1024 * 1024, /* nothing to check up to here */
};

bool session_is_held(const struct session *s, const struct message *m)
{
	return m->was_sent && m->state == MESSAGE_QUEUED && m->qos == 2 &&
	       s->config.on_loss == SESSION_LOSS_HOLD;
}

int session_note_dropped(struct session *s, const struct dropped *d)
{
	if (!s->dropped)
		s->dropped = calloc(1, sizeof(*s->dropped));
	if (!s->dropped)
		return -1;
	if (buf_append(s->dropped, bytes_of(d, sizeof(*d))) == 0)
		return 0;
	if (buf_len(s->dropped) == 0) /* it exists only with something in it */
		free(STEAL(s->dropped));
	return -1;
}

bool session_next_dropped(struct session *s, struct event_published *ret)
{
	struct dropped d;

	if (!s->dropped)
		return false;
	memcpy(&d, buf_view(s->dropped).p, sizeof(d));
	buf_consume(s->dropped, sizeof(d));
	if (buf_len(s->dropped) == 0) {
		buf_release(s->dropped);
		free(s->dropped);
		s->dropped = NULL;
	}
	*ret = (struct event_published){ .seq = d.seq,
					 .tag = d.tag,
					 .qos = d.qos,
					 .reason = d.reason,
					 .expired = d.expired,
					 .no_room = d.no_room };
	return true;
}

/* The rest of its payload may be waiting in the output as a view. */
static void detach(struct session *s, const struct message *m)
{
	const struct bytes *rest = &s->lanes.attached;

	if (!rest->n || rest->p + rest->n != m->payload.p + m->payload.n)
		return;
	if (lanes_detach(&s->lanes) < 0) {
		lanes_release(&s->lanes);
		session_fail_memory(s);
	}
}

void session_finish(struct session *s, struct message *m, struct id_slot *slot)
{
	detach(s, m);
	if (m->state == MESSAGE_QUEUED)
		s->queued--;
	else if (m->state == MESSAGE_SENT)
		s->awaiting_ack--;
	else
		s->awaiting_comp--;
	if (slot) {
		s->in_window -= slot->in_window;
		ids_drop(&s->ids, slot);
	}
	if (s->next == m)
		s->next = m->next;
	s->store->ops->remove(s->store, m);
}

/* REASON_SUCCESS, or why this broker may not be sent such a message; offline
 * nobody knows. */
static uint8_t find_refusal(const struct session *s, uint8_t qos, bool retain)
{
	if (!session_may_send(s))
		return REASON_SUCCESS;
	if (qos > s->limits.max_qos) /* [MQTT-3.2.2-11] */
		return REASON_NO_QOS;
	if (retain && !s->limits.retain) /* [MQTT-3.2.2-14] */
		return REASON_NO_RETAIN;
	return REASON_SUCCESS;
}

static bool is_too_large(const struct session *s, const struct publish *p)
{
	uint32_t max = session_may_send(s) ? s->limits.max_packet : 0;
	size_t size;

	if (!max && p->payload.n < SIZE_SAFE && p->props.n < SIZE_SAFE)
		return false;
	size = encode_publish_size(s->version, p);
	return !size || (max && size > max);
}

/* Replaces the topic by its alias, or gives it one. Returns whether a new
 * alias was made, which is undone if the packet does not get out. */
static bool use_alias(struct session *s, struct publish *p)
{
	uint16_t max = s->limits.topic_alias_max;

	if (s->config.aliases_out < max)
		max = s->config.aliases_out;
	if (!max || p->topic.n <= ALIAS_COST)
		return false;
	if (!s->alias_out)
		s->alias_out = alias_out_new(max);
	if (!s->alias_out)
		return false;
	p->alias = alias_out_find(s->alias_out, p->topic);
	if (p->alias) {
		p->topic.n = 0;
		return false;
	}
	if (s->limits.max_packet &&
	    encode_publish_size(s->version, p) + PROPS_GROWTH >
		    s->limits.max_packet)
		return false;
	p->alias = alias_out_add(s->alias_out, p->topic);
	return p->alias != 0;
}

/* Appends a PUBLISH to its lane: the one place where packets take their
 * order on the wire, hence where aliases are made [MQTT-3.3.2-7]. */
static int put_publish(struct session *s, struct publish *p, bool may_attach)
{
	bool is_attached = may_attach && p->payload.n >= ATTACH_MIN;
	struct lanes *l = &s->lanes;
	bool is_new_alias;
	size_t before;
	int r;

	if (l->attached.n && lanes_detach(l) < 0)
		return -1;
	before = lanes_len(l);
	is_new_alias = use_alias(s, p);
	if (is_attached)
		r = encode_publish_head(&l->publish, s->version, p);
	else
		r = encode_publish(&l->publish, s->version, p);
	if (r < 0 && is_new_alias)
		alias_out_undo(s->alias_out);
	if (r == 0 && is_attached)
		lanes_attach(l, p->payload);
	if (r == 0)
		s->put += lanes_len(l) - before;
	return r;
}

/* A message that will never be sent (again): told by session_next_dropped().
 * False when there is no memory for that. */
static bool drop(struct session *s, struct message *m, struct dropped d)
{
	struct id_slot *slot = ids_find(&s->ids, m->pid);

	d.seq = m->seq;
	d.tag = m->tag;
	d.qos = m->qos;
	if (session_note_dropped(s, &d) < 0)
		return false;
	if (slot) {
		/* Sent on an earlier connection: the broker may still know
		 * the id, so a new message must not get it. */
		slot->use = ID_SPENT;
		slot->message = NULL;
	}
	session_finish(s, m, NULL);
	return true;
}

bool session_drop(struct session *s, bool oldest)
{
	struct message *m = oldest ? s->store->head : s->store->tail;

	while (m && (m->state != MESSAGE_QUEUED || m->was_sent))
		m = oldest ? m->next : m->prev;
	return m && drop(s, m, (struct dropped){ .no_room = true });
}

/* What is left of the expiry, in whole seconds; never 0, which some brokers
 * read as "does not expire". */
static uint32_t expiry_left(const struct message *m, uint64_t now)
{
	uint64_t left = m->expires_at > now ? m->expires_at - now : 0;
	uint64_t seconds = (left + CLOCK_SEC - 1) / CLOCK_SEC;

	if (seconds > UINT32_MAX)
		return UINT32_MAX;
	return seconds ? (uint32_t)seconds : 1;
}

static struct publish packet_of(const struct message *m, uint64_t now)
{
	return (struct publish){
		.topic = m->topic,
		.payload = m->payload,
		.props = m->props,
		.expiry = m->has_expiry ? expiry_left(m, now) : 0,
		.has_expiry = m->has_expiry,
		.qos = m->qos,
		.retain = m->retain,
		.dup = m->state == MESSAGE_SENT, /* [MQTT-3.3.1-1] */
	};
}

/* The message is in the output: it counts against the window. */
static void note_sent(struct session *s, struct message *m,
		      struct id_slot *slot)
{
	slot->use = ID_PUBLISH;
	slot->message = m;
	slot->in_window = true;
	s->in_window++;
	s->next = m->next;
	if (m->state == MESSAGE_SENT)
		return;
	m->pid = slot->pid;
	m->state = MESSAGE_SENT;
	s->queued--;
	s->awaiting_ack++;
	s->store->ops->update(s->store, m);
}

/* Puts m into the output; false when that has to wait. */
static bool send_message(struct session *s, struct message *m, uint64_t now)
{
	struct publish p = packet_of(m, now);
	uint8_t refusal = find_refusal(s, m->qos, m->retain);
	struct id_slot *slot;

	/* Only a message that never was on the way may expire
	 * [MQTT-4.3.3-7]. */
	if (m->state == MESSAGE_QUEUED && now >= m->expires_at)
		return drop(s, m, (struct dropped){ .expired = true });
	if (!refusal && is_too_large(s, &p))
		refusal = REASON_PACKET_TOO_LARGE; /* [MQTT-3.2.2-15] */
	if (refusal)
		return drop(s, m, (struct dropped){ .reason = refusal });
	if (s->in_window >= s->quota)
		return false;
	slot = m->state == MESSAGE_SENT ? ids_find(&s->ids, m->pid)
					: ids_take(&s->ids);
	if (!slot)
		return false;
	p.pid = slot->pid;
	if (put_publish(s, &p, true) < 0) {
		if (m->state == MESSAGE_QUEUED)
			ids_drop(&s->ids, slot);
		return false;
	}
	note_sent(s, m, slot);
	return true;
}

void session_pump(struct session *s, uint64_t now, size_t room)
{
	struct message *m;

	(void)!session_take_new(s);
	while ((m = s->next) && session_may_send(s) && !s->lanes.attached.n &&
	       lanes_len(&s->lanes) < room) {
		/* PUBREL is on its way, or was never meant to be sent. */
		if (m->state == MESSAGE_RELEASED || session_is_held(s, m))
			s->next = m->next;
		else if (!send_message(s, m, now))
			break;
	}
	if (lanes_len(&s->lanes))
		keepalive_waiting(&s->keepalive, now);
}

/* QoS 0 has no state: it goes out or not at all. */
static enum submit publish_now(struct session *s, const struct publish *p,
			       uint64_t now)
{
	struct publish packet = *p;

	if (!session_may_send(s))
		return SUBMIT_OFFLINE;
	packet.pid = packet.alias = 0;
	packet.dup = false; /* [MQTT-3.3.1-2] */
	if (put_publish(s, &packet, false) < 0)
		return SUBMIT_NO_MEMORY;
	keepalive_waiting(&s->keepalive, now);
	return SUBMIT_OK;
}

static enum submit find_objection(const struct session *s,
				  const struct publish *p)
{
	if (topic_check_name(p->topic))
		return SUBMIT_BAD_TOPIC;
	switch (find_refusal(s, p->qos, p->retain)) {
	case REASON_NO_QOS:
		return SUBMIT_NO_QOS;
	case REASON_NO_RETAIN:
		return SUBMIT_NO_RETAIN;
	default:
		return is_too_large(s, p) ? SUBMIT_TOO_LARGE : SUBMIT_OK;
	}
}

enum submit session_publish(struct session *s, const struct publish *p,
			    uint64_t tag, uint64_t now, uint64_t *ret_seq)
{
	enum submit objection = find_objection(s, p);
	struct message *m;
	struct err e;

	if (objection != SUBMIT_OK)
		return objection;
	if (p->qos == 0) {
		objection = publish_now(s, p, now);
		if (objection == SUBMIT_OK)
			*ret_seq = 0;
		return objection;
	}
	m = s->store->ops->put(s->store, p, tag, now, &e);
	if (!m)
		return e.code == ENOMEM ? SUBMIT_NO_MEMORY : SUBMIT_STORE;
	*ret_seq = m->seq;
	/* What fails here, for want of memory, is taken by the next pump. */
	(void)!session_take_new(s);
	return SUBMIT_OK;
}
