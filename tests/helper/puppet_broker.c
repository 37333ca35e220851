/* SPDX-License-Identifier: MIT */
#include "puppet.h"

#include <stdlib.h>

#include "mqtt/props.h"
#include "mqtt/reason.h"

static struct session *sessions;

/* ----------------------------------------------------------- sessions */

static void sub_free(struct sub *s)
{
	buf_release(&s->filter);
	free(s);
}

static void session_clear(struct session *s)
{
	struct sub *next;

	numbered_free(s->numbered);
	s->numbered = NULL;
	for (; s->subs; s->subs = next) {
		next = s->subs->next;
		sub_free(s->subs);
	}
}

static void session_free(struct session *s)
{
	struct session **at = &sessions;

	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	session_clear(s);
	buf_release(&s->id);
	free(s);
}

static struct session *session_find(struct bytes id)
{
	struct session *s = sessions;

	while (s && (!id.n || !bytes_equal(buf_view(&s->id), id)))
		s = s->next;
	return s;
}

static struct session *session_new(struct bytes id)
{
	struct session *s = calloc(1, sizeof(*s));

	if (!s || buf_append(&s->id, id) < 0) {
		free(s);
		return NULL;
	}
	s->next = sessions;
	sessions = s;
	return s;
}

static void detach_session(struct conn *c)
{
	struct session *s = c->session;

	c->session = NULL;
	if (!s)
		return;
	s->conn = NULL;
	if (!s->is_kept)
		session_free(s);
}

void broker_release(void)
{
	while (sessions)
		session_free(sessions);
}

/* --------------------------------------------------------- connecting */

static void refuse_version(struct conn *c)
{
	struct fields f = { .reason = REASON_BAD_VERSION, .code = 1 };

	f.is_v3_form = c->puppet->behaviour.refusal == REFUSE_V3;
	if (c->puppet->behaviour.refusal != REFUSE_CLOSE)
		rule_send(c, PACKET_CONNACK, &f);
	c->is_ending = true;
}

static void take_over(struct session *s)
{
	struct fields f = { .reason = REASON_TAKEN_OVER };
	struct conn *c = s->conn;

	if (!c)
		return;
	if (c->version == MQTT_5)
		rule_send(c, PACKET_DISCONNECT, &f);
	c->is_ending = true;
	detach_session(c);
}

/* Returns whether there was a session that goes on. */
static bool attach_session(struct conn *c, const struct connect *p)
{
	struct session *s = session_find(p->client_id);
	bool was_there;

	if (s)
		take_over(s);
	s = session_find(p->client_id); /* it may have ended with that */
	was_there = s && !p->clean_start;
	if (s && p->clean_start)
		session_clear(s);
	c->session = s ? s : session_new(p->client_id);
	if (!c->session)
		return false;
	c->session->conn = c;
	c->session->is_kept = p->version == MQTT_5
				      ? props_num(p->props, PROP_SESSION_EXPIRY,
						  0) > 0
				      : !p->clean_start;
	return was_there;
}

static void handle_connect(struct conn *c, const struct connect *p)
{
	const struct behaviour *b = &c->puppet->behaviour;
	struct fields f = { 0 };
	struct err e = { 0 };
	char id[32];
	int rc = 0;

	if (!(b->versions >> p->version & 1)) {
		refuse_version(c);
		return;
	}
	c->receive_max = (uint16_t)props_num(p->props, PROP_RECEIVE_MAX,
					     MQTT_PID_MAX);
	f.session_present = attach_session(c, p);
	if (b->session_present >= 0)
		f.session_present = b->session_present;
	if (p->version == MQTT_5 && p->client_id.n == 0) {
		snprintf(id, sizeof(id), "puppet-%u", c->number);
		rc = props_put_bytes(&f.props, PROP_ASSIGNED_CLIENT_ID,
				     bytes_str(id));
	}
	if (rc == 0 && b->connack)
		rc = fields_read(&f, b->connack, &e);
	if (rc < 0)
		puppet_log(c->puppet, "%u error %s", c->number, e.text);
	rule_send(c, PACKET_CONNACK, &f);
	if (f.session_present && c->session && c->session->numbered)
		numbered_resume(c->session->numbered);
	c->is_ending = f.reason >= REASON_UNSPECIFIED;
	fields_release(&f);
}

/* -------------------------------------------------------- subscribing */

static struct sub **find_sub(struct session *s, struct bytes filter)
{
	struct sub **at = &s->subs;

	while (*at && !bytes_equal(buf_view(&(*at)->filter), filter))
		at = &(*at)->next;
	return at;
}

/* Returns the reason code for the filter. */
static uint8_t subscribe(struct session *s, const struct subscription *n)
{
	struct sub **at = find_sub(s, n->filter);

	if (!*at) {
		*at = calloc(1, sizeof(**at));
		if (!*at || buf_append(&(*at)->filter, n->filter) < 0)
			return REASON_UNSPECIFIED;
	}
	(*at)->options = n->options;
	return n->options & 3;
}

static uint8_t unsubscribe(struct session *s, struct bytes filter)
{
	struct sub **at = find_sub(s, filter), *old = *at;

	if (!old)
		return REASON_NO_SUBSCRIPTION;
	*at = old->next;
	sub_free(old);
	return REASON_SUCCESS;
}

static void handle_subscribe(struct conn *c, const struct packet *p)
{
	bool subscribes = p->type == PACKET_SUBSCRIBE;
	struct fields f = { .pid = p->subscribe.pid };
	struct subscription n;
	size_t pos = 0;
	uint8_t reason;

	while (c->session && decode_next_filter(p, &pos, &n)) {
		reason = subscribes ? subscribe(c->session, &n)
				    : unsubscribe(c->session, n.filter);
		if (buf_append_byte(&f.reasons, reason) < 0)
			break;
	}
	rule_send(c, subscribes ? PACKET_SUBACK : PACKET_UNSUBACK, &f);
	fields_release(&f);
	if (c->session)
		numbered_begin(c);
}

/* --------------------------------------------------------- publishing */

/* The topic, from its alias if need be. */
static struct bytes resolve_topic(struct conn *c, const struct publish *p)
{
	struct buf *known;

	if (!p->alias || p->alias > ALIASES_MAX)
		return p->topic;
	known = &c->aliases[p->alias];
	if (p->topic.n) {
		buf_clear(known);
		if (buf_append(known, p->topic) < 0)
			return p->topic;
	}
	return buf_view(known);
}

/* Has this QoS 2 message been here before? */
static bool is_repeated(struct conn *c, uint16_t pid)
{
	uint8_t bit = (uint8_t)(1u << (pid & 7));
	bool was_there = c->unreleased[pid >> 3] & bit;

	c->unreleased[pid >> 3] |= bit;
	return was_there;
}

static void handle_publish(struct conn *c, const struct publish *p)
{
	struct fields f = { .pid = p->pid };
	bool is_new = p->qos < 2 || !is_repeated(c, p->pid);

	if (p->qos && is_new && ++c->flights > c->peak_flights)
		c->peak_flights = c->flights;
	if (p->qos)
		rule_send(c, p->qos == 1 ? PACKET_PUBACK : PACKET_PUBREC, &f);
	if (f.reason < REASON_UNSPECIFIED && is_new)
		deliver_to_all(sessions, c, p, resolve_topic(c, p));
	else if (f.reason >= REASON_UNSPECIFIED && p->qos == 2)
		c->unreleased[p->pid >> 3] &= (uint8_t) ~(1u << (p->pid & 7));
	fields_release(&f);
}

static void handle_pubrel(struct conn *c, uint16_t pid)
{
	struct fields f = { .pid = pid };

	c->unreleased[pid >> 3] &= (uint8_t) ~(1u << (pid & 7));
	rule_send(c, PACKET_PUBCOMP, &f);
	fields_release(&f);
}

void broker_forget(struct conn *c)
{
	deliver_forget(c);
	detach_session(c);
}

void broker_handle(struct conn *c, const struct packet *p)
{
	struct fields f = { 0 };

	if (numbered_handle(c, p->type, &p->ack))
		return;
	switch (p->type) {
	case PACKET_CONNECT:
		handle_connect(c, &p->connect);
		break;
	case PACKET_SUBSCRIBE:
	case PACKET_UNSUBSCRIBE:
		handle_subscribe(c, p);
		break;
	case PACKET_PUBLISH:
		handle_publish(c, &p->publish);
		break;
	case PACKET_PUBREL:
		handle_pubrel(c, p->ack.pid);
		break;
	case PACKET_PUBREC:
		f.pid = p->ack.pid;
		if (p->ack.reason < REASON_UNSPECIFIED)
			rule_send(c, PACKET_PUBREL, &f);
		else
			deliver_next(c);
		break;
	case PACKET_PUBACK:
	case PACKET_PUBCOMP:
		deliver_next(c);
		break;
	case PACKET_PINGREQ:
		rule_send(c, PACKET_PINGRESP, &f);
		break;
	default:
		break;
	}
	fields_release(&f);
}
