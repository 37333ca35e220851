/* SPDX-License-Identifier: MIT */
#include "test.h"

#include <math.h>

#include "bench/search.h"

static const struct search_config rates = { .from = 1000, .precision = 0.05 };

/* Runs against something that holds up to a limit. */
static unsigned search_all(struct search *s, const struct search_config *c,
			   double limit, double generator)
{
	const struct search_step *t;
	unsigned runs = 0;

	search_begin(s, c);
	while ((t = search_next(s)) && runs < 1000) {
		search_note(s, t->value > generator ? SEARCH_GENERATOR
			       : t->value > limit   ? SEARCH_FAILS
						    : SEARCH_HOLDS);
		runs++;
	}
	return runs;
}

static void limit_is_found_within_the_precision(void)
{
	static const double limits[] = { 1000, 1900, 2000, 5432, 1e6, 7.3e8 };
	struct search s;

	for (size_t i = 0; i < sizeof(limits) / sizeof(*limits); i++) {
		search_all(&s, &rates, limits[i], HUGE_VAL);
		is_int(s.end, SEARCH_FOUND);
		ok(s.best <= limits[i] && s.worst > limits[i], "%g in %g..%g",
		   limits[i], s.best, s.worst);
		ok(s.worst - s.best <= 0.05 * s.best, "%g..%g", s.best,
		   s.worst);
	}
}

static void it_doubles_and_then_halves(void)
{
	static const double values[] = { 1000, 2000, 4000, 3000,
					 2500, 2250, 2380 };
	struct search s;

	is_int(search_all(&s, &rates, 2300, HUGE_VAL), 16,
	       "each step is confirmed");
	is_int(s.count, 8);
	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
		ok(fabs(s.steps[i].value - values[i]) < 1e-9, "%g",
		   s.steps[i].value);
		is_int(s.steps[i].runs, 2);
	}
}

static void whole_numbers_stay_whole(void)
{
	const struct search_config c = { .from = 1,
					 .precision = 0.01,
					 .is_whole = true };
	struct search s;

	search_all(&s, &c, 13, HUGE_VAL);
	is_int(s.end, SEARCH_FOUND);
	ok(fabs(s.best - 13) < 1e-9 && fabs(s.worst - 14) < 1e-9);
	for (size_t i = 0; i < s.count; i++)
		ok(fabs(s.steps[i].value - round(s.steps[i].value)) < 1e-9);
}

static void ends_are_told_apart(void)
{
	struct search_config c = rates;
	struct search s;

	is_int(search_all(&s, &c, 500, HUGE_VAL), 2);
	is_int(s.end, SEARCH_NONE);
	c.to = 5000;
	search_all(&s, &c, 1e9, HUGE_VAL);
	is_int(s.end, SEARCH_ALL);
	ok(fabs(s.best - 5000) < 1e-9, "the last step is no longer than that");
	search_all(&s, &rates, 1e9, 10000);
	is_int(s.end, SEARCH_LIMITED);
	ok(fabs(s.best - 8000) < 1e-9);
	ok(search_next(&s) == NULL);
	search_all(&s, &rates, HUGE_VAL, HUGE_VAL);
	is_int(s.end, SEARCH_STOPPED, "some day there are enough steps");
}

static void one_run_decides_nothing(void)
{
	struct search s;

	search_begin(&s, &rates);
	search_note(&s, SEARCH_FAILS);
	is_int(s.count, 1);
	search_note(&s, SEARCH_HOLDS);
	is_int(s.count, 1, "a third has to decide");
	search_note(&s, SEARCH_HOLDS);
	is_int(s.count, 2);
	is_int(s.steps[0].outcome, SEARCH_HOLDS);
	search_note(&s, SEARCH_UNTRUSTED);
	search_note(&s, SEARCH_HOLDS);
	search_note(&s, SEARCH_FAILS);
	is_int(s.steps[1].outcome, SEARCH_UNTRUSTED, "three opinions");
	is_int(s.end, SEARCH_STOPPED);
}

TEST_MAIN(T(limit_is_found_within_the_precision), T(it_doubles_and_then_halves),
	  T(whole_numbers_stay_whole), T(ends_are_told_apart),
	  T(one_run_decides_nothing))
