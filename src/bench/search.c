/* SPDX-License-Identifier: MIT */
#include "bench/search.h"

#include <math.h>

static void step(struct search *s, double value)
{
	if (s->count == SEARCH_STEPS_MAX) {
		s->end = SEARCH_STOPPED;
		return;
	}
	s->steps[s->count++] = (struct search_step){ .value = value };
}

void search_begin(struct search *s, const struct search_config *c)
{
	*s = (struct search){ .config = *c };
	step(s, c->from);
}

const struct search_step *search_next(const struct search *s)
{
	return s->end == SEARCH_GOES_ON ? &s->steps[s->count - 1] : NULL;
}

/* Three digits are enough for anybody, as long as they lie in between. */
static double middle(double low, double high, bool is_whole)
{
	double v = low + (high - low) / 2, unit;

	unit = pow(10, floor(log10(v)) - 2);
	if (is_whole && unit < 1)
		unit = 1;
	if (round(v / unit) * unit > low && round(v / unit) * unit < high)
		return round(v / unit) * unit;
	return is_whole ? floor(v) : v;
}

static bool is_close(const struct search *s)
{
	double left = s->worst - s->best;

	return left <= s->config.precision * s->best ||
	       (s->config.is_whole && left <= 1);
}

static void go_up(struct search *s)
{
	double next = 2 * s->best, to = s->config.to;

	if (to > 0 && s->best >= to)
		s->end = SEARCH_ALL;
	else
		step(s, to > 0 && next > to ? to : next);
}

static void go_on(struct search *s)
{
	if (s->best <= 0)
		s->end = SEARCH_NONE;
	else if (s->worst <= 0)
		go_up(s);
	else if (is_close(s))
		s->end = SEARCH_FOUND;
	else
		step(s, middle(s->best, s->worst, s->config.is_whole));
}

static void settle(struct search *s, struct search_step *t)
{
	t->is_over = true;
	switch (t->outcome) {
	case SEARCH_HOLDS:
		s->best = t->value;
		break;
	case SEARCH_FAILS:
		s->worst = t->value;
		break;
	case SEARCH_GENERATOR:
		s->end = SEARCH_LIMITED;
		return;
	default:
		s->end = SEARCH_STOPPED;
		return;
	}
	go_on(s);
}

void search_note(struct search *s, enum search_outcome o)
{
	struct search_step *t = &s->steps[s->count - 1];

	t->runs++;
	t->votes[o]++;
	/* Without a majority the worst of the three counts. */
	if (t->votes[o] >= 2 || o > t->outcome)
		t->outcome = o;
	if (t->votes[o] >= 2 || t->runs == SEARCH_RUNS_MAX)
		settle(s, t);
}

const char *search_outcome_name(enum search_outcome o)
{
	static const char *const names[] = { "holds", "fails",
					     "generator-bound", "untrusted" };

	return names[o];
}

const char *search_end_name(enum search_end e)
{
	static const char *const names[] = {
		"", "found", "none", "all", "generator-bound", "stopped"
	};

	return names[e];
}
