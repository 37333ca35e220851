/* SPDX-License-Identifier: MIT */
/*
 * selftest: what this machine and this program can do without a broker. Short
 * runs against the counting peer; nothing is kept, since every run measures
 * the idle lag that its verdict needs by itself.
 */
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "bench/judge.h"
#include "tools/bench.h"
#include "tools/bench_save.h"

#define CONNECTS_MAX 10000
#define CONNECTS_SPARE 200 /* descriptors for everything else */

/* Rates at full speed first, then the lag at a rate that is no effort. */
enum part {
	PART_CONNECTS,
	PART_QOS0,
	PART_QOS1,
	PART_BOTH,
	PART_LAG,
	PART_COUNT
};

/* Both ways: each client is its own subscriber, so that its window bounds
 * what is under way. */
static const char *const parts[PART_COUNT] = {
	[PART_CONNECTS] = "name: selftest-connects\n"
			  "connect: {rate: 0, pending: 100}\n"
			  "phases: {measure: 100ms, drain: 0s}\n"
			  "groups: [{name: idle, clients: 10000}]\n",
	[PART_QOS0] = "name: selftest-qos0\n"
		      "phases: {warmup: 500ms, measure: 2s, drain: 5s}\n"
		      "groups:\n"
		      "  - name: p\n"
		      "    clients: 100\n"
		      "    publish: [{topic: t/%i, qos: 0, size: 64}]\n",
	[PART_QOS1] = "name: selftest-qos1\n"
		      "phases: {warmup: 500ms, measure: 2s, drain: 5s}\n"
		      "groups:\n"
		      "  - name: p\n"
		      "    clients: 100\n"
		      "    publish: [{topic: t/%i, qos: 1, size: 64}]\n",
	[PART_BOTH] = "name: selftest-both\n"
		      "phases: {warmup: 500ms, measure: 2s, drain: 5s}\n"
		      "groups:\n"
		      "  - name: p\n"
		      "    clients: 100\n"
		      "    subscribe: [{filter: t/%i, qos: 0}]\n"
		      "    publish: [{topic: t/%i, qos: 1, size: 64}]\n",
	[PART_LAG] =
		"name: selftest-lag\n"
		"phases: {warmup: 500ms, measure: 2s, drain: 5s}\n"
		"groups:\n"
		"  - name: p\n"
		"    clients: 100\n"
		"    subscribe: [{filter: t/%i, qos: 0}]\n"
		"    publish: [{topic: t/%i, qos: 1, size: 64, rate: 10/s}]\n",
};

struct ceiling {
	double rates[PART_COUNT]; /* 0: not measured */
	double out;
	struct hist floor, lag, e2e;
	double busiest;
	const char *partial;
};

static double read_metric(const struct result *r, enum gauge g)
{
	const struct metric m = { .kind = METRIC_GAUGE, .gauge = g };
	struct reading v;

	judge_read(r, &m, NULL, &v);
	return v.missing ? 0 : v.value;
}

static void take(struct ceiling *c, enum part part, const struct result *r)
{
	c->rates[part] = read_metric(
		r, part == PART_CONNECTS ? GAUGE_RATE_CONNECTS : GAUGE_RATE_IN);
	if (part == PART_BOTH)
		c->out = read_metric(r, GAUGE_RATE_OUT);
	if (r->floor.total)
		hist_merge(&c->floor, &r->floor);
	if (part != PART_LAG)
		return;
	if (r->timings[TIMING_LAG_TIMER].total)
		hist_merge(&c->lag, &r->timings[TIMING_LAG_TIMER]);
	if (r->timings[TIMING_E2E].total)
		hist_merge(&c->e2e, &r->timings[TIMING_E2E]);
}

/* As many connects as the descriptors allow. */
static void fit_clients(struct scenario *s)
{
	struct rlimit files = { .rlim_max = 1024 };
	uint64_t most;

	getrlimit(RLIMIT_NOFILE, &files);
	most = files.rlim_max > 2 * CONNECTS_SPARE
		       ? files.rlim_max - CONNECTS_SPARE
		       : CONNECTS_SPARE;
	if (s->groups[0].clients > most)
		s->groups[0].clients = (uint32_t)most;
}

static int prepare(struct bench *b, enum part part, struct bench_load *l,
		   struct err *e)
{
	const struct document_source source = { "selftest",
						bytes_str(parts[part]) };
	static const char *const self[] = { "self" };

	*l = (struct bench_load){ .shards = 1 };
	b->settings->bench.targets.v = (const char **)(uintptr_t)self;
	b->settings->bench.targets.n = 1;
	if (scenario_load(&source, NULL, &l->scenario, e) < 0 ||
	    bench_scenario_adjust(b, &l->scenario, e) < 0)
		return -1;
	if (part == PART_CONNECTS) {
		fit_clients(&l->scenario);
		l->scenario.phases.measure = 100 * CLOCK_MSEC;
	}
	if (bench_load_ready(b, l, e) < 0)
		return -1;
	return bench_load_allow(b, l, e);
}

static int run_part(struct bench *b, enum part part, struct ceiling *c,
		    struct err *e)
{
	struct bench_load load;
	struct result result;
	int r = prepare(b, part, &load, e);

	if (r == 0) {
		r = bench_run_once(b, &load, &result, e);
		if (r == 0)
			take(c, part, &result);
		if (r == 0 && result.partial)
			c->partial = "interrupted: what follows is incomplete";
		result_release(&result);
	}
	bench_load_release(&load);
	return r;
}

/* ---------------------------------------------------------------- the report
 */

static const double levels[] = { 50, 90, 99, 99.9 };

static int print_levels(struct buf *out, const char *label,
			const struct hist *h)
{
	char cell[32];
	int r = buf_printf(out, "%-24s", label);

	for (size_t i = 0; i < ARRAY_SIZE(levels); i++)
		r |= buf_printf(
			out, "%10s",
			hist_has_enough(h, levels[i])
				? metric_format(cell, sizeof(cell), UNIT_NS,
						(double)hist_percentile(
							h, levels[i], 0))
				: "-");
	return r | buf_printf(out, "%10s\n",
			      h->total ? metric_format(cell, sizeof(cell),
						       UNIT_NS, (double)h->max)
				       : "-");
}

static int print_rate(struct buf *out, const char *label, double rate)
{
	char cell[32];

	return buf_printf(out, "%-24s%10s\n", label,
			  rate > 0 ? metric_format(cell, sizeof(cell),
						   UNIT_PER_SECOND, rate)
				   : "-");
}

static int describe(const struct ceiling *c, struct buf *out)
{
	int r = buf_printf(out, "Self-test (against the peer in mqtt-bench "
				"itself: no broker)\n");

	if (c->partial)
		r |= buf_printf(out, "%s\n", c->partial);
	r |= print_rate(out, "connects", c->rates[PART_CONNECTS]);
	r |= print_rate(out, "in, QoS 0, 64 B", c->rates[PART_QOS0]);
	r |= print_rate(out, "in, QoS 1, window 20", c->rates[PART_QOS1]);
	r |= print_rate(out, "both ways: in", c->rates[PART_BOTH]);
	r |= print_rate(out, "both ways: out", c->out);
	r |= buf_printf(out, "%-24s%10s%10s%10s%10s%10s\n", "", "p50", "p90",
			"p99", "p99.9", "max");
	r |= print_levels(out, "timer lag, idle", &c->floor);
	r |= print_levels(out, "timer lag, 1,000 msg/s", &c->lag);
	return r | print_levels(out, "delivery, 1,000 msg/s", &c->e2e);
}

static json_t *levels_to_json(const struct hist *h)
{
	json_t *o = json_object();
	char name[16];

	json_object_set_new(o, "count", json_integer((json_int_t)h->total));
	for (size_t i = 0; i < ARRAY_SIZE(levels); i++) {
		snprintf(name, sizeof(name), "p%g", levels[i]);
		if (hist_has_enough(h, levels[i]))
			json_object_set_new(
				o, name,
				json_integer((json_int_t)hist_percentile(
					h, levels[i], 0)));
	}
	if (h->total)
		json_object_set_new(o, "max", json_integer((json_int_t)h->max));
	return o;
}

static json_t *to_json(const struct ceiling *c)
{
	return json_pack("{s:s, s:b, s:f, s:f, s:f, s:f, s:f, s:o, s:o, s:o}",
			 "schema", "mqtt-bench-selftest/1", "partial",
			 c->partial != NULL, "connects",
			 c->rates[PART_CONNECTS], "in_qos0",
			 c->rates[PART_QOS0], "in_qos1", c->rates[PART_QOS1],
			 "both_in", c->rates[PART_BOTH], "both_out", c->out,
			 "lag_idle", levels_to_json(&c->floor), "lag",
			 levels_to_json(&c->lag), "e2e",
			 levels_to_json(&c->e2e));
}

static int report(struct bench *b, const struct ceiling *c, struct err *e)
{
	AUTO(buf_release) struct buf text = { 0 };

	if (describe(c, &text) < 0)
		return err_nomem(e);
	return bench_print_and_save(b, buf_view(&text),
				    b->options->json ? to_json(c) : NULL, e);
}

int bench_do_selftest(struct bench *b, struct err *e)
{
	struct ceiling c = { 0 };
	int r = 0;

	if (b->words.n || b->options->targets.n || b->options->has_target)
		return err_set(e, ERR_USAGE, 0,
			       "'selftest' has a target of "
			       "its own, and no operands");
	if (hist_init(&c.floor) < 0 || hist_init(&c.lag) < 0 ||
	    hist_init(&c.e2e) < 0)
		r = err_nomem(e);
	for (int i = 0; r == 0 && i < PART_COUNT && !c.partial; i++)
		r = run_part(b, (enum part)i, &c, e);
	if (r == 0)
		r = report(b, &c, e);
	hist_release(&c.floor);
	hist_release(&c.lag);
	hist_release(&c.e2e);
	return r;
}
