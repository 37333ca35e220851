/* SPDX-License-Identifier: MIT */
#ifndef MQTT_REASON_H
#define MQTT_REASON_H

/*
 * Reason codes of MQTT 5 and the CONNACK return codes of MQTT 3.x: name,
 * plain text, and what a client should do about them. One table; any thread;
 * the strings are static.
 */

#include <stdbool.h>
#include <stdint.h>

#include "mqtt/types.h"

enum reason {
	REASON_SUCCESS = 0x00,
	REASON_DISCONNECT_WITH_WILL = 0x04,
	REASON_NO_SUBSCRIBERS = 0x10,
	REASON_NO_SUBSCRIPTION = 0x11,
	REASON_CONTINUE_AUTH = 0x18,
	REASON_REAUTH = 0x19,
	REASON_UNSPECIFIED = 0x80,
	REASON_MALFORMED = 0x81,
	REASON_PROTOCOL_ERROR = 0x82,
	REASON_IMPLEMENTATION = 0x83,
	REASON_BAD_VERSION = 0x84,
	REASON_BAD_CLIENT_ID = 0x85,
	REASON_BAD_CREDENTIALS = 0x86,
	REASON_NOT_AUTHORIZED = 0x87,
	REASON_UNAVAILABLE = 0x88,
	REASON_BUSY = 0x89,
	REASON_BANNED = 0x8A,
	REASON_SHUTTING_DOWN = 0x8B,
	REASON_BAD_AUTH_METHOD = 0x8C,
	REASON_KEEPALIVE_TIMEOUT = 0x8D,
	REASON_TAKEN_OVER = 0x8E,
	REASON_FILTER_INVALID = 0x8F,
	REASON_TOPIC_INVALID = 0x90,
	REASON_PID_IN_USE = 0x91,
	REASON_PID_NOT_FOUND = 0x92,
	REASON_RECEIVE_MAX = 0x93,
	REASON_ALIAS_INVALID = 0x94,
	REASON_PACKET_TOO_LARGE = 0x95,
	REASON_RATE_TOO_HIGH = 0x96,
	REASON_QUOTA = 0x97,
	REASON_ADMINISTRATIVE = 0x98,
	REASON_PAYLOAD_FORMAT = 0x99,
	REASON_NO_RETAIN = 0x9A,
	REASON_NO_QOS = 0x9B,
	REASON_USE_ANOTHER_SERVER = 0x9C,
	REASON_SERVER_MOVED = 0x9D,
	REASON_NO_SHARED = 0x9E,
	REASON_CONNECTION_RATE = 0x9F,
	REASON_MAX_CONNECT_TIME = 0xA0,
	REASON_NO_SUB_IDS = 0xA1,
	REASON_NO_WILDCARDS = 0xA2,
};

/* What to do after a refused or ended connection. */
enum reason_class {
	REASON_IS_OK,
	REASON_IS_PERMANENT, /* trying again will not help */
	REASON_IS_RETRYABLE,
	REASON_IS_RATE,    /* retryable, but start slowly */
	REASON_IS_VERSION, /* try the next lower version */
	REASON_IS_REDIRECT,
};

/* Is it a code of MQTT 5, for whatever packet? */
bool reason_is_known(uint8_t code);

/* "not authorized" for 0x87; "unknown reason" for codes of no version. */
const char *reason_text(uint8_t code);

/* The class of a CONNACK or DISCONNECT reason of MQTT 5; unknown codes from
 * 0x80 on are retryable. */
enum reason_class reason_class(uint8_t code);

/* MQTT 3.x CONNACK return codes 1..5 as the MQTT 5 reason that means the
 * same, so that everything above knows one code space; unknown ones become
 * REASON_UNSPECIFIED. 0 is success. */
uint8_t reason_from_v3(uint8_t return_code);
/* The other way; "server unavailable" (3) for reasons that 3.x lacks. */
uint8_t reason_to_v3(uint8_t code);

#endif
