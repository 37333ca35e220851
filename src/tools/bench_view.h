/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_VIEW_H
#define TOOLS_BENCH_VIEW_H

/*
 * What can be seen of a run while it goes on: lines on standard error, and
 * --ndjson. Belongs to the thread that runs the engine, which calls back once
 * per interval. Writing never stops the run: what went wrong is kept in
 * bench.output for bench_report().
 */

#include "bench/live.h"
#include "tools/bench.h"
#include "tools/bench_metrics.h"

struct bench_view {
	struct bench *bench;
	const struct bench_load *load;
	struct bench_metrics *metrics; /* NULL: none */
	unsigned how;                  /* enum bench_progress, never AUTO */
	struct live live;
	char title[160]; /* of the live view */
	struct buf text;
	char why[240];                /* the run has to end early: */
	const struct require *missed; /* by this; NULL: it has not */
	bool has_warned;
};

int bench_view_begin(struct bench_view *p, struct bench *b,
		     const struct bench_load *l, struct err *e) MUST_CHECK;
/* For run_config.on_interval; ctx is the view. */
void bench_view_tell(void *ctx, const struct result *r,
		     const struct interval *i, const char **ret_stop);
void bench_view_end(struct bench_view *p);

/* bench_abort.c: a requirement that ends the run and does not hold now, one of
 * the scenario's; NULL: there is none. */
const struct require *bench_must_abort(const struct bench_load *l,
				       const struct result *r,
				       const struct interval *i, char *ret_text,
				       size_t size);

#endif
