/* SPDX-License-Identifier: MIT */
#include "mqtt/decode.h"

#include "base/attr.h"
#include "mqtt/body.h"
#include "mqtt/props.h"
#include "mqtt/reason.h"
#include "mqtt/topic.h"
#include "mqtt/wire.h"

/*
 * Codes from 0x80 on are failures whatever they say, so any that exists is
 * let through even where the packet's own table lacks it: brokers do answer a
 * PUBLISH with 0x95. Nobody's code of success may be guessed at.
 */
static bool is_reason_legal(enum packet_type type, uint8_t code)
{
	if (code == REASON_SUCCESS)
		return true;
	switch (type) {
	case PACKET_PUBACK:
	case PACKET_PUBREC:
		if (code == REASON_NO_SUBSCRIBERS)
			return true;
		break;
	case PACKET_PUBREL:
	case PACKET_PUBCOMP:
		return code == REASON_PID_NOT_FOUND;
	case PACKET_SUBACK:
		if (code <= 2)
			return true;
		break;
	case PACKET_UNSUBACK:
		if (code == REASON_NO_SUBSCRIPTION)
			return true;
		break;
	default: /* DISCONNECT: it is over anyway, so report any code */
		return code >= 0x80 || code == REASON_DISCONNECT_WITH_WILL;
	}
	return code >= 0x80 && reason_is_known(code);
}

/* Checks the topic of a PUBLISH once its properties are known. */
static enum decode check_topic(struct body *b, const struct publish *p)
{
	const char *why;

	if (p->topic.n == 0 && body_is_v5(b)) {
		if (p->alias)
			return DECODE_OK;
		return body_violation(b, "neither topic nor topic alias");
	}
	why = body_topic_fault(p->topic);
	return why ? body_malformed(b, why) : DECODE_OK;
}

/* One property of a PUBLISH that is more than a part of the list. */
static enum decode note_prop(struct body *b, struct publish *p,
			     const struct prop *prop)
{
	switch (prop->info->id) {
	case PROP_MESSAGE_EXPIRY:
		p->has_expiry = true;
		p->expiry = prop->num;
		return DECODE_OK;
	case PROP_TOPIC_ALIAS:
		p->alias = (uint16_t)prop->num;
		return DECODE_OK;
	case PROP_SUBSCRIPTION_ID: /* [MQTT-3.3.4-6] */
		if (!body_is_from_server(b))
			return body_violation(b, "subscription identifier "
						 "from a client");
		return DECODE_OK;
	default:
		return DECODE_OK;
	}
}

static enum decode take_publish_props(struct body *b, struct publish *p)
{
	struct props_walk w = { .packet = PROP_IN(PACKET_PUBLISH) };
	struct prop prop;
	uint8_t reason;

	if (body_take_list(b, &p->props) != DECODE_OK)
		return DECODE_BAD;
	w.c = cursor_of(p->props);
	while (w.c.p != w.c.end) {
		reason = props_check_next(&w, &prop);
		if (reason)
			return body_bad_props(b, reason);
		if (note_prop(b, p, &prop) != DECODE_OK)
			return DECODE_BAD;
	}
	return DECODE_OK;
}

static enum decode take_publish(struct body *b)
{
	struct publish *p = &b->ret->packet.publish;
	enum decode r;

	*p = (struct publish){
		.qos = b->flags >> 1 & 3,
		.dup = b->flags >> 3 & 1,
		.retain = b->flags & 1,
	};
	if (p->qos == 3) /* [MQTT-3.3.1-4] */
		return body_malformed(b, "QoS 3");
	if (p->dup && p->qos == 0) /* [MQTT-3.3.1-2] */
		return body_malformed(b, "DUP flag with QoS 0");
	if (wire_binary(&b->c, &p->topic) < 0)
		return body_malformed(b, "topic longer than the packet");
	if (p->qos > 0) {
		r = body_take_pid(b, &p->pid);
		if (r != DECODE_OK)
			return r;
	}
	if (body_is_v5(b)) {
		r = take_publish_props(b, p);
		if (r != DECODE_OK)
			return r;
	}
	p->payload = bytes_of(b->c.p, cursor_left(&b->c));
	return check_topic(b, p);
}

/* PUBACK PUBREC PUBREL PUBCOMP */
static enum decode take_ack(struct body *b)
{
	struct ack *p = &b->ret->packet.ack;
	enum packet_type type = b->ret->packet.type;
	enum decode r;

	*p = (struct ack){ 0 };
	r = body_take_pid(b, &p->pid);
	if (r != DECODE_OK)
		return r;
	if (!body_is_v5(b) || wire_u8(&b->c, &p->reason) < 0)
		return body_finish(b); /* ends after the id: success */
	if (!is_reason_legal(type, p->reason))
		return body_violation(b, "illegal reason code in an "
					 "acknowledgement");
	if (cursor_left(&b->c) > 0) {
		r = body_take_props(b, PROP_IN(type), &p->props);
		if (r != DECODE_OK)
			return r;
	}
	return body_finish(b);
}

/*
 * Brokers that do not speak our version answer in theirs: a 3.x CONNACK (two
 * bytes) to an MQTT 5 CONNECT, or a refusal in MQTT 5 form to a 3.x CONNECT.
 */
static enum decode take_connack(struct body *b)
{
	struct connack *p = &b->ret->packet.connack;
	bool has_v5_form = cursor_left(&b->c) != 2;
	uint8_t flags, code;
	enum decode r;

	if (wire_u8(&b->c, &flags) < 0 || wire_u8(&b->c, &code) < 0)
		return body_malformed(b, "CONNACK too short");
	if (b->d->version == MQTT_3_1)
		flags = 0; /* not used there, so not looked at */
	if (flags > 1)
		return body_malformed(b, "reserved flags of CONNACK are set");
	*p = (struct connack){
		.session_present = flags,
		.return_code = code,
		.is_v3_form = body_is_v5(b) && !has_v5_form,
	};
	/* Below 0x80 only 0 exists in MQTT 5; what else comes is 3.x. */
	p->reason = has_v5_form && code >= 0x80 ? code : reason_from_v3(code);
	if (has_v5_form && (body_is_v5(b) || code >= 0x80)) {
		r = body_take_props(b, PROP_IN(PACKET_CONNACK), &p->props);
		if (r != DECODE_OK)
			return r;
	}
	if (p->session_present && p->reason) /* [MQTT-3.2.2-6] */
		return body_violation(b, "session present in a refusal");
	return body_finish(b);
}

static bool are_codes_legal(const struct body *b, struct bytes codes)
{
	enum packet_type type = b->ret->packet.type;

	for (size_t i = 0; i < codes.n; i++) {
		uint8_t code = codes.p[i];

		/* In 3.x only 0x80 exists; brokers send others that are
		 * refusals all the same. */
		if (body_is_v5(b) ? !is_reason_legal(type, code)
				  : code > 2 && code < 0x80)
			return false;
	}
	return true;
}

/* SUBACK, and UNSUBACK, which has no codes in 3.x. */
static enum decode take_suback(struct body *b)
{
	struct suback *p = &b->ret->packet.suback;
	enum packet_type type = b->ret->packet.type;
	enum decode r;

	*p = (struct suback){ 0 };
	r = body_take_pid(b, &p->pid);
	if (r != DECODE_OK)
		return r;
	if (body_is_v5(b)) {
		r = body_take_props(b, PROP_IN(type), &p->props);
		if (r != DECODE_OK)
			return r;
	} else if (type == PACKET_UNSUBACK) {
		return body_finish(b);
	}
	p->reasons = bytes_of(b->c.p, cursor_left(&b->c));
	if (p->reasons.n == 0)
		return body_malformed(b, "no reason codes");
	if (!are_codes_legal(b, p->reasons))
		return body_violation(b, "illegal reason code for a "
					 "subscription");
	return DECODE_OK;
}

static enum decode take_ping(struct body *b)
{
	return body_finish(b);
}

static enum decode take_disconnect(struct body *b)
{
	struct disconnect *p = &b->ret->packet.disconnect;
	bool is_tolerant = !body_is_v5(b) && body_is_from_server(b);
	struct prop prop;
	enum decode r;

	*p = (struct disconnect){ 0 };
	if (!body_is_v5(b) && !is_tolerant)
		return body_finish(b);
	if (wire_u8(&b->c, &p->reason) < 0)
		return DECODE_OK; /* ends here: normal (3.14.2.1) */
	if (!is_tolerant && !is_reason_legal(PACKET_DISCONNECT, p->reason))
		return body_violation(b, "illegal reason code in DISCONNECT");
	if (cursor_left(&b->c) > 0) {
		r = body_take_props(b, PROP_IN(PACKET_DISCONNECT), &p->props);
		/* A 3.x server sends no DISCONNECT; those that do mean one of
		 * MQTT 5. Report it as far as it can be read. */
		if (is_tolerant)
			return DECODE_OK;
		if (r != DECODE_OK)
			return r;
	}
	if (body_is_from_server(b) && /* [MQTT-3.14.2-2] */
	    props_find(p->props, PROP_SESSION_EXPIRY, &prop))
		return body_violation(b, "session expiry from the server");
	return body_finish(b);
}

static enum decode take_auth(struct body *b)
{
	struct disconnect *p = &b->ret->packet.auth;
	uint8_t own = body_is_from_server(b) ? REASON_SUCCESS : REASON_REAUTH;
	enum decode r;
	bool is_short;

	*p = (struct disconnect){ 0 };
	is_short = wire_u8(&b->c, &p->reason) < 0;
	if (p->reason != own && p->reason != REASON_CONTINUE_AUTH)
		return body_violation(b, "illegal reason code in AUTH");
	if (is_short)
		return DECODE_OK;
	r = body_take_props(b, PROP_IN(PACKET_AUTH), &p->props);
	if (r != DECODE_OK)
		return r;
	if (!bytes_is_set(props_value(p->props, PROP_AUTH_METHOD)))
		/* 3.15.2.2.2 */
		return body_violation(b, "AUTH without a method");
	return body_finish(b);
}

enum {
	BY_SERVER = 1 << DECODE_FROM_SERVER,
	BY_CLIENT = 1 << DECODE_FROM_CLIENT,
};

/* What each packet type looks like, and who may send it. */
static const struct shape {
	enum decode (*take)(struct body *b);
	uint8_t sides;
	uint8_t flags; /* [MQTT-2.1.3-1] */
} shapes[16] = {
	[PACKET_CONNECT] = { body_take_connect, BY_CLIENT, 0 },
	[PACKET_CONNACK] = { take_connack, BY_SERVER, 0 },
	[PACKET_PUBLISH] = { take_publish, BY_SERVER | BY_CLIENT, 0 },
	[PACKET_PUBACK] = { take_ack, BY_SERVER | BY_CLIENT, 0 },
	[PACKET_PUBREC] = { take_ack, BY_SERVER | BY_CLIENT, 0 },
	[PACKET_PUBREL] = { take_ack, BY_SERVER | BY_CLIENT, 2 },
	[PACKET_PUBCOMP] = { take_ack, BY_SERVER | BY_CLIENT, 0 },
	[PACKET_SUBSCRIBE] = { body_take_subscribe, BY_CLIENT, 2 },
	[PACKET_SUBACK] = { take_suback, BY_SERVER, 0 },
	[PACKET_UNSUBSCRIBE] = { body_take_subscribe, BY_CLIENT, 2 },
	[PACKET_UNSUBACK] = { take_suback, BY_SERVER, 0 },
	[PACKET_PINGREQ] = { take_ping, BY_CLIENT, 0 },
	[PACKET_PINGRESP] = { take_ping, BY_SERVER, 0 },
	[PACKET_DISCONNECT] = { take_disconnect, BY_SERVER | BY_CLIENT, 0 },
	[PACKET_AUTH] = { take_auth, BY_SERVER | BY_CLIENT, 0 },
};

/* Judges the first byte alone, before anything else is waited for. */
static enum decode check_first(struct body *b, enum packet_type type)
{
	const struct shape *shape = &shapes[type];
	uint8_t flags = b->flags;

	if (LIKELY(type == PACKET_PUBLISH))
		return DECODE_OK;
	if (!shape->take || (type == PACKET_AUTH && !body_is_v5(b)))
		return body_malformed(b, "reserved packet type");
	if (!(shape->sides & 1 << b->d->side))
		return body_violation(b, "packet type that only the other "
					 "side may send");
	/* MQTT 3.1 has a DUP flag on whatever is sent again. */
	if (b->d->version == MQTT_3_1 && shape->flags)
		flags &= 0x07;
	if (flags != shape->flags)
		return body_malformed(b, "reserved flags of the packet type "
					 "are wrong");
	return DECODE_OK;
}

/* The length field, after the first byte. */
static enum decode take_length(struct body *b, struct bytes in, size_t *ret)
{
	size_t used = 1;
	uint32_t n;

	if (LIKELY(in.n > 1 && in.p[1] < 0x80)) {
		*ret = in.p[1];
		b->c.p = in.p + 2;
		return DECODE_OK;
	}
	switch (wire_peek_varint(bytes_of(in.p + 1, in.n - 1), &n, &used)) {
	case VARINT_OK:
		break;
	case VARINT_MORE:
		b->ret->need = in.n + 1;
		return DECODE_MORE;
	default:
		return body_malformed(b, "malformed packet length");
	}
	*ret = n;
	b->c.p = in.p + 1 + used;
	return DECODE_OK;
}

enum decode decode_packet(const struct decoder *d, struct bytes in,
			  struct decode_result *ret)
{
	struct body b = { .d = d, .ret = ret };
	enum packet_type type;
	size_t length, total;
	enum decode r;

	if (in.n == 0) {
		ret->need = 2;
		return DECODE_MORE;
	}
	b.flags = in.p[0] & 0x0F;
	type = in.p[0] >> 4;
	r = check_first(&b, type);
	if (r == DECODE_OK)
		r = take_length(&b, in, &length);
	if (r != DECODE_OK)
		return r;
	total = (size_t)(b.c.p - in.p) + length;
	if (UNLIKELY(d->max_packet && total > d->max_packet))
		return body_bad(&b, REASON_PACKET_TOO_LARGE,
				"packet larger than the maximum");
	if (in.n < total) {
		ret->need = total;
		return DECODE_MORE;
	}
	b.c.end = in.p + total;
	ret->packet.type = type;
	ret->used = total;
	return shapes[type].take(&b);
}
