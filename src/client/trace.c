/* SPDX-License-Identifier: MIT */
#include "client/trace.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/text.h"
#include "mqtt/decode.h"
#include "mqtt/props.h"
#include "mqtt/reason.h"

#define SHOWN 120

struct trace {
	struct decoder sent_by, received_by;
	struct buf sent, received;
};

static const char *const names[] = {
	[PACKET_CONNECT] = "CONNECT",         [PACKET_CONNACK] = "CONNACK",
	[PACKET_PUBLISH] = "PUBLISH",         [PACKET_PUBACK] = "PUBACK",
	[PACKET_PUBREC] = "PUBREC",           [PACKET_PUBREL] = "PUBREL",
	[PACKET_PUBCOMP] = "PUBCOMP",         [PACKET_SUBSCRIBE] = "SUBSCRIBE",
	[PACKET_SUBACK] = "SUBACK",           [PACKET_PINGREQ] = "PINGREQ",
	[PACKET_UNSUBSCRIBE] = "UNSUBSCRIBE", [PACKET_UNSUBACK] = "UNSUBACK",
	[PACKET_PINGRESP] = "PINGRESP",       [PACKET_AUTH] = "AUTH",
	[PACKET_DISCONNECT] = "DISCONNECT",
};

struct trace *trace_new(void)
{
	return calloc(1, sizeof(struct trace));
}

void trace_free(struct trace *t)
{
	if (!t)
		return;
	buf_release(&t->sent);
	buf_release(&t->received);
	free(t);
}

void trace_start(struct trace *t, enum mqtt_version v)
{
	t->sent_by = (struct decoder){ .version = v,
				       .side = DECODE_FROM_CLIENT };
	t->received_by = (struct decoder){ .version = v,
					   .side = DECODE_FROM_SERVER };
	buf_clear(&t->sent);
	buf_clear(&t->received);
}

/* Short writes of memory are the only failure, and cost a line of trace. */
static void add(struct buf *line, const char *what, struct bytes text)
{
	char shown[SHOWN];

	(void)!buf_printf(line, "%s'%s'", what,
			  text_visible(shown, sizeof(shown), text));
}

static void add_prop(struct buf *line, const struct prop *p)
{
	(void)!buf_printf(line, " %s=", p->info->name);
	switch (p->info->type) {
	case PROP_STRING:
		add(line, "", p->value);
		break;
	case PROP_BINARY:
		(void)!buf_printf(line, "(%zu bytes)", p->value.n);
		break;
	case PROP_PAIR:
		add(line, "", p->name);
		add(line, ":", p->value);
		break;
	default:
		(void)!buf_printf(line, "%u", p->num);
		break;
	}
}

static void add_props(struct buf *line, struct bytes props)
{
	struct prop p;
	size_t pos = 0;

	while (props_next(props, &pos, &p))
		add_prop(line, &p);
}

static void add_connect(struct buf *line, const struct connect *p)
{
	(void)!buf_printf(line, " v%d clean=%d keepalive=%u", (int)p->version,
			  p->clean_start, p->keepalive);
	add(line, " id=", p->client_id);
	if (bytes_is_set(p->user))
		add(line, " user=", p->user);
	if (bytes_is_set(p->password))
		(void)!buf_append_str(line, " password=***");
	if (p->will.is_set) {
		add(line, " will=", p->will.topic);
		(void)!buf_printf(line, " (q%d, r%d, %zu bytes)", p->will.qos,
				  p->will.retain, p->will.payload.n);
		add_props(line, p->will.props);
	}
	add_props(line, p->props);
}

static void add_publish(struct buf *line, const struct publish *p)
{
	(void)!buf_printf(line, " q%d r%d d%d m%u", p->qos, p->retain, p->dup,
			  p->pid);
	add(line, " ", p->topic);
	(void)!buf_printf(line, " (%zu bytes)", p->payload.n);
	add_props(line, p->props);
}

static void add_reason(struct buf *line, uint8_t reason)
{
	(void)!buf_printf(line, " %s (0x%02x)", reason_text(reason), reason);
}

static void add_filters(struct buf *line, const struct packet *p)
{
	struct subscription s;
	size_t pos = 0;

	(void)!buf_printf(line, " m%u", p->subscribe.pid);
	while (decode_next_filter(p, &pos, &s)) {
		add(line, " ", s.filter);
		if (p->type == PACKET_SUBSCRIBE)
			(void)!buf_printf(line, " q%d", s.options & 3);
	}
	add_props(line, p->subscribe.props);
}

static void add_reasons(struct buf *line, const struct suback *p)
{
	size_t i;

	(void)!buf_printf(line, " m%u", p->pid);
	for (i = 0; i < p->reasons.n; i++)
		(void)!buf_printf(line, " 0x%02x", p->reasons.p[i]);
	add_props(line, p->props);
}

static void add_packet(struct buf *line, const struct packet *p)
{
	switch (p->type) {
	case PACKET_CONNECT:
		add_connect(line, &p->connect);
		break;
	case PACKET_CONNACK:
		(void)!buf_printf(line, " session-present=%d",
				  p->connack.session_present);
		add_reason(line, p->connack.reason);
		add_props(line, p->connack.props);
		break;
	case PACKET_PUBLISH:
		add_publish(line, &p->publish);
		break;
	case PACKET_PUBACK:
	case PACKET_PUBREC:
	case PACKET_PUBREL:
	case PACKET_PUBCOMP:
		(void)!buf_printf(line, " m%u", p->ack.pid);
		add_reason(line, p->ack.reason);
		add_props(line, p->ack.props);
		break;
	case PACKET_SUBSCRIBE:
	case PACKET_UNSUBSCRIBE:
		add_filters(line, p);
		break;
	case PACKET_SUBACK:
	case PACKET_UNSUBACK:
		add_reasons(line, &p->suback);
		break;
	case PACKET_DISCONNECT:
	case PACKET_AUTH:
		add_reason(line, p->disconnect.reason);
		add_props(line, p->disconnect.props);
		break;
	case PACKET_PINGREQ:
	case PACKET_PINGRESP:
		break;
	}
}

static void show(const char *direction, const struct packet *p)
{
	struct buf line = { 0 };
	const char *text;

	add_packet(&line, p);
	text = buf_cstr(&line);
	log_debug("%s %s%s", direction, names[p->type], text ? text : "");
	buf_release(&line);
}

static void feed(const struct decoder *d, struct buf *b, struct bytes in,
		 const char *direction)
{
	struct decode_result r;

	if (in.n && buf_append(b, in) < 0)
		return;
	while (buf_len(b)) {
		switch (decode_packet(d, buf_view(b), &r)) {
		case DECODE_OK:
			show(direction, &r.packet);
			buf_consume(b, r.used);
			break;
		case DECODE_MORE:
			return;
		case DECODE_BAD:
			log_debug("%s malformed packet: %s", direction, r.why);
			buf_clear(b);
			return;
		}
	}
}

void trace_sent(struct trace *t, struct bytes b)
{
	feed(&t->sent_by, &t->sent, b, "sent");
}

void trace_received(struct trace *t, struct bytes b)
{
	feed(&t->received_by, &t->received, b, "received");
}
