/* SPDX-License-Identifier: MIT */
/* What the decoder refuses, with which reason and in which words. Rows that
 * begin with a CVE or the name of a product replay the shape of its bug. */
#include "mqtt/decode.h"

#include <stdlib.h>

#include "mqtt/reason.h"
#include "packets.h"
#include "test.h"

struct refusal {
	const char *name;
	int versions, sides;
	uint8_t reason;
	const char *script, *why;
};

static void refuse(const struct refusal *f)
{
	const struct sample s = { .versions = f->versions, .sides = f->sides };
	uint8_t p[PACKET_BYTES_MAX];
	size_t n = script_bytes(f->script, p);
	struct decode_result r;
	struct decoder d;

	for (int i = 0; sample_decoder(&s, &i, &d);) {
		r = (struct decode_result){ 0 };
		is_int(decode_copy(&d, p, n, &r), DECODE_BAD, "%s", f->name);
		is_int(r.reason, f->reason, "%s", f->name);
		is_str(r.why, f->why, "%s", f->name);
	}
}

enum {
	V3 = V31 | V311,
	ALL = V3 | V5,
	MALFORMED = REASON_MALFORMED,
	PROTOCOL = REASON_PROTOCOL_ERROR,
};

static const char topic_long[] = "topic longer than the packet";
static const char too_short[] = "packet too short for its identifier";
static const char props_long[] = "properties longer than the packet";
static const char props_length[] = "malformed property length";
static const char props_bad[] = "malformed or misplaced property";
static const char props_value[] =
	"a property has an illegal value or occurs twice";
static const char not_utf8[] = "topic is not UTF-8";
static const char trailing[] = "bytes after the end of the packet";
static const char ack_reason[] = "illegal reason code in an acknowledgement";

static const struct refusal frames[] = {
	{ "type 0", ALL, BOTH, MALFORMED, "00 00", "reserved packet type" },
	{ "type 0, no length yet", ALL, BOTH, MALFORMED, "00",
	  "reserved packet type" },
	{ "AUTH in 3.x", V3, BOTH, MALFORMED, "f0 00", "reserved packet type" },
	{ "CVE-2020-10062: length of five bytes", ALL, BOTH, MALFORMED,
	  "30 80 80 80 80 01", "malformed packet length" },
	{ "length that never ends", ALL, BOTH, MALFORMED, "30 ff ff ff ff",
	  "malformed packet length" },
	{ "length longer than it need be", ALL, BOTH, MALFORMED,
	  "30 85 00 00 01 61 78 79", "malformed packet length" },
	{ "PINGRESP with content", ALL, SERVER, MALFORMED, "d0 01 00",
	  trailing },
	{ "PINGREQ with content", ALL, CLIENT, MALFORMED, "c0 01 00",
	  trailing },
};

static const struct refusal publishes[] = {
	{ "QoS 3", ALL, BOTH, MALFORMED, "36 06 00 01 'a' 00 01 00", "QoS 3" },
	{ "DUP with QoS 0", ALL, BOTH, MALFORMED, "38 04 00 01 'a' 00",
	  "DUP flag with QoS 0" },
	{ "identifier 0", ALL, BOTH, PROTOCOL, "32 06 00 01 'a' 00 00 00",
	  "packet identifier 0" },
	{ "CVE-2026-54412: topic longer than the packet", ALL, BOTH, MALFORMED,
	  "30 04 00 05 'ab'", topic_long },
	{ "CVE-2026-54412: topic of 65535", ALL, BOTH, MALFORMED,
	  "30 04 ff ff 'ab'", topic_long },
	{ "CVE-2019-17210: no room for the topic's length", ALL, BOTH,
	  MALFORMED, "30 01 00", topic_long },
	{ "nothing at all", ALL, BOTH, MALFORMED, "30 00", topic_long },
	{ "no identifier", ALL, BOTH, MALFORMED, "32 03 00 01 'a'", too_short },
	{ "half an identifier", ALL, BOTH, MALFORMED, "32 04 00 01 'a' 00",
	  too_short },
	{ "empty topic in 3.x", V3, BOTH, MALFORMED, "30 03 00 00 'x'",
	  "topic is empty" },
	{ "empty topic without alias", V5, BOTH, PROTOCOL, "30 04 00 00 00 78",
	  "neither topic nor topic alias" },
	{ "alias 0", V5, BOTH, REASON_ALIAS_INVALID,
	  "30 07 00 01 'a' 03 23 00 00", "topic alias 0" },
	{ "wildcard +", ALL, BOTH, MALFORMED, "30 06 00 03 'a/+' 00",
	  "topic contains a wildcard" },
	{ "wildcard #", ALL, BOTH, MALFORMED, "30 0f 00 0c 'long/topic/#' 00",
	  "topic contains a wildcard" },
	{ "NUL", ALL, BOTH, MALFORMED, "30 06 00 03 61 00 62 00", not_utf8 },
	{ "overlong", ALL, BOTH, MALFORMED, "30 05 00 02 c0 80 00", not_utf8 },
	{ "surrogate", ALL, BOTH, MALFORMED, "30 06 00 03 ed a0 80 00",
	  not_utf8 },
	{ "above U+10FFFF", ALL, BOTH, MALFORMED, "30 07 00 04 f4 90 80 80 00",
	  not_utf8 },
	{ "no property length", V5, BOTH, MALFORMED, "30 03 00 01 'a'",
	  props_length },
	{ "properties beyond the packet", V5, BOTH, MALFORMED,
	  "30 05 00 01 'a' 05 01", props_long },
	{ "property cut", V5, BOTH, MALFORMED, "30 05 00 01 'a' 01 01",
	  props_bad },
	{ "VerneMQ 1883: property of CONNACK", V5, BOTH, MALFORMED,
	  "30 06 00 01 'a' 02 24 01", props_bad },
	{ "wildcard in the response topic", V5, BOTH, PROTOCOL,
	  "30 08 00 01 'a' 04 08 00 01 '#'", props_value },
	{ "subscription identifier from a client", V5, CLIENT, PROTOCOL,
	  "30 06 00 01 'a' 02 0b 01", "subscription identifier from a client" },
};

static const struct refusal acks[] = {
	{ "without identifier", ALL, BOTH, MALFORMED, "40 00", too_short },
	{ "half an identifier", ALL, BOTH, MALFORMED, "50 01 00", too_short },
	{ "identifier 0", ALL, BOTH, PROTOCOL, "62 02 00 00",
	  "packet identifier 0" },
	{ "reason in 3.x", V3, BOTH, MALFORMED, "70 03 00 01 00", trailing },
	{ "PUBREL 0x87", V5, BOTH, PROTOCOL, "62 03 00 01 87", ack_reason },
	{ "PUBCOMP 0x10", V5, BOTH, PROTOCOL, "70 03 00 01 10", ack_reason },
	{ "PUBACK 0x01", V5, BOTH, PROTOCOL, "40 03 00 01 01", ack_reason },
	{ "PUBACK 0xFF", V5, BOTH, PROTOCOL, "40 03 00 01 ff", ack_reason },
	{ "properties beyond the packet", V5, BOTH, MALFORMED,
	  "40 04 00 01 00 01", props_long },
	{ "bytes after the properties", V5, BOTH, MALFORMED,
	  "40 05 00 01 00 00 00", trailing },
	{ "property of PUBLISH", V5, BOTH, MALFORMED, "40 06 00 01 00 02 01 01",
	  props_bad },
	{ "two reason strings", V5, BOTH, PROTOCOL,
	  "40 0a 00 01 00 06 1f 00 00 1f 00 00", props_value },
};

static const struct refusal connacks[] = {
	{ "empty", ALL, SERVER, MALFORMED, "20 00", "CONNACK too short" },
	{ "wolfMQTT 545: one byte", ALL, SERVER, MALFORMED, "20 01 00",
	  "CONNACK too short" },
	{ "reserved flags", V311 | V5, SERVER, MALFORMED, "20 02 02 00",
	  "reserved flags of CONNACK are set" },
	{ "reserved flags in full", V5, SERVER, MALFORMED, "20 03 80 00 00",
	  "reserved flags of CONNACK are set" },
	{ "session present in a refusal", V5, SERVER, PROTOCOL,
	  "20 03 01 87 00", "session present in a refusal" },
	{ "session present in a refusal of 3.1.1", V311, SERVER, PROTOCOL,
	  "20 02 01 05", "session present in a refusal" },
	{ "bytes after it in 3.x", V3, SERVER, MALFORMED, "20 03 00 00 00",
	  trailing },
	{ "paho 985: properties beyond the packet", V5, SERVER, MALFORMED,
	  "20 06 00 00 80 ff ff 0a", props_long },
	{ "paho 985: of 32767 bytes", V5, SERVER, MALFORMED,
	  "20 05 00 00 ff ff 01", props_long },
	{ "mosquitto 2.0.11: unknown property", V5, SERVER, MALFORMED,
	  "20 05 00 00 02 7f 00", props_bad },
	{ "receive maximum 0", V5, SERVER, PROTOCOL, "20 06 00 00 03 21 00 00",
	  props_value },
	{ "maximum QoS 2", V5, SERVER, PROTOCOL, "20 05 00 00 02 24 02",
	  props_value },
	{ "bytes after the properties", V5, SERVER, MALFORMED,
	  "20 04 00 00 00 00", trailing },
};

static const struct refusal subacks[] = {
	{ "CVE-2024-10525: no codes", V3, SERVER, MALFORMED, "90 02 00 01",
	  "no reason codes" },
	{ "CVE-2024-10525: no codes in MQTT 5", V5, SERVER, MALFORMED,
	  "90 03 00 01 00", "no reason codes" },
	{ "UNSUBACK without codes", V5, SERVER, MALFORMED, "b0 03 00 01 00",
	  "no reason codes" },
	{ "UNSUBACK with codes in 3.x", V3, SERVER, MALFORMED, "b0 03 00 01 00",
	  trailing },
	{ "granted QoS 3", V3, SERVER, PROTOCOL, "90 03 00 01 03",
	  "illegal reason code for a subscription" },
	{ "granted QoS 3 in MQTT 5", V5, SERVER, PROTOCOL,
	  "90 05 00 01 00 00 03", "illegal reason code for a subscription" },
	{ "UNSUBACK with 0x01", V5, SERVER, PROTOCOL, "b0 04 00 01 00 01",
	  "illegal reason code for a subscription" },
	{ "identifier 0", ALL, SERVER, PROTOCOL, "90 04 00 00 00 00",
	  "packet identifier 0" },
	{ "properties beyond the packet", V5, SERVER, MALFORMED,
	  "90 04 00 01 05 00", props_long },
};

static const struct refusal ends[] = {
	{ "DISCONNECT with content in 3.x", V3, CLIENT, MALFORMED, "e0 01 00",
	  trailing },
	{ "DISCONNECT 0x01", V5, BOTH, PROTOCOL, "e0 01 01",
	  "illegal reason code in DISCONNECT" },
	{ "DISCONNECT with session expiry", V5, SERVER, PROTOCOL,
	  "e0 07 00 05 11 00 00 00 01", "session expiry from the server" },
	{ "DISCONNECT, properties beyond", V5, BOTH, MALFORMED,
	  "e0 03 00 02 1f", props_long },
	{ "DISCONNECT, bytes after", V5, BOTH, MALFORMED, "e0 03 00 00 00",
	  trailing },
	{ "AUTH 0x87", V5, BOTH, PROTOCOL, "f0 02 87 00",
	  "illegal reason code in AUTH" },
	{ "AUTH done, from a client", V5, CLIENT, PROTOCOL, "f0 00",
	  "illegal reason code in AUTH" },
	{ "AUTH again, from a server", V5, SERVER, PROTOCOL, "f0 02 19 00",
	  "illegal reason code in AUTH" },
	{ "AUTH without a method", V5, BOTH, PROTOCOL, "f0 02 18 00",
	  "AUTH without a method" },
	{ "AUTH without properties", V5, BOTH, MALFORMED, "f0 01 18",
	  props_length },
	{ "AUTH, bytes after", V5, BOTH, MALFORMED,
	  "f0 07 18 04 15 00 01 'M' 00", trailing },
};

static const struct refusal connects[] = {
	{ "unknown level", ALL, CLIENT, REASON_BAD_VERSION,
	  "10 0c 00 04 'MQTT' 06 00 00 00 00 00",
	  "unknown protocol name or level" },
	{ "name of the other version", ALL, CLIENT, REASON_BAD_VERSION,
	  "10 0c 00 04 'MQTT' 03 00 00 00 00 00",
	  "unknown protocol name or level" },
	{ "unknown name", ALL, CLIENT, REASON_BAD_VERSION,
	  "10 0c 00 04 'HTTP' 04 00 00 00 00 00",
	  "unknown protocol name or level" },
	{ "name cut", ALL, CLIENT, MALFORMED, "10 04 00 04 'MQ'",
	  "malformed protocol name" },
	{ "no keepalive", ALL, CLIENT, MALFORMED, "10 08 00 04 'MQTT' 04 02",
	  "CONNECT too short" },
	{ "reserved flag", ALL, CLIENT, MALFORMED,
	  "10 0c 00 04 'MQTT' 04 03 00 00 00 00",
	  "reserved flag of CONNECT is set" },
	{ "will QoS 3", ALL, CLIENT, MALFORMED,
	  "10 0c 00 04 'MQTT' 04 1e 00 00 00 00", "will with QoS 3" },
	{ "will QoS without will", ALL, CLIENT, MALFORMED,
	  "10 0c 00 04 'MQTT' 04 0a 00 00 00 00", "will flags without a will" },
	{ "will retain without will", ALL, CLIENT, MALFORMED,
	  "10 0c 00 04 'MQTT' 04 22 00 00 00 00", "will flags without a will" },
	{ "password without user in 3.1.1", ALL, CLIENT, MALFORMED,
	  "10 0e 00 04 'MQTT' 04 42 00 00 00 00 00 00",
	  "password without a user name" },
	{ "client identifier not UTF-8", ALL, CLIENT, MALFORMED,
	  "10 0d 00 04 'MQTT' 04 02 00 00 00 01 ff",
	  "malformed client identifier" },
	{ "will cut", ALL, CLIENT, MALFORMED,
	  "10 0f 00 04 'MQTT' 04 06 00 00 00 00 00 01 'w'",
	  "will longer than the packet" },
	{ "wildcard in the will's topic", ALL, CLIENT, MALFORMED,
	  "10 11 00 04 'MQTT' 04 06 00 00 00 00 00 01 '#' 00 00",
	  "topic contains a wildcard" },
	{ "user name not UTF-8", ALL, CLIENT, MALFORMED,
	  "10 0f 00 04 'MQTT' 04 82 00 00 00 00 00 01 00",
	  "malformed user name" },
	{ "password cut", ALL, CLIENT, MALFORMED,
	  "10 11 00 04 'MQTT' 04 c2 00 00 00 00 00 01 'u' 00 05",
	  "malformed password" },
	{ "bytes after", ALL, CLIENT, MALFORMED,
	  "10 0d 00 04 'MQTT' 04 02 00 00 00 00 00", trailing },
	{ "will property in CONNECT", ALL, CLIENT, MALFORMED,
	  "10 12 00 04 'MQTT' 05 02 00 00 05 18 00 00 00 01 00 00", props_bad },
	{ "CONNECT property in the will", ALL, CLIENT, MALFORMED,
	  "10 16 00 04 'MQTT' 05 06 00 00 00 00 00 03 21 00 01 "
	  "00 01 'w' 00 00",
	  props_bad },
	{ "authentication data without a method", ALL, CLIENT, PROTOCOL,
	  "10 10 00 04 'MQTT' 05 02 00 00 03 16 00 00 00 00",
	  "authentication data without a method" },
};

static const struct refusal subscribes[] = {
	{ "no filters", V3, CLIENT, PROTOCOL, "82 02 00 01",
	  "no topic filters" },
	{ "no filters in MQTT 5", V5, CLIENT, PROTOCOL, "82 03 00 01 00",
	  "no topic filters" },
	{ "UNSUBSCRIBE without filters", V3, CLIENT, PROTOCOL, "a2 02 00 01",
	  "no topic filters" },
	{ "filter cut", V3, CLIENT, MALFORMED, "82 05 00 01 00 05 'a'",
	  "filter longer than the packet" },
	{ "no options", V3, CLIENT, MALFORMED, "82 05 00 01 00 01 'a'",
	  "filter longer than the packet" },
	{ "empty filter", V3, CLIENT, MALFORMED, "82 05 00 01 00 00 00",
	  "illegal topic filter" },
	{ "wildcard beside others", V3, CLIENT, MALFORMED,
	  "82 07 00 01 00 02 'a#' 00", "illegal topic filter" },
	{ "filter of an UNSUBSCRIBE", V3, CLIENT, MALFORMED,
	  "a2 06 00 01 00 02 'a+'", "illegal topic filter" },
	{ "QoS 3", V3, CLIENT, MALFORMED, "82 06 00 01 00 01 'a' 03",
	  "subscription with QoS 3" },
	{ "QoS 3 in MQTT 5", V5, CLIENT, MALFORMED,
	  "82 07 00 01 00 00 01 'a' 03", "subscription with QoS 3" },
	{ "options of MQTT 5 in 3.x", V3, CLIENT, MALFORMED,
	  "82 06 00 01 00 01 'a' 04", "reserved subscription options are set" },
	{ "reserved options", V5, CLIENT, MALFORMED,
	  "82 07 00 01 00 00 01 'a' 40",
	  "reserved subscription options are set" },
	{ "retain handling 3", V5, CLIENT, PROTOCOL,
	  "82 07 00 01 00 00 01 'a' 30", "retain handling 3" },
	{ "no local on a shared subscription", V5, CLIENT, PROTOCOL,
	  "82 10 00 01 00 00 0a '$share/g/t' 04",
	  "no local on a shared subscription" },
	{ "two subscription identifiers", V5, CLIENT, PROTOCOL,
	  "82 0b 00 01 04 0b 01 0b 02 00 01 'a' 00", props_value },
	{ "identifier 0", ALL, CLIENT, PROTOCOL, "82 06 00 00 00 01 'a' 00",
	  "packet identifier 0" },
};

#define REFUSE_ALL(table)                                      \
	do {                                                   \
		for (size_t i = 0; i < ARRAY_SIZE(table); i++) \
			refuse(&(table)[i]);                   \
	} while (0)

static void bad_frames(void)
{
	REFUSE_ALL(frames);
}

static void bad_publishes(void)
{
	REFUSE_ALL(publishes);
}

static void bad_acknowledgements(void)
{
	REFUSE_ALL(acks);
}

static void bad_connacks(void)
{
	REFUSE_ALL(connacks);
}

static void bad_subacks(void)
{
	REFUSE_ALL(subacks);
}

static void bad_ends(void)
{
	REFUSE_ALL(ends);
}

static void bad_connects(void)
{
	REFUSE_ALL(connects);
}

static void bad_subscribes(void)
{
	REFUSE_ALL(subscribes);
}

TEST_MAIN(T(bad_frames), T(bad_publishes), T(bad_acknowledgements),
	  T(bad_connacks), T(bad_subacks), T(bad_ends), T(bad_connects),
	  T(bad_subscribes))
