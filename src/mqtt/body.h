/* SPDX-License-Identifier: MIT */
#ifndef MQTT_BODY_H
#define MQTT_BODY_H

/*
 * One packet under decoding: what follows its fixed header, where the result
 * goes, and the steps that several packet types share. Internal to the
 * decoder (decode.c: what a client gets; request.c: what a server gets).
 * Pure; owns nothing.
 *
 * Each step returns DECODE_OK, or DECODE_BAD with reason and why filled in.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "mqtt/decode.h"
#include "mqtt/reason.h"
#include "mqtt/wire.h"

struct body {
	struct cursor c;
	const struct decoder *d;
	struct decode_result *ret;
	uint8_t flags; /* low half of the first byte */
};

static inline bool body_is_v5(const struct body *b)
{
	return b->d->version == MQTT_5;
}

static inline bool body_is_from_server(const struct body *b)
{
	return b->d->side == DECODE_FROM_SERVER;
}

static inline enum decode body_bad(struct body *b, uint8_t reason,
				   const char *why)
{
	b->ret->reason = reason;
	b->ret->why = why;
	return DECODE_BAD;
}

static inline enum decode body_malformed(struct body *b, const char *why)
{
	return body_bad(b, REASON_MALFORMED, why);
}

static inline enum decode body_violation(struct body *b, const char *why)
{
	return body_bad(b, REASON_PROTOCOL_ERROR, why);
}

/* Nothing may follow the last field. */
static inline enum decode body_finish(struct body *b)
{
	if (b->c.p != b->c.end)
		return body_malformed(b, "bytes after the end of the packet");
	return DECODE_OK;
}

/* A packet identifier, which is never 0 [MQTT-2.2.1-3]. */
enum decode body_take_pid(struct body *b, uint16_t *ret);

/* The bytes of a property list of MQTT 5, which has its length in front. */
enum decode body_take_list(struct body *b, struct bytes *ret);
/* What is answered to a property list that a check gave reason for. */
enum decode body_bad_props(struct body *b, uint8_t reason);
/* A property list, checked; packet as in props_check(). */
enum decode body_take_props(struct body *b, uint32_t packet, struct bytes *ret);

/* What is wrong with a topic name, with "topic" in the text; or NULL. */
const char *body_topic_fault(struct bytes topic);

/* What only servers get; in request.c. */
enum decode body_take_connect(struct body *b);
enum decode body_take_subscribe(struct body *b); /* and UNSUBSCRIBE */

#endif
