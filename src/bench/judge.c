/* SPDX-License-Identifier: MIT */
#include "bench/judge.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/repeat.h"

static bool is_delivery(enum timing t)
{
	return t == TIMING_E2E || t == TIMING_E2E_RAW;
}

const double judge_percentiles[JUDGE_PERCENTILES] = { 50, 90, 99, 99.9, 99.99 };

uint64_t judge_late(const struct result *r, enum timing t)
{
	switch (t) {
	case TIMING_E2E:
	case TIMING_E2E_RAW:
		return r->late_deliveries;
	case TIMING_ECHO:
		return r->late_echoes;
	case TIMING_CONN_TOTAL:
		return r->account.n[COUNT_CONN_REFUSED] +
		       r->account.n[COUNT_CONN_FAILED] +
		       r->account.n[COUNT_CONN_TIMED_OUT];
	case TIMING_PUB_ACK:
		return r->late_acks;
	case TIMING_PUB_REC:
		return r->late_recs;
	case TIMING_PUB_COMP:
		return r->late_comps;
	case TIMING_PUB_TOTAL:
		return r->late_recs + r->late_comps;
	case TIMING_PUB_RAW:
		return r->late_acks + r->late_recs + r->late_comps;
	/* Of a request with several filters each is one. */
	case TIMING_SUB_ACK:
		return r->account.n[COUNT_SUB_UNANSWERED];
	case TIMING_UNSUB_ACK:
		return r->account.n[COUNT_UNSUB_UNANSWERED];
	default:
		return 0;
	}
}

bool judge_has_any(const struct result *r, enum timing t)
{
	bool is_raw = t == TIMING_E2E_RAW || t == TIMING_PUB_RAW;

	return r->timings[t].total || (!is_raw && judge_late(r, t));
}

/* How many messages deliveries are known to be of. Some of those that are late
 * were sent, others never. Who only listens knows of no publishes: there each
 * of its clients may have got the same ones. */
static uint64_t most_messages(const struct result *r, uint64_t deliveries)
{
	if (r->measured_sent || r->late_publishes)
		return r->measured_sent > r->late_publishes ? r->measured_sent
							    : r->late_publishes;
	return r->clients ? deliveries / r->clients : deliveries;
}

uint64_t judge_samples(const struct result *r, enum timing t)
{
	uint64_t n = r->timings[t].total + judge_late(r, t), most;

	if (is_delivery(t) || t == TIMING_ECHO) {
		most = most_messages(r, n);
		if (n > most)
			n = most;
	}
	return n;
}

bool judge_has_enough(const struct result *r, enum timing t, double p)
{
	struct hist samples = { .total = judge_samples(r, t) };

	return hist_has_enough(&samples, p);
}

bool judge_interval_has(const struct interval *i, bool is_e2e, double p)
{
	struct hist samples = { .total = is_e2e ? i->e2e_count : i->ack_count };
	uint64_t p50 = is_e2e ? i->e2e_p50 : i->ack_p50;
	uint64_t p99 = is_e2e ? i->e2e_p99 : i->ack_p99;

	/* Of several shards one may have had too few. */
	if ((p > 50 ? p99 : p50) == 0)
		return false;
	/* As of a whole run: deliveries are of as many messages as were sent,
	 * or each client got the same ones. */
	if (is_e2e && i->sent && samples.total > i->sent)
		samples.total = i->sent;
	else if (is_e2e && !i->sent && i->connected)
		samples.total /= i->connected;
	return hist_has_enough(&samples, p);
}

/* ----------------------------------------------------------------- readings */

static void read_timing(const struct result *r, const struct metric *m,
			struct reading *ret)
{
	const struct hist *h = &r->timings[m->timing];
	uint64_t late = judge_late(r, m->timing), v;

	if (m->stat == STAT_COUNT) {
		ret->value = (double)h->total;
		return;
	}
	if (h->total == 0 && late == 0) {
		ret->missing = "nothing of it was measured";
		return;
	}
	switch (m->stat) {
	case STAT_MIN:
		ret->value = h->total ? (double)h->min : HUGE_VAL;
		break;
	case STAT_MAX:
		ret->value = late ? HUGE_VAL : (double)h->max;
		break;
	case STAT_MEAN:
		ret->value = late ? HUGE_VAL : hist_mean(h);
		break;
	default:
		v = hist_percentile(h, m->percentile, late);
		ret->value = v == HIST_INFINITE ? HUGE_VAL : (double)v;
		if (!judge_has_enough(r, m->timing, m->percentile))
			ret->missing = "too few messages for that percentile";
	}
}

const char *judge_text(const struct result *r, const struct metric *m,
		       char *dst, size_t size)
{
	struct reading v;

	judge_read_once(r, m, &v);
	return v.missing ? NULL
			 : metric_format(dst, size, metric_unit(m), v.value);
}

/* Which number another one is a part of, for tolerances. */
static enum count whole_of(enum count c)
{
	switch (c) {
	case COUNT_LOST:
	case COUNT_DUPLICATES:
	case COUNT_REORDERED:
	case COUNT_CORRUPTED:
	case COUNT_UNCERTAIN:
		return COUNT_EXPECTED;
	case COUNT_REFUSED:
	case COUNT_TIMED_OUT:
	case COUNT_UNMATCHED:
	case COUNT_IN_FLIGHT:
		return COUNT_SENT;
	case COUNT_SKIPPED:
	case COUNT_BACKLOG:
		return COUNT_SCHEDULED;
	case COUNT_CONN_REFUSED:
	case COUNT_CONN_FAILED:
	case COUNT_CONN_TIMED_OUT:
	case COUNT_DISCONNECTS:
		return COUNT_CONNECTS;
	case COUNT_SUB_REFUSED:
	case COUNT_SUB_UNANSWERED:
	case COUNT_SUB_LOWERED:
		return COUNT_SUBSCRIBES;
	case COUNT_UNSUB_REFUSED:
	case COUNT_UNSUB_UNANSWERED:
		return COUNT_UNSUBSCRIBES;
	default:
		return COUNT_COUNT;
	}
}

static void read_number(const struct result *r, enum count c,
			struct reading *ret)
{
	enum count whole = whole_of(c);

	ret->value = (double)r->account.n[c];
	if (whole != COUNT_COUNT)
		ret->whole = (double)r->account.n[whole];
	if (c == COUNT_LOST && *r->losses_unknown)
		ret->missing = r->losses_unknown;
	else if (c == COUNT_LOST && r->account.n[COUNT_EXPECTED] == 0)
		ret->missing = "no delivery was expected";
}

/* The mean over the measured phase, or why there is none. */
static void read_broker(const struct result *r, bool is_memory,
			struct reading *ret)
{
	double n = 0, sum = 0, most = 0;

	for (size_t i = 0; i < r->course_count; i++) {
		if (r->course[i].phase != RUN_MEASURE ||
		    r->course[i].broker_cpu < 0)
			continue;
		n++;
		sum += r->course[i].broker_cpu;
		most = fmax(most, (double)r->course[i].broker_memory);
	}
	if (n <= 0)
		ret->missing = "the broker's process is not known";
	else
		ret->value = is_memory ? most : sum / n;
}

/* Connects of the ramp: not of those that failed, nor of those that came
 * back later. */
static uint64_t made(const struct result *r)
{
	const uint64_t *n = r->account.n;
	uint64_t first = n[COUNT_CONNECTED] > n[COUNT_RECONNECTS]
				 ? n[COUNT_CONNECTED] - n[COUNT_RECONNECTS]
				 : 0;

	return first < r->clients ? first : r->clients;
}

static void read_gauge(const struct result *r, enum gauge g,
		       struct reading *ret)
{
	double cpu = 0;

	switch (g) {
	case GAUGE_RATE_IN:
		ret->asked = r->asked;
		ret->value = (double)r->sent_in_time / r->measured;
		break;
	case GAUGE_RATE_OUT:
		ret->value = (double)r->delivered_in_time / r->measured;
		break;
	case GAUGE_RATE_CONNECTS:
		ret->value = (double)made(r) / r->connect_time;
		break;
	case GAUGE_ERRORS:
		ret->value = (double)account_errors(&r->account);
		if (*r->losses_unknown)
			ret->missing = r->losses_unknown;
		break;
	case GAUGE_CPU:
		for (size_t i = 0; i < r->thread_count; i++)
			cpu += r->threads[i].cpu;
		ret->value = cpu;
		break;
	case GAUGE_MEMORY:
		ret->value = (double)r->memory;
		break;
	case GAUGE_SHARE_FAIRNESS:
		ret->value = shared_fairness(&r->shares);
		break;
	default:
		read_broker(r, g == GAUGE_BROKER_MEMORY, ret);
		break;
	}
	if (isnan(ret->value) || isinf(ret->value))
		ret->missing = "nothing was measured";
}

/* What counts of repetitions: faults of all of them together, but nobody's
 * latency or rate is the sum or the mixture of several. */
static bool is_sum(const struct metric *m)
{
	return m->kind == METRIC_NUMBER ||
	       (m->kind == METRIC_GAUGE && m->gauge == GAUGE_ERRORS) ||
	       (m->kind == METRIC_TIMING && m->stat == STAT_COUNT);
}

static void read_repeats(const struct result *r, const struct metric *m,
			 struct reading *ret, double *ret_spread)
{
	struct repeat_value v;

	if (r->run_count < 2 || is_sum(m) || ret->missing)
		return;
	if (repeat_read(r, m, &v) < 0) {
		ret->missing = "one of the runs has too few messages";
		return;
	}
	ret->value = v.median;
	*ret_spread = (v.max - v.min) / 2;
}

void judge_read_once(const struct result *r, const struct metric *m,
		     struct reading *ret)
{
	*ret = (struct reading){ 0 };
	if (m->kind == METRIC_TIMING)
		read_timing(r, m, ret);
	else if (m->kind == METRIC_NUMBER)
		read_number(r, m->number, ret);
	else
		read_gauge(r, m->gauge, ret);
}

static double runs_of(const struct result *r)
{
	return r->run_count > 1 ? (double)r->run_count : 1;
}

void judge_read(const struct result *r, const struct metric *m,
		const struct result *base, struct reading *ret)
{
	struct reading other;
	double own = 0, theirs = 0;

	judge_read_once(r, m, ret);
	read_repeats(r, m, ret, &own);
	if (!base)
		return;
	judge_read_once(base, m, &other);
	read_repeats(base, m, &other, &theirs);
	/* As if of as many runs: more of them have more faults. */
	if (is_sum(m))
		other.value *= runs_of(r) / runs_of(base);
	ret->has_base = !other.missing;
	ret->base = other.value;
	if (other.value > 0 && isfinite(own + theirs))
		ret->spread = (own + theirs) / other.value;
}

/* One shard cannot know what was lost: that is judged when all are merged. */
static bool is_left_to_merge(const struct result *r, const struct require *q)
{
	const struct metric *m = &q->metric;

	return r->shard < r->shards && r->shards > 1 && !r->is_merged &&
	       ((m->kind == METRIC_NUMBER && m->number == COUNT_LOST) ||
		(m->kind == METRIC_GAUGE && m->gauge == GAUGE_ERRORS));
}

int judge_requirements(struct result *r, const struct require *list, size_t n,
		       const struct result *base, struct err *e)
{
	struct outcome *o;
	struct reading m;
	char text[200];
	int missed = 0;

	o = reallocarray(r->outcomes, r->outcome_count + n + 1, sizeof(*o));
	if (!o)
		return err_nomem(e);
	r->outcomes = o;
	for (size_t i = 0; i < n; i++) {
		o = &r->outcomes[r->outcome_count];
		o->holds = is_left_to_merge(r, &list[i]);
		snprintf(text, sizeof(text), "to be judged by merge");
		judge_read(r, &list[i].metric, base, &m);
		if (!o->holds)
			o->holds = require_check(&list[i], &m, text,
						 sizeof(text));
		o->requirement = strdup(list[i].text);
		o->text = strdup(text);
		if (!o->requirement || !o->text) {
			free(o->requirement);
			free(o->text);
			return err_nomem(e);
		}
		r->outcome_count++;
		missed |= !o->holds;
	}
	return missed;
}
