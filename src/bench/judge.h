/* SPDX-License-Identifier: MIT */
#ifndef BENCH_JUDGE_H
#define BENCH_JUDGE_H

/*
 * From what a run found out to what it says: the values of metrics, the
 * books, the requirements, the verdict. Main thread; works on results of
 * runs and on those read from files alike.
 */

#include "bench/require.h"
#include "bench/result.h"

/* The value of a metric: of repeated runs the median, and of counts the sum.
 * base: another result to compare with, or NULL; the spread of both is then
 * filled in: half the distance between the extremes of each. The missing text
 * of the reading lives as long as `r`. */
void judge_read(const struct result *r, const struct metric *m,
		const struct result *base, struct reading *ret);

/* The same of one run alone, as if it had no repetitions in it. */
void judge_read_once(const struct result *r, const struct metric *m,
		     struct reading *ret);

/* The latency that a report is about: end to end, else acknowledgements... */
enum timing judge_main_timing(const struct result *r);
/* And how late this program was for it: with its messages, or with its
 * connects where these are all. */
enum timing judge_own_lag(const struct result *r);

/* Checks all requirements (in a shard all but those on what was lost, which
 * it cannot know); adds an outcome for each to r. 0 when all hold,
 * 1 when one does not, -1 with e when memory is short. */
int judge_requirements(struct result *r, const struct require *list, size_t n,
		       const struct result *base, struct err *e) MUST_CHECK;

/* Checks the books and fills in r->imbalances and r->verdict. */
int judge_result(struct result *r, struct err *e) MUST_CHECK;

/* How many of a latency's messages never came at all: lost, skipped, timed
 * out. They count as later than all others, in every report alike. */
uint64_t judge_late(const struct result *r, enum timing t);

/* Is there anything to tell of it? Deliveries may all be lost. */
bool judge_has_any(const struct result *r, enum timing t);

/* A latency's statistic as tables and files show it: a time, or "never" where
 * it falls among those that never came. NULL: too few messages for it. */
const char *judge_text(const struct result *r, const struct metric *m,
		       char *dst, size_t size);

/* The percentiles that reports have. */
enum { JUDGE_PERCENTILES = 5 };
extern const double judge_percentiles[JUDGE_PERCENTILES];

/* How many independent values of a latency there are, late ones included. */
uint64_t judge_samples(const struct result *r, enum timing t);
/* What a result with that many samples may say: percentiles of latencies need
 * enough messages (publishes; the deliveries of one message are no
 * independent samples). */
bool judge_has_enough(const struct result *r, enum timing t, double p);
/* The same for p50 and p99 of e2e, or else acknowledgements, of one interval:
 * are they there? */
bool judge_interval_has(const struct interval *i, bool is_e2e, double p);

#endif
