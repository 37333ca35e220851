/* SPDX-License-Identifier: MIT */
#include "mqtt/body.h"

#include "base/attr.h"
#include "mqtt/props.h"
#include "mqtt/topic.h"

enum decode body_take_pid(struct body *b, uint16_t *ret)
{
	uint16_t pid;

	if (wire_u16(&b->c, &pid) < 0)
		return body_malformed(b, "packet too short for its identifier");
	if (pid == 0)
		return body_violation(b, "packet identifier 0");
	*ret = pid;
	return DECODE_OK;
}

enum decode body_bad_props(struct body *b, uint8_t reason)
{
	const char *why = "a property has an illegal value or occurs twice";

	if (reason == REASON_MALFORMED)
		why = "malformed or misplaced property";
	else if (reason == REASON_ALIAS_INVALID)
		why = "topic alias 0";
	return body_bad(b, reason, why);
}

enum decode body_take_list(struct body *b, struct bytes *ret)
{
	uint32_t n;

	if (LIKELY(b->c.p != b->c.end && *b->c.p < 0x80))
		n = *b->c.p++;
	else if (wire_varint(&b->c, &n) < 0)
		return body_malformed(b, "malformed property length");
	if (n > cursor_left(&b->c))
		return body_malformed(b, "properties longer than the packet");
	*ret = bytes_of(b->c.p, n);
	b->c.p += n;
	return DECODE_OK;
}

enum decode body_take_props(struct body *b, uint32_t packet, struct bytes *ret)
{
	struct bytes list;
	uint8_t reason;

	if (body_take_list(b, &list) != DECODE_OK)
		return DECODE_BAD;
	reason = props_check(list, packet);
	if (reason)
		return body_bad_props(b, reason);
	*ret = list;
	return DECODE_OK;
}

const char *body_topic_fault(struct bytes topic)
{
	if (LIKELY(!topic_check_name(topic)))
		return NULL;
	if (topic.n == 0) /* [MQTT-4.7.3-1] */
		return "topic is empty";
	return wire_is_string(topic) ? "topic contains a wildcard"
				     : "topic is not UTF-8";
}
