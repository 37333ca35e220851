/* SPDX-License-Identifier: MIT */
#ifndef MQTT_PROPS_H
#define MQTT_PROPS_H

/*
 * MQTT 5 properties: one table (id, name, type, packets that may carry it,
 * repeatable or not), a writer, a checker and an iterator.
 *
 * A property list is kept in its wire form without the length in front
 * (struct bytes): what came from the wire is a view into the packet, what
 * goes out is built once with the writer into a buf and sent many times.
 * Pure and thread-free; nothing is owned but the caller's buf.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "mqtt/types.h"
#include "mqtt/wire.h"

enum prop_id {
	PROP_PAYLOAD_FORMAT = 0x01,
	PROP_MESSAGE_EXPIRY = 0x02,
	PROP_CONTENT_TYPE = 0x03,
	PROP_RESPONSE_TOPIC = 0x08,
	PROP_CORRELATION_DATA = 0x09,
	PROP_SUBSCRIPTION_ID = 0x0B,
	PROP_SESSION_EXPIRY = 0x11,
	PROP_ASSIGNED_CLIENT_ID = 0x12,
	PROP_SERVER_KEEPALIVE = 0x13,
	PROP_AUTH_METHOD = 0x15,
	PROP_AUTH_DATA = 0x16,
	PROP_REQUEST_PROBLEM_INFO = 0x17,
	PROP_WILL_DELAY = 0x18,
	PROP_REQUEST_RESPONSE_INFO = 0x19,
	PROP_RESPONSE_INFO = 0x1A,
	PROP_SERVER_REFERENCE = 0x1C,
	PROP_REASON_STRING = 0x1F,
	PROP_RECEIVE_MAX = 0x21,
	PROP_TOPIC_ALIAS_MAX = 0x22,
	PROP_TOPIC_ALIAS = 0x23,
	PROP_MAX_QOS = 0x24,
	PROP_RETAIN_AVAILABLE = 0x25,
	PROP_USER_PROPERTY = 0x26,
	PROP_MAX_PACKET = 0x27,
	PROP_WILDCARD_AVAILABLE = 0x28,
	PROP_SUB_ID_AVAILABLE = 0x29,
	PROP_SHARED_AVAILABLE = 0x2A,
};

enum prop_type {
	PROP_BYTE,
	PROP_U16,
	PROP_U32,
	PROP_VARINT,
	PROP_STRING,
	PROP_BINARY,
	PROP_PAIR, /* user property: name and value */
};

/* Which packet a list belongs to: 1 << enum packet_type, and the will. */
#define PROP_IN(type) (1u << (type))
#define PROP_IN_WILL (1u << 16)

struct prop_info {
	uint8_t id;
	enum prop_type type;
	uint32_t packets; /* PROP_IN() bits of the packets that may carry it */
	bool may_repeat;
	const char *name; /* "content-type": as options and mosquitto spell */
};

/* One decoded property; strings and binary data are views into the list. */
struct prop {
	const struct prop_info *info;
	uint32_t num;       /* BYTE, U16, U32, VARINT */
	struct bytes name;  /* PAIR only */
	struct bytes value; /* STRING, BINARY, and the value of a PAIR */
};

const struct prop_info *prop_info(uint8_t id);               /* or NULL */
const struct prop_info *prop_info_by_name(const char *name); /* or NULL */

/*
 * Checks a whole list for a packet: known ids that may occur there, values
 * of legal form and range (booleans 0/1, receive maximum and maximum packet
 * size and topic alias not 0 ... as each property's section states), single
 * ones at most once [MQTT-2.2.2, 3.x.2]. Linear in the size of the list.
 * Returns 0 or the reason code to answer with: REASON_MALFORMED when it
 * cannot be read or names a property that is not for this packet (2.2.2.2),
 * REASON_PROTOCOL_ERROR for one too many and for a value out of range. A
 * topic alias of 0 gives REASON_ALIAS_INVALID [MQTT-3.3.2-8].
 */
uint8_t props_check(struct bytes list, uint32_t packet);

/* props_check() in steps, for a reader that wants the properties in the same
 * pass: while c.p is not c.end, the next property, or the reason code. */
struct props_walk {
	struct cursor c;
	uint32_t packet;
	uint64_t seen; /* identifiers so far */
};
uint8_t props_check_next(struct props_walk *w, struct prop *ret);

/* Iterates over a list that props_check() accepted (or that we wrote).
 * Returns false at the end. Start with pos = 0. */
bool props_next(struct bytes list, size_t *pos, struct prop *ret);

/* Finds the first property with that id; false when there is none. */
bool props_find(struct bytes list, uint8_t id, struct prop *ret);
/* The number of a numeric property, or fallback. */
uint32_t props_num(struct bytes list, uint8_t id, uint32_t fallback);
/* The value of a string or binary property, or BYTES_NULL. */
struct bytes props_value(struct bytes list, uint8_t id);

/* Writers: append one property to a list under construction. -1 and no change
 * when the buf is full, memory is short, or the type of the property cannot
 * hold the value (a string over 65,535 bytes, say). The value's range and
 * UTF-8 are the caller's duty (props_check() finds mistakes). */
int props_put_num(struct buf *list, uint8_t id, uint32_t num) MUST_CHECK;
int props_put_bytes(struct buf *list, uint8_t id, struct bytes value)
	MUST_CHECK;
int props_put_pair(struct buf *list, struct bytes name, struct bytes value)
	MUST_CHECK;

#endif
