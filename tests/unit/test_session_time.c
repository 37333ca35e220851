/* SPDX-License-Identifier: MIT */
/* Keepalive through the session: section 6.6; the rules themselves are
 * tested with mqtt/keepalive.h. */
#include "session_peer.h"

#define S CLOCK_SEC

static enum tick tick_at(struct peer *p, uint64_t when)
{
	p->now = when;
	return session_tick(p->s, when);
}

static enum feed pong(struct peer *p)
{
	return feed_bytes(p, BYTES_LIT("\xd0\x00"));
}

static void idle_connections_ping(void)
{
	struct peer p = peer_up(MQTT_5);
	uint64_t start = p.now;

	for (int i = 1; i < 10; i++) {
		is_int(session_deadline(p.s), p.now + 54 * S);
		is_int(tick_at(&p, session_deadline(p.s)), TICK_OK);
		next(&p, PACKET_PINGREQ);
		is_int(pong(&p), FEED_EVENT);
		is_int(p.event.type, EVENT_PONG);
		is_int(pong(&p), FEED_NONE, "nobody asked");
	}
	is_int(p.now, start + 9 * 54 * S);
	peer_down(&p);
}

static void silence_is_death(void)
{
	struct peer p = peer_up(MQTT_5);
	uint64_t start = p.now;

	is_int(tick_at(&p, start + 54 * S), TICK_OK);
	next(&p, PACKET_PINGREQ);
	is_int(session_deadline(p.s), start + 74 * S);
	session_heard(p.s, start + 60 * S);
	is_int(tick_at(&p, start + 74 * S), TICK_OK, "any byte counts");
	is_int(tick_at(&p, start + 80 * S), TICK_DEAD);
	peer_down(&p);
}

/* 5.4 [MQTT-3.1.2-21], [MQTT-3.2.2-21] */
static void the_servers_keepalive_is_used(void)
{
	struct peer p;

	peer_init(&p, MQTT_5);
	prop(&p.connack_props, PROP_SERVER_KEEPALIVE, 10);
	peer_open(&p);
	reconnect(&p, false);
	is_int(session_limits(p.s)->keepalive, 10);
	is_int(session_deadline(p.s), p.now + 9 * S);
	session_lost(p.s);
	buf_clear(&p.connack_props);
	reconnect(&p, false);
	is_int(session_limits(p.s)->keepalive, 60, "ours again");
	is_int(session_deadline(p.s), p.now + 54 * S);
	session_lost(p.s);
	prop(&p.connack_props, PROP_SERVER_KEEPALIVE, 0);
	reconnect(&p, false);
	ok(session_deadline(p.s) == CLOCK_NEVER, "off");
	peer_down(&p);
}

static void output_that_does_not_leave(void)
{
	struct peer p = peer_up(MQTT_5);
	uint64_t start = p.now;

	publish(&p, 0, "stuck");
	is_int(session_deadline(p.s), start + 30 * S);
	session_heard(p.s, start + 29 * S);
	is_int(tick_at(&p, start + 29 * S), TICK_OK);
	session_sent(p.s, 1, p.now);
	is_int(tick_at(&p, start + 58 * S), TICK_OK);
	is_int(tick_at(&p, start + 59 * S), TICK_STALLED);
	peer_down(&p);
}

/* The server needs our pings while we do not read it. */
static void paused_connections_ping(void)
{
	struct peer p = peer_up(MQTT_5);

	session_set_paused(p.s, true, p.now);
	for (int i = 0; i < 5; i++) {
		is_int(tick_at(&p, p.now + 54 * S), TICK_OK);
		next(&p, PACKET_PINGREQ);
	}
	session_set_paused(p.s, false, p.now);
	is_int(tick_at(&p, p.now + 19 * S), TICK_OK);
	is_int(tick_at(&p, p.now + S), TICK_DEAD);
	peer_down(&p);
}

/* The ping deadline runs though the ping waits behind a large publish. */
static void a_ping_behind_a_blocked_publish(void)
{
	struct peer p;
	uint64_t start;

	peer_init(&p, MQTT_5);
	p.config.write_timeout = 1000 * S;
	peer_open(&p);
	reconnect(&p, false);
	start = p.now;
	publish(&p, 0, "large");
	session_sent(p.s, session_output(p.s).n - 1, p.now);
	is_int(tick_at(&p, start + 54 * S), TICK_OK);
	is_int(session_output(p.s).n, 1, "the publish is not cut");
	is_int(session_deadline(p.s), start + 74 * S);
	is_int(tick_at(&p, start + 74 * S), TICK_DEAD);
	peer_down(&p);
}

/* What the peer takes of that publish shows that it lives. */
static void a_ping_behind_a_long_publish(void)
{
	struct peer p = peer_up(MQTT_5);
	uint64_t start = p.now;

	publish(&p, 0,
		"a payload with a byte for every second of three minutes"
		" and, since it takes so very long, of some more of them "
		"which come after: a link as slow as that is rare enough "
		"but there are some.");
	while (session_output(p.s).n > 2) {
		session_sent(p.s, 1, p.now);
		is_int(tick_at(&p, p.now + S), TICK_OK);
	}
	ok(p.now > start + 180 * S);
	session_sent(p.s, 2, p.now);
	next(&p, PACKET_PINGREQ);
	is_int(tick_at(&p, p.now + 19 * S), TICK_OK);
	is_int(tick_at(&p, p.now + S), TICK_DEAD);
	peer_down(&p);
}

static void probes_by_hand(void)
{
	struct peer p = peer_up(MQTT_5);

	session_ping(p.s, p.now);
	next(&p, PACKET_PINGREQ);
	is_int(session_deadline(p.s), p.now + 20 * S);
	is_int(pong(&p), FEED_EVENT);
	peer_down(&p);
}

static void sleeping_machines_find_out(void)
{
	struct peer p = peer_up(MQTT_5);

	is_int(tick_at(&p, p.now + 3600 * S), TICK_DEAD);
	peer_down(&p);
}

/* A quiet connection keeps no storage. */
static void quiet_moments_are_used_to_tidy_up(void)
{
	struct peer p = peer_up(MQTT_5);

	publish(&p, 1, "a");
	ack(&p, PACKET_PUBACK, next(&p, PACKET_PUBLISH)->publish.pid, 0);
	arrive(&p, 1, 5, false);
	session_acknowledge(p.s, 1);
	next(&p, PACKET_PUBACK);
	ok(p.s->ids.slots && p.s->arrivals && p.s->lanes.publish.data);
	is_int(tick_at(&p, p.now + 54 * S), TICK_OK);
	ok(!p.s->ids.slots && !p.s->arrivals && !p.s->lanes.publish.data);
	next(&p, PACKET_PINGREQ);
	peer_down(&p);
}

static void no_connection_no_deadline(void)
{
	struct peer p = peer_up(MQTT_5);

	session_lost(p.s);
	ok(session_deadline(p.s) == CLOCK_NEVER);
	is_int(tick_at(&p, p.now + 9999 * S), TICK_OK);
	peer_down(&p);
}

TEST_MAIN({ "5.7, 6.6 ping when idle [MQTT-3.1.2-20]", idle_connections_ping },
	  { "6.6 silence is death, any byte is life", silence_is_death },
	  { "5.4 Server Keep Alive, and back to ours",
	    the_servers_keepalive_is_used },
	  { "6.6 output that does not leave", output_that_does_not_leave },
	  { "6.4 pings while reading is paused", paused_connections_ping },
	  { "6.6 a ping behind a blocked publish",
	    a_ping_behind_a_blocked_publish },
	  { "6.6 a ping behind a long publish", a_ping_behind_a_long_publish },
	  T(probes_by_hand), T(sleeping_machines_find_out),
	  T(quiet_moments_are_used_to_tidy_up), T(no_connection_no_deadline))
