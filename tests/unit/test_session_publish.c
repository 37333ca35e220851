/* SPDX-License-Identifier: MIT */
/* Messages to the broker: the three qualities of service, order, limits. */
#include "session_peer.h"

static void qos0_goes_straight_out(void)
{
	struct peer p = peer_up(MQTT_5);
	struct packet *sent;

	is_int(publish(&p, 0, "a"), 0, "no seq");
	sent = next(&p, PACKET_PUBLISH);
	is_bytes(sent->publish.topic, BYTES_LIT("a"));
	is_int(sent->publish.pid, 0);
	ok(session_is_idle(p.s));
	peer_down(&p);
}

static void qos1_completes_with_puback(void)
{
	struct peer p = peer_up(MQTT_3_1_1);
	uint64_t seq = publish(&p, 1, "a");
	struct packet *sent = next(&p, PACKET_PUBLISH);

	is_int(sent->publish.qos, 1);
	ok(!sent->publish.dup);
	is_int(stats(&p).awaiting_ack, 1);
	ok(!session_is_idle(p.s));
	is_int(ack(&p, PACKET_PUBACK, sent->publish.pid, 0), FEED_EVENT);
	is_int(p.event.type, EVENT_PUBLISHED);
	is_int(p.event.published.seq, seq);
	is_int(p.event.published.tag, 7);
	is_int(p.event.published.qos, 1);
	is_int(p.event.published.reason, 0);
	ok(session_is_idle(p.s));
	is_int(p.store->count, 0);
	peer_down(&p);
}

static void qos2_takes_four_packets(void)
{
	struct peer p = peer_up(MQTT_5);
	uint64_t seq = publish(&p, 2, "a");
	uint16_t pid = next(&p, PACKET_PUBLISH)->publish.pid;

	is_int(ack(&p, PACKET_PUBREC, pid, 0), FEED_NONE);
	is_int(stats(&p).awaiting_ack, 0);
	is_int(stats(&p).awaiting_comp, 1);
	is_int(next(&p, PACKET_PUBREL)->ack.pid, pid);
	is_int(ack(&p, PACKET_PUBCOMP, pid, 0), FEED_EVENT);
	is_int(p.event.type, EVENT_PUBLISHED);
	is_int(p.event.published.seq, seq);
	is_int(p.event.published.qos, 2);
	ok(session_is_idle(p.s));
	peer_down(&p);
}

TEST_MAIN(T(qos0_goes_straight_out), T(qos1_completes_with_puback),
	  T(qos2_takes_four_packets))
