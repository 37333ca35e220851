/* SPDX-License-Identifier: MIT */
/* What happened when: charts over the time of the run. */
#include "bench/report_html.h"

#include <math.h>
#include <stdlib.h>

#include "bench/chart.h"
#include "bench/judge.h"

enum { POINTS_MAX = 480 }; /* of a line; long runs are put together */

/* ------------------------------------------------------------------- values
 */

enum value_kind {
	V_E2E_P50,
	V_E2E_P99,
	V_E2E_MAX,
	V_ACK_P50,
	V_ACK_P99,
	V_SENT,
	V_DELIVERED,
	V_CONNECTED,
	V_ERRORS,
	V_LAG_P99,
	V_LAG_MAX,
	V_TURN_P99,
	V_TURN_MAX,
	V_CPU,
	V_THREAD,
	V_THROTTLED,
	V_STEAL,
	V_BROKER_CPU,
	V_MEMORY,
	V_BROKER_MEMORY,
};

/* How the values of several intervals become one. */
enum value_sum { SUM_MOST, SUM_ALL, SUM_RATE, SUM_MEAN };

static enum value_sum sum_of(enum value_kind kind)
{
	switch (kind) {
	case V_ERRORS:
		return SUM_ALL;
	case V_SENT:
	case V_DELIVERED:
		return SUM_RATE;
	case V_CPU:
	case V_THREAD:
	case V_THROTTLED:
	case V_STEAL:
	case V_BROKER_CPU:
		return SUM_MEAN;
	default:
		return SUM_MOST;
	}
}

static double some(bool is_known, uint64_t v)
{
	return is_known ? (double)v : NAN;
}

/* NAN: there was none. */
static double value_of(const struct interval *i, enum value_kind kind)
{
	switch (kind) {
	case V_E2E_P50:
		return some(judge_interval_has(i, true, 50), i->e2e_p50);
	case V_E2E_P99:
		return some(judge_interval_has(i, true, 99), i->e2e_p99);
	case V_E2E_MAX:
		return some(i->e2e_count, i->e2e_max);
	case V_ACK_P50:
		return some(judge_interval_has(i, false, 50), i->ack_p50);
	case V_ACK_P99:
		return some(judge_interval_has(i, false, 99), i->ack_p99);
	case V_SENT:
		return (double)i->sent;
	case V_DELIVERED:
		return (double)i->delivered;
	case V_CONNECTED:
		return (double)i->connected;
	case V_ERRORS:
		return (double)i->errors;
	case V_LAG_P99:
		return some(i->lag.p99, i->lag.p99);
	case V_LAG_MAX:
		return some(i->lag.count, i->lag.max);
	case V_TURN_P99:
		return some(i->turn.p99, i->turn.p99);
	case V_TURN_MAX:
		return some(i->turn.count, i->turn.max);
	case V_CPU:
		return i->cpu;
	case V_THREAD:
		return i->thread_cpu * 100;
	case V_THROTTLED:
		return i->throttled * 100;
	case V_STEAL:
		return i->steal * 100;
	case V_BROKER_CPU:
		return i->broker_cpu < 0 ? NAN : i->broker_cpu;
	case V_MEMORY:
		return (double)i->memory;
	case V_BROKER_MEMORY:
		return some(i->broker_memory, i->broker_memory);
	}
	return NAN;
}

static double greatest(const struct result *r, enum value_kind kind)
{
	double most = 0;

	for (size_t i = 0; i < r->course_count; i++)
		most = fmax(most, value_of(&r->course[i], kind));
	return most;
}

/* ---------------------------------------------------------------- time line
 */

/* Point k is of the intervals from first[k] to before first[k + 1]; those from
 * `rest` on are too short for a point, and join the last one. */
struct timeline {
	const struct result *r;
	size_t first[POINTS_MAX + 1], rest;
	double from[POINTS_MAX], x[POINTS_MAX], y[CHART_SERIES_MAX][POINTS_MAX];
	struct chart chart;
};

/* A rate over a millisecond says nothing: intervals of next to no length, such
 * as the last one, are no points of their own. */
static double least_length(const struct result *r)
{
	double all = 0, longest = 0;

	for (size_t i = 0; i < r->course_count; i++) {
		all += r->course[i].length;
		longest = fmax(longest, r->course[i].length);
	}
	return fmax(longest / 2, all / (POINTS_MAX - 1));
}

static void make_points(struct timeline *t)
{
	const struct result *r = t->r;
	double least = least_length(r), length = 0;
	size_t n = 0, first = 0;

	for (size_t i = 0; i < r->course_count && n < POINTS_MAX; i++) {
		length += r->course[i].length;
		if (length < least)
			continue;
		t->first[n] = first;
		t->from[n] = r->course[first].at - r->course[first].length;
		t->x[n++] = r->course[i].at;
		first = i + 1;
		length = 0;
	}
	t->rest = first;
	t->first[n] = r->course_count;
	if (n)
		t->x[n - 1] = r->course[r->course_count - 1].at;
	t->chart.count = n;
}

static double point_value(const struct timeline *t, size_t point,
			  enum value_kind kind)
{
	double most = NAN, all = 0, area = 0, time = 0, v;
	enum value_sum how = sum_of(kind);

	for (size_t i = t->first[point]; i < t->first[point + 1]; i++) {
		v = value_of(&t->r->course[i], kind);
		if (isnan(v))
			continue;
		most = fmax(most, v); /* NAN is less than all */
		all += v;
		if (i >= t->rest && how != SUM_ALL)
			continue;
		area += (how == SUM_RATE ? 1 : t->r->course[i].length) * v;
		time += t->r->course[i].length;
	}
	if (isnan(most) || how == SUM_MOST)
		return most;
	return how == SUM_ALL ? all : area / fmax(time, 1e-9);
}

static void add_phases(struct timeline *t)
{
	const struct result *r = t->r;
	struct chart *c = &t->chart;
	size_t first = 0;

	for (size_t i = 1; i <= r->course_count; i++) {
		const struct interval *from = &r->course[first];

		if (i < r->course_count && r->course[i].phase == from->phase)
			continue;
		if (c->band_count < CHART_BANDS_MAX)
			c->bands[c->band_count++] = (struct chart_band){
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
	t->chart = (struct chart){
		.title = title,
		.axis = CHART_SECONDS,
		.unit = unit,
		.may_be_log = unit == UNIT_NS,
		.from = t->from,
		.x = t->x,
	};
	make_points(t);
	t->chart.begin = t->from[0];
	t->chart.end = t->chart.count ? t->x[t->chart.count - 1] : 0;
	add_phases(t);
	return t;
}

static double *add_series(struct timeline *t, const char *name, unsigned color)
{
	struct chart *c = &t->chart;
	double *y = t->y[c->series_count];

	c->series[c->series_count++] = (struct chart_series){
		.name = name,
		.y = y,
		.color = color,
	};
	return y;
}

static void add_course(struct timeline *t, const char *name,
		       enum value_kind kind, unsigned color)
{
	bool any = false;
	double *y;

	for (size_t i = 0; i < t->chart.count; i++)
		any = any || !isnan(point_value(t, i, kind));
	if (!any)
		return;
	y = add_series(t, name, color);
	for (size_t i = 0; i < t->chart.count; i++)
		y[i] = point_value(t, i, kind);
}

static void finish(struct timeline *t, struct html *h)
{
	if (t->chart.series_count)
		chart_write(&t->chart, h);
	free(t);
}

/* ----------------------------------------------------------------- sections
 */

void page_latency_course(const struct result *r, struct html *h)
{
	bool has_e2e = greatest(r, V_E2E_P50) > 0;
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

/* Fan-out makes two scales of one. */
#define APART 8

static void draw_published(const struct result *r, bool is_apart,
			   struct html *h)
{
	struct timeline *t = timeline_new(
		r, is_apart ? "Published per second" : "Messages per second",
		UNIT_PER_SECOND, h);

	if (!t)
		return;
	add_course(t, "published", V_SENT, 1);
	if (!is_apart)
		add_course(t, "delivered", V_DELIVERED, 2);
	t->chart.limit = r->is_open ? r->asked : 0;
	t->chart.limit_name = "asked for";
	finish(t, h);
}

/* One line, where there was any such thing. */
static void draw_one(const struct result *r, const char *title,
		     enum metric_unit unit, const struct chart_series *s,
		     enum value_kind kind, struct html *h)
{
	struct timeline *t = greatest(r, kind) > 0
				     ? timeline_new(r, title, unit, h)
				     : NULL;

	if (!t)
		return;
	add_course(t, s->name, kind, s->color);
	finish(t, h);
}

void page_rate_charts(const struct result *r, struct html *h)
{
	static const struct chart_series out = { .name = "delivered",
						 .color = 2 },
					 up = { .name = "connected",
						.color = 1 };
	bool is_apart = r->measured_delivered > APART * r->measured_sent ||
			r->measured_sent > APART * r->measured_delivered;

	if (greatest(r, V_SENT) > 0)
		draw_published(r, is_apart, h);
	if (is_apart)
		draw_one(r, "Delivered per second", UNIT_PER_SECOND, &out,
			 V_DELIVERED, h);
	draw_one(r, "Clients connected", UNIT_NUMBER, &up, V_CONNECTED, h);
}

bool page_error_chart(const struct result *r, struct html *h)
{
	static const struct chart_series bad = {
		.name = "refused, failed, lost or late", .color = 2
	};

	draw_one(r, "Errors", UNIT_NUMBER, &bad, V_ERRORS, h);
	return greatest(r, V_ERRORS) > 0;
}

static void draw_promptness(const struct result *r, struct html *h)
{
	struct timeline *t = timeline_new(r, "Timers and turns of the loops",
					  UNIT_NS, h);

	if (!t)
		return;
	add_course(t, "timers late p99", V_LAG_P99, 2);
	add_course(t, "timers late max", V_LAG_MAX, 1);
	add_course(t, "loop turn p99", V_TURN_P99, 4);
	add_course(t, "loop turn max", V_TURN_MAX, 3);
	t->chart.limit = (double)hist_percentile(&r->floor, 99, 0);
	t->chart.limit_name = "timers of the idle machine, p99";
	finish(t, h);
}

static void draw_share_of_time(const struct result *r, struct html *h)
{
	static const struct {
		enum value_kind kind;
		const char *name;
		unsigned color;
	} all[] = {
		{ V_THREAD, "busiest thread", 1 },
		{ V_THROTTLED, "held back by a cgroup", 2 },
		{ V_STEAL, "taken by other machines", 3 },
	};
	struct timeline *t = timeline_new(r, "Processor time, % of the time",
					  UNIT_NUMBER, h);

	if (!t)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		if (greatest(r, all[i].kind) > 0)
			add_course(t, all[i].name, all[i].kind, all[i].color);
	finish(t, h);
}

/* This program and the broker's process, on one machine. */
static void draw_both(const struct result *r, const char *title,
		      enum metric_unit unit, enum value_kind own,
		      enum value_kind broker, struct html *h)
{
	struct timeline *t = timeline_new(r, title, unit, h);

	if (!t)
		return;
	add_course(t, "this program", own, 1);
	add_course(t, "broker", broker, 2);
	finish(t, h);
}

void page_health_course(const struct result *r, struct html *h)
{
	draw_promptness(r, h);
	draw_share_of_time(r, h);
	draw_both(r, "Processors used", UNIT_NUMBER, V_CPU, V_BROKER_CPU, h);
	draw_both(r, "Memory", UNIT_BYTES, V_MEMORY, V_BROKER_MEMORY, h);
}

/* ----------------------------------------------------------------- $SYS
 */

struct sys_line {
	const char *topic, *name;
	bool is_count; /* since its start: drawn by the second */
};

struct sys_chart {
	const char *title;
	enum metric_unit unit;
	struct sys_line lines[2];
};

static const struct sys_chart sys_charts[] = {
	{ "Messages per second, as the broker counts",
	  UNIT_PER_SECOND,
	  { { "$SYS/broker/messages/received", "received", true },
	    { "$SYS/broker/messages/sent", "sent", true } } },
	{ "Dropped per second, as the broker counts",
	  UNIT_PER_SECOND,
	  { { "$SYS/broker/publish/messages/dropped", "dropped", true } } },
	{ "Clients, as the broker counts",
	  UNIT_NUMBER,
	  { { "$SYS/broker/clients/connected", "connected", false } } },
	{ "Heap, as the broker counts",
	  UNIT_BYTES,
	  { { "$SYS/broker/heap/current", "heap", false } } },
};

static double sys_value(const json_t *sample, const char *topic)
{
	const char *text = json_string_value(
		json_object_get(json_object_get(sample, "values"), topic));
	char *end = NULL;
	double v = text ? strtod(text, &end) : NAN;

	return text && end != text && isfinite(v) && v >= 0 ? v : NAN;
}

static double sys_time(const json_t *sample)
{
	return json_number_value(json_object_get(sample, "at"));
}

static void set_samples(struct timeline *t, const json_t *course)
{
	size_t n = json_array_size(course);

	if (n > POINTS_MAX)
		n = POINTS_MAX;
	t->chart.count = n > 0 ? n - 1 : 0;
	for (size_t i = 0; i < t->chart.count; i++) {
		t->from[i] = sys_time(json_array_get(course, i));
		t->x[i] = sys_time(json_array_get(course, i + 1));
	}
}

/* Brokers tell what has changed. The first sample is what was retained: good
 * enough as a value, too old to count from. */
static void add_sys(struct timeline *t, const json_t *course,
		    const struct sys_line *line, unsigned color)
{
	double *y = t->y[t->chart.series_count], v, last = NAN, since = 0;
	bool any = false;

	if (!line->is_count)
		last = sys_value(json_array_get(course, 0), line->topic);
	for (size_t i = 0; i < t->chart.count; i++) {
		v = sys_value(json_array_get(course, i + 1), line->topic);
		if (line->is_count)
			y[i] = v >= last && t->x[i] > since
				       ? (v - last) / (t->x[i] - since)
				       : NAN;
		else
			y[i] = isnan(v) ? last : v;
		if (!isnan(v)) {
			last = v;
			since = t->x[i];
		}
		any = any || y[i] > 0;
	}
	if (any)
		(void)add_series(t, line->name, color);
}

void page_broker_course(const struct result *r, struct html *h)
{
	const json_t *course = json_object_get(r->broker, "course");
	const struct sys_chart *c = sys_charts;
	struct timeline *t;

	for (size_t i = 0; i < ARRAY_SIZE(sys_charts); i++, c++) {
		t = timeline_new(r, c->title, c->unit, h);
		if (!t)
			return;
		set_samples(t, course);
		for (unsigned k = 0; k < 2 && c->lines[k].topic; k++)
			add_sys(t, course, &c->lines[k], k + 1);
		finish(t, h);
	}
}
