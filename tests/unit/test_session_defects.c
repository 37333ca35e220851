/* SPDX-License-Identifier: MIT */
/* Defects of other clients (section 3.1 of the design) that have no place in
 * the other tests: windows of one, more messages than there are ids, what
 * "all is confirmed" means. */
#include "session_check.h"
#include "session_peer.h"

/* D6: nothing spins or waits for ever because a window is small. */
static void a_window_of_one(void)
{
	for (uint8_t qos = 1; qos <= 2; qos++) {
		struct peer p;

		peer_init(&p, MQTT_5);
		p.config.inflight = 1;
		peer_open(&p);
		reconnect(&p, false);
		for (int i = 0; i < 50; i++)
			publish(&p, qos, "m");
		for (int i = 0; i < 50; i++) {
			uint16_t pid = next(&p, PACKET_PUBLISH)->publish.pid;

			is_silent(&p);
			if (qos == 2) {
				ack(&p, PACKET_PUBREC, pid, 0);
				pump(&p);
				next(&p, PACKET_PUBREL);
				is_silent(&p);
				ack(&p, PACKET_PUBCOMP, pid, 0);
			} else {
				ack(&p, PACKET_PUBACK, pid, 0);
			}
			pump(&p);
		}
		ok(session_is_idle(p.s));
		peer_down(&p);
	}
}

/* D14 and 08-reliability 1.2: messages are counted, not ids. */
static void the_last_answer_is_not_all_answers(void)
{
	struct peer p = peer_up(MQTT_3_1_1);
	uint16_t pid[10];

	for (int i = 0; i < 10; i++) {
		publish(&p, 1, "m");
		pid[i] = next(&p, PACKET_PUBLISH)->publish.pid;
	}
	for (int i = 9; i >= 0; i--) {
		ok(!session_is_idle(p.s), "%d are missing", i + 1);
		is_int(stats(&p).awaiting_ack, i + 1);
		ack(&p, PACKET_PUBACK, pid[i], 0);
	}
	ok(session_is_idle(p.s));
	peer_down(&p);
}

static void more_messages_than_ids(void)
{
	enum { ALL = 150000 };
	struct peer p = peer_up(MQTT_3_1_1);
	struct publish packet = { .topic = BYTES_LIT("t"), .qos = 1 };
	uint64_t seq, expected = 0;
	int done = 0;

	for (int i = 0; i < ALL; i++)
		if (session_publish(p.s, &packet, (uint64_t)i, p.now, &seq))
			ok(false, "message %d", i);
	pump(&p);
	is_int(stats(&p).awaiting_ack, 65535, "all ids are in use");
	is_int(stats(&p).queued, ALL - 65535);
	is_str(session_fault(p.s), NULL);
	while (peek(&p)) {
		if (ack(&p, PACKET_PUBACK, p.result.packet.publish.pid, 0) !=
		    FEED_EVENT)
			ok(false, "answer %d", done);
		if (p.event.published.tag != expected++)
			ok(false, "answer %d is for another", done);
		done++;
		pump(&p);
	}
	is_int(done, ALL);
	ok(session_is_idle(p.s));
	is_int(p.store->count, 0);
	peer_down(&p);
}

/* 08-reliability 3.24: ids wrap, and stay apart from those still open. */
static void ids_wrap_around_an_open_one(void)
{
	struct peer p = peer_up(MQTT_5);
	uint16_t open;

	publish(&p, 1, "open");
	open = next(&p, PACKET_PUBLISH)->publish.pid;
	for (int i = 0; i < 140000; i++) {
		uint16_t pid;

		publish(&p, 2, "m");
		pid = next(&p, PACKET_PUBLISH)->publish.pid;
		ack(&p, PACKET_PUBREC, pid, 0);
		next(&p, PACKET_PUBREL);
		if (pid == open ||
		    ack(&p, PACKET_PUBCOMP, pid, 0) != FEED_EVENT)
			ok(false, "message %d has id %d", i, pid);
	}
	is_int(stats(&p).awaiting_ack, 1);
	is_int(ack(&p, PACKET_PUBACK, open, 0), FEED_EVENT);
	peer_down(&p);
}

/* 08-reliability 3.7: an answer of another type completes nothing. */
static void a_suback_does_not_complete_a_publish(void)
{
	struct peer p = peer_up(MQTT_5);

	publish(&p, 1, "m");
	is_int(suback(&p, PACKET_SUBACK, next(&p, PACKET_PUBLISH)->publish.pid,
		      BYTES_LIT("\0")),
	       FEED_FAIL);
	is_int(p.store->count, 1);
	peer_down(&p);
}

/* golang#731 and others: old, then waiting, then new. */
static void order_survives_reconnects(void)
{
	struct peer p = peer_up_persistent(MQTT_5);
	char topic[] = "m00";

	p.s->quota = 5;
	for (int i = 0; i < 30; i++) {
		topic[1] = (char)('0' + i / 10);
		topic[2] = (char)('0' + i % 10);
		publish(&p, 1, topic);
		if (i % 10 != 9)
			continue;
		flush(&p);
		session_lost(p.s);
		reconnect(&p, true);
		p.s->quota = 5;
	}
	for (int i = 0; i < 30; i++) {
		topic[1] = (char)('0' + i / 10);
		topic[2] = (char)('0' + i % 10);
		ack(&p, PACKET_PUBACK, next_publish(&p, topic)->pid, 0);
		pump(&p);
	}
	ok(session_is_idle(p.s));
	peer_down(&p);
}

TEST_MAIN({ "D6 a window of one", a_window_of_one },
	  { "D14 the last answer is not all answers",
	    the_last_answer_is_not_all_answers },
	  { "D14 more messages than ids", more_messages_than_ids },
	  { "08-3.24 ids wrap around an open one",
	    ids_wrap_around_an_open_one },
	  { "08-3.7 an answer of another type completes nothing",
	    a_suback_does_not_complete_a_publish },
	  { "D17 order survives reconnects", order_survives_reconnects })
