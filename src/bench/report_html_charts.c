/* SPDX-License-Identifier: MIT */
#include "bench/report_html.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/chart.h"
#include "bench/judge.h"

enum {
	POINTS_MAX = 480,      /* of a line; long runs are put together */
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

static void add_rungs(struct ladder *l, const struct hist *hist,
		      const char *name, unsigned color, bool is_dashed)
{
	struct chart *c = &l->chart;
	double *y = l->y[c->series_count];

	if (hist->total < 2)
		return;
	/* The last value of a distribution ends its line. */
	for (size_t i = 0; i < c->count; i++)
		y[i] = (double)hist->total * (1 - l->x[i] / 100) < 0.99
			       ? NAN
			       : (double)hist_percentile(hist, l->x[i], 0);
	c->series[c->series_count++] = (struct chart_series){
		.name = name,
		.y = y,
		.color = color,
		.is_dashed = is_dashed,
	};
}

/* Where fewer than ten values lie above. */
static void shade_thin(struct ladder *l, uint64_t samples)
{
	if (samples > 10)
		l->chart.bands[l->chart.band_count++] = (struct chart_band){
			.name = "few samples",
			.is_shaded = true,
			.from = 100 * (1 - 10 / (double)samples),
			.to = 100,
		};
}

static void draw_percentiles(const struct result *r, enum timing t,
			     enum timing raw, const char *title,
			     const char *note, struct html *h)
{
	const struct hist *main_hist = &r->timings[t];
	uint64_t samples = main_hist->total;
	struct ladder *l;

	if (samples < 2)
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
	add_rungs(l, main_hist,
		  raw == TIMING_COUNT ? timing_name(t)
				      : "from the intended time",
		  1, false);
	if (raw != TIMING_COUNT)
		add_rungs(l, &r->timings[raw], "from the actual time", 2, true);
	if (t == TIMING_E2E && r->measured_sent && samples > r->measured_sent)
		samples = r->measured_sent;
	shade_thin(l, samples);
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

static void draw_own_percentiles(const struct result *r, struct html *h)
{
	enum timing t = judge_main_timing(r);
	struct ladder *l = calloc(1, sizeof(*l));
	uint64_t most = r->timings[TIMING_LAG_TIMER].total;

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
		add_rungs(l, &r->timings[t], timing_name(t), 1, false);
		add_rungs(l, &r->timings[TIMING_LAG_TIMER], "timers late", 2,
			  false);
		add_rungs(l, &r->floor, "timers late when idle", 3, true);
		add_rungs(l, &r->timings[TIMING_TURN], "loop turn", 4, false);
		chart_write(&l->chart, h);
	}
	free(l);
}

/* ---------------------------------------------------------------- over time */

enum value_kind {
	V_E2E_P50,
	V_E2E_P99,
	V_E2E_MAX,
	V_ACK_P50,
	V_ACK_P99,
	V_SENT,
	V_DELIVERED,
	V_CONNECTED,
	V_CONNECTS,
	V_ERRORS,
	V_LAG,
	V_CPU,
	V_BROKER_CPU,
	V_MEMORY,
	V_BROKER_MEMORY,
};

struct timeline {
	const struct result *r;
	size_t group; /* intervals to a point */
	double x[POINTS_MAX + 1], y[CHART_SERIES_MAX][POINTS_MAX + 1];
	struct chart chart;
};

static double value_of(const struct interval *i, enum value_kind kind)
{
	switch (kind) {
	case V_E2E_P50:
		return i->e2e_count ? (double)i->e2e_p50 : NAN;
	case V_E2E_P99:
		return i->e2e_count ? (double)i->e2e_p99 : NAN;
	case V_E2E_MAX:
		return i->e2e_count ? (double)i->e2e_max : NAN;
	case V_ACK_P50:
		return i->ack_count ? (double)i->ack_p50 : NAN;
	case V_ACK_P99:
		return i->ack_count ? (double)i->ack_p99 : NAN;
	case V_SENT:
		return (double)i->sent / fmax(i->length, 1e-3);
	case V_DELIVERED:
		return (double)i->delivered / fmax(i->length, 1e-3);
	case V_CONNECTED:
		return (double)i->connected;
	case V_CONNECTS:
		return (double)i->connects / fmax(i->length, 1e-3);
	case V_ERRORS:
		return (double)i->errors;
	case V_LAG:
		return (double)i->lag_p99;
	case V_CPU:
		return i->cpu;
	case V_BROKER_CPU:
		return i->broker_cpu < 0 ? NAN : i->broker_cpu;
	case V_MEMORY:
		return (double)i->memory;
	case V_BROKER_MEMORY:
		return i->broker_cpu < 0 ? NAN : (double)i->broker_memory;
	}
	return NAN;
}

/* Rates are averaged; of all else the worst is shown. */
static double group_value(const struct timeline *t, size_t first,
			  enum value_kind kind)
{
	const struct interval *i = t->r->course + first;
	bool is_mean = kind == V_SENT || kind == V_DELIVERED ||
		       kind == V_CONNECTS || kind == V_CPU;
	double sum = 0, most = NAN, v;
	size_t n = 0;

	for (; n < t->group && first + n < t->r->course_count; n++, i++) {
		v = value_of(i, kind);
		sum += v;
		most = isnan(most) ? v : fmax(most, v);
	}
	return is_mean ? sum / (double)n : most;
}

static void add_phases(struct timeline *t)
{
	const struct result *r = t->r;
	size_t first = 0;

	for (size_t i = 1; i <= r->course_count; i++) {
		const struct interval *from = &r->course[first];

		if (i < r->course_count && r->course[i].phase == from->phase)
			continue;
		if (t->chart.band_count < CHART_BANDS_MAX)
			t->chart.bands[t->chart.band_count++] =
				(struct chart_band){
					.name = run_phase_name(from->phase),
					.from = from->at - from->length,
					.to = r->course[i - 1].at,
					.is_shaded = from->phase != RUN_MEASURE,
				};
		first = i;
	}
}

/* NULL when there is too little to draw. */
static struct timeline *timeline_new(const struct result *r, const char *title,
				     enum metric_unit unit, struct html *h)
{
	struct timeline *t;

	if (r->course_count < 2)
		return NULL;
	t = calloc(1, sizeof(*t));
	if (!t) {
		h->result = -1;
		return NULL;
	}
	t->r = r;
	t->group = r->course_count / POINTS_MAX + 1;
	t->chart = (struct chart){
		.title = title,
		.axis = CHART_SECONDS,
		.unit = unit,
		.may_be_log = unit == UNIT_NS,
		.x = t->x,
	};
	for (size_t i = 0; i < r->course_count; i += t->group)
		t->x[t->chart.count++] = r->course[i].at;
	add_phases(t);
	return t;
}

static void add_course(struct timeline *t, const char *name,
		       enum value_kind kind, unsigned color)
{
	struct chart *c = &t->chart;
	double *y = t->y[c->series_count];
	bool any = false;

	for (size_t i = 0; i < c->count; i++) {
		y[i] = group_value(t, i * t->group, kind);
		any |= !isnan(y[i]);
	}
	if (any)
		c->series[c->series_count++] = (struct chart_series){
			.name = name,
			.y = y,
			.color = color,
		};
}

static void finish(struct timeline *t, struct html *h)
{
	if (t->chart.series_count)
		chart_write(&t->chart, h);
	free(t);
}

/* ------------------------------------------------------------------ sections
 */

static uint64_t sum_of(const struct result *r, enum value_kind kind)
{
	double sum = 0, v;

	for (size_t i = 0; i < r->course_count; i++) {
		v = value_of(&r->course[i], kind);
		sum += isnan(v) ? 0 : v;
	}
	return (uint64_t)sum;
}

static void draw_latency_course(const struct result *r, struct html *h)
{
	bool has_e2e = sum_of(r, V_E2E_P50) > 0;
	struct timeline *t = timeline_new(
		r,
		has_e2e ? "Publish to delivery over time"
			: "Publish to acknowledgement over time",
		UNIT_NS, h);

	if (!t)
		return;
	add_course(t, "p50", has_e2e ? V_E2E_P50 : V_ACK_P50, 1);
	add_course(t, "p99", has_e2e ? V_E2E_P99 : V_ACK_P99, 2);
	if (has_e2e)
		add_course(t, "max", V_E2E_MAX, 3);
	finish(t, h);
}

void page_latency_charts(const struct result *r, struct html *h)
{
	enum timing ack = r->timings[TIMING_PUB_ACK].total ? TIMING_PUB_ACK
							   : TIMING_PUB_TOTAL;
	char lost[160], late[160];

	draw_percentiles(r, TIMING_E2E, TIMING_E2E_RAW,
			 "Publish to delivery by percentile",
			 late_note(r->late_deliveries, "deliveries", lost), h);
	draw_latency_course(r, h);
	draw_percentiles(r, ack, TIMING_PUB_RAW,
			 "Publish to acknowledgement by percentile",
			 late_note(r->late_publishes, "publishes", late), h);
	draw_percentiles(r, TIMING_ECHO, TIMING_COUNT,
			 "Request to answer by percentile", NULL, h);
	draw_percentiles(r, TIMING_CONN_TOTAL, TIMING_COUNT,
			 "Whole connect by percentile", NULL, h);
}

/* Fan-out makes two scales of one. */
#define APART 8

void page_rate_charts(const struct result *r, struct html *h)
{
	bool is_apart = r->measured_delivered > APART * r->measured_sent ||
			r->measured_sent > APART * r->measured_delivered;
	struct timeline *t = timeline_new(
		r, is_apart ? "Published per second" : "Messages per second",
		UNIT_PER_SECOND, h);

	if (t && sum_of(r, V_SENT)) {
		add_course(t, "published", V_SENT, 1);
		if (!is_apart)
			add_course(t, "delivered", V_DELIVERED, 2);
		t->chart.limit = r->is_open ? r->asked : 0;
		t->chart.limit_name = "asked for";
		finish(t, h);
	} else {
		free(t);
	}
	t = is_apart && sum_of(r, V_DELIVERED)
		    ? timeline_new(r, "Delivered per second", UNIT_PER_SECOND,
				   h)
		    : NULL;
	if (t) {
		add_course(t, "delivered", V_DELIVERED, 2);
		finish(t, h);
	}
	t = timeline_new(r, "Clients connected", UNIT_NUMBER, h);
	if (t) {
		add_course(t, "connected", V_CONNECTED, 1);
		finish(t, h);
	}
}

bool page_error_chart(const struct result *r, struct html *h)
{
	struct timeline *t;

	if (sum_of(r, V_ERRORS) == 0)
		return false;
	t = timeline_new(r, "Errors", UNIT_NUMBER, h);
	if (t) {
		add_course(t, "refused, failed, lost or late", V_ERRORS, 2);
		finish(t, h);
	}
	return true;
}

void page_health_charts(const struct result *r, struct html *h)
{
	struct timeline *t;

	draw_own_percentiles(r, h);
	t = timeline_new(r, "Timers late, p99", UNIT_NS, h);
	if (t) {
		add_course(t, "timers late", V_LAG, 2);
		t->chart.limit = (double)hist_percentile(&r->floor, 99, 0);
		t->chart.limit_name = "on the idle machine";
		finish(t, h);
	}
	t = timeline_new(r, "Processors used", UNIT_NUMBER, h);
	if (t) {
		add_course(t, "this program", V_CPU, 1);
		add_course(t, "broker", V_BROKER_CPU, 2);
		finish(t, h);
	}
	t = timeline_new(r, "Memory", UNIT_BYTES, h);
	if (t) {
		add_course(t, "this program", V_MEMORY, 1);
		add_course(t, "broker", V_BROKER_MEMORY, 2);
		finish(t, h);
	}
}
