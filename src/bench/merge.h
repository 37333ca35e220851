/* SPDX-License-Identifier: MIT */
#ifndef BENCH_MERGE_H
#define BENCH_MERGE_H

/*
 * One result from those of the shards of a run, be they machines or processes
 * of one. Counts and histograms are added exactly; what was lost is found
 * out here, since no shard sees both ends of every message. Main thread.
 */

#include "bench/result.h"

/*
 * Adds up what the parts have measured, and judges the losses. What
 * describes the run (scenario, seed, settings, host, course) is left as it
 * is in ret; requirements and verdict are not looked at. ERR_USAGE when the
 * parts are not of one run.
 */
int merge_parts(struct result *ret, const struct result *const *parts,
		size_t n, struct err *e) MUST_CHECK;

#endif
