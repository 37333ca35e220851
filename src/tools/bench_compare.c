/* SPDX-License-Identifier: MIT */
/* compare: a new result against an old one. */
#include <stdlib.h>
#include <unistd.h>

#include "bench/compare.h"
#include "bench/result_file.h"
#include "tools/bench.h"

/* Only what --require says now is judged: what held in its own run is told
 * by its own report. */
static void forget_outcomes(struct result *r)
{
	for (size_t i = 0; i < r->outcome_count; i++) {
		free(r->outcomes[i].requirement);
		free(r->outcomes[i].text);
	}
	r->outcome_count = 0;
}

static int add_outcomes(const struct result *r, struct buf *text,
			size_t *ret_missed, struct err *e)
{
	*ret_missed = 0;
	for (size_t i = 0; i < r->outcome_count; i++) {
		const struct outcome *o = &r->outcomes[i];

		*ret_missed += !o->holds;
		if (buf_printf(text, "%s  %s (%s)\n",
			       o->holds ? "PASS" : "FAIL", o->requirement,
			       o->text) < 0)
			return err_nomem(e);
	}
	return 0;
}

/* What is not known cannot have become better or worse. */
static int check_trust(const struct result *r, const char *which, struct err *e)
{
	if (r->verdict.trust != TRUST_INVALID)
		return 0;
	return err_set(e, ERR_INVALID, 0, "the %s measurement is not valid: %s",
		       which,
		       r->verdict.count ? r->verdict.reasons[0].text : "");
}

static int compare(struct bench *b, const struct result *old,
		   struct result *now, struct err *e)
{
	AUTO(buf_release) struct buf text = { 0 };
	const struct report_style style = {
		.is_colored = bench_has_terminal(STDOUT_FILENO),
	};
	size_t missed;

	forget_outcomes(now);
	if (compare_text(old, now, &style, &text) < 0)
		return err_nomem(e);
	if (bench_require_options(b, now, old, e) < 0 ||
	    add_outcomes(now, &text, &missed, e) < 0 ||
	    bench_print(buf_view(&text), false, e) < 0)
		return -1;
	if (check_trust(now, "new", e) < 0 || check_trust(old, "old", e) < 0)
		return -1;
	if (missed)
		return err_set(e, ERR_NO, 0,
			       "%zu of %zu requirements %s not "
			       "hold",
			       missed, now->outcome_count,
			       missed == 1 ? "does" : "do");
	return 0;
}

int bench_do_compare(struct bench *b, struct err *e)
{
	struct result old, now;
	int r;

	if (b->words.n != 2)
		return err_set(e, ERR_USAGE, 0,
			       "'compare' needs two result "
			       "files: the old one and the new one");
	result_init(&old);
	result_init(&now);
	r = result_load(b->words.v[0], &old, e);
	if (r == 0)
		r = result_load(b->words.v[1], &now, e);
	if (r == 0)
		r = compare(b, &old, &now, e);
	result_release(&old);
	result_release(&now);
	return r;
}
