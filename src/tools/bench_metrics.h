/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_METRICS_H
#define TOOLS_BENCH_METRICS_H

/*
 * --metrics: the figures of a run for Prometheus, at /metrics of a small HTTP
 * server. It has a thread of its own, which only copies the last snapshot
 * under a lock; the thread that runs the engine makes a new one once per
 * interval. That thread is started by the first snapshot, since before it
 * processes may still be forked.
 */

#include "base/err.h"
#include "bench/result.h"

struct bench_metrics;

/* "9100" (on the loopback address), "0.0.0.0:9100", "[::]:9100". The port is
 * taken at once. NULL with e. */
struct bench_metrics *bench_metrics_open(const char *where, struct err *e);
/* Never fails a run: a snapshot that cannot be made leaves the last one. */
void bench_metrics_tell(struct bench_metrics *m, const struct result *r,
			const struct interval *i);
/* NULL is fine. */
void bench_metrics_close(struct bench_metrics *m);

#endif
