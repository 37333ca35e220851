/* SPDX-License-Identifier: MIT */
#include "bench/verdict.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/clock.h"
#include "bench/metric.h"

/* A part of that size of a reported value makes it doubtful, or worthless. */
#define PART_SUSPECT 0.1
#define PART_INVALID 0.5
/* Timers are late on an idle machine too; only beyond a multiple of that, and
 * beyond what no report shows, is it a fault. */
#define FLOOR_FACTOR 3
#define LAG_IGNORED (UINT64_C(50) * 1000)
#define BUSY 0.9
#define RATE_MET 0.99
#define THROTTLED 0.01
#define STOLEN 0.05
#define WAITED 0.5
#define MEASURED_MIN 100

/* A place behind those that weigh as much or more; NULL when all do. Where
 * there is none left the last one, which weighs least, gives way. */
static struct verdict_reason *place_for(struct verdict *v, enum trust trust)
{
	size_t at = v->count;

	if (at < VERDICT_REASONS)
		v->count++;
	else if (v->reasons[--at].trust >= trust)
		return NULL;
	for (; at > 0 && v->reasons[at - 1].trust < trust; at--)
		v->reasons[at] = v->reasons[at - 1];
	return &v->reasons[at];
}

void verdict_add(struct verdict *v, enum trust trust, const char *fmt, ...)
{
	struct verdict_reason *r = place_for(v, trust);
	va_list ap;

	if (trust > v->trust)
		v->trust = trust;
	if (!r)
		return;
	r->trust = trust;
	va_start(ap, fmt);
	vsnprintf(r->text, VERDICT_TEXT, fmt, ap);
	va_end(ap);
}

static enum trust weight(uint64_t own, uint64_t reported)
{
	double part = reported ? (double)own / (double)reported : 0;

	if (part >= PART_INVALID)
		return TRUST_INVALID;
	return part >= PART_SUSPECT ? TRUST_SUSPECT : TRUST_VALID;
}

static void say_part(struct verdict *v, enum trust trust, const char *latency,
		     const struct evidence_level *l, const char *what,
		     uint64_t own)
{
	double part = (double)own / (double)l->reported * 100;
	char a[32], b[32];

	metric_format(a, sizeof(a), UNIT_NS, (double)own);
	metric_format(b, sizeof(b), UNIT_NS, (double)l->reported);
	if (latency)
		verdict_add(v, trust, "%s p%g is %s, %.0f %% of %s p%g (%s%s)",
			    what, l->percentile, a, part, latency,
			    l->percentile, b,
			    l->is_partial ? " of those that came" : "");
	else
		verdict_add(
			v, trust,
			"%s p%g is %s, %.0f %% of the second by which rates are "
			"counted",
			what, l->percentile, a, part);
}

/* A lag that the idle machine has as well is not the load's fault. Where it
 * makes up most of a latency, the machine is too coarse for it. */
static enum trust weigh_lag(const struct evidence_level *l, uint64_t lag)
{
	enum trust w = weight(lag, l->reported);

	if (!l->is_known || lag <= LAG_IGNORED)
		return TRUST_VALID;
	if (lag > FLOOR_FACTOR * l->floor)
		return w;
	return w == TRUST_INVALID ? TRUST_SUSPECT : TRUST_VALID;
}

/* What may be chance makes nothing worthless. */
static enum trust weigh_timer(const struct evidence_level *l)
{
	enum trust w = weigh_lag(l, l->timer);

	if (w == TRUST_VALID && weigh_lag(l, l->greatest) != TRUST_VALID)
		return TRUST_SUSPECT;
	return w;
}

static const struct evidence_level *worst_timer(
	const struct evidence_level levels[VERDICT_LEVELS],
	enum trust *ret_trust)
{
	const struct evidence_level *worst = NULL;
	enum trust w;

	*ret_trust = TRUST_VALID;
	for (int i = 0; i < VERDICT_LEVELS; i++) {
		w = weigh_timer(&levels[i]);
		if (w > *ret_trust) {
			*ret_trust = w;
			worst = &levels[i];
		}
	}
	return worst;
}

static void say_timer(const struct evidence *e, enum trust trust,
		      const struct evidence_level *l, struct verdict *v)
{
	bool is_sure = weigh_lag(l, l->timer) != TRUST_VALID;
	uint64_t lag = is_sure ? l->timer : l->greatest;
	const char *what = "this program's timer lag";

	if (lag <= FLOOR_FACTOR * l->floor)
		what = "timer lag, hardly more than on the idle machine,";
	else if (!is_sure)
		what = "this program's timer lag, of few samples,";
	say_part(v, trust, e->latency, l, what, lag);
}

/* The worst level is told; the others would say the same again. */
static void judge_timer(const struct evidence *e, struct verdict *v)
{
	enum trust trust;
	const struct evidence_level *worst = worst_timer(e->levels, &trust);

	if (!worst)
		return;
	say_timer(e, trust, worst, v);
	if (trust == TRUST_INVALID)
		v->bound = BOUND_GENERATOR;
}

/* Nothing of it was compared, then. Few messages are told of as such. */
static void judge_samples(const struct evidence *e, struct verdict *v)
{
	bool is_compared = !e->latency || !e->samples;

	for (int i = 0; i < VERDICT_LEVELS; i++)
		is_compared |= e->levels[i].is_known;
	if (is_compared || (!e->connects_only && e->measured < MEASURED_MIN))
		return;
	verdict_add(v, TRUST_SUSPECT,
		    "%" PRIu64
		    " of %s %s too few to tell this program's part in it",
		    e->samples, e->latency, e->samples == 1 ? "is" : "are");
}

/* Beside messages, connects are told of only where they are worth nothing. */
static void judge_connects_too(const struct evidence *e, struct verdict *v)
{
	enum trust trust;
	const struct evidence_level *worst = worst_timer(e->connects, &trust);

	if (trust == TRUST_INVALID)
		say_part(v, TRUST_SUSPECT, e->connect, worst,
			 "this program's lag in connecting", worst->timer);
}

/* Whoever waits for answers to begin with the next waits for the broker,
 * unless it has no time to look at them. */
static void judge_connects(const struct evidence *e, struct verdict *v)
{
	if (e->busiest >= BUSY) {
		v->bound = BOUND_GENERATOR;
		verdict_add(
			v, e->connects_held ? TRUST_INVALID : TRUST_SUSPECT,
			"a thread of this program was busy for %.0f %% of the "
			"time that it connected in%s",
			e->busiest * 100,
			e->connects_held ? " and connects had to wait" : "");
	} else if (e->connects_held && v->bound == BOUND_NONE) {
		v->bound = BOUND_BROKER;
		verdict_add(
			v, TRUST_VALID,
			"connects waited for the broker's answers to those under "
			"way");
	}
}

/* A long turn alone is no fault: with little to do it is rare, and messages
 * that came together are handled together. With no time to spare it is. */
static void judge_turns(const struct evidence *e, struct verdict *v)
{
	const struct evidence_level *l, *worst = NULL;
	enum trust trust = TRUST_VALID, w;

	for (int i = 0; i < VERDICT_LEVELS; i++) {
		l = &e->levels[i];
		if (!l->is_known || l->turn <= LAG_IGNORED)
			continue;
		w = weight(l->turn, l->reported);
		if (w > trust) {
			trust = w;
			worst = l;
		}
	}
	if (!worst)
		return;
	if (e->busiest >= BUSY)
		v->bound = BOUND_GENERATOR;
	else if (trust == TRUST_INVALID)
		trust = TRUST_SUSPECT;
	else
		return;
	say_part(v, trust, e->latency, worst, "a turn of a receive loop",
		 worst->turn);
}

static void judge_rate(const struct evidence *e, struct verdict *v)
{
	char asked[32], got[32];
	bool missed = e->asked > 0 && e->achieved < RATE_MET * e->asked;

	if (e->busiest >= BUSY) {
		v->bound = BOUND_GENERATOR;
		verdict_add(
			v, missed ? TRUST_INVALID : TRUST_SUSPECT,
			"a thread of this program was busy for %.0f %% of the "
			"time%s",
			e->busiest * 100,
			missed ? " and the rate was not reached" : "");
	} else if (missed) {
		if (v->bound == BOUND_NONE && e->waited >= WAITED)
			v->bound = BOUND_BROKER;
		verdict_add(
			v, TRUST_VALID, "%s asked for, %s reached%s",
			metric_format(asked, sizeof(asked), UNIT_PER_SECOND,
				      e->asked),
			metric_format(got, sizeof(got), UNIT_PER_SECOND,
				      e->achieved),
			v->bound == BOUND_BROKER
				? ": the broker's acknowledgements or socket held it back"
				: "");
	}
}

static void judge_machine(const struct evidence *e, struct verdict *v)
{
	if (e->throttled > THROTTLED)
		verdict_add(v, TRUST_SUSPECT,
			    "the cgroup's processor limit held this "
			    "program back for %.1f %% of the time",
			    e->throttled * 100);
	if (e->steal > STOLEN)
		verdict_add(v, TRUST_SUSPECT,
			    "other virtual machines took %.1f %% of "
			    "the processors",
			    e->steal * 100);
}

static void judge_books(const struct evidence *e, struct verdict *v)
{
	if (e->imbalances)
		verdict_add(v, TRUST_INVALID,
			    "the counts do not add up in %d place%s",
			    e->imbalances, e->imbalances > 1 ? "s" : "");
	if (e->clock_errors)
		verdict_add(v, TRUST_INVALID,
			    "%" PRIu64 " messages arrived before "
			    "they were sent: the clocks disagree",
			    e->clock_errors);
	if (e->untracked)
		verdict_add(v, TRUST_INVALID,
			    "memory was too short to track %" PRIu64
			    " messages",
			    e->untracked);
	if (e->uncertain)
		verdict_add(v, TRUST_SUSPECT,
			    "%" PRIu64 " of %" PRIu64 " messages "
			    "came so late that they may be duplicates",
			    e->uncertain, e->received);
}

static void judge_course(const struct evidence *e, struct verdict *v)
{
	if (e->is_partial)
		verdict_add(v, TRUST_SUSPECT, "the run did not reach its end");
	if (e->late_start > 0)
		verdict_add(
			v, TRUST_SUSPECT,
			"clients were ready %.1f s after --start-at: it did not begin with the others",
			e->late_start);
	if (e->expects_messages && e->measured == 0)
		verdict_add(v, TRUST_INVALID, "nothing was measured");
	else if (e->expects_messages && e->measured < MEASURED_MIN)
		verdict_add(v, TRUST_SUSPECT,
			    "only %" PRIu64 " messages were measured",
			    e->measured);
	if (e->unsteady)
		verdict_add(v, TRUST_SUSPECT, "not steady: %s", e->unsteady);
}

void verdict_judge(const struct evidence *e, struct verdict *ret)
{
	*ret = (struct verdict){ .trust = TRUST_VALID };
	judge_books(e, ret);
	if (e->connects_only) {
		judge_samples(e, ret);
		judge_timer(e, ret);
		judge_connects(e, ret);
	} else if (e->is_open) {
		judge_samples(e, ret);
		judge_timer(e, ret);
		judge_turns(e, ret);
		judge_rate(e, ret);
	} else if (e->busiest >= BUSY) {
		ret->bound = BOUND_GENERATOR;
		verdict_add(
			ret, TRUST_SUSPECT,
			"a thread of this program was busy for "
			"%.0f %% of the time: the broker may be able to do more",
			e->busiest * 100);
	}
	if (!e->connects_only)
		judge_connects_too(e, ret);
	judge_machine(e, ret);
	judge_course(e, ret);
}

const char *trust_name(enum trust t)
{
	static const char *const names[] = { "VALID", "SUSPECT", "INVALID" };

	return names[t];
}

const char *bound_name(enum bound b)
{
	static const char *const names[] = { "", "broker-bound",
					     "generator-bound" };

	return names[b];
}
