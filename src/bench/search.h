/* SPDX-License-Identifier: MIT */
#ifndef BENCH_SEARCH_H
#define BENCH_SEARCH_H

/*
 * Which value to try next, in search of the highest one at which something
 * holds: twice the last one until it does not hold any more, then the middle
 * of what is left. One run proves little, so that a step is over when two of
 * its runs agree, or after three. Pure; a value type; one thread.
 */

#include <stdbool.h>
#include <stddef.h>

enum { SEARCH_STEPS_MAX = 64, SEARCH_RUNS_MAX = 3 };

enum search_outcome {
	SEARCH_HOLDS,
	SEARCH_FAILS,
	SEARCH_GENERATOR, /* it was our own limit */
	SEARCH_UNTRUSTED, /* the run says nothing */
	SEARCH_OUTCOMES,
};

enum search_end {
	SEARCH_GOES_ON,
	SEARCH_FOUND,   /* `best` holds and `worst` does not */
	SEARCH_NONE,    /* not even the lowest */
	SEARCH_ALL,     /* even the greatest allowed */
	SEARCH_LIMITED, /* the generator has no more */
	SEARCH_STOPPED, /* a step that says nothing, or too many steps */
};

struct search_config {
	double from;      /* the first to be tried, > 0 */
	double to;        /* the greatest; 0: none */
	double precision; /* of the answer, as a share of it */
	bool is_whole;    /* only whole numbers make sense */
};

struct search_step {
	double value;
	unsigned runs;
	unsigned votes[SEARCH_OUTCOMES];
	enum search_outcome outcome; /* when it is over */
	bool is_over;
};

struct search {
	struct search_config config;
	double best;  /* the greatest that holds; 0: none yet */
	double worst; /* the least that does not; 0: none yet */
	enum search_end end;
	struct search_step steps[SEARCH_STEPS_MAX];
	size_t count; /* steps begun */
};

/* The first step begins. */
void search_begin(struct search *s, const struct search_config *c);
/* The step that wants a run; NULL when the search has ended (s->end). */
const struct search_step *search_next(const struct search *s);
/* What came of that run. */
void search_note(struct search *s, enum search_outcome o);

/* "holds", "fails", "generator-bound", "untrusted". */
const char *search_outcome_name(enum search_outcome o);
/* "found", "none", "all", "generator-bound", "stopped". */
const char *search_end_name(enum search_end e);

#endif
