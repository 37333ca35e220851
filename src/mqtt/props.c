/* SPDX-License-Identifier: MIT */
#include "mqtt/props.h"

#include <string.h>

#include "mqtt/reason.h"
#include "mqtt/topic.h"
#include "mqtt/wire.h"

enum {
	IN_CONNECT = PROP_IN(PACKET_CONNECT),
	IN_CONNACK = PROP_IN(PACKET_CONNACK),
	IN_PUBLISH = PROP_IN(PACKET_PUBLISH),
	IN_SUBSCRIBE = PROP_IN(PACKET_SUBSCRIBE),
	IN_UNSUBSCRIBE = PROP_IN(PACKET_UNSUBSCRIBE),
	IN_DISCONNECT = PROP_IN(PACKET_DISCONNECT),
	IN_AUTH = PROP_IN(PACKET_AUTH),
	IN_ACKS = PROP_IN(PACKET_PUBACK) | PROP_IN(PACKET_PUBREC) |
		  PROP_IN(PACKET_PUBREL) | PROP_IN(PACKET_PUBCOMP) |
		  PROP_IN(PACKET_SUBACK) | PROP_IN(PACKET_UNSUBACK),
	IN_MESSAGE = IN_PUBLISH | PROP_IN_WILL,
	IN_SETUP = IN_CONNECT | IN_CONNACK,
	IN_ANSWERS = IN_CONNACK | IN_ACKS | IN_DISCONNECT | IN_AUTH,
	IN_ALL = IN_MESSAGE | IN_CONNECT | IN_SUBSCRIBE | IN_UNSUBSCRIBE |
		 IN_ANSWERS,
};

/* [MQTT-2.2.2.2] table 2-4, at the index of the identifier. */
static const struct prop_info table[] = {
	[0x01] = { 0x01, PROP_BYTE, IN_MESSAGE, false,
		   "payload-format-indicator" },
	[0x02] = { 0x02, PROP_U32, IN_MESSAGE, false,
		   "message-expiry-interval" },
	[0x03] = { 0x03, PROP_STRING, IN_MESSAGE, false, "content-type" },
	[0x08] = { 0x08, PROP_STRING, IN_MESSAGE, false, "response-topic" },
	[0x09] = { 0x09, PROP_BINARY, IN_MESSAGE, false, "correlation-data" },
	[0x0B] = { 0x0B, PROP_VARINT, IN_PUBLISH | IN_SUBSCRIBE, true,
		   "subscription-identifier" },
	[0x11] = { 0x11, PROP_U32, IN_SETUP | IN_DISCONNECT, false,
		   "session-expiry-interval" },
	[0x12] = { 0x12, PROP_STRING, IN_CONNACK, false,
		   "assigned-client-identifier" },
	[0x13] = { 0x13, PROP_U16, IN_CONNACK, false, "server-keep-alive" },
	[0x15] = { 0x15, PROP_STRING, IN_SETUP | IN_AUTH, false,
		   "authentication-method" },
	[0x16] = { 0x16, PROP_BINARY, IN_SETUP | IN_AUTH, false,
		   "authentication-data" },
	[0x17] = { 0x17, PROP_BYTE, IN_CONNECT, false,
		   "request-problem-information" },
	[0x18] = { 0x18, PROP_U32, PROP_IN_WILL, false, "will-delay-interval" },
	[0x19] = { 0x19, PROP_BYTE, IN_CONNECT, false,
		   "request-response-information" },
	[0x1A] = { 0x1A, PROP_STRING, IN_CONNACK, false,
		   "response-information" },
	[0x1C] = { 0x1C, PROP_STRING, IN_CONNACK | IN_DISCONNECT, false,
		   "server-reference" },
	[0x1F] = { 0x1F, PROP_STRING, IN_ANSWERS, false, "reason-string" },
	[0x21] = { 0x21, PROP_U16, IN_SETUP, false, "receive-maximum" },
	[0x22] = { 0x22, PROP_U16, IN_SETUP, false, "topic-alias-maximum" },
	[0x23] = { 0x23, PROP_U16, IN_PUBLISH, false, "topic-alias" },
	[0x24] = { 0x24, PROP_BYTE, IN_CONNACK, false, "maximum-qos" },
	[0x25] = { 0x25, PROP_BYTE, IN_CONNACK, false, "retain-available" },
	[0x26] = { 0x26, PROP_PAIR, IN_ALL, true, "user-property" },
	[0x27] = { 0x27, PROP_U32, IN_SETUP, false, "maximum-packet-size" },
	[0x28] = { 0x28, PROP_BYTE, IN_CONNACK, false,
		   "wildcard-subscription-available" },
	[0x29] = { 0x29, PROP_BYTE, IN_CONNACK, false,
		   "subscription-identifier-available" },
	[0x2A] = { 0x2A, PROP_BYTE, IN_CONNACK, false,
		   "shared-subscription-available" },
};

const struct prop_info *prop_info(uint8_t id)
{
	if (id >= ARRAY_SIZE(table) || !table[id].name)
		return NULL;
	return &table[id];
}

const struct prop_info *prop_info_by_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (table[i].name && !strcmp(table[i].name, name))
			return &table[i];
	return NULL;
}

static int read_byte(struct cursor *c, uint32_t *ret)
{
	uint8_t v;

	if (wire_u8(c, &v) < 0)
		return -1;
	*ret = v;
	return 0;
}

static int read_u16(struct cursor *c, uint32_t *ret)
{
	uint16_t v;

	if (wire_u16(c, &v) < 0)
		return -1;
	*ret = v;
	return 0;
}

/* One property, in form only: strings are not looked into. */
static int read_prop(struct cursor *c, struct prop *p)
{
	uint8_t id;

	if (wire_u8(c, &id) < 0)
		return -1;
	p->info = prop_info(id);
	if (!p->info)
		return -1;
	p->num = 0;
	p->name = p->value = BYTES_NULL;
	switch (p->info->type) {
	case PROP_BYTE:
		return read_byte(c, &p->num);
	case PROP_U16:
		return read_u16(c, &p->num);
	case PROP_U32:
		return wire_u32(c, &p->num);
	case PROP_VARINT:
		return wire_varint(c, &p->num);
	case PROP_PAIR:
		if (wire_binary(c, &p->name) < 0)
			return -1;
		return wire_binary(c, &p->value);
	default:
		return wire_binary(c, &p->value);
	}
}

/* [MQTT-1.5.4-1,-2], [MQTT-1.5.7-1] */
static bool is_text_legal(const struct prop *p)
{
	if (p->info->type == PROP_PAIR && !wire_is_string(p->name))
		return false;
	if (p->info->type == PROP_PAIR || p->info->type == PROP_STRING)
		return wire_is_string(p->value);
	return true;
}

/* The ranges that the section of each property states. */
static uint8_t check_value(const struct prop *p)
{
	bool is_legal = true;

	switch (p->info->id) {
	case PROP_RECEIVE_MAX:
	case PROP_MAX_PACKET:
	case PROP_SUBSCRIPTION_ID:
		is_legal = p->num != 0;
		break;
	case PROP_TOPIC_ALIAS:
		return p->num ? REASON_SUCCESS : REASON_ALIAS_INVALID;
	case PROP_RESPONSE_TOPIC: /* [MQTT-3.3.2-14] */
		is_legal = !topic_has_wildcard(p->value);
		break;
	default: /* every other byte is a flag; the maximum QoS is 0 or 1 */
		is_legal = p->info->type != PROP_BYTE || p->num <= 1;
	}
	return is_legal ? REASON_SUCCESS : REASON_PROTOCOL_ERROR;
}

static bool may_repeat(const struct prop_info *info, uint32_t packet)
{
	/* Several subscriptions may match one message, but a SUBSCRIBE has
	 * one identifier at most (3.8.2.1.2). */
	return info->may_repeat &&
	       (info->id != PROP_SUBSCRIPTION_ID || packet == IN_PUBLISH);
}

uint8_t props_check_next(struct props_walk *w, struct prop *ret)
{
	uint64_t bit;

	if (read_prop(&w->c, ret) < 0 || !(ret->info->packets & w->packet) ||
	    !is_text_legal(ret))
		return REASON_MALFORMED;
	bit = UINT64_C(1) << ret->info->id;
	if (w->seen & bit && !may_repeat(ret->info, w->packet))
		return REASON_PROTOCOL_ERROR;
	w->seen |= bit;
	return check_value(ret);
}

uint8_t props_check(struct bytes list, uint32_t packet)
{
	struct props_walk w = { cursor_of(list), packet, 0 };
	struct prop p;

	while (w.c.p != w.c.end) {
		uint8_t reason = props_check_next(&w, &p);

		if (reason)
			return reason;
	}
	return REASON_SUCCESS;
}

bool props_next(struct bytes list, size_t *pos, struct prop *ret)
{
	struct cursor c;

	if (*pos >= list.n)
		return false;
	c = cursor_of(bytes_of(list.p + *pos, list.n - *pos));
	if (read_prop(&c, ret) < 0)
		return false;
	*pos = (size_t)(c.p - list.p);
	return true;
}

bool props_find(struct bytes list, uint8_t id, struct prop *ret)
{
	struct prop p;

	for (size_t pos = 0; props_next(list, &pos, &p);) {
		if (p.info->id != id)
			continue;
		*ret = p;
		return true;
	}
	return false;
}

uint32_t props_num(struct bytes list, uint8_t id, uint32_t fallback)
{
	struct prop p;

	return props_find(list, id, &p) ? p.num : fallback;
}

struct bytes props_value(struct bytes list, uint8_t id)
{
	struct prop p;

	return props_find(list, id, &p) ? p.value : BYTES_NULL;
}

/* The bytes of a number at dst, 0 when the type cannot hold it. */
static size_t store_num(uint8_t dst[4], enum prop_type type, uint32_t num)
{
	switch (type) {
	case PROP_BYTE:
		dst[0] = (uint8_t)num;
		return num <= UINT8_MAX ? 1 : 0;
	case PROP_U16:
		dst[0] = (uint8_t)(num >> 8);
		dst[1] = (uint8_t)num;
		return num <= UINT16_MAX ? 2 : 0;
	case PROP_U32:
		dst[0] = (uint8_t)(num >> 24);
		dst[1] = (uint8_t)(num >> 16);
		dst[2] = (uint8_t)(num >> 8);
		dst[3] = (uint8_t)num;
		return 4;
	case PROP_VARINT:
		return num <= MQTT_VARINT_MAX ? wire_store_varint(dst, num) : 0;
	default:
		return 0;
	}
}

int props_put_num(struct buf *list, uint8_t id, uint32_t num)
{
	const struct prop_info *info = prop_info(id);
	uint8_t p[5] = { id };
	size_t n = info ? store_num(p + 1, info->type, num) : 0;

	return n ? buf_append(list, bytes_of(p, 1 + n)) : -1;
}

int props_put_bytes(struct buf *list, uint8_t id, struct bytes value)
{
	const struct prop_info *info = prop_info(id);
	size_t before = buf_len(list);

	if (!info || (info->type != PROP_STRING && info->type != PROP_BINARY))
		return -1;
	if (buf_append_byte(list, id) == 0 && wire_put_binary(list, value) == 0)
		return 0;
	buf_truncate(list, before);
	return -1;
}

int props_put_pair(struct buf *list, struct bytes name, struct bytes value)
{
	size_t before = buf_len(list);

	if (buf_append_byte(list, PROP_USER_PROPERTY) == 0 &&
	    wire_put_binary(list, name) == 0 &&
	    wire_put_binary(list, value) == 0)
		return 0;
	buf_truncate(list, before);
	return -1;
}
