/* SPDX-License-Identifier: MIT */
#include "test.h"

#include <math.h>
#include <stdlib.h>

#include "bench/judge.h"
#include "bench_sample.h"

static struct reading read_metric(const struct result *r, const char *name,
				  const struct result *base)
{
	struct reading m = { 0 };
	struct metric metric;

	if (is_int(metric_parse(name, &metric, NULL), 0))
		judge_read(r, &metric, base, &m);
	return m;
}

static void values_are_found(void)
{
	struct result r, other;
	struct reading m;

	sample_result(&r, 1);
	sample_result(&other, 2);
	m = read_metric(&r, "lost", NULL);
	ok(!m.missing && fabs(m.value - 1) < 1e-9);
	ok(fabs(m.whole - 2000) < 1e-9, "of the expected");
	m = read_metric(&r, "rate.in", NULL);
	ok(fabs(m.value - 100) < 1e-9 && fabs(m.asked - 100) < 1e-9);
	m = read_metric(&r, "e2e.p50", NULL);
	ok(!m.missing && m.value > 400000 && m.value < 600000, "%g", m.value);
	m = read_metric(&r, "e2e.p50", &other);
	ok(m.has_base && m.base > 1.9 * m.value);
	m = read_metric(&r, "e2e.count", NULL);
	ok(fabs(m.value - 1999) < 1e-9);
	m = read_metric(&r, "errors", NULL);
	ok(fabs(m.value - 2) < 1e-9, "one lost, one refused: %g", m.value);
	m = read_metric(&r, "memory", NULL);
	ok(fabs(m.value - (5 << 20)) < 1e-9);
	result_release(&r);
	result_release(&other);
}

static void losses_are_infinitely_late(void)
{
	struct result r;

	sample_result(&r, 1);
	ok(isinf(read_metric(&r, "e2e.max", NULL).value));
	ok(isinf(read_metric(&r, "e2e.p100", NULL).value));
	ok(!isinf(read_metric(&r, "e2e.p99", NULL).value));
	r.late_deliveries = 100;
	ok(isinf(read_metric(&r, "e2e.p99", NULL).value));
	ok(!isinf(read_metric(&r, "pub.ack.max", NULL).value));
	result_release(&r);
}

/* Tables and files say what requirements hold against. */
static void tables_say_never(void)
{
	struct metric p99, max;
	struct result r;
	char text[32];

	is_int(metric_parse("e2e.p99", &p99, NULL), 0);
	is_int(metric_parse("e2e.max", &max, NULL), 0);
	sample_result(&r, 1);
	ok(strstr(judge_text(&r, &p99, text, sizeof(text)), " us"));
	is_str(judge_text(&r, &max, text, sizeof(text)), "never");
	r.late_deliveries = 100;
	is_str(judge_text(&r, &p99, text, sizeof(text)), "never");
	p99.percentile = 99.9;
	is_str(judge_text(&r, &p99, text, sizeof(text)), NULL,
	       "1,000 messages are too few");
	hist_clear(&r.timings[TIMING_E2E]);
	ok(judge_has_any(&r, TIMING_E2E), "all of them are lost");
	r.late_deliveries = 0;
	ok(!judge_has_any(&r, TIMING_E2E));
	r.late_echoes = 1;
	ok(judge_has_any(&r, TIMING_ECHO));
	result_release(&r);
}

/* 1,999 deliveries to four clients may be of 499 messages only. */
static void who_only_listens_counts_carefully(void)
{
	struct result r;

	sample_result(&r, 1);
	ok(judge_has_enough(&r, TIMING_E2E, 99));
	r.measured_sent = 0;
	ok(!judge_has_enough(&r, TIMING_E2E, 99));
	ok(judge_has_enough(&r, TIMING_E2E, 90));
	ok(judge_has_enough(&r, TIMING_PUB_ACK, 99), "one each");
	result_release(&r);
}

/* The connects of QoS 0 without receivers are no measure of its lag. */
static void rates_are_judged_by_the_second(void)
{
	struct result r;
	struct err e = { 0 };

	sample_result(&r, 1);
	hist_clear(&r.timings[TIMING_E2E]);
	hist_clear(&r.timings[TIMING_PUB_ACK]);
	r.late_deliveries = 0;
	hist_clear(&r.timings[TIMING_LAG_TIMER]);
	hist_record_many(&r.timings[TIMING_LAG_TIMER], 50000000, 2000);
	is_int(judge_result(&r, &e), 0);
	is_int(r.verdict.trust, TRUST_VALID, "%s", r.verdict.reasons[0].text);
	hist_record_many(&r.timings[TIMING_LAG_TIMER], 700000000, 2000);
	is_int(judge_result(&r, &e), 0);
	is_int(r.verdict.trust, TRUST_INVALID);
	ok(strstr(r.verdict.reasons[0].text, "of the second by which"), "%s",
	   r.verdict.reasons[0].text);
	result_release(&r);
}

/* `late` of `n` messages left and arrived 62 ms late, the others in half a
 * millisecond. */
static void sample_lag(struct result *r, uint64_t n, uint64_t late)
{
	static const enum timing used[] = { TIMING_E2E, TIMING_LAG_TIMER };
	struct hist *h;

	sample_result(r, 1);
	r->measured_sent = n;
	r->late_deliveries = 0;
	for (size_t i = 0; i < ARRAY_SIZE(used); i++) {
		h = &r->timings[used[i]];
		hist_clear(h);
		hist_record_many(h, i ? 5000 : 500000, n - late);
		hist_record_many(h, i ? 62000000 : 62500000, late);
	}
}

/* What few messages cannot say at p99 they say below it. */
static void short_runs_hide_no_lag(void)
{
	static const struct {
		uint64_t n, late;
		const char *percentile;
	} cases[] = { { 200, 25, "p90" },
		      { 999, 105, "p90" },
		      { 60, 12, "p83" },
		      { 20, 11, "p50" } };
	struct result r;
	struct err e = { 0 };
	char text[64];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		sample_lag(&r, cases[i].n, cases[i].late);
		is_int(judge_result(&r, &e), 0);
		is_int(r.verdict.trust, TRUST_INVALID, "of %d messages",
		       (int)cases[i].n);
		is_int(r.verdict.bound, BOUND_GENERATOR);
		snprintf(text, sizeof(text), "timer lag %s is 6",
			 cases[i].percentile);
		ok(strstr(r.verdict.reasons[0].text, text), "%s",
		   r.verdict.reasons[0].text);
		result_release(&r);
	}
	sample_lag(&r, 200, 5);
	is_int(judge_result(&r, &e), 0);
	is_int(r.verdict.trust, TRUST_VALID, "%s", r.verdict.reasons[0].text);
	result_release(&r);

	/* The report has another p90 then, with those that never came. */
	sample_lag(&r, 200, 25);
	r.late_deliveries = 10;
	is_int(judge_result(&r, &e), 0);
	is_int(r.verdict.trust, TRUST_INVALID);
	ok(strstr(r.verdict.reasons[0].text, "of those that came)"), "%s",
	   r.verdict.reasons[0].text);
	result_release(&r);
}

/* Threads that only receive are late for themselves. */
static void either_lag_counts(void)
{
	struct hist *h;
	struct result r;
	struct err e = { 0 };

	sample_lag(&r, 200, 25);
	h = result_timing(&r, TIMING_LAG_RECEIVE);
	hist_record_many(h, 5000, 3000);
	is_int(judge_result(&r, &e), 0);
	is_int(r.verdict.trust, TRUST_INVALID, "the messages were");
	result_release(&r);

	sample_lag(&r, 200, 25);
	hist_clear(&r.timings[TIMING_LAG_TIMER]);
	hist_record_many(&r.timings[TIMING_LAG_TIMER], 5000, 200);
	is_int(judge_result(&r, &e), 0);
	is_int(r.verdict.trust, TRUST_VALID, "%s", r.verdict.reasons[0].text);
	h = result_timing(&r, TIMING_LAG_RECEIVE);
	hist_record_many(h, 5000, 800);
	hist_record_many(h, 62000000, 200);
	is_int(judge_result(&r, &e), 0);
	is_int(r.verdict.trust, TRUST_INVALID, "their receivers were");
	is_int(judge_own_lag(&r), TIMING_LAG_TIMER);
	result_release(&r);
}

/* Late by so many ticks of 10 ms in one stall, of all that were in the run. */
static void sample_stall(struct result *r, uint64_t ticks, uint64_t late)
{
	struct hist *h = result_timing(r, TIMING_LAG_RECEIVE);

	hist_record_many(h, 5000, ticks - late);
	for (uint64_t i = 1; i <= late; i++)
		hist_record_many(h, i * 10000000, 1);
}

/* A listener stands still: 500 ms of a minute are all of p99.9, for which its
 * ticks are few. A single tick says what the highest percentile may be. */
static void few_ticks_of_a_listener_hide_no_stall(void)
{
	struct result r;
	struct err e = { 0 };

	sample_lag(&r, 60000, 500);
	hist_clear(&r.timings[TIMING_LAG_TIMER]);
	hist_record_many(&r.timings[TIMING_LAG_TIMER], 5000, 60000);
	is_int(judge_result(&r, &e), 0);
	is_int(r.verdict.trust, TRUST_VALID, "%s", r.verdict.reasons[0].text);
	sample_stall(&r, 6000, 50);
	is_int(judge_result(&r, &e), 0);
	is_int(r.verdict.trust, TRUST_INVALID);
	ok(strstr(r.verdict.reasons[0].text, "timer lag p99.9 is 4"), "%s",
	   r.verdict.reasons[0].text);
	result_release(&r);

	sample_lag(&r, 60000, 500);
	hist_clear(&r.timings[TIMING_LAG_TIMER]);
	sample_stall(&r, 900, 1);
	is_int(judge_result(&r, &e), 0);
	is_int(r.verdict.trust, TRUST_SUSPECT);
	is_int(r.verdict.bound, BOUND_NONE);
	ok(strstr(r.verdict.reasons[0].text, "timer lag, of few samples, p99.9 "
					     "is 10"),
	   "%s", r.verdict.reasons[0].text);
	/* Senders that are later are known. */
	hist_record_many(&r.timings[TIMING_LAG_TIMER], 62000000, 60000);
	is_int(judge_result(&r, &e), 0);
	is_int(r.verdict.trust, TRUST_INVALID);
	result_release(&r);
}

/* One message, delivered to thousands after the second that it was sent in. */
static void deliveries_of_one_message_are_no_samples(void)
{
	struct interval i = {
		.e2e_count = 5000, .e2e_p50 = 1, .e2e_p99 = 1, .connected = 5001
	};
	struct result r;

	ok(!judge_interval_has(&i, true, 50));
	i.sent = 1;
	ok(!judge_interval_has(&i, true, 50));
	i.sent = 0;
	i.connected = 5;
	ok(judge_interval_has(&i, true, 99));

	/* What was sent and not acknowledged is one message, not two. */
	sample_result(&r, 1);
	r.measured_sent = r.late_publishes = 600;
	ok(!judge_has_enough(&r, TIMING_E2E, 99));
	ok(judge_has_enough(&r, TIMING_E2E, 90));
	r.late_publishes = 1000;
	ok(judge_has_enough(&r, TIMING_E2E, 99), "400 were never sent");
	result_release(&r);
}

static void too_few_for_any_percentile_are_not_trusted(void)
{
	struct result r;
	struct err e = { 0 };

	/* 200 were sent, but 12 of them to somebody. */
	sample_lag(&r, 12, 0);
	r.measured_sent = 200;
	is_int(judge_result(&r, &e), 0);
	is_int(r.verdict.trust, TRUST_SUSPECT);
	is_str(r.verdict.reasons[0].text,
	       "12 of e2e are too few to tell this program's part in it");
	r.measured_sent = 12;
	is_int(judge_result(&r, &e), 0);
	is_int(r.verdict.count, 1);
	is_str(r.verdict.reasons[0].text, "only 12 messages were measured");
	result_release(&r);
}

static void too_little_is_no_data(void)
{
	struct result r;

	sample_result(&r, 1);
	ok(!read_metric(&r, "e2e.p99", NULL).missing);
	/* 1999 deliveries, but of 1000 messages only. */
	ok(read_metric(&r, "e2e.p99.9", NULL).missing != NULL);
	ok(read_metric(&r, "pub.total.p50", NULL).missing != NULL);
	ok(read_metric(&r, "broker.cpu", NULL).missing != NULL);
	r.measured = 0;
	ok(read_metric(&r, "rate.in", NULL).missing != NULL);
	ok(!read_metric(&r, "lost", NULL).missing);
	snprintf(r.losses_unknown, RESULT_TEXT, "topics vary");
	is_str(read_metric(&r, "lost", NULL).missing, "topics vary");
	result_release(&r);
}

/* What nobody knows is no zero, and what failed was not connected. */
static void what_is_not_known_is_not_counted(void)
{
	struct require q;
	struct result r;
	struct err e = { 0 };
	struct reading m;

	sample_result(&r, 1);
	m = read_metric(&r, "rate.connects", NULL);
	ok(fabs(m.value - 4 / 0.5) < 1e-9);
	r.account.n[COUNT_CONNECTED] = 3;
	r.account.n[COUNT_RECONNECTS] = 1;
	m = read_metric(&r, "rate.connects", NULL);
	ok(fabs(m.value - 2 / 0.5) < 1e-9, "%g", m.value);
	snprintf(r.losses_unknown, RESULT_TEXT, "topics vary");
	is_str(read_metric(&r, "errors", NULL).missing, "topics vary");
	is_int(require_parse("errors == 0", &q, &e), 0);
	is_int(judge_requirements(&r, &q, 1, NULL, &e), 1);
	r.shards = 2;
	is_int(judge_requirements(&r, &q, 1, NULL, &e), 0);
	is_str(r.outcomes[1].text, "to be judged by merge");
	require_release(&q);
	result_release(&r);
}

static void requirements_become_outcomes(void)
{
	struct require list[2];
	struct result r;
	struct err e = { 0 };

	sample_result(&r, 1);
	is_int(require_parse("e2e.p50 < 1ms", &list[0], &e), 0);
	is_int(require_parse("lost == 0", &list[1], &e), 0);
	is_int(judge_requirements(&r, list, 1, NULL, &e), 0);
	is_int(judge_requirements(&r, list, 2, NULL, &e), 1);
	is_int(r.outcome_count, 3);
	ok(r.outcomes[0].holds && !r.outcomes[2].holds);
	is_str(r.outcomes[2].text, "lost is 1, wanted == 0");
	require_release(&list[0]);
	require_release(&list[1]);
	result_release(&r);
}

static void evidence_is_gathered(void)
{
	struct result r;
	struct err e = { 0 };

	sample_result(&r, 1);
	is_int(judge_result(&r, &e), 0);
	is_int(r.verdict.trust, TRUST_VALID, "%s", r.verdict.reasons[0].text);
	ok(!r.imbalances);
	r.account.n[COUNT_UNIQUE]--;
	is_int(judge_result(&r, &e), 0);
	is_int(r.verdict.trust, TRUST_INVALID);
	ok(strstr(r.imbalances, "expected 2000 is not unique 1998") != NULL);
	r.account.n[COUNT_UNIQUE]++;
	r.threads[0].cpu = 0.99;
	r.sent_in_time = 500;
	is_int(judge_result(&r, &e), 0);
	is_int(r.verdict.trust, TRUST_INVALID);
	is_int(r.verdict.bound, BOUND_GENERATOR);
	result_release(&r);
}

static void drift_is_noticed(void)
{
	struct result r;
	struct err e = { 0 };

	/* Five messages in each, of which no percentile is known. */
	sample_result(&r, 10);
	for (size_t i = 0; i < r.course_count; i++) {
		r.course[i].e2e_count = r.course[i].sent = 5;
		r.course[i].e2e_mean = 1e6 * (double)(i + 1);
		r.course[i].e2e_p50 = r.course[i].e2e_p99 = 0;
	}
	is_int(judge_result(&r, &e), 0);
	is_int(r.verdict.trust, TRUST_SUSPECT);
	is_str(r.verdict.reasons[0].text, "not steady: the mean of an interval "
					  "rose from 3.00 ms to 10.0 ms");
	/* A stall is no drift. */
	for (size_t i = 0; i < r.course_count; i++)
		r.course[i].e2e_mean = i == 9 ? 2e9 : 5e6;
	is_int(judge_result(&r, &e), 0);
	is_int(r.verdict.trust, TRUST_VALID, "%s", r.verdict.reasons[0].text);
	result_release(&r);
}

TEST_MAIN(T(values_are_found), T(losses_are_infinitely_late),
	  T(tables_say_never), T(who_only_listens_counts_carefully),
	  T(rates_are_judged_by_the_second), T(short_runs_hide_no_lag),
	  T(either_lag_counts), T(few_ticks_of_a_listener_hide_no_stall),
	  T(deliveries_of_one_message_are_no_samples),
	  T(too_few_for_any_percentile_are_not_trusted),
	  T(too_little_is_no_data), T(what_is_not_known_is_not_counted),
	  T(requirements_become_outcomes), T(evidence_is_gathered),
	  T(drift_is_noticed))
