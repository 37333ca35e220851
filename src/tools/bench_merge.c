/* SPDX-License-Identifier: MIT */
/* merge: results of shards become one, reported as if it had been one run. */
#include "bench/merge.h"

#include <stdlib.h>

#include "bench/judge.h"
#include "bench/result_file.h"
#include "tools/bench.h"

/* What had to hold in the shards' scenario has to hold in the whole. */
static int judge(struct bench *b, struct result *all,
		 const struct result *first, struct err *e)
{
	for (size_t i = 0; i < first->outcome_count; i++)
		if (bench_require(all, first->outcomes[i].requirement, NULL,
				  e) < 0)
			return -1;
	if (bench_require_options(b, all, NULL, e) < 0 ||
	    bench_set_title(b, all, e) < 0)
		return -1;
	return judge_result(all, e);
}

static int merge(struct bench *b, struct merge_part *parts,
		 struct result *files, struct err *e)
{
	struct result all;
	int r = 0;

	for (size_t i = 0; i < b->words.n; i++) {
		parts[i].name = b->words.v[i];
		parts[i].result = &files[i];
		if (r == 0)
			r = result_load(b->words.v[i], &files[i], e);
	}
	if (r < 0)
		return -1;
	r = merge_results(parts, b->words.n, &all, e);
	if (r == 0)
		r = judge(b, &all, &files[0], e);
	if (r == 0)
		r = bench_report_again(b, &all, e);
	result_release(&all);
	return r;
}

int bench_do_merge(struct bench *b, struct err *e)
{
	size_t n = b->words.n;
	struct merge_part *parts = calloc(n + 1, sizeof(*parts));
	struct result *files = calloc(n + 1, sizeof(*files));
	int r;

	for (size_t i = 0; files && i < n; i++)
		result_init(&files[i]);
	if (!parts || !files)
		r = err_nomem(e);
	else if (n == 0)
		r = err_set(e, ERR_USAGE, 0,
			    "'merge' needs the result files "
			    "of all shards");
	else
		r = merge(b, parts, files, e);
	for (size_t i = 0; files && i < n; i++)
		result_release(&files[i]);
	free(files);
	free(parts);
	return r;
}
