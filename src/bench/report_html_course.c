/* SPDX-License-Identifier: MIT */
/* What happened when: charts over the time of the run. */
#include "bench/report_html.h"

#include <math.h>
#include <stdlib.h>

#include "bench/judge.h"
#include "bench/timeline.h"

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

/* How intervals too short to be points of their own are added to another. */
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

/* Cell k of the time line is of the intervals from first[k] to before
 * first[k + 1]; those from rest on are too short to be of a rate. */
struct course_line {
	const struct result *r;
	struct timeline *t;
	size_t *first, rest;
};

/* A rate over a millisecond says nothing: intervals of next to no length, such
 * as the last one, are no points of their own. */
static double least_length(const struct result *r)
{
	double longest = 0;

	for (size_t i = 0; i < r->course_count; i++)
		longest = fmax(longest, r->course[i].length);
	return longest / 2;
}

static void make_cells(struct course_line *l)
{
	const struct interval *course = l->r->course;
	double least = least_length(l->r), length = 0;
	size_t n = l->r->course_count, first = 0;

	for (size_t i = 0; i < n; i++) {
		length += course[i].length;
		if (length < least)
			continue;
		l->first[l->t->cell_count] = first;
		timeline_add_cell(l->t, course[first].at - course[first].length,
				  course[i].at);
		first = i + 1;
		length = 0;
	}
	l->rest = first;
	l->first[l->t->cell_count] = n;
	if (l->t->cell_count)
		l->t->cells[l->t->cell_count - 1].to = course[n - 1].at;
}

static double cell_value(const struct course_line *l, size_t cell,
			 enum value_kind kind)
{
	double most = NAN, all = 0, area = 0, time = 0, v;
	enum value_sum how = sum_of(kind);

	for (size_t i = l->first[cell]; i < l->first[cell + 1]; i++) {
		v = value_of(&l->r->course[i], kind);
		if (isnan(v))
			continue;
		most = fmax(most, v); /* NAN is less than all */
		all += v;
		if (i >= l->rest && how != SUM_ALL)
			continue;
		area += (how == SUM_RATE ? 1 : l->r->course[i].length) * v;
		time += l->r->course[i].length;
	}
	if (isnan(most) || how == SUM_MOST)
		return most;
	return how == SUM_ALL ? all : area / fmax(time, 1e-9);
}

/* The axis is that of the run, with its phases. */
static void show_run(struct timeline *t, const struct result *r)
{
	struct chart *c = &t->chart;
	size_t first = 0;

	c->begin = r->course[0].at - r->course[0].length;
	c->end = r->course[r->course_count - 1].at;
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

/* False when there is too little to draw, or no memory. */
static bool begin(struct course_line *l, const struct result *r,
		  const char *title, enum metric_unit unit, struct html *h)
{
	*l = (struct course_line){ .r = r };
	if (r->course_count < 2)
		return false;
	l->first = calloc(r->course_count + 1, sizeof(*l->first));
	if (!l->first)
		h->result = -1;
	else
		l->t = timeline_new(title, unit, r->course_count, h);
	if (!l->t) {
		free(l->first);
		return false;
	}
	make_cells(l);
	timeline_seal(l->t);
	show_run(l->t, r);
	return true;
}

static void add_course(struct course_line *l, const char *name,
		       enum value_kind kind, unsigned color)
{
	enum value_sum how = sum_of(kind);

	for (size_t i = 0; i < l->t->cell_count; i++)
		l->t->cells[i].value = cell_value(l, i, kind);
	timeline_add_line(l->t, name,
			  how == SUM_RATE || how == SUM_MEAN ? LINE_MEAN
							     : LINE_MOST,
			  color);
}

static void finish(struct course_line *l, struct html *h)
{
	timeline_write(l->t, h);
	free(l->first);
}

/* ----------------------------------------------------------------- sections
 */

void page_latency_course(const struct result *r, struct html *h)
{
	bool has_e2e = greatest(r, V_E2E_P50) > 0;
	struct course_line l;

	if (!begin(&l, r,
		   has_e2e ? "Publish to delivery over time"
			   : "Publish to acknowledgement over time",
		   UNIT_NS, h))
		return;
	add_course(&l, "p50", has_e2e ? V_E2E_P50 : V_ACK_P50, 1);
	add_course(&l, "p99", has_e2e ? V_E2E_P99 : V_ACK_P99, 2);
	if (has_e2e)
		add_course(&l, "max", V_E2E_MAX, 3);
	finish(&l, h);
}

/* Fan-out makes two scales of one. */
#define APART 8

static void draw_published(const struct result *r, bool is_apart,
			   struct html *h)
{
	struct course_line l;

	if (!begin(&l, r,
		   is_apart ? "Published per second" : "Messages per second",
		   UNIT_PER_SECOND, h))
		return;
	add_course(&l, "published", V_SENT, 1);
	if (!is_apart)
		add_course(&l, "delivered", V_DELIVERED, 2);
	l.t->chart.limit = r->is_open ? r->asked : 0;
	l.t->chart.limit_name = "asked for";
	finish(&l, h);
}

/* One line, where there was any such thing. */
static void draw_one(const struct result *r, const char *title,
		     enum metric_unit unit, const struct chart_series *s,
		     enum value_kind kind, struct html *h)
{
	struct course_line l;

	if (greatest(r, kind) <= 0 || !begin(&l, r, title, unit, h))
		return;
	add_course(&l, s->name, kind, s->color);
	finish(&l, h);
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
	struct course_line l;

	if (!begin(&l, r, "Timers and turns of the loops", UNIT_NS, h))
		return;
	add_course(&l, "timers late p99", V_LAG_P99, 2);
	add_course(&l, "timers late max", V_LAG_MAX, 1);
	add_course(&l, "loop turn p99", V_TURN_P99, 4);
	add_course(&l, "loop turn max", V_TURN_MAX, 3);
	l.t->chart.limit = (double)hist_percentile(&r->floor, 99, 0);
	l.t->chart.limit_name = "timers of the idle machine, p99";
	finish(&l, h);
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
	struct course_line l;

	if (!begin(&l, r, "Processor time, % of the time", UNIT_NUMBER, h))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		if (greatest(r, all[i].kind) > 0)
			add_course(&l, all[i].name, all[i].kind, all[i].color);
	finish(&l, h);
}

/* This program and the broker's process, on one machine. */
static void draw_both(const struct result *r, const char *title,
		      enum metric_unit unit, enum value_kind own,
		      enum value_kind broker, struct html *h)
{
	struct course_line l;

	if (!begin(&l, r, title, unit, h))
		return;
	add_course(&l, "this program", own, 1);
	add_course(&l, "broker", broker, 2);
	finish(&l, h);
}

void page_health_course(const struct result *r, struct html *h)
{
	draw_promptness(r, h);
	draw_share_of_time(r, h);
	draw_both(r, "Processors used", UNIT_NUMBER, V_CPU, V_BROKER_CPU, h);
	draw_both(r, "Resident memory", UNIT_BYTES, V_MEMORY, V_BROKER_MEMORY,
		  h);
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

/* From each sample to the next. */
static void make_sample_cells(struct timeline *t, const json_t *course)
{
	for (size_t i = 1; i < json_array_size(course); i++)
		timeline_add_cell(t, sys_time(json_array_get(course, i - 1)),
				  sys_time(json_array_get(course, i)));
}

/* Brokers tell what has changed. The first sample is what was retained: good
 * enough as a value, too old to count from. */
static void add_sys(struct timeline *t, const json_t *course,
		    const struct sys_line *line, unsigned color)
{
	double v, last = NAN, since = 0;
	struct cell *c = t->cells;
	bool any = false;

	if (!line->is_count)
		last = sys_value(json_array_get(course, 0), line->topic);
	for (size_t i = 0; i < t->cell_count; i++, c++) {
		v = sys_value(json_array_get(course, i + 1), line->topic);
		if (line->is_count)
			c->value = v >= last && c->to > since
					   ? (v - last) / (c->to - since)
					   : NAN;
		else
			c->value = isnan(v) ? last : v;
		if (!isnan(v)) {
			last = v;
			since = c->to;
		}
		any = any || c->value > 0;
	}
	if (any)
		timeline_add_line(t, line->name,
				  line->is_count ? LINE_MEAN : LINE_MOST,
				  color);
}

static void draw_sys(const struct result *r, const struct sys_chart *c,
		     const json_t *course, struct html *h)
{
	struct timeline *t = timeline_new(c->title, c->unit,
					  json_array_size(course), h);

	if (!t)
		return;
	make_sample_cells(t, course);
	timeline_seal(t);
	if (r->course_count >= 2)
		show_run(t, r);
	for (unsigned k = 0; k < 2 && c->lines[k].topic; k++)
		add_sys(t, course, &c->lines[k], k + 1);
	timeline_write(t, h);
}

void page_broker_course(const struct result *r, struct html *h)
{
	const json_t *course = json_object_get(r->broker, "course");

	for (size_t i = 0; i < ARRAY_SIZE(sys_charts); i++)
		draw_sys(r, &sys_charts[i], course, h);
}
