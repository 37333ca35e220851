/* SPDX-License-Identifier: MIT */
/* Liveness rules, section 6.6 of the design. */
#include "mqtt/keepalive.h"

#include "base/clock.h"

#include "test.h"

#define S CLOCK_SEC
#define START (1000 * S)

static struct keepalive up(uint16_t seconds)
{
	struct keepalive_config c = { .keepalive = seconds };
	struct keepalive k = { 0 };

	keepalive_start(&k, &c, START);
	keepalive_set(&k, &c, START);
	return k;
}

static void nothing_before_connack(void)
{
	struct keepalive_config c = { .keepalive = 10 };
	struct keepalive k = { 0 };

	keepalive_start(&k, &c, START);
	ok(keepalive_deadline(&k, false) == CLOCK_NEVER);
	is_int(keepalive_tick(&k, false, START + 100 * S), KEEPALIVE_OK);
}

static void ping_before_the_keepalive_ends(void)
{
	static const struct {
		uint16_t keepalive;
		uint64_t due;
	} rows[] = {
		{ 1, S / 2 },
		{ 2, S },
		{ 3, 2 * S },
		{ 10, 9 * S },
		{ 60, 54 * S },
		{ 600, 540 * S },
		{ 65535, 65535 * S - 65535 * S / 10 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct keepalive k = up(rows[i].keepalive);
		uint64_t due = START + rows[i].due;

		is_int(keepalive_deadline(&k, false), due, "row %zu", i);
		is_int(keepalive_tick(&k, false, due - 1), KEEPALIVE_OK);
		is_int(keepalive_tick(&k, false, due), KEEPALIVE_PING);
		is_int(keepalive_tick(&k, false, due), KEEPALIVE_OK, "once");
	}
}

static void sending_puts_the_ping_off(void)
{
	struct keepalive k = up(60);

	keepalive_sent(&k, true, START + 50 * S);
	keepalive_heard(&k, START + 50 * S);
	is_int(keepalive_deadline(&k, false), START + 104 * S);
}

static void silence_of_the_server_is_tested(void)
{
	struct keepalive k = up(60);

	/* We send all the time, nothing ever comes. */
	for (uint64_t t = 1; t < 60; t++) {
		keepalive_sent(&k, true, START + t * S);
		is_int(keepalive_tick(&k, false, START + t * S), KEEPALIVE_OK);
	}
	is_int(keepalive_deadline(&k, false), START + 60 * S);
	is_int(keepalive_tick(&k, false, START + 60 * S), KEEPALIVE_PING);
	is_int(keepalive_deadline(&k, false), START + 80 * S);
	for (uint64_t t = 60; t < 80; t++)
		keepalive_sent(&k, true, START + t * S);
	is_int(keepalive_tick(&k, false, START + 80 * S), KEEPALIVE_DEAD);
}

static void answers_are_awaited_from_when_the_ping_was_due(void)
{
	struct keepalive k = up(60);

	/* The tick comes five seconds late. */
	is_int(keepalive_tick(&k, false, START + 59 * S), KEEPALIVE_PING);
	is_int(keepalive_deadline(&k, true), START + 74 * S);
	is_int(keepalive_tick(&k, false, START + 74 * S - 1), KEEPALIVE_OK);
	is_int(keepalive_tick(&k, false, START + 74 * S), KEEPALIVE_DEAD);
}

static void a_ping_that_could_not_be_written_counts(void)
{
	struct keepalive_config c = { .keepalive = 60,
				      .write_timeout = 1000 * S };
	struct keepalive k = { 0 };

	keepalive_start(&k, &c, START);
	keepalive_set(&k, &c, START);
	keepalive_waiting(&k, START);
	is_int(keepalive_tick(&k, true, START + 54 * S), KEEPALIVE_PING);
	is_int(keepalive_tick(&k, true, START + 74 * S), KEEPALIVE_DEAD);
}

/* A publish that takes minutes: the ping is behind it. */
static void progress_ahead_of_the_ping_is_life(void)
{
	struct keepalive k = up(60);
	uint64_t t;

	for (t = 0; t < 59; t++)
		keepalive_sent(&k, false, START + t * S);
	is_int(keepalive_tick(&k, true, START + 60 * S), KEEPALIVE_PING);
	for (t = 60; t < 300; t++) {
		keepalive_sent(&k, false, START + t * S);
		keepalive_moved(&k, START + t * S);
		is_int(keepalive_tick(&k, true, START + t * S), KEEPALIVE_OK);
	}
	keepalive_sent(&k, true, START + 300 * S);
	is_int(keepalive_tick(&k, false, START + 318 * S), KEEPALIVE_OK);
	is_int(keepalive_tick(&k, false, START + 319 * S), KEEPALIVE_DEAD);
}

static void any_byte_keeps_it_alive(void)
{
	struct keepalive k = up(60);

	is_int(keepalive_tick(&k, false, START + 54 * S), KEEPALIVE_PING);
	keepalive_heard(&k, START + 70 * S);
	is_int(keepalive_tick(&k, false, START + 89 * S), KEEPALIVE_OK);
	is_int(keepalive_tick(&k, false, START + 90 * S), KEEPALIVE_DEAD);
}

static void pong_ends_the_wait(void)
{
	struct keepalive k = up(60);

	ok(!keepalive_ponged(&k), "nobody asked");
	is_int(keepalive_tick(&k, false, START + 54 * S), KEEPALIVE_PING);
	keepalive_heard(&k, START + 55 * S);
	ok(keepalive_ponged(&k));
	ok(!keepalive_ponged(&k));
	is_int(keepalive_deadline(&k, false), START + 108 * S);
}

static void pings_go_on_while_messages_stream_in(void)
{
	struct keepalive k = up(60);

	/* The server sends and sends but has no time for PINGRESP. */
	is_int(keepalive_tick(&k, false, START + 54 * S), KEEPALIVE_PING);
	for (uint64_t t = 55; t < 108; t++)
		keepalive_heard(&k, START + t * S);
	is_int(keepalive_tick(&k, false, START + 108 * S), KEEPALIVE_PING);
}

static void paused_reading_proves_nothing(void)
{
	struct keepalive k = up(60);

	keepalive_pause(&k, true, START);
	for (uint64_t t = 54; t < 54 * 10; t += 54) {
		is_int(keepalive_deadline(&k, false), START + t * S);
		is_int(keepalive_tick(&k, false, START + t * S), KEEPALIVE_PING,
		       "the broker still needs them");
	}
	keepalive_pause(&k, true, START + 500 * S);
	keepalive_pause(&k, false, START + 500 * S);
	is_int(keepalive_tick(&k, false, START + 519 * S), KEEPALIVE_OK);
	is_int(keepalive_tick(&k, false, START + 520 * S), KEEPALIVE_DEAD,
	       "the wait starts when reading does");
}

static void stalled_output(void)
{
	struct keepalive k = up(60);

	keepalive_waiting(&k, START);
	keepalive_waiting(&k, START + 5 * S);
	is_int(keepalive_deadline(&k, true), START + 30 * S);
	is_int(keepalive_tick(&k, true, START + 29 * S), KEEPALIVE_OK);
	keepalive_sent(&k, false, START + 29 * S);
	is_int(keepalive_tick(&k, true, START + 58 * S), KEEPALIVE_OK);
	is_int(keepalive_tick(&k, true, START + 59 * S), KEEPALIVE_STALLED);
	k = up(10);
	keepalive_waiting(&k, START);
	is_int(keepalive_tick(&k, true, START + 9 * S), KEEPALIVE_PING);
	is_int(keepalive_tick(&k, true, START + 10 * S), KEEPALIVE_STALLED,
	       "never longer than the keepalive");
}

/* What was queued without a time is not held against the peer. */
static void output_of_unknown_age_gets_its_time(void)
{
	struct keepalive k = up(600);

	keepalive_sent(&k, true, START);
	is_int(keepalive_tick(&k, true, START + 100 * S), KEEPALIVE_OK);
	is_int(keepalive_deadline(&k, true), START + 130 * S);
	is_int(keepalive_tick(&k, true, START + 130 * S), KEEPALIVE_STALLED);
}

static void waking_up(void)
{
	struct keepalive k = up(60);

	is_int(keepalive_tick(&k, false, START + 3600 * S), KEEPALIVE_DEAD,
	       "the broker has dropped us long ago");
	k = up(60);
	is_int(keepalive_tick(&k, false, START + 80 * S), KEEPALIVE_PING,
	       "it may still be there");
	is_int(keepalive_deadline(&k, false), START + 100 * S,
	       "and gets its whole time to answer");
	is_int(keepalive_tick(&k, false, START + 100 * S), KEEPALIVE_DEAD);
}

static void keepalive_zero_means_no_pings(void)
{
	struct keepalive k = up(0);

	ok(keepalive_deadline(&k, false) == CLOCK_NEVER);
	is_int(keepalive_tick(&k, false, START + 100000 * S), KEEPALIVE_OK);
	keepalive_pinged(&k, START);
	is_int(keepalive_deadline(&k, false), START + 20 * S,
	       "asked by hand, an answer is awaited");
	is_int(keepalive_tick(&k, false, START + 20 * S), KEEPALIVE_DEAD);
}

static void a_beat_is_a_shorter_interval(void)
{
	struct keepalive_config c = { .keepalive = 600,
				      .beat = 30 * S,
				      .ping_timeout = 5 * S };
	struct keepalive k = { 0 };

	keepalive_start(&k, &c, START);
	keepalive_set(&k, &c, START);
	is_int(keepalive_tick(&k, false, START + 30 * S), KEEPALIVE_PING);
	is_int(keepalive_tick(&k, false, START + 35 * S), KEEPALIVE_DEAD);
	c.keepalive = 10;
	keepalive_set(&k, &c, START);
	is_int(k.interval, 9 * S, "not longer than the keepalive asks");
}

static struct keepalive beating(void)
{
	struct keepalive_config c = { .keepalive = 600, .beat = 30 * S };
	struct keepalive k = { 0 };

	keepalive_start(&k, &c, START);
	keepalive_set(&k, &c, START);
	return k;
}

/* 4.2 rule 1: traffic in either direction keeps the network's memory. */
static void only_true_silence_is_a_probe(void)
{
	struct keepalive k = beating();

	is_int(keepalive_tick(&k, false, START + 30 * S), KEEPALIVE_PING);
	keepalive_sent(&k, true, START + 30 * S);
	ok(keepalive_is_probing(&k));
	keepalive_heard(&k, START + 31 * S);
	ok(keepalive_ponged(&k) && !keepalive_is_probing(&k));
	is_int(keepalive_deadline(&k, false), START + 61 * S);

	keepalive_sent(&k, true, START + 40 * S);
	is_int(keepalive_tick(&k, false, START + 61 * S), KEEPALIVE_PING);
	ok(!keepalive_is_probing(&k), "something was sent meanwhile");

	k = beating();
	is_int(keepalive_tick(&k, true, START + 30 * S - 1), KEEPALIVE_OK);
	keepalive_heard(&k, START + 20 * S);
	is_int(keepalive_deadline(&k, false), START + 50 * S,
	       "what comes in puts it off");

	k = beating();
	is_int(keepalive_tick(&k, true, START + 30 * S), KEEPALIVE_PING);
	ok(!keepalive_is_probing(&k), "it waits behind other output");

	k = beating();
	is_int(keepalive_tick(&k, false, START + 300 * S), KEEPALIVE_PING);
	ok(!keepalive_is_probing(&k), "the machine slept: nobody pinged");
	is_int(keepalive_tick(&k, false, START + 320 * S), KEEPALIVE_DEAD);
}

static void a_lost_probe_is_known_afterwards(void)
{
	struct keepalive_config c = { .keepalive = 600 };
	struct keepalive k = beating();

	is_int(keepalive_tick(&k, false, START + 30 * S), KEEPALIVE_PING);
	keepalive_sent(&k, true, START + 30 * S);
	is_int(keepalive_tick(&k, false, START + 50 * S), KEEPALIVE_DEAD);
	ok(keepalive_is_probing(&k));
	keepalive_start(&k, &c, START + 60 * S);
	ok(!keepalive_is_probing(&k), "until the next connection");
}

static void a_beat_goes_on_while_reading_is_paused(void)
{
	struct keepalive k = beating();

	keepalive_pause(&k, true, START);
	is_int(keepalive_deadline(&k, false), START + 30 * S);
	is_int(keepalive_tick(&k, false, START + 30 * S), KEEPALIVE_PING);
	ok(!keepalive_is_probing(&k), "an answer would not be seen");
}

static void a_beat_can_change(void)
{
	struct keepalive k = beating();

	keepalive_set_beat(&k, 90 * S, 7 * S);
	is_int(keepalive_tick(&k, false, START + 90 * S), KEEPALIVE_PING);
	is_int(keepalive_tick(&k, false, START + 97 * S), KEEPALIVE_DEAD);
	k = beating();
	keepalive_set_beat(&k, 540 * S, 0);
	is_int(k.silence, 30 * S, "the keepalive's own pings come first");
}

static void the_end_needs_no_pings(void)
{
	struct keepalive k = up(60);

	keepalive_pinged(&k, START);
	keepalive_finish(&k);
	ok(keepalive_deadline(&k, false) == CLOCK_NEVER);
	is_int(keepalive_tick(&k, false, START + 500 * S), KEEPALIVE_OK);
	keepalive_waiting(&k, START);
	is_int(keepalive_tick(&k, true, START + 30 * S), KEEPALIVE_STALLED);
}

TEST_MAIN(T(nothing_before_connack), T(ping_before_the_keepalive_ends),
	  T(sending_puts_the_ping_off), T(silence_of_the_server_is_tested),
	  T(answers_are_awaited_from_when_the_ping_was_due),
	  T(a_ping_that_could_not_be_written_counts),
	  T(progress_ahead_of_the_ping_is_life), T(any_byte_keeps_it_alive),
	  T(pong_ends_the_wait), T(pings_go_on_while_messages_stream_in),
	  T(paused_reading_proves_nothing), T(stalled_output),
	  T(output_of_unknown_age_gets_its_time), T(waking_up),
	  T(keepalive_zero_means_no_pings), T(a_beat_is_a_shorter_interval),
	  { "4.2 only true silence is a probe", only_true_silence_is_a_probe },
	  T(a_lost_probe_is_known_afterwards),
	  T(a_beat_goes_on_while_reading_is_paused), T(a_beat_can_change),
	  T(the_end_needs_no_pings))
