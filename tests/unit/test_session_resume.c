/* SPDX-License-Identifier: MIT */
/* What happens to the session when connections come and go: section 5.2 and
 * 5.3 of the obligations, and messages of an earlier run. */
#include "session_peer.h"

/* Publishes n messages a0, a1, ... */
static void publish_many(struct peer *p, uint8_t qos, int n)
{
	static const char *const names[] = { "a0", "a1", "a2", "a3", "a4",
					     "a5", "a6", "a7", "a8", "a9" };

	for (int i = 0; i < n; i++)
		publish(p, qos, names[i]);
}

static void lose(struct peer *p)
{
	flush(p);
	session_lost(p->s);
	session_lost(p->s); /* idempotent */
	p->now += CLOCK_SEC;
}

static struct event_connack resume(struct peer *p, bool present)
{
	struct event_connack event;

	dial(p);
	is_int(connack(p, present, 0), FEED_EVENT);
	event = p->event.connack;
	pump(p);
	return event;
}

static void publishes_are_sent_again_in_order(void)
{
	struct peer p = peer_up_persistent(MQTT_5);
	char topic[] = "a0";
	uint16_t pid[5];

	publish_many(&p, 1, 5);
	for (int i = 0; i < 5; i++)
		pid[i] = next(&p, PACKET_PUBLISH)->publish.pid;
	ack(&p, PACKET_PUBACK, pid[1], 0);
	lose(&p);
	publish(&p, 1, "new");
	is_int(resume(&p, true).resent, 4);
	for (int i = 0; i < 5; i++) {
		const struct publish *sent;

		if (i == 1)
			continue;
		topic[1] = (char)('0' + i);
		sent = next_publish(&p, topic);
		is_int(sent->pid, pid[i], "the original id");
		ok(sent->dup, "[MQTT-3.3.1-1]");
	}
	ok(!next_publish(&p, "new")->dup, "new ones come last");
	is_int(ack(&p, PACKET_PUBACK, pid[0], 0), FEED_EVENT);
	peer_down(&p);
}

static void released_messages_are_only_released_again(void)
{
	struct peer p = peer_up_persistent(MQTT_5);
	uint16_t pid[4];

	publish_many(&p, 2, 4);
	for (int i = 0; i < 4; i++)
		pid[i] = next(&p, PACKET_PUBLISH)->publish.pid;
	ack(&p, PACKET_PUBREC, pid[3], 0);
	ack(&p, PACKET_PUBREC, pid[1], 0);
	lose(&p);
	is_int(resume(&p, true).resent, 4);
	is_int(next(&p, PACKET_PUBREL)->ack.pid, pid[3]);
	is_int(next(&p, PACKET_PUBREL)->ack.pid, pid[1]);
	is_int(next_publish(&p, "a0")->pid, pid[0]);
	is_int(next_publish(&p, "a2")->pid, pid[2]);
	is_silent(&p);
	is_int(ack(&p, PACKET_PUBCOMP, pid[1], 0), FEED_EVENT);
	peer_down(&p);
}

/* [MQTT-4.4.0-1] */
static void nothing_is_sent_again_at_other_times(void)
{
	struct peer p = peer_up_persistent(MQTT_5);

	publish_many(&p, 1, 3);
	for (int i = 0; i < 3; i++)
		next(&p, PACKET_PUBLISH);
	for (int i = 0; i < 100; i++) {
		p.now += 10 * CLOCK_SEC;
		session_heard(p.s, p.now);
		session_tick(p.s, p.now);
		pump(&p);
	}
	while (peek(&p))
		is_int(p.result.packet.type, PACKET_PINGREQ);
	peer_down(&p);
}

static void resending_respects_the_new_window(void)
{
	struct peer p = peer_up_persistent(MQTT_5);
	uint16_t pid[5];

	publish_many(&p, 2, 5);
	for (int i = 0; i < 5; i++)
		pid[i] = next(&p, PACKET_PUBLISH)->publish.pid;
	lose(&p);
	prop(&p.connack_props, PROP_RECEIVE_MAX, 2);
	resume(&p, true);
	next_publish(&p, "a0");
	next_publish(&p, "a1");
	is_silent(&p);
	ack(&p, PACKET_PUBREC, pid[0], 0);
	pump(&p);
	next(&p, PACKET_PUBREL);
	is_silent(&p); /* a good PUBREC frees nothing [MQTT-3.3.4-7] */
	ack(&p, PACKET_PUBCOMP, pid[0], 0);
	pump(&p);
	next_publish(&p, "a2");
	is_silent(&p);
	ack(&p, PACKET_PUBREC, pid[1], 0x80);
	pump(&p);
	ok(next_publish(&p, "a3")->dup, "still a resent one");
	is_silent(&p);
	peer_down(&p);
}

/* 5.3: a PUBCOMP for a PUBREL sent again must not overfill the window. */
static void old_releases_free_no_slot(void)
{
	struct peer p = peer_up_persistent(MQTT_5);
	uint16_t pid[3];

	publish_many(&p, 2, 3);
	for (int i = 0; i < 3; i++) {
		pid[i] = next(&p, PACKET_PUBLISH)->publish.pid;
		ack(&p, PACKET_PUBREC, pid[i], 0);
	}
	lose(&p);
	prop(&p.connack_props, PROP_RECEIVE_MAX, 2);
	resume(&p, true);
	for (int i = 0; i < 4; i++)
		publish(&p, 1, "new");
	for (int i = 0; i < 3; i++)
		next(&p, PACKET_PUBREL);
	next_publish(&p, "new");
	next_publish(&p, "new");
	for (int i = 0; i < 3; i++)
		is_int(ack(&p, PACKET_PUBCOMP, pid[i], 0), FEED_EVENT);
	pump(&p);
	is_silent(&p);
	is_int(p.s->in_window, 2);
	peer_down(&p);
}

/* An answer may come for a message that is still to be sent again. */
static void answers_overtake_resending(void)
{
	struct peer p = peer_up_persistent(MQTT_5);
	uint16_t pid[4];

	publish_many(&p, 2, 4);
	for (int i = 0; i < 4; i++)
		pid[i] = next(&p, PACKET_PUBLISH)->publish.pid;
	lose(&p);
	prop(&p.connack_props, PROP_RECEIVE_MAX, 1);
	resume(&p, true);
	next_publish(&p, "a0");
	is_int(ack(&p, PACKET_PUBREC, pid[1], 0x80), FEED_EVENT);
	is_int(ack(&p, PACKET_PUBREC, pid[2], 0), FEED_NONE);
	next(&p, PACKET_PUBREL);
	is_int(p.s->in_window, 1);
	is_int(ack(&p, PACKET_PUBREC, pid[0], 0x80), FEED_EVENT);
	pump(&p);
	next_publish(&p, "a3");
	is_int(ack(&p, PACKET_PUBCOMP, pid[2], 0), FEED_EVENT);
	is_int(p.s->in_window, 1);
	peer_down(&p);
}

static void a_lost_session_publishes_anew(void)
{
	struct peer p = peer_up_persistent(MQTT_5);
	struct event_published done;
	struct event_connack event;
	uint16_t pid[3];
	uint64_t seq[3];

	for (int i = 0; i < 3; i++) {
		seq[i] = publish(&p, 2, "m");
		pid[i] = next(&p, PACKET_PUBLISH)->publish.pid;
	}
	ack(&p, PACKET_PUBREC, pid[1], 0);
	lose(&p);
	event = resume(&p, false);
	is_int(event.completed, 1);
	is_int(event.republished, 2);
	is_int(event.resent + event.held, 0);
	ok(!session_is_idle(p.s));
	ok(session_next_dropped(p.s, &done));
	is_int(done.seq, seq[1], "the broker had taken it over");
	is_int(done.reason, 0);
	ok(!done.expired && !session_next_dropped(p.s, &done));
	for (int i = 0; i < 2; i++) {
		struct packet *sent = next(&p, PACKET_PUBLISH);

		ok(!sent->publish.dup, "a new message for a new session");
		ok(sent->publish.pid > 3, "with a new id");
	}
	is_silent(&p);
	ok(p.store->head->was_sent);
	/* Nobody fetches the next one: no leak. */
	ack(&p, PACKET_PUBREC, p.store->head->pid, 0);
	lose(&p);
	is_int(resume(&p, false).completed, 1);
	peer_down(&p);
}

static void unknown_fates_can_be_held(void)
{
	struct event_connack event;
	struct session_stats now;
	struct peer p;

	peer_init(&p, MQTT_5);
	p.config.on_loss = SESSION_LOSS_HOLD;
	peer_open(&p);
	reconnect(&p, false);
	publish(&p, 2, "two");
	publish(&p, 1, "one");
	lose(&p);
	event = resume(&p, false);
	is_int(event.held, 1);
	is_int(event.republished, 1);
	next_publish(&p, "one");
	is_silent(&p);
	ack(&p, PACKET_PUBACK, p.store->tail->pid, 0);
	now = stats(&p);
	is_int(now.held, 1);
	is_int(now.queued + now.awaiting_ack + now.awaiting_comp, 0);
	ok(session_is_idle(p.s), "held ones do not count");
	/* It stays so in another run. */
	session_free(p.s);
	peer_open(&p);
	is_int(stats(&p).held, 1);
	reconnect(&p, false);
	is_silent(&p);
	/* Until somebody decides otherwise. */
	session_free(p.s);
	p.config.on_loss = SESSION_LOSS_REPUBLISH;
	peer_open(&p);
	is_int(stats(&p).queued, 1);
	reconnect(&p, false);
	next_publish(&p, "two");
	peer_down(&p);
}

/* [MQTT-3.2.2-4] */
static void a_clean_start_has_no_session(void)
{
	struct peer p;

	peer_init(&p, MQTT_5);
	peer_open(&p);
	dial(&p);
	is_failure(&p, connack(&p, true, 0), REASON_PROTOCOL_ERROR);
	peer_down(&p);

	/* Without one of our own, another's session is welcome. */
	peer_init(&p, MQTT_5);
	p.connect->clean_start = false;
	peer_open(&p);
	dial(&p);
	is_int(connack(&p, true, 0), FEED_EVENT);
	ok(p.event.connack.packet.session_present);
	ok(session_is_online(p.s));
	peer_down(&p);
}

/* There is no flag in 3.1: a session is assumed where we left one. */
static void version_3_1_has_no_flag(void)
{
	struct peer p;

	peer_init(&p, MQTT_3_1);
	p.connect->clean_start = false;
	peer_open(&p);
	dial(&p);
	connack(&p, false, 0);
	ok(p.event.connack.packet.session_present);
	publish(&p, 1, "a");
	next_publish(&p, "a");
	lose(&p);
	is_int(resume(&p, false).resent, 1);
	ok(next_publish(&p, "a")->dup);
	lose(&p);
	p.connect->clean_start = true;
	is_int(resume(&p, false).republished, 1);
	ok(!next_publish(&p, "a")->dup);
	peer_down(&p);
}

/* 5.2, D9: inbound ids too, or new messages are taken for repeats. */
static void a_lost_session_forgets_inbound_ids(void)
{
	struct peer p = peer_up_persistent(MQTT_5);

	is_int(arrive(&p, 2, 5, false), FEED_EVENT);
	session_acknowledge(p.s, p.event.message.delivery);
	next(&p, PACKET_PUBREC);
	lose(&p);
	resume(&p, true);
	is_int(arrive(&p, 2, 5, true), FEED_NONE, "still known");
	next(&p, PACKET_PUBREC);
	lose(&p);
	resume(&p, false);
	is_int(arrive(&p, 2, 5, false), FEED_EVENT, "a new message");
	peer_down(&p);
}

static void requests_die_with_the_connection(void)
{
	struct peer p = peer_up_persistent(MQTT_5);
	struct subscription f = { .filter = BYTES_LIT("f") };
	struct subscribe sub = { .filters = &f, .count = 1 };
	uint16_t pid;

	is_int(session_subscribe(p.s, &sub, &pid), SUBMIT_OK);
	lose(&p);
	resume(&p, true);
	is_silent(&p);
	is_int(p.s->ids.used, 0);
	is_int(suback(&p, PACKET_SUBACK, pid, BYTES_LIT("\0")), FEED_NONE);
	peer_down(&p);
}

/* What the store kept from an earlier run. */
static void another_run_goes_on(void)
{
	struct peer p = peer_up_persistent(MQTT_5);
	uint16_t pid[4];

	publish_many(&p, 2, 4);
	for (int i = 0; i < 4; i++)
		pid[i] = next(&p, PACKET_PUBLISH)->publish.pid;
	ack(&p, PACKET_PUBREC, pid[2], 0);
	ack(&p, PACKET_PUBREC, pid[0], 0);
	publish(&p, 1, "queued");
	session_free(p.s);
	peer_open(&p);
	is_int(stats(&p).awaiting_ack, 3);
	is_int(stats(&p).awaiting_comp, 2);
	resume(&p, true);
	is_int(next(&p, PACKET_PUBREL)->ack.pid, pid[2]);
	is_int(next(&p, PACKET_PUBREL)->ack.pid, pid[0]);
	is_int(next_publish(&p, "a1")->pid, pid[1]);
	ack(&p, PACKET_PUBREC, pid[1], 0);
	is_int(next_publish(&p, "a3")->pid, pid[3]);
	next_publish(&p, "queued");
	/* The new PUBREC ranks behind those of the other run. */
	next(&p, PACKET_PUBREL);
	lose(&p);
	resume(&p, true);
	is_int(next(&p, PACKET_PUBREL)->ack.pid, pid[2]);
	is_int(next(&p, PACKET_PUBREL)->ack.pid, pid[0]);
	is_int(next(&p, PACKET_PUBREL)->ack.pid, pid[1]);
	peer_down(&p);
}

static void new_messages_avoid_old_ids(void)
{
	struct peer p = peer_up_persistent(MQTT_5);
	uint16_t old;

	publish(&p, 1, "old");
	old = next(&p, PACKET_PUBLISH)->publish.pid;
	session_free(p.s);
	peer_open(&p);
	prop(&p.connack_props, PROP_RECEIVE_MAX, 2);
	resume(&p, true);
	next_publish(&p, "old");
	for (int i = 0; i < 70000; i++) {
		uint16_t pid;

		publish(&p, 1, "new");
		pid = next(&p, PACKET_PUBLISH)->publish.pid;
		if (pid == old || ack(&p, PACKET_PUBACK, pid, 0) != FEED_EVENT)
			ok(false, "message %d has id %d", i, pid);
	}
	is_int(ack(&p, PACKET_PUBACK, old, 0), FEED_EVENT);
	ok(session_is_idle(p.s));
	peer_down(&p);
}

/* A damaged store: two messages with one id, or with none. */
static void damaged_ids_are_given_anew(void)
{
	struct peer p = peer_up_persistent(MQTT_5);

	publish_many(&p, 1, 3);
	p.store->head->next->pid = p.store->head->pid;
	p.store->tail->pid = 0;
	session_free(p.s);
	peer_open(&p);
	is_int(stats(&p).awaiting_ack, 1);
	is_int(stats(&p).queued, 2);
	resume(&p, true);
	ok(next_publish(&p, "a0")->dup);
	ok(!next_publish(&p, "a1")->dup);
	ok(!next_publish(&p, "a2")->dup);
	ok(p.store->head->next->pid != p.store->head->pid);
	peer_down(&p);
}

static void a_message_too_large_now_keeps_its_id(void)
{
	struct peer p = peer_up_persistent(MQTT_5);
	struct event_published dropped;
	uint16_t pid;

	publish(&p, 2, "a/long/topic/and/payload");
	pid = next(&p, PACKET_PUBLISH)->publish.pid;
	lose(&p);
	prop(&p.connack_props, PROP_MAX_PACKET, 40);
	resume(&p, true);
	is_silent(&p);
	ok(session_next_dropped(p.s, &dropped));
	is_int(dropped.reason, REASON_PACKET_TOO_LARGE);
	ok(!dropped.expired);
	ok(ids_find(&p.s->ids, pid) != NULL, "the broker may know it yet");
	is_int(ack(&p, PACKET_PUBCOMP, pid, 0), FEED_NONE);
	ok(session_is_idle(p.s));
	lose(&p);
	resume(&p, false);
	is_int(p.s->ids.used, 0);
	peer_down(&p);
}

static void a_big_outbox_resumes_in_portions(void)
{
	struct peer p = peer_up_persistent(MQTT_5);
	uint16_t first = 0;
	int sent = 0;

	for (int i = 0; i < 2000; i++)
		publish(&p, 1, "m");
	flush(&p);
	lose(&p);
	prop(&p.connack_props, PROP_RECEIVE_MAX, 100);
	is_int(resume(&p, true).resent, 2000);
	while (peek(&p)) {
		uint16_t pid = p.result.packet.publish.pid;

		if (!first)
			first = pid;
		is_int(pid, first + sent);
		sent++;
		ok(p.s->in_window <= 100);
		ack(&p, PACKET_PUBACK, pid, 0);
		pump(&p);
	}
	is_int(sent, 2000);
	ok(session_is_idle(p.s));
	peer_down(&p);
}

TEST_MAIN({ "5.2, D17 PUBLISH again in order, DUP, original ids",
	    publishes_are_sent_again_in_order },
	  { "5.2 no PUBLISH after PUBREL [MQTT-4.3.3-6]",
	    released_messages_are_only_released_again },
	  { "5.2 nothing again at other times [MQTT-4.4.0-1]",
	    nothing_is_sent_again_at_other_times },
	  { "5.3 resend in portions of the new window",
	    resending_respects_the_new_window },
	  { "5.3 PUBCOMP of an old PUBREL does not overfill the window",
	    old_releases_free_no_slot },
	  T(answers_overtake_resending),
	  { "5.2, D9 Session Present 0: published anew, released is done",
	    a_lost_session_publishes_anew },
	  { "7.4 unknown fates can be held", unknown_fates_can_be_held },
	  { "5.2 Session Present after a clean start [MQTT-3.2.2-4]",
	    a_clean_start_has_no_session },
	  T(version_3_1_has_no_flag),
	  { "5.2, D9 Session Present 0: inbound ids are forgotten",
	    a_lost_session_forgets_inbound_ids },
	  { "5.2 requests are not repeated", requests_die_with_the_connection },
	  T(another_run_goes_on),
	  { "5.2 new messages avoid the ids of an earlier run",
	    new_messages_avoid_old_ids },
	  T(damaged_ids_are_given_anew),
	  T(a_message_too_large_now_keeps_its_id),
	  T(a_big_outbox_resumes_in_portions))
