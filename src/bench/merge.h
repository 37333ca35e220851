/* SPDX-License-Identifier: MIT */
#ifndef BENCH_MERGE_H
#define BENCH_MERGE_H

/*
 * One result from several: from those of the shards of a run, be they
 * machines or processes of one, and from repetitions. Counts and histograms
 * are added exactly; what was lost by shards is found out here, since none of
 * them sees both ends of every message.
 *
 * Main thread; what is merged is not changed.
 */

#include "bench/result.h"

/*
 * Adds up what the parts have measured, and judges the losses. What
 * describes the run (scenario, seed, settings, host, course) is left as it
 * is in ret; requirements and verdict are not looked at. ERR_USAGE when the
 * parts are not of one run.
 */
int merge_parts(struct result *ret, const struct result *const *parts, size_t n,
		struct err *e) MUST_CHECK;

struct merge_part {
	const struct result *result;
	const char *name; /* for messages: its file */
};

/*
 * ret is initialised here and to be released whatever comes back; it is not
 * judged yet. Missing shards make it a partial result that names them and
 * does not judge losses. -1 with e (ERR_USAGE) names the file that is of
 * another run or scenario, that is no shard, or that holds a shard which is
 * there already.
 */
int merge_results(const struct merge_part *parts, size_t n, struct result *ret,
		  struct err *e) MUST_CHECK;

/* The losses of topics that vary, or why they cannot be known, from what r
 * says of these: in a run that is whole, or once all of its parts are added. */
void result_judge_varying(struct result *r);

/* Adds what can be added whoever measured it: histograms, counts, causes,
 * threads and memory of src to those of dst. */
int result_add(struct result *dst, const struct result *src, const char *prefix,
	       struct err *e) MUST_CHECK;

/* A copy of all texts and descriptions of src, with no figures. */
int result_describe_as(struct result *dst, const struct result *src,
		       struct err *e) MUST_CHECK;

/* Notes why src ended early, after what is noted already. */
int result_add_partial(struct result *dst, const struct result *src,
		       struct err *e) MUST_CHECK;

/* Adds the clients' counts of src's tallies to those of dst, or copies them
 * when there are none. */
int result_add_tallies(struct result *dst, const struct result *src,
		       struct err *e) MUST_CHECK;

#endif
