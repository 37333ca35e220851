/* SPDX-License-Identifier: MIT */
#ifndef BENCH_LIVE_H
#define BENCH_LIVE_H

/*
 * The view of a run for a terminal: a few lines that are drawn over each
 * other, with the phase, a bar with the time that is left, rates, percentiles,
 * errors and the last minute's course. Pure but for its own state; one thread.
 *
 * The width may change between two drawings: terminals then break lines that
 * have become too long, and what is above is found by how many rows they take
 * now.
 */

#include "base/buf.h"
#include "bench/result.h"

enum { LIVE_HISTORY = 60, LIVE_LINES = 6 };

struct live {
	const char *title;
	uint64_t clients;             /* that there are to be */
	double length;                /* seconds of sending; 0: no end */
	unsigned width;               /* columns now; not 0 */
	bool is_ascii;                /* the terminal knows no UTF-8 */
	double history[LIVE_HISTORY]; /* messages per second, the newest last */
	unsigned count;               /* of them */
	unsigned lines;               /* on the screen now, */
	unsigned columns[LIVE_LINES]; /* as long as that, */
	unsigned drawn_width;         /* drawn for that many columns */
	uint64_t errors;              /* so far */
};

/* What the screen needs to show i, control sequences included. */
int live_draw(struct live *l, const struct interval *i, struct buf *out)
	MUST_CHECK;
/* Takes it off the screen. */
int live_erase(struct live *l, struct buf *out) MUST_CHECK;

#endif
