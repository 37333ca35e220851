/* SPDX-License-Identifier: MIT */
#include "test.h"

#include <math.h>

#include "base/clock.h"
#include "bench/stages.h"

#define S(x) ((uint64_t)((x)*1e9))

static bool near(double a, double b)
{
	return fabs(a - b) < 1e-6;
}

/* 0..2 in 10 s, 2 for 10 s, 5 for 1 s, 2 again, 0 for 5 s, 1 for 4 s. */
static void build(struct stages *s)
{
	stages_init(s, 0);
	is_int(stages_add(s, STAGE_RAMP, 2, S(10)), 0);
	is_int(stages_add(s, STAGE_HOLD, 0, S(10)), 0);
	is_int(stages_add(s, STAGE_SPIKE, 5, S(1)), 0);
	is_int(stages_add(s, STAGE_HOLD, 0, S(1)), 0);
	is_int(stages_add(s, STAGE_STEP, 0, S(5)), 0);
	is_int(stages_add(s, STAGE_STEP, 1, S(4)), 0);
}

static void factor_follows_the_stages(void)
{
	struct stages s;

	build(&s);
	ok(near(stages_factor(&s, 0), 0));
	ok(near(stages_factor(&s, S(5)), 1));
	ok(near(stages_factor(&s, S(12)), 2));
	ok(near(stages_factor(&s, S(20.5)), 5));
	ok(near(stages_factor(&s, S(21.5)), 2), "back after the spike");
	ok(near(stages_factor(&s, S(24)), 0));
	ok(near(stages_factor(&s, S(30)), 1));
	ok(near(stages_factor(&s, S(31)), 0), "over");
	is_int(stages_end(&s), S(31));
	stages_release(&s);
}

static void mass_is_the_integral(void)
{
	struct stages s;

	build(&s);
	ok(near(stages_mass(&s, S(5)), 2.5));
	ok(near(stages_mass(&s, S(10)), 10));
	ok(near(stages_mass(&s, S(20)), 30));
	ok(near(stages_mass(&s, S(22)), 37));
	ok(near(stages_mass(&s, S(27)), 37));
	ok(near(stages_mass(&s, S(60)), 41));
	stages_release(&s);
}

static void time_inverts_mass(void)
{
	struct stages s;
	uint64_t t, last = 0;
	size_t at = 0;

	build(&s);
	for (double m = 0; m < 41; m += 0.01) {
		t = stages_time(&s, m, &at);
		ok(t >= last, "at %g", m);
		ok(near(stages_mass(&s, t), m), "mass at %g", m);
		last = t;
	}
	ok(stages_time(&s, 41, &at) == CLOCK_NEVER);
	at = 0;
	is_int(stages_time(&s, 37, &at), S(27), "the pause is skipped");
	stages_release(&s);
}

static void stretching_keeps_the_shape(void)
{
	struct stages s;

	build(&s);
	stages_stretch(&s, 0.1);
	is_int(stages_end(&s), S(3.1));
	ok(near(stages_factor(&s, S(0.5)), 1));
	ok(near(stages_factor(&s, S(2.05)), 5));
	ok(near(stages_mass(&s, S(6)), 4.1));
	stages_release(&s);
}

static void nothing_without_stages(void)
{
	struct stages s;
	size_t at = 0;

	stages_init(&s, 1);
	is_int(stages_end(&s), 0);
	ok(near(stages_mass(&s, S(5)), 0));
	ok(stages_time(&s, 0, &at) == CLOCK_NEVER);
	stages_release(&s);
}

TEST_MAIN(T(factor_follows_the_stages), T(mass_is_the_integral),
	  T(time_inverts_mass), T(stretching_keeps_the_shape),
	  T(nothing_without_stages))
