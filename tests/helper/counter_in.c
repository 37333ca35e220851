/* SPDX-License-Identifier: MIT */
#include "counter.h"

#include <stdlib.h>

#include "mqtt/decode.h"
#include "mqtt/encode.h"
#include "mqtt/props.h"
#include "mqtt/reason.h"
#include "mqtt/wire.h"

enum { ID_BYTES = (MQTT_PID_MAX + 1) / 8, NUMBER_MAX = 20, ACK_SIZE = 4 };

enum take { TAKE_OK, TAKE_MORE, TAKE_BAD };

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static enum take from_varint(enum varint v)
{
	return v == VARINT_OK     ? TAKE_OK
	       : v == VARINT_MORE ? TAKE_MORE
				  : TAKE_BAD;
}

/* The packet's size, and in *ret_at where the bytes after it begin. */
static enum take read_size(struct bytes in, size_t *ret_size, size_t *ret_at)
{
	uint32_t len = in.p[1];
	size_t used = 1;
	enum take t = TAKE_OK;

	/* Most are short, and a call for each would be felt. */
	if (UNLIKELY(len > 127))
		t = from_varint(wire_peek_varint(bytes_of(in.p + 1, in.n - 1),
						 &len, &used));
	*ret_at = 1 + used;
	*ret_size = *ret_at + len;
	return t;
}

/* Where the properties end; h->payload_at is where they begin. */
static enum take skip_props(struct bytes in, struct head *h)
{
	uint32_t len = 0;
	size_t used = 0;
	enum take t;

	if (in.n <= h->payload_at)
		return TAKE_MORE;
	t = from_varint(wire_peek_varint(bytes_of(in.p + h->payload_at,
						  in.n - h->payload_at),
					 &len, &used));
	h->payload_at += used + len;
	return t;
}

/* As little as counting needs: sizes, QoS, id and where the payload is. */
static enum take read_head(const struct conn *c, struct bytes in,
			   struct head *h)
{
	size_t at = 0;
	enum take t = read_size(in, &h->size, &at);

	if (t != TAKE_OK)
		return t;
	if (in.n < at + 2)
		return h->size < at + 2 ? TAKE_BAD : TAKE_MORE;
	h->qos = in.p[0] >> 1 & 3;
	at += 2 + (size_t)get16(in.p + at);
	h->payload_at = at + (h->qos ? 2 : 0);
	if (h->payload_at > h->size || h->qos == 3)
		return TAKE_BAD;
	if (in.n < h->payload_at)
		return TAKE_MORE;
	h->pid = h->qos ? get16(in.p + at) : 0;
	if (c->version == MQTT_5)
		t = skip_props(in, h);
	return t == TAKE_OK && h->payload_at > h->size ? TAKE_BAD : t;
}

/* Is the id of a QoS 2 message already in use? It is from now on. */
static int claim_id(struct conn *c, uint16_t pid, bool *ret_was_used)
{
	uint8_t bit = (uint8_t)(1u << (pid & 7));

	if (!c->unreleased)
		c->unreleased = calloc(1, ID_BYTES);
	if (!c->unreleased)
		return -1;
	*ret_was_used = c->unreleased[pid >> 3] & bit;
	c->unreleased[pid >> 3] |= bit;
	return 0;
}

static void release_id(struct conn *c, uint16_t pid)
{
	if (c->unreleased)
		c->unreleased[pid >> 3] &= (uint8_t) ~(1u << (pid & 7));
}

void conn_release_ids(struct conn *c)
{
	free(c->unreleased);
	c->unreleased = NULL;
}

/* The four bytes of an ack without reason, in any version. */
static int put_ack(struct conn *c, uint8_t first, uint16_t pid)
{
	uint8_t *to = buf_reserve(&c->out, ACK_SIZE);

	if (!to)
		return -1;
	to[0] = first;
	to[1] = 2;
	to[2] = (uint8_t)(pid >> 8);
	to[3] = (uint8_t)pid;
	buf_commit(&c->out, ACK_SIZE);
	return 0;
}

/* A message has arrived to its last byte. */
static int finish_publish(struct conn *c, const struct head *h)
{
	struct tally *t = &c->counter->tally;
	bool was_used = false;

	if (h->qos == 2 && claim_id(c, h->pid, &was_used) < 0)
		return -1;
	t->repeated += was_used;
	t->received[h->qos] += !was_used;
	t->payload += was_used ? 0 : h->size - h->payload_at;
	if (h->qos == 0)
		return 0;
	return put_ack(c, h->qos == 1 ? 0x40 : 0x50, h->pid);
}

/* Numbers are consecutive on each connection, whatever the first one is. */
static void check_number(struct conn *c, struct bytes payload)
{
	uint64_t number = 0;
	size_t i = 0;

	for (; i < payload.n && i < NUMBER_MAX; i++) {
		if (payload.p[i] < '0' || payload.p[i] > '9')
			break;
		number = 10 * number + (uint64_t)(payload.p[i] - '0');
	}
	if (i == 0 || (c->number && number != c->number + 1))
		c->counter->tally.misordered++;
	c->number = number;
}

static enum take take_publish(struct conn *c, struct bytes in, size_t *ret_used)
{
	struct head h;
	size_t want;
	enum take t;

	if (in.n < 2)
		return TAKE_MORE;
	t = read_head(c, in, &h);
	if (t != TAKE_OK)
		return t;
	if (c->counter->check_numbers) {
		want = h.size - h.payload_at;
		want = want < NUMBER_MAX ? want : NUMBER_MAX;
		if (in.n < h.payload_at + want)
			return TAKE_MORE;
		check_number(c, bytes_of(in.p + h.payload_at, want));
	}
	if (UNLIKELY(h.size > in.n)) {
		c->partial = h;
		c->rest = h.size - in.n;
		*ret_used = in.n;
		return TAKE_OK;
	}
	*ret_used = h.size;
	return finish_publish(c, &h) < 0 ? TAKE_BAD : TAKE_OK;
}

/* More bytes of a message whose head has been seen. */
static int take_rest(struct conn *c, size_t n, size_t *ret_used)
{
	*ret_used = c->rest < n ? c->rest : n;
	c->rest -= *ret_used;
	return c->rest ? 0 : finish_publish(c, &c->partial);
}

static int take_connect(struct conn *c, const struct connect *p)
{
	struct connack ack = { 0 };
	struct buf props = { 0 };
	char id[32];
	int rc = 0;

	c->version = p->version;
	c->receive_max = (uint16_t)props_num(p->props, PROP_RECEIVE_MAX,
					     MQTT_PID_MAX);
	c->counter->tally.connects++;
	if (p->version == MQTT_5 && p->client_id.n == 0) {
		snprintf(id, sizeof(id), "counted-%u",
			 (unsigned)c->counter->tally.connects);
		rc = props_put_bytes(&props, PROP_ASSIGNED_CLIENT_ID,
				     bytes_str(id));
	}
	ack.props = buf_view(&props);
	if (rc == 0)
		rc = encode_connack(&c->out, c->version, &ack);
	buf_release(&props);
	return rc;
}

static int take_subscribe(struct conn *c, const struct packet *p)
{
	struct suback ack = { .pid = p->subscribe.pid };
	struct buf reasons = { 0 };
	struct subscription s;
	size_t pos = 0;
	int rc = 0;
	uint8_t qos;

	while (rc == 0 && decode_next_filter(p, &pos, &s)) {
		qos = p->type == PACKET_SUBSCRIBE ? s.options & 3 : 0;
		c->counter->tally.filters++;
		if (p->type == PACKET_SUBSCRIBE)
			flood_begin(c, s.filter, qos);
		rc = buf_append_byte(&reasons, qos);
	}
	ack.reasons = buf_view(&reasons);
	if (rc == 0)
		rc = encode_suback(&c->out, c->version,
				   p->type == PACKET_SUBSCRIBE
					   ? PACKET_SUBACK
					   : PACKET_UNSUBACK,
				   &ack);
	buf_release(&reasons);
	return rc;
}

static int take_packet(struct conn *c, const struct packet *p)
{
	switch (p->type) {
	case PACKET_CONNECT:
		return take_connect(c, &p->connect);
	case PACKET_SUBSCRIBE:
	case PACKET_UNSUBSCRIBE:
		return take_subscribe(c, p);
	case PACKET_PUBREC:
		if (p->ack.reason >= REASON_UNSPECIFIED) {
			flood_acked(c);
			return 0;
		}
		return put_ack(c, 0x62, p->ack.pid);
	case PACKET_PUBREL:
		release_id(c, p->ack.pid);
		return put_ack(c, 0x70, p->ack.pid);
	case PACKET_PUBACK:
	case PACKET_PUBCOMP:
		flood_acked(c);
		return 0;
	case PACKET_PINGREQ:
		c->counter->tally.pings++;
		return encode_ping(&c->out, PACKET_PINGRESP);
	case PACKET_DISCONNECT:
		c->is_closing = true;
		return 0;
	default:
		return 0;
	}
}

/* Everything but PUBLISH goes through the decoder of the project. */
static enum take take_other(struct conn *c, struct bytes in, size_t *ret_used,
			    struct err *e)
{
	struct decoder d = { .version = c->version ? c->version : MQTT_5,
			     .side = DECODE_FROM_CLIENT };
	struct decode_result r;
	bool is_connect = in.p[0] >> 4 == PACKET_CONNECT;

	if (is_connect != (c->version == MQTT_AUTO)) {
		err_set(e, ERR_PROTOCOL, REASON_PROTOCOL_ERROR,
			is_connect ? "a second CONNECT"
				   : "a packet before CONNECT");
		return TAKE_BAD;
	}
	switch (decode_packet(&d, in, &r)) {
	case DECODE_MORE:
		return TAKE_MORE;
	case DECODE_BAD:
		err_set(e, ERR_PROTOCOL, r.reason, "%s", r.why);
		return TAKE_BAD;
	default:
		*ret_used = r.used;
		if (take_packet(c, &r.packet) == 0)
			return TAKE_OK;
		err_nomem(e);
		return TAKE_BAD;
	}
}

static enum take take_one(struct conn *c, struct bytes in, size_t *ret_used,
			  struct err *e)
{
	enum take t;

	if (in.p[0] >> 4 != PACKET_PUBLISH || c->version == MQTT_AUTO)
		return take_other(c, in, ret_used, e);
	t = take_publish(c, in, ret_used);
	if (t == TAKE_BAD)
		err_set(e, ERR_PROTOCOL, REASON_MALFORMED,
			"a PUBLISH whose lengths do not fit");
	return t;
}

int conn_take(struct conn *c, struct bytes in, size_t *ret_used, struct err *e)
{
	const struct tally *t = &c->counter->tally;
	uint64_t before = t->received[0] + t->received[1] + t->received[2];
	enum take result = TAKE_OK;
	size_t at = 0, used;

	if (c->rest && take_rest(c, in.n, &at) < 0)
		return err_nomem(e);
	while (at < in.n && result == TAKE_OK) {
		used = 0;
		result = take_one(c, bytes_of(in.p + at, in.n - at), &used, e);
		at += used;
	}
	if (t->received[0] + t->received[1] + t->received[2] != before) {
		if (!t->first_in)
			c->counter->tally.first_in = c->counter->now;
		c->counter->tally.last_in = c->counter->now;
	}
	*ret_used = at;
	return result == TAKE_BAD ? -1 : 0;
}
