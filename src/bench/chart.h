/* SPDX-License-Identifier: MIT */
#ifndef BENCH_CHART_H
#define BENCH_CHART_H

/*
 * Line charts as SVG within HTML: axes with round numbers, a legend, shaded
 * stretches, a line for a limit, and a readout of all values under the
 * pointer, which is a matter of style sheets and needs no script. Colours are
 * classes s1 to s4 of report.css. Pure; everything is borrowed.
 */

#include "bench/html.h"
#include "bench/metric.h"

enum { CHART_SERIES_MAX = 4, CHART_BANDS_MAX = 12 };

enum chart_axis {
	CHART_SECONDS,
	CHART_PERCENTILES, /* x is 0 to below 100, drawn as 1 / (1 - x) */
};

struct chart_series {
	const char *name;
	const double *y; /* one for each x; NAN: a gap */
	/* Where a point stands for several values the least and the greatest
	 * of them, which are shaded; NULL: it is one. */
	const double *low, *high;
	unsigned color; /* 1 to 4 */
	bool is_dashed;
};

/* A stretch of x with a name. */
struct chart_band {
	const char *name;
	double from, to;
	bool is_shaded;
};

struct chart {
	const char *title, *note; /* note: NULL for none */
	enum chart_axis axis;
	enum metric_unit unit;
	bool may_be_log; /* when the values lie far apart */
	const double *x;
	/* Where the stretch that ends at each x begins: a value holds for all
	 * of it, and is drawn as a step. NULL: values are of points. */
	const double *from;
	size_t count;
	double begin, end; /* of the axis; both 0: as far as there are values */
	struct chart_series series[CHART_SERIES_MAX];
	size_t series_count;
	struct chart_band bands[CHART_BANDS_MAX];
	size_t band_count;
	double limit; /* a horizontal line; 0: none */
	const char *limit_name;
};

/* Appends a <figure>; nothing when there is nothing to show. */
void chart_write(const struct chart *c, struct html *h);

/* Where a percentile stands on its axis: 90 at 1, 99 at 2, 99.9 at 3. */
double chart_percentile_place(double p);

#endif
