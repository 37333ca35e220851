/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_BROKER_H
#define TOOLS_BENCH_BROKER_H

/*
 * The broker's side of a run: processor time and memory of its process, when
 * that is one of this machine, and what it publishes under $SYS, by a small
 * connection of its own that is not part of the load.
 *
 * Main thread; the connection has a thread, which begins with the first
 * sample (local shards are forked before there is any) and hands over what
 * it hears under a lock.
 */

#include <jansson.h>

#include "bench/result.h"
#include "client/client.h"
#include "client/sync.h"
#include "tools/bench.h"

enum { BROKER_TOPICS = 128, BROKER_TEXT = 96 };

/* One topic of $SYS and what it said last. */
struct broker_value {
	char topic[BROKER_TEXT], text[BROKER_TEXT];
	bool has_changed; /* since the last sample */
};

struct bench_broker {
	const struct bench *bench;
	const struct bench_load *load;
	struct buf user, password; /* the client's, if a group has some */
	long pid;                  /* 0: not known */
	char process[64];          /* its name */
	double cpu;                /* seconds it had used at the last sample */
	uint64_t sampled_at;       /* clock_boot(); 0: not yet */
	struct client *client;     /* NULL: not begun, or not wanted */
	struct client_params params; /* the client's */
	struct token *token;         /* of its subscription */
	bool is_begun;
	struct mutex lock;
	struct broker_value *values; /* the lock's */
	size_t count;                /* the lock's */
	json_t *course;              /* samples with values that had changed */
};

/* Is what --broker-pid names there? */
int bench_broker_check(const struct bench *b, struct err *e) MUST_CHECK;
void bench_broker_begin(struct bench_broker *w, const struct bench *b,
			const struct bench_load *l);
/* For run_config.sample_broker. */
void bench_broker_sample(struct bench_broker *w, struct interval *i);
/* Ends the connection and releases everything. What was found out, as a new
 * object; NULL: nothing. */
json_t *bench_broker_end(struct bench_broker *w);

#endif
