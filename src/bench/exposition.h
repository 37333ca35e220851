/* SPDX-License-Identifier: MIT */
#ifndef BENCH_EXPOSITION_H
#define BENCH_EXPOSITION_H

/*
 * A run as Prometheus reads it: text exposition format 0.0.4, with counters
 * of everything since the begin, and summaries and gauges of the last
 * interval. Pure; any thread.
 */

#include "bench/result.h"

#define EXPOSITION_TYPE "text/plain; version=0.0.4; charset=utf-8"

int exposition_write(const struct result *r, const struct interval *i,
		     struct buf *out) MUST_CHECK;

#endif
