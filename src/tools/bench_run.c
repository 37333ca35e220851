/* SPDX-License-Identifier: MIT */
/* run, conn, pub, sub: loads. */
#include "tools/bench.h"

static int print_plan(const struct bench_load *l, struct err *e)
{
	AUTO(buf_release) struct buf text = { 0 };

	if (plan_describe(&l->scenario, &l->plan, &text) < 0)
		return err_nomem(e);
	return bench_print(buf_view(&text), false, e);
}

static int carry_out(struct bench *b, const struct bench_load *l, struct err *e)
{
	struct result result;
	int r = bench_run_all(b, l, &result, e);

	if (r == 0)
		r = bench_report(b, &result, e);
	result_release(&result);
	return r;
}

int bench_do_run(struct bench *b, struct err *e)
{
	struct bench_load load;
	int r = bench_load_make(b, &load, e);

	if (r == 0 && b->options->plan)
		r = print_plan(&load, e);
	if (r == 0)
		r = bench_load_allow(b, &load, e);
	if (r == 0 && !b->options->plan)
		r = carry_out(b, &load, e);
	bench_load_release(&load);
	return r;
}

int bench_do_conn(struct bench *b, struct err *e)
{
	return bench_do_run(b, e);
}

int bench_do_pub(struct bench *b, struct err *e)
{
	return bench_do_run(b, e);
}

int bench_do_sub(struct bench *b, struct err *e)
{
	return bench_do_run(b, e);
}
