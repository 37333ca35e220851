/* SPDX-License-Identifier: MIT */
#ifndef BENCH_REPEAT_H
#define BENCH_REPEAT_H

/*
 * The same load several times, and how far the results lie apart: what one
 * run alone cannot say. All runs together are a result like any other, with
 * the counts and histograms of all and their courses one after the other; of
 * latencies and rates the median of the runs is what counts.
 *
 * Pure; main thread.
 */

#include "bench/result.h"

struct repeat_value {
	double median, min, max;
	double spread; /* half of max - min, relative to the median; infinite
			* where one of them is */
};

/* What is shown of repeated runs, where there is data. */
extern const char *const repeat_metrics[];
extern const size_t repeat_metric_count;

/* Over all runs of r; -1 when one of them has no data. Infinite values are
 * HUGE_VAL, as in struct reading. */
int repeat_read(const struct result *r, const struct metric *m,
		struct repeat_value *ret) MUST_CHECK;

/* Its spread as tables have it: "12.3%", or "-". Returns dst. */
const char *repeat_spread(char *dst, size_t size, const struct repeat_value *v);

/* Takes over the n runs, which were judged, and the array (from malloc). ret
 * is initialised here and to be released whatever comes back; its verdict is
 * the worst of theirs, its requirements are still to be checked. */
int repeat_pool(struct result *runs, size_t n, struct result *ret,
		struct err *e) MUST_CHECK;

#endif
