/* SPDX-License-Identifier: MIT */
#ifndef BENCH_SCHEDULE_H
#define BENCH_SCHEDULE_H

/*
 * When each message of a group of clients is meant to leave. The times do
 * not depend on what happens to the messages before (open model), nor on how
 * many threads or machines share the group: each of them makes a schedule
 * for its own clients from the same configuration and seed, and together
 * they have every message once.
 *
 * One schedule serves all clients of a group on one loop and needs no memory
 * per client: it yields (time, client) pairs in the order of time. Pure; the
 * configuration is borrowed and must outlive it; one thread at a time.
 *
 * Times are ns since the begin of sending.
 */

#include <stdbool.h>
#include <stdint.h>

#include "bench/pcg.h"
#include "bench/stages.h"

enum arrival {
	ARRIVAL_CONSTANT,
	ARRIVAL_POISSON, /* exponential gaps, each client on its own */
	ARRIVAL_BURST,   /* `burst` messages at once, then a gap */
	ARRIVAL_TRACE,   /* at recorded times, clients in turn */
};

/* Where the clients stand in their period when they start. */
enum schedule_phase {
	PHASE_UNIFORM, /* spread evenly over it */
	PHASE_ALIGNED, /* all at its begin: a beat of the whole group */
};

/* The clients of a group that one loop serves: first, first + step, ... */
struct share {
	uint32_t first, step, count;
};

struct schedule_config {
	enum arrival arrival;
	enum schedule_phase phase;
	double rate;           /* messages per second and client, > 0 */
	uint32_t clients;      /* of the whole group on all machines, > 0 */
	uint32_t burst;        /* messages at once, > 0 */
	const uint64_t *trace; /* rising times */
	uint64_t trace_count;
	uint64_t tick;  /* ns that all times are multiples of, rounded down
			 * so that as many are in a phase; 0: as exact as
			 * they come */
	uint64_t limit; /* messages of the whole group; 0: no limit */
	uint64_t begin; /* ns: of the first period, when the group joins */
	const struct stages *stages; /* NULL: factor 1 without end */
	uint64_t seed, stream;
};

struct schedule {
	const struct schedule_config *config;
	struct share share;
	struct pcg random;
	double before; /* mass before the begin */
	double gone;   /* Poisson: periods so far */
	uint64_t next; /* number of the next message of the share, or of
			* the group (Poisson, trace) */
	size_t stage;
};

void schedule_init(struct schedule *s, const struct schedule_config *c,
		   struct share share);

/* The next message; false when there is none any more. Times never fall. */
bool schedule_next(struct schedule *s, uint64_t *ret_time,
		   uint32_t *ret_client);

/* How many messages the whole group is meant to send in a time from the
 * begin; for Poisson arrivals the expected number. */
double schedule_expected(const struct schedule_config *c, uint64_t duration);

/* When the messages of the limit end: as soon as the one after them would be
 * due, on average. At most until the stages end; 0 without a limit, and for
 * traces, which end with their last message. ns. */
uint64_t schedule_length(const struct schedule_config *c);

/* The clients of part `part` of `parts` of a group. */
struct share share_of(uint32_t clients, uint32_t part, uint32_t parts);
/* A part of a part: the share of one loop within that of its shard. */
struct share share_split(struct share s, uint32_t part, uint32_t parts);

#endif
