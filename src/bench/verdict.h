/* SPDX-License-Identifier: MIT */
#ifndef BENCH_VERDICT_H
#define BENCH_VERDICT_H

/*
 * Can the result be trusted, and whose limit was hit? Pure: evidence in,
 * verdict out; any thread; nothing allocated.
 *
 * The generator is suspected on three grounds, each compared with what is
 * reported at the same percentile, because a lag only falsifies what it is a
 * large part of: its timers fired late (beyond what this machine does when
 * idle; a thread that only receives has one for that), its receiving loops
 * were busy while messages waited, or its threads had no processor time left.
 * Waiting for the broker's acknowledgements or for the broker's socket never
 * speaks against the generator: a broker that stalls for two seconds gives a
 * valid result with a p99 of two seconds.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

enum trust { TRUST_VALID, TRUST_SUSPECT, TRUST_INVALID };

/* Who set the pace, as far as it can be told. */
enum bound { BOUND_NONE, BOUND_BROKER, BOUND_GENERATOR };

/* The percentiles of reports, and one for what has too few samples for most
 * of these. */
enum { VERDICT_LEVELS = 6, VERDICT_REASONS = 12, VERDICT_TEXT = 160 };

/* The same percentile of four distributions, ns. */
struct evidence_level {
	double percentile;
	bool is_known;     /* enough samples */
	uint64_t reported; /* the latency that is reported: e2e, acks... */
	uint64_t timer;    /* late by our timers */
	uint64_t floor;    /* the same on the idle machine */
	uint64_t turn;     /* one turn of a receiving loop */
	uint64_t greatest; /* greater than timer, of too few samples to be sure
			    */
	bool is_partial;   /* the report counts some that never came, too */
};

struct evidence {
	bool is_open; /* had a rate; the closed model is its own limit */
	/* Name of what is reported: "e2e". NULL: rates only, as of QoS 0 that
	 * nobody receives. What is reported is then the second that they are
	 * counted by: a message that leaves late falls into the wrong one. */
	const char *latency;
	uint64_t samples; /* of it; 0: few are as good */
	struct evidence_level levels[VERDICT_LEVELS];
	/* The same of connects, with their name. Where there are messages,
	 * these are what the verdict is about, and not it. */
	struct evidence_level connects[VERDICT_LEVELS];
	const char *connect;
	bool connects_only;
	bool connects_held; /* most waited for others that were under way */
	double busiest; /* processor share of the busiest thread, 0..1, while
			 * what is reported was measured */
	double asked, achieved; /* messages per second; asked 0: no rate */
	double throttled;       /* share of the time held back by the cgroup */
	double steal;           /* share taken by the hypervisor */
	double waited;  /* share of the sent that waited for the window or
			 * the socket longer than for our timer */
	int imbalances; /* lines of the books that do not hold */
	uint64_t clock_errors;
	uint64_t untracked; /* messages that memory was too short for */
	uint64_t uncertain;
	uint64_t received;
	uint64_t measured; /* messages in the measured phase */
	bool expects_messages;
	bool is_partial;      /* interrupted or aborted */
	double late_start;    /* seconds after the others */
	const char *unsteady; /* what drifted, or NULL */
};

struct verdict_reason {
	enum trust trust;
	char text[VERDICT_TEXT];
};

struct verdict {
	enum trust trust;
	enum bound bound;
	size_t count;
	struct verdict_reason reasons[VERDICT_REASONS]; /* worst first */
};

void verdict_judge(const struct evidence *e, struct verdict *ret);
/* A reason among the others; of too many the lightest are left out. */
PRINTF(3, 4)
void verdict_add(struct verdict *v, enum trust trust, const char *fmt, ...);

/* "VALID", "SUSPECT", "INVALID". */
const char *trust_name(enum trust t);
/* "generator-bound", "broker-bound" or "". */
const char *bound_name(enum bound b);

#endif
