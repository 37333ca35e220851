/* SPDX-License-Identifier: MIT */
/* search: the highest rate, number of connections or fan-out that meets the
 * requirements. */
#include "tools/bench_search.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench/judge.h"
#include "bench/number.h"
#include "tools/bench_save.h"

#define PRECISION 0.05
#define DEFAULT_SCENARIO "pairs"

struct varied {
	const char *what;
	enum metric_unit unit;
	double from; /* unless told */
};

static const struct varied varied[] = {
	[VARY_RATE] = { "rate", UNIT_PER_SECOND, 1000 },
	[VARY_CLIENTS] = { "connections", UNIT_NUMBER, 100 },
	[VARY_FANOUT] = { "fan-out", UNIT_NUMBER, 1 },
};

static int vary(const struct bench *b, struct scenario *s, double v,
		struct err *e)
{
	switch (b->options->vary) {
	case VARY_RATE:
		return scenario_set_total_rate(s, v, e);
	case VARY_CLIENTS:
		return scenario_set_clients(s, (uint64_t)v, e);
	default:
		return scenario_set_subscribers(s, (uint64_t)v, e);
	}
}

/* ------------------------------------------------------------------ one run */

/* Was the load there, as exactly as the search is? */
static bool is_reached(const struct result *r)
{
	return r->measured > 0 && (double)r->sent_in_time / r->measured >=
					  (1 - PRECISION) * r->asked;
}

/* Our own lag is a part of what is measured: what holds in spite of it holds
 * without it too, as long as the load was there. A lag makes no counts. */
static enum search_outcome judge(const struct scenario *s,
				 const struct result *r)
{
	bool is_ours = r->verdict.bound == BOUND_GENERATOR, is_late = false;

	for (size_t i = 0; i < r->outcome_count; i++) {
		if (r->outcomes[i].holds)
			continue;
		if (!is_ours || s->require[i].metric.kind == METRIC_NUMBER)
			return SEARCH_FAILS;
		is_late = true;
	}
	if (is_late)
		return SEARCH_GENERATOR;
	if (r->verdict.trust != TRUST_INVALID)
		return SEARCH_HOLDS;
	if (!is_ours || r->imbalances)
		return SEARCH_UNTRUSTED;
	return is_reached(r) ? SEARCH_HOLDS : SEARCH_GENERATOR;
}

/* The latency that is to be kept, or else the first thing required. */
static const struct metric *knee_metric(const struct scenario *s,
					const char **ret_name)
{
	size_t at = 0;

	for (size_t i = s->require_count; i-- > 0;)
		if (s->require[i].metric.kind == METRIC_TIMING)
			at = i;
	*ret_name = s->require[at].text;
	return &s->require[at].metric;
}

static void note_readings(struct search_job *j, const struct scenario *s,
			  const struct result *r, enum search_outcome o)
{
	struct search_note *n = &j->notes[j->search.count - 1];
	const char *name, *why = "";
	struct reading m;

	judge_read(r, knee_metric(s, &name), NULL, &m);
	n->reading = m.missing ? NAN : m.value;
	for (size_t i = r->outcome_count; i-- > 0;)
		if (!r->outcomes[i].holds)
			why = r->outcomes[i].text;
	if ((o == SEARCH_GENERATOR || o == SEARCH_UNTRUSTED) &&
	    r->verdict.count)
		why = r->verdict.reasons[0].text;
	snprintf(n->text, sizeof(n->text), "%s", why);
}

static int keep_run(struct search_job *j, const struct result *r,
		    enum search_outcome o)
{
	const struct search_step *t = search_next(&j->search);
	const struct search_note *n = &j->notes[j->search.count - 1];
	json_t *values = json_array();
	json_t *run = json_pack("{s:f, s:s, s:s, s:s, s:o}", "value", t->value,
				"outcome", search_outcome_name(o), "verdict",
				trust_name(r->verdict.trust), "why", n->text,
				"requirements", values);

	for (size_t i = 0; i < r->outcome_count; i++)
		json_array_append_new(
			values, json_pack("{s:s, s:b, s:s}", "requirement",
					  r->outcomes[i].requirement, "holds",
					  r->outcomes[i].holds, "text",
					  r->outcomes[i].text));
	return json_array_append_new(j->runs, run);
}

/* With the first load, what all this is about is known. */
static int introduce(struct search_job *j, const struct bench *b,
		     const struct bench_load *l, struct err *e)
{
	const struct scenario *s = &l->scenario;
	const char *name;
	size_t n;

	if (l->shards > 1)
		return err_set(e, ERR_USAGE, 0,
			       "a search is not shared among generators: "
			       "--shard 1/1 has it use all of the load here");
	if (s->require_count == 0)
		return err_set(e, ERR_USAGE, 0,
			       "nothing is required: say "
			       "what must hold with --require, such as "
			       "--require 'e2e.p99 < 20ms'");
	j->metric_unit = metric_unit(knee_metric(s, &name));
	snprintf(j->metric, sizeof(j->metric), "%.*s",
		 (int)strcspn(name, " <>=!"), name);
	j->is_self = bench_targets_are_self(&l->targets);
	n = (size_t)snprintf(j->title, sizeof(j->title),
			     "Highest %s of %s "
			     "with ",
			     varied[b->options->vary].what, s->name);
	for (size_t i = 0; i < s->require_count && n < sizeof(j->title); i++)
		n += (size_t)snprintf(j->title + n, sizeof(j->title) - n,
				      "%s%s", i ? ", " : "",
				      s->require[i].text);
	return 0;
}

/* What this machine cannot do is its limit, what the broker does not take
 * any more is the broker's. */
static enum search_outcome judge_failure(struct search_job *j,
					 const struct err *e)
{
	struct search_note *n = &j->notes[j->search.count - 1];

	n->reading = NAN;
	snprintf(n->text, sizeof(n->text), "%s", e->text);
	return e->kind == ERR_LOCAL || e->kind == ERR_USAGE ? SEARCH_GENERATOR
							    : SEARCH_FAILS;
}

static int run_load(struct bench *b, struct search_job *j,
		    const struct bench_load *l, struct err *e)
{
	enum search_outcome o = SEARCH_UNTRUSTED;
	struct result result;
	int r = bench_run_once(b, l, &result, e);

	if (bench_signal(b)) {
		j->is_interrupted = true;
	} else if (r == 0) {
		o = judge(&l->scenario, &result);
		note_readings(j, &l->scenario, &result, o);
		r = keep_run(j, &result, o) < 0 ? err_nomem(e) : 0;
		search_note(&j->search, o);
	}
	result_release(&result);
	return r;
}

/* Each run has a scenario, a target and a run id of its own, so that nothing
 * of the one before is left. Only the first may fail altogether. */
static int run_step(struct bench *b, struct search_job *j, struct err *e)
{
	double v = search_next(&j->search)->value;
	bool is_first = !*j->title;
	struct bench_load load;
	int r = bench_load_make(b, &load, e);

	if (r == 0 && is_first)
		r = introduce(j, b, &load, e);
	if (r == 0)
		r = vary(b, &load.scenario, v, e);
	if (r == 0)
		r = bench_load_fit(b, &load, e);
	if (r == 0)
		r = bench_load_allow(b, &load, e);
	if (r == 0)
		r = run_load(b, j, &load, e);
	if (r < 0 && !is_first && !j->is_interrupted &&
	    search_next(&j->search)) {
		search_note(&j->search, judge_failure(j, e));
		r = 0;
	}
	bench_load_release(&load);
	return r;
}

/* -------------------------------------------------------------- the command */

static int parse_value(const char *option, const char *text, double *ret,
		       struct err *e)
{
	if (!text)
		return 0;
	if (number_rate(text, ret, e) < 0)
		return err_prefix(e, "option '--%s'", option);
	if (*ret <= 0)
		return err_set(e, ERR_USAGE, 0,
			       "option '--%s': expected more "
			       "than 0",
			       option);
	return 0;
}

static int configure(const struct bench *b, struct search_job *j, struct err *e)
{
	const struct bench_settings *o = b->options;
	const struct varied *v = &varied[o->vary];
	struct search_config c = {
		.from = v->from,
		.precision = PRECISION,
		.is_whole = v->unit == UNIT_NUMBER,
	};

	if (o->vary == VARY_FANOUT && b->words.n == 0)
		return err_set(e, ERR_USAGE, 0,
			       "--vary fan-out needs a "
			       "scenario in which clients subscribe to the "
			       "same topics");
	if (parse_value("from", o->from, &c.from, e) < 0 ||
	    parse_value("to", o->to, &c.to, e) < 0)
		return -1;
	if (c.is_whole) {
		c.from = ceil(c.from);
		c.to = floor(c.to);
	}
	if (c.to > 0 && !o->from && c.from > c.to)
		c.from = c.to;
	if (c.to > 0 && c.to < c.from)
		return err_set(e, ERR_USAGE, 0, "--to is less than --from");
	j->what = v->what;
	j->unit = v->unit;
	search_begin(&j->search, &c);
	return 0;
}

static int finish(struct bench *b, struct search_job *j, struct err *e)
{
	AUTO(buf_release) struct buf text = { 0 }, line = { 0 };
	const struct search *s = &j->search;
	const char *why;

	if (search_describe(j, &text) < 0 || search_conclude(j, &line) < 0 ||
	    !(why = buf_cstr(&line)))
		return err_nomem(e);
	if (bench_print_and_save(b, buf_view(&text),
				 b->options->json ? search_to_json(j) : NULL,
				 e) < 0)
		return -1;
	if (s->end == SEARCH_NONE)
		return err_set(e, ERR_NO, 0, "%s", why);
	if (j->is_interrupted)
		return 0;
	if (s->end == SEARCH_STOPPED || s->best <= 0)
		return err_set(e, ERR_INVALID, 0, "%s: %s", why,
			       j->notes[s->count - 1].text);
	return 0;
}

/* What to vary may be a scenario, or what conn, pub and sub stand for. */
static void choose_load(struct bench *b)
{
	static const char *const loads[] = { "conn", "pub", "sub" };
	static const char *const fallback[] = { DEFAULT_SCENARIO };

	if (b->words.n == 0) {
		b->words.v = (const char **)(uintptr_t)fallback;
		b->words.n = 1;
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(loads); i++) {
		if (b->words.n == 1 && strcmp(b->words.v[0], loads[i]) == 0) {
			b->command = loads[i];
			b->words.n = 0;
			return;
		}
	}
}

int bench_do_search(struct bench *b, struct err *e)
{
	struct search_job j = { .runs = json_array() };
	int r = j.runs ? configure(b, &j, e) : err_nomem(e);

	choose_load(b);
	while (r == 0 && !j.is_interrupted && search_next(&j.search))
		r = run_step(b, &j, e);
	if (r == 0)
		r = finish(b, &j, e);
	json_decref(j.runs);
	return r;
}
