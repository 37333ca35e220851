/* SPDX-License-Identifier: MIT */
/* Every property in every packet: allowed, refused, repeated, out of range. */
#include "mqtt/props.h"

#include <stdlib.h>

#include "alloc.h"
#include "mqtt/reason.h"
#include "test.h"

enum {
	CONNECT = PROP_IN(PACKET_CONNECT),
	CONNACK = PROP_IN(PACKET_CONNACK),
	PUBLISH = PROP_IN(PACKET_PUBLISH),
	SUBSCRIBE = PROP_IN(PACKET_SUBSCRIBE),
	WILL = PROP_IN_WILL,
	LAST_ID = PROP_SHARED_AVAILABLE,
};

/*
 * The specification's table 2-4 once more, in its own order and shape: per
 * property, the packets as letters.
 * C CONNECT, c CONNACK, P PUBLISH, W will, a PUBACK PUBREC PUBREL PUBCOMP,
 * S SUBSCRIBE, s SUBACK, U UNSUBSCRIBE, u UNSUBACK, D DISCONNECT, A AUTH.
 */
static const struct {
	uint8_t id;
	enum prop_type type;
	const char *packets;
} spec[] = {
	{ 0x01, PROP_BYTE, "PW" },
	{ 0x02, PROP_U32, "PW" },
	{ 0x03, PROP_STRING, "PW" },
	{ 0x08, PROP_STRING, "PW" },
	{ 0x09, PROP_BINARY, "PW" },
	{ 0x0B, PROP_VARINT, "PS" },
	{ 0x11, PROP_U32, "CcD" },
	{ 0x12, PROP_STRING, "c" },
	{ 0x13, PROP_U16, "c" },
	{ 0x15, PROP_STRING, "CcA" },
	{ 0x16, PROP_BINARY, "CcA" },
	{ 0x17, PROP_BYTE, "C" },
	{ 0x18, PROP_U32, "W" },
	{ 0x19, PROP_BYTE, "C" },
	{ 0x1A, PROP_STRING, "c" },
	{ 0x1C, PROP_STRING, "cD" },
	{ 0x1F, PROP_STRING, "casuDA" },
	{ 0x21, PROP_U16, "Cc" },
	{ 0x22, PROP_U16, "Cc" },
	{ 0x23, PROP_U16, "P" },
	{ 0x24, PROP_BYTE, "c" },
	{ 0x25, PROP_BYTE, "c" },
	{ 0x26, PROP_PAIR, "CcPWaSsUuDA" },
	{ 0x27, PROP_U32, "Cc" },
	{ 0x28, PROP_BYTE, "c" },
	{ 0x29, PROP_BYTE, "c" },
	{ 0x2A, PROP_BYTE, "c" },
};

static const struct {
	char letter;
	uint32_t packet;
} places[] = {
	{ 'C', CONNECT },
	{ 'c', CONNACK },
	{ 'P', PUBLISH },
	{ 'W', WILL },
	{ 'a', PROP_IN(PACKET_PUBACK) },
	{ 'a', PROP_IN(PACKET_PUBREC) },
	{ 'a', PROP_IN(PACKET_PUBREL) },
	{ 'a', PROP_IN(PACKET_PUBCOMP) },
	{ 'S', SUBSCRIBE },
	{ 's', PROP_IN(PACKET_SUBACK) },
	{ 'U', PROP_IN(PACKET_UNSUBSCRIBE) },
	{ 'u', PROP_IN(PACKET_UNSUBACK) },
	{ 'D', PROP_IN(PACKET_DISCONNECT) },
	{ 'A', PROP_IN(PACKET_AUTH) },
	{ '-', PROP_IN(PACKET_PINGREQ) },
};

static int put_any(struct buf *b, uint8_t id)
{
	switch (prop_info(id)->type) {
	case PROP_PAIR:
		return props_put_pair(b, BYTES_LIT("k"), BYTES_LIT("v"));
	case PROP_STRING:
	case PROP_BINARY:
		return props_put_bytes(b, id, BYTES_LIT("x"));
	default:
		return props_put_num(b, id, 1);
	}
}

/* props_check() on a copy that ends where the memory ends. */
static uint8_t check(struct bytes list, uint32_t packet)
{
	uint8_t *p = malloc(list.n + !list.n), reason;

	if (list.n)
		memcpy(p, list.p, list.n);
	reason = props_check(bytes_of(p, list.n), packet);
	free(p);
	return reason;
}

static void table_is_the_specification(void)
{
	size_t known = 0;

	for (size_t i = 0; i < ARRAY_SIZE(spec); i++) {
		const struct prop_info *info = prop_info(spec[i].id);

		if (!ok(info != NULL, "0x%02X", (unsigned int)spec[i].id))
			continue;
		is_int(info->id, spec[i].id);
		is_int(info->type, spec[i].type, "%s", info->name);
		ok(prop_info_by_name(info->name) == info, "%s", info->name);
		for (size_t k = 0; k < ARRAY_SIZE(places); k++)
			is_int(!!(info->packets & places[k].packet),
			       strchr(spec[i].packets, places[k].letter) !=
				       NULL,
			       "%s in %c", info->name, places[k].letter);
	}
	for (unsigned int id = 0; id < 256; id++)
		known += prop_info((uint8_t)id) != NULL;
	is_int(known, ARRAY_SIZE(spec));
	ok(!prop_info_by_name("no-such-property"));
	ok(!prop_info_by_name(""));
}

static void every_property_in_every_packet(void)
{
	struct buf b;

	buf_init(&b, 0);
	for (size_t i = 0; i < ARRAY_SIZE(spec); i++) {
		const struct prop_info *info = prop_info(spec[i].id);

		for (size_t k = 0; k < ARRAY_SIZE(places); k++) {
			bool may = strchr(spec[i].packets, places[k].letter);
			bool repeats = info->id == PROP_USER_PROPERTY ||
				       (info->id == PROP_SUBSCRIPTION_ID &&
					places[k].letter == 'P');

			buf_clear(&b);
			is_int(put_any(&b, info->id), 0);
			is_int(check(buf_view(&b), places[k].packet),
			       may ? 0 : REASON_MALFORMED, "%s in %c",
			       info->name, places[k].letter);
			is_int(put_any(&b, info->id), 0);
			is_int(check(buf_view(&b), places[k].packet),
			       !may      ? REASON_MALFORMED
			       : repeats ? 0
					 : REASON_PROTOCOL_ERROR,
			       "%s twice in %c", info->name, places[k].letter);
		}
	}
	buf_release(&b);
}

/* CVE shape: mosquitto 2.0.11's clients abort on an unknown property. */
static void unknown_identifiers_are_malformed(void)
{
	for (unsigned int id = 0; id < 256; id++) {
		const uint8_t p[] = { (uint8_t)id, 0, 0, 0, 0 };

		if (prop_info((uint8_t)id))
			continue;
		for (size_t k = 0; k < ARRAY_SIZE(places); k++)
			is_int(check(bytes_of(p, 5), places[k].packet),
			       REASON_MALFORMED, "0x%02X", id);
	}
}

static void numbers_have_ranges(void)
{
	static const struct {
		uint8_t id;
		uint32_t packet, num;
		uint8_t reason;
	} table[] = {
		{ PROP_PAYLOAD_FORMAT, PUBLISH, 0, 0 },
		{ PROP_PAYLOAD_FORMAT, PUBLISH, 2, REASON_PROTOCOL_ERROR },
		{ PROP_PAYLOAD_FORMAT, WILL, 255, REASON_PROTOCOL_ERROR },
		{ PROP_REQUEST_PROBLEM_INFO, CONNECT, 0, 0 },
		{ PROP_REQUEST_PROBLEM_INFO, CONNECT, 2,
		  REASON_PROTOCOL_ERROR },
		{ PROP_REQUEST_RESPONSE_INFO, CONNECT, 2,
		  REASON_PROTOCOL_ERROR },
		{ PROP_MAX_QOS, CONNACK, 0, 0 },
		{ PROP_MAX_QOS, CONNACK, 1, 0 },
		{ PROP_MAX_QOS, CONNACK, 2, REASON_PROTOCOL_ERROR },
		{ PROP_RETAIN_AVAILABLE, CONNACK, 2, REASON_PROTOCOL_ERROR },
		{ PROP_WILDCARD_AVAILABLE, CONNACK, 2, REASON_PROTOCOL_ERROR },
		{ PROP_SUB_ID_AVAILABLE, CONNACK, 2, REASON_PROTOCOL_ERROR },
		{ PROP_SHARED_AVAILABLE, CONNACK, 2, REASON_PROTOCOL_ERROR },
		{ PROP_RECEIVE_MAX, CONNACK, 0, REASON_PROTOCOL_ERROR },
		{ PROP_RECEIVE_MAX, CONNECT, 65535, 0 },
		{ PROP_MAX_PACKET, CONNACK, 0, REASON_PROTOCOL_ERROR },
		{ PROP_MAX_PACKET, CONNECT, UINT32_MAX, 0 },
		{ PROP_TOPIC_ALIAS, PUBLISH, 0, REASON_ALIAS_INVALID },
		{ PROP_TOPIC_ALIAS, PUBLISH, 65535, 0 },
		{ PROP_TOPIC_ALIAS_MAX, CONNACK, 0, 0 },
		{ PROP_SUBSCRIPTION_ID, SUBSCRIBE, 0, REASON_PROTOCOL_ERROR },
		{ PROP_SUBSCRIPTION_ID, PUBLISH, 0, REASON_PROTOCOL_ERROR },
		{ PROP_SUBSCRIPTION_ID, PUBLISH, MQTT_VARINT_MAX, 0 },
		{ PROP_SESSION_EXPIRY, CONNACK, 0, 0 },
		{ PROP_SESSION_EXPIRY, CONNECT, UINT32_MAX, 0 },
		{ PROP_SERVER_KEEPALIVE, CONNACK, 0, 0 },
		{ PROP_WILL_DELAY, WILL, 0, 0 },
		{ PROP_MESSAGE_EXPIRY, PUBLISH, 0, 0 },
	};
	struct buf b;

	buf_init(&b, 0);
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		buf_clear(&b);
		is_int(props_put_num(&b, table[i].id, table[i].num), 0);
		is_int(check(buf_view(&b), table[i].packet), table[i].reason,
		       "%s %u", prop_info(table[i].id)->name,
		       (unsigned int)table[i].num);
	}
	buf_release(&b);
}

static void texts_are_checked(void)
{
	static const struct bytes wrong[] = {
		{ (const uint8_t *)"\0", 1 },
		{ (const uint8_t *)"a\xff", 2 },
		{ (const uint8_t *)"\xed\xa0\x80", 3 },
		{ (const uint8_t *)"\xc0\x80", 2 },
	};
	struct bytes fine = BYTES_LIT("\xef\xbb\xbf\xc3\xa9");
	struct buf b;

	buf_init(&b, 0);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		buf_clear(&b);
		is_int(props_put_bytes(&b, PROP_REASON_STRING, wrong[i]), 0);
		is_int(check(buf_view(&b), CONNACK), REASON_MALFORMED);
		buf_clear(&b);
		is_int(props_put_pair(&b, wrong[i], fine), 0);
		is_int(check(buf_view(&b), PUBLISH), REASON_MALFORMED);
		buf_clear(&b);
		is_int(props_put_pair(&b, fine, wrong[i]), 0);
		is_int(check(buf_view(&b), PUBLISH), REASON_MALFORMED);
		buf_clear(&b); /* binary data may be anything */
		is_int(props_put_bytes(&b, PROP_CORRELATION_DATA, wrong[i]), 0);
		is_int(check(buf_view(&b), PUBLISH), 0);
	}
	buf_clear(&b);
	is_int(props_put_pair(&b, BYTES_LIT(""), fine), 0);
	is_int(check(buf_view(&b), PUBLISH), 0, "an empty name is legal");
	buf_release(&b);
}

static void response_topics_have_no_wildcards(void)
{
	static const char *const wrong[] = { "a/+", "#", "a/#/b" };
	struct buf b;

	buf_init(&b, 0);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		buf_clear(&b);
		is_int(props_put_bytes(&b, PROP_RESPONSE_TOPIC,
				       bytes_str(wrong[i])),
		       0);
		is_int(check(buf_view(&b), PUBLISH), REASON_PROTOCOL_ERROR);
		is_int(check(buf_view(&b), WILL), REASON_PROTOCOL_ERROR);
	}
	buf_clear(&b);
	is_int(props_put_bytes(&b, PROP_RESPONSE_TOPIC, BYTES_LIT("a/b")), 0);
	is_int(check(buf_view(&b), PUBLISH), 0);
	buf_release(&b);
}

/* wolfMQTT 394, 430, 377, 232: reads beyond a list that ends early. */
static void a_list_cut_anywhere_is_malformed(void)
{
	struct buf b;

	buf_init(&b, 0);
	for (size_t i = 0; i < ARRAY_SIZE(spec); i++) {
		for (size_t k = 0; k < ARRAY_SIZE(places); k++) {
			buf_clear(&b);
			is_int(put_any(&b, spec[i].id), 0);
			for (size_t n = 1; n < buf_len(&b); n++)
				is_int(check(bytes_of(buf_view(&b).p, n),
					     places[k].packet),
				       REASON_MALFORMED);
		}
	}
	buf_release(&b);
}

static void iterating_keeps_the_order(void)
{
	struct prop p;
	size_t pos = 0;
	struct buf b;

	buf_init(&b, 0);
	is_int(props_put_pair(&b, BYTES_LIT("b"), BYTES_LIT("1")), 0);
	is_int(props_put_num(&b, PROP_MESSAGE_EXPIRY, 0x01020304), 0);
	is_int(props_put_pair(&b, BYTES_LIT("a"), BYTES_LIT("")), 0);
	is_int(props_put_bytes(&b, PROP_CONTENT_TYPE, BYTES_LIT("t/x")), 0);
	is_int(props_put_num(&b, PROP_SUBSCRIPTION_ID, 300), 0);
	is_int(props_put_num(&b, PROP_SUBSCRIPTION_ID, 1), 0);

	ok(props_next(buf_view(&b), &pos, &p));
	is_int(p.info->id, PROP_USER_PROPERTY);
	is_bytes(p.name, BYTES_LIT("b"));
	is_bytes(p.value, BYTES_LIT("1"));
	ok(props_next(buf_view(&b), &pos, &p));
	is_int(p.info->id, PROP_MESSAGE_EXPIRY);
	is_int(p.num, 0x01020304);
	ok(props_next(buf_view(&b), &pos, &p));
	is_bytes(p.name, BYTES_LIT("a"));
	ok(bytes_is_set(p.value) && p.value.n == 0);
	ok(props_next(buf_view(&b), &pos, &p));
	is_bytes(p.value, BYTES_LIT("t/x"));
	ok(!bytes_is_set(p.name));
	ok(props_next(buf_view(&b), &pos, &p));
	is_int(p.num, 300);
	ok(props_next(buf_view(&b), &pos, &p));
	is_int(p.num, 1);
	ok(!props_next(buf_view(&b), &pos, &p));
	ok(!props_next(buf_view(&b), &pos, &p), "and stays at the end");

	ok(props_find(buf_view(&b), PROP_SUBSCRIPTION_ID, &p));
	is_int(p.num, 300, "the first one");
	ok(!props_find(buf_view(&b), PROP_TOPIC_ALIAS, &p));
	is_int(props_num(buf_view(&b), PROP_MESSAGE_EXPIRY, 9), 0x01020304);
	is_int(props_num(buf_view(&b), PROP_RECEIVE_MAX, 9), 9);
	is_bytes(props_value(buf_view(&b), PROP_CONTENT_TYPE),
		 BYTES_LIT("t/x"));
	ok(!bytes_is_set(props_value(buf_view(&b), PROP_REASON_STRING)));
	ok(!props_find(BYTES_NULL, PROP_CONTENT_TYPE, &p));
	is_int(props_check(BYTES_NULL, PUBLISH), 0);
	buf_release(&b);
}

static void iterating_stops_at_rubbish(void)
{
	static const uint8_t rubbish[] = { 0x26, 0xff, 0xff, 'x' };
	struct prop p;
	size_t pos = 0;

	ok(!props_next(bytes_of(rubbish, 4), &pos, &p));
	ok(!props_next(bytes_of("\0", 1), &pos, &p));
	is_int(pos, 0);
}

static void writers_write_whole_or_nothing(void)
{
	static uint8_t big[MQTT_STRING_MAX + 1];
	struct bytes too_long = bytes_of(big, sizeof(big));
	struct buf b;

	buf_init(&b, 0);
	is_int(props_put_num(&b, PROP_PAYLOAD_FORMAT, 256), -1);
	is_int(props_put_num(&b, PROP_RECEIVE_MAX, 65536), -1);
	is_int(props_put_num(&b, PROP_SUBSCRIPTION_ID, MQTT_VARINT_MAX + 1),
	       -1);
	is_int(props_put_num(&b, PROP_CONTENT_TYPE, 1), -1, "a string");
	is_int(props_put_num(&b, 0x7F, 1), -1, "unknown");
	is_int(props_put_bytes(&b, PROP_RECEIVE_MAX, BYTES_LIT("x")), -1);
	is_int(props_put_bytes(&b, PROP_USER_PROPERTY, BYTES_LIT("x")), -1);
	is_int(props_put_bytes(&b, 0, BYTES_LIT("x")), -1);
	is_int(props_put_bytes(&b, PROP_CONTENT_TYPE, too_long), -1);
	is_int(props_put_pair(&b, too_long, BYTES_LIT("v")), -1);
	is_int(props_put_pair(&b, BYTES_LIT("k"), too_long), -1);
	is_int(buf_len(&b), 0);
	buf_release(&b);
	buf_init(&b, 6);
	is_int(props_put_pair(&b, BYTES_LIT("k"), BYTES_LIT("v")), -1);
	is_int(props_put_bytes(&b, PROP_AUTH_DATA, BYTES_LIT("abcd")), -1);
	is_int(buf_len(&b), 0);
	is_int(props_put_bytes(&b, PROP_AUTH_DATA, BYTES_LIT("abc")), 0);
	is_int(props_put_num(&b, PROP_PAYLOAD_FORMAT, 1), -1);
	is_int(buf_len(&b), 6);
	buf_release(&b);
	alloc_fail_after(0);
	is_int(props_put_num(&b, PROP_PAYLOAD_FORMAT, 1), -1);
	is_int(props_put_bytes(&b, PROP_AUTH_DATA, BYTES_LIT("")), -1);
	is_int(props_put_pair(&b, BYTES_LIT(""), BYTES_LIT("")), -1);
	alloc_heal();
	is_int(buf_len(&b), 0);
}

/* CVE-2021-41039 shape: the work grows with the list, not its square. */
static void thousands_of_user_properties(void)
{
	enum { COUNT = 200000 };
	struct prop p;
	size_t pos = 0, n = 0;
	struct buf b;

	buf_init(&b, 0);
	for (int i = 0; i < COUNT; i++)
		if (props_put_pair(&b, BYTES_LIT("k"), BYTES_LIT("v")) < 0)
			break;
	/* With the square of it the test would take minutes. */
	is_int(props_check(buf_view(&b), PUBLISH), 0);
	while (props_next(buf_view(&b), &pos, &p))
		n++;
	is_int(n, COUNT);
	buf_release(&b);
}

TEST_MAIN(T(table_is_the_specification), T(every_property_in_every_packet),
	  T(unknown_identifiers_are_malformed), T(numbers_have_ranges),
	  T(texts_are_checked), T(response_topics_have_no_wildcards),
	  T(a_list_cut_anywhere_is_malformed), T(iterating_keeps_the_order),
	  T(iterating_stops_at_rubbish), T(writers_write_whole_or_nothing),
	  T(thousands_of_user_properties))
