/* SPDX-License-Identifier: MIT */
#include "bench/timeline.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

struct timeline *timeline_new(const char *title, enum metric_unit unit,
			      size_t cells, struct html *h)
{
	struct timeline *t = calloc(1, sizeof(*t));

	if (t)
		t->cells = calloc(cells + 1, sizeof(*t->cells));
	if (!t || !t->cells) {
		h->result = -1;
		free(t);
		return NULL;
	}
	t->chart = (struct chart){
		.title = title,
		.axis = CHART_SECONDS,
		.unit = unit,
		.may_be_log = unit == UNIT_NS,
		.from = t->from,
		.x = t->x,
	};
	return t;
}

void timeline_add_cell(struct timeline *t, double from, double to)
{
	t->cells[t->cell_count++] = (struct cell){ .from = from, .to = to };
}

/* The cells of a point. */
static const struct cell *first_of(const struct timeline *t, size_t point)
{
	return &t->cells[point * t->together];
}

static const struct cell *end_of(const struct timeline *t, size_t point)
{
	size_t end = (point + 1) * t->together;

	return &t->cells[end < t->cell_count ? end : t->cell_count];
}

void timeline_seal(struct timeline *t)
{
	struct chart *c = &t->chart;

	t->together = t->cell_count / TIMELINE_POINTS_MAX + 1;
	if (t->cell_count % TIMELINE_POINTS_MAX == 0 && t->together > 1)
		t->together--;
	c->count = (t->cell_count + t->together - 1) / t->together;
	for (size_t i = 0; i < c->count; i++) {
		t->from[i] = first_of(t, i)->from;
		t->x[i] = end_of(t, i)[-1].to;
	}
}

/* Of the values that are there: fmax() and fmin() pass NAN over. */
static void put_together(struct timeline *t, size_t point, enum line_at at)
{
	size_t s = t->chart.series_count;
	double low = NAN, high = NAN, area = 0, time = 0, length;
	const struct cell *end = end_of(t, point);

	for (const struct cell *i = first_of(t, point); i < end; i++) {
		if (isnan(i->value))
			continue;
		low = fmin(low, i->value);
		high = fmax(high, i->value);
		length = fmax(i->to - i->from, 1e-9);
		area += length * i->value;
		time += length;
	}
	t->low[s][point] = low;
	t->high[s][point] = high;
	t->y[s][point] = at == LINE_MOST || time <= 0 ? high : area / time;
}

static void explain(struct timeline *t, enum line_at at)
{
	const struct cell *last = &t->cells[t->cell_count - 1];
	double mean = (last->to - t->cells->from) / (double)t->cell_count;

	snprintf(t->note, sizeof(t->note),
		 "A point stands for %zu intervals, about %.3g s: the line is "
		 "at the %s of them, the shade reaches from the least to the "
		 "greatest.",
		 t->together, mean * (double)t->together,
		 at == LINE_MOST ? "greatest" : "mean");
	t->chart.note = t->note;
}

void timeline_add_line(struct timeline *t, const char *name, enum line_at at,
		       unsigned color)
{
	struct chart *c = &t->chart;
	size_t s = c->series_count;
	bool any = false;

	for (size_t i = 0; i < c->count; i++) {
		put_together(t, i, at);
		any = any || !isnan(t->y[s][i]);
	}
	if (!any)
		return;
	c->series[c->series_count++] = (struct chart_series){
		.name = name,
		.y = t->y[s],
		.low = t->together > 1 ? t->low[s] : NULL,
		.high = t->together > 1 ? t->high[s] : NULL,
		.color = color,
	};
	if (t->together > 1)
		explain(t, at);
}

void timeline_write(struct timeline *t, struct html *h)
{
	if (t->chart.series_count)
		chart_write(&t->chart, h);
	free(t->cells);
	free(t);
}
