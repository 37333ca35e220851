/* SPDX-License-Identifier: MIT */
/* What the broker allows: sections 5.3 and 5.4 of the obligations. */
#include "session_peer.h"

static struct peer peer_limited(enum prop_id id, uint32_t num)
{
	struct peer p;

	peer_init(&p, MQTT_5);
	prop(&p.connack_props, id, num);
	peer_open(&p);
	reconnect(&p, false);
	return p;
}

static void the_window_is_the_smaller_one(void)
{
	static const struct {
		uint16_t own, theirs, want;
	} rows[] = {
		{ 0, 0, 65535 }, { 20, 0, 20 }, { 0, 5, 5 },
		{ 20, 5, 5 },    { 5, 20, 5 },  { 1, 65535, 1 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct peer p;

		peer_init(&p, MQTT_5);
		p.config.inflight = rows[i].own;
		if (rows[i].theirs)
			prop(&p.connack_props, PROP_RECEIVE_MAX,
			     rows[i].theirs);
		peer_open(&p);
		reconnect(&p, false);
		is_int(p.s->quota, rows[i].want, "row %zu", i);
		is_int(session_limits(p.s)->receive_max,
		       rows[i].theirs ? rows[i].theirs : 65535);
		peer_down(&p);
	}
}

static void only_qos1_and_2_count(void)
{
	struct peer p = peer_limited(PROP_RECEIVE_MAX, 2);

	publish(&p, 1, "a");
	publish(&p, 2, "b");
	publish(&p, 1, "c");
	publish(&p, 0, "free");
	next_publish(&p, "a");
	next_publish(&p, "b");
	next_publish(&p, "free");
	is_silent(&p);
	is_int(stats(&p).queued, 1);
	peer_down(&p);
}

static void each_end_frees_a_slot(void)
{
	static const struct {
		uint8_t qos;
		enum packet_type type;
		uint8_t reason;
		bool frees;
	} rows[] = {
		{ 1, PACKET_PUBACK, 0, true },
		{ 1, PACKET_PUBACK, 0x97, true },
		{ 2, PACKET_PUBREC, 0x80, true },
		{ 2, PACKET_PUBREC, 0, false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct peer p = peer_limited(PROP_RECEIVE_MAX, 1);

		publish(&p, rows[i].qos, "a");
		publish(&p, 1, "b");
		ack(&p, rows[i].type, next(&p, PACKET_PUBLISH)->publish.pid,
		    rows[i].reason);
		pump(&p);
		if (!rows[i].frees) {
			next(&p, PACKET_PUBREL);
			is_silent(&p);
			ack(&p, PACKET_PUBCOMP, 1, 0);
			pump(&p);
		}
		next_publish(&p, "b");
		is_int(p.s->in_window, 1, "row %zu", i);
		peer_down(&p);
	}
}

/* [MQTT-3.3.4-8], [MQTT-4.9.0-3] */
static void a_full_window_delays_publishes_only(void)
{
	struct peer p = peer_limited(PROP_RECEIVE_MAX, 1);
	struct subscription f = { .filter = BYTES_LIT("f") };
	struct subscribe sub = { .filters = &f, .count = 1 };
	struct disconnect bye = { 0 };
	uint16_t pid;

	publish(&p, 1, "a");
	publish(&p, 1, "waits");
	next_publish(&p, "a");
	is_int(session_subscribe(p.s, &sub, &pid), SUBMIT_OK);
	next(&p, PACKET_SUBSCRIBE);
	is_int(session_unsubscribe(p.s, &sub, &pid), SUBMIT_OK);
	next(&p, PACKET_UNSUBSCRIBE);
	arrive(&p, 1, 1, false);
	session_acknowledge(p.s, 1);
	next(&p, PACKET_PUBACK);
	session_ping(p.s, p.now);
	next(&p, PACKET_PINGREQ);
	session_disconnect(p.s, &bye);
	next(&p, PACKET_DISCONNECT);
	peer_down(&p);
}

/* D12, D13: no limit outlives its connection. */
static void limits_are_reset_before_each_connect(void)
{
	static const enum prop_id ids[] = {
		PROP_RETAIN_AVAILABLE, PROP_WILDCARD_AVAILABLE,
		PROP_SUB_ID_AVAILABLE, PROP_SHARED_AVAILABLE,
		PROP_MAX_QOS,
	};
	const struct session_limits *l;
	struct peer p;

	peer_init(&p, MQTT_5);
	for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++)
		prop(&p.connack_props, ids[i], 0);
	prop(&p.connack_props, PROP_RECEIVE_MAX, 3);
	prop(&p.connack_props, PROP_MAX_PACKET, 100);
	prop(&p.connack_props, PROP_TOPIC_ALIAS_MAX, 10);
	prop(&p.connack_props, PROP_SERVER_KEEPALIVE, 5);
	prop(&p.connack_props, PROP_SESSION_EXPIRY, 77);
	peer_open(&p);
	reconnect(&p, false);
	l = session_limits(p.s);
	ok(!l->retain && !l->wildcard && !l->sub_ids && !l->shared);
	is_int(l->max_qos, 0);
	is_int(l->receive_max, 3);
	is_int(l->max_packet, 100);
	is_int(l->topic_alias_max, 10);
	is_int(l->keepalive, 5);
	is_int(l->session_expiry, 77);
	buf_clear(&p.connack_props);
	for (int i = 0; i < 2; i++) {
		session_lost(p.s);
		dial(&p);
		l = session_limits(p.s);
		ok(l->retain && l->wildcard && l->sub_ids && l->shared);
		is_int(l->max_qos, 2);
		is_int(l->receive_max, 65535);
		is_int(l->max_packet, 0);
		is_int(l->topic_alias_max, 0);
		is_int(l->keepalive, 60);
		is_int(l->session_expiry, 0);
		connack(&p, false, 0);
		is_int(p.s->quota, 65535);
	}
	peer_down(&p);
}

static enum submit try_publish(struct peer *p, uint8_t qos, bool retain)
{
	struct publish packet = { .topic = BYTES_LIT("t"),
				  .qos = qos,
				  .retain = retain };
	uint64_t seq;

	return session_publish(p->s, &packet, 0, p->now, &seq);
}

static void maximum_qos(void)
{
	struct peer p = peer_limited(PROP_MAX_QOS, 1);

	is_int(try_publish(&p, 2, false), SUBMIT_NO_QOS);
	is_int(try_publish(&p, 1, false), SUBMIT_OK);
	is_int(try_publish(&p, 0, false), SUBMIT_OK);
	is_int(p.store->count, 1);
	peer_down(&p);
}

static void retain_available(void)
{
	struct peer p = peer_limited(PROP_RETAIN_AVAILABLE, 0);

	for (uint8_t qos = 0; qos <= 2; qos++) {
		is_int(try_publish(&p, qos, true), SUBMIT_NO_RETAIN);
		is_int(try_publish(&p, qos, false), SUBMIT_OK);
	}
	peer_down(&p);
}

/* Queued while offline, when nobody could know. */
static void queued_messages_meet_the_limits_too(void)
{
	struct event_published dropped;
	struct peer p;

	peer_init(&p, MQTT_5);
	peer_open(&p);
	is_int(try_publish(&p, 2, false), SUBMIT_OK);
	is_int(try_publish(&p, 1, true), SUBMIT_OK);
	publish(&p, 1, "a topic that is larger than others");
	publish(&p, 1, "ok");
	prop(&p.connack_props, PROP_MAX_QOS, 1);
	prop(&p.connack_props, PROP_RETAIN_AVAILABLE, 0);
	prop(&p.connack_props, PROP_MAX_PACKET, 20);
	reconnect(&p, false);
	next_publish(&p, "ok");
	is_silent(&p);
	ok(session_next_dropped(p.s, &dropped));
	is_int(dropped.reason, REASON_NO_QOS);
	ok(session_next_dropped(p.s, &dropped));
	is_int(dropped.reason, REASON_NO_RETAIN);
	ok(session_next_dropped(p.s, &dropped));
	is_int(dropped.reason, REASON_PACKET_TOO_LARGE);
	ok(!session_next_dropped(p.s, &dropped));
	is_int(p.store->count, 1);
	peer_down(&p);
}

/* Offline, the limits of the last broker do not count. */
static void limits_of_the_past_do_not_count(void)
{
	struct peer p = peer_limited(PROP_MAX_QOS, 0);

	session_lost(p.s);
	is_int(try_publish(&p, 2, false), SUBMIT_OK);
	buf_clear(&p.connack_props);
	reconnect(&p, false);
	next_publish(&p, "t");
	peer_down(&p);
}

static void no_publish_above_the_maximum_packet_size(void)
{
	struct peer p = peer_limited(PROP_MAX_PACKET, 30);
	char text[40] = { 0 };
	struct publish packet = { .topic = BYTES_LIT("t") };
	uint64_t seq;

	for (packet.qos = 0; packet.qos <= 2; packet.qos++) {
		for (size_t n = 0; n < sizeof(text); n++) {
			size_t size = n + (packet.qos ? 8 : 6);

			packet.payload = bytes_of(text, n);
			is_int(session_publish(p.s, &packet, 0, p.now, &seq),
			       size > 30 ? SUBMIT_TOO_LARGE : SUBMIT_OK,
			       "%zu bytes", size);
		}
	}
	pump(&p);
	while (peek(&p))
		ok(p.result.used <= 30);
	peer_down(&p);
}

static void no_request_above_the_maximum_packet_size(void)
{
	struct peer p = peer_limited(PROP_MAX_PACKET, 30);
	struct subscription f = { .filter = BYTES_LIT(
					  "a/filter/of/some/length/you/see") };
	struct subscribe sub = { .filters = &f, .count = 1 };
	uint16_t pid;

	is_int(session_subscribe(p.s, &sub, &pid), SUBMIT_TOO_LARGE);
	is_int(session_unsubscribe(p.s, &sub, &pid), SUBMIT_TOO_LARGE);
	is_int(p.s->ids.used, 0);
	is_silent(&p);
	peer_down(&p);
}

/* Reason string and user properties go first. */
static void disconnect_is_cut_to_the_maximum_packet_size(void)
{
	for (uint32_t max = 1; max < 60; max++) {
		struct peer p;
		struct buf props = { 0 };
		struct disconnect bye = { .reason = 0x04 };
		const struct disconnect *sent;

		peer_init(&p, MQTT_5);
		prop(&p.connect_props, PROP_SESSION_EXPIRY, 60);
		prop(&p.connack_props, PROP_MAX_PACKET, max);
		peer_open(&p);
		reconnect(&p, false);
		prop(&props, PROP_SESSION_EXPIRY, 99);
		prop_str(&props, PROP_REASON_STRING, "the user pressed ^C");
		ok(props_put_pair(&props, BYTES_LIT("a"), BYTES_LIT("b")) == 0);
		bye.props = buf_view(&props);
		session_disconnect(p.s, &bye);
		flush(&p);
		ok(buf_len(&p.wire) - p.eaten <= max, "%u", max);
		if (max >= 3) {
			sent = &next(&p, PACKET_DISCONNECT)->disconnect;
			is_int(sent->reason, 0x04);
			is_int(props_num(sent->props, PROP_SESSION_EXPIRY, 0),
			       max >= 9 ? 99 : 0, "%u", max);
			is_int(sent->props.n,
			       max < 9    ? 0
			       : max < 38 ? 5
					  : props.end,
			       "%u", max);
		}
		buf_release(&props);
		peer_down(&p);
	}
}

static void answers_that_cannot_be_sent_end_the_connection(void)
{
	struct peer p = peer_limited(PROP_MAX_PACKET, 3);

	arrive(&p, 1, 1, false);
	ok(session_deadline(p.s) != 0);
	session_acknowledge(p.s, 1);
	is_int(session_deadline(p.s), 0, "somebody has to be told");
	is_int(session_tick(p.s, p.now), TICK_FAILED);
	is_int(session_failure(p.s).reason, REASON_PACKET_TOO_LARGE);
	is_int(session_tick(p.s, p.now), TICK_OK, "once");
	ok(session_deadline(p.s) != 0);
	is_int(next(&p, PACKET_DISCONNECT)->disconnect.reason, 0x95);
	peer_down(&p);

	/* Found out while a session is resumed: CONNACK itself fails. */
	p = peer_up_persistent(MQTT_5);
	publish(&p, 2, "a");
	ack(&p, PACKET_PUBREC, next(&p, PACKET_PUBLISH)->publish.pid, 0);
	session_lost(p.s);
	prop(&p.connack_props, PROP_MAX_PACKET, 3);
	dial(&p);
	is_failure(&p, connack(&p, true, 0), REASON_PACKET_TOO_LARGE);
	is_int(stats(&p).awaiting_comp, 1);
	peer_down(&p);

	p = peer_limited(PROP_MAX_PACKET, 1);
	session_ping(p.s, p.now);
	is_int(session_failure(p.s).reason, REASON_PACKET_TOO_LARGE);
	is_silent(&p); /* not even DISCONNECT fits */
	peer_down(&p);
}

/* Ours: larger inbound packets are refused at their length field. */
static void our_maximum_packet_size_is_enforced(void)
{
	static const enum mqtt_version versions[] = { MQTT_3_1, MQTT_3_1_1,
						      MQTT_5 };

	for (size_t i = 0; i < 3; i++) {
		struct peer p;

		peer_init(&p, versions[i]);
		prop(&p.connect_props, PROP_MAX_PACKET, 100);
		peer_open(&p);
		reconnect(&p, false);
		is_int(arrive(&p, 0, 0, false), FEED_EVENT);
		is_failure(&p, feed_bytes(&p, BYTES_LIT("\x30\xff\x01")),
			   REASON_PACKET_TOO_LARGE);
		peer_down(&p);
	}
}

static enum submit try_subscribe(struct peer *p, const char *filter,
				 uint8_t options, uint32_t sub_id)
{
	struct subscription f = { .filter = bytes_str(filter),
				  .options = options };
	struct buf props = { 0 };
	struct subscribe sub = { .filters = &f, .count = 1 };
	enum submit verdict;
	uint16_t pid;

	if (sub_id)
		prop(&props, PROP_SUBSCRIPTION_ID, sub_id);
	sub.props = buf_view(&props);
	verdict = session_subscribe(p->s, &sub, &pid);
	buf_release(&props);
	return verdict;
}

static void subscriptions_the_broker_has_not(void)
{
	struct peer p = peer_limited(PROP_WILDCARD_AVAILABLE, 0);

	is_int(try_subscribe(&p, "a/+", 0, 0), SUBMIT_NO_WILDCARD);
	is_int(try_subscribe(&p, "$share/g/#", 0, 0), SUBMIT_NO_WILDCARD);
	is_int(try_subscribe(&p, "a/b", 0, 5), SUBMIT_OK);
	peer_down(&p);
	p = peer_limited(PROP_SUB_ID_AVAILABLE, 0);
	is_int(try_subscribe(&p, "a/+", 0, 5), SUBMIT_NO_SUB_IDS);
	is_int(try_subscribe(&p, "a/+", 0, 0), SUBMIT_OK);
	peer_down(&p);
	p = peer_limited(PROP_SHARED_AVAILABLE, 0);
	is_int(try_subscribe(&p, "$share/g/a", 0, 0), SUBMIT_NO_SHARED);
	is_int(try_subscribe(&p, "a/#", 0, 0), SUBMIT_OK);
	peer_down(&p);
}

static void filters_are_checked(void)
{
	struct peer p = peer_up(MQTT_5);
	struct subscribe none = { .count = 0 };
	uint16_t pid = 42;

	is_int(try_subscribe(&p, "a/#/b", 0, 0), SUBMIT_BAD_TOPIC);
	is_int(try_subscribe(&p, "", 0, 0), SUBMIT_BAD_TOPIC);
	is_int(try_subscribe(&p, "$share//a", 0, 0), SUBMIT_BAD_TOPIC);
	is_int(try_subscribe(&p, "$share/g/a", MQTT_SUB_NO_LOCAL, 0),
	       SUBMIT_SHARED_NO_LOCAL);
	is_int(session_subscribe(p.s, &none, &pid), SUBMIT_BAD_TOPIC);
	is_int(pid, 42);
	is_silent(&p);
	session_lost(p.s);
	is_int(try_subscribe(&p, "a", 0, 0), SUBMIT_OFFLINE);
	peer_down(&p);
}

/* All 65,535 ids are in use: refused, and served again later. */
static void ids_can_run_out(void)
{
	struct peer p = peer_up(MQTT_3_1_1);

	for (int i = 0; i < 65535; i++)
		if (!is_int(try_subscribe(&p, "a", 0, 0), SUBMIT_OK))
			break;
	is_int(try_subscribe(&p, "a", 0, 0), SUBMIT_NO_PID);
	publish(&p, 1, "waits");
	is_int(stats(&p).queued, 1);
	is_int(suback(&p, PACKET_SUBACK, 40000, BYTES_LIT("\1")), FEED_EVENT);
	pump(&p);
	is_int(stats(&p).queued, 0);
	is_int(p.store->head->pid, 40000);
	peer_down(&p);
}

/* [MQTT-3.9.3-1], [MQTT-3.11.3-1] */
static void one_reason_per_filter(void)
{
	static const struct subscription f[2] = {
		{ .filter = BYTES_LIT("a") }, { .filter = BYTES_LIT("b") }
	};
	static const struct {
		enum mqtt_version version;
		const char *codes;
		size_t n;
		bool is_good;
	} rows[] = {
		{ MQTT_5, "\0", 1, false },
		{ MQTT_5, "\0\x87", 2, true },
		{ MQTT_5, "\0\0\0", 3, false },
		{ MQTT_3_1_1, "\1", 1, false },
		{ MQTT_3_1_1, "\1\x80", 2, true },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct peer p = peer_up(rows[i].version);
		struct subscribe sub = { .filters = f, .count = 2 };
		struct bytes codes = bytes_of(rows[i].codes, rows[i].n);
		enum feed verdict;
		uint16_t pid;

		session_subscribe(p.s, &sub, &pid);
		next(&p, PACKET_SUBSCRIBE);
		verdict = suback(&p, PACKET_SUBACK, pid, codes);
		if (rows[i].is_good)
			is_int(verdict, FEED_EVENT, "row %zu", i);
		else
			is_failure(&p, verdict, REASON_PROTOCOL_ERROR);
		peer_down(&p);
	}
}

static void unsuback_of_3_x_has_no_codes(void)
{
	struct peer p = peer_up(MQTT_3_1_1);
	struct subscription f = { .filter = BYTES_LIT("f") };
	struct subscribe sub = { .filters = &f, .count = 1 };
	uint16_t pid;

	session_unsubscribe(p.s, &sub, &pid);
	is_int(suback(&p, PACKET_UNSUBACK, pid, BYTES_NULL), FEED_EVENT);
	is_int(p.event.type, EVENT_UNSUBACK);
	is_int(p.event.suback.pid, pid);
	/* An answer of the other kind ends nothing. */
	session_subscribe(p.s, &sub, &pid);
	is_int(suback(&p, PACKET_UNSUBACK, pid, BYTES_NULL), FEED_FAIL);
	peer_down(&p);
}

TEST_MAIN({ "5.3 the window is min(own, Receive Maximum)",
	    the_window_is_the_smaller_one },
	  { "5.3 only QoS 1 and 2 count", only_qos1_and_2_count },
	  { "5.3 quota freed by PUBACK, PUBCOMP, PUBREC >= 0x80",
	    each_end_frees_a_slot },
	  { "5.3 a full window delays only PUBLISH [MQTT-3.3.4-8]",
	    a_full_window_delays_publishes_only },
	  { "5.4, D12, D13 limits are reset before each connect",
	    limits_are_reset_before_each_connect },
	  { "5.4 Maximum QoS [MQTT-3.2.2-11]", maximum_qos },
	  { "5.4 Retain Available [MQTT-3.2.2-14]", retain_available },
	  { "5.4 queued messages meet the limits when sent",
	    queued_messages_meet_the_limits_too },
	  T(limits_of_the_past_do_not_count),
	  { "5.4 Maximum Packet Size: PUBLISH [MQTT-3.2.2-15]",
	    no_publish_above_the_maximum_packet_size },
	  { "5.4 Maximum Packet Size: SUBSCRIBE, UNSUBSCRIBE",
	    no_request_above_the_maximum_packet_size },
	  { "5.4 Maximum Packet Size: DISCONNECT is cut",
	    disconnect_is_cut_to_the_maximum_packet_size },
	  { "5.4 Maximum Packet Size: acknowledgements",
	    answers_that_cannot_be_sent_end_the_connection },
	  { "5.4 our Maximum Packet Size is enforced: 0x95",
	    our_maximum_packet_size_is_enforced },
	  { "5.4 wildcards, subscription ids, shared",
	    subscriptions_the_broker_has_not },
	  { "5.6 filters, No Local on shared [MQTT-3.8.3-4]",
	    filters_are_checked },
	  { "5.2 ids can run out and come back", ids_can_run_out },
	  { "5.6 one reason code per filter", one_reason_per_filter },
	  T(unsuback_of_3_x_has_no_codes))
