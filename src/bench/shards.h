/* SPDX-License-Identifier: MIT */
#ifndef BENCH_SHARDS_H
#define BENCH_SHARDS_H

/*
 * A run in several processes of this machine, where one may not have as many
 * descriptors as there are clients. Each is a shard of the run in the sense
 * of struct run_config, and their results are merged like those of machines:
 * whoever asked for the run cannot tell the difference.
 *
 * The caller's process loads nothing itself: it waits until all shards are
 * ready, tells them when to send, passes interrupts on, and adds up what they
 * report. Call it while there is no other thread; it blocks. The processes
 * end with the caller, whatever happens to it.
 */

#include "bench/run.h"

/* As run_execute() with c, in n processes. Also -1 when one of them dies. */
int shards_execute(const struct run_config *c, uint32_t n, struct result *r,
		   struct err *e) MUST_CHECK;

#endif
