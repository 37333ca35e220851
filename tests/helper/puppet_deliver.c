/* SPDX-License-Identifier: MIT */
#include "puppet.h"

#include <stdlib.h>

#include "mqtt/props.h"
#include "mqtt/topic.h"

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

/* A message that waits for room in the client's receive maximum. */
struct waiting {
	struct waiting *next;
	struct fields f;
	uint8_t data[];
};

static void send_delivery(struct conn *to, struct fields *f)
{
	if (f->qos) {
		f->pid = next_pid(to);
		to->deliveries++;
	}
	rule_send(to, PACKET_PUBLISH, f);
}

/* Keeps a copy of what f points at; f has been taken over. */
static void wait_for_room(struct conn *to, struct fields *f)
{
	struct waiting *w, **at = &to->waiting;

	w = malloc(sizeof(*w) + f->topic.n + f->payload.n);
	if (!w) {
		fields_release(f);
		return;
	}
	w->next = NULL;
	w->f = *f;
	memcpy(w->data, f->topic.p, f->topic.n);
	if (f->payload.n)
		memcpy(w->data + f->topic.n, f->payload.p, f->payload.n);
	w->f.topic = bytes_of(w->data, f->topic.n);
	w->f.payload = bytes_of(w->data + f->topic.n, f->payload.n);
	while (*at)
		at = &(*at)->next;
	*at = w;
}

static void waiting_free(struct waiting *w)
{
	fields_release(&w->f);
	free(w);
}

void deliver_forget(struct conn *c)
{
	struct waiting *next;

	for (; c->waiting; c->waiting = next) {
		next = c->waiting->next;
		waiting_free(c->waiting);
	}
}

void deliver_next(struct conn *c)
{
	struct waiting *w = c->waiting;

	if (c->deliveries)
		c->deliveries--;
	if (!w)
		return;
	c->waiting = w->next;
	send_delivery(c, &w->f);
	waiting_free(w);
}

static void deliver(struct conn *to, const struct publish *p,
		    struct bytes topic, uint8_t options)
{
	struct fields f = { .topic = topic, .payload = p->payload };
	uint8_t qos = options & 3;

	f.qos = p->qos < qos ? p->qos : qos;
	f.retain = p->retain && options & MQTT_SUB_RETAIN_AS_PUBLISHED;
	if (copy_props(&f.props, p->props) == 0 && f.qos &&
	    to->deliveries >= to->receive_max) {
		wait_for_room(to, &f);
		return;
	}
	send_delivery(to, &f);
	fields_release(&f);
}

void deliver_to_all(struct session *first, const struct conn *from,
		    const struct publish *p, struct bytes topic)
{
	const struct sub *best, *s;
	struct session *next;

	for (struct session *to = first; to; to = next) {
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
