/* SPDX-License-Identifier: MIT */
#include "test.h"

#include <math.h>

#include "bench/number.h"

static void rates_have_units(void)
{
	static const struct {
		const char *text;
		double want;
	} good[] = {
		{ "1/s", 1 },      { "0.5/s", 0.5 }, { "20k/s", 20000 },
		{ "1.5M", 1.5e6 }, { "60/min", 1 },  { "7200/h", 2 },
		{ "250", 250 },    { "0", 0 },
	};
	static const char *const bad[] = { "",     "k",   "/s",   "fast",
					   "-1/s", "1/d", "1 /s", "1e99/s" };
	struct err e = { 0 };
	double v = 0;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		is_int(number_rate(good[i].text, &v, &e), 0, "%s",
		       good[i].text);
		ok(fabs(v - good[i].want) < 1e-9, "%s: %g", good[i].text, v);
	}
	v = 7;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		is_int(number_rate(bad[i], &v, &e), -1, "%s", bad[i]);
	is_str(e.text, "'1e99/s' is not a rate such as 5/s, 20k/s or 10/min");
	ok(v > 6.9, "untouched");
}

static void percentages_are_shares(void)
{
	struct err e = { 0 };
	double v = 0;

	is_int(number_percent("10%", 0, &v, &e), 0);
	ok(fabs(v - 0.1) < 1e-12);
	is_int(number_percent("+5%", -1, &v, &e), 0);
	ok(fabs(v - 0.05) < 1e-12);
	is_int(number_percent("-2.5%", -1, &v, &e), 0);
	ok(fabs(v + 0.025) < 1e-12);
	is_int(number_percent("-1%", 0, &v, &e), -1);
	is_str(e.text, "'-1%' is not a percentage such as 10% of at least 0%");
	is_int(number_percent("10", 0, &v, &e), -1);
	is_int(number_percent("%", 0, &v, &e), -1);
}

static void sizes_may_be_ranges(void)
{
	struct err e = { 0 };
	uint64_t v[2] = { 0 };

	is_int(number_sizes("16", 1000, v, &e), 0);
	ok(v[0] == 16 && v[1] == 16);
	is_int(number_sizes("1k-4k", 5000, v, &e), 0);
	ok(v[0] == 1024 && v[1] == 4096);
	is_int(number_sizes("9-3", 1000, v, &e), -1);
	is_str(e.text, "'9-3' goes from large to small");
	is_int(number_sizes("-3", 1000, v, &e), -1);
	is_str(e.text, "'-3' is not a size or a range of sizes such as "
		       "16-256");
	is_int(number_sizes("1-2000", 1000, v, &e), -1);
	is_int(number_sizes("x", 1000, v, &e), -1);
	ok(v[0] == 1024, "untouched");
}

TEST_MAIN(T(rates_have_units), T(percentages_are_shares),
	  T(sizes_may_be_ranges))
