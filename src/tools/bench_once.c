/* SPDX-License-Identifier: MIT */
/* One run of a load: the engine, progress, and the judgement. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/parse.h"
#include "bench/host.h"
#include "bench/judge.h"
#include "bench/report.h"
#include "bench/run.h"
#include "bench/shards.h"
#include "tools/bench.h"
#include "tools/bench_self.h"
#include "tools/bench_broker.h"
#include "tools/bench_view.h"

#define ACK_TIMEOUT (10 * CLOCK_SEC)

/* ------------------------------------------------------- source addresses */

/* One address of the loopback net after the other, from 127.0.0.2 on. */
struct sources {
	char (*text)[16];
	const char **v;
	size_t n;
};

static int make_sources(const struct bench *b, const struct bench_load *l,
			struct sources *ret, struct err *e)
{
	uint32_t n = l->plan.addresses, at;

	ret->v = (const char **)(uintptr_t)b->settings->client.bind_addresses;
	ret->n = b->settings->client.bind_count;
	if (n == 0)
		return 0;
	ret->text = calloc(n, sizeof(*ret->text));
	ret->v = calloc(n, sizeof(*ret->v));
	if (!ret->text || !ret->v)
		return err_nomem(e);
	ret->n = n;
	for (uint32_t i = 0; i < n; i++) {
		at = l->shard * n + i + 2;
		snprintf(ret->text[i], sizeof(ret->text[i]), "127.%u.%u.%u",
			 at / 62500 % 250, at / 250 % 250, at % 250 + 1);
		ret->v[i] = ret->text[i];
	}
	return 0;
}

static void release_sources(const struct bench_load *l, struct sources *s)
{
	if (!l->plan.addresses)
		return;
	free(s->text);
	free(s->v);
}

/* ----------------------------------------------------------------- a result */

static int copy_text(char **dst, const char *text)
{
	if (!text)
		return 0;
	*dst = strdup(text);
	return *dst ? 0 : -1;
}

static int add_settings(const struct bench_load *l, json_t *o)
{
	struct buf targets = { 0 };
	const char *text;
	int r = 0;

	for (size_t i = 0; i < l->targets.count; i++)
		r |= buf_printf(&targets, "%s%s", i ? ", " : "",
				l->targets.v[i].name);
	text = r ? NULL : buf_cstr(&targets);
	r = text ? json_object_set_new(o, "target", json_string(text)) : -1;
	buf_release(&targets);
	return r | json_object_set_new(o, "seed",
				       json_sprintf("%ju", (uintmax_t)l->seed));
}

/* What a result says of the run it is from. */
static int describe(const struct bench *b, const struct bench_load *l,
		    struct result *r)
{
	const struct scenario *s = &l->scenario;

	r->seed = l->seed;
	r->run_id = l->run_id;
	r->clock_bound = b->options->clock_bound;
	r->clock_id = r->clock_bound ? CLOCK_STATED : host_clock_id();
	r->shard = l->shard;
	r->shards = l->shards;
	r->is_self = bench_targets_are_self(&l->targets);
	r->settings = plan_settings(s, &l->plan);
	r->host = host_facts();
	if (copy_text(&r->scenario, s->name) < 0 ||
	    copy_text(&r->text, s->text) < 0 ||
	    copy_text(&r->title, b->options->title) < 0)
		return -1;
	if (!r->settings || !r->host)
		return -1;
	return add_settings(l, r->settings);
}

int bench_require_scenario(const struct bench_load *l, struct result *r,
			   struct err *e)
{
	const struct scenario *s = &l->scenario;

	if (judge_requirements(r, s->require, s->require_count, NULL, e) < 0)
		return -1;
	return 0;
}

/* What ended the run has not held, whatever is true of the whole of it. */
static void note_missed(const struct bench_load *l,
			const struct require *missed, struct result *r)
{
	struct outcome *o;
	char *text;

	if (!missed)
		return;
	o = &r->outcomes[missed - l->scenario.require];
	o->holds = false;
	if (!r->partial || !(text = strdup(r->partial)))
		return;
	free(o->text);
	o->text = text;
}

static int judge(const struct bench_load *l, const struct require *missed,
		 struct result *r, struct err *e)
{
	if (bench_require_scenario(l, r, e) < 0)
		return -1;
	note_missed(l, missed, r);
	return judge_result(r, e);
}

/* Who looks on while the load runs. */
struct observers {
	struct bench_view view;
	struct bench_broker broker;
};

static void tell_interval(void *ctx, const struct result *r,
			  const struct interval *i, const char **ret_stop)
{
	bench_view_tell(&((struct observers *)ctx)->view, r, i, ret_stop);
}

static void sample_broker(void *ctx, struct interval *i)
{
	bench_broker_sample(&((struct observers *)ctx)->broker, i);
}

static int execute(struct bench *b, const struct bench_load *l,
		   struct sources *from, struct result *r,
		   const struct require **ret_missed, struct err *e)
{
	struct observers o;
	int fd = bench_watch_signals(b, e), result;
	const struct run_config config = {
		.scenario = &l->scenario,
		.targets = l->targets.v,
		.target_count = l->targets.count,
		.targets_by_group = l->targets.by_group,
		.bind_addresses = from->v,
		.bind_count = from->n,
		.threads = l->plan.threads,
		.shard = l->shard,
		.shards = l->shards,
		.seed = l->seed,
		.run_id = l->run_id,
		.clock_id = r->clock_id,
		.username = l->targets.user,
		.password = l->targets.password,
		.ack_timeout = ACK_TIMEOUT,
		.clock_bound = r->clock_bound,
		.start_at = l->start_at,
		.epoch = l->epoch,
		.interval = b->options->report_every,
		.interrupt_fd = fd,
		.ctx = &o,
		.on_interval = tell_interval,
		.sample_broker = sample_broker,
	};

	if (fd < 0 || bench_view_begin(&o.view, b, l, e) < 0)
		return -1;
	bench_broker_begin(&o.broker, b, l);
	if (l->plan.shards > 1)
		result = shards_execute(&config, l->plan.shards, r, e);
	else
		result = run_execute(&config, r, e);
	r->broker = bench_broker_end(&o.broker);
	bench_view_end(&o.view);
	*ret_missed = o.view.missed;
	return result;
}

int bench_run_once(struct bench *b, const struct bench_load *l,
		   struct result *ret, struct err *e)
{
	const struct require *missed = NULL;
	struct sources from = { 0 };
	int r;

	result_init(ret);
	if (describe(b, l, ret) < 0)
		return err_nomem(e);
	r = make_sources(b, l, &from, e);
	if (r == 0)
		r = execute(b, l, &from, ret, &missed, e);
	release_sources(l, &from);
	if (r == 0 && ret->is_self &&
	    !(ret->broker = bench_self_counts(&l->targets)))
		r = err_nomem(e);
	if (r == 0)
		r = judge(l, missed, ret, e);
	bench_signal(b);
	return r;
}
