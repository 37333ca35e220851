/* SPDX-License-Identifier: MIT */
#include "bench/result_file.h"
#include "bench/result_json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/judge.h"
#include "bench/repeat.h"

static json_t *integer(uint64_t v)
{
	return json_integer((json_int_t)v);
}

static void put(json_t *o, const char *key, json_t *v)
{
	/* Takes v over also when it fails; a missing member is found out by
	 * the caller's check of the whole. */
	(void)json_object_set_new(o, key, v);
}

static void put_text(json_t *o, const char *key, const char *text)
{
	if (text)
		put(o, key, json_string(text));
}

/* Seeds and ids have all 64 bits; JSON integers are signed. */
static json_t *hex(uint64_t v)
{
	return json_sprintf("%016llx", (unsigned long long)v);
}

json_t *hist_to_json(const struct hist *h)
{
	json_t *o = json_object(), *buckets = json_array();
	uint32_t before = 0, last;

	put(o, "count", integer(h->total));
	if (h->total) {
		put(o, "min", integer(h->min));
		put(o, "max", integer(h->max));
	}
	if (h->over)
		put(o, "over", integer(h->over));
	last = h->total ? hist_slot(h->max) : 0;
	for (uint32_t i = h->total ? hist_slot(h->min) : 1; i <= last; i++) {
		if (!h->counts[i])
			continue;
		(void)json_array_append_new(buckets, integer(i - before));
		(void)json_array_append_new(buckets, integer(h->counts[i]));
		before = i;
	}
	put(o, "buckets", buckets);
	return o;
}

static json_t *reasons(const uint64_t codes[256])
{
	json_t *o = json_object();
	char name[8];

	for (int i = 0; i < 256; i++) {
		if (!codes[i])
			continue;
		snprintf(name, sizeof(name), "0x%02x", i);
		put(o, name, integer(codes[i]));
	}
	return o;
}

static json_t *account(const struct result *r)
{
	const struct account *a = &r->account;
	json_t *o = json_object();

	for (enum count c = 0; c < COUNT_COUNT; c++)
		put(o, count_name(c),
		    c == COUNT_LOST && *r->losses_unknown ? json_null()
							  : integer(a->n[c]));
	put(o, "publish_reasons", reasons(a->publish_reasons));
	put(o, "connect_reasons", reasons(a->connect_reasons));
	put(o, "subscribe_reasons", reasons(a->subscribe_reasons));
	put(o, "unsubscribe_reasons", reasons(a->unsubscribe_reasons));
	put(o, "disconnect_reasons", reasons(a->disconnect_reasons));
	return o;
}

/* A percentile of few messages is none, and a maximum of none neither. */
static void put_latencies(json_t *o, const struct interval *i)
{
	put(o, "e2e_count", integer(i->e2e_count));
	if (judge_interval_has(i, true, 50))
		put(o, "e2e_p50", integer(i->e2e_p50));
	if (judge_interval_has(i, true, 99))
		put(o, "e2e_p99", integer(i->e2e_p99));
	if (i->e2e_count) {
		put(o, "e2e_max", integer(i->e2e_max));
		put(o, "e2e_mean", json_real(i->e2e_mean));
	}
	put(o, "ack_count", integer(i->ack_count));
	if (judge_interval_has(i, false, 50))
		put(o, "ack_p50", integer(i->ack_p50));
	if (judge_interval_has(i, false, 99))
		put(o, "ack_p99", integer(i->ack_p99));
	if (i->ack_count)
		put(o, "ack_mean", json_real(i->ack_mean));
}

static void put_own(json_t *o, const char *name, const struct own_delay *d)
{
	char key[32];

	snprintf(key, sizeof(key), "%s_count", name);
	put(o, key, integer(d->count));
	snprintf(key, sizeof(key), "%s_p99", name);
	if (d->p99)
		put(o, key, integer(d->p99));
	snprintf(key, sizeof(key), "%s_max", name);
	if (d->count)
		put(o, key, integer(d->max));
}

static json_t *interval(const struct interval *i)
{
	json_t *o = json_object();

	put(o, "at", json_real(i->at));
	put(o, "length", json_real(i->length));
	put_text(o, "phase", run_phase_name(i->phase));
	put(o, "connected", integer(i->connected));
	put(o, "connects", integer(i->connects));
	put(o, "sent", integer(i->sent));
	put(o, "delivered", integer(i->delivered));
	put(o, "errors", integer(i->errors));
	put_latencies(o, i);
	put_own(o, "lag", &i->lag);
	put_own(o, "turn", &i->turn);
	put(o, "cpu", json_real(i->cpu));
	put(o, "thread_cpu", json_real(i->thread_cpu));
	put(o, "throttled", json_real(i->throttled));
	put(o, "steal", json_real(i->steal));
	put(o, "memory", integer(i->memory));
	if (i->broker_cpu >= 0) {
		put(o, "broker_cpu", json_real(i->broker_cpu));
		put(o, "broker_memory", integer(i->broker_memory));
	}
	return o;
}

/* Each line stands for itself. */
int interval_to_ndjson(const struct result *of, const struct interval *i,
		       struct buf *out)
{
	json_t *o = interval(i);
	size_t start = buf_len(out);
	char *text;
	int r = -1;

	if (of->is_self)
		put(o, "self", json_true());
	text = json_dumps(o, JSON_COMPACT);
	if (text && buf_append_str(out, text) == 0 &&
	    buf_append_byte(out, '\n') == 0)
		r = 0;
	else
		buf_truncate(out, start);
	free(text);
	json_decref(o);
	return r;
}

/* Clients are many and mostly alike: runs of equal numbers as [n, value]. */
static json_t *runs(const uint64_t *v, uint32_t n)
{
	json_t *list = json_array();
	uint32_t begin = 0;

	for (uint32_t i = 1; n && i <= n; i++) {
		if (i < n && v[i] == v[begin])
			continue;
		(void)json_array_append_new(list, integer(i - begin));
		(void)json_array_append_new(list, integer(v[begin]));
		begin = i;
	}
	return list;
}

static json_t *tally(const struct tally *t)
{
	uint64_t *wide = calloc((size_t)t->clients + 1, sizeof(*wide));
	json_t *o = json_object();

	put_text(o, "group", t->group);
	put_text(o, "topic", t->topic);
	put(o, "first_stream", integer(t->first_stream));
	put(o, "clients", integer(t->clients));
	put(o, "varies", json_boolean(t->varies));
	put(o, "sent", runs(t->sent, t->clients));
	put(o, "unaccepted", runs(t->unaccepted, t->clients));
	put(o, "unique", runs(t->unique, t->clients));
	put(o, "settled", runs(t->settled, t->clients));
	for (uint32_t i = 0; wide && i < t->clients; i++)
		wide[i] = t->receivers[i];
	if (wide)
		put(o, "receivers", runs(wide, t->clients));
	free(wide);
	return o;
}

static json_t *shares(const struct shared_list *l)
{
	json_t *list = json_array(), *o;
	struct evenness even;

	for (size_t i = 0; i < l->count; i++) {
		o = json_object();
		put_text(o, "filter", l->v[i].filter);
		put(o, "members", integer(l->v[i].members));
		put(o, "served", runs(l->v[i].served, l->v[i].members));
		if (shared_evenness(&l->v[i], &even) == 0) {
			put(o, "min", integer(even.min));
			put(o, "median", integer(even.median));
			put(o, "max", integer(even.max));
			if (!isnan(even.fairness))
				put(o, "fairness", json_real(even.fairness));
		}
		(void)json_array_append_new(list, o);
	}
	return list;
}

static json_t *verdict(const struct verdict *v)
{
	json_t *o = json_object(), *list = json_array(), *reason;

	put_text(o, "trust", trust_name(v->trust));
	put_text(o, "bound", bound_name(v->bound));
	for (size_t i = 0; i < v->count; i++) {
		reason = json_object();
		put_text(reason, "trust", trust_name(v->reasons[i].trust));
		put_text(reason, "text", v->reasons[i].text);
		(void)json_array_append_new(list, reason);
	}
	put(o, "reasons", list);
	return o;
}

static json_t *outcomes(const struct result *r)
{
	json_t *list = json_array(), *o;

	for (size_t i = 0; i < r->outcome_count; i++) {
		o = json_object();
		put_text(o, "require", r->outcomes[i].requirement);
		put(o, "holds", json_boolean(r->outcomes[i].holds));
		put_text(o, "text", r->outcomes[i].text);
		(void)json_array_append_new(list, o);
	}
	return list;
}

/* A text is less than no number in most languages, and an error in others:
 * nobody takes it for a short time. */
static json_t *never(void)
{
	return json_string("never");
}

static json_t *number_or_never(double v)
{
	return isfinite(v) ? json_real(v) : never();
}

/* What people and scripts look for first, beside the histograms. By the same
 * rule as everywhere: what never came is later than all others.
 * TIMING_COUNT: the lag of the idle machine. */
static json_t *timing(const struct result *r, enum timing t)
{
	bool is_floor = t == TIMING_COUNT;
	const struct hist *h = is_floor ? &r->floor : &r->timings[t];
	uint64_t late = is_floor ? 0 : judge_late(r, t), v;
	json_t *o = hist_to_json(h);
	double p;
	char name[16];

	put(o, "mean", late ? never() : json_real(hist_mean(h)));
	if (late) {
		put(o, "late", integer(late));
		if (h->total)
			put(o, "max_came", integer(h->max));
		put(o, "max", never());
	}
	for (int i = 0; i < JUDGE_PERCENTILES; i++) {
		p = judge_percentiles[i];
		if (!(is_floor ? hist_has_enough(h, p)
			       : judge_has_enough(r, t, p)))
			continue;
		v = hist_percentile(h, p, late);
		snprintf(name, sizeof(name), "p%g", p);
		put(o, name, v == HIST_INFINITE ? never() : integer(v));
	}
	return o;
}

static json_t *timings(const struct result *r)
{
	json_t *o = json_object();

	for (enum timing t = 0; t < TIMING_COUNT; t++)
		if (judge_has_any(r, t))
			put(o, timing_name(t), timing(r, t));
	if (r->floor.total)
		put(o, "lag.floor", timing(r, TIMING_COUNT));
	return o;
}

static json_t *health(const struct result *r)
{
	json_t *o = json_object(), *list = json_array(), *t;

	for (size_t i = 0; i < r->thread_count; i++) {
		t = json_object();
		put_text(t, "name", r->threads[i].name);
		put(t, "cpu", json_real(r->threads[i].cpu));
		(void)json_array_append_new(list, t);
	}
	put(o, "threads", list);
	put(o, "cpu_seconds", json_real(r->cpu));
	put(o, "memory", integer(r->memory));
	put(o, "throttled", json_real(r->throttled));
	put(o, "steal", json_real(r->steal));
	put(o, "untracked", integer(r->untracked));
	put(o, "waited", json_real(r->waited));
	return o;
}

static json_t *texts(const struct result *r)
{
	json_t *list = json_array(), *o;

	for (size_t i = 0; i < RESULT_CAUSES; i++) {
		if (!r->causes[i].count)
			continue;
		o = json_object();
		put_text(o, "text", r->causes[i].text);
		put(o, "count", integer(r->causes[i].count));
		(void)json_array_append_new(list, o);
	}
	return list;
}

static json_t *worst(const struct result *r)
{
	json_t *list = json_array(), *o;

	for (size_t i = 0; i < RESULT_WORST; i++) {
		if (!r->worst[i].lost)
			continue;
		o = json_object();
		put_text(o, "text", r->worst[i].text);
		put(o, "lost", integer(r->worst[i].lost));
		(void)json_array_append_new(list, o);
	}
	return list;
}

static void put_head(json_t *o, const struct result *r)
{
	put_text(o, "schema", RESULT_SCHEMA);
	put_text(o, "scenario", r->scenario);
	put_text(o, "title", r->title);
	put_text(o, "partial", r->partial);
	if (r->partial)
		put(o, "partial_status", integer(r->partial_status));
	put(o, "started", json_real(r->started));
	if (r->late_start > 0)
		put(o, "late_start", json_real(r->late_start));
	put(o, "seed", hex(r->seed));
	put(o, "run", hex(r->run_id));
	put(o, "clock", hex(r->clock_id));
	put(o, "clock_bound", integer(r->clock_bound));
	put(o, "shard", integer(r->shard));
	put(o, "shards", integer(r->shards));
	put(o, "merged", json_boolean(r->is_merged));
	put(o, "open", json_boolean(r->is_open));
	put(o, "self", json_boolean(r->is_self));
	put(o, "clients", integer(r->clients));
	put(o, "window", integer(r->window));
	put(o, "asked", json_real(r->asked));
	put(o, "measured", json_real(r->measured));
	put(o, "connect_time", json_real(r->connect_time));
	put(o, "measured_sent", integer(r->measured_sent));
	put(o, "measured_delivered", integer(r->measured_delivered));
	put(o, "sent_in_time", integer(r->sent_in_time));
	put(o, "delivered_in_time", integer(r->delivered_in_time));
	put(o, "late_publishes", integer(r->late_publishes));
	put(o, "late_acks", integer(r->late_acks));
	put(o, "late_recs", integer(r->late_recs));
	put(o, "late_comps", integer(r->late_comps));
	put(o, "late_deliveries", integer(r->late_deliveries));
	put(o, "late_echoes", integer(r->late_echoes));
	put(o, "varying_expected", integer(r->varying_expected));
	if (*r->varying_blind)
		put_text(o, "varying_blind", r->varying_blind);
	if (*r->losses_unknown)
		put_text(o, "losses_unknown", r->losses_unknown);
	if (*r->e2e_gap)
		put_text(o, "e2e_gap", r->e2e_gap);
	if (*r->raw_gap)
		put_text(o, "raw_gap", r->raw_gap);
}

/* NOLINTNEXTLINE(misc-no-recursion): runs have no runs of their own. */
static json_t *runs_of(const struct result *r)
{
	json_t *list = json_array();

	for (size_t i = 0; i < r->run_count; i++)
		(void)json_array_append_new(list, result_to_json(&r->runs[i]));
	return list;
}

/* What scripts look for first: median and spread. */
static json_t *repeats(const struct result *r)
{
	json_t *o = json_object(), *line;
	struct repeat_value v;
	struct metric m;

	for (size_t i = 0; i < repeat_metric_count; i++) {
		if (metric_parse(repeat_metrics[i], &m, NULL) < 0 ||
		    repeat_read(r, &m, &v) < 0)
			continue;
		line = json_object();
		put(line, "median", number_or_never(v.median));
		put(line, "min", number_or_never(v.min));
		put(line, "max", number_or_never(v.max));
		if (isfinite(v.spread))
			put(line, "spread", json_real(v.spread));
		put(o, repeat_metrics[i], line);
	}
	return o;
}

/* NOLINTNEXTLINE(misc-no-recursion): runs have no runs of their own. */
json_t *result_to_json(const struct result *r)
{
	json_t *o = json_object(), *list = json_array(), *tallies;

	put_head(o, r);
	put(o, "verdict", verdict(&r->verdict));
	put(o, "requirements", outcomes(r));
	put_text(o, "imbalances", r->imbalances);
	put(o, "counts", account(r));
	put(o, "timings", timings(r));
	put(o, "health", health(r));
	put(o, "causes", texts(r));
	put(o, "worst", worst(r));
	for (size_t i = 0; i < r->course_count; i++)
		(void)json_array_append_new(list, interval(&r->course[i]));
	put(o, "course", list);
	tallies = json_array();
	for (size_t i = 0; i < r->tally_count; i++)
		(void)json_array_append_new(tallies, tally(&r->tallies[i]));
	put(o, "tallies", tallies);
	if (r->shares.count)
		put(o, "shares", shares(&r->shares));
	if (r->settings)
		put(o, "settings", json_incref(r->settings));
	if (r->host)
		put(o, "host", json_incref(r->host));
	if (r->broker)
		put(o, "broker", json_incref(r->broker));
	put_text(o, "text", r->text);
	if (r->run_count) {
		put(o, "repeats", repeats(r));
		put(o, "runs", runs_of(r));
	}
	return o;
}
