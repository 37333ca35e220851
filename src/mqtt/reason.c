/* SPDX-License-Identifier: MIT */
#include "mqtt/reason.h"

#include <stddef.h>

#include "base/attr.h"

struct row {
	uint8_t code;
	enum reason_class class;
	const char *text;
};

/* Ordered by code. The classes speak of CONNACK and DISCONNECT alone. */
static const struct row rows[] = {
	{ 0x00, REASON_IS_OK, "success" },
	{ 0x01, REASON_IS_OK, "granted QoS 1" },
	{ 0x02, REASON_IS_OK, "granted QoS 2" },
	{ 0x04, REASON_IS_OK, "disconnect with will message" },
	{ 0x10, REASON_IS_OK, "no matching subscribers" },
	{ 0x11, REASON_IS_OK, "no subscription existed" },
	{ 0x18, REASON_IS_OK, "continue authentication" },
	{ 0x19, REASON_IS_OK, "re-authenticate" },
	{ 0x80, REASON_IS_RETRYABLE, "unspecified error" },
	{ 0x81, REASON_IS_PERMANENT, "malformed packet" },
	{ 0x82, REASON_IS_PERMANENT, "protocol error" },
	{ 0x83, REASON_IS_RETRYABLE, "implementation specific error" },
	{ 0x84, REASON_IS_VERSION, "unsupported protocol version" },
	{ 0x85, REASON_IS_PERMANENT, "client identifier not valid" },
	{ 0x86, REASON_IS_PERMANENT, "bad user name or password" },
	{ 0x87, REASON_IS_PERMANENT, "not authorized" },
	{ 0x88, REASON_IS_RETRYABLE, "server unavailable" },
	{ 0x89, REASON_IS_RATE, "server busy" },
	{ 0x8A, REASON_IS_PERMANENT, "banned" },
	{ 0x8B, REASON_IS_RETRYABLE, "server shutting down" },
	{ 0x8C, REASON_IS_PERMANENT, "bad authentication method" },
	{ 0x8D, REASON_IS_RETRYABLE, "keep alive timeout" },
	/* Two holders of one client id would fight for ever. */
	{ 0x8E, REASON_IS_PERMANENT, "session taken over" },
	{ 0x8F, REASON_IS_PERMANENT, "topic filter invalid" },
	{ 0x90, REASON_IS_PERMANENT, "topic name invalid" },
	{ 0x91, REASON_IS_PERMANENT, "packet identifier in use" },
	{ 0x92, REASON_IS_PERMANENT, "packet identifier not found" },
	{ 0x93, REASON_IS_PERMANENT, "receive maximum exceeded" },
	{ 0x94, REASON_IS_PERMANENT, "topic alias invalid" },
	{ 0x95, REASON_IS_PERMANENT, "packet too large" },
	{ 0x96, REASON_IS_RATE, "message rate too high" },
	{ 0x97, REASON_IS_RATE, "quota exceeded" },
	{ 0x98, REASON_IS_PERMANENT, "administrative action" },
	{ 0x99, REASON_IS_PERMANENT, "payload format invalid" },
	{ 0x9A, REASON_IS_PERMANENT, "retain not supported" },
	{ 0x9B, REASON_IS_PERMANENT, "QoS not supported" },
	{ 0x9C, REASON_IS_REDIRECT, "use another server" },
	{ 0x9D, REASON_IS_REDIRECT, "server moved" },
	{ 0x9E, REASON_IS_PERMANENT, "shared subscriptions not supported" },
	{ 0x9F, REASON_IS_RATE, "connection rate exceeded" },
	{ 0xA0, REASON_IS_RETRYABLE, "maximum connect time" },
	{ 0xA1, REASON_IS_PERMANENT, "subscription identifiers not supported" },
	{ 0xA2, REASON_IS_PERMANENT, "wildcard subscriptions not supported" },
};

static const struct row *find(uint8_t code)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].code == code)
			return &rows[i];
	return NULL;
}

bool reason_is_known(uint8_t code)
{
	return find(code) != NULL;
}

const char *reason_text(uint8_t code)
{
	const struct row *row = find(code);

	return row ? row->text : "unknown reason";
}

enum reason_class reason_class(uint8_t code)
{
	const struct row *row = find(code);

	if (row)
		return row->class;
	return code < 0x80 ? REASON_IS_OK : REASON_IS_RETRYABLE;
}

uint8_t reason_from_v3(uint8_t return_code)
{
	static const uint8_t reasons[] = {
		REASON_SUCCESS,         REASON_BAD_VERSION,
		REASON_BAD_CLIENT_ID,   REASON_UNAVAILABLE,
		REASON_BAD_CREDENTIALS, REASON_NOT_AUTHORIZED,
	};

	return return_code < ARRAY_SIZE(reasons) ? reasons[return_code]
						 : REASON_UNSPECIFIED;
}

uint8_t reason_to_v3(uint8_t code)
{
	for (uint8_t i = 0; i <= 5; i++)
		if (reason_from_v3(i) == code)
			return i;
	return 3; /* server unavailable: the only one without a claim */
}
