/* SPDX-License-Identifier: MIT */
#ifndef BENCH_REQUIRE_H
#define BENCH_REQUIRE_H

/*
 * Requirements: what must hold for a run to pass, in the same words on the
 * command line, in scenarios, in searches and in comparisons:
 *
 *	e2e.p99 < 20ms
 *	lost == 0 tolerance 0.1%
 *	rate.in >= 99% after 10s abort
 *	e2e.p99 <= +10%			(compared with another result)
 *
 * A bare percentage is of what was asked for; one with a sign is a change
 * against the other result. The tolerance loosens the limit: by that share
 * of it, or, for counts, by that share of all that could have failed.
 * `after` leaves out checks before that time of the measured phase; `abort`
 * ends the run as soon as it does not hold. A metric without data does not
 * hold. Pure; a requirement owns its text.
 */

#include "base/err.h"
#include "bench/metric.h"

enum require_op {
	OP_LESS,
	OP_LESS_EQUAL,
	OP_EQUAL,
	OP_NOT_EQUAL,
	OP_GREATER_EQUAL,
	OP_GREATER
};

enum require_scale {
	SCALE_ABSOLUTE,
	SCALE_OF_ASKED, /* value is a share: 0.99 */
	SCALE_CHANGE,   /* value is a relative change: 0.1 */
};

struct require {
	char *text; /* as it was written */
	struct metric metric;
	enum require_op op;
	enum require_scale scale;
	double value;     /* ns, per second, bytes or a number; or a share */
	double tolerance; /* a share */
	uint64_t after;   /* ns */
	bool is_abort;
};

int require_parse(const char *text, struct require *ret, struct err *e)
	MUST_CHECK;
/* The same for one result by itself: without changes against another one. */
int require_parse_alone(const char *text, struct require *ret, struct err *e)
	MUST_CHECK;
void require_release(struct require *r);

/* What was measured. */
struct reading {
	const char *missing; /* why there is no data; NULL when there is */
	double value;        /* HUGE_VAL: some never came at all */
	double asked;        /* for SCALE_OF_ASKED; 0: unknown */
	double whole;        /* what a count is a part of; 0: unknown */
	bool has_base;       /* there is another result to compare with */
	double base;         /* its value */
	double spread;       /* relative spread of repeated runs: changes
			      * within it are not changes */
};

/* true when it holds. The sentence says what was measured and wanted, e.g.
 * "e2e.p99 is 23.1 ms, wanted < 20 ms". */
bool require_check(const struct require *r, const struct reading *m,
		   char *ret_text, size_t size);

#endif
