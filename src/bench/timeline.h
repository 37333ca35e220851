/* SPDX-License-Identifier: MIT */
#ifndef BENCH_TIMELINE_H
#define BENCH_TIMELINE_H

/*
 * A chart over time of any number of values: of a long run several are put
 * together to one point, and nothing is hidden by that. A point is drawn as
 * one of its values or their mean, with the range from the least to the
 * greatest shaded, and the chart says how many it stands for. Used by the
 * pages of the HTML report. Pure.
 *
 *	t = timeline_new("Memory", UNIT_BYTES, n, h);
 *	timeline_add_cell(t, 0, 1), ...		stretches of time
 *	timeline_seal(t);
 *	t->cells[0].value = 7, ...		NAN: none
 *	timeline_add_line(t, "broker", LINE_MOST, 1);
 *	timeline_write(t, h);
 */

#include "bench/chart.h"

enum { TIMELINE_POINTS_MAX = 480 }; /* of a line */

/* What a point that stands for several values is drawn at. */
enum line_at { LINE_MOST, LINE_MEAN };

struct cell {
	double from, to; /* seconds */
	double value;    /* of the line that is added next */
};

struct timeline {
	struct cell *cells;
	size_t cell_count;
	size_t together; /* that make one point */
	double from[TIMELINE_POINTS_MAX], x[TIMELINE_POINTS_MAX];
	double y[CHART_SERIES_MAX][TIMELINE_POINTS_MAX];
	double low[CHART_SERIES_MAX][TIMELINE_POINTS_MAX];
	double high[CHART_SERIES_MAX][TIMELINE_POINTS_MAX];
	char note[200];
	struct chart chart; /* for limits and bands */
};

/* With room for that many cells. NULL when memory is short, which h keeps. */
struct timeline *timeline_new(const char *title, enum metric_unit unit,
			      size_t cells, struct html *h);
void timeline_add_cell(struct timeline *t, double from, double to);
/* All cells are there. */
void timeline_seal(struct timeline *t);
/* A line of the values that the cells have now; none when there are none. */
void timeline_add_line(struct timeline *t, const char *name, enum line_at at,
		       unsigned color);
/* Draws it when there are lines, and releases it. */
void timeline_write(struct timeline *t, struct html *h);

#endif
