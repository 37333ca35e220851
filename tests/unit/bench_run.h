/* SPDX-License-Identifier: MIT */
#ifndef TEST_BENCH_RUN_H
#define TEST_BENCH_RUN_H

/*
 * Runs the load engine against the counting peer: what was injected is known,
 * so what is reported can be held against it. A trial is one scenario, the
 * peer's faults and what came of it. Main thread only, since the peer is
 * forked.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "bench/host.h"
#include "bench/judge.h"
#include "bench/peer.h"
#include "bench/run.h"
#include "bench/shards.h"

struct trial {
	const char *yaml, *faults;
	unsigned threads;      /* 0: 2 */
	unsigned processes;    /* 0 and 1: this one */
	uint32_t shards;       /* this is the first of so many; 0: of 1 */
	uint64_t seed, run_id; /* 0: 1 */
	uint64_t clock_id;     /* 0: the true one */
	uint64_t epoch;        /* 0: when it begins */
	uint64_t ack_timeout;  /* 0: 1 s */
	int interrupt_fd;      /* 0: none */
	/* Afterwards. */
	struct scenario scenario;
	struct peer peer;
	struct result result;
	struct err err;
	int status;
};

static inline uint64_t trial_count(const struct trial *t, enum count c)
{
	return t->result.account.n[c];
}

/* The value of a metric by its name; -1 and a failed check when it has none. */
static inline double trial_value(const struct trial *t, const char *name)
{
	struct metric m;
	struct reading r;

	if (!is_int(metric_parse(name, &m, NULL), 0, "%s", name))
		return -1;
	judge_read(&t->result, &m, NULL, &r);
	return ok(!r.missing, "%s: %s", name, r.missing) ? r.value : -1;
}

static inline void trial_tell(const struct trial *t)
{
	const struct verdict *v = &t->result.verdict;

	if (t->result.imbalances)
		diag("books: %s", t->result.imbalances);
	diag("%s %s", trust_name(v->trust), bound_name(v->bound));
	for (size_t i = 0; i < v->count; i++)
		diag("  %s", v->reasons[i].text);
	for (size_t i = 0; i < RESULT_CAUSES; i++)
		if (t->result.causes[i].count)
			diag("  %s", t->result.causes[i].text);
}

static inline void trial_execute(struct trial *t)
{
	struct run_target target = { .host = "127.0.0.1",
				     .port = t->peer.port,
				     .name = "peer" };
	struct run_config c = {
		.scenario = &t->scenario,
		.targets = &target,
		.target_count = 1,
		.threads = t->threads ? t->threads : 2,
		.shards = t->shards ? t->shards : 1,
		.seed = t->seed ? t->seed : 1,
		.run_id = t->run_id ? t->run_id : 1,
		.clock_id = t->clock_id ? t->clock_id : host_clock_id(),
		.epoch = t->epoch,
		.ack_timeout = t->ack_timeout ? t->ack_timeout : CLOCK_SEC,
		.interval = CLOCK_SEC,
		.interrupt_fd = t->interrupt_fd ? t->interrupt_fd : -1,
	};

	if (t->processes > 1)
		t->status = shards_execute(&c, t->processes, &t->result,
					   &t->err);
	else
		t->status = run_execute(&c, &t->result, &t->err);
	/* What other machines on the same host take is not the test's. */
	t->result.steal = t->result.throttled = 0;
	if (t->status == 0)
		is_int(judge_result(&t->result, &t->err), 0);
}

static inline int trial_load(struct trial *t)
{
	struct document_source source = { "trial", bytes_str(t->yaml) };

	result_init(&t->result);
	t->status = -1;
	return is_int(scenario_load(&source, NULL, &t->scenario, &t->err), 0,
		      "%s", t->err.text)
		       ? 0
		       : -1;
}

/* Loads the scenario and starts the peer. Whatever comes of it:
 * trial_release(). */
static inline int trial_begin(struct trial *t)
{
	struct peer_faults faults = { 0 };

	if (trial_load(t) < 0 ||
	    !is_int(peer_parse_faults(t->faults ? t->faults : "", &faults,
				      &t->err),
		    0, "%s", t->err.text) ||
	    !is_int(peer_start(&faults, &t->peer, &t->err), 0))
		return -1;
	return 0;
}

/* All of it; 0 when the run came to its end. */
static inline int trial_run(struct trial *t)
{
	if (trial_begin(t) < 0)
		return -1;
	trial_execute(t);
	peer_stop(&t->peer);
	return t->status;
}

static inline void trial_release(struct trial *t)
{
	result_release(&t->result);
	scenario_release(&t->scenario);
	peer_release(&t->peer);
}

/*
 * A thread that does nothing but sleep for a millisecond: it is late only
 * where the machine has stood still, whatever the program under test does.
 */
struct bystander {
	pthread_t thread;
	_Atomic bool stop;
	/* ns, to be read after the end: */
	uint64_t worst, sum;
	uint64_t naps;
};

static inline void *bystander_main(void *arg)
{
	const struct timespec nap = { 0, 1000000 };
	struct bystander *b = arg;

	while (!b->stop) {
		uint64_t due = clock_now() + CLOCK_MSEC, late;

		nanosleep(&nap, NULL);
		late = clock_now() - due;
		b->worst = late > b->worst ? late : b->worst;
		b->sum += late;
		b->naps++;
	}
	return NULL;
}

static inline bool bystander_was_late(const struct bystander *b)
{
	return b->worst >= 100 * CLOCK_MSEC || b->sum >= b->naps * CLOCK_MSEC;
}

/*
 * trial_run() for what holds of a prompt generator: where the whole machine
 * stood still for a tenth of a second, or was late all the time, once more,
 * and that five times at most.
 */
static inline void trial_run_undisturbed(struct trial *t)
{
	for (int i = 1;; i++) {
		struct bystander b = { .stop = false };

		if (!is_int(pthread_create(&b.thread, NULL, bystander_main, &b),
			    0))
			return;
		(void)trial_run(t);
		b.stop = true;
		(void)pthread_join(b.thread, NULL);
		if (!bystander_was_late(&b) || i == 5)
			return;
		diag("the machine was late by up to %llu ms: once more",
		     (unsigned long long)(b.worst / CLOCK_MSEC));
		trial_release(t);
	}
}

#endif
