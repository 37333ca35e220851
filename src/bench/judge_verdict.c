/* SPDX-License-Identifier: MIT */
/* What speaks for a result and against it. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "bench/judge.h"

#define STEADY_INTERVALS 10 /* too few to say anything below */
#define STEADY_FACTOR 2.0
#define STEADY_MIN_NS 1000000.0

/* The latency that the report is about. */
enum timing judge_main_timing(const struct result *r)
{
	static const enum timing order[] = { TIMING_E2E, TIMING_PUB_ACK,
					     TIMING_PUB_TOTAL, TIMING_ECHO,
					     TIMING_CONN_TOTAL };

	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		if (r->timings[order[i]].total)
			return order[i];
	return TIMING_E2E;
}

static bool has_connects_only(const struct result *r)
{
	return judge_main_timing(r) == TIMING_CONN_TOTAL && !r->measured_sent;
}

enum timing judge_own_lag(const struct result *r)
{
	if (has_connects_only(r))
		return TIMING_LAG_CONNECT;
	return r->timings[TIMING_LAG_TIMER].total ||
			       !r->timings[TIMING_LAG_RECEIVE].total
		       ? TIMING_LAG_TIMER
		       : TIMING_LAG_RECEIVE;
}

/* Publishes that nobody acknowledges or receives: there are rates, and no
 * latency (connects were over before). */
static bool has_rates_only(const struct result *r, enum timing t)
{
	return r->measured_sent &&
	       (t == TIMING_CONN_TOTAL || r->timings[t].total == 0);
}

/* Has none of these samples a place above the percentile? It is the greatest
 * one then. */
static bool is_greatest(const struct hist *h, double p)
{
	return (double)h->total * (100 - p) < 100 * (1 - 1e-9);
}

/* How late the sending threads were, or the receiving ones if that is more.
 * Those have a sample for each tick that they missed, so that even a few tell
 * which part of the time they stood still; the greatest may be chance. */
static void take_lag(const struct result *r, enum timing lag,
		     struct evidence_level *l)
{
	const struct hist *h = &r->timings[TIMING_LAG_RECEIVE];
	uint64_t received = hist_percentile(h, l->percentile, 0);

	if (lag != TIMING_LAG_RECEIVE)
		l->timer = hist_percentile(&r->timings[lag], l->percentile, 0);
	if (lag == TIMING_LAG_CONNECT || received <= l->timer)
		return;
	if (is_greatest(h, l->percentile))
		l->greatest = received;
	else
		l->timer = received;
}

static struct evidence_level level_of(const struct result *r, double p,
				      enum timing t, enum timing lag)
{
	const struct hist *h = r->timings;
	struct evidence_level l = {
		.percentile = p,
		.is_known = judge_has_enough(r, t, p),
		/* With those that never came nothing would be large. */
		.reported = hist_percentile(&h[t], p, 0),
		.is_partial = judge_late(r, t) > 0,
		.floor = hist_percentile(&r->floor, p, 0),
		.turn = hist_percentile(&h[TIMING_TURN], p, 0),
	};

	take_lag(r, lag, &l);
	return l;
}

/* All that reports show. Of less than a hundred samples these show the median
 * alone, and what is late would hide above it: then also the highest
 * percentile that may be told, in whole percents. */
static double percentile_of_level(const struct result *r, enum timing t, int i)
{
	uint64_t n = judge_samples(r, t);

	_Static_assert(VERDICT_LEVELS == JUDGE_PERCENTILES + 1, "one more");
	if (i < JUDGE_PERCENTILES)
		return judge_percentiles[i];
	return n > 20 && n < 100 ? floor(100 - 1000 / (double)n) : 50;
}

static void fill_levels(const struct result *r, enum timing t,
			struct evidence *ev)
{
	bool is_rate = has_rates_only(r, t);
	enum timing lag = judge_own_lag(r), of = is_rate ? lag : t;

	ev->latency = is_rate ? NULL : timing_name(t);
	/* Who listens to others is not about its few connects. */
	if (!has_connects_only(r) ||
	    !(r->account.n[COUNT_RECEIVED] + r->account.n[COUNT_UNMARKED]))
		ev->samples = r->timings[of].total;
	ev->connect = timing_name(TIMING_CONN_TOTAL);
	for (int i = 0; i < VERDICT_LEVELS; i++) {
		ev->levels[i] = level_of(r, percentile_of_level(r, of, i), of,
					 lag);
		if (is_rate)
			ev->levels[i].reported = CLOCK_SEC;
		ev->connects[i] = level_of(
			r, percentile_of_level(r, TIMING_CONN_TOTAL, i),
			TIMING_CONN_TOTAL, TIMING_LAG_CONNECT);
	}
}

/* The processor share of the busiest thread while what is reported was
 * measured: messages, or connects. */
static double busiest(const struct result *r, bool connects_only)
{
	double most = 0, time = 0, busy = 0;

	for (size_t i = 0; i < r->thread_count; i++)
		most = fmax(most, r->threads[i].cpu);
	if (!connects_only)
		return most;
	for (size_t i = 0; i < r->course_count; i++) {
		if (r->course[i].phase != RUN_CONNECT)
			continue;
		time += r->course[i].length;
		busy += r->course[i].length * r->course[i].thread_cpu;
	}
	return time > 0 ? busy / time : 0;
}

/* Did most of them begin late because others were under way? */
static bool are_connects_held(const struct result *r)
{
	uint64_t total = hist_percentile(&r->timings[TIMING_CONN_TOTAL], 50, 0);
	uint64_t waited = hist_percentile(&r->timings[TIMING_LAG_PENDING], 50,
					  0);

	return total && waited >= total / 2;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The mean latencies of the measured intervals that have one: of those that
 * came, else of the acknowledgements. Means are known of the fewest messages,
 * and of shards together. Returns how many, or 0 when memory is short. */
static size_t measured_means(const struct result *r, double **ret)
{
	bool is_e2e = r->timings[TIMING_E2E].total > 0;
	double *v = calloc(r->course_count + 1, sizeof(*v));
	size_t n = 0;

	for (size_t i = 0; v && i < r->course_count; i++) {
		const struct interval *at = &r->course[i];

		if (at->phase == RUN_MEASURE &&
		    (is_e2e ? at->e2e_count : at->ack_count))
			v[n++] = is_e2e ? at->e2e_mean : at->ack_mean;
	}
	*ret = v;
	return n;
}

/* A latency that keeps rising has no value that could be reported: medians of
 * the first and the last third, which a stall in one of them does not move. */
static const char *unsteady(const struct result *r, char *dst, size_t size)
{
	char a[32], b[32];
	double *v, first, last;
	size_t n = measured_means(r, &v), third = n / 3;
	const char *text = NULL;

	if (n >= STEADY_INTERVALS) {
		qsort(v, third, sizeof(*v), by_value);
		qsort(v + n - third, third, sizeof(*v), by_value);
		first = v[third / 2];
		last = v[n - third + third / 2];
		snprintf(dst, size,
			 "the mean of an interval rose from %s to %s",
			 metric_format(a, sizeof(a), UNIT_NS, first),
			 metric_format(b, sizeof(b), UNIT_NS, last));
		if (last >= STEADY_MIN_NS && last >= STEADY_FACTOR * first)
			text = dst;
	}
	free(v);
	return text;
}

int judge_result(struct result *r, struct err *e)
{
	enum timing t = judge_main_timing(r);
	struct buf lines = { 0 };
	char drift[100];
	struct evidence ev = {
		.is_open = r->is_open,
		.asked = r->is_open ? r->asked : 0,
		.throttled = r->throttled,
		.steal = r->steal,
		.waited = r->waited,
		.imbalances = account_check(&r->account, &lines),
		.clock_errors = r->account.n[COUNT_CLOCK_ERRORS],
		.untracked = r->untracked,
		.uncertain = r->account.n[COUNT_UNCERTAIN],
		.received = r->account.n[COUNT_RECEIVED],
		.measured = r->measured_sent,
		.expects_messages = r->tally_count > 0,
		.connects_only = has_connects_only(r),
		.connects_held = are_connects_held(r),
		.is_partial = r->partial != NULL,
		.late_start = r->late_start,
		.unsteady = unsteady(r, drift, sizeof(drift)),
	};

	if (r->measured > 0)
		ev.achieved = (double)r->sent_in_time / r->measured;
	ev.busiest = busiest(r, ev.connects_only);
	fill_levels(r, t, &ev);
	free(r->imbalances);
	r->imbalances = NULL;
	if (buf_len(&lines)) {
		const char *text = buf_cstr(&lines);

		r->imbalances = text ? strdup(text) : NULL;
	}
	buf_release(&lines);
	if (ev.imbalances && !r->imbalances)
		return err_nomem(e);
	verdict_judge(&ev, &r->verdict);
	return 0;
}
