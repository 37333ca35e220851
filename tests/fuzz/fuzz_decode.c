/* SPDX-License-Identifier: MIT */
/*
 * decode_packet() on a stream: in one piece and in drops it must say the same,
 * and what it takes must survive encoding and decoding again.
 *
 * Input: a byte of settings (bits 0-1 version, 2 side, 3 maximum packet size,
 * 4-7 size of the drops), then the stream.
 */
#include "mqtt/decode.h"

#include <stdlib.h>

#include "../unit/reencode.h"
#include "base/buf.h"
#include "mqtt/props.h"
#include "mqtt/reason.h"
#include "mqtt/topic.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 8192 };

static void require(bool holds)
{
	if (!holds)
		abort();
}

static bool is_inside(struct bytes part, struct bytes whole)
{
	return part.n == 0 ||
	       (part.p >= whole.p && part.p + part.n <= whole.p + whole.n);
}

static void check_publish(const struct publish *p, enum mqtt_version v,
			  struct bytes wire)
{
	require(is_inside(p->topic, wire) && is_inside(p->payload, wire) &&
		is_inside(p->props, wire));
	require(p->qos <= 2 && !p->pid == !p->qos && !(p->dup && !p->qos));
	require(p->topic.n ? !topic_check_name(p->topic) : p->alias != 0);
	require(props_check(p->props, PROP_IN(PACKET_PUBLISH)) == 0);
	require(v == MQTT_5 || p->props.n == 0);
	require(props_num(p->props, PROP_TOPIC_ALIAS, 0) == p->alias);
	require(!p->has_expiry ||
		props_num(p->props, PROP_MESSAGE_EXPIRY, 0) == p->expiry);
}

static void check_subscribe(const struct packet *p)
{
	struct subscription s;
	size_t pos = 0, n = 0;

	for (; decode_next_filter(p, &pos, &s); n++)
		require(!topic_check_filter(s.filter) && (s.options & 3) < 3);
	require(n == p->subscribe.count && n > 0 && p->subscribe.pid > 0);
}

static void check_packet(const struct packet *p, enum mqtt_version v,
			 struct bytes wire)
{
	switch (p->type) {
	case PACKET_PUBLISH:
		check_publish(&p->publish, v, wire);
		break;
	case PACKET_SUBSCRIBE:
	case PACKET_UNSUBSCRIBE:
		check_subscribe(p);
		break;
	case PACKET_CONNACK:
		require(!p->connack.reason || p->connack.reason >= 0x80);
		break;
	case PACKET_SUBACK:
		require(p->suback.pid > 0 && p->suback.reasons.n > 0);
		break;
	default:
		break;
	}
}

/* What no encoder for that version writes: what odd brokers send. */
static bool is_foreign(const struct packet *p, enum mqtt_version v)
{
	if (v == MQTT_5)
		return false;
	return p->type == PACKET_DISCONNECT ||
	       (p->type == PACKET_CONNACK && p->connack.props.p);
}

static void check_again(const struct decoder *d, const struct packet *p)
{
	struct decoder all = { d->version, d->side, 0 };
	struct decode_result r;
	struct buf first = { 0 }, second = { 0 };

	if (is_foreign(p, d->version))
		return;
	require(reencode(&first, d->version, p) == 0);
	require(decode_packet(&all, buf_view(&first), &r) == DECODE_OK);
	require(r.used == buf_len(&first) && r.packet.type == p->type);
	require(reencode(&second, d->version, &r.packet) == 0);
	require(bytes_equal(buf_view(&first), buf_view(&second)));
	buf_release(&first);
	buf_release(&second);
}

/* How a stream ended, and how much of it was taken. */
struct verdict {
	enum decode end;
	uint8_t reason;
	size_t packets, used;
};

static struct verdict in_one_piece(const struct decoder *d, struct bytes in)
{
	struct verdict v = { 0 };
	struct decode_result r;

	while ((v.end = decode_packet(d, in, &r)) == DECODE_OK) {
		require(r.used >= 2 && r.used <= in.n);
		require(!d->max_packet || r.used <= d->max_packet);
		check_packet(&r.packet, d->version, bytes_of(in.p, r.used));
		check_again(d, &r.packet);
		in = bytes_of(in.p + r.used, in.n - r.used);
		v.packets++;
		v.used += r.used;
	}
	require(v.end == DECODE_BAD || r.need > in.n);
	require(v.end == DECODE_MORE || (r.reason >= 0x80 && r.why));
	v.reason = v.end == DECODE_BAD ? r.reason : 0;
	return v;
}

static struct verdict in_drops(const struct decoder *d, struct bytes in,
			       size_t drop)
{
	struct verdict v = { .end = DECODE_MORE };
	struct decode_result r;
	struct buf kept = { 0 };

	while (in.n > 0 && v.end == DECODE_MORE) {
		size_t n = drop < in.n ? drop : in.n;

		require(buf_append(&kept, bytes_of(in.p, n)) == 0);
		in = bytes_of(in.p + n, in.n - n);
		while ((v.end = decode_packet(d, buf_view(&kept), &r)) ==
		       DECODE_OK) {
			buf_consume(&kept, r.used);
			v.packets++;
			v.used += r.used;
		}
	}
	v.reason = v.end == DECODE_BAD ? r.reason : 0;
	buf_release(&kept);
	return v;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct verdict whole, drops;
	struct decoder d = { 0 };
	struct bytes in;

	if (size == 0 || size > INPUT_MAX)
		return 0;
	d.version = MQTT_3_1 + (data[0] & 3u) % 3;
	d.side = data[0] & 4 ? DECODE_FROM_CLIENT : DECODE_FROM_SERVER;
	d.max_packet = data[0] & 8 ? 64 : 0;
	in = bytes_of(data + 1, size - 1);
	whole = in_one_piece(&d, in);
	drops = in_drops(&d, in, 1 + (data[0] >> 4));
	require(whole.end == drops.end && whole.reason == drops.reason &&
		whole.packets == drops.packets && whole.used == drops.used);
	return 0;
}
