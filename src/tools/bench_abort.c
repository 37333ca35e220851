/* SPDX-License-Identifier: MIT */
/* Requirements with `abort`: looked at while the run goes on, by what an
 * interval knows. What is only known at the end cannot end it early. */
#include <math.h>

#include "base/clock.h"
#include "bench/judge.h"
#include "tools/bench_view.h"

/* Percentiles that intervals have. */
static bool read_timing(const struct metric *m, const struct interval *i,
			struct reading *ret)
{
	bool is_e2e = m->timing == TIMING_E2E;
	bool is_max = m->stat == STAT_MAX;
	bool is_ack = m->timing == TIMING_PUB_ACK ||
		      m->timing == TIMING_PUB_TOTAL;
	bool is_p99 = m->stat == STAT_PERCENTILE && m->percentile == 99;
	bool is_p50 = m->stat == STAT_PERCENTILE && m->percentile == 50;

	if (!is_e2e && !is_ack)
		return false;
	if (is_max ? !is_e2e || !i->e2e_count
		   : !(is_p99 || is_p50) ||
			     !judge_interval_has(i, is_e2e, m->percentile))
		return false;
	ret->value = (double)(is_max   ? i->e2e_max
			      : is_e2e ? (is_p99 ? i->e2e_p99 : i->e2e_p50)
				       : (is_p99 ? i->ack_p99 : i->ack_p50));
	return true;
}

#define RATE_MIN 0.2 /* seconds: of less a rate is chance */

/* Messages a second that the schedule had for an interval, stages included; 0:
 * not known. Shards have their part of it, what goes as fast as it can or up to
 * a count has no rate, and a trace may have any. */
static double asked_in(const struct bench_load *l, const struct interval *i)
{
	const struct scenario *s = &l->scenario;
	uint64_t end = (uint64_t)(i->at * CLOCK_SEC);
	uint64_t begin = (uint64_t)(fmax(i->at - i->length, 0) * CLOCK_SEC);
	double asked = 0, factor;

	if (l->shards > 1)
		return 0;
	for (size_t k = 0; k < s->group_count; k++) {
		const struct group *g = &s->groups[k];

		factor = stages_mass_between(scenario_stages(s, g),
					     begin > g->join ? begin : g->join,
					     end) /
			 i->length;
		for (size_t n = 0; n < g->publish_count; n++) {
			if (g->publish[n].rate <= 0 || g->publish[n].count)
				return 0;
			asked += g->publish[n].rate * g->clients * factor;
		}
	}
	return asked;
}

static bool read_rate(const struct bench_load *l, const struct metric *m,
		      const struct interval *i, struct reading *ret)
{
	if (i->length < RATE_MIN)
		return false;
	if (m->gauge == GAUGE_RATE_OUT) {
		ret->value = (double)i->delivered / i->length;
	} else {
		ret->value = (double)i->sent / i->length;
		ret->asked = asked_in(l, i);
	}
	return true;
}

static bool read_now(const struct bench_load *l, const struct result *r,
		     const struct metric *m, const struct interval *i,
		     struct reading *ret)
{
	bool is_measuring = i->phase == RUN_MEASURE;

	*ret = (struct reading){ 0 };
	if (m->kind == METRIC_TIMING)
		return is_measuring && read_timing(m, i, ret);
	if (m->kind == METRIC_GAUGE)
		return is_measuring && read_rate(l, m, i, ret);
	if (m->number == COUNT_LOST || m->number == COUNT_EXPECTED)
		return false;
	judge_read(r, m, NULL, ret);
	return !ret->missing;
}

/* Some counts are parts of what is only known at the end: with a tolerance
 * for these nothing can be said before. Nor can it where nobody knows what was
 * asked for. */
static bool is_too_early(const struct require *q, const struct reading *m)
{
	if (q->scale == SCALE_OF_ASKED)
		return m->asked <= 0;
	return q->tolerance > 0 && q->metric.kind == METRIC_NUMBER &&
	       m->whole <= 0;
}

/* Counts only rise: what has to reach a number may still do so. */
static bool may_still_hold(const struct require *q)
{
	return q->metric.kind == METRIC_NUMBER && q->op != OP_LESS &&
	       q->op != OP_LESS_EQUAL && !(q->op == OP_EQUAL && q->value <= 0);
}

const struct require *bench_must_abort(const struct bench_load *l,
				       const struct result *r,
				       const struct interval *i, char *ret_text,
				       size_t size)
{
	const struct scenario *s = &l->scenario;
	double begin = (double)s->phases.warmup / CLOCK_SEC;
	char text[200];
	struct reading m;

	for (size_t k = 0; k < s->require_count; k++) {
		const struct require *q = &s->require[k];

		if (!q->is_abort || may_still_hold(q) ||
		    (q->after && i->at < begin + (double)q->after / CLOCK_SEC))
			continue;
		if (!read_now(l, r, &q->metric, i, &m) || is_too_early(q, &m) ||
		    require_check(q, &m, text, sizeof(text)))
			continue;
		snprintf(ret_text, size, "ended early: %s", text);
		return q;
	}
	return NULL;
}
