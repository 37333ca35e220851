/* SPDX-License-Identifier: MIT */
#include "bench/stages.h"

#include <math.h>
#include <stdlib.h>

#include "base/clock.h"

static double seconds(uint64_t ns)
{
	return (double)ns / (double)CLOCK_SEC;
}

void stages_init(struct stages *s, double level)
{
	*s = (struct stages){ .level = level };
}

void stages_release(struct stages *s)
{
	free(s->list);
	stages_init(s, s->level);
}

static double mass_of(const struct stage *s)
{
	return (s->from + s->to) / 2 * seconds(s->duration);
}

int stages_add(struct stages *s, enum stage_kind kind, double to,
	       uint64_t duration)
{
	struct stage *list, *last;

	list = reallocarray(s->list, s->count + 1, sizeof(*list));
	if (!list)
		return -1;
	s->list = list;
	last = &list[s->count++];
	*last = (struct stage){
		.begin = s->count > 1 ? last[-1].begin + last[-1].duration : 0,
		.duration = duration,
		.from = kind == STAGE_RAMP || kind == STAGE_HOLD ? s->level
								 : to,
		.to = kind == STAGE_HOLD ? s->level : to,
		.mass = s->count > 1 ? last[-1].mass + mass_of(&last[-1]) : 0,
	};
	if (kind != STAGE_SPIKE)
		s->level = last->to;
	return 0;
}

void stages_stretch(struct stages *s, double times)
{
	uint64_t end = 0;

	for (size_t i = 0; i < s->count; i++) {
		struct stage *g = &s->list[i];
		double length = (double)g->duration * times;

		g->begin = end;
		g->duration = length < 1 ? 1 : (uint64_t)length;
		g->mass = i ? g[-1].mass + mass_of(&g[-1]) : 0;
		end = g->begin + g->duration;
	}
}

uint64_t stages_end(const struct stages *s)
{
	const struct stage *last;

	if (!s->count)
		return 0;
	last = &s->list[s->count - 1];
	return last->begin + last->duration;
}

double stages_mass(const struct stages *s, uint64_t until)
{
	double mass = 0;

	for (size_t i = 0; i < s->count; i++) {
		struct stage part = s->list[i];

		if (until < part.begin + part.duration) {
			part.to = stages_factor(s, until);
			part.duration = until - part.begin;
			return mass + mass_of(&part);
		}
		mass += mass_of(&part);
	}
	return mass;
}

double stages_mass_between(const struct stages *s, uint64_t begin, uint64_t end)
{
	if (end <= begin)
		return 0;
	return s ? stages_mass(s, end) - stages_mass(s, begin)
		 : (double)(end - begin) / (double)CLOCK_SEC;
}

double stages_factor(const struct stages *s, uint64_t t)
{
	for (size_t i = 0; i < s->count; i++) {
		const struct stage *g = &s->list[i];

		if (t < g->begin + g->duration)
			return g->from + (g->to - g->from) *
						 seconds(t - g->begin) /
						 seconds(g->duration);
	}
	return 0;
}

/* Seconds into a stage at which it has gathered that mass: the root of
 * from*t + slope/2*t^2 = mass, in the form that is exact for slope 0. */
static double time_within(const struct stage *g, double mass)
{
	double slope = (g->to - g->from) / seconds(g->duration);
	double root = g->from * g->from + 2 * slope * mass;

	if (mass <= 0)
		return 0;
	return 2 * mass / (g->from + sqrt(root > 0 ? root : 0));
}

uint64_t stages_time(const struct stages *s, double mass, size_t *at)
{
	const struct stage *g;
	double t;

	/* A stage whose whole mass is reached is over, unless nothing
	 * follows; stages of mass 0 are passed over that way. */
	while (*at < s->count &&
	       mass >= s->list[*at].mass + mass_of(&s->list[*at]))
		(*at)++;
	if (*at == s->count)
		return CLOCK_NEVER;
	g = &s->list[*at];
	t = time_within(g, mass - g->mass) * (double)CLOCK_SEC;
	if (t > (double)g->duration)
		t = (double)g->duration;
	return g->begin + (uint64_t)(t + 0.5);
}
