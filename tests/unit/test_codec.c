/* SPDX-License-Identifier: MIT */
/* Encoder and decoder against the wire, against each other, and against
 * buffers that are too small. */
#include "mqtt/encode.h"

#include <stdlib.h>

#include "alloc.h"
#include "mqtt/decode.h"
#include "mqtt/props.h"
#include "mqtt/reason.h"
#include "packets.h"
#include "reencode.h"
#include "test.h"

static void round_trip(const struct sample *s, const struct decoder *d,
		       struct bytes wire)
{
	struct decode_result r = { 0 };
	struct buf b;

	buf_init(&b, 0);
	is_int(buf_append_byte(&b, 'x'), 0);
	if (is_int(decode_packet(d, wire, &r), DECODE_OK, "%s: %s", s->name,
		   r.why ? r.why : "?")) {
		is_int(r.used, wire.n);
		is_int(r.packet.type, wire.p[0] >> 4);
		is_int(reencode(&b, d->version, &r.packet), 0);
		buf_consume(&b, 1);
		if (s->is_canonical)
			is_bytes(buf_view(&b), wire, "%s", s->name);
	}
	buf_release(&b);
}

static void every_packet_both_ways(void)
{
	uint8_t p[PACKET_BYTES_MAX];
	struct decoder d;

	for (size_t k = 0; k < ARRAY_SIZE(samples); k++) {
		size_t n = script_bytes(samples[k].script, p);

		for (int i = 0; sample_decoder(&samples[k], &i, &d);)
			round_trip(&samples[k], &d, bytes_of(p, n));
	}
}

/* Whole or not at all: into every size that is too small, and without
 * memory. */
static void no_room(const struct sample *s, const struct decoder *d,
		    struct bytes wire)
{
	struct decode_result r;
	struct buf b;

	if (!is_int(decode_packet(d, wire, &r), DECODE_OK))
		return;
	for (size_t max = 1; max < 1 + wire.n; max++) {
		buf_init(&b, max);
		is_int(buf_append_byte(&b, 'x'), 0);
		is_int(reencode(&b, d->version, &r.packet), -1, "%s in %zu",
		       s->name, max);
		is_bytes(buf_view(&b), BYTES_LIT("x"));
		buf_release(&b);
	}
	buf_init(&b, 1 + wire.n);
	is_int(buf_append_byte(&b, 'x'), 0);
	is_int(reencode(&b, d->version, &r.packet), 0, "%s fits", s->name);
	buf_release(&b);
	alloc_fail_after(0);
	is_int(reencode(&b, d->version, &r.packet), -1);
	alloc_heal();
	is_int(buf_len(&b), 0);
	buf_release(&b);
}

static void whole_packets_or_none(void)
{
	uint8_t p[PACKET_BYTES_MAX];
	struct decoder d;

	for (size_t k = 0; k < ARRAY_SIZE(samples); k++) {
		size_t n = script_bytes(samples[k].script, p);

		if (!samples[k].is_canonical)
			continue;
		for (int i = 0; sample_decoder(&samples[k], &i, &d);)
			no_room(&samples[k], &d, bytes_of(p, n));
	}
}

static const struct sample *sample_named(const char *name)
{
	for (size_t k = 0; k < ARRAY_SIZE(samples); k++)
		if (!strcmp(samples[k].name, name))
			return &samples[k];
	ok(false, "no sample is named %s", name);
	return &samples[0];
}

/* Decodes the sample of that name; p keeps its bytes. */
static struct packet decoded(const char *name, uint8_t *p)
{
	const struct sample *s = sample_named(name);
	struct decode_result r = { 0 };
	struct decoder d = { 0 };
	int i = 0;

	ok(sample_decoder(s, &i, &d));
	is_int(decode_packet(&d, bytes_of(p, script_bytes(s->script, p)), &r),
	       DECODE_OK, "%s", name);
	return r.packet;
}

static void fields_of_connect(void)
{
	uint8_t p[PACKET_BYTES_MAX];
	struct connect c = decoded("CONNECT 5 everything", p).connect;

	is_int(c.version, MQTT_5);
	ok(c.clean_start);
	is_int(c.keepalive, 60);
	is_bytes(c.client_id, BYTES_LIT("cid"));
	is_int(props_num(c.props, PROP_SESSION_EXPIRY, 0), 3600);
	ok(c.will.is_set && !c.will.retain);
	is_int(c.will.qos, 2);
	is_bytes(c.will.topic, BYTES_LIT("w/t"));
	is_bytes(c.will.payload, BYTES_LIT("bye"));
	is_int(props_num(c.will.props, PROP_WILL_DELAY, 0), 5);
	is_bytes(c.user, BYTES_LIT("user"));
	is_bytes(c.password, BYTES_LIT("secret"));

	c = decoded("CONNECT 3.1.1 will, user, password", p).connect;
	is_int(c.version, MQTT_3_1_1);
	ok(c.will.is_set && c.will.retain);
	is_int(c.will.qos, 1);
	is_bytes(c.will.payload, BYTES_LIT("\0\xff\1"));
	is_int(c.props.n, 0);

	c = decoded("CONNECT 3.1", p).connect;
	is_int(c.version, MQTT_3_1);
	ok(!c.will.is_set && !bytes_is_set(c.user));
	ok(!bytes_is_set(c.password));
	c = decoded("CONNECT 3.1 user, empty password", p).connect;
	ok(bytes_is_set(c.password) && c.password.n == 0, "empty, not absent");
	c = decoded("CONNECT 5 password alone", p).connect;
	ok(!c.clean_start && !bytes_is_set(c.user));
	is_bytes(c.password, BYTES_LIT("\0\xff"));
}

static void fields_of_publish(void)
{
	uint8_t p[PACKET_BYTES_MAX];
	struct publish m = decoded("PUBLISH 5 everything", p).publish;

	is_bytes(m.topic, BYTES_LIT("a/b"));
	is_bytes(m.payload, BYTES_LIT("{}"));
	is_int(m.pid, 2);
	is_int(m.qos, 2);
	ok(!m.retain && !m.dup && m.has_expiry);
	is_int(m.expiry, 10);
	is_int(m.alias, 1);
	is_bytes(props_value(m.props, PROP_CONTENT_TYPE), BYTES_LIT("json"));
	is_int(props_num(m.props, PROP_MESSAGE_EXPIRY, 0), 10, "complete");

	m = decoded("PUBLISH QoS 2 dup", p).publish;
	ok(m.dup && !m.retain && !m.has_expiry);
	is_int(m.pid, 65535);
	is_int(m.alias, 0);
	m = decoded("PUBLISH empty", p).publish;
	is_int(m.payload.n, 0);
	is_int(m.pid, 0);
	ok(!m.dup && !m.retain && m.qos == 0);
	m = decoded("PUBLISH 5 alias only", p).publish;
	is_int(m.topic.n, 0);
	is_int(m.alias, 7);
}

static void fields_of_acknowledgements(void)
{
	uint8_t p[PACKET_BYTES_MAX];
	struct packet k = decoded("PUBACK", p);

	is_int(k.ack.pid, 1);
	is_int(k.ack.reason, 0);
	is_int(k.ack.props.n, 0);
	k = decoded("PUBREC 5 with properties", p);
	is_int(k.ack.pid, 0x1234);
	is_int(k.ack.reason, 0x87);
	is_bytes(props_value(k.ack.props, PROP_REASON_STRING), BYTES_LIT("no"));
	k = decoded("SUBACK 3.x of odd brokers", p);
	is_bytes(k.suback.reasons, BYTES_LIT("\x87\x8f\xff"));
	k = decoded("UNSUBACK 3.x", p);
	is_int(k.suback.reasons.n, 0);
	k = decoded("DISCONNECT to 3.x with properties", p);
	is_int(k.disconnect.reason, REASON_TAKEN_OVER);
	is_bytes(props_value(k.disconnect.props, PROP_REASON_STRING),
		 BYTES_LIT("taken"));
	k = decoded("AUTH 5 continue", p);
	is_int(k.auth.reason, REASON_CONTINUE_AUTH);
}

/* 06-brokers: refusals arrive in the form of the other version. */
static void fields_of_connack(void)
{
	uint8_t p[PACKET_BYTES_MAX];
	struct connack c = decoded("CONNACK 5 in 3.x form", p).connack;

	ok(c.is_v3_form);
	is_int(c.return_code, 1);
	is_int(c.reason, REASON_BAD_VERSION);
	c = decoded("CONNACK 5 form to 3.x", p).connack;
	ok(!c.is_v3_form);
	is_int(c.reason, REASON_BAD_VERSION);
	c = decoded("CONNACK 3.x refused", p).connack;
	ok(!c.is_v3_form);
	is_int(c.return_code, 5);
	is_int(c.reason, REASON_NOT_AUTHORIZED);
	c = decoded("CONNACK 3.x unknown code", p).connack;
	is_int(c.return_code, 0x80);
	is_int(c.reason, REASON_UNSPECIFIED);
	c = decoded("CONNACK 5 unknown code", p).connack;
	is_int(c.reason, 0xFE);
	c = decoded("CONNACK 5", p).connack;
	ok(c.session_present && !c.is_v3_form);
}

/* Codes of 3.x in a packet of MQTT 5 must not pass for success. */
static void small_codes_in_a_v5_connack_are_refusals(void)
{
	const struct decoder d = { MQTT_5, DECODE_FROM_SERVER, 0 };
	struct decode_result r;

	for (unsigned int code = 1; code < 0x80; code++) {
		const uint8_t p[] = { 0x20, 3, 0, (uint8_t)code, 0 };

		is_int(decode_packet(&d, bytes_of(p, 5), &r), DECODE_OK);
		is_int(r.packet.connack.reason, reason_from_v3((uint8_t)code));
		is_int(r.packet.connack.return_code, code);
		ok(r.packet.connack.reason >= 0x80);
	}
}

static void connack_for_3x_speaks_3x(void)
{
	struct connack c = { .reason = REASON_NOT_AUTHORIZED };
	struct buf b;

	buf_init(&b, 0);
	is_int(encode_connack(&b, MQTT_3_1_1, &c), 0);
	is_bytes(buf_view(&b), BYTES_LIT("\x20\x02\x00\x05"));
	buf_clear(&b);
	c.is_v3_form = true;
	c.return_code = 0x42;
	is_int(encode_connack(&b, MQTT_5, &c), 0);
	is_bytes(buf_view(&b), BYTES_LIT("\x20\x02\x00\x42"));
	buf_release(&b);
}

static void publish_with_expiry_and_alias(void)
{
	const struct decoder d = { MQTT_5, DECODE_FROM_CLIENT, 0 };
	struct publish p = {
		.topic = BYTES_LIT("t"),
		.payload = BYTES_LIT("x"),
		.props = BYTES_LIT("\x01\x01"),
		.has_expiry = true,
		.expiry = 0x01020304,
		.alias = 0x0506,
	};
	struct decode_result r;
	struct buf b;

	buf_init(&b, 0);
	is_int(encode_publish(&b, MQTT_5, &p), 0);
	is_bytes(buf_view(&b), BYTES_LIT("\x30\x0f\0\1t\x0a\x02\1\2\3\4"
					 "\x23\5\6\x01\x01x"));
	is_int(encode_publish_size(MQTT_5, &p), buf_len(&b));
	is_int(decode_packet(&d, buf_view(&b), &r), DECODE_OK);
	ok(r.packet.publish.has_expiry);
	is_int(r.packet.publish.expiry, 0x01020304);
	is_int(r.packet.publish.alias, 0x0506);
	buf_clear(&b);
	is_int(encode_publish(&b, MQTT_3_1_1, &p), 0);
	is_bytes(buf_view(&b), BYTES_LIT("\x30\x04\0\1tx"), "none in 3.x");
	is_int(encode_publish_size(MQTT_3_1_1, &p), buf_len(&b));
	buf_release(&b);
}

/* The head alone announces the payload that the caller sends behind it. */
static void publish_without_its_payload(void)
{
	static const enum mqtt_version versions[] = { MQTT_3_1_1, MQTT_5 };
	struct publish p = {
		.topic = BYTES_LIT("t"),
		.payload = BYTES_LIT("0123456789"),
		.qos = 1,
		.pid = 9,
		.alias = 3,
	};
	struct buf whole, head;

	buf_init(&whole, 0);
	buf_init(&head, 0);
	for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
		buf_clear(&whole);
		buf_clear(&head);
		is_int(encode_publish(&whole, versions[i], &p), 0);
		is_int(encode_publish_head(&head, versions[i], &p), 0);
		is_int(buf_len(&whole) - buf_len(&head), p.payload.n);
		is_int(buf_append(&head, p.payload), 0);
		is_bytes(buf_view(&head), buf_view(&whole));
	}
	buf_clear(&head);
	p.payload.n = MQTT_VARINT_MAX;
	is_int(encode_publish_head(&head, MQTT_5, &p), -1);
	is_int(buf_len(&head), 0);
	buf_release(&whole);
	buf_release(&head);
}

/* Sizes around each border of the length field. */
static void publish_sizes(void)
{
	static const size_t borders[] = { 0,     127,     128,    16383,
					  16384, 2097151, 2097152 };
	static uint8_t payload[2097152 + 16];
	const struct decoder d = { MQTT_5, DECODE_FROM_SERVER, 0 };
	struct publish p = { .topic = BYTES_LIT("topic"), .qos = 1, .pid = 3 };
	struct decode_result r;
	struct buf b;

	buf_init(&b, 0);
	for (size_t i = 0; i < ARRAY_SIZE(borders); i++) {
		for (size_t n = borders[i]; n < borders[i] + 16; n++) {
			size_t rest = n < 10 ? 0 : n - 10;

			p.payload = bytes_of(payload, rest);
			buf_clear(&b);
			is_int(encode_publish(&b, MQTT_5, &p), 0);
			is_int(encode_publish_size(MQTT_5, &p), buf_len(&b));
			is_int(decode_packet(&d, buf_view(&b), &r), DECODE_OK);
			is_int(r.used, buf_len(&b));
			is_int(r.packet.publish.payload.n, rest);
		}
	}
	buf_release(&b);
}

static void what_cannot_be_expressed(void)
{
	struct bytes string = bytes_of("", MQTT_STRING_MAX + 1);
	struct publish p = { .topic = string };
	struct buf b;

	buf_init(&b, 0);
	is_int(encode_publish(&b, MQTT_5, &p), -1);
	is_int(encode_publish_size(MQTT_5, &p), 0);
	p = (struct publish){ .topic = BYTES_LIT("t") };
	p.payload = bytes_of("", MQTT_VARINT_MAX - 2);
	is_int(encode_publish_size(MQTT_3_1_1, &p), 0);
	is_int(encode_publish(&b, MQTT_3_1_1, &p), -1);
	p.payload.n = MQTT_VARINT_MAX - 3;
	ok(encode_publish_size(MQTT_3_1_1, &p) == MQTT_PACKET_MAX);
	is_int(encode_publish_size(MQTT_5, &p), 0);
	p.payload.n = SIZE_MAX;
	is_int(encode_publish_size(MQTT_5, &p), 0);
	is_int(encode_publish(&b, MQTT_5, &p), -1);
	p.payload.n = 0;
	p.props = bytes_of("", MQTT_VARINT_MAX);
	is_int(encode_publish_size(MQTT_5, &p), 0);
	p.props.n = SIZE_MAX;
	is_int(encode_publish_size(MQTT_5, &p), 0);
	p.has_expiry = true; /* the sum wraps around */
	is_int(encode_publish_size(MQTT_5, &p), 0);
	is_int(encode_publish(&b, MQTT_5, &p), -1);
	ok(encode_publish_size(MQTT_3_1_1, &p) == 5, "3.x leaves them out");
	is_int(buf_len(&b), 0);
	buf_release(&b);
}

static void strings_that_are_too_long(void)
{
	struct bytes s = bytes_of("", MQTT_STRING_MAX + 1);
	const struct connect connects[] = {
		{ .version = MQTT_5, .client_id = s },
		{ .version = MQTT_5, .user = s },
		{ .version = MQTT_5, .password = s },
		{ .version = MQTT_5, .will = { .is_set = true, .topic = s } },
		{ .version = MQTT_5, .will = { .is_set = true, .payload = s } },
		{ .version = MQTT_5, .props = { s.p, SIZE_MAX } },
		{ .version = MQTT_5,
		  .will = { .is_set = true, .props = { s.p, SIZE_MAX } } },
	};
	const struct subscription filter = { .filter = s };
	const struct subscribe sub = { .filters = &filter, .count = 1 };
	const struct suback suback = { .reasons = { s.p, SIZE_MAX } };
	const struct ack ack = { .props = { s.p, MQTT_VARINT_MAX } };
	const struct disconnect bye = { .props = { s.p, SIZE_MAX } };
	struct buf b;

	buf_init(&b, 0);
	for (size_t i = 0; i < ARRAY_SIZE(connects); i++)
		is_int(encode_connect(&b, &connects[i]), -1, "%zu", i);
	is_int(encode_subscribe(&b, MQTT_5, &sub), -1);
	is_int(encode_unsubscribe(&b, MQTT_5, &sub), -1);
	is_int(encode_suback(&b, MQTT_5, PACKET_SUBACK, &suback), -1);
	is_int(encode_ack(&b, MQTT_5, PACKET_PUBACK, &ack), -1);
	is_int(encode_disconnect(&b, MQTT_5, &bye), -1);
	is_int(encode_auth(&b, &bye), -1);
	is_int(buf_len(&b), 0);
	buf_release(&b);
}

/* MQTT 3.x knows no properties, no reasons in acks, no options but QoS. */
static void v3_leaves_out_what_it_lacks(void)
{
	struct bytes props = BYTES_LIT("\x1f\0\1x");
	const struct subscription filter = { BYTES_LIT("a"), 0x2D };
	const struct subscribe sub = {
		.pid = 1, .filters = &filter, .count = 1, .props = props
	};
	const struct suback suback = { 1, BYTES_LIT("\0"), props };
	const struct ack ack = { 1, REASON_NOT_AUTHORIZED, props };
	const struct disconnect bye = { REASON_UNSPECIFIED, props };
	struct buf b;

	buf_init(&b, 0);
	is_int(encode_subscribe(&b, MQTT_3_1, &sub), 0);
	is_int(encode_unsubscribe(&b, MQTT_3_1_1, &sub), 0);
	is_int(encode_suback(&b, MQTT_3_1_1, PACKET_SUBACK, &suback), 0);
	is_int(encode_suback(&b, MQTT_3_1, PACKET_UNSUBACK, &suback), 0);
	is_int(encode_ack(&b, MQTT_3_1_1, PACKET_PUBREC, &ack), 0);
	is_int(encode_disconnect(&b, MQTT_3_1_1, &bye), 0);
	is_bytes(buf_view(&b), BYTES_LIT("\x82\x06\0\1\0\1a\1"
					 "\xa2\x05\0\1\0\1a"
					 "\x90\x03\0\1\0"
					 "\xb0\x02\0\1"
					 "\x50\x02\0\1"
					 "\xe0\x00"));
	buf_release(&b);
}

TEST_MAIN(T(every_packet_both_ways), T(whole_packets_or_none),
	  T(fields_of_connect), T(fields_of_publish),
	  T(fields_of_acknowledgements), T(fields_of_connack),
	  T(small_codes_in_a_v5_connack_are_refusals),
	  T(connack_for_3x_speaks_3x), T(publish_with_expiry_and_alias),
	  T(publish_without_its_payload), T(publish_sizes),
	  T(what_cannot_be_expressed), T(strings_that_are_too_long),
	  T(v3_leaves_out_what_it_lacks))
