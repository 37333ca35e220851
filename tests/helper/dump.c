/* SPDX-License-Identifier: MIT */
#include "dump.h"

#include "mqtt/decode.h"
#include "mqtt/props.h"

static const char *const type_names[] = {
	[PACKET_CONNECT] = "connect",   [PACKET_CONNACK] = "connack",
	[PACKET_PUBLISH] = "publish",   [PACKET_PUBACK] = "puback",
	[PACKET_PUBREC] = "pubrec",     [PACKET_PUBREL] = "pubrel",
	[PACKET_PUBCOMP] = "pubcomp",   [PACKET_SUBSCRIBE] = "subscribe",
	[PACKET_SUBACK] = "suback",     [PACKET_UNSUBSCRIBE] = "unsubscribe",
	[PACKET_UNSUBACK] = "unsuback", [PACKET_PINGREQ] = "pingreq",
	[PACKET_PINGRESP] = "pingresp", [PACKET_DISCONNECT] = "disconnect",
	[PACKET_AUTH] = "auth",
};

const char *dump_type_name(unsigned type)
{
	if (type >= ARRAY_SIZE(type_names) || !type_names[type])
		return "unknown";
	return type_names[type];
}

enum packet_type dump_type_by_name(const char *name)
{
	for (unsigned i = PACKET_CONNECT; i < ARRAY_SIZE(type_names); i++)
		if (!strcmp(type_names[i], name))
			return i;
	return 0;
}

static int put_escaped(struct buf *out, struct bytes b, bool escape_equals)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < b.n; i++) {
		if (b.p[i] > ' ' && b.p[i] < 0x7F && b.p[i] != '\\' &&
		    !(escape_equals && b.p[i] == '='))
			rc = buf_append_byte(out, b.p[i]);
		else
			rc = buf_printf(out, "\\x%02x", (unsigned)b.p[i]);
	}
	return rc;
}

int dump_text(struct buf *out, const char *key, struct bytes value)
{
	int rc = buf_printf(out, " %s=", key);

	return rc < 0 ? rc : put_escaped(out, value, false);
}

static int put_prop(struct buf *out, const struct prop *p)
{
	switch (p->info->type) {
	case PROP_STRING:
	case PROP_BINARY:
		return put_escaped(out, p->value, false);
	case PROP_PAIR:
		if (put_escaped(out, p->name, true) < 0 ||
		    buf_append_byte(out, '=') < 0)
			return -1;
		return put_escaped(out, p->value, false);
	default:
		return buf_printf(out, "%lu", (unsigned long)p->num);
	}
}

int dump_props(struct buf *out, const char *prefix, struct bytes props)
{
	struct prop p;
	size_t pos = 0;

	while (props_next(props, &pos, &p))
		if (buf_printf(out, " %s%s=", prefix, p.info->name) < 0 ||
		    put_prop(out, &p) < 0)
			return -1;
	return 0;
}

static int dump_will(struct buf *out, const struct will *w)
{
	if (!w->is_set)
		return 0;
	if (dump_text(out, "will-topic", w->topic) < 0 ||
	    buf_printf(out, " will-qos=%u will-retain=%d will-length=%zu",
		       (unsigned)w->qos, w->retain, w->payload.n) < 0 ||
	    dump_text(out, "will-payload", w->payload) < 0)
		return -1;
	return dump_props(out, "will:", w->props);
}

static int dump_connect(struct buf *out, const struct connect *p)
{
	if (buf_printf(out, " version=%d clean=%d keepalive=%u",
		       (int)p->version, p->clean_start,
		       (unsigned)p->keepalive) < 0 ||
	    dump_text(out, "client-id", p->client_id) < 0)
		return -1;
	if (bytes_is_set(p->user) && dump_text(out, "user", p->user) < 0)
		return -1;
	if (bytes_is_set(p->password) &&
	    dump_text(out, "password", p->password) < 0)
		return -1;
	if (dump_will(out, &p->will) < 0)
		return -1;
	return dump_props(out, "", p->props);
}

static int dump_connack(struct buf *out, const struct connack *p)
{
	if (buf_printf(out, " session-present=%d reason=0x%02x code=%u",
		       p->session_present, (unsigned)p->reason,
		       (unsigned)p->return_code) < 0)
		return -1;
	return dump_props(out, "", p->props);
}

static int dump_publish(struct buf *out, const struct publish *p)
{
	bool is_cut = p->payload.n > DUMP_PAYLOAD_MAX;
	struct bytes shown = p->payload;

	if (is_cut)
		shown.n = DUMP_PAYLOAD_MAX;
	if (dump_text(out, "topic", p->topic) < 0 ||
	    buf_printf(out, " qos=%u retain=%d dup=%d pid=%u", (unsigned)p->qos,
		       p->retain, p->dup, (unsigned)p->pid) < 0 ||
	    dump_props(out, "", p->props) < 0 ||
	    buf_printf(out, " length=%zu", p->payload.n) < 0 ||
	    dump_text(out, "payload", shown) < 0)
		return -1;
	return is_cut ? buf_append_str(out, "...") : 0;
}

static int dump_ack(struct buf *out, const struct ack *p)
{
	if (buf_printf(out, " pid=%u reason=0x%02x", (unsigned)p->pid,
		       (unsigned)p->reason) < 0)
		return -1;
	return dump_props(out, "", p->props);
}

static int dump_options(struct buf *out, enum mqtt_version v,
			const char *number, unsigned options)
{
	if (buf_printf(out, " qos%s=%u", number, options & 3) < 0)
		return -1;
	if (v != MQTT_5)
		return 0;
	return buf_printf(out,
			  " no-local%s=%d retain-as-published%s=%d "
			  "retain-handling%s=%u",
			  number, (options & MQTT_SUB_NO_LOCAL) != 0, number,
			  (options & MQTT_SUB_RETAIN_AS_PUBLISHED) != 0, number,
			  options >> MQTT_SUB_RETAIN_HANDLING_SHIFT & 3);
}

static int dump_filters(struct buf *out, enum mqtt_version v,
			const struct packet *p)
{
	struct subscription s;
	char number[16] = "", key[32];
	size_t pos = 0;

	for (int i = 2; decode_next_filter(p, &pos, &s); i++) {
		snprintf(key, sizeof(key), "filter%s", number);
		if (dump_text(out, key, s.filter) < 0)
			return -1;
		if (p->type == PACKET_SUBSCRIBE &&
		    dump_options(out, v, number, s.options) < 0)
			return -1;
		snprintf(number, sizeof(number), "%d", i);
	}
	return 0;
}

static int dump_subscribe(struct buf *out, enum mqtt_version v,
			  const struct packet *p)
{
	if (buf_printf(out, " pid=%u", (unsigned)p->subscribe.pid) < 0 ||
	    dump_props(out, "", p->subscribe.props) < 0)
		return -1;
	return dump_filters(out, v, p);
}

static int dump_suback(struct buf *out, const struct suback *p)
{
	if (buf_printf(out, " pid=%u reasons=", (unsigned)p->pid) < 0)
		return -1;
	for (size_t i = 0; i < p->reasons.n; i++)
		if (buf_printf(out, "%s0x%02x", i ? "," : "",
			       (unsigned)p->reasons.p[i]) < 0)
			return -1;
	return dump_props(out, "", p->props);
}

static int dump_disconnect(struct buf *out, const struct disconnect *p)
{
	if (buf_printf(out, " reason=0x%02x", (unsigned)p->reason) < 0)
		return -1;
	return dump_props(out, "", p->props);
}

int dump_packet(struct buf *out, enum mqtt_version v, const struct packet *p)
{
	if (buf_append_str(out, dump_type_name(p->type)) < 0)
		return -1;
	switch (p->type) {
	case PACKET_CONNECT:
		return dump_connect(out, &p->connect);
	case PACKET_CONNACK:
		return dump_connack(out, &p->connack);
	case PACKET_PUBLISH:
		return dump_publish(out, &p->publish);
	case PACKET_PUBACK:
	case PACKET_PUBREC:
	case PACKET_PUBREL:
	case PACKET_PUBCOMP:
		return dump_ack(out, &p->ack);
	case PACKET_SUBSCRIBE:
	case PACKET_UNSUBSCRIBE:
		return dump_subscribe(out, v, p);
	case PACKET_SUBACK:
	case PACKET_UNSUBACK:
		return dump_suback(out, &p->suback);
	case PACKET_DISCONNECT:
	case PACKET_AUTH:
		return dump_disconnect(out, &p->disconnect);
	default:
		return 0;
	}
}
