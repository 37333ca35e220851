/* SPDX-License-Identifier: MIT */
#include "mqtt/encode.h"

#include <string.h>

#include "mqtt/props.h"
#include "mqtt/reason.h"
#include "mqtt/wire.h"

/*
 * Every packet is written in two steps: add up its size, which finds all that
 * cannot be expressed, then reserve once and store without further checks.
 */

/* A size being added up; what would pass the largest packet sticks. */
struct tally {
	size_t n;
	bool is_bad;
	size_t apart; /* of n: what the caller writes himself, at the end */
};

static void add(struct tally *t, size_t n)
{
	if (n > MQTT_VARINT_MAX - t->n)
		t->is_bad = true;
	else
		t->n += n;
}

static void add_binary(struct tally *t, struct bytes b)
{
	if (b.n > MQTT_STRING_MAX)
		t->is_bad = true;
	add(t, 2);
	add(t, b.n);
}

/* A property list with its length in front. */
static void add_props(struct tally *t, struct bytes props)
{
	if (props.n > MQTT_VARINT_MAX) {
		t->is_bad = true;
		return;
	}
	add(t, wire_varint_size((uint32_t)props.n));
	add(t, props.n);
}

static uint8_t *put_u8(uint8_t *p, uint8_t v)
{
	*p = v;
	return p + 1;
}

static uint8_t *put_u16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
	return p + 2;
}

static uint8_t *put_u32(uint8_t *p, uint32_t v)
{
	p = put_u16(p, (uint16_t)(v >> 16));
	return put_u16(p, (uint16_t)v);
}

static uint8_t *put_varint(uint8_t *p, uint32_t v)
{
	if (LIKELY(v < 0x80))
		return put_u8(p, (uint8_t)v);
	return p + wire_store_varint(p, v);
}

static uint8_t *put_raw(uint8_t *p, struct bytes b)
{
	if (b.n)
		memcpy(p, b.p, b.n);
	return p + b.n;
}

static uint8_t *put_binary(uint8_t *p, struct bytes b)
{
	return put_raw(put_u16(p, (uint16_t)b.n), b);
}

static uint8_t *put_props(uint8_t *p, struct bytes props)
{
	return put_raw(put_varint(p, (uint32_t)props.n), props);
}

/*
 * Room for a packet whose first byte is `first`, and whose content is as long
 * as the tally says, less what is apart; the fixed header is written and
 * counted. Returns where the content goes, or NULL.
 */
static uint8_t *begin(struct buf *out, uint8_t first, const struct tally *t)
{
	size_t total = 1 + wire_varint_size((uint32_t)t->n) + t->n - t->apart;
	uint8_t *p = t->is_bad ? NULL : buf_reserve(out, total);

	if (!p)
		return NULL;
	buf_commit(out, total);
	return put_varint(put_u8(p, first), (uint32_t)t->n);
}

static uint8_t first_byte(enum packet_type type, uint8_t flags)
{
	return (uint8_t)((unsigned int)type << 4 | flags);
}

/* [MQTT-2.1.3-1] */
static uint8_t first_of(enum packet_type type)
{
	bool has_flag = type == PACKET_PUBREL || type == PACKET_SUBSCRIBE ||
			type == PACKET_UNSUBSCRIBE;

	return first_byte(type, has_flag ? 0x02 : 0);
}

static uint8_t connect_flags(const struct connect *p)
{
	unsigned int flags = 0;

	if (p->clean_start)
		flags |= MQTT_CONNECT_CLEAN;
	if (p->will.is_set)
		flags |= MQTT_CONNECT_WILL |
			 (p->will.qos & 3u) << MQTT_CONNECT_WILL_QOS_SHIFT |
			 (p->will.retain ? MQTT_CONNECT_WILL_RETAIN : 0);
	if (bytes_is_set(p->user))
		flags |= MQTT_CONNECT_USER;
	if (bytes_is_set(p->password))
		flags |= MQTT_CONNECT_PASSWORD;
	return (uint8_t)flags;
}

static struct tally connect_size(const struct connect *p, struct bytes name)
{
	struct tally t = { 0 };

	add_binary(&t, name);
	add(&t, 4); /* level, flags, keepalive */
	if (p->version == MQTT_5)
		add_props(&t, p->props);
	add_binary(&t, p->client_id);
	if (p->will.is_set) {
		if (p->version == MQTT_5)
			add_props(&t, p->will.props);
		add_binary(&t, p->will.topic);
		add_binary(&t, p->will.payload);
	}
	if (bytes_is_set(p->user))
		add_binary(&t, p->user);
	if (bytes_is_set(p->password))
		add_binary(&t, p->password);
	return t;
}

int encode_connect(struct buf *out, const struct connect *p)
{
	struct bytes name = p->version == MQTT_3_1 ? BYTES_LIT("MQIsdp")
						   : BYTES_LIT("MQTT");
	struct tally t = connect_size(p, name);
	uint8_t *to = begin(out, first_of(PACKET_CONNECT), &t);

	if (!to)
		return -1;
	to = put_binary(to, name);
	to = put_u8(to, (uint8_t)p->version);
	to = put_u8(to, connect_flags(p));
	to = put_u16(to, p->keepalive);
	if (p->version == MQTT_5)
		to = put_props(to, p->props);
	/* The order is fixed [MQTT-3.1.3-1]. */
	to = put_binary(to, p->client_id);
	if (p->will.is_set) {
		if (p->version == MQTT_5)
			to = put_props(to, p->will.props);
		to = put_binary(to, p->will.topic);
		to = put_binary(to, p->will.payload);
	}
	if (bytes_is_set(p->user))
		to = put_binary(to, p->user);
	if (bytes_is_set(p->password))
		put_binary(to, p->password);
	return 0;
}

static uint8_t v3_return_code(const struct connack *p)
{
	return p->return_code ? p->return_code : reason_to_v3(p->reason);
}

int encode_connack(struct buf *out, enum mqtt_version v,
		   const struct connack *p)
{
	bool is_v5 = v == MQTT_5 && !p->is_v3_form;
	struct tally t = { .n = 2 };
	uint8_t *to;

	if (is_v5)
		add_props(&t, p->props);
	to = begin(out, first_of(PACKET_CONNACK), &t);
	if (!to)
		return -1;
	to = put_u8(to, p->session_present);
	to = put_u8(to, is_v5 ? p->reason : v3_return_code(p));
	if (is_v5)
		put_props(to, p->props);
	return 0;
}

/* Length of the properties; at most 8 more than those of the caller. */
static size_t publish_props_size(const struct publish *p)
{
	return p->props.n + (p->has_expiry ? 5 : 0) + (p->alias ? 3 : 0);
}

/* What follows the fixed header, given the length of the properties; more
 * than MQTT_VARINT_MAX when it cannot be expressed. */
static size_t publish_size(enum mqtt_version v, const struct publish *p,
			   size_t props)
{
	size_t n = 2 + p->topic.n + (p->qos ? 2 : 0) + p->payload.n;

	/* Each part alone, so that the sums cannot wrap around. */
	if (UNLIKELY(p->topic.n > MQTT_STRING_MAX ||
		     p->payload.n > MQTT_VARINT_MAX))
		return SIZE_MAX;
	if (v != MQTT_5)
		return n;
	if (UNLIKELY(p->props.n > MQTT_VARINT_MAX || props > MQTT_VARINT_MAX))
		return SIZE_MAX;
	return n + wire_varint_size((uint32_t)props) + props;
}

static uint8_t *put_publish_props(uint8_t *to, const struct publish *p,
				  size_t props)
{
	to = put_varint(to, (uint32_t)props);
	if (p->has_expiry) {
		to = put_u8(to, PROP_MESSAGE_EXPIRY);
		to = put_u32(to, p->expiry);
	}
	if (p->alias) {
		to = put_u8(to, PROP_TOPIC_ALIAS);
		to = put_u16(to, p->alias);
	}
	return put_raw(to, p->props);
}

static uint8_t publish_flags(const struct publish *p)
{
	return (uint8_t)((p->dup ? 8 : 0) | (p->qos & 3) << 1 | p->retain);
}

static inline int put_publish(struct buf *out, enum mqtt_version v,
			      const struct publish *p, struct bytes payload)
{
	size_t props = publish_props_size(p);
	size_t n = publish_size(v, p, props);
	struct tally t = { n, n > MQTT_VARINT_MAX, p->payload.n - payload.n };
	uint8_t *to;

	to = begin(out, first_byte(PACKET_PUBLISH, publish_flags(p)), &t);
	if (UNLIKELY(!to))
		return -1;
	to = put_binary(to, p->topic);
	if (p->qos)
		to = put_u16(to, p->pid);
	if (v == MQTT_5)
		to = put_publish_props(to, p, props);
	put_raw(to, payload);
	return 0;
}

int encode_publish(struct buf *out, enum mqtt_version v,
		   const struct publish *p)
{
	return put_publish(out, v, p, p->payload);
}

int encode_publish_head(struct buf *out, enum mqtt_version v,
			const struct publish *p)
{
	return put_publish(out, v, p, BYTES_NULL);
}

size_t encode_publish_size(enum mqtt_version v, const struct publish *p)
{
	size_t n = publish_size(v, p, publish_props_size(p));

	if (n > MQTT_VARINT_MAX)
		return 0;
	return 1 + wire_varint_size((uint32_t)n) + n;
}

int encode_ack(struct buf *out, enum mqtt_version v, enum packet_type type,
	       const struct ack *p)
{
	bool is_v5 = v == MQTT_5;
	bool has_props = is_v5 && p->props.n > 0;
	bool has_reason = has_props || (is_v5 && p->reason != REASON_SUCCESS);
	struct tally t = { .n = has_reason ? 3 : 2 };
	uint8_t *to;

	if (has_props)
		add_props(&t, p->props);
	to = begin(out, first_of(type), &t);
	if (!to)
		return -1;
	to = put_u16(to, p->pid);
	if (has_reason)
		to = put_u8(to, p->reason);
	if (has_props)
		put_props(to, p->props);
	return 0;
}

/* SUBSCRIBE, and UNSUBSCRIBE, whose filters have no options. */
static int encode_filters(struct buf *out, enum mqtt_version v,
			  enum packet_type type, const struct subscribe *p)
{
	bool has_options = type == PACKET_SUBSCRIBE;
	uint8_t mask = v == MQTT_5 ? 0xFF : 0x03;
	struct tally t = { .n = 2 };
	uint8_t *to;

	if (v == MQTT_5)
		add_props(&t, p->props);
	for (size_t i = 0; i < p->count; i++) {
		add_binary(&t, p->filters[i].filter);
		add(&t, has_options);
	}
	to = begin(out, first_of(type), &t);
	if (!to)
		return -1;
	to = put_u16(to, p->pid);
	if (v == MQTT_5)
		to = put_props(to, p->props);
	for (size_t i = 0; i < p->count; i++) {
		to = put_binary(to, p->filters[i].filter);
		if (has_options)
			to = put_u8(to, p->filters[i].options & mask);
	}
	return 0;
}

int encode_subscribe(struct buf *out, enum mqtt_version v,
		     const struct subscribe *p)
{
	return encode_filters(out, v, PACKET_SUBSCRIBE, p);
}

int encode_unsubscribe(struct buf *out, enum mqtt_version v,
		       const struct subscribe *p)
{
	return encode_filters(out, v, PACKET_UNSUBSCRIBE, p);
}

int encode_suback(struct buf *out, enum mqtt_version v, enum packet_type type,
		  const struct suback *p)
{
	/* The UNSUBACK of 3.x is the identifier alone. */
	bool has_reasons = v == MQTT_5 || type == PACKET_SUBACK;
	struct tally t = { .n = 2 };
	uint8_t *to;

	if (v == MQTT_5)
		add_props(&t, p->props);
	if (has_reasons)
		add(&t, p->reasons.n);
	to = begin(out, first_of(type), &t);
	if (!to)
		return -1;
	to = put_u16(to, p->pid);
	if (v == MQTT_5)
		to = put_props(to, p->props);
	if (has_reasons)
		put_raw(to, p->reasons);
	return 0;
}

int encode_ping(struct buf *out, enum packet_type type)
{
	const struct tally t = { 0 };

	return begin(out, first_of(type), &t) ? 0 : -1;
}

int encode_disconnect(struct buf *out, enum mqtt_version v,
		      const struct disconnect *p)
{
	bool is_v5 = v == MQTT_5;
	bool has_props = is_v5 && p->props.n > 0;
	bool has_reason = has_props || (is_v5 && p->reason != REASON_SUCCESS);
	struct tally t = { .n = has_reason };
	uint8_t *to;

	if (has_props)
		add_props(&t, p->props);
	to = begin(out, first_of(PACKET_DISCONNECT), &t);
	if (!to)
		return -1;
	if (has_reason)
		to = put_u8(to, p->reason);
	if (has_props)
		put_props(to, p->props);
	return 0;
}

int encode_auth(struct buf *out, const struct disconnect *p)
{
	bool is_short = p->reason == REASON_SUCCESS && p->props.n == 0;
	struct tally t = { .n = is_short ? 0 : 1 };
	uint8_t *to;

	/* Unlike DISCONNECT, a reason never stands alone (3.15.2.1). */
	if (!is_short)
		add_props(&t, p->props);
	to = begin(out, first_of(PACKET_AUTH), &t);
	if (!to)
		return -1;
	if (!is_short)
		put_props(put_u8(to, p->reason), p->props);
	return 0;
}
