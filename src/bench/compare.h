/* SPDX-License-Identifier: MIT */
#ifndef BENCH_COMPARE_H
#define BENCH_COMPARE_H

/*
 * Two results side by side: every figure that both have, and what makes them
 * hard to compare. Pure; main thread.
 */

#include "bench/report.h"

/* Appends a table. A change within the spread of repeated runs is marked as
 * none. */
int compare_text(const struct result *old, const struct result *now,
		 const struct report_style *style, struct buf *out) MUST_CHECK;

#endif
