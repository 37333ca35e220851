/* SPDX-License-Identifier: MIT */
#include "test.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/exposition.h"
#include "bench_sample.h"

/* A strict reader of the text format 0.0.4: what is not exactly as Prometheus
 * has it makes check_page() say so. */
struct family {
	char name[64], type[16];
	bool has_sum, has_count, has_samples;
};

struct page {
	struct family families[64], *now;
	size_t count;
	char series[256][128];
	double values[256];
	size_t series_count;
	const char *wrong;
};

static struct family *find_family(struct page *p, const char *name)
{
	for (size_t i = 0; i < p->count; i++)
		if (strcmp(p->families[i].name, name) == 0)
			return &p->families[i];
	return NULL;
}

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n > m && strcmp(s + n - m, end) == 0;
}

/* HELP opens a family, TYPE follows at once, and no family comes twice. */
static void take_comment(struct page *p, char *line)
{
	char *name = line + 7, *rest = strchr(name, ' ');

	if (!rest || !rest[1]) {
		p->wrong = line;
		return;
	}
	*rest++ = '\0';
	if (strncmp(line, "# HELP ", 7) == 0) {
		if (find_family(p, name) || (p->now && !p->now->type[0]))
			p->wrong = line;
		p->now = &p->families[p->count++];
		snprintf(p->now->name, sizeof(p->now->name), "%s", name);
		return;
	}
	if (strncmp(line, "# TYPE ", 7) != 0 || !p->now ||
	    strcmp(p->now->name, name) != 0 || p->now->type[0])
		p->wrong = line;
	else
		snprintf(p->now->type, sizeof(p->now->type), "%s", rest);
}

/* name{label="value"}: what is legal, and of which family it is. */
static void check_name(struct page *p, const char *series)
{
	size_t n = strspn(series, "abcdefghijklmnopqrstuvwxyz0123456789_");
	const char *own = p->now ? p->now->name : "", *labels = series + n;
	size_t len = strlen(own);
	const char *suffix = n >= len && strncmp(series, own, len) == 0
				     ? series + len
				     : NULL;
	bool is_summary = p->now && strcmp(p->now->type, "summary") == 0;
	const char *label = is_summary ? "{quantile=\"" : "{";

	if (!suffix || !n || isdigit(*series) ||
	    (*labels && (strncmp(labels, label, strlen(label)) != 0 ||
			 !ends_with(labels, "\"}")))) {
		p->wrong = series;
		return;
	}
	if (is_summary && strcmp(suffix, "_sum") == 0)
		p->now->has_sum = true;
	else if (is_summary && strcmp(suffix, "_count") == 0)
		p->now->has_count = true;
	else if (suffix != labels || (is_summary && !*labels))
		p->wrong = series;
	p->now->has_samples = true;
}

static void take_sample(struct page *p, char *line)
{
	char *space = strrchr(line, ' '), *end;

	if (!space) {
		p->wrong = line;
		return;
	}
	*space = '\0';
	p->values[p->series_count] = strtod(space + 1, &end);
	if (*end || end == space + 1 || strchr(line, ' ') ||
	    !isfinite(p->values[p->series_count]))
		p->wrong = line;
	for (size_t i = 0; i < p->series_count; i++)
		if (strcmp(p->series[i], line) == 0)
			p->wrong = line;
	check_name(p, line);
	snprintf(p->series[p->series_count++], sizeof(p->series[0]), "%s",
		 line);
}

static void check_family(struct page *p, const struct family *f)
{
	bool is_counter = strcmp(f->type, "counter") == 0;

	if (strcmp(f->type, "summary") == 0) {
		if (!f->has_sum || !f->has_count)
			p->wrong = f->name;
	} else if (!is_counter && strcmp(f->type, "gauge") != 0) {
		p->wrong = f->name;
	}
	if (is_counter != ends_with(f->name, "_total") || !f->has_samples ||
	    strncmp(f->name, "mqtt_bench_", 11) != 0)
		p->wrong = f->name;
}

static void check_page(char *text, struct page *p)
{
	char *end;

	*p = (struct page){ 0 };
	for (char *line = text; *line && !p->wrong; line = end + 1) {
		end = strchr(line, '\n');
		if (!end || p->count == 63 || p->series_count == 255) {
			p->wrong = line;
			break;
		}
		*end = '\0';
		if (*line == '#')
			take_comment(p, line);
		else
			take_sample(p, line);
	}
	for (size_t i = 0; i < p->count && !p->wrong; i++)
		check_family(p, &p->families[i]);
	ok(!p->wrong, "%s", p->wrong ? p->wrong : "");
}

static void read_page(const struct result *r, const struct interval *i,
		      struct page *p)
{
	struct buf out = { 0 };
	char *text;

	is_int(exposition_write(r, i, &out), 0);
	text = strdup(buf_cstr(&out));
	check_page(text, p);
	free(text);
	buf_release(&out);
}

static double value_of(const struct page *p, const char *series)
{
	for (size_t i = 0; i < p->series_count; i++)
		if (strcmp(p->series[i], series) == 0)
			return p->values[i];
	return NAN;
}

static void is_value(const struct page *p, const char *series, double wanted)
{
	double v = value_of(p, series);

	ok(fabs(v - wanted) < 1e-9 * fmax(1, fabs(wanted)), "%s is %g, not %g",
	   series, v, wanted);
}

static void pages_are_as_prometheus_wants_them(void)
{
	static const char *const at_end[] = {
		"mqtt_bench_events_total{event=\"lost\"}",
		"mqtt_bench_events_total{event=\"expected\"}",
		"mqtt_bench_events_total{event=\"away\"}",
		"mqtt_bench_events_total{event=\"left_retained\"}",
		"mqtt_bench_events_total{event=\"left_sessions\"}",
	};
	struct result r;
	struct page p;

	sample_result(&r, 1);
	r.course[3].broker_cpu = 0.5;
	r.course[3].broker_memory = 1 << 20;
	read_page(&r, &r.course[3], &p);
	is_value(&p, "mqtt_bench_events_total{event=\"sent\"}", 1000);
	for (size_t i = 0; i < ARRAY_SIZE(at_end); i++)
		ok(isnan(value_of(&p, at_end[i])),
		   "what only the end of a run tells is not 0 before");
	ok(isnan(value_of(&p, "mqtt_bench_events_total{event=\"in_flight\"}")),
	   "what falls again is no counter");
	is_value(&p, "mqtt_bench_phase{phase=\"measure\"}", 1);
	is_value(&p, "mqtt_bench_phase{phase=\"drain\"}", 0);
	is_value(&p, "mqtt_bench_e2e_seconds{quantile=\"0.5\"}", 0.0005);
	ok(isnan(value_of(&p, "mqtt_bench_e2e_seconds{quantile=\"0.99\"}")),
	   "100 messages are too few, whatever their deliveries");
	is_value(&p, "mqtt_bench_timer_lag_p99_seconds", 40e-6);
	is_value(&p, "mqtt_bench_timer_lag_max_seconds", 60e-6);
	ok(isnan(value_of(&p, "mqtt_bench_loop_turn_p99_seconds")),
	   "999 turns are too few");
	is_value(&p, "mqtt_bench_loop_turn_max_seconds", 80e-6);
	is_value(&p, "mqtt_bench_sent_per_second", 100);
	is_value(&p, "mqtt_bench_connected_clients", 4);
	is_value(&p, "mqtt_bench_broker_cpu_cores", 0.5);
	is_value(&p, "mqtt_bench_broker_memory_bytes", 1 << 20);
	is_value(&p, "mqtt_bench_self", 0);
	r.is_self = true;
	r.course[3].sent = r.course[3].e2e_count = 1000;
	read_page(&r, &r.course[3], &p);
	is_value(&p, "mqtt_bench_e2e_seconds{quantile=\"0.99\"}", 0.0009);
	is_value(&p, "mqtt_bench_self", 1);
	result_release(&r);
}

/* rate(e2e_seconds_sum) / rate(e2e_seconds_count) is a mean only when both
 * count from the begin. */
static void sums_and_counts_do_not_fall(void)
{
	struct interval quiet = { .at = 12, .length = 1, .broker_cpu = -1 };
	struct result r;
	struct page p;

	sample_result(&r, 1);
	for (size_t i = 0; i < r.course_count; i++)
		r.course[i].e2e_mean = 600000;
	read_page(&r, &r.course[11], &p);
	is_value(&p, "mqtt_bench_e2e_seconds_count", 12 * 200);
	is_value(&p, "mqtt_bench_e2e_seconds_sum", 12 * 200 * 0.0006);
	is_value(&p, "mqtt_bench_ack_seconds_count", 0);
	ok(isnan(value_of(&p, "mqtt_bench_ack_seconds{quantile=\"0.5\"}")));
	is_int(result_add_interval(&r, &quiet), 0);
	read_page(&r, &quiet, &p);
	is_value(&p, "mqtt_bench_e2e_seconds_count", 12 * 200);
	is_value(&p, "mqtt_bench_e2e_seconds_sum", 12 * 200 * 0.0006);
	ok(isnan(value_of(&p, "mqtt_bench_e2e_seconds{quantile=\"0.5\"}")),
	   "nothing came in that second");
	result_release(&r);
}

/* The very first page, before anything happened. */
static void nothing_is_a_page_too(void)
{
	struct interval none = { .broker_cpu = -1 };
	struct result r;
	struct page p;

	result_init(&r);
	read_page(&r, &none, &p);
	is_value(&p, "mqtt_bench_sent_per_second", 0);
	ok(isnan(value_of(&p, "mqtt_bench_timer_lag_max_seconds")));
	result_release(&r);
}

TEST_MAIN(T(pages_are_as_prometheus_wants_them), T(sums_and_counts_do_not_fall),
	  T(nothing_is_a_page_too))
