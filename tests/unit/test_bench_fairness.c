/* SPDX-License-Identifier: MIT */
#include "test.h"

#include <math.h>
#include <string.h>

#include "bench/fairness.h"
#include "bench_run.h"

static void fill(struct shared_list *l, const char *filter, const uint64_t *v,
		 size_t n)
{
	for (size_t i = 0; i < n; i++)
		is_int(shared_add_member(l, filter, v[i]), 0);
}

static void is_near(double got, double want)
{
	ok(fabs(got - want) < 1e-9, "%g is not %g", got, want);
}

static void index_is_jains(void)
{
	static const uint64_t even[] = { 7, 7, 7, 7 }, one[] = { 0, 9, 0, 0 },
			      some[] = { 1, 2, 3 }, none[] = { 0, 0 };
	struct shared_list l = { 0 };
	struct evenness e;

	ok(isnan(shared_fairness(&l)));
	fill(&l, "$share/n/x", none, 2);
	ok(isnan(shared_fairness(&l)), "nobody got anything");
	fill(&l, "$share/a/x", even, 4);
	is_near(shared_fairness(&l), 1);
	fill(&l, "$share/s/x", some, 3);
	is_near(shared_fairness(&l), 36.0 / 42);
	fill(&l, "$share/o/x", one, 4);
	is_near(shared_fairness(&l), 0.25);
	is_int(l.count, 4);
	is_int(shared_evenness(&l.v[2], &e), 0);
	is_int(e.min, 1);
	is_int(e.median, 2);
	is_int(e.max, 3);
	is_near(e.fairness, 36.0 / 42);
	shared_release(&l);
}

/* Repetitions have the same groups, shards others. */
static void lists_are_put_together(void)
{
	static const uint64_t a[] = { 1, 2, 3 }, b[] = { 10, 20 };
	struct shared_list all = { 0 }, one = { 0 }, two = { 0 };

	fill(&one, "$share/a/x", a, 3);
	fill(&two, "$share/a/x", a, 3);
	fill(&two, "$share/b/x", b, 2);
	is_int(shared_add(&all, &one), 0);
	is_int(shared_add(&all, &two), 0);
	is_int(all.count, 2);
	is_int(all.v[0].members, 3);
	is_int(all.v[0].served[2], 6);
	is_int(all.v[1].served[1], 20);
	shared_release(&all);
	shared_release(&one);
	shared_release(&two);
}

/* The counting peer goes round. */
static void members_of_a_run_are_counted(void)
{
	struct trial t = {
		.yaml = "name: even\n"
			"phases: {measure: 1s, drain: 5s}\n"
			"groups:\n"
			"  - {name: s, clients: 3, subscribe: "
			"[{filter: $share/g/a/#, qos: 1}]}\n"
			"  - {name: t, clients: 1, subscribe: "
			"[{filter: $share/g/a/#, qos: 1}]}\n"
			"  - name: p\n"
			"    clients: 4\n"
			"    publish: [{topic: a/%i, qos: 1, rate: 50/s}]\n",
		.processes = 2,
	};

	(void)trial_run(&t);
	is_int(t.status, 0, "%s", t.err.text);
	is_int(t.result.shares.count, 1);
	if (t.result.shares.count == 1) {
		is_str(t.result.shares.v[0].filter, "$share/g/a/#");
		is_int(t.result.shares.v[0].members, 4);
		for (int i = 0; i < 4; i++)
			is_int(t.result.shares.v[0].served[i], 50);
	}
	is_near(trial_value(&t, "share.fairness"), 1);
	trial_release(&t);
}

TEST_MAIN(T(index_is_jains), T(lists_are_put_together),
	  T(members_of_a_run_are_counted))
