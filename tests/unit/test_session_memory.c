/* SPDX-License-Identifier: MIT */
/* How little a session takes, and what it does when there is nothing left. */
#include "alloc.h"
#include "session_check.h"
#include "session_peer.h"

static void a_session_is_small(void)
{
	ok(sizeof(struct session) <= 464, "%zu bytes", sizeof(struct session));
	ok(sizeof(struct message) <= 112, "%zu", sizeof(struct message));
}

/* A subscriber that waits for messages: the struct and nothing else. */
static void an_idle_session_is_the_struct_only(void)
{
	struct peer p = peer_up(MQTT_5);
	struct subscription f = { .filter = BYTES_LIT("f") };
	struct subscribe sub = { .filters = &f, .count = 1 };
	uint16_t pid;

	session_subscribe(p.s, &sub, &pid);
	next(&p, PACKET_SUBSCRIBE);
	suback(&p, PACKET_SUBACK, pid, BYTES_LIT("\0"));
	ok(!p.s->ids.slots && !p.s->arrivals && !p.s->dropped);
	ok(!p.s->alias_in && !p.s->alias_out);
	ok(!p.s->lanes.control.data && !p.s->lanes.publish.data);
	peer_down(&p);
}

static void give_up_on_new(void)
{
	struct peer p;

	peer_init(&p, MQTT_5);
	peer_open(&p);
	publish(&p, 1, "a");
	reconnect(&p, false);
	session_free(p.s);
	for (size_t n = 0; n < 2; n++) {
		alloc_fail_after(n);
		ok(session_new(p.store, &p.config) == NULL, "after %zu", n);
		alloc_heal();
	}
	session_free(NULL);
	peer_open(&p);
	is_int(stats(&p).awaiting_ack, 1);
	peer_down(&p);
}

/* The state that the steps below start from: something of everything. */
static struct peer peer_busy(void)
{
	struct peer p;

	peer_init(&p, MQTT_5);
	p.config.aliases_out = 5;
	p.connect->clean_start = false;
	prop(&p.connect_props, PROP_TOPIC_ALIAS_MAX, 5);
	prop(&p.connack_props, PROP_TOPIC_ALIAS_MAX, 5);
	peer_open(&p);
	reconnect(&p, false);
	publish(&p, 1, "topic");
	publish(&p, 2, "topic");
	publish(&p, 2, "topic");
	ack(&p, PACKET_PUBREC, 3, 0);
	flush(&p);
	arrive(&p, 2, 1, false);
	session_acknowledge(p.s, 1);
	flush(&p);
	session_trim(p.s);
	return p;
}

/* Steps: each gets bytes that were made before memory became short. */
static void do_feed(struct peer *p, struct bytes in)
{
	feed_bytes(p, in);
}

static void do_publish0(struct peer *p, struct bytes in)
{
	struct publish packet = { .topic = BYTES_LIT("other"), .payload = in };
	uint64_t seq;

	session_publish(p->s, &packet, 0, p->now, &seq);
}

static void do_publish1(struct peer *p, struct bytes in)
{
	struct publish packet = { .topic = BYTES_LIT("other"),
				  .qos = 1,
				  .payload = in };
	uint64_t seq;

	session_publish(p->s, &packet, 0, p->now, &seq);
	session_pump(p->s, p->now, ROOM);
}

static void do_requests(struct peer *p, struct bytes in)
{
	struct subscription f = { .filter = BYTES_LIT("f") };
	struct subscribe sub = { .filters = &f, .count = 1, .props = in };
	uint16_t pid;

	session_subscribe(p->s, &sub, &pid);
	session_unsubscribe(p->s, &sub, &pid);
	session_ping(p->s, p->now);
}

static void do_accept(struct peer *p, struct bytes in)
{
	feed_bytes(p, in);
	session_acknowledge(p->s, 2);
	session_refuse(p->s, 3, REASON_QUOTA);
}

static void do_disconnect(struct peer *p, struct bytes in)
{
	struct disconnect bye = { .reason = 0, .props = in };

	session_disconnect(p->s, &bye);
}

static void do_connect(struct peer *p, struct bytes in)
{
	session_lost(p->s);
	if (session_connect(p->s, p->connect, p->now) == 0)
		feed_bytes(p, in);
	session_pump(p->s, p->now, ROOM);
}

static void make_publish(struct peer *p, struct buf *b)
{
	struct publish packet = {
		.topic = BYTES_LIT("in"), .alias = 3, .qos = 2, .pid = 9
	};

	(void)p;
	ok(encode_publish(b, MQTT_5, &packet) == 0);
}

static void make_pubrec(struct peer *p, struct buf *b)
{
	struct ack packet = { .pid = 2 };

	(void)p;
	ok(encode_ack(b, MQTT_5, PACKET_PUBREC, &packet) == 0);
}

static void make_garbage(struct peer *p, struct buf *b)
{
	(void)p;
	ok(buf_append(b, BYTES_LIT("\xff\xff")) == 0);
}

static void make_payload(struct peer *p, struct buf *b)
{
	uint8_t *to = buf_reserve(b, 100000);

	(void)p;
	if (!ok(to != NULL))
		return;
	memset(to, 0, 100000);
	buf_commit(b, 100000);
}

static void make_nothing(struct peer *p, struct buf *b)
{
	(void)p;
	(void)b;
}

static void make_present(struct peer *p, struct buf *b)
{
	struct connack packet = { .session_present = true,
				  .props = buf_view(&p->connack_props) };

	ok(encode_connack(b, MQTT_5, &packet) == 0);
}

static void make_absent(struct peer *p, struct buf *b)
{
	struct connack packet = { .props = buf_view(&p->connack_props) };

	ok(encode_connack(b, MQTT_5, &packet) == 0);
}

static const struct {
	void (*make)(struct peer *p, struct buf *b);
	void (*run)(struct peer *p, struct bytes in);
	size_t most; /* allocations that it may take */
} steps[] = {
	{ make_publish, do_feed, 6 },     { make_pubrec, do_feed, 2 },
	{ make_garbage, do_feed, 2 },     { make_nothing, do_publish0, 5 },
	{ make_payload, do_publish0, 5 }, { make_nothing, do_publish1, 7 },
	{ make_payload, do_publish1, 7 }, { make_nothing, do_requests, 3 },
	{ make_publish, do_accept, 8 },   { make_nothing, do_disconnect, 2 },
	{ make_present, do_connect, 9 },  { make_absent, do_connect, 9 },
};

/* All that was accepted is delivered in the end, by a healthy connection. */
static void finish(struct peer *p)
{
	bool was_connecting = p->s->phase == PHASE_CONNECTING;
	struct event_published dropped;
	size_t done = 0, all = p->store->count;

	session_lost(p->s);
	is_str(session_fault(p->s), NULL);
	reconnect(p, !was_connecting);
	while (session_next_dropped(p->s, &dropped))
		;
	while (peek(p)) {
		const struct packet *packet = &p->result.packet;

		if (packet->type == PACKET_PUBLISH && packet->publish.qos == 1)
			done += ack(p, PACKET_PUBACK, packet->publish.pid, 0) ==
				FEED_EVENT;
		else if (packet->type == PACKET_PUBLISH)
			ack(p, PACKET_PUBREC, packet->publish.pid, 0);
		else if (packet->type == PACKET_PUBREL)
			done += ack(p, PACKET_PUBCOMP, packet->ack.pid, 0) ==
				FEED_EVENT;
		pump(p);
	}
	is_int(done, all);
	ok(session_is_idle(p->s));
}

static void every_allocation_may_fail(void)
{
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		for (size_t n = 0; n <= steps[i].most; n++) {
			struct peer p = peer_busy();
			struct buf in = { 0 };

			steps[i].make(&p, &in);
			alloc_fail_after(n);
			steps[i].run(&p, buf_view(&in));
			alloc_heal();
			is_str(session_fault(p.s), NULL, "step %zu, %zu", i, n);
			finish(&p);
			buf_release(&in);
			peer_down(&p);
		}
	}
}

/* Sessions that fail for want of memory say so. */
static void want_of_memory_is_told(void)
{
	struct peer p = peer_up(MQTT_5);

	arrive(&p, 1, 5, false);
	lanes_trim(&p.s->lanes);
	alloc_fail_after(0);
	session_acknowledge(p.s, 1);
	alloc_heal();
	is_int(session_tick(p.s, p.now), TICK_FAILED);
	is_str(session_failure(p.s).why, "out of memory");
	peer_down(&p);
}

TEST_MAIN(T(a_session_is_small), T(an_idle_session_is_the_struct_only),
	  T(give_up_on_new), T(every_allocation_may_fail),
	  T(want_of_memory_is_told))
