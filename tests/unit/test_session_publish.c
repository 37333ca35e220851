/* SPDX-License-Identifier: MIT */
/* Messages to the broker: qualities of service, answers, window, expiry.
 * Numbers are those of the obligations in the design and of MQTT 5. */
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

static void refusals_end_the_message(void)
{
	struct peer p = peer_up(MQTT_5);
	uint16_t pid;

	publish(&p, 1, "a");
	pid = next(&p, PACKET_PUBLISH)->publish.pid;
	is_int(ack(&p, PACKET_PUBACK, pid, 0x80), FEED_EVENT);
	is_int(p.event.published.reason, 0x80, "0x80 is an error too");
	publish(&p, 2, "a");
	pid = next(&p, PACKET_PUBLISH)->publish.pid;
	is_int(ack(&p, PACKET_PUBREC, pid, 0x87), FEED_EVENT);
	is_int(p.event.published.reason, 0x87);
	is_silent(&p); /* no PUBREL, and the connection lives */
	ok(session_is_idle(p.s) && session_is_online(p.s));
	peer_down(&p);
}

static void no_subscribers_is_a_success(void)
{
	struct peer p = peer_up(MQTT_5);

	publish(&p, 1, "a");
	is_int(ack(&p, PACKET_PUBACK, next(&p, PACKET_PUBLISH)->publish.pid,
		   0x10),
	       FEED_EVENT);
	is_int(p.event.published.reason, 0x10);
	publish(&p, 2, "a");
	is_int(ack(&p, PACKET_PUBREC, next(&p, PACKET_PUBLISH)->publish.pid,
		   0x10),
	       FEED_NONE);
	next(&p, PACKET_PUBREL);
	peer_down(&p);
}

static void an_id_unknown_at_pubcomp_was_delivered(void)
{
	struct peer p = peer_up(MQTT_5);
	uint16_t pid;

	publish(&p, 2, "a");
	pid = next(&p, PACKET_PUBLISH)->publish.pid;
	ack(&p, PACKET_PUBREC, pid, 0);
	is_int(ack(&p, PACKET_PUBCOMP, pid, 0x92), FEED_EVENT);
	is_int(p.event.published.reason, 0);
	peer_down(&p);
}

/* 5.2 */
static void unknown_ids(void)
{
	struct peer p = peer_up(MQTT_5);
	struct packet *rel;

	is_int(ack(&p, PACKET_PUBACK, 77, 0), FEED_NONE);
	is_int(ack(&p, PACKET_PUBCOMP, 77, 0), FEED_NONE);
	is_silent(&p);
	is_int(ack(&p, PACKET_PUBREC, 77, 0), FEED_NONE);
	rel = next(&p, PACKET_PUBREL);
	is_int(rel->ack.pid, 77);
	is_int(rel->ack.reason, 0x92);
	is_int(ack(&p, PACKET_PUBREC, 77, 0x80), FEED_NONE);
	is_silent(&p);
	peer_down(&p);
}

/* 5.2: ids are free after PUBACK, PUBCOMP, PUBREC >= 0x80, SUBACK, UNSUBACK */
static void ids_become_free(void)
{
	struct peer p = peer_up(MQTT_5);
	struct subscription f = { .filter = BYTES_LIT("f") };
	struct subscribe sub = { .filters = &f, .count = 1 };
	uint16_t pid;

	publish(&p, 1, "a");
	ack(&p, PACKET_PUBACK, next(&p, PACKET_PUBLISH)->publish.pid, 0);
	is_int(p.s->ids.used, 0);
	publish(&p, 2, "a");
	pid = next(&p, PACKET_PUBLISH)->publish.pid;
	ack(&p, PACKET_PUBREC, pid, 0);
	is_int(p.s->ids.used, 1, "PUBREC is not the end");
	ack(&p, PACKET_PUBCOMP, pid, 0);
	is_int(p.s->ids.used, 0);
	next(&p, PACKET_PUBREL);
	publish(&p, 2, "a");
	ack(&p, PACKET_PUBREC, next(&p, PACKET_PUBLISH)->publish.pid, 0x97);
	is_int(p.s->ids.used, 0);
	is_int(session_subscribe(p.s, &sub, &pid), SUBMIT_OK);
	is_int(suback(&p, PACKET_SUBACK, pid, BYTES_LIT("\0")), FEED_EVENT);
	is_int(p.s->ids.used, 0);
	is_int(session_unsubscribe(p.s, &sub, &pid), SUBMIT_OK);
	is_int(suback(&p, PACKET_UNSUBACK, pid, BYTES_LIT("\0")), FEED_EVENT);
	is_int(p.s->ids.used, 0);
	peer_down(&p);
}

/* An answer of the wrong kind must not complete anything. */
static void wrong_answers_are_errors(void)
{
	static const struct {
		uint8_t qos;
		enum packet_type type;
	} rows[] = {
		{ 1, PACKET_PUBREC },
		{ 1, PACKET_PUBCOMP },
		{ 2, PACKET_PUBCOMP },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct peer p = peer_up(MQTT_5);
		uint16_t pid;

		publish(&p, rows[i].qos, "a");
		pid = next(&p, PACKET_PUBLISH)->publish.pid;
		is_failure(&p, ack(&p, rows[i].type, pid, 0),
			   REASON_PROTOCOL_ERROR);
		is_int(p.store->count, 1, "the message is still ours");
		peer_down(&p);
	}
}

/* 06-brokers 4.3 */
static void puback_for_qos2_is_a_downgrade(void)
{
	struct peer p = peer_up(MQTT_3_1_1);

	publish(&p, 2, "a");
	is_int(ack(&p, PACKET_PUBACK, next(&p, PACKET_PUBLISH)->publish.pid, 0),
	       FEED_EVENT);
	ok(p.event.published.downgraded);
	is_int(p.event.published.reason, 0);
	is_int(p.event.published.qos, 2);
	ok(session_is_idle(p.s));
	peer_down(&p);

	peer_init(&p, MQTT_5);
	p.config.strict = true;
	peer_open(&p);
	reconnect(&p, false);
	publish(&p, 2, "a");
	is_failure(&p,
		   ack(&p, PACKET_PUBACK, next(&p, PACKET_PUBLISH)->publish.pid,
		       0),
		   REASON_PROTOCOL_ERROR);
	peer_down(&p);
}

static void pubrec_again_means_pubrel_again(void)
{
	struct peer p = peer_up(MQTT_3_1_1);
	uint16_t pid;

	publish(&p, 2, "a");
	pid = next(&p, PACKET_PUBLISH)->publish.pid;
	ack(&p, PACKET_PUBREC, pid, 0);
	next(&p, PACKET_PUBREL);
	is_int(ack(&p, PACKET_PUBREC, pid, 0), FEED_NONE);
	is_int(next(&p, PACKET_PUBREL)->ack.pid, pid);
	is_silent(&p); /* and never the PUBLISH */
	is_int(stats(&p).awaiting_comp, 1);
	peer_down(&p);
}

/* [MQTT-4.6.0-4] */
static void pubrels_follow_the_order_of_pubrecs(void)
{
	struct peer p = peer_up(MQTT_5);
	uint16_t pid[3];

	for (int i = 0; i < 3; i++) {
		publish(&p, 2, "a");
		pid[i] = next(&p, PACKET_PUBLISH)->publish.pid;
	}
	ack(&p, PACKET_PUBREC, pid[2], 0);
	ack(&p, PACKET_PUBREC, pid[0], 0);
	ack(&p, PACKET_PUBREC, pid[1], 0);
	is_int(next(&p, PACKET_PUBREL)->ack.pid, pid[2]);
	is_int(next(&p, PACKET_PUBREL)->ack.pid, pid[0]);
	is_int(next(&p, PACKET_PUBREL)->ack.pid, pid[1]);
	peer_down(&p);
}

/* 1c 29: acks go out during a publish backlog. */
static void control_goes_before_a_backlog(void)
{
	struct peer p = peer_up(MQTT_5);

	for (int i = 0; i < 10000; i++)
		publish(&p, 0, "backlog");
	arrive(&p, 1, 5, false);
	session_acknowledge(p.s, p.event.message.delivery);
	is_int(next(&p, PACKET_PUBACK)->ack.pid, 5);
	next(&p, PACKET_PUBLISH);
	peer_down(&p);
}

static void the_pump_stops_where_told(void)
{
	struct peer p = peer_up(MQTT_5);
	struct publish packet = { .topic = BYTES_LIT("t"),
				  .qos = 1,
				  .payload = BYTES_LIT("0123456789") };
	uint64_t seq;

	for (int i = 0; i < 100; i++)
		is_int(session_publish(p.s, &packet, 0, p.now, &seq),
		       SUBMIT_OK);
	is_int(session_output_len(p.s), 0, "nothing goes without the pump");
	session_pump(p.s, p.now, 0);
	is_int(session_output_len(p.s), 0);
	session_pump(p.s, p.now, 50);
	ok(session_output_len(p.s) >= 50 && session_output_len(p.s) < 80);
	is_int(stats(&p).queued + stats(&p).awaiting_ack, 100);
	peer_down(&p);
}

/* [MQTT-4.3.3-7] and 5.6 */
static void expired_messages_are_dropped(void)
{
	struct peer p = peer_up(MQTT_5);
	struct publish packet = { .topic = BYTES_LIT("t"),
				  .qos = 1,
				  .has_expiry = true,
				  .expiry = 10 };
	struct event_published dropped;
	struct packet *sent;
	uint64_t seq, first;

	p.s->quota = 1;
	session_publish(p.s, &packet, 1, p.now, &first);
	session_publish(p.s, &packet, 2, p.now, &seq);
	pump(&p);
	sent = next(&p, PACKET_PUBLISH);
	is_int(sent->publish.expiry, 10);
	p.now += 10 * CLOCK_SEC;
	ok(!session_next_dropped(p.s, &dropped));
	pump(&p);
	ok(session_next_dropped(p.s, &dropped));
	is_int(dropped.seq, seq);
	is_int(dropped.tag, 2);
	is_int(dropped.qos, 1);
	ok(dropped.expired);
	ok(!session_next_dropped(p.s, &dropped), "the sent one stays");
	is_int(stats(&p).awaiting_ack, 1);
	peer_down(&p);
}

static void expiry_counts_the_time_with_us(void)
{
	struct peer p = peer_up(MQTT_5);
	struct publish packet = { .topic = BYTES_LIT("t"),
				  .qos = 1,
				  .has_expiry = true,
				  .expiry = 100 };
	uint64_t seq;

	session_publish(p.s, &packet, 0, p.now, &seq);
	p.now += 30 * CLOCK_SEC + CLOCK_SEC / 2;
	pump(&p);
	is_int(next(&p, PACKET_PUBLISH)->publish.expiry, 70);
	packet.expiry = UINT32_MAX;
	session_publish(p.s, &packet, 0, p.now, &seq);
	pump(&p);
	is_int(next(&p, PACKET_PUBLISH)->publish.expiry, UINT32_MAX);
	peer_down(&p);
}

static void large_payloads_go_out_whole(void)
{
	enum { BIG = 300000 };
	struct peer p = peer_up(MQTT_5);
	uint8_t *data = malloc(BIG);
	struct publish packet = { .topic = BYTES_LIT("big"),
				  .qos = 1,
				  .payload = bytes_of(data, BIG) };
	struct packet *sent;
	uint64_t seq;

	for (size_t i = 0; i < BIG; i++)
		data[i] = (uint8_t)(i * 31);
	session_publish(p.s, &packet, 0, p.now, &seq);
	session_publish(p.s, &packet, 0, p.now, &seq);
	pump(&p);
	ok(p.s->lanes.publish.cap < BIG, "not copied");
	sent = next(&p, PACKET_PUBLISH);
	is_mem(sent->publish.payload.p, sent->publish.payload.n, data, BIG);
	is_silent(&p);
	pump(&p);
	sent = next(&p, PACKET_PUBLISH);
	is_mem(sent->publish.payload.p, sent->publish.payload.n, data, BIG);
	free(data);
	peer_down(&p);
}

/* A peer may answer before it has read everything. */
static void early_answers_do_not_cut_a_payload(void)
{
	enum { BIG = 300000 };
	struct peer p = peer_up(MQTT_5);
	uint8_t *data = calloc(1, BIG);
	struct publish packet = { .topic = BYTES_LIT("big"),
				  .qos = 1,
				  .payload = bytes_of(data, BIG) };
	struct bytes view;
	uint64_t seq;

	session_publish(p.s, &packet, 0, p.now, &seq);
	pump(&p);
	view = session_output(p.s);
	ok(buf_append(&p.wire, view) == 0);
	session_sent(p.s, view.n, p.now);
	view = session_output(p.s);
	ok(buf_append(&p.wire, bytes_of(view.p, 1000)) == 0);
	session_sent(p.s, 1000, p.now);
	is_int(ack(&p, PACKET_PUBACK, 1, 0), FEED_EVENT);
	is_int(p.store->count, 0);
	publish(&p, 0, "behind");
	is_int(next(&p, PACKET_PUBLISH)->publish.payload.n, BIG);
	next_publish(&p, "behind");
	free(data);
	peer_down(&p);
}

static void bad_topics_are_refused(void)
{
	static const char *const bad[] = { "", "a/#", "+", "a\xff" };
	struct peer p = peer_up(MQTT_5);
	uint64_t seq = 99;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct publish packet = { .topic = bytes_str(bad[i]) };

		for (packet.qos = 0; packet.qos <= 2; packet.qos++)
			is_int(session_publish(p.s, &packet, 0, p.now, &seq),
			       SUBMIT_BAD_TOPIC, "'%s'", bad[i]);
	}
	is_int(seq, 99, "untouched");
	is_int(p.store->count, 0);
	peer_down(&p);
}

static void offline_publishes_wait(void)
{
	struct peer p;
	struct publish packet = { .topic = BYTES_LIT("t") };
	uint64_t seq;

	peer_init(&p, MQTT_5);
	peer_open(&p);
	is_int(session_publish(p.s, &packet, 0, p.now, &seq), SUBMIT_OFFLINE);
	publish(&p, 1, "one");
	publish(&p, 2, "two");
	is_int(stats(&p).queued, 2);
	ok(!session_is_idle(p.s));
	reconnect(&p, false);
	next_publish(&p, "one");
	next_publish(&p, "two");
	peer_down(&p);
}

/* [MQTT-3.3.1-2], and what is not the caller's business */
static void callers_cannot_set_pid_dup_alias(void)
{
	struct peer p = peer_up(MQTT_5);
	struct publish packet = {
		.topic = BYTES_LIT("t"), .pid = 9, .alias = 3, .dup = true
	};
	struct packet *sent;
	uint64_t seq;

	for (packet.qos = 0; packet.qos <= 1; packet.qos++) {
		is_int(session_publish(p.s, &packet, 0, p.now, &seq),
		       SUBMIT_OK);
		pump(&p);
		sent = next(&p, PACKET_PUBLISH);
		is_int(sent->publish.pid, packet.qos);
		is_int(sent->publish.alias, 0);
		ok(!sent->publish.dup);
	}
	peer_down(&p);
}

TEST_MAIN(T(qos0_goes_straight_out), T(qos1_completes_with_puback),
	  T(qos2_takes_four_packets),
	  { "4.4.0-2, D8 PUBACK and PUBREC >= 0x80 end the message",
	    refusals_end_the_message },
	  T(no_subscribers_is_a_success),
	  T(an_id_unknown_at_pubcomp_was_delivered),
	  { "5.2 answers for unknown ids", unknown_ids },
	  { "5.2 ids become free with the last answer", ids_become_free },
	  T(wrong_answers_are_errors),
	  { "06-4.3 PUBACK for QoS 2 is a downgrade, strict: an error",
	    puback_for_qos2_is_a_downgrade },
	  T(pubrec_again_means_pubrel_again),
	  { "5.6 PUBRELs in the order of PUBRECs [MQTT-4.6.0-4]",
	    pubrels_follow_the_order_of_pubrecs },
	  { "6.6 control packets go before a backlog",
	    control_goes_before_a_backlog },
	  T(the_pump_stops_where_told),
	  { "5.6 expired messages are dropped if never sent",
	    expired_messages_are_dropped },
	  { "5.6 expiry on the wire is what remains",
	    expiry_counts_the_time_with_us },
	  T(large_payloads_go_out_whole), T(early_answers_do_not_cut_a_payload),
	  T(bad_topics_are_refused), T(offline_publishes_wait),
	  T(callers_cannot_set_pid_dup_alias))
