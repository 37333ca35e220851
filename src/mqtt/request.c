/* SPDX-License-Identifier: MIT */
#include "base/attr.h"
#include "mqtt/body.h"
#include "mqtt/props.h"
#include "mqtt/reason.h"
#include "mqtt/topic.h"
#include "mqtt/wire.h"

/* One filter of a SUBSCRIBE (with its options) or UNSUBSCRIBE, in form. */
static int next_filter(struct cursor *c, enum packet_type type,
		       struct subscription *ret)
{
	ret->options = 0;
	if (wire_binary(c, &ret->filter) < 0)
		return -1;
	if (type != PACKET_SUBSCRIBE)
		return 0;
	return wire_u8(c, &ret->options);
}

static enum decode check_filter(struct body *b, const struct subscription *s)
{
	uint8_t reserved = body_is_v5(b) ? 0xC0 : 0xFC; /* [MQTT-3.8.3-5] */
	struct bytes group, rest;

	if (topic_check_filter(s->filter))
		return body_malformed(b, "illegal topic filter");
	if (s->options & reserved)
		return body_malformed(b, "reserved subscription options are "
					 "set");
	if ((s->options & 3) == 3)
		return body_malformed(b, "subscription with QoS 3");
	if (s->options >> MQTT_SUB_RETAIN_HANDLING_SHIFT == 3)
		return body_violation(b, "retain handling 3");
	if (s->options & MQTT_SUB_NO_LOCAL && /* [MQTT-3.8.3-4] */
	    topic_is_shared(s->filter, &group, &rest))
		return body_violation(b, "no local on a shared subscription");
	return DECODE_OK;
}

/* SUBSCRIBE and UNSUBSCRIBE */
enum decode body_take_subscribe(struct body *b)
{
	struct subscribe *p = &b->ret->packet.subscribe;
	enum packet_type type = b->ret->packet.type;
	struct subscription s;
	enum decode r;

	*p = (struct subscribe){ 0 };
	r = body_take_pid(b, &p->pid);
	if (r == DECODE_OK && body_is_v5(b))
		r = body_take_props(b, PROP_IN(type), &p->props);
	if (r != DECODE_OK)
		return r;
	p->list = bytes_of(b->c.p, cursor_left(&b->c));
	if (p->list.n == 0) /* [MQTT-3.8.3-2], [MQTT-3.10.3-2] */
		return body_violation(b, "no topic filters");
	for (; b->c.p != b->c.end; p->count++) {
		if (next_filter(&b->c, type, &s) < 0)
			return body_malformed(b, "filter longer than the "
						 "packet");
		r = check_filter(b, &s);
		if (r != DECODE_OK)
			return r;
	}
	return DECODE_OK;
}

bool decode_next_filter(const struct packet *p, size_t *pos,
			struct subscription *ret)
{
	struct bytes list = p->subscribe.list;
	struct subscription s;
	struct cursor c;

	if (*pos >= list.n)
		return false;
	c = cursor_of(bytes_of(list.p + *pos, list.n - *pos));
	if (next_filter(&c, p->type, &s) < 0)
		return false;
	*pos = (size_t)(c.p - list.p);
	*ret = s;
	return true;
}

/* The version that the name and level stand for; MQTT_AUTO for none. */
static enum mqtt_version version_of(struct bytes name, uint8_t level)
{
	static const struct {
		const char *name;
		enum mqtt_version version;
	} known[] = {
		{ "MQIsdp", MQTT_3_1 },
		{ "MQTT", MQTT_3_1_1 },
		{ "MQTT", MQTT_5 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if ((uint8_t)known[i].version == level &&
		    bytes_equal(bytes_str(known[i].name), name))
			return known[i].version;
	return MQTT_AUTO;
}

static enum decode take_version(struct body *b, enum mqtt_version *ret)
{
	enum mqtt_version version;
	struct bytes name;
	uint8_t level;

	if (wire_string(&b->c, &name) < 0 || wire_u8(&b->c, &level) < 0)
		return body_malformed(b, "malformed protocol name");
	version = version_of(name, level);
	if (version == MQTT_AUTO)
		return body_bad(b, REASON_BAD_VERSION,
				"unknown protocol name or level");
	*ret = version;
	return DECODE_OK;
}

static const char *connect_flags_fault(uint8_t flags, enum mqtt_version v)
{
	unsigned int retain = flags & MQTT_CONNECT_WILL_RETAIN;
	unsigned int qos = flags >> MQTT_CONNECT_WILL_QOS_SHIFT & 3;
	unsigned int user = flags & (MQTT_CONNECT_USER | MQTT_CONNECT_PASSWORD);

	if (flags & MQTT_CONNECT_RESERVED) /* [MQTT-3.1.2-3] */
		return "reserved flag of CONNECT is set";
	/* [MQTT-3.1.2-11,-13] */
	if (!(flags & MQTT_CONNECT_WILL) && (retain || qos))
		return "will flags without a will";
	if (qos == 3) /* [MQTT-3.1.2-12] */
		return "will with QoS 3";
	/* Only MQTT 5 allows it; 3.1.1 says no in [MQTT-3.1.2-22]. */
	if (v != MQTT_5 && user == MQTT_CONNECT_PASSWORD)
		return "password without a user name";
	return NULL;
}

static enum decode take_will(struct body *b, struct connect *p)
{
	struct will *w = &p->will;
	const char *why;
	enum decode r;

	if (p->version == MQTT_5) {
		r = body_take_props(b, PROP_IN_WILL, &w->props);
		if (r != DECODE_OK)
			return r;
	}
	if (wire_binary(&b->c, &w->topic) < 0 ||
	    wire_binary(&b->c, &w->payload) < 0)
		return body_malformed(b, "will longer than the packet");
	why = body_topic_fault(w->topic);
	return why ? body_malformed(b, why) : DECODE_OK;
}

/* The payload of CONNECT, in its one order [MQTT-3.1.3-1]. */
static enum decode take_connect_payload(struct body *b, struct connect *p,
					uint8_t flags)
{
	enum decode r;

	if (wire_string(&b->c, &p->client_id) < 0)
		return body_malformed(b, "malformed client identifier");
	if (p->will.is_set) {
		r = take_will(b, p);
		if (r != DECODE_OK)
			return r;
	}
	if (flags & MQTT_CONNECT_USER && wire_string(&b->c, &p->user) < 0)
		return body_malformed(b, "malformed user name");
	if (flags & MQTT_CONNECT_PASSWORD &&
	    wire_binary(&b->c, &p->password) < 0)
		return body_malformed(b, "malformed password");
	return body_finish(b);
}

enum decode body_take_connect(struct body *b)
{
	struct connect *p = &b->ret->packet.connect;
	const char *why;
	uint8_t flags;
	enum decode r;

	*p = (struct connect){ 0 };
	r = take_version(b, &p->version);
	if (r != DECODE_OK)
		return r;
	if (wire_u8(&b->c, &flags) < 0 || wire_u16(&b->c, &p->keepalive) < 0)
		return body_malformed(b, "CONNECT too short");
	why = connect_flags_fault(flags, p->version);
	if (why)
		return body_malformed(b, why);
	p->clean_start = flags & MQTT_CONNECT_CLEAN;
	p->will.is_set = flags & MQTT_CONNECT_WILL;
	p->will.retain = flags & MQTT_CONNECT_WILL_RETAIN;
	p->will.qos = flags >> MQTT_CONNECT_WILL_QOS_SHIFT & 3;
	if (p->version == MQTT_5) {
		r = body_take_props(b, PROP_IN(PACKET_CONNECT), &p->props);
		if (r != DECODE_OK)
			return r;
		/* 3.1.2.11.10 */
		if (bytes_is_set(props_value(p->props, PROP_AUTH_DATA)) &&
		    !bytes_is_set(props_value(p->props, PROP_AUTH_METHOD)))
			return body_violation(b, "authentication data "
						 "without a method");
	}
	return take_connect_payload(b, p, flags);
}
