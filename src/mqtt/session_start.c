/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "mqtt/props.h"
#include "mqtt/reason.h"
#include "mqtt/session_impl.h"

void session_reset_limits(struct session *s, const struct connect *c)
{
	bool is_v5 = c->version == MQTT_5;
	struct bytes props = is_v5 ? c->props : BYTES_NULL;
	uint32_t forever = c->clean_start ? 0 : MQTT_EXPIRY_NEVER;

	s->limits = (struct session_limits){
		.receive_max = MQTT_PID_MAX,
		.keepalive = c->keepalive,
		.session_expiry = is_v5 ? props_num(props, PROP_SESSION_EXPIRY,
						    0)
					: forever,
		.max_qos = 2,
		.retain = true,
		.wildcard = true,
		.sub_ids = true,
		.shared = true,
	};
	s->receive_max = (uint16_t)props_num(props, PROP_RECEIVE_MAX,
					     MQTT_PID_MAX);
	s->alias_max = (uint16_t)props_num(props, PROP_TOPIC_ALIAS_MAX, 0);
	s->no_problem_info = props_num(props, PROP_REQUEST_PROBLEM_INFO, 1) ==
			     0;
	/* 3.x cannot announce it, but our memory is as precious there. */
	s->max_packet = props_num(c->props, PROP_MAX_PACKET, 0);
}

static void read_limit(struct session_limits *l, const struct prop *p)
{
	switch (p->info->id) {
	case PROP_SESSION_EXPIRY:
		l->session_expiry = p->num;
		break;
	case PROP_RECEIVE_MAX:
		l->receive_max = (uint16_t)p->num;
		break;
	case PROP_MAX_QOS:
		l->max_qos = (uint8_t)p->num;
		break;
	case PROP_RETAIN_AVAILABLE:
		l->retain = p->num != 0;
		break;
	case PROP_MAX_PACKET:
		l->max_packet = p->num;
		break;
	case PROP_TOPIC_ALIAS_MAX:
		l->topic_alias_max = (uint16_t)p->num;
		break;
	case PROP_WILDCARD_AVAILABLE:
		l->wildcard = p->num != 0;
		break;
	case PROP_SUB_ID_AVAILABLE:
		l->sub_ids = p->num != 0;
		break;
	case PROP_SHARED_AVAILABLE:
		l->shared = p->num != 0;
		break;
	case PROP_SERVER_KEEPALIVE:
		l->keepalive = (uint16_t)p->num;
		break;
	default:
		break;
	}
}

static void read_limits(struct session *s, struct bytes props)
{
	struct prop p;
	size_t pos = 0;

	while (props_next(props, &pos, &p))
		read_limit(&s->limits, &p);
}

/* A static text when CONNACK may not say this, else NULL. */
static const char *find_fault(const struct session *s, const struct connack *p)
{
	struct bytes sent = props_value(s->connect->props, PROP_AUTH_METHOD);
	struct bytes got = props_value(p->props, PROP_AUTH_METHOD);

	if (p->is_v3_form)
		return "a CONNACK of MQTT 3 accepts an MQTT 5 connection";
	/* [MQTT-3.2.2-4] */
	if (p->session_present && s->connect->clean_start)
		return "session present although a clean start was asked for";
	if (s->version != MQTT_5)
		return NULL;
	if (props_value(p->props, PROP_ASSIGNED_CLIENT_ID).n &&
	    session_client_id(s).n)
		return "a client id was assigned although we sent one";
	/* [MQTT-4.12.0-5] */
	if (!bytes_equal(sent, got))
		return "the authentication method in CONNACK is not ours";
	return NULL;
}

static int keep_assigned_id(struct session *s, struct bytes id)
{
	uint8_t *copy;

	if (!id.n)
		return 0;
	copy = malloc(id.n);
	if (!copy)
		return -1;
	memcpy(copy, id.p, id.n);
	free((void *)(uintptr_t)s->assigned_id.p);
	s->assigned_id = bytes_of(copy, id.n);
	return 0;
}

static void go_online(struct session *s, uint64_t now)
{
	struct keepalive_config keepalive = {
		.keepalive = s->limits.keepalive,
		.beat = s->config.beat,
		.ping_timeout = s->config.ping_timeout,
		.write_timeout = s->config.write_timeout,
	};

	s->phase = PHASE_ONLINE;
	s->quota = s->limits.receive_max;
	if (s->config.inflight && s->config.inflight < s->quota)
		s->quota = s->config.inflight;
	keepalive_set(&s->keepalive, &keepalive, now);
	session_trim(s);
}

static int by_release_order(const void *a, const void *b)
{
	const struct message *const *x = a, *const *y = b;

	return ((*x)->release_order > (*y)->release_order) -
	       ((*x)->release_order < (*y)->release_order);
}

/* PUBRELs go first, in the order of their PUBRECs [MQTT-4.6.0-4]; a message
 * that is released is not published again [MQTT-4.3.3-6]. */
static int release_again(struct session *s)
{
	struct message **list;
	size_t n = 0;

	if (!s->awaiting_comp)
		return 0;
	list = malloc(s->awaiting_comp * sizeof(struct message *));
	if (!list)
		return -1;
	for (struct message *m = s->store->head; m; m = m->next)
		if (m->state == MESSAGE_RELEASED)
			list[n++] = m;
	qsort(list, n, sizeof(*list), by_release_order);
	for (size_t i = 0; i < n; i++)
		session_answer(s, PACKET_PUBREL, list[i]->pid, REASON_SUCCESS);
	free(list);
	return 0;
}

/* The broker knows our session: what it has not acknowledged is sent again,
 * in order and with the old ids, and nothing else is [MQTT-4.4.0-1]. */
static int resume(struct session *s, struct event_connack *ret)
{
	ret->resent = s->awaiting_ack + s->awaiting_comp;
	return release_again(s);
}

static void requeue(struct session *s, struct message *m,
		    struct event_connack *ret)
{
	ids_drop(&s->ids, ids_find(&s->ids, m->pid));
	m->state = MESSAGE_QUEUED;
	m->pid = 0;
	m->was_sent = true;
	s->store->ops->update(s->store, m);
	s->awaiting_ack--;
	if (session_is_held(s, m)) {
		s->held++;
		ret->held++;
	} else {
		s->queued++;
		ret->republished++;
	}
}

/* What we released the broker had taken over: it counts as delivered. */
static int complete(struct session *s, struct message *m)
{
	struct dropped d = { .seq = m->seq, .tag = m->tag, .qos = m->qos };

	if (session_note_dropped(s, &d) < 0)
		return -1;
	session_finish(s, m, ids_find(&s->ids, m->pid));
	return 0;
}

/* The broker has no session of ours: all ids mean nothing now, inbound ones
 * too, or new messages would be taken for repeats [MQTT-3.2.2-5]. */
static int start_anew(struct session *s, struct event_connack *ret)
{
	struct message *next;

	s->store->ops->inbound_clear(s->store);
	if (s->arrivals)
		arrivals_clear(s->arrivals);
	for (struct message *m = s->store->head; m; m = next) {
		next = m->next;
		if (m->state == MESSAGE_SENT)
			requeue(s, m, ret);
		else if (m->state == MESSAGE_RELEASED) {
			if (complete(s, m) < 0)
				return -1;
			ret->completed++;
		}
	}
	ids_release(&s->ids); /* the spent ones */
	return 0;
}

static enum feed refused(struct session *s, const struct connack *p,
			 struct event *ret_event)
{
	s->phase = PHASE_OVER;
	lanes_release(&s->lanes);
	ret_event->type = EVENT_CONNACK;
	ret_event->connack = (struct event_connack){ .packet = *p };
	return FEED_EVENT;
}

enum feed session_on_connack(struct session *s, const struct connack *p,
			     uint64_t now, struct event *ret_event)
{
	struct event_connack event = { .packet = *p };
	const char *fault;

	if (s->phase != PHASE_CONNECTING)
		return session_fail(s, REASON_PROTOCOL_ERROR,
				    "a second CONNACK");
	if (p->reason != REASON_SUCCESS)
		return refused(s, p, ret_event);
	fault = find_fault(s, p);
	if (fault)
		return session_fail(s, REASON_PROTOCOL_ERROR, fault);
	if (keep_assigned_id(s, props_value(p->props,
					    PROP_ASSIGNED_CLIENT_ID)) < 0)
		return session_fail_memory(s);
	/* 3.1 has no such flag: a session that we did not ask to be clean
	 * has to be assumed. */
	if (s->version == MQTT_3_1)
		event.packet.session_present = !s->connect->clean_start;
	read_limits(s, p->props);
	go_online(s, now);
	if ((event.packet.session_present ? resume(s, &event)
					  : start_anew(s, &event)) < 0)
		return session_fail_memory(s);
	s->next = s->store->head;
	if (s->phase == PHASE_FAILED) /* no room for a PUBREL */
		return FEED_FAIL;
	ret_event->type = EVENT_CONNACK;
	ret_event->connack = event;
	return FEED_EVENT;
}
