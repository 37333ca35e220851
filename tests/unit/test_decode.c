/* SPDX-License-Identifier: MIT */
/* The decoder takes packets in whatever pieces they come, and never reads
 * where nothing is. What it refuses is in test_decode_bad.c. */
#include "mqtt/decode.h"

#include <stdlib.h>

#include "base/buf.h"
#include "mqtt/reason.h"
#include "packets.h"
#include "test.h"

static void cut_anywhere(void)
{
	uint8_t p[PACKET_BYTES_MAX];
	struct decode_result r;
	struct decoder d;

	for (size_t k = 0; k < ARRAY_SIZE(samples); k++) {
		size_t total = script_bytes(samples[k].script, p);

		for (int i = 0; sample_decoder(&samples[k], &i, &d);) {
			for (size_t n = 0; n < total; n++) {
				is_int(decode_copy(&d, p, n, &r), DECODE_MORE,
				       "%s at %zu", samples[k].name, n);
				ok(r.need > n && r.need <= total);
			}
		}
	}
}

/* The length field says less than the fields need: BAD, or a shorter legal
 * packet, and never a byte beyond. CVE-2021-41036, wolfMQTT 545. */
static void fields_cut_anywhere(void)
{
	uint8_t p[PACKET_BYTES_MAX];
	struct decode_result r;
	struct decoder d;

	for (size_t k = 0; k < ARRAY_SIZE(samples); k++) {
		size_t total = script_bytes(samples[k].script, p);

		if (p[1] >= 0x80)
			continue;
		for (int i = 0; sample_decoder(&samples[k], &i, &d);) {
			for (size_t n = 2; n < total; n++) {
				p[1] = (uint8_t)(n - 2);
				ok(decode_copy(&d, p, n, &r) != DECODE_MORE,
				   "%s cut to %zu", samples[k].name, n);
			}
			p[1] = (uint8_t)(total - 2);
		}
	}
}

/* Each byte of each packet replaced by each value: whatever comes of it, it
 * is one of the three answers, and BAD has its reason and text. */
static void every_byte_replaced(void)
{
	uint8_t p[PACKET_BYTES_MAX];
	struct decode_result r;
	struct decoder d;
	size_t wrong = 0;

	for (size_t k = 0; k < ARRAY_SIZE(samples); k++) {
		size_t n = script_bytes(samples[k].script, p);

		for (int i = 0; sample_decoder(&samples[k], &i, &d);) {
			for (size_t at = 0; at < 256 * n; at++) {
				uint8_t old = p[at / 256];

				r = (struct decode_result){ 0 };
				p[at / 256] = (uint8_t)at;
				switch (decode_copy(&d, p, n, &r)) {
				case DECODE_OK:
					wrong += r.used == 0 || r.used > n;
					break;
				case DECODE_MORE:
					wrong += r.need <= n;
					break;
				case DECODE_BAD:
					wrong += r.reason < 0x80 || !r.why;
					break;
				}
				p[at / 256] = old;
			}
		}
	}
	is_int(wrong, 0);
}

/* azure-umqtt-c PR 97, Contiki-NG 3217: a stream that comes in drops. */
static void one_byte_at_a_time(void)
{
	static const int versions[] = { V31, V311, V5 };
	uint8_t p[PACKET_BYTES_MAX];
	struct decode_result r;
	struct decoder d;

	for (size_t v = 0; v < 3; v++) {
		size_t want = 0, got = 0, fed = 0;
		struct buf in, kept;

		buf_init(&in, 0);
		buf_init(&kept, 0);
		for (size_t k = 0; k < ARRAY_SIZE(samples); k++) {
			if (!(samples[k].versions & versions[v]) ||
			    !(samples[k].sides & SERVER))
				continue;
			is_int(buf_append(&in,
					  bytes_of(p, script_bytes(
							      samples[k].script,
							      p))),
			       0);
			want++;
		}
		d = (struct decoder){ .version = MQTT_3_1 + (unsigned int)v };
		for (; fed < buf_len(&in); fed++) {
			is_int(buf_append_byte(&kept, buf_view(&in).p[fed]), 0);
			switch (decode_packet(&d, buf_view(&kept), &r)) {
			case DECODE_OK:
				is_int(r.used, buf_len(&kept));
				buf_consume(&kept, r.used);
				got++;
				break;
			case DECODE_MORE:
				break;
			case DECODE_BAD:
				ok(false, "%s", r.why);
				break;
			}
		}
		is_int(buf_len(&kept), 0);
		is_int(got, want);
		buf_release(&in);
		buf_release(&kept);
	}
}

static void nothing_may_follow(void)
{
	uint8_t p[PACKET_BYTES_MAX];
	struct decode_result r;
	struct decoder d;

	for (size_t k = 0; k < ARRAY_SIZE(samples); k++) {
		size_t n = script_bytes(samples[k].script, p);
		enum packet_type type = p[0] >> 4;

		/* Not where the last field goes on to the end. */
		if (type == PACKET_PUBLISH || type == PACKET_SUBACK ||
		    type == PACKET_UNSUBACK || p[1] >= 0x7F)
			continue;
		if (!samples[k].is_canonical)
			continue;
		for (int i = 0; sample_decoder(&samples[k], &i, &d);) {
			/* Shortened forms may go on; 0xFF is then no length. */
			p[n] = p[n + 1] = p[n + 2] = 0xFF;
			p[1] = (uint8_t)(n + 1);
			if (type == PACKET_DISCONNECT && n == 2 &&
			    d.side == DECODE_FROM_SERVER)
				continue; /* would be a reason */
			is_int(decode_copy(&d, p, n + 3, &r), DECODE_BAD, "%s",
			       samples[k].name);
			p[1] = (uint8_t)(n - 2);
		}
	}
}

/* [MQTT-2.1.3-1], and who may send what: each first byte, by itself. */
static void every_first_byte(void)
{
	static const enum decode_side sides[] = { DECODE_FROM_SERVER,
						  DECODE_FROM_CLIENT };
	static const char only_client[] = "\x10\x80\xa0\xc0";
	static const char only_server[] = "\x20\x90\xb0\xd0";
	struct decode_result r;

	for (unsigned int i = 0; i < 256 * 3 * 2; i++) {
		struct decoder d = { .version = MQTT_3_1 + i / 512,
				     .side = sides[i / 256 % 2] };
		const char *theirs = d.side == DECODE_FROM_SERVER ? only_client
								  : only_server;
		uint8_t first = (uint8_t)i, type = first & 0xF0;
		uint8_t flags = first & 0x0F, want = 0;
		bool is_legal = type != 0 && !strchr(theirs, type);

		if (type == 0x60 || type == 0x80 || type == 0xA0)
			want = 2;
		if (d.version == MQTT_3_1 && want)
			flags &= 7; /* the DUP flag of 3.1 */
		if (type != 0x30 && flags != want)
			is_legal = false;
		if (type == 0xF0 && d.version != MQTT_5)
			is_legal = false;
		is_int(decode_packet(&d, bytes_of(&first, 1), &r),
		       is_legal ? DECODE_MORE : DECODE_BAD, "0x%02X v%d",
		       (unsigned int)first, (int)d.version);
	}
}

/* Which reason codes each packet of MQTT 5 may carry. Codes of failure that
 * exist are let through in acknowledgements: brokers use others' codes. */
static void every_reason_code(void)
{
	static const struct {
		uint8_t first;
		const char *successes, *failures; /* NULL: all that exist */
	} table[] = {
		{ 0x40, "\x10", NULL },     { 0x50, "\x10", NULL },
		{ 0x62, "", "\x92" },       { 0x70, "", "\x92" },
		{ 0x90, "\x01\x02", NULL }, { 0xB0, "\x11", NULL },
	};
	const struct decoder d = { MQTT_5, DECODE_FROM_SERVER, 0 };
	struct decode_result r;

	for (unsigned int i = 0; i < ARRAY_SIZE(table) * 256; i++) {
		uint8_t code = (uint8_t)i, first = table[i / 256].first;
		const char *failures = table[i / 256].failures;
		bool is_legal = code == 0 ||
				strchr(table[i / 256].successes, code);
		uint8_t p[] = { first, 4, 0, 1, code, 0 };

		if (first >= 0x90) { /* properties first */
			p[4] = 0;
			p[5] = code;
		}
		if (code >= 0x80)
			is_legal = failures ? strchr(failures, code) != NULL
					    : reason_is_known(code);
		is_int(decode_packet(&d, bytes_of(p, 6), &r),
		       is_legal ? DECODE_OK : DECODE_BAD, "0x%02X in 0x%02X",
		       (unsigned int)code, (unsigned int)first);
	}
}

/* mochi and NanoMQ send DISCONNECT to 3.x clients; MQTTX 1063, MQTT.js 1886:
 * in 3.x any SUBACK byte with the top bit is a refusal. */
static void what_odd_brokers_send_to_3x(void)
{
	const struct decoder d = { MQTT_3_1_1, DECODE_FROM_SERVER, 0 };
	static const uint8_t garbage[] = { 0xE0, 4, 0x80, 0xFF, 0xFF, 0xFF };
	struct decode_result r = { 0 };

	is_int(decode_copy(&d, garbage, 6, &r), DECODE_OK,
	       "read as far as it can be");
	is_int(r.packet.disconnect.reason, 0x80);
	is_int(r.packet.disconnect.props.n, 0);
	for (unsigned int code = 0; code < 256; code++) {
		const uint8_t p[] = { 0x90, 3, 0, 1, (uint8_t)code };
		const uint8_t c[] = { 0x20, 2, 0, (uint8_t)code };

		is_int(decode_copy(&d, p, 5, &r),
		       code <= 2 || code >= 0x80 ? DECODE_OK : DECODE_BAD);
		is_int(decode_copy(&d, c, 4, &r), DECODE_OK,
		       "an unknown CONNACK code is no error of parsing");
	}
}

/* MQTT 3.1 says of the first byte of CONNACK: not used. */
static void reserved_byte_of_a_3_1_connack(void)
{
	const struct decoder d = { MQTT_3_1, DECODE_FROM_SERVER, 0 };
	struct decode_result r = { 0 };

	is_int(decode_copy(&d, "\x20\x02\xff\x00", 4, &r), DECODE_OK);
	ok(!r.packet.connack.session_present);
}

static void too_large_is_known_at_the_length(void)
{
	static const uint8_t huge[] = { 0x30, 0xFF, 0xFF, 0xFF, 0x7F };
	struct decoder d = { MQTT_5, DECODE_FROM_SERVER, 100 };
	struct decode_result r;

	is_int(decode_copy(&d, "\x30\x62", 2, &r), DECODE_MORE);
	is_int(r.need, 100, "exactly the maximum");
	is_int(decode_copy(&d, "\x30\x63", 2, &r), DECODE_BAD);
	is_int(r.reason, REASON_PACKET_TOO_LARGE);
	is_str(r.why, "packet larger than the maximum");
	is_int(decode_copy(&d, huge, 5, &r), DECODE_BAD);
	is_int(r.reason, REASON_PACKET_TOO_LARGE);
	d.max_packet = 0;
	is_int(decode_copy(&d, huge, 5, &r), DECODE_MORE);
	is_int(r.need, MQTT_PACKET_MAX);
}

static void filters_of_a_subscribe(void)
{
	const struct decoder d = { MQTT_3_1_1, DECODE_FROM_CLIENT, 0 };
	uint8_t p[PACKET_BYTES_MAX];
	struct subscription s;
	struct decode_result r;
	size_t n, pos = 0;

	n = script_bytes("82 0c 00 01 00 03 'a/b' 01 00 01 '#' 00", p);
	is_int(decode_packet(&d, bytes_of(p, n), &r), DECODE_OK);
	is_int(r.packet.subscribe.count, 2);
	ok(decode_next_filter(&r.packet, &pos, &s));
	is_bytes(s.filter, BYTES_LIT("a/b"));
	is_int(s.options, 1);
	ok(decode_next_filter(&r.packet, &pos, &s));
	is_bytes(s.filter, BYTES_LIT("#"));
	ok(!decode_next_filter(&r.packet, &pos, &s));

	pos = 0;
	n = script_bytes("a2 08 00 01 00 01 'a' 00 01 'b'", p);
	is_int(decode_packet(&d, bytes_of(p, n), &r), DECODE_OK);
	is_int(r.packet.subscribe.count, 2);
	ok(decode_next_filter(&r.packet, &pos, &s));
	is_bytes(s.filter, BYTES_LIT("a"));
	is_int(s.options, 0);
	ok(decode_next_filter(&r.packet, &pos, &s));
	ok(!decode_next_filter(&r.packet, &pos, &s));
}

/* The version of a CONNECT is its own, whatever the decoder was told. */
static void connect_brings_its_version(void)
{
	struct decoder d = { MQTT_AUTO, DECODE_FROM_CLIENT, 0 };
	uint8_t p[PACKET_BYTES_MAX];
	struct decode_result r;
	size_t n;

	n = script_bytes("10 0d 00 04 'MQTT' 05 02 00 00 00 00 00", p);
	is_int(decode_packet(&d, bytes_of(p, n), &r), DECODE_OK);
	is_int(r.packet.connect.version, MQTT_5);
	d.version = MQTT_5;
	n = script_bytes("10 0e 00 06 'MQIsdp' 03 02 00 00 00 00", p);
	is_int(decode_packet(&d, bytes_of(p, n), &r), DECODE_OK);
	is_int(r.packet.connect.version, MQTT_3_1);
}

TEST_MAIN(T(cut_anywhere), T(fields_cut_anywhere), T(every_byte_replaced),
	  T(one_byte_at_a_time), T(nothing_may_follow), T(every_first_byte),
	  T(every_reason_code), T(what_odd_brokers_send_to_3x),
	  T(reserved_byte_of_a_3_1_connack),
	  T(too_large_is_known_at_the_length), T(filters_of_a_subscribe),
	  T(connect_brings_its_version))
