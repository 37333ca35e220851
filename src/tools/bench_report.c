/* SPDX-License-Identifier: MIT */
/* report: what a run reported, again, from its result file. */
#include <stdlib.h>
#include <string.h>

#include "bench/judge.h"
#include "bench/report.h"
#include "bench/require.h"
#include "bench/result_file.h"
#include "tools/bench.h"

int bench_require(struct result *r, const char *text, const struct result *base,
		  struct err *e)
{
	struct require one;
	int held, parsed = base ? require_parse(text, &one, e)
				: require_parse_alone(text, &one, e);

	if (parsed < 0)
		return -1;
	held = judge_requirements(r, &one, 1, base, e);
	require_release(&one);
	return held < 0 ? -1 : 0;
}

int bench_require_options(struct bench *b, struct result *r,
			  const struct result *base, struct err *e)
{
	const struct text_list *list = &b->options->require;

	for (size_t i = 0; i < list->n; i++)
		if (bench_require(r, list->v[i], base, e) < 0)
			return err_prefix(e, "option '--require'");
	return 0;
}

int bench_set_title(struct bench *b, struct result *r, struct err *e)
{
	char *title;

	if (!b->options->title)
		return 0;
	title = strdup(b->options->title);
	if (!title)
		return err_nomem(e);
	free(r->title);
	r->title = title;
	return 0;
}

int bench_report_again(struct bench *b, const struct result *r, struct err *e)
{
	AUTO(buf_release) struct buf lines = { 0 };
	const char *path = b->options->ndjson;
	struct err later;
	int result = 0;

	for (size_t i = 0; path && i < r->course_count; i++)
		if (interval_to_ndjson(r, &r->course[i], &lines) < 0)
			return err_nomem(e);
	if (path && strcmp(path, "-") == 0)
		result = bench_print(buf_view(&lines), false, e);
	else if (path)
		result = file_save(path, buf_view(&lines), e);
	return bench_report(b, r, result ? &later : e) < 0 ? -1 : result;
}

int bench_do_report(struct bench *b, struct err *e)
{
	struct result r;
	int result;

	if (b->words.n != 1)
		return err_set(e, ERR_USAGE, 0,
			       "'report' needs one result "
			       "file, from --json");
	result_init(&r);
	result = result_load(b->words.v[0], &r, e);
	if (result == 0)
		result = bench_set_title(b, &r, e);
	if (result == 0)
		result = bench_require_options(b, &r, NULL, e);
	if (result == 0)
		result = bench_report_again(b, &r, e);
	result_release(&r);
	return result;
}
