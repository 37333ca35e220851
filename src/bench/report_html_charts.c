/* SPDX-License-Identifier: MIT */
#include "bench/report_html.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/chart.h"
#include "bench/judge.h"

enum {
	STEPS_PER_DECADE = 30, /* of percentiles */
	PERCENTILES_MAX = 300,
};

/* ------------------------------------------------------------ by percentile */

struct ladder {
	double x[PERCENTILES_MAX], y[CHART_SERIES_MAX][PERCENTILES_MAX];
	struct chart chart;
};

/* As far up as the largest of the distributions has values. */
static void set_rungs(struct ladder *l, uint64_t most)
{
	double top = log10((double)most);
	size_t n = 0;

	while (n + 1 < PERCENTILES_MAX && (double)n / STEPS_PER_DECADE < top) {
		l->x[n] = 100 * (1 - pow(10, -(double)n / STEPS_PER_DECADE));
		n++;
	}
	l->x[n] = 100 * (1 - 1 / (double)most);
	l->chart.count = n + 1;
	l->chart.x = l->x;
}

/* NAN above the last value of a distribution, and where what never came is. */
static double rung(const struct hist *hist, uint64_t late, double x)
{
	uint64_t v = hist_percentile(hist, x, late);
	double above = (double)(hist->total + late) * (1 - x / 100);

	return v == HIST_INFINITE || above < 0.99 ? NAN : (double)v;
}

static void add_rungs(struct ladder *l, const struct hist *hist, uint64_t late,
		      const char *name, unsigned color, bool is_dashed)
{
	struct chart *c = &l->chart;
	double *y = l->y[c->series_count];

	if (hist->total < 2)
		return;
	for (size_t i = 0; i < c->count; i++)
		y[i] = rung(hist, late, l->x[i]);
	c->series[c->series_count++] = (struct chart_series){
		.name = name,
		.y = y,
		.color = color,
		.is_dashed = is_dashed,
	};
}

/* What never came lies above; otherwise where fewer than ten values do. */
static void shade_top(struct ladder *l, uint64_t late, uint64_t samples)
{
	double most = late ? (double)late : 10;

	if ((double)samples > most)
		l->chart.bands[l->chart.band_count++] = (struct chart_band){
			.name = late ? "never" : "few samples",
			.is_shaded = true,
			.from = 100 * (1 - most / (double)samples),
			.to = 100,
		};
}

static void draw_percentiles(const struct result *r, enum timing t,
			     enum timing raw, const char *title,
			     const char *note, struct html *h)
{
	const struct hist *main_hist = &r->timings[t];
	uint64_t late = judge_late(r, t), samples = main_hist->total + late;
	struct ladder *l;

	if (main_hist->total < 2)
		return;
	l = calloc(1, sizeof(*l));
	if (!l) {
		h->result = -1;
		return;
	}
	l->chart = (struct chart){ .title = title,
				   .note = note,
				   .axis = CHART_PERCENTILES,
				   .unit = UNIT_NS,
				   .may_be_log = true };
	set_rungs(l, samples);
	add_rungs(l, main_hist, late,
		  raw == TIMING_COUNT ? timing_name(t)
				      : "from the intended time",
		  1, false);
	/* Of other messages it would say nothing about these. */
	if (raw != TIMING_COUNT && r->timings[raw].total == main_hist->total)
		add_rungs(l, &r->timings[raw], late, "from the actual time", 2,
			  true);
	if (!late && t == TIMING_E2E && r->measured_sent &&
	    samples > r->measured_sent)
		samples = r->measured_sent;
	shade_top(l, late, samples);
	chart_write(&l->chart, h);
	free(l);
}

static const char *late_note(uint64_t late, const char *what, char dst[160])
{
	char number[32];

	if (late == 0)
		return NULL;
	snprintf(dst, 160,
		 "%s %s never came, or too late to be counted; "
		 "requirements take them as infinitely late.",
		 metric_grouped(number, late), what);
	return dst;
}

void page_own_percentiles(const struct result *r, struct html *h)
{
	enum timing t = judge_main_timing(r), lag = judge_own_lag(r);
	struct ladder *l = calloc(1, sizeof(*l));
	uint64_t most = r->timings[lag].total;

	if (!l) {
		h->result = -1;
		return;
	}
	if (r->timings[TIMING_TURN].total > most)
		most = r->timings[TIMING_TURN].total;
	l->chart = (struct chart){
		.title = "This program beside what it measured",
		.axis = CHART_PERCENTILES,
		.unit = UNIT_NS,
		.may_be_log = true,
	};
	if (most >= 2) {
		set_rungs(l, most);
		add_rungs(l, &r->timings[t], judge_late(r, t), timing_name(t),
			  1, false);
		add_rungs(l, &r->timings[lag], 0, "timers late", 2, false);
		add_rungs(l, &r->floor, 0, "timers late when idle", 3, true);
		add_rungs(l, &r->timings[TIMING_TURN], 0, "loop turn", 4,
			  false);
		chart_write(&l->chart, h);
	}
	free(l);
}

/* ------------------------------------------------------------------ sections
 */

void page_latency_charts(const struct result *r, struct html *h)
{
	enum timing ack = r->timings[TIMING_PUB_ACK].total ? TIMING_PUB_ACK
							   : TIMING_PUB_TOTAL;
	char lost[160], late[160], failed[160];

	draw_percentiles(r, TIMING_E2E, TIMING_E2E_RAW,
			 "Publish to delivery by percentile",
			 late_note(r->late_deliveries, "deliveries", lost), h);
	page_latency_course(r, h);
	draw_percentiles(r, ack, TIMING_PUB_RAW,
			 "Publish to acknowledgement by percentile",
			 late_note(judge_late(r, ack), "publishes", late), h);
	draw_percentiles(r, TIMING_ECHO, TIMING_COUNT,
			 "Request to answer by percentile", NULL, h);
	draw_percentiles(r, TIMING_CONN_TOTAL, TIMING_COUNT,
			 "Whole connect by percentile",
			 late_note(judge_late(r, TIMING_CONN_TOTAL), "connects",
				   failed),
			 h);
}
