/* SPDX-License-Identifier: MIT */
/* Topic aliases, both ways: section 5.5 of the obligations. */
#include "session_peer.h"

static struct peer peer_aliased(uint16_t ours, uint32_t theirs)
{
	struct peer p;

	peer_init(&p, MQTT_5);
	p.config.aliases_out = ours;
	p.connect->clean_start = false;
	if (theirs)
		prop(&p.connack_props, PROP_TOPIC_ALIAS_MAX, theirs);
	peer_open(&p);
	reconnect(&p, false);
	return p;
}

static void is_sent(struct peer *p, const char *topic, uint16_t alias)
{
	const struct publish *sent = next_publish(p, topic);

	is_int(sent->alias, alias);
}

static void the_first_use_carries_the_topic(void)
{
	struct peer p = peer_aliased(5, 10);
	struct session_stats st;
	uint64_t put[3];

	for (uint8_t qos = 0; qos <= 2; qos++) {
		publish(&p, qos, "a/topic");
		session_stats(p.s, &st);
		put[qos] = st.put;
	}
	is_int(put[2] - put[1], put[1] - put[0], "both have no topic");
	is_int(put[0] + 2 - (put[1] - put[0]), 7, "QoS 0 has no id");
	is_sent(&p, "a/topic", 1);
	is_sent(&p, "", 1);
	is_sent(&p, "", 1);
	publish(&p, 0, "other");
	is_sent(&p, "other", 2);
	peer_down(&p);
}

static void neither_maximum_is_passed(void)
{
	static const struct {
		uint16_t ours;
		uint32_t theirs;
		uint16_t want;
	} rows[] = { { 0, 10, 0 }, { 10, 0, 0 }, { 1, 10, 1 }, { 10, 2, 2 } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct peer p = peer_aliased(rows[i].ours, rows[i].theirs);
		char topic[] = "topic0";

		for (uint16_t n = 1; n <= 5; n++) {
			topic[5] = (char)('0' + n);
			publish(&p, 0, topic);
			is_sent(&p, topic, n <= rows[i].want ? n : 0);
		}
		peer_down(&p);
	}
}

static void short_topics_need_none(void)
{
	struct peer p = peer_aliased(5, 10);

	publish(&p, 0, "abc");
	is_sent(&p, "abc", 0);
	publish(&p, 0, "abcd");
	is_sent(&p, "abcd", 1);
	peer_down(&p);
}

static void not_in_3_x(void)
{
	struct peer p;

	peer_init(&p, MQTT_3_1_1);
	p.config.aliases_out = 10;
	peer_open(&p);
	reconnect(&p, false);
	publish(&p, 1, "topic");
	publish(&p, 1, "topic");
	is_sent(&p, "topic", 0);
	is_sent(&p, "topic", 0);
	peer_down(&p);
}

/* D7: stored with the topic; resent on a new connection in full first. */
static void a_connection_begins_without_aliases(void)
{
	struct peer p = peer_aliased(5, 10);

	publish(&p, 1, "topic");
	publish(&p, 1, "topic");
	is_sent(&p, "topic", 1);
	is_sent(&p, "", 1);
	for (const struct message *m = p.store->head; m; m = m->next)
		is_bytes(m->topic, BYTES_LIT("topic"));
	session_lost(p.s);
	reconnect(&p, true);
	is_sent(&p, "topic", 1);
	is_sent(&p, "", 1);
	ok(p.result.packet.publish.dup);
	session_lost(p.s);
	buf_clear(&p.connack_props);
	reconnect(&p, true);
	is_sent(&p, "topic", 0);
	is_sent(&p, "topic", 0);
	peer_down(&p);
}

/* 5.5: made when the packet takes its place in the output. */
static void order_on_the_wire_decides(void)
{
	struct peer p = peer_aliased(5, 10);
	struct publish packet = { .topic = BYTES_LIT("topic"), .qos = 1 };
	uint64_t seq;

	session_publish(p.s, &packet, 0, p.now, &seq); /* waits for the pump */
	packet.qos = 0;
	session_publish(p.s, &packet, 0, p.now, &seq); /* goes at once */
	pump(&p);
	is_sent(&p, "topic", 1);
	is_int(p.result.packet.publish.qos, 0);
	is_sent(&p, "", 1);
	is_int(p.result.packet.publish.qos, 1);
	peer_down(&p);
}

static void an_alias_must_fit_the_packet_size(void)
{
	struct peer p;
	struct publish packet = { .topic = BYTES_LIT("topic"), .qos = 1 };
	char text[64] = { 0 };
	uint64_t seq;

	peer_init(&p, MQTT_5);
	p.config.aliases_out = 5;
	prop(&p.connack_props, PROP_TOPIC_ALIAS_MAX, 5);
	prop(&p.connack_props, PROP_MAX_PACKET, 50);
	peer_open(&p);
	reconnect(&p, false);
	for (size_t n = 50 - 12; n > 0; n--) {
		packet.payload = bytes_of(text, n);
		is_int(session_publish(p.s, &packet, 0, p.now, &seq), SUBMIT_OK,
		       "%zu", n);
		pump(&p);
		next(&p, PACKET_PUBLISH);
		ok(p.result.used <= 50);
		is_int(p.result.packet.publish.payload.n, n);
	}
	is_int(p.result.packet.publish.alias, 1);
	peer_down(&p);
}

static enum feed arrive_on(struct peer *p, const char *topic, uint16_t alias)
{
	struct publish packet = { .topic = bytes_str(topic),
				  .alias = alias,
				  .payload = BYTES_LIT("x") };
	struct buf b = { 0 };

	ok(encode_publish(&b, MQTT_5, &packet) == 0);
	return feed_buf(p, &b);
}

static struct peer peer_accepting(uint32_t max)
{
	struct peer p;

	peer_init(&p, MQTT_5);
	if (max)
		prop(&p.connect_props, PROP_TOPIC_ALIAS_MAX, max);
	peer_open(&p);
	reconnect(&p, false);
	return p;
}

/* [MQTT-3.3.2-10] */
static void all_up_to_our_maximum_are_understood(void)
{
	struct peer p = peer_accepting(3);

	for (uint16_t i = 1; i <= 3; i++)
		is_int(arrive_on(&p, i == 2 ? "two" : "odd", i), FEED_EVENT);
	is_int(arrive_on(&p, "", 2), FEED_EVENT);
	is_bytes(p.event.message.packet.topic, BYTES_LIT("two"));
	is_int(arrive_on(&p, "", 3), FEED_EVENT);
	is_bytes(p.event.message.packet.topic, BYTES_LIT("odd"));
	is_int(arrive_on(&p, "new", 2), FEED_EVENT);
	is_int(arrive_on(&p, "", 2), FEED_EVENT);
	is_bytes(p.event.message.packet.topic, BYTES_LIT("new"));
	peer_down(&p);
}

static void others_are_errors(void)
{
	static const struct {
		uint32_t max;
		const char *topic;
		uint16_t alias;
		uint8_t reason;
	} rows[] = {
		{ 3, "t", 4, REASON_ALIAS_INVALID },
		{ 0, "t", 1, REASON_ALIAS_INVALID },
		{ 3, "", 2, REASON_PROTOCOL_ERROR },
		{ 3, "", 0, REASON_PROTOCOL_ERROR },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct peer p = peer_accepting(rows[i].max);

		is_failure(&p, arrive_on(&p, rows[i].topic, rows[i].alias),
			   rows[i].reason);
		peer_down(&p);
	}
}

/* [MQTT-3.3.2-8] */
static void alias_0_is_an_error(void)
{
	struct peer p = peer_accepting(3);

	is_failure(&p, feed_bytes(&p, BYTES_LIT("\x30\x07\0\1t\3\x23\0\0")),
		   REASON_ALIAS_INVALID);
	peer_down(&p);
}

/* [MQTT-3.3.2-7] */
static void theirs_die_with_the_connection_too(void)
{
	struct peer p = peer_accepting(3);

	is_int(arrive_on(&p, "topic", 1), FEED_EVENT);
	session_lost(p.s);
	reconnect(&p, false);
	is_failure(&p, arrive_on(&p, "", 1), REASON_PROTOCOL_ERROR);
	peer_down(&p);
}

TEST_MAIN({ "5.5 the first use carries the full topic",
	    the_first_use_carries_the_topic },
	  { "5.5 never above either maximum [MQTT-3.2.2-17, -18]",
	    neither_maximum_is_passed },
	  T(short_topics_need_none), T(not_in_3_x),
	  { "5.5, D7 each connection begins without aliases [MQTT-3.3.2-7]",
	    a_connection_begins_without_aliases },
	  { "5.5 the order on the wire decides", order_on_the_wire_decides },
	  T(an_alias_must_fit_the_packet_size),
	  { "5.5 all up to our maximum [MQTT-3.3.2-10]",
	    all_up_to_our_maximum_are_understood },
	  { "5.5 above the maximum 0x94, unknown 0x82", others_are_errors },
	  { "5.5 alias 0: 0x94 [MQTT-3.3.2-8]", alias_0_is_an_error },
	  T(theirs_die_with_the_connection_too))
