/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_SELF_H
#define TOOLS_BENCH_SELF_H

/*
 * --target self[:FAULT,...]: the counting peer inside the program in place of
 * a broker. It runs in a process of its own from the moment the targets are
 * opened until they are released. Main thread, before there are others.
 */

#include <jansson.h>

#include "tools/bench_target.h"

/* Starts it and makes it the one target. ERR_USAGE when the faults are none,
 * ERR_LOCAL. ret is zero but for what the caller has set, and is to be
 * released with bench_targets_release(). */
int bench_self_open(const char *target, struct bench_targets *ret,
		    struct err *e) MUST_CHECK;
void bench_self_close(struct bench_targets *t);
/* What the peer has counted, as texts to show beside what the run has; NULL
 * when out of memory. */
json_t *bench_self_counts(const struct bench_targets *t);

#endif
