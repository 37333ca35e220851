/* SPDX-License-Identifier: MIT */
#ifndef MQTT_PACKET_H
#define MQTT_PACKET_H

/*
 * One plain struct per MQTT packet. Everything is a view: nothing is owned,
 * and a decoded packet dies with the bytes it was read from.
 *
 * Property lists (props) are in wire form without their length, see
 * mqtt/props.h; they are empty for MQTT 3.x.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "mqtt/types.h"

struct will {
	bool is_set;
	uint8_t qos;
	bool retain;
	struct bytes topic, payload, props;
};

struct connect {
	enum mqtt_version version;
	bool clean_start;
	uint16_t keepalive;          /* seconds */
	struct bytes client_id;      /* empty: the server assigns one */
	struct bytes user, password; /* absent when p is NULL */
	struct will will;
	struct bytes props;
};

struct connack {
	bool session_present;
	uint8_t reason;      /* MQTT 5 code space, see reason_from_v3() */
	uint8_t return_code; /* the byte as it came */
	bool is_v3_form;     /* a 3.x CONNACK answered an MQTT 5 CONNECT */
	struct bytes props;
};

struct publish {
	struct bytes topic; /* empty with an alias */
	struct bytes payload;
	struct bytes props; /* without message expiry and topic alias when
			     * going out; complete when it came in */
	uint32_t expiry;    /* seconds, meaningful with has_expiry */
	uint16_t pid;       /* 0 with QoS 0 */
	uint16_t alias;     /* 0: none */
	uint8_t qos;
	bool retain, dup, has_expiry;
};

struct ack { /* PUBACK PUBREC PUBREL PUBCOMP */
	uint16_t pid;
	uint8_t reason;
	struct bytes props;
};

struct subscription {
	struct bytes filter;
	uint8_t options; /* QoS in bits 0-1, MQTT_SUB_* (0..2 only in 3.x) */
};

/* SUBSCRIBE and UNSUBSCRIBE. Going out: an array of the caller. Coming in
 * (peers of the tests, self test): the undecoded list; see filters_next(). */
struct subscribe {
	uint16_t pid;
	const struct subscription *filters; /* NULL when decoded */
	size_t count;
	struct bytes list; /* decoded form: validated wire bytes */
	struct bytes props;
};

struct suback { /* SUBACK and UNSUBACK */
	uint16_t pid;
	struct bytes reasons; /* one byte per filter; empty: 3.x UNSUBACK */
	struct bytes props;
};

struct disconnect { /* DISCONNECT and AUTH */
	uint8_t reason;
	struct bytes props;
};

struct packet {
	enum packet_type type;
	union {
		struct connect connect;
		struct connack connack;
		struct publish publish;
		struct ack ack;
		struct subscribe subscribe; /* and unsubscribe */
		struct suback suback;       /* and unsuback */
		struct disconnect disconnect;
		struct disconnect auth;
	};
};

#endif
