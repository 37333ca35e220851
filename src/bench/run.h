/* SPDX-License-Identifier: MIT */
#ifndef BENCH_RUN_H
#define BENCH_RUN_H

/*
 * The load engine: carries out a scenario with a pool of receive threads,
 * each with its own clients, timers, counts and histograms, and adds up the
 * result at the end.
 *
 * run_execute() blocks its caller, which is the coordinator: it tells the
 * threads when to connect, send, stop and count, and calls back once per
 * interval. Everything in the configuration is borrowed and must not change
 * until it returns.
 *
 * The clock is clock_boot() throughout, the same as the loops': processes on
 * one machine share it, so that times in payloads mean the same to all.
 */

#include "bench/result.h"
#include "bench/scenario.h"
#include "net/dial.h"

struct transport_config;

/* One broker; clients take them in turn. Numeric hosts, so that no client
 * has to resolve a name, but where SRV records or a proxy's name stand
 * between. */
struct run_target {
	const char *host;
	uint16_t port;
	const char *unix_path; /* instead of host and port */
	const char *name;      /* as it was given, for messages */
	const struct transport_config *transport; /* NULL: plain */
	uint64_t resolve_time; /* what it took, ns; 0: nothing */
	bool looks_up;         /* each connect does, itself */
};

/* What processes that share a run out among them tell each other about what
 * was sent, in memory that all of them have; see run_drain.c. */
struct run_common;
/* Its size in bytes; it begins as zeros. */
size_t run_common_size(const struct scenario *s);

struct run_config {
	const struct scenario *scenario;
	const struct run_target *targets;
	size_t target_count;
	bool targets_by_group; /* they are those of the scenario, and go to
				* the groups as it says; else all to all */
	const char *const *bind_addresses; /* numeric; clients in turn */
	size_t bind_count;
	unsigned threads;
	uint32_t shard, shards;    /* 0 of 1: the whole */
	struct run_common *common; /* of all shards; NULL: they are strangers */
	uint64_t seed, run_id;
	uint64_t clock_id;    /* host_clock_id(), or CLOCK_STATED */
	uint64_t clock_bound; /* ns by which clocks may differ; a delay that
			       * is negative by no more counts as none */
	/* For groups that name none of their own; NULL: none. */
	const char *username, *password;
	uint64_t ack_timeout; /* ns after which a message has timed out */
	uint64_t start_at;    /* ns since 1970 to begin at; 0: at once */
	uint64_t epoch;       /* run's start on clock_boot() that the
			       * headers count from; 0: now */
	uint64_t interval;    /* ns between reports; 0: 1 s */
	/* An eventfd, or -1. Readable: stop in good order. It is read once for
	 * each wish (EFD_SEMAPHORE): the first ends the sending, the next the
	 * wait for what is still under way. */
	int interrupt_fd;

	void *ctx;
	/* After each interval; r is the result so far (counts only). May set
	 * *ret_stop to a text, copied at once, to end the run early with
	 * ERR_NO. May be NULL. */
	void (*on_interval)(void *ctx, const struct result *r,
			    const struct interval *i, const char **ret_stop);
	/* All is ready to send; asked again and again until it is true. Then
	 * *ret_begin is when to begin, on clock_boot(): shards wait for each
	 * other so. May be NULL. */
	bool (*may_begin)(void *ctx, uint64_t *ret_begin);
	/* Adds what is known of the broker; may be NULL. */
	void (*sample_broker)(void *ctx, struct interval *i);
};

/* Seconds that it is too late now to begin at a time; both in ns since 1970. */
static inline double run_lateness(uint64_t start_at, uint64_t now)
{
	return now > start_at ? (double)(now - start_at) / 1e9 : 0;
}

/*
 * Runs to the end, or until interrupted; the result is as complete as it can
 * be in both cases (r->partial says why it ended early). -1 with e when it
 * could not begin: too few clients connected (the kind of the most frequent
 * failure), or no memory or threads. r has been initialised by the caller
 * and holds what was found out either way.
 */
int run_execute(const struct run_config *c, struct result *r, struct err *e)
	MUST_CHECK;

#endif
