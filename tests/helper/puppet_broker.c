/* SPDX-License-Identifier: MIT */
#include "puppet.h"

#include <stdlib.h>

#include "mqtt/props.h"
#include "mqtt/reason.h"
#include "mqtt/topic.h"

struct sub {
	struct sub *next;
	struct buf filter;
	uint8_t options;
};

/* What a broker remembers of a client id. */
struct session {
	struct session *next;
	struct buf id;
	struct conn *conn; /* NULL: offline */
	struct sub *subs;
	bool is_kept;
};

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

void broker_forget(struct conn *c)
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
	broker_forget(c);
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
	c->session->is_kept = p->version == MQTT_5 ?
		props_num(p->props, PROP_SESSION_EXPIRY, 0) > 0 :
		!p->clean_start;
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
		reason = subscribes ? subscribe(c->session, &n) :
				      unsubscribe(c->session, n.filter);
		if (buf_append_byte(&f.reasons, reason) < 0)
			break;
	}
	rule_send(c, subscribes ? PACKET_SUBACK : PACKET_UNSUBACK, &f);
	fields_release(&f);
}

/* --------------------------------------------------------- publishing */

/* The properties that go on to subscribers. */
static int copy_props(struct buf *to, struct bytes props)
{
	struct prop p;
	size_t pos = 0;
	int rc = 0;

	while (rc == 0 && props_next(props, &pos, &p)) {
		if (p.info->id == PROP_TOPIC_ALIAS)
			continue;
		if (p.info->type == PROP_PAIR)
			rc = props_put_pair(to, p.name, p.value);
		else if (p.info->type == PROP_STRING ||
			 p.info->type == PROP_BINARY)
			rc = props_put_bytes(to, p.info->id, p.value);
		else
			rc = props_put_num(to, p.info->id, p.num);
	}
	return rc;
}

static uint16_t next_pid(struct conn *c)
{
	uint16_t pid = c->next_pid;

	c->next_pid = pid == MQTT_PID_MAX ? 1 : (uint16_t)(pid + 1);
	return pid;
}

static void deliver(struct conn *to, const struct publish *p,
		    struct bytes topic, uint8_t options)
{
	struct fields f = { .topic = topic, .payload = p->payload };
	uint8_t qos = options & 3;

	f.qos = p->qos < qos ? p->qos : qos;
	f.retain = p->retain && options & MQTT_SUB_RETAIN_AS_PUBLISHED;
	f.pid = f.qos ? next_pid(to) : 0;
	if (copy_props(&f.props, p->props) == 0)
		rule_send(to, PACKET_PUBLISH, &f);
	fields_release(&f);
}

/* Once to each session, with the greatest QoS it asked for. */
static void route(const struct conn *from, const struct publish *p,
		  struct bytes topic)
{
	const struct sub *best, *s;
	struct session *next;

	for (struct session *to = sessions; to; to = next) {
		next = to->next;
		best = NULL;
		for (s = to->conn ? to->subs : NULL; s; s = s->next)
			if (topic_matches(buf_view(&s->filter), topic) &&
			    !(to->conn == from &&
			      s->options & MQTT_SUB_NO_LOCAL) &&
			    (!best || (s->options & 3) > (best->options & 3)))
				best = s;
		if (best)
			deliver(to->conn, p, topic, best->options);
	}
}

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
		route(c, p, resolve_topic(c, p));
	else if (f.reason >= REASON_UNSPECIFIED && p->qos == 2)
		c->unreleased[p->pid >> 3] &= (uint8_t)~(1u << (p->pid & 7));
	fields_release(&f);
}

static void handle_pubrel(struct conn *c, uint16_t pid)
{
	struct fields f = { .pid = pid };

	c->unreleased[pid >> 3] &= (uint8_t)~(1u << (pid & 7));
	rule_send(c, PACKET_PUBCOMP, &f);
	fields_release(&f);
}

void broker_handle(struct conn *c, const struct packet *p)
{
	struct fields f = { 0 };

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
		break;
	case PACKET_PINGREQ:
		rule_send(c, PACKET_PINGRESP, &f);
		break;
	default:
		break;
	}
	fields_release(&f);
}
