/* SPDX-License-Identifier: MIT */
/*
 * The other end of a session under test: a store, a clock, and a server that
 * does what the test says, on the codec's server side. Included once by a
 * test program that links the store.
 *
 *	struct peer p = peer_up(MQTT_5);
 *	publish(&p, 1, "a");
 *	struct packet *sent = next(&p, PACKET_PUBLISH);
 *	is_int(ack(&p, PACKET_PUBACK, sent->publish.pid, 0), FEED_EVENT);
 *	peer_down(&p);
 *
 * What the session puts out is collected by flush(), after a commit, as a
 * driver has to do it; next() takes packets from there one by one.
 */
#ifndef SESSION_PEER_H
#define SESSION_PEER_H

#include <stdlib.h>

#include "base/clock.h"
#include "mqtt/decode.h"
#include "mqtt/encode.h"
#include "mqtt/props.h"
#include "mqtt/reason.h"
#include "mqtt/session.h"
#include "mqtt/session_impl.h"
#include "store/memory.h"
#include "test.h"

enum { ROOM = 1 << 20 };

struct peer {
	struct store *store;
	struct session *s;
	struct session_config config;
	struct connect *connect; /* allocated: peers may be moved */
	struct buf connect_props;
	struct buf connack_props;
	uint64_t now;
	struct buf wire; /* what the session has put out */
	size_t eaten;    /* of that, by the packet in result */
	struct decode_result result;
	struct event event; /* of the last feed */
};

/* A session that has not been connected yet. */
static inline void peer_init(struct peer *p, enum mqtt_version version)
{
	*p = (struct peer){ .now = 100 * CLOCK_SEC };
	p->store = memory_store_new(0);
	p->connect = malloc(sizeof(*p->connect));
	*p->connect = (struct connect){ .version = version,
					.clean_start = true,
					.keepalive = 60,
					.client_id = BYTES_LIT("me") };
}

static inline void peer_open(struct peer *p)
{
	p->s = session_new(p->store, &p->config);
}

static inline void peer_down(struct peer *p)
{
	session_free(p->s);
	p->store->ops->free(p->store);
	buf_release(&p->wire);
	buf_release(&p->connect_props);
	buf_release(&p->connack_props);
	free(p->connect);
}

static inline void prop(struct buf *list, enum prop_id id, uint32_t num)
{
	ok(props_put_num(list, (uint8_t)id, num) == 0);
}

static inline void prop_str(struct buf *list, enum prop_id id, const char *v)
{
	ok(props_put_bytes(list, (uint8_t)id, bytes_str(v)) == 0);
}

/* Lets all output leave and remembers it. */
static inline void flush(struct peer *p)
{
	struct bytes view;

	ok(session_commit(p->s, NULL) == 0);
	while ((view = session_output(p->s)).n) {
		ok(buf_append(&p->wire, view) == 0);
		session_sent(p->s, view.n, p->now);
	}
}

/* The next packet that the session put out, or NULL. */
static inline struct packet *peek(struct peer *p)
{
	struct decoder d = { .version = p->connect->version,
			     .side = DECODE_FROM_CLIENT };

	flush(p);
	buf_consume(&p->wire, p->eaten);
	p->eaten = 0;
	if (decode_packet(&d, buf_view(&p->wire), &p->result) != DECODE_OK) {
		is_int(buf_len(&p->wire), 0, "undecodable output");
		return NULL;
	}
	p->eaten = p->result.used;
	return &p->result.packet;
}

/* The same, which has to be of that type; an empty one when it is not. */
static inline struct packet *next(struct peer *p, enum packet_type type)
{
	static struct packet none;
	struct packet *packet = peek(p);

	if (!ok(packet != NULL, "expected packet type %d", type) ||
	    !is_int(packet->type, type, "packet type"))
		return &none;
	return packet;
}

/* The next packet is a PUBLISH to that topic. */
static inline const struct publish *next_publish(struct peer *p,
						 const char *topic)
{
	const struct publish *sent = &next(p, PACKET_PUBLISH)->publish;

	is_bytes(sent->topic, bytes_str(topic));
	return sent;
}

static inline bool is_silent(struct peer *p)
{
	struct packet *packet = peek(p);

	return ok(packet == NULL, "unexpected packet type %d",
		  packet ? (int)packet->type : 0);
}

static inline enum feed feed_bytes(struct peer *p, struct bytes in)
{
	size_t used;

	return session_feed(p->s, in, p->now, &used, &p->event);
}

/* Feeds what an encoder just wrote. The event's views die at once. */
static inline enum feed feed_buf(struct peer *p, struct buf *b)
{
	enum feed verdict = feed_bytes(p, buf_view(b));

	buf_release(b);
	return verdict;
}

static inline enum feed ack(struct peer *p, enum packet_type type, uint16_t pid,
			    uint8_t reason)
{
	struct ack packet = { .pid = pid, .reason = reason };
	struct buf b = { 0 };

	ok(encode_ack(&b, p->connect->version, type, &packet) == 0);
	return feed_buf(p, &b);
}

static inline enum feed connack(struct peer *p, bool present, uint8_t reason)
{
	struct connack packet = { .session_present = present,
				  .reason = reason,
				  .props = buf_view(&p->connack_props) };
	struct buf b = { 0 };

	ok(encode_connack(&b, p->connect->version, &packet) == 0);
	return feed_buf(p, &b);
}

static inline enum feed suback(struct peer *p, enum packet_type type,
			       uint16_t pid, struct bytes reasons)
{
	struct suback packet = { .pid = pid, .reasons = reasons };
	struct buf b = { 0 };

	ok(encode_suback(&b, p->connect->version, type, &packet) == 0);
	return feed_buf(p, &b);
}

/* A message from the server. */
static inline enum feed arrive(struct peer *p, uint8_t qos, uint16_t pid,
			       bool dup)
{
	struct publish packet = { .topic = BYTES_LIT("in"),
				  .payload = BYTES_LIT("x"),
				  .qos = qos,
				  .pid = pid,
				  .dup = dup };
	struct buf b = { 0 };

	ok(encode_publish(&b, p->connect->version, &packet) == 0);
	return feed_buf(p, &b);
}

static inline void pump(struct peer *p)
{
	session_pump(p->s, p->now, ROOM);
}

/* Publishes and pumps; the payload is the topic. Returns seq. */
static inline uint64_t publish(struct peer *p, uint8_t qos, const char *topic)
{
	struct publish packet = { .topic = bytes_str(topic),
				  .payload = bytes_str(topic),
				  .qos = qos };
	uint64_t seq = UINT64_MAX;

	is_int(session_publish(p->s, &packet, 7, p->now, &seq), SUBMIT_OK);
	pump(p);
	return seq;
}

/* Sends CONNECT, which is looked at and forgotten. */
static inline void dial(struct peer *p)
{
	p->connect->props = buf_view(&p->connect_props);
	buf_clear(&p->wire);
	p->eaten = 0;
	is_int(session_connect(p->s, p->connect, p->now), 0);
	next(p, PACKET_CONNECT);
}

/* The same and CONNACK. */
static inline void reconnect(struct peer *p, bool present)
{
	dial(p);
	is_int(connack(p, present, 0), FEED_EVENT);
	is_int(p->event.type, EVENT_CONNACK);
	pump(p);
}

static inline struct peer peer_up(enum mqtt_version version)
{
	struct peer p;

	peer_init(&p, version);
	peer_open(&p);
	reconnect(&p, false);
	return p;
}

/* A session that the server can find again. */
static inline struct peer peer_up_persistent(enum mqtt_version version)
{
	struct peer p;

	peer_init(&p, version);
	p.connect->clean_start = false;
	prop(&p.connect_props, PROP_SESSION_EXPIRY, 3600);
	peer_open(&p);
	dial(&p);
	is_int(connack(&p, false, 0), FEED_EVENT);
	return p;
}

static inline struct session_stats stats(const struct peer *p)
{
	struct session_stats stats;

	session_stats(p->s, &stats);
	return stats;
}

/* The session fails with this reason, and says so in MQTT 5. */
static inline void is_failure(struct peer *p, enum feed verdict, uint8_t reason)
{
	is_int(verdict, FEED_FAIL);
	is_int(session_failure(p->s).reason, reason, "reason");
	ok(session_failure(p->s).why != NULL);
	if (p->connect->version == MQTT_5)
		is_int(next(p, PACKET_DISCONNECT)->disconnect.reason, reason,
		       "DISCONNECT");
	is_silent(p);
}

#endif
