/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "base/clock.h"
#include "bench/verdict.h"

#define US UINT64_C(1000)

/* 1000/s for a minute against a broker that answers in half a millisecond. */
static struct evidence good(void)
{
	return (struct evidence){
		.is_open = true, .latency = "e2e",
		.levels = {
			{ 50, true, 400 * US, 5 * US, 3 * US, 20 * US, 0,
			  false },
			{ 99, true, 900 * US, 40 * US, 30 * US, 80 * US, 0,
			  false },
			{ 99.9, true, 3000 * US, 90 * US, 60 * US, 200 * US,
			  0, false },
		},
		.busiest = 0.2, .asked = 1000, .achieved = 999.5,
		.received = 60000, .measured = 60000,
		.expects_messages = true,
	};
}

static struct verdict judged(const struct evidence *e)
{
	struct verdict v;

	verdict_judge(e, &v);
	return v;
}

static void calm_run_is_valid(void)
{
	struct evidence e = good();
	struct verdict v = judged(&e);

	is_int(v.trust, TRUST_VALID);
	is_int(v.bound, BOUND_NONE);
	is_int(v.count, 0);
}

static void stall_of_the_broker_is_valid(void)
{
	struct evidence e = good();
	struct verdict v;

	/* Two seconds: p99 and above are the broker's, and so is the wait. */
	e.levels[1].reported = 1400 * CLOCK_MSEC;
	e.levels[2].reported = 1900 * CLOCK_MSEC;
	e.waited = 0.04;
	v = judged(&e);
	is_int(v.trust, TRUST_VALID);
	is_int(v.count, 0);
}

static void slow_generator_is_found(void)
{
	struct evidence e = good();
	struct verdict v;

	e.levels[1].timer = 200 * US;
	v = judged(&e);
	is_int(v.trust, TRUST_SUSPECT);
	is_str(v.reasons[0].text, "this program's timer lag p99 is 200 us, "
				  "22 % of e2e p99 (900 us)");
	e.levels[2].timer = 2500 * US;
	v = judged(&e);
	is_int(v.trust, TRUST_INVALID);
	is_int(v.bound, BOUND_GENERATOR);
	is_int(v.count, 1);
	is_str(v.reasons[0].text, "this program's timer lag p99.9 is 2.50 ms, "
				  "83 % of e2e p99.9 (3.00 ms)");
	e.levels[2].is_partial = true;
	v = judged(&e);
	is_str(v.reasons[0].text, "this program's timer lag p99.9 is 2.50 ms, "
				  "83 % of e2e p99.9 (3.00 ms of those that "
				  "came)");
}

/* Connections alone: who held them up is told apart as with messages. */
static void connects_are_judged_where_there_is_nothing_else(void)
{
	struct evidence e = { .is_open = true,
			      .connects_only = true,
			      .latency = "conn.total",
			      .levels = { { 50, true, 80 * CLOCK_MSEC, US, US,
					    0, 0, false } } };
	struct verdict v = judged(&e);

	is_int(v.trust, TRUST_VALID);
	is_int(v.bound, BOUND_NONE);
	e.connects_held = true;
	v = judged(&e);
	is_int(v.trust, TRUST_VALID);
	is_int(v.bound, BOUND_BROKER);
	e.busiest = 0.95;
	v = judged(&e);
	is_int(v.trust, TRUST_INVALID);
	is_int(v.bound, BOUND_GENERATOR);
	e.connects_held = false;
	v = judged(&e);
	is_int(v.trust, TRUST_SUSPECT);
	e.busiest = 0.2;
	e.levels[0].timer = 70 * CLOCK_MSEC;
	v = judged(&e);
	is_int(v.trust, TRUST_INVALID);
	is_int(v.bound, BOUND_GENERATOR);
}

static void connects_beside_messages_are_doubted_when_worthless(void)
{
	struct evidence e = good();
	struct verdict v;

	e.connect = "conn.total";
	e.connects[0] = (struct evidence_level){
		.percentile = 50,
		.is_known = true,
		.reported = CLOCK_MSEC,
		.timer = 400 * US,
		.floor = 3 * US,
	};
	v = judged(&e);
	is_int(v.trust, TRUST_VALID);
	e.connects[0].timer = 600 * US;
	v = judged(&e);
	is_int(v.trust, TRUST_SUSPECT);
	is_int(v.bound, BOUND_NONE);
	is_str(v.reasons[0].text, "this program's lag in connecting p50 is "
				  "600 us, 60 % of conn.total p50 (1.00 ms)");
}

/* QoS 0 that nobody receives has no latency, but rates. */
static void without_a_latency_rates_are_what_a_lag_spoils(void)
{
	struct evidence e = good();
	struct verdict v;

	e.latency = NULL;
	for (int i = 0; i < 3; i++)
		e.levels[i].reported = CLOCK_SEC;
	e.levels[1].timer = 90 * CLOCK_MSEC;
	is_int(judged(&e).trust, TRUST_VALID);
	e.levels[1].timer = 200 * CLOCK_MSEC;
	v = judged(&e);
	is_int(v.trust, TRUST_SUSPECT);
	is_str(v.reasons[0].text, "this program's timer lag p99 is 200 ms, "
				  "20 % of the second by which rates are "
				  "counted");
	e.levels[1].timer = 600 * CLOCK_MSEC;
	is_int(judged(&e).trust, TRUST_INVALID);
	is_int(judged(&e).bound, BOUND_GENERATOR);
}

static void idle_lag_of_the_machine_is_no_fault(void)
{
	struct evidence e = good();

	/* A machine whose timers are always that late. */
	e.levels[1].timer = 400 * US;
	e.levels[1].floor = 200 * US;
	is_int(judged(&e).trust, TRUST_VALID);
	/* It is too coarse for what is mostly its own lag, idle or not. */
	e.levels[1].timer = 500 * US;
	is_int(judged(&e).trust, TRUST_SUSPECT);
	is_int(judged(&e).bound, BOUND_NONE);
	is_str(judged(&e).reasons[0].text,
	       "timer lag, hardly more than on "
	       "the idle machine, p99 is 500 us, 56 % of e2e p99 (900 us)");
	e.levels[1].is_known = false;
	e.levels[1].floor = 0;
	is_int(judged(&e).trust, TRUST_VALID, "too few samples to say");
}

static void full_threads_are_generator_bound(void)
{
	struct evidence e = good();
	struct verdict v;

	e.busiest = 0.97;
	v = judged(&e);
	is_int(v.trust, TRUST_SUSPECT);
	is_int(v.bound, BOUND_GENERATOR);
	e.achieved = 800;
	v = judged(&e);
	is_int(v.trust, TRUST_INVALID);
	is_str(v.reasons[0].text, "a thread of this program was busy for 97 % "
				  "of the time and the rate was not reached");
	e = good();
	e.busiest = 0.95;
	e.levels[1].turn = 700 * US;
	v = judged(&e);
	is_int(v.trust, TRUST_INVALID, "messages waited for the loop");
}

static void missed_rate_with_time_to_spare_is_the_broker(void)
{
	struct evidence e = good();
	struct verdict v;

	e.achieved = 700;
	e.waited = 0.9;
	v = judged(&e);
	is_int(v.trust, TRUST_VALID, "the target was missed, truly");
	is_int(v.bound, BOUND_BROKER);
	is_str(v.reasons[0].text,
	       "1.00 k/s asked for, 700/s reached: the "
	       "broker's acknowledgements or socket held it back");
}

static void wrong_books_are_invalid(void)
{
	struct evidence e = good();
	struct verdict v;

	e.imbalances = 1;
	e.throttled = 0.02;
	e.steal = 0.2;
	e.uncertain = 5;
	v = judged(&e);
	is_int(v.trust, TRUST_INVALID);
	is_int(v.count, 4);
	is_str(v.reasons[0].text, "the counts do not add up in 1 place");
	is_int(v.reasons[1].trust, TRUST_SUSPECT, "the worst comes first");
	e = good();
	e.clock_errors = 1;
	is_int(judged(&e).trust, TRUST_INVALID);
	e = good();
	e.untracked = 1;
	is_int(judged(&e).trust, TRUST_INVALID);
}

static void worst_reason_comes_first(void)
{
	struct evidence e = good();
	struct verdict v;

	e.achieved = 700;
	e.busiest = 0.5;
	e.measured = 0;
	v = judged(&e);
	is_int(v.trust, TRUST_INVALID);
	is_int(v.count, 2);
	is_str(v.reasons[0].text, "nothing was measured");
	is_int(v.reasons[1].trust, TRUST_VALID);
}

/* Of many runs the last may be the one that is wrong. */
static void the_worst_reason_has_a_place(void)
{
	struct verdict v = { .trust = TRUST_VALID };

	for (int i = 0; i < 20; i++)
		verdict_add(&v, i < 15 ? TRUST_VALID : TRUST_SUSPECT, "run %d",
			    i);
	verdict_add(&v, TRUST_INVALID, "run 20");
	verdict_add(&v, TRUST_VALID, "run 21");
	is_int(v.trust, TRUST_INVALID);
	is_int(v.count, VERDICT_REASONS);
	is_str(v.reasons[0].text, "run 20");
	is_str(v.reasons[1].text, "run 15");
	is_str(v.reasons[5].text, "run 19");
	is_str(v.reasons[6].text, "run 0");
}

static void closed_model_is_its_own_limit(void)
{
	struct evidence e = good();

	e.is_open = false;
	e.levels[1].turn = 800 * US;
	e.levels[1].timer = 800 * US;
	is_int(judged(&e).trust, TRUST_VALID);
	e.busiest = 0.99;
	is_int(judged(&e).trust, TRUST_SUSPECT);
	is_int(judged(&e).bound, BOUND_GENERATOR);
}

static void short_and_broken_runs_are_suspect(void)
{
	struct evidence e = good();

	e.is_partial = true;
	is_int(judged(&e).trust, TRUST_SUSPECT);
	e = good();
	e.measured = 99;
	is_int(judged(&e).trust, TRUST_SUSPECT);
	e.expects_messages = false;
	is_int(judged(&e).trust, TRUST_VALID, "a test of connections");
	e = good();
	e.unsteady = "e2e.p99 rose from 1 ms to 9 ms";
	is_int(judged(&e).trust, TRUST_SUSPECT);
}

TEST_MAIN(T(calm_run_is_valid), T(stall_of_the_broker_is_valid),
	  T(slow_generator_is_found),
	  T(connects_are_judged_where_there_is_nothing_else),
	  T(connects_beside_messages_are_doubted_when_worthless),
	  T(without_a_latency_rates_are_what_a_lag_spoils),
	  T(idle_lag_of_the_machine_is_no_fault),
	  T(full_threads_are_generator_bound),
	  T(missed_rate_with_time_to_spare_is_the_broker),
	  T(wrong_books_are_invalid), T(worst_reason_comes_first),
	  T(the_worst_reason_has_a_place), T(closed_model_is_its_own_limit),
	  T(short_and_broken_runs_are_suspect))
