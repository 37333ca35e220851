/* SPDX-License-Identifier: MIT */
#ifndef BENCH_STAGES_H
#define BENCH_STAGES_H

/*
 * How the load changes over a run: a factor on the configured rate, a
 * straight line within each stage. Pure arithmetic; any thread may read one
 * that no longer changes. It owns its list.
 *
 * "Mass" is the integral of the factor over time, in seconds: a schedule
 * that is even in mass follows the factor in time. After the last stage the
 * factor is 0 and nothing more is due.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

enum stage_kind {
	STAGE_RAMP,  /* from the present factor to `to`, in a line */
	STAGE_HOLD,  /* the present factor */
	STAGE_STEP,  /* `to` at once, and stay there */
	STAGE_SPIKE, /* `to` at once, and back to the present factor */
};

struct stage {
	uint64_t begin, duration; /* ns */
	double from, to;          /* factor at its begin and end */
	double mass;              /* before it, in seconds */
};

struct stages {
	struct stage *list;
	size_t count;
	double level; /* the factor that the next stage starts from */
};

/* Starts at factor `level`, with no stage. */
void stages_init(struct stages *s, double level);
void stages_release(struct stages *s);
/* `to` is not used by STAGE_HOLD; duration > 0. -1 when out of memory. */
int stages_add(struct stages *s, enum stage_kind kind, double to,
	       uint64_t duration) MUST_CHECK;

/* Makes all of it longer or shorter; the factors stay. */
void stages_stretch(struct stages *s, double times);

/* Where the last stage ends, ns; 0 without any. */
uint64_t stages_end(const struct stages *s);
/* The mass up to a time: messages of a client with a rate of 1/s. */
double stages_mass(const struct stages *s, uint64_t until);
/* From one time to another, 0 if it is not later; NULL: always at factor 1. */
double stages_mass_between(const struct stages *s, uint64_t begin,
			   uint64_t end);
/* The factor at a time, 0 after the end. */
double stages_factor(const struct stages *s, uint64_t t);

/*
 * The time at which that mass is reached; CLOCK_NEVER beyond the end. *at is
 * the stage to look at first and is moved on: begin with 0 and ask for
 * rising masses only.
 */
uint64_t stages_time(const struct stages *s, double mass, size_t *at);

#endif
