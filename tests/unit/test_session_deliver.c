/* SPDX-License-Identifier: MIT */
/* Messages from the broker: acknowledgement, repeats, our receive maximum. */
#include "session_peer.h"

static void accept(struct peer *p)
{
	session_acknowledge(p->s, p->event.message.delivery);
}

static void qos0_is_handed_over(void)
{
	struct peer p = peer_up(MQTT_5);

	is_int(arrive(&p, 0, 0, false), FEED_EVENT);
	is_int(p.event.type, EVENT_MESSAGE);
	is_int(p.event.message.delivery, 1);
	is_int(stats(&p).undelivered, 1);
	accept(&p);
	is_int(stats(&p).undelivered, 0);
	is_silent(&p);
	ok(p.s->arrivals == NULL, "costs nothing");
	peer_down(&p);
}

/* 1d 54, D-c v5: never before the application is done with it. */
static void answers_wait_for_the_application(void)
{
	struct peer p = peer_up(MQTT_5);

	is_int(arrive(&p, 1, 10, false), FEED_EVENT);
	is_silent(&p);
	accept(&p);
	is_int(next(&p, PACKET_PUBACK)->ack.pid, 10);
	is_int(arrive(&p, 2, 11, false), FEED_EVENT);
	is_silent(&p);
	ok(!p.store->ops->inbound_has(p.store, 11));
	accept(&p);
	is_int(next(&p, PACKET_PUBREC)->ack.pid, 11);
	ok(p.store->ops->inbound_has(p.store, 11), "noted with PUBREC");
	is_int(ack(&p, PACKET_PUBREL, 11, 0), FEED_NONE);
	ok(!p.store->ops->inbound_has(p.store, 11), "gone before PUBCOMP");
	is_int(next(&p, PACKET_PUBCOMP)->ack.pid, 11);
	peer_down(&p);
}

/* [MQTT-4.6.0-2, -3] */
static void answers_keep_the_order_of_arrival(void)
{
	struct peer p = peer_up(MQTT_5);

	arrive(&p, 1, 3, false);
	arrive(&p, 2, 1, false);
	arrive(&p, 0, 0, false);
	arrive(&p, 1, 2, false);
	arrive(&p, 1, 9, false);
	session_acknowledge(p.s, 4);
	is_int(next(&p, PACKET_PUBACK)->ack.pid, 3);
	is_int(next(&p, PACKET_PUBREC)->ack.pid, 1);
	is_int(next(&p, PACKET_PUBACK)->ack.pid, 2);
	is_silent(&p);
	session_acknowledge(p.s, 2);
	is_silent(&p);
	session_acknowledge(p.s, 1000); /* more than there are */
	is_int(next(&p, PACKET_PUBACK)->ack.pid, 9);
	is_int(stats(&p).undelivered, 0);
	peer_down(&p);
}

static void refused_messages_are_told(void)
{
	struct peer p = peer_up(MQTT_5);

	arrive(&p, 1, 1, false);
	arrive(&p, 2, 2, false);
	arrive(&p, 1, 3, false);
	session_refuse(p.s, 2, REASON_QUOTA);
	is_int(next(&p, PACKET_PUBACK)->ack.reason, 0);
	is_int(next(&p, PACKET_PUBREC)->ack.reason, REASON_QUOTA);
	is_silent(&p);
	/* [MQTT-4.3.3-9]: the id means a new message now. */
	is_int(arrive(&p, 2, 2, false), FEED_EVENT);
	session_refuse(p.s, 3, REASON_PAYLOAD_FORMAT);
	is_int(next(&p, PACKET_PUBACK)->ack.reason, REASON_PAYLOAD_FORMAT);
	peer_down(&p);

	p = peer_up(MQTT_3_1_1);
	arrive(&p, 2, 2, false);
	session_refuse(p.s, 1, REASON_QUOTA);
	next(&p, PACKET_PUBREC);
	ok(p.store->ops->inbound_has(p.store, 2), "3.x can only accept");
	peer_down(&p);
}

/* [MQTT-4.3.3-10], D8 */
static void repeats_of_qos2_are_not_handed_over(void)
{
	struct peer p = peer_up(MQTT_5);

	is_int(arrive(&p, 2, 5, false), FEED_EVENT);
	is_int(arrive(&p, 2, 5, true), FEED_NONE, "not answered yet");
	is_silent(&p);
	accept(&p);
	next(&p, PACKET_PUBREC);
	is_silent(&p);
	is_int(arrive(&p, 2, 5, true), FEED_NONE);
	is_int(next(&p, PACKET_PUBREC)->ack.pid, 5);
	ack(&p, PACKET_PUBREL, 5, 0);
	next(&p, PACKET_PUBCOMP);
	is_int(arrive(&p, 2, 5, false), FEED_EVENT, "[MQTT-4.3.3-12]");
	peer_down(&p);
}

/* [MQTT-4.3.2-5] */
static void qos1_is_never_deduplicated(void)
{
	struct peer p = peer_up(MQTT_5);

	for (int i = 0; i < 3; i++) {
		is_int(arrive(&p, 1, 5, true), FEED_EVENT);
		accept(&p);
		next(&p, PACKET_PUBACK);
	}
	peer_down(&p);
}

/* A repeat is answered in its place [MQTT-4.6.0-3]. */
static void repeats_wait_for_their_turn(void)
{
	struct peer p = peer_up(MQTT_5);

	arrive(&p, 2, 5, false);
	accept(&p);
	next(&p, PACKET_PUBREC);
	arrive(&p, 2, 6, false);
	arrive(&p, 2, 5, true);
	is_silent(&p);
	accept(&p);
	is_int(next(&p, PACKET_PUBREC)->ack.pid, 6);
	is_int(next(&p, PACKET_PUBREC)->ack.pid, 5);
	peer_down(&p);
}

/* 5.2 */
static void unknown_pubrel(void)
{
	struct peer p = peer_up(MQTT_5);
	struct packet *comp;

	is_int(ack(&p, PACKET_PUBREL, 77, 0), FEED_NONE);
	comp = next(&p, PACKET_PUBCOMP);
	is_int(comp->ack.pid, 77);
	is_int(comp->ack.reason, REASON_PID_NOT_FOUND);
	arrive(&p, 2, 5, false);
	is_int(ack(&p, PACKET_PUBREL, 5, 0), FEED_NONE, "too early");
	is_int(next(&p, PACKET_PUBCOMP)->ack.reason, REASON_PID_NOT_FOUND);
	accept(&p);
	is_int(next(&p, PACKET_PUBREC)->ack.pid, 5);
	peer_down(&p);
}

static void qos2_across_connections(void)
{
	struct peer p = peer_up_persistent(MQTT_5);

	/* Handed over, then the connection goes. */
	arrive(&p, 2, 5, false);
	arrive(&p, 2, 6, false);
	arrive(&p, 1, 7, false);
	session_lost(p.s);
	session_acknowledge(p.s, 1);
	ok(p.store->ops->inbound_has(p.store, 5), "remembered all the same");
	reconnect(&p, true);
	is_silent(&p); /* answers belong to the connection */
	is_int(arrive(&p, 2, 5, true), FEED_NONE, "done already");
	is_int(next(&p, PACKET_PUBREC)->ack.pid, 5);
	is_int(arrive(&p, 2, 6, true), FEED_NONE, "being worked on");
	is_int(arrive(&p, 1, 7, true), FEED_EVENT, "QoS 1 may come twice");
	is_silent(&p);
	session_acknowledge(p.s, 2);
	is_int(next(&p, PACKET_PUBREC)->ack.pid, 6);
	session_acknowledge(p.s, 4);
	is_int(next(&p, PACKET_PUBACK)->ack.pid, 7);
	ack(&p, PACKET_PUBREL, 5, 0);
	is_int(next(&p, PACKET_PUBCOMP)->ack.reason, 0);
	peer_down(&p);
}

static void a_lost_session_forgets_what_was_handed_over(void)
{
	struct peer p = peer_up_persistent(MQTT_5);

	arrive(&p, 2, 5, false);
	session_lost(p.s);
	reconnect(&p, false);
	is_int(arrive(&p, 2, 5, false), FEED_EVENT, "another message");
	session_acknowledge(p.s, 1);
	is_silent(&p);
	ok(!p.store->ops->inbound_has(p.store, 5));
	session_acknowledge(p.s, 2);
	is_int(next(&p, PACKET_PUBREC)->ack.pid, 5);
	peer_down(&p);
}

static void refusing_what_came_on_another_connection(void)
{
	struct peer p = peer_up_persistent(MQTT_5);

	arrive(&p, 2, 5, false);
	session_lost(p.s);
	session_refuse(p.s, 1, REASON_QUOTA);
	reconnect(&p, true);
	is_silent(&p);
	is_int(arrive(&p, 2, 5, true), FEED_EVENT, "offered again");
	peer_down(&p);
}

static struct peer peer_with_receive_max(uint32_t max)
{
	struct peer p;

	peer_init(&p, MQTT_5);
	p.connect->clean_start = false;
	prop(&p.connect_props, PROP_RECEIVE_MAX, max);
	peer_open(&p);
	reconnect(&p, false);
	return p;
}

/* 5.3 and 5.0 section 3.3.4 */
static void our_receive_maximum_is_enforced(void)
{
	struct peer p = peer_with_receive_max(2);

	arrive(&p, 1, 1, false);
	arrive(&p, 2, 2, false);
	is_int(arrive(&p, 0, 0, false), FEED_EVENT, "QoS 0 is free");
	is_int(arrive(&p, 2, 2, true), FEED_NONE, "a repeat is, too");
	is_failure(&p, arrive(&p, 1, 3, false), REASON_RECEIVE_MAX);
	peer_down(&p);
}

static void slots_are_free_after_the_last_answer(void)
{
	struct peer p = peer_with_receive_max(1);

	for (uint16_t i = 1; i <= 10; i++) {
		is_int(arrive(&p, 1, i, false), FEED_EVENT);
		accept(&p);
	}
	for (uint16_t i = 1; i <= 10; i++) {
		is_int(arrive(&p, 2, i, false), FEED_EVENT);
		accept(&p);
		is_int(ack(&p, PACKET_PUBREL, i, 0), FEED_NONE);
	}
	for (uint16_t i = 1; i <= 10; i++) {
		is_int(arrive(&p, 2, i, false), FEED_EVENT);
		session_refuse(p.s, p.event.message.delivery, REASON_QUOTA);
	}
	is_int(arrive(&p, 2, 50, false), FEED_EVENT);
	accept(&p);
	flush(&p);
	buf_clear(&p.wire);
	p.eaten = 0;
	is_failure(&p, arrive(&p, 1, 51, false), REASON_RECEIVE_MAX);
	peer_down(&p);
}

static void each_connection_starts_with_a_free_window(void)
{
	struct peer p = peer_with_receive_max(2);

	arrive(&p, 2, 1, false);
	arrive(&p, 2, 2, false);
	session_acknowledge(p.s, 1);
	session_lost(p.s);
	reconnect(&p, true);
	is_int(arrive(&p, 2, 2, true), FEED_NONE);
	is_int(arrive(&p, 2, 3, false), FEED_EVENT);
	is_int(ack(&p, PACKET_PUBREL, 1, 0), FEED_NONE, "of the other one");
	session_acknowledge(p.s, 3);
	ok(session_is_online(p.s));
	peer_down(&p);
}

/* 5.0 section 4.9: a PUBREL that is sent again took no slot here, but its
 * PUBCOMP gives one, also when it says that there is no such id. */
static void pubcomps_for_an_earlier_connection_give_slots(void)
{
	struct peer p = peer_with_receive_max(2);

	arrive(&p, 2, 1, false);
	accept(&p);
	session_lost(p.s);
	reconnect(&p, true);
	is_int(ack(&p, PACKET_PUBREL, 1, 0), FEED_NONE);
	is_int(ack(&p, PACKET_PUBREL, 9, 0), FEED_NONE);
	for (uint16_t i = 2; i <= 5; i++)
		is_int(arrive(&p, 2, i, false), FEED_EVENT);
	flush(&p);
	buf_clear(&p.wire);
	p.eaten = 0;
	is_failure(&p, arrive(&p, 2, 6, false), REASON_RECEIVE_MAX);
	peer_down(&p);
}

/* Queues of a flood stay bounded: answers that nobody reads end it. */
static void a_peer_that_does_not_read_is_left(void)
{
	struct peer p = peer_up(MQTT_5);
	struct ack rec = { .pid = 9 };
	enum feed verdict = FEED_NONE;
	struct buf b = { 0 };
	int n = 0;

	ok(encode_ack(&b, MQTT_5, PACKET_PUBREC, &rec) == 0);
	while (verdict == FEED_NONE && n++ < 1000000)
		verdict = feed_bytes(&p, buf_view(&b));
	is_int(verdict, FEED_FAIL);
	is_int(session_failure(p.s).reason, REASON_QUOTA);
	ok(session_output_len(p.s) < 2 * 1024 * 1024);
	buf_release(&b);
	peer_down(&p);
}

/* [MQTT-4.5.0-2]: what we get is acknowledged, wanted or not, also before
 * anybody subscribed. */
static void messages_before_any_subscription(void)
{
	struct peer p;

	peer_init(&p, MQTT_5);
	p.connect->clean_start = false;
	peer_open(&p);
	dial(&p);
	is_int(connack(&p, true, 0), FEED_EVENT);
	is_int(arrive(&p, 1, 1, true), FEED_EVENT);
	accept(&p);
	next(&p, PACKET_PUBACK);
	peer_down(&p);
}

TEST_MAIN(T(qos0_is_handed_over),
	  { "7.3 answers wait for the application",
	    answers_wait_for_the_application },
	  { "5.6 answers in order of arrival [MQTT-4.6.0-2, -3]",
	    answers_keep_the_order_of_arrival },
	  T(refused_messages_are_told),
	  { "5.6, D8 QoS 2 repeats are not handed over [MQTT-4.3.3-10]",
	    repeats_of_qos2_are_not_handed_over },
	  { "5.6 QoS 1 is never deduplicated [MQTT-4.3.2-5]",
	    qos1_is_never_deduplicated },
	  T(repeats_wait_for_their_turn),
	  { "5.2 PUBREL of an unknown id gets 0x92", unknown_pubrel },
	  T(qos2_across_connections),
	  T(a_lost_session_forgets_what_was_handed_over),
	  T(refusing_what_came_on_another_connection),
	  { "4.9 PUBCOMPs for an earlier connection give slots",
	    pubcomps_for_an_earlier_connection_give_slots },
	  { "5.3 excess over our receive maximum: 0x93",
	    our_receive_maximum_is_enforced },
	  { "5.3 inbound slots are free after PUBACK, PUBCOMP, bad PUBREC",
	    slots_are_free_after_the_last_answer },
	  T(each_connection_starts_with_a_free_window),
	  T(a_peer_that_does_not_read_is_left),
	  { "5.6 whatever arrives is acknowledged [MQTT-4.5.0-2]",
	    messages_before_any_subscription })
