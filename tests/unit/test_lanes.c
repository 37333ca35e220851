/* SPDX-License-Identifier: MIT */
#include "mqtt/lanes.h"

#include "mqtt/decode.h"
#include "mqtt/encode.h"

#include "alloc.h"
#include "test.h"

enum { BIG = 100000 };

static void put_publish(struct lanes *l, size_t payload)
{
	static uint8_t zeros[BIG];
	struct publish p = { .topic = BYTES_LIT("t"),
			     .payload = bytes_of(zeros, payload) };

	ok(encode_publish(&l->publish, MQTT_5, &p) == 0);
}

static void put_ack(struct lanes *l, uint16_t pid)
{
	struct ack p = { .pid = pid };

	ok(encode_ack(&l->control, MQTT_5, PACKET_PUBACK, &p) == 0);
}

static void attach(struct lanes *l, struct bytes payload)
{
	struct publish p = { .topic = BYTES_LIT("t"), .payload = payload };

	ok(encode_publish_head(&l->publish, MQTT_5, &p) == 0);
	lanes_attach(l, payload);
}

/* Everything cleared leaves, up to `step` bytes at a time. */
static void drain(struct lanes *l, struct buf *to, size_t step)
{
	for (;;) {
		struct bytes view = lanes_view(l);

		if (view.n == 0)
			break;
		if (view.n > step)
			view.n = step;
		ok(buf_append(to, view) == 0);
		lanes_sent(l, view.n);
	}
}

/* The types of the packets in b, as letters: c control, p publish. */
static const char *order_of(struct buf *b)
{
	static char text[128];
	struct decoder d = { .version = MQTT_5, .side = DECODE_FROM_CLIENT };
	struct decode_result r;
	size_t n = 0;

	while (n < sizeof(text) - 1 &&
	       decode_packet(&d, buf_view(b), &r) == DECODE_OK) {
		text[n++] = r.packet.type == PACKET_PUBLISH   ? 'p'
			    : r.packet.type == PACKET_PINGREQ ? '!'
			    : r.packet.type == PACKET_PUBACK  ? 'c'
							      : '?';
		buf_consume(b, r.used);
	}
	is_int(buf_len(b), 0, "whole packets only");
	text[n] = '\0';
	buf_release(b);
	return text;
}

static void control_goes_first(void)
{
	struct lanes l = { 0 };
	struct buf out = { 0 };

	put_publish(&l, BIG);
	put_publish(&l, 10);
	put_ack(&l, 1);
	put_ack(&l, 2);
	is_int(lanes_len(&l), buf_len(&l.control) + buf_len(&l.publish));
	lanes_clear_all(&l);
	drain(&l, &out, SIZE_MAX);
	is_str(order_of(&out), "ccpp");
	lanes_release(&l);
}

/* An ack that comes while a publish is written, at every byte of three of
 * them, goes out at the next border and not inside. */
static void lanes_switch_at_borders_only(void)
{
	static const size_t sizes[] = { 0, 200, 20000 };
	size_t total = 0, sent, i;
	struct buf out = { 0 };

	for (size_t at = 0; at <= total || !at; at += at < 500 ? 1 : 97) {
		struct lanes l = { 0 };

		for (i = 0; i < 3; i++)
			put_publish(&l, sizes[i]);
		total = lanes_len(&l);
		lanes_clear_all(&l);
		for (sent = 0; sent < at && sent < total;) {
			struct bytes view = lanes_view(&l);
			size_t n = view.n < at - sent ? view.n : at - sent;

			ok(buf_append(&out, bytes_of(view.p, n)) == 0);
			lanes_sent(&l, n);
			sent += n;
		}
		put_ack(&l, 1);
		lanes_clear_all(&l);
		drain(&l, &out, SIZE_MAX);
		is_int(strlen(order_of(&out)), 4, "at %zu", at);
		lanes_release(&l);
	}
}

static void waiting_control_gets_the_next_border(void)
{
	struct lanes l = { 0 };
	struct buf out = { 0 };
	struct bytes view;

	for (int i = 0; i < 10; i++)
		put_publish(&l, 100);
	lanes_clear_all(&l);
	view = lanes_view(&l);
	is_int(view.n, lanes_len(&l), "all of them in one view");
	ok(buf_append(&out, bytes_of(view.p, 150)) == 0);
	lanes_sent(&l, 150); /* one and a half */
	put_ack(&l, 1);
	lanes_clear_all(&l);
	view = lanes_view(&l);
	is_int(view.n, 2 * 106 - 150, "the rest of the second");
	drain(&l, &out, SIZE_MAX);
	is_str(order_of(&out), "ppcpppppppp");
	lanes_release(&l);
}

/* A stream may have made a record of what it was offered. */
static void held_views_begin_with_the_same_bytes(void)
{
	static uint8_t payload[BIG];
	struct lanes l = { 0 };
	struct buf out = { 0 }, offered = { 0 };
	struct bytes view;

	for (int i = 0; i < 3; i++)
		put_publish(&l, 20000);
	lanes_clear_all(&l);
	ok(buf_append(&offered, lanes_view(&l)) == 0);
	lanes_hold(&l);
	put_ack(&l, 1);
	ok(lanes_put_ping(&l) == 0);
	put_publish(&l, 10);
	lanes_clear_all(&l);
	lanes_drop_publishes(&l);
	view = lanes_view(&l);
	is_bytes(view, buf_view(&offered), "no more while control waits");
	ok(buf_append(&out, bytes_of(view.p, 16384)) == 0);
	lanes_sent(&l, 16384); /* one record */
	drain(&l, &out, SIZE_MAX);
	is_str(order_of(&out), "p!cpp", "and then control goes first");
	lanes_hold(&l); /* nothing, as nothing was offered */
	/* A control view only grows; so does the end of a large payload. */
	put_ack(&l, 1);
	lanes_clear_all(&l);
	is_int(lanes_view(&l).n, 4);
	lanes_hold(&l);
	attach(&l, bytes_of(payload, 2000));
	put_ack(&l, 2);
	lanes_clear_all(&l);
	view = lanes_view(&l);
	ok(view.n >= 8 && view.p[3] == 1);
	lanes_sent(&l, 4);
	drain(&l, &out, SIZE_MAX);
	is_str(order_of(&out), "cp", "the first ack was taken away");
	buf_release(&offered);
	lanes_release(&l);
}

static void one_byte_at_a_time(void)
{
	struct lanes l = { 0 };
	struct buf out = { 0 };

	for (int i = 0; i < 5; i++) {
		put_publish(&l, 300);
		put_ack(&l, 5);
	}
	lanes_clear_all(&l);
	drain(&l, &out, 1);
	is_str(order_of(&out), "cccccppppp");
	lanes_release(&l);
}

static void short_lanes_leave_together(void)
{
	struct lanes l = { 0 };
	struct bytes view;

	put_publish(&l, 50);
	put_ack(&l, 1);
	lanes_clear_all(&l);
	view = lanes_view(&l);
	is_int(view.n, lanes_len(&l), "one write");
	is_int(view.p[0] >> 4, PACKET_PUBACK);
	lanes_release(&l);
}

static void what_is_not_cleared_stays(void)
{
	struct lanes l = { 0 };
	struct buf out = { 0 };

	put_ack(&l, 1);
	put_publish(&l, 10);
	is_int(lanes_view(&l).n, 0);
	lanes_clear_all(&l);
	put_ack(&l, 2);
	put_publish(&l, 10);
	drain(&l, &out, SIZE_MAX);
	is_str(order_of(&out), "cp");
	is_int(lanes_len(&l), 4 + 16);
	put_publish(&l, 10);
	is_int(lanes_view(&l).n, 0);
	lanes_clear_all(&l);
	drain(&l, &out, SIZE_MAX);
	is_str(order_of(&out), "cpp");
	lanes_release(&l);
}

static void pings_overtake_what_is_not_cleared(void)
{
	struct lanes l = { 0 };
	struct buf out = { 0 };

	put_ack(&l, 1);
	lanes_clear_all(&l);
	put_ack(&l, 2);
	put_publish(&l, 10);
	ok(lanes_put_ping(&l) == 0);
	drain(&l, &out, SIZE_MAX);
	is_str(order_of(&out), "c!");
	ok(lanes_put_ping(&l) == 0);
	drain(&l, &out, SIZE_MAX);
	is_str(order_of(&out), "!");
	lanes_clear_all(&l);
	drain(&l, &out, SIZE_MAX);
	is_str(order_of(&out), "cp");
	lanes_release(&l);
}

static void large_payloads_are_views(void)
{
	static uint8_t payload[BIG];
	struct lanes l = { 0 };
	struct buf out = { 0 };
	struct bytes view;

	put_publish(&l, 10);
	attach(&l, bytes_of(payload, BIG));
	ok(lanes_len(&l) > BIG);
	ok(buf_len(&l.publish) < 100);
	lanes_clear_all(&l);
	view = lanes_view(&l);
	ok(buf_append(&out, view) == 0);
	lanes_sent(&l, view.n);
	view = lanes_view(&l);
	ok(view.p == payload && view.n == BIG, "not copied");
	ok(buf_append(&out, bytes_of(view.p, 10)) == 0);
	lanes_sent(&l, 10);
	put_ack(&l, 1); /* waits for the end of the payload */
	lanes_clear_all(&l);
	drain(&l, &out, 30000);
	is_str(order_of(&out), "ppc");
	ok(!bytes_is_set(l.attached));
	lanes_release(&l);
}

static void payloads_can_be_detached_at_any_time(void)
{
	static uint8_t payload[BIG];

	for (size_t at = 0; at < BIG; at += 997) {
		struct lanes l = { 0 };
		struct buf out = { 0 };
		size_t sent = 0;

		attach(&l, bytes_of(payload, BIG));
		lanes_clear_all(&l);
		while (sent < at) {
			struct bytes view = lanes_view(&l);
			size_t n = view.n < at - sent ? view.n : at - sent;

			ok(buf_append(&out, bytes_of(view.p, n)) == 0);
			lanes_sent(&l, n);
			sent += n;
		}
		ok(lanes_detach(&l) == 0);
		put_publish(&l, 5);
		put_ack(&l, 1);
		lanes_clear_all(&l);
		drain(&l, &out, SIZE_MAX);
		is_int(strlen(order_of(&out)), 3, "at %zu", at);
		lanes_release(&l);
	}
}

static void publishes_can_be_dropped_at_any_time(void)
{
	static uint8_t payload[BIG];
	size_t total = 0;

	for (size_t at = 0; at <= total; at += 61) {
		struct lanes l = { 0 };
		struct buf out = { 0 };
		size_t sent = 0;

		put_publish(&l, 100);
		put_publish(&l, 100);
		attach(&l, bytes_of(payload, 2000));
		total = lanes_len(&l);
		lanes_clear_all(&l);
		while (sent < at && sent < total) {
			struct bytes view = lanes_view(&l);
			size_t n = view.n < at - sent ? view.n : at - sent;

			ok(buf_append(&out, bytes_of(view.p, n)) == 0);
			lanes_sent(&l, n);
			sent += n;
		}
		lanes_drop_publishes(&l);
		put_ack(&l, 1);
		lanes_clear_all(&l);
		drain(&l, &out, SIZE_MAX);
		ok(strlen(order_of(&out)) <= 4, "at %zu", at);
		is_int(lanes_len(&l), 0);
		lanes_release(&l);
	}
}

static void storage_is_given_back(void)
{
	struct lanes l = { 0 };
	struct buf out = { 0 };

	put_publish(&l, 100);
	put_ack(&l, 1);
	lanes_clear_all(&l);
	drain(&l, &out, SIZE_MAX);
	ok(l.control.data != NULL, "kept for the next packet");
	lanes_trim(&l);
	ok(l.control.data == NULL && l.publish.data == NULL);
	for (int i = 0; i < 20; i++)
		put_publish(&l, BIG);
	lanes_clear_all(&l);
	drain(&l, &out, SIZE_MAX);
	ok(l.publish.data == NULL, "too much to be kept");
	buf_release(&out);
	lanes_release(&l);
}

static void memory_runs_out(void)
{
	static uint8_t payload[BIG];
	struct lanes l = { 0 };
	struct buf out = { 0 };

	alloc_fail_after(0);
	ok(lanes_put_ping(&l) < 0);
	alloc_heal();
	attach(&l, bytes_of(payload, BIG));
	alloc_fail_after(0);
	ok(lanes_detach(&l) < 0);
	alloc_heal();
	lanes_clear_all(&l);
	drain(&l, &out, SIZE_MAX);
	is_str(order_of(&out), "p", "and nothing is lost");
	lanes_release(&l);
}

TEST_MAIN(T(control_goes_first), T(lanes_switch_at_borders_only),
	  T(waiting_control_gets_the_next_border),
	  T(held_views_begin_with_the_same_bytes), T(one_byte_at_a_time),
	  T(short_lanes_leave_together), T(what_is_not_cleared_stays),
	  T(pings_overtake_what_is_not_cleared), T(large_payloads_are_views),
	  T(payloads_can_be_detached_at_any_time),
	  T(publishes_can_be_dropped_at_any_time), T(storage_is_given_back),
	  T(memory_runs_out))
