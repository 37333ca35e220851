/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_JSON_H
#define TOOLS_JSON_H

/*
 * Writes JSON into a buf: strings, and whole messages as one line with the
 * keys of mosquitto_sub's %j, but so that the exact bytes come back.
 *
 * All text that is written is legal JSON in UTF-8 without control bytes
 * (DEL and C1 included), so that it may go to a terminal. No state, no
 * thread; the buf is the caller's. Functions return -1 when the buf is full
 * or memory is short; what they had written by then stays.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "config/settings.h"
#include "mqtt/packet.h"

struct json_style {
	enum json_payload payload;
	bool pretty;
};

/* text must be UTF-8. */
int json_put_string(struct buf *out, struct bytes text) MUST_CHECK;
int json_put_uint(struct buf *out, uint64_t n) MUST_CHECK;

/*
 * One message: tst, topic, qos, retain, payloadlen, mid (QoS 1 and 2),
 * properties (when there are any), and its payload in one of two keys:
 * "payload" as a string when it is UTF-8, "payload_b64" when it is not or
 * when the style asks for base64. With JSON_PAYLOAD_JSON "payload" is the
 * payload itself when that is JSON, otherwise there is only "payload_b64".
 * tst is plain ASCII, without its quotes.
 */
int json_put_message(struct buf *out, const struct json_style *style,
		     const struct publish *m, struct bytes tst) MUST_CHECK;

/* Appends text, which must be one JSON value (RFC 8259), without the white
 * space between its tokens. False, with out as it was, when it is not JSON,
 * nested deeper than 512, or out is full. */
bool json_put_compact(struct buf *out, struct bytes text) MUST_CHECK;

#endif
