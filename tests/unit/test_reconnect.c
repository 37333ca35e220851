/* SPDX-License-Identifier: MIT */
/* The reconnect policy against a clock of our own. */
#include "base/clock.h"
#include "client/reconnect.h"
#include "mqtt/reason.h"
#include "test.h"

static const struct reconnect_params usual = {
	.is_enabled = true,
	.delay = CLOCK_SEC,
	.max_delay = 60 * CLOCK_SEC,
	.stable_after = 10 * CLOCK_SEC,
	.seed = 7,
};

static struct err why(enum err_kind kind, int code)
{
	return (struct err){ .kind = kind, .code = code };
}

static void delays_are_jittered_within_a_doubling_limit(void)
{
	struct err lost = why(ERR_LOST, 0);
	uint64_t limit = CLOCK_SEC, delay = 0, sum = 0;
	struct reconnect r;

	reconnect_init(&r, &usual, 0);
	for (int i = 0; i < 40; i++) {
		is_int(reconnect_next(&r, &lost, true, 1, &delay),
		       RECONNECT_AFTER);
		ok(delay >= RECONNECT_FLOOR && delay <= limit,
		   "round %d: %llu ns of %llu", i, (unsigned long long)delay,
		   (unsigned long long)limit);
		sum += delay;
		limit = limit * 2 > usual.max_delay ? usual.max_delay
						    : limit * 2;
	}
	/* Full jitter: about half of the cap on average. */
	ok(sum > 40 * 15 * CLOCK_SEC && sum < 40 * 45 * CLOCK_SEC, "sum %llu s",
	   (unsigned long long)(sum / CLOCK_SEC));
}

/* D4: the cap holds also when it is no multiple, and is nobody else's. */
static void an_odd_cap_is_never_passed_and_state_is_per_client(void)
{
	struct reconnect_params p = usual;
	struct err lost = why(ERR_LOST, 0);
	struct reconnect a, b;
	uint64_t delay = 0;

	p.max_delay = 7 * CLOCK_SEC + 13;
	reconnect_init(&a, &p, 0);
	reconnect_init(&b, &p, 0);
	for (int i = 0; i < 100; i++) {
		(void)reconnect_next(&a, &lost, true, 1, &delay);
		ok(delay <= p.max_delay);
	}
	is_int(b.exponent, 0);
	(void)reconnect_next(&b, &lost, true, 1, &delay);
	ok(delay <= p.delay, "the other client starts from the base");
}

static void backoff_starts_anew_only_after_a_stable_time(void)
{
	struct err lost = why(ERR_LOST, 0);
	struct reconnect r;
	uint64_t delay;

	reconnect_init(&r, &usual, 0);
	for (int i = 0; i < 4; i++)
		(void)reconnect_next(&r, &lost, true, 1, &delay);
	is_int(r.exponent, 4);
	reconnect_up(&r, 100 * CLOCK_SEC);
	(void)reconnect_next(&r, &lost, true, 105 * CLOCK_SEC, &delay);
	is_int(r.exponent, 5, "flapping goes on backing off");
	reconnect_up(&r, 200 * CLOCK_SEC);
	(void)reconnect_next(&r, &lost, true, 211 * CLOCK_SEC, &delay);
	is_int(r.exponent, 1, "a stable connection forgets");
	is_int(r.attempt, 1);
}

/* core-semantics 5.8, row by row. */
static void reasons_decide_whether_to_try_again(void)
{
	static const uint8_t stop[] = { 0x81, 0x82, 0x85, 0x86, 0x87, 0x8A,
					0x8C, 0x90, 0x95, 0x99, 0x9A, 0x9B };
	static const uint8_t again[] = { 0x80, 0x83, 0x88, 0x89, 0x97, 0x9F };
	static const uint8_t lost_again[] = { 0x8B, 0x8D, 0xA0 };
	static const uint8_t lost_stop[] = { 0x8E, 0x98 };
	struct reconnect r;
	uint64_t delay;
	struct err e;

	reconnect_init(&r, &usual, 0);
	for (size_t i = 0; i < sizeof(stop); i++) {
		e = why(ERR_REFUSED, stop[i]);
		is_int(reconnect_next(&r, &e, true, 1, &delay),
		       RECONNECT_PERMANENT, "0x%02x", stop[i]);
	}
	for (size_t i = 0; i < sizeof(again); i++) {
		e = why(ERR_BUSY, again[i]);
		is_int(reconnect_next(&r, &e, true, 1, &delay), RECONNECT_AFTER,
		       "0x%02x", again[i]);
	}
	for (size_t i = 0; i < sizeof(lost_again); i++) {
		e = why(ERR_LOST, lost_again[i]);
		is_int(reconnect_next(&r, &e, true, 1, &delay), RECONNECT_AFTER,
		       "0x%02x", lost_again[i]);
	}
	for (size_t i = 0; i < sizeof(lost_stop); i++) {
		e = why(ERR_LOST, lost_stop[i]);
		is_int(reconnect_next(&r, &e, true, 1, &delay),
		       RECONNECT_PERMANENT, "0x%02x", lost_stop[i]);
	}
}

static void rate_limits_start_from_a_slow_base(void)
{
	static const uint8_t slow[] = { 0x89, 0x97, 0x9F };
	struct reconnect r;
	uint64_t delay = 0;

	for (size_t i = 0; i < sizeof(slow); i++) {
		struct err e = why(ERR_BUSY, slow[i]);

		reconnect_init(&r, &usual, 0);
		for (int k = 0; k < 20; k++) {
			(void)reconnect_next(&r, &e, true, 1, &delay);
			ok(delay >= RECONNECT_RATE_BASE / 2, "0x%02x", slow[i]);
		}
	}
}

/* D5: the first connection is retried too when that is asked for. */
static void first_connection_and_losses_have_switches_of_their_own(void)
{
	struct reconnect_params p = usual;
	struct err e = why(ERR_CONNECT, 0);
	struct reconnect r;
	uint64_t delay;

	reconnect_init(&r, &p, 0);
	is_int(reconnect_next(&r, &e, false, 1, &delay), RECONNECT_DISABLED);
	is_int(reconnect_next(&r, &e, true, 1, &delay), RECONNECT_AFTER);
	p.retry_first = true;
	is_int(reconnect_next(&r, &e, false, 1, &delay), RECONNECT_AFTER);
	p.is_enabled = false;
	is_int(reconnect_next(&r, &e, true, 1, &delay), RECONNECT_DISABLED);
	e = why(ERR_REFUSED, REASON_BAD_CREDENTIALS);
	is_int(reconnect_next(&r, &e, false, 1, &delay), RECONNECT_PERMANENT);
	p.retry_refused = true;
	is_int(reconnect_next(&r, &e, false, 1, &delay), RECONNECT_AFTER);
}

static void limits_end_it(void)
{
	struct reconnect_params p = usual;
	struct err e = why(ERR_CONNECT, 0);
	struct reconnect r;
	uint64_t delay;

	p.max_attempts = 3;
	reconnect_init(&r, &p, 0);
	for (int i = 0; i < 3; i++)
		is_int(reconnect_next(&r, &e, true, 1, &delay),
		       RECONNECT_AFTER);
	is_int(reconnect_next(&r, &e, true, 1, &delay), RECONNECT_ATTEMPTS);
	p.max_attempts = 0;
	p.max_elapsed = 5 * CLOCK_SEC;
	reconnect_init(&r, &p, 0);
	is_int(reconnect_next(&r, &e, true, CLOCK_SEC, &delay),
	       RECONNECT_AFTER);
	is_int(reconnect_next(&r, &e, true, 7 * CLOCK_SEC, &delay),
	       RECONNECT_ELAPSED);
}

static void one_seed_gives_one_sequence(void)
{
	struct err e = why(ERR_CONNECT, 0);
	uint64_t da = 0, db = 0;
	struct reconnect a, b;

	reconnect_init(&a, &usual, 1);
	reconnect_init(&b, &usual, 2);
	for (int i = 0; i < 20; i++) {
		(void)reconnect_next(&a, &e, true, 1, &da);
		(void)reconnect_next(&b, &e, true, 1, &db);
		is_int(da, db);
	}
}

TEST_MAIN(T(delays_are_jittered_within_a_doubling_limit),
	  T(an_odd_cap_is_never_passed_and_state_is_per_client),
	  T(backoff_starts_anew_only_after_a_stable_time),
	  T(reasons_decide_whether_to_try_again),
	  T(rate_limits_start_from_a_slow_base),
	  T(first_connection_and_losses_have_switches_of_their_own),
	  T(limits_end_it), T(one_seed_gives_one_sequence))
