/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_SEARCH_H
#define TOOLS_BENCH_SEARCH_H

/*
 * The search for the highest load, on its way: bench_search.c runs it,
 * bench_search_text.c tells of it. Main thread.
 */

#include <jansson.h>

#include "bench/search.h"
#include "tools/bench.h"

/* What is known of a step: of its last run that came to its verdict. */
struct search_note {
	char text[512]; /* why it does not hold; empty: it does */
	double reading; /* of the requirement that the knee is drawn of;
			 * HUGE_VAL: never, NAN: not known */
};

struct search_job {
	struct search search;
	struct search_note notes[SEARCH_STEPS_MAX];
	const char *what;      /* "rate", "connections", "fan-out" */
	enum metric_unit unit; /* of the values */
	char title[200];       /* "... with e2e.p99 < 20ms, lost == 0" */
	char metric[64];       /* what the knee is drawn of */
	enum metric_unit metric_unit;
	json_t *runs; /* all of them, in their order */
	bool is_self, is_interrupted;
};

/* "4.50 k/s". Returns dst; size 32 is enough. */
char *search_value(const struct search_job *j, double v, char *dst,
		   size_t size);
/* The table of steps, the knee, and what it comes to. */
int search_describe(const struct search_job *j, struct buf *out) MUST_CHECK;
/* In one sentence, without a full stop. */
int search_conclude(const struct search_job *j, struct buf *out) MUST_CHECK;
/* A new object; NULL when out of memory. */
json_t *search_to_json(const struct search_job *j);

#endif
