/* SPDX-License-Identifier: MIT */
#include "test.h"

#include <math.h>

#include "base/clock.h"
#include "bench/require.h"

static struct require parsed(const char *text)
{
	struct require r = { 0 };
	struct err e = { 0 };

	ok(require_parse(text, &r, &e) == 0, "%s: %s", text, e.text);
	return r;
}

static void words_are_understood(void)
{
	struct require r = parsed("e2e.p99 < 20ms");

	is_int(r.op, OP_LESS);
	is_int(r.scale, SCALE_ABSOLUTE);
	ok(fabs(r.value - 20e6) < 1);
	is_str(r.text, "e2e.p99 < 20ms");
	require_release(&r);
	r = parsed("rate.in>=99% after 10s abort tolerance 0.5%");
	is_int(r.op, OP_GREATER_EQUAL);
	is_int(r.scale, SCALE_OF_ASKED);
	ok(fabs(r.value - 0.99) < 1e-9);
	ok(fabs(r.tolerance - 0.005) < 1e-9);
	is_int(r.after, 10 * CLOCK_SEC);
	ok(r.is_abort);
	require_release(&r);
	r = parsed("e2e.p99 <= +10%");
	is_int(r.scale, SCALE_CHANGE);
	ok(fabs(r.value - 0.1) < 1e-9);
	require_release(&r);
	r = parsed("rate.out > -5%");
	is_int(r.scale, SCALE_CHANGE);
	ok(fabs(r.value + 0.05) < 1e-9);
	require_release(&r);
	r = parsed("rate.in > 1.5k/s");
	ok(fabs(r.value - 1500) < 1e-6);
	require_release(&r);
	r = parsed("memory < 200M");
	ok(fabs(r.value - 200 * 1048576.0) < 1);
	require_release(&r);
	r = parsed("lost = 0");
	is_int(r.op, OP_EQUAL);
	require_release(&r);
}

static void mistakes_are_named(void)
{
	static const char *const wrong[][2] = {
		{ "", "expected something like 'e2e.p99 < 20ms'" },
		{ "lost", "expected something like 'e2e.p99 < 20ms'" },
		{ "e2e.p99 < 20", "'20' needs a unit, such as 20ms" },
		{ "e2e.p99 ~ 20ms", "'~' is not <, <=, ==, !=, >= or >" },
		{ "e2e.p99 <> 20ms", "'<>' is not <, <=, ==, !=, >= or >" },
		{ "lsot == 0", "'lsot' is not a metric, did you mean 'lost'?" },
		{ "lost == 0 sometimes",
		  "'sometimes' is not tolerance N%, after TIME or abort" },
		{ "lost == 0 tolerance 3",
		  "'3' is not a percentage such as 10% of at least 0%" },
		{ "rate.out >= 99%",
		  "'99%' is of what was asked for, which only rate.in is; a "
		  "change has a sign, as +10%" },
		{ "cpu < 50%", "'50%' is of what was asked for" },
		{ "e2e.p99 < 5%", "'5%' is of what was asked for" },
		{ "rate.in > fast",
		  "'fast' is not a rate such as 5/s, 20k/s or 10/min" },
	};
	struct require r = { .after = 3 };
	struct err e;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		err_clear(&e);
		is_int(require_parse(wrong[i][0], &r, &e), -1);
		is_int(e.kind, ERR_USAGE);
		ok(strstr(e.text, wrong[i][1]) != NULL, "%s", e.text);
		ok(strncmp(e.text, "requirement '", 13) == 0, "%s", e.text);
	}
	is_int(require_parse("a b c d e f g h i j k", &r, &e), -1);
	is_int(r.after, 3, "untouched");
}

static bool check(const char *text, struct reading m, const char *want)
{
	struct require r = parsed(text);
	char said[200];
	bool held = require_check(&r, &m, said, sizeof(said));

	is_str(said, want);
	require_release(&r);
	return held;
}

static void limits_are_compared(void)
{
	struct reading m = { .value = 23.1e6 };

	ok(!check("e2e.p99 < 20ms", m, "e2e.p99 is 23.1 ms, wanted < 20.0 ms"));
	ok(check("e2e.p99 < 24ms", m, "e2e.p99 is 23.1 ms, wanted < 24.0 ms"));
	ok(check("e2e.p99>23ms", m, "e2e.p99 is 23.1 ms, wanted > 23.0 ms"));
	m.value = 0;
	ok(check("lost == 0", m, "lost is 0, wanted == 0"));
	ok(!check("lost != 0", m, "lost is 0, wanted != 0"));
	m.value = 9890;
	m.asked = 10000;
	ok(!check("rate.in >= 99%", m,
		  "rate.in is 9.89 k/s, wanted >= 9.90 k/s"));
}

/* A failure that says "is 1.00, wanted >= 1.00" explains nothing. */
static void what_differs_looks_different(void)
{
	struct reading m = { .value = 0.9987 };

	ok(!check("share.fairness >= 1", m,
		  "share.fairness is 0.999, wanted >= 1"));
	m.value = 0.99999987;
	ok(!check("share.fairness >= 1", m,
		  "share.fairness is 0.9999999, wanted >= 1"));
	m.value = 0.7509;
	ok(!check("cpu <= 0.75", m, "cpu is 0.751, wanted <= 0.750"));
	m.value = 0.9;
	ok(!check("share.fairness >= 0.95", m,
		  "share.fairness is 0.90, wanted >= 0.95"));
	m.value = 20.0000041e6;
	ok(!check("e2e.p99 < 20ms", m,
		  "e2e.p99 is 20.000004 ms, wanted < 20.000000 ms"));
	m.value = 999.9;
	ok(!check("rate.in >= 1k", m,
		  "rate.in is 0.9999 k/s, wanted >= 1.0000 k/s"));
	m.value = 20e6;
	ok(check("e2e.p99 <= 20ms", m,
		 "e2e.p99 is 20.0 ms, wanted <= 20.0 ms"));
}

static void tolerance_loosens(void)
{
	struct reading m = { .value = 3, .whole = 1000 };

	ok(!check("lost == 0", m, "lost is 3, wanted == 0"));
	ok(check("lost == 0 tolerance 0.3%", m,
		 "lost is 3, wanted == 0, 3 with the tolerance"));
	ok(!check("lost == 0 tolerance 0.2%", m,
		  "lost is 3, wanted == 0, 2 with the tolerance"));
	m.value = 20.9e6;
	ok(check("e2e.p99 < 20ms tolerance 5%", m,
		 "e2e.p99 is 20.9 ms, wanted < 20.0 ms, "
		 "21.0 ms with the tolerance"));
	ok(!check("e2e.p99 < 20ms tolerance 4%", m,
		  "e2e.p99 is 20.9 ms, wanted < 20.0 ms, "
		  "20.8 ms with the tolerance"));
	m.value = 950;
	ok(check("rate.in >= 1k tolerance 5%", m,
		 "rate.in is 950/s, wanted >= 1.00 k/s, "
		 "950/s with the tolerance"));
}

static void nothing_measured_does_not_hold(void)
{
	struct reading m = { .missing = "no message came", .value = 1 };

	ok(!check("e2e.p99 > 1ns", m, "e2e.p99 has no data: no message came"));
	ok(!check("lost >= 0", m, "lost has no data: no message came"));
	m.missing = NULL;
	ok(!check("rate.in >= 1%", m,
		  "rate.in has no data: nothing was asked "
		  "for to compare with"));
	ok(!check("rate.in >= -1%", m,
		  "rate.in has no data: no other result "
		  "to compare with"));
	m.value = HUGE_VAL;
	ok(!check("e2e.p99 < 1h", m,
		  "e2e.p99 is infinite (messages that never "
		  "came), wanted < 3600 s"));
}

static void changes_allow_for_the_spread(void)
{
	struct reading m = { .value = 11.5e6, .has_base = true, .base = 10e6 };

	ok(!check("e2e.p99 <= +10%", m,
		  "e2e.p99 is 11.5 ms, +15.0 % against "
		  "10.0 ms, wanted <= +10 %"));
	m.spread = 0.06;
	ok(check("e2e.p99 <= +10%", m,
		 "e2e.p99 is 11.5 ms, +15.0 % against "
		 "10.0 ms, wanted <= +10 %"));
}

/* Better than never is better, however much. */
static void changes_of_nothing_and_of_never(void)
{
	struct reading m = { .value = 5e6, .has_base = true, .base = HUGE_VAL };

	ok(check("e2e.max <= +10%", m,
		 "e2e.max is 5.00 ms against never, wanted <= +10 %"));
	m.spread = 0.06;
	ok(check("e2e.max <= +10% tolerance 5%", m,
		 "e2e.max is 5.00 ms against never, wanted <= +10 %"));
	m = (struct reading){ .value = 3, .has_base = true };
	ok(!check("lost <= +10%", m, "lost is 3 against 0, wanted <= +10 %"));
	m.value = 0;
	ok(check("lost <= +10%", m, "lost is 0 against 0, wanted <= +10 %"));
}

TEST_MAIN(T(words_are_understood), T(mistakes_are_named),
	  T(limits_are_compared), T(what_differs_looks_different),
	  T(tolerance_loosens), T(nothing_measured_does_not_hold),
	  T(changes_allow_for_the_spread), T(changes_of_nothing_and_of_never))
