/* SPDX-License-Identifier: MIT */
/* Beginning and end of a connection: CONNACK and DISCONNECT; sections 5.2
 * and 5.7 of the obligations. */
#include "session_peer.h"

static struct peer peer_dialled(enum mqtt_version version)
{
	struct peer p;

	peer_init(&p, version);
	peer_open(&p);
	dial(&p);
	return p;
}

static void connect_says_what_it_was_told(void)
{
	struct peer p;
	const struct connect *sent;

	peer_init(&p, MQTT_5);
	p.connect->user = BYTES_LIT("u");
	p.connect->keepalive = 77;
	prop(&p.connect_props, PROP_RECEIVE_MAX, 9);
	p.connect->props = buf_view(&p.connect_props);
	peer_open(&p);
	ok(session_deadline(p.s) == CLOCK_NEVER);
	is_int(session_connect(p.s, p.connect, p.now), 0);
	ok(!session_is_online(p.s));
	sent = &next(&p, PACKET_CONNECT)->connect;
	is_int(sent->version, MQTT_5);
	is_int(sent->keepalive, 77);
	is_bytes(sent->client_id, BYTES_LIT("me"));
	is_bytes(sent->user, BYTES_LIT("u"));
	is_bytes(sent->props, p.connect->props);
	is_silent(&p);
	peer_down(&p);
}

static void refusals_are_events(void)
{
	struct peer p = peer_dialled(MQTT_5);

	is_int(connack(&p, false, REASON_BAD_CREDENTIALS), FEED_EVENT);
	is_int(p.event.type, EVENT_CONNACK);
	is_int(p.event.connack.packet.reason, REASON_BAD_CREDENTIALS);
	ok(!session_is_online(p.s));
	is_silent(&p);
	is_int(feed_bytes(&p, BYTES_LIT("more")), FEED_NONE, "ignored");
	peer_down(&p);

	p = peer_dialled(MQTT_3_1_1);
	is_int(feed_bytes(&p, BYTES_LIT("\x20\x02\x00\x05")), FEED_EVENT);
	is_int(p.event.connack.packet.reason, REASON_NOT_AUTHORIZED);
	is_int(p.event.connack.packet.return_code, 5);
	peer_down(&p);
}

/* 06-brokers: a 3.x broker answers MQTT 5. */
static void answers_in_the_form_of_3_x(void)
{
	struct peer p = peer_dialled(MQTT_5);

	is_int(feed_bytes(&p, BYTES_LIT("\x20\x02\x00\x01")), FEED_EVENT);
	ok(p.event.connack.packet.is_v3_form);
	is_int(p.event.connack.packet.reason, REASON_BAD_VERSION);
	is_silent(&p);
	peer_down(&p);

	p = peer_dialled(MQTT_5);
	is_failure(&p, feed_bytes(&p, BYTES_LIT("\x20\x02\x00\x00")),
		   REASON_PROTOCOL_ERROR);
	peer_down(&p);
}

static void no_second_connack(void)
{
	struct peer p = peer_up(MQTT_5);

	is_failure(&p, connack(&p, false, 0), REASON_PROTOCOL_ERROR);
	is_int(connack(&p, false, 0), FEED_FAIL, "and so it stays");
	peer_down(&p);
}

static void connack_comes_first(void)
{
	struct peer p = peer_dialled(MQTT_5);

	is_failure(&p, arrive(&p, 0, 0, false), REASON_PROTOCOL_ERROR);
	peer_down(&p);
	p = peer_dialled(MQTT_3_1_1);
	is_failure(&p, feed_bytes(&p, BYTES_LIT("\xd0\x00")),
		   REASON_PROTOCOL_ERROR);
	peer_down(&p);
}

static void nothing_goes_out_before_connack(void)
{
	struct peer p = peer_dialled(MQTT_5);
	struct subscription f = { .filter = BYTES_LIT("f") };
	struct subscribe sub = { .filters = &f, .count = 1 };
	struct publish packet = { .topic = BYTES_LIT("t") };
	uint64_t seq;
	uint16_t pid;

	is_int(session_publish(p.s, &packet, 0, p.now, &seq), SUBMIT_OFFLINE);
	publish(&p, 1, "waits");
	is_int(session_subscribe(p.s, &sub, &pid), SUBMIT_OFFLINE);
	session_ping(p.s, p.now);
	is_silent(&p);
	connack(&p, false, 0);
	pump(&p);
	next_publish(&p, "waits");
	peer_down(&p);
}

/* 3.2.2.3.7 */
static void assigned_ids_are_kept(void)
{
	const struct packet *sent;
	struct peer p;

	peer_init(&p, MQTT_5);
	p.connect->client_id = BYTES_LIT("");
	peer_open(&p);
	is_int(session_client_id(p.s).n, 0);
	prop_str(&p.connack_props, PROP_ASSIGNED_CLIENT_ID, "x-17");
	reconnect(&p, false);
	is_bytes(session_client_id(p.s), BYTES_LIT("x-17"));
	session_lost(p.s);
	is_bytes(session_client_id(p.s), BYTES_LIT("x-17"));
	buf_clear(&p.connack_props);
	is_int(session_connect(p.s, p.connect, p.now), 0);
	p.eaten = 0;
	buf_clear(&p.wire);
	sent = next(&p, PACKET_CONNECT);
	is_bytes(sent->connect.client_id, BYTES_LIT("x-17"));
	is_int(connack(&p, false, 0), FEED_EVENT);
	is_bytes(session_client_id(p.s), BYTES_LIT("x-17"));
	/* One that we name ourselves goes before it. */
	p.connect->client_id = BYTES_LIT("own");
	dial(&p);
	is_bytes(session_client_id(p.s), BYTES_LIT("own"));
	peer_down(&p);
}

static void an_id_is_assigned_only_when_asked_for(void)
{
	struct peer p = peer_dialled(MQTT_5);

	prop_str(&p.connack_props, PROP_ASSIGNED_CLIENT_ID, "x");
	is_failure(&p, connack(&p, false, 0), REASON_PROTOCOL_ERROR);
	is_bytes(session_client_id(p.s), BYTES_LIT("me"));
	peer_down(&p);
}

static void server_disconnect(void)
{
	static const enum mqtt_version versions[] = { MQTT_3_1_1, MQTT_5 };

	for (size_t i = 0; i < 2; i++) {
		struct peer p = peer_up(versions[i]);

		publish(&p, 0, "unsent");
		/* With a reason; 06-brokers 4.2: 3.1.1 clients get them. */
		is_int(feed_bytes(&p, BYTES_LIT("\xe0\x01\x8e")), FEED_EVENT);
		is_int(p.event.type, EVENT_DISCONNECT);
		is_int(p.event.disconnect.reason, REASON_TAKEN_OVER);
		ok(!session_is_online(p.s));
		is_silent(&p);
		ok(session_deadline(p.s) == CLOCK_NEVER);
		is_int(session_tick(p.s, p.now + 999 * CLOCK_SEC), TICK_OK);
		is_int(feed_bytes(&p, BYTES_LIT("\xd0\x00")), FEED_NONE);
		is_int(feed_bytes(&p, BYTES_NULL), FEED_MORE);
		peer_down(&p);
	}
}

/* [MQTT-3.14.2-2] */
static void server_may_not_set_the_expiry(void)
{
	struct peer p = peer_up(MQTT_5);

	is_int(feed_bytes(&p, BYTES_LIT("\xe0\x07\x00\x05\x11\0\0\0\5")),
	       FEED_FAIL);
	peer_down(&p);
}

/* [MQTT-3.14.4-1] and MINA 80: behind all that waits, and the last. */
static void disconnect_is_the_last_packet(void)
{
	struct peer p = peer_up(MQTT_5);
	struct disconnect bye = { 0 };
	struct publish packet = { .topic = BYTES_LIT("t") };
	struct subscription f = { .filter = BYTES_LIT("f") };
	struct subscribe sub = { .filters = &f, .count = 1 };
	uint64_t seq;
	uint16_t pid;

	arrive(&p, 1, 5, false);
	for (int i = 0; i < 3; i++)
		publish(&p, 0, "queued");
	session_disconnect(p.s, &bye);
	session_disconnect(p.s, &bye);
	session_acknowledge(p.s, 1);
	session_ping(p.s, p.now);
	is_int(session_publish(p.s, &packet, 0, p.now, &seq), SUBMIT_OFFLINE);
	is_int(session_subscribe(p.s, &sub, &pid), SUBMIT_OFFLINE);
	is_int(session_auth(p.s, REASON_REAUTH, BYTES_NULL), SUBMIT_OFFLINE);
	publish(&p, 1, "later");
	for (int i = 0; i < 3; i++)
		next_publish(&p, "queued");
	next(&p, PACKET_DISCONNECT);
	is_silent(&p);
	is_int(stats(&p).queued, 1, "for another connection");
	peer_down(&p);
}

/* A stream that has made records of a publish sends it first, but what was
 * queued before DISCONNECT still goes before it. */
static void disconnect_is_the_last_packet_of_a_slow_stream(void)
{
	for (int is_failing = 0; is_failing < 2; is_failing++) {
		struct peer p = peer_up(MQTT_5);
		struct disconnect bye = { 0 };

		publish(&p, 0, "offered");
		ok(session_output(p.s).n > 0);
		session_hold(p.s);
		arrive(&p, 1, 5, false);
		session_acknowledge(p.s, 1);
		publish(&p, 0, "queued");
		if (is_failing)
			is_int(feed_bytes(&p, BYTES_LIT("\xff\xff")),
			       FEED_FAIL);
		else
			session_disconnect(p.s, &bye);
		next_publish(&p, "offered");
		next(&p, PACKET_PUBACK);
		if (!is_failing)
			next_publish(&p, "queued");
		next(&p, PACKET_DISCONNECT);
		is_silent(&p);
		peer_down(&p);
	}
}

static void answers_count_while_we_leave(void)
{
	struct peer p = peer_up(MQTT_5);
	struct disconnect bye = { 0 };
	uint16_t one, two;

	publish(&p, 1, "a");
	one = next(&p, PACKET_PUBLISH)->publish.pid;
	publish(&p, 2, "b");
	two = next(&p, PACKET_PUBLISH)->publish.pid;
	session_disconnect(p.s, &bye);
	next(&p, PACKET_DISCONNECT);
	is_int(ack(&p, PACKET_PUBACK, one, 0), FEED_EVENT);
	is_int(ack(&p, PACKET_PUBREC, two, 0), FEED_NONE);
	is_int(p.store->head->state, MESSAGE_RELEASED);
	is_int(arrive(&p, 1, 9, false), FEED_NONE, "cannot be answered");
	is_int(arrive(&p, 0, 0, false), FEED_NONE);
	is_silent(&p);
	peer_down(&p);
}

/* D2 */
static void a_late_connack_changes_nothing(void)
{
	struct peer p = peer_dialled(MQTT_5);
	struct disconnect bye = { 0 };

	session_disconnect(p.s, &bye);
	next(&p, PACKET_DISCONNECT);
	is_int(connack(&p, false, 0), FEED_NONE);
	ok(!session_is_online(p.s));
	session_lost(p.s);
	is_int(connack(&p, false, 0), FEED_NONE);
	ok(!session_is_online(p.s));
	peer_down(&p);
}

/* 3.14.2.2.2: not from 0 to something. */
static void expiry_does_not_come_with_disconnect(void)
{
	for (uint32_t at_connect = 0; at_connect < 2; at_connect++) {
		struct peer p;
		struct buf props = { 0 };
		struct disconnect bye = { .reason = 0x04 };
		const struct disconnect *sent;

		peer_init(&p, MQTT_5);
		prop(&p.connect_props, PROP_SESSION_EXPIRY, at_connect);
		peer_open(&p);
		reconnect(&p, false);
		prop(&props, PROP_SESSION_EXPIRY, 60);
		bye.props = buf_view(&props);
		session_disconnect(p.s, &bye);
		sent = &next(&p, PACKET_DISCONNECT)->disconnect;
		is_int(sent->reason, 0x04);
		is_int(props_num(sent->props, PROP_SESSION_EXPIRY, 0),
		       at_connect ? 60 : 0);
		buf_release(&props);
		peer_down(&p);
	}
}

/* A plain DISCONNECT of 3.x would keep the will from being sent. */
static void failures_of_3_x_just_close(void)
{
	struct peer p = peer_up(MQTT_3_1_1);

	publish(&p, 1, "a");
	is_int(feed_bytes(&p, BYTES_LIT("\xff\xff")), FEED_FAIL);
	is_int(session_failure(p.s).reason, REASON_MALFORMED);
	next_publish(&p, "a");
	is_silent(&p);
	is_int(stats(&p).awaiting_ack, 1, "messages stay");
	peer_down(&p);
}

static void a_failure_overtakes_the_backlog(void)
{
	struct peer p = peer_up(MQTT_5);

	for (int i = 0; i < 1000; i++)
		publish(&p, 0, "backlog");
	session_sent(p.s, session_output(p.s).n / 2 + 1, p.now);
	is_int(feed_bytes(&p, BYTES_LIT("\xff\xff")), FEED_FAIL);
	ok(session_output_len(p.s) < 30, "one half packet and DISCONNECT");
	peer_down(&p);
}

/* [MQTT-3.1.2-29] */
static void no_problem_information(void)
{
	static const enum packet_type types[] = { PACKET_PUBACK, PACKET_PUBREC,
						  PACKET_PUBREL,
						  PACKET_PUBCOMP };

	for (size_t i = 0; i < 8; i++) {
		struct buf props = { 0 }, b = { 0 };
		struct ack packet = { .pid = 1 };
		bool is_asked = i >= 4;
		struct peer p;

		peer_init(&p, MQTT_5);
		prop(&p.connect_props, PROP_REQUEST_PROBLEM_INFO, is_asked);
		peer_open(&p);
		reconnect(&p, false);
		prop_str(&props, PROP_REASON_STRING, "because");
		packet.props = buf_view(&props);
		ok(encode_ack(&b, MQTT_5, types[i % 4], &packet) == 0);
		is_int(feed_buf(&p, &b), is_asked ? FEED_NONE : FEED_FAIL);
		buf_release(&props);
		peer_down(&p);
	}
}

static void connect_may_be_too_long(void)
{
	static char id[70000];
	struct peer p;

	peer_init(&p, MQTT_5);
	p.connect->client_id = bytes_of(id, sizeof(id));
	peer_open(&p);
	ok(session_connect(p.s, p.connect, p.now) < 0);
	ok(!session_is_online(p.s));
	is_silent(&p);
	p.connect->client_id = BYTES_LIT("short");
	reconnect(&p, false);
	ok(session_is_online(p.s));
	peer_down(&p);
}

TEST_MAIN(T(connect_says_what_it_was_told), T(refusals_are_events),
	  T(answers_in_the_form_of_3_x),
	  { "5.7 no second CONNACK", no_second_connack },
	  { "5.7 CONNACK comes first", connack_comes_first },
	  { "5.7 nothing goes out before CONNACK",
	    nothing_goes_out_before_connack },
	  { "5.2 an assigned client id is used from then on",
	    assigned_ids_are_kept },
	  { "5.2 assigned though we sent one: error",
	    an_id_is_assigned_only_when_asked_for },
	  { "06-4.2 DISCONNECT of the server, 3.1.1 too", server_disconnect },
	  { "5.7 no expiry in the server's DISCONNECT [MQTT-3.14.2-2]",
	    server_may_not_set_the_expiry },
	  { "5.7 nothing after DISCONNECT [MQTT-3.14.4-1]",
	    disconnect_is_the_last_packet },
	  T(disconnect_is_the_last_packet_of_a_slow_stream),
	  T(answers_count_while_we_leave),
	  { "D2 a late CONNACK changes nothing",
	    a_late_connack_changes_nothing },
	  { "5.2 expiry not from 0 to non-zero in DISCONNECT",
	    expiry_does_not_come_with_disconnect },
	  T(failures_of_3_x_just_close), T(a_failure_overtakes_the_backlog),
	  { "5.4 Request Problem Information 0 [MQTT-3.1.2-29]",
	    no_problem_information },
	  T(connect_may_be_too_long))
