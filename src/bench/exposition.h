/* SPDX-License-Identifier: MIT */
#ifndef BENCH_EXPOSITION_H
#define BENCH_EXPOSITION_H

/*
 * A run as Prometheus reads it: text exposition format 0.0.4, with counters
 * and sums of everything since the begin, and quantiles and gauges of the last
 * interval, which r has as well. Pure; any thread.
 */

#include "bench/result.h"

#define EXPOSITION_TYPE "text/plain; version=0.0.4; charset=utf-8"

int exposition_write(const struct result *r, const struct interval *i,
		     struct buf *out) MUST_CHECK;

#endif
