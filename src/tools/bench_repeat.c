/* SPDX-License-Identifier: MIT */
/* --repeat: the same load several times. */
#include "bench/repeat.h"

#include <stdio.h>
#include <stdlib.h>

#include "tools/bench.h"

/* Each is a run of its own, so that messages which the broker still had from
 * the one before are not taken for its own. */
static int run_number(struct bench *b, const struct bench_load *l, unsigned i,
		      struct result *ret, struct err *e)
{
	struct bench_load again = *l;

	again.run_id += i;
	if (i)
		again.start_at = 0;
	if (b->options->progress != PROGRESS_NONE)
		fprintf(stderr, "run %u of %u\n", i + 1, b->options->repeat);
	return bench_run_once(b, &again, ret, e);
}

/* As many as there is time for: an interruption ends it, not what was found
 * out until then. */
static int run_all(struct bench *b, const struct bench_load *l,
		   struct result *runs, size_t *ret_count, struct err *e)
{
	size_t n = 0;
	int r = 0;

	while (r == 0 && n < b->options->repeat &&
	       (n == 0 || !runs[n - 1].partial)) {
		r = run_number(b, l, (unsigned)n, &runs[n], e);
		n++;
	}
	*ret_count = n;
	return r;
}

int bench_run_all(struct bench *b, const struct bench_load *l,
		  struct result *ret, struct err *e)
{
	struct result *runs;
	size_t n = 0;
	int r;

	if (b->options->repeat < 2)
		return bench_run_once(b, l, ret, e);
	result_init(ret);
	if (l->shards > 1)
		return err_set(e, ERR_USAGE, 0,
			       "--repeat and --shard exclude "
			       "each other: repeat the shards, and merge each "
			       "time");
	runs = calloc(b->options->repeat, sizeof(*runs));
	if (!runs)
		return err_nomem(e);
	r = run_all(b, l, runs, &n, e);
	if (r == 0) {
		r = repeat_pool(runs, n, ret, e);
		return r == 0 ? bench_require_scenario(l, ret, e) : r;
	}
	while (n)
		result_release(&runs[--n]);
	free(runs);
	return r;
}
