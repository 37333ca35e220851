/* SPDX-License-Identifier: MIT */
#include "test.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/judge.h"
#include "bench/report.h"
#include "bench_sample.h"

static char *page_of(const struct result *r)
{
	struct buf out = { 0 };
	const char *text;
	char *copy;

	is_int(report_html(r, &out), 0);
	text = buf_cstr(&out);
	copy = strdup(text ? text : "");
	buf_release(&out);
	return copy;
}

/* Every element that was opened is closed in order; returns what is not. */
static const char *find_unbalanced(const char *p)
{
	static char open[64][16];
	size_t depth = 0, len;

	while ((p = strchr(p, '<'))) {
		const char *end = strchr(p, '>');
		bool is_end = p[1] == '/';

		if (!end || p[1] == '!') {
			p++;
			continue;
		}
		p += is_end ? 2 : 1;
		len = strcspn(p, " >/\n");
		if (is_end) {
			if (depth == 0 || strlen(open[depth - 1]) != len ||
			    strncmp(open[depth - 1], p, len) != 0)
				return p;
			depth--;
		} else if (end[-1] != '/' && strncmp(p, "meta", 4) != 0) {
			if (depth == 64 || len > 15)
				return p;
			snprintf(open[depth++], 16, "%.*s", (int)len, p);
		}
		p = end;
	}
	return depth ? open[depth - 1] : NULL;
}

/* Labels of axes are not cut off: a letter is 7 of 640 wide. */
static void check_labels(const char *page)
{
	const char *end = page, *begin;

	while ((end = strstr(end, " class=m>"))) {
		for (begin = end; strncmp(begin, "x=\"", 3) != 0;)
			begin--;
		end += 9;
		ok(strtod(begin + 3, NULL) + 3.5 * (double)strcspn(end, "<") <=
			   640,
		   "%.60s", begin);
	}
}

/* As a number, not within a word such as "unanswered". */
static bool has_nan(const char *page)
{
	for (const char *p = page; (p = strstr(p, "nan")); p++)
		if (p == page || !isalpha((unsigned char)p[-1]))
			return true;
	return false;
}

static void check_sound(const char *page)
{
	const char *wrong = find_unbalanced(page);

	check_labels(page);
	ok(!wrong, "%.60s", wrong ? wrong : "");
	ok(!strstr(page, "http:") && !strstr(page, "https:") &&
		   !strstr(page, "src=") && !strstr(page, "@import") &&
		   !strstr(page, "url("),
	   "loads nothing");
	ok(!has_nan(page) && !strstr(page, "inf "), "draws numbers");
}

static void has(const char *page, const char *text)
{
	ok(strstr(page, text) != NULL, "has '%s'", text);
}

static void pages_hold_the_figures(void)
{
	struct result r;
	struct err e = { 0 };
	char *page, p50[32], row[80];

	sample_result(&r, 1);
	/* 99.9 % stands at the very end of their axis. */
	hist_record_many(result_timing(&r, TIMING_ECHO), 500000, 500);
	hist_record_many(result_timing(&r, TIMING_ECHO), 700000, 500);
	is_int(judge_result(&r, &e), 0);
	page = page_of(&r);
	check_sound(page);
	metric_format(p50, sizeof(p50), UNIT_NS,
		      (double)hist_percentile(&r.timings[TIMING_E2E], 50, 0));
	snprintf(row, sizeof(row), "<td class=v>1,999</td><td class=v>%s</td>",
		 p50);
	has(page, row);
	has(page, "expected <b>2,000</b> = unique <b>1,999</b> + lost "
		  "<b class=bad>1</b>");
	has(page, "sub 2 from pub 2: 1 of 500");
	has(page, "name: sample");
	has(page, "not authorized");
	has(page, "Publish to delivery by percentile");
	has(page, "1 deliveries never came");
	has(page,
	    "in any second of the run; what was lost is known at its end");
	has(page, trust_name(r.verdict.trust));
	has(page, "<tr><th scope=row>rate</th><td class=w>100/s</td>");
	free(page);
	result_release(&r);
}

/* Whatever is measured or named stays text. */
static void nothing_gets_out_of_its_place(void)
{
	static const char evil[] = "<script>\"a\" & 'b'</script>\x01\xff";
	struct result r;
	char *page;

	sample_result(&r, 1);
	r.title = strdup(evil);
	r.partial = strdup(evil);
	result_count_cause(r.causes, evil, 3);
	json_object_set_new(r.settings, "<b>x</b>", json_string("</td>&"));
	page = page_of(&r);
	check_sound(page);
	ok(!strstr(page, "<script"), "no script gets in");
	has(page, "<h1>&lt;script&gt;&quot;a&quot; &amp; &#39;b&#39;"
		  "&lt;/script&gt;\?\?</h1>");
	has(page, "&lt;b&gt;x&lt;/b&gt;");
	has(page, "&lt;/td&gt;&amp;");
	free(page);
	result_release(&r);
}

static void little_is_no_reason_to_fail(void)
{
	struct result r;
	char *page;

	result_init(&r);
	page = page_of(&r);
	check_sound(page);
	has(page, "load test");
	free(page);
	r.course_count = 0;
	hist_record(result_timing(&r, TIMING_CONN_TOTAL), 5);
	hist_record(result_timing(&r, TIMING_CONN_TOTAL), 5);
	page = page_of(&r);
	check_sound(page);
	free(page);
	result_release(&r);
}

/* A day of seconds is no bigger than an hour. */
static void long_runs_stay_small(void)
{
	struct result r;
	struct interval i;
	char *page;

	sample_result(&r, 1);
	i = r.course[5];
	for (int k = 0; k < 86400; k++) {
		i.at = 10 + k;
		i.e2e_p99 = 1000000 + (uint64_t)k;
		if (result_add_interval(&r, &i) < 0)
			abort();
	}
	page = page_of(&r);
	check_sound(page);
	ok(strlen(page) < 1000000, "%zu bytes", strlen(page));
	has(page, "12 h");
	free(page);
	result_release(&r);
}

static void lacks(const char *page, const char *text)
{
	ok(!strstr(page, text), "no '%s'", text);
}

/* A line of percentiles ends where those begin that never came. */
static void percentiles_end_at_what_came(void)
{
	struct result r;
	char *page;

	sample_result(&r, 1);
	r.late_deliveries = 0;
	r.late_publishes = 0;
	page = page_of(&r);
	has(page, ">p99.0<tspan class=s1 dx=10>from the intended time</tspan>");
	lacks(page, ">never</text>");
	free(page);
	r.late_deliveries = 666; /* of 2665, a quarter */
	page = page_of(&r);
	check_sound(page);
	has(page, ">p75<tspan class=s1 dx=10>from the intended time</tspan>");
	has(page, ">never</text>");
	has(page, ">p77</text>");
	free(page);
	result_release(&r);
}

/* What of this program's health is known is drawn, and nothing else. */
static void health_is_drawn_over_time(void)
{
	struct result r;
	char *page;

	sample_result(&r, 1);
	page = page_of(&r);
	lacks(page, "loop turn p99</tspan>");
	has(page, "loop turn max</tspan> 80.0 us");
	lacks(page, "taken by other machines</tspan>");
	lacks(page, "held back by a cgroup</tspan>");
	free(page);
	for (size_t i = 0; i < r.course_count; i++) {
		r.course[i].turn = (struct own_delay){ 1000,
						       i == 7 ? 70000 : 20000,
						       80000 };
		r.course[i].thread_cpu = 0.25;
	}
	r.course[3].steal = 0.07;
	r.course[4].throttled = 0.09;
	page = page_of(&r);
	check_sound(page);
	has(page, ">5 to 6 s<tspan class=s2 dx=10>timers late p99</tspan> "
		  "40.0 us<tspan class=s1 dx=10>timers late max</tspan> "
		  "60.0 us<tspan class=s4 dx=10>loop turn p99</tspan> 70.0 us"
		  "<tspan class=s3 dx=10>loop turn max</tspan> 80.0 us");
	has(page, "busiest thread</tspan> 25");
	has(page, ">Resident memory<");
	has(page, "when sending ended, of what is shared its part<");
	has(page, "taken by other machines</tspan> 7");
	has(page, "held back by a cgroup</tspan> 9");
	free(page);
	result_release(&r);
}

/* The end of a run is an interval, too, but a millisecond is no rate. */
static void short_intervals_make_no_rates(void)
{
	struct interval end = { .at = 10.001,
				.length = 0.001,
				.phase = RUN_OVER,
				.connected = 4,
				.errors = 3,
				.cpu = 1,
				.broker_cpu = -1 };
	struct result r;
	char *page;

	sample_result(&r, 1);
	is_int(result_add_interval(&r, &end), 0);
	page = page_of(&r);
	lacks(page, "published</tspan> 0/s");
	lacks(page, "this program</tspan> 1<");
	has(page, ">9 to 10 s<tspan class=s1 dx=10>published</tspan> 100/s");
	has(page, "refused, failed, lost or late</tspan> 3<");
	free(page);
	/* Long runs: eleven seconds to a point, at their mean. */
	for (int k = 0; k < 4800; k++) {
		end.at = 11 + k;
		end.length = 1;
		end.phase = RUN_MEASURE;
		end.sent = k % 11 ? 100 : 1300;
		if (result_add_interval(&r, &end) < 0)
			abort();
	}
	page = page_of(&r);
	has(page, "s<tspan class=s1 dx=10>published</tspan> 100/s to 1.30 k/s");
	has(page, "A point stands for 11 intervals, about 11 s: the line is at "
		  "the mean of them");
	lacks(page, "published</tspan> 0/s");
	free(page);
	result_release(&r);
}

/* What is within the figure of that title. */
static const char *figure_of(const char *page, const char *title)
{
	static char figure[400000];
	char text[100];
	const char *begin;

	snprintf(text, sizeof(text), "<figcaption><b>%s</b>", title);
	begin = strstr(page, text);
	*figure = '\0';
	if (ok(begin != NULL, "%s", title))
		snprintf(figure, sizeof(figure), "%.*s",
			 (int)(strstr(begin, "</figure>") - begin), begin);
	return figure;
}

/* How far up or down (236 is 0, 34 the top) the shade of a colour comes. */
static void shade_of(const char *figure, const char *color, double *ret_top,
		     double *ret_bottom)
{
	char text[40];
	const char *p;
	double y;

	snprintf(text, sizeof(text), "<path class=\"w %s\" d=\"", color);
	p = strstr(figure, text);
	*ret_top = *ret_bottom = NAN;
	if (!ok(p != NULL, "there is a shade"))
		return;
	for (p += strlen(text); *p && *p != '"'; p++) {
		if (*p != 'V')
			continue;
		y = strtod(p + 1, NULL);
		*ret_top = fmin(*ret_top, y);
		*ret_bottom = fmax(*ret_bottom, y);
	}
}

/* Six hours of seconds, and three of them that were not like the others. */
static void sample_hours(struct result *r, bool has_trouble)
{
	struct interval v;

	sample_result(r, 1);
	v = r->course[5];
	v.ack_count = 0;
	for (int k = 0; k < 6 * 3600; k++) {
		bool is_bad = has_trouble && k >= 10000 && k < 10003;

		v.at = 11 + k;
		v.sent = is_bad ? 0 : 100;
		v.delivered = is_bad ? 0 : 200;
		v.connected = is_bad ? 1 : 4;
		v.errors = is_bad ? 50 : 0;
		v.e2e_max = is_bad ? 70000000 : 999999;
		v.lag.max = is_bad ? 5000000 : 60000;
		if (result_add_interval(r, &v) < 0)
			abort();
	}
}

static void is_shaded(const char *page, const char *title, const char *color,
		      double top, double bottom)
{
	double high, low;

	shade_of(figure_of(page, title), color, &high, &low);
	ok(fabs(high - top) < 0.2 && fabs(low - bottom) < 0.2,
	   "%s: from %.1f to %.1f", title, high, low);
}

/* However many seconds a point stands for. */
static void short_troubles_of_long_runs_are_seen(void)
{
	struct result r;
	char *page;

	sample_hours(&r, false);
	page = page_of(&r);
	is_shaded(page, "Clients connected", "s1", 34, 34);
	lacks(page, "published</tspan> 0/s");
	free(page);
	result_release(&r);
	sample_hours(&r, true);
	page = page_of(&r);
	check_sound(page);
	has(page, "delivered</tspan> 0/s to 200/s");
	has(page, "connected</tspan> 1 to 4");
	has(page, "late</tspan> 0 to 50<");
	has(page, "max</tspan> 1.00 ms to 70.0 ms");
	has(page, "timers late max</tspan> 60.0 us to 5.00 ms");
	is_shaded(page, "Messages per second", "s2", 34, 236);
	is_shaded(page, "Clients connected", "s1", 34, 236 - 202 / 4.0);
	is_shaded(page, "Errors", "s2", 34, 236);
	has(figure_of(page, "Errors"), "A point stands for 46 intervals, about "
				       "46 s: the line is at the greatest of "
				       "them, the shade reaches from the least "
				       "to the greatest.");
	free(page);
	result_release(&r);
}

static void times_of_other_messages_are_not_compared(void)
{
	struct result r;
	char *page;

	sample_result(&r, 1);
	hist_record_many(result_timing(&r, TIMING_PUB_RAW), 200000, 1999);
	page = page_of(&r);
	has(page, "from the actual time");
	free(page);
	hist_record(result_timing(&r, TIMING_PUB_RAW), 900000);
	page = page_of(&r);
	lacks(page, "from the actual time");
	free(page);
	result_release(&r);
}

static void sample_sys(json_t *course, double at, const char *received,
		       const char *clients)
{
	json_t *values = json_object();

	json_object_set_new(values, "$SYS/broker/messages/received",
			    json_string(received));
	if (clients)
		json_object_set_new(values, "$SYS/broker/clients/connected",
				    json_string(clients));
	json_array_append_new(course, json_pack("{s:f, s:o}", "at", at,
						"values", values));
}

/* On the same time line; what was retained is no count to begin with. */
static void the_broker_is_drawn_over_time(void)
{
	json_t *course = json_array();
	struct result r;
	char *page;

	sample_sys(course, 0, "5", "17");
	sample_sys(course, 1, "900000", NULL);
	sample_sys(course, 3, "900150", NULL);
	sample_sys(course, 7, "900450", "21");
	sample_sys(course, 8, "<b>", "nan");
	sample_sys(course, 9, "3", "-1");
	sample_result(&r, 1);
	r.broker = json_pack("{s:s, s:{s:s}, s:o}", "version", "broker 1",
			     "sys", "$SYS/broker/version", "<broker 1>",
			     "course", course);
	page = page_of(&r);
	check_sound(page);
	has(page, ">1 to 3 s<tspan class=s1 dx=10>received</tspan> 75/s<");
	has(page, ">3 to 7 s<tspan class=s1 dx=10>received</tspan> 75/s<");
	lacks(page, "received</tspan> 900");
	has(page, ">1 to 3 s<tspan class=s1 dx=10>connected</tspan> 17<");
	has(page, ">3 to 7 s<tspan class=s1 dx=10>connected</tspan> 21<");
	has(page, "<tr><th scope=row>version</th><td class=w>broker 1</td>");
	has(page, "<th scope=row>$SYS/broker/version</th><td class=w>"
		  "&lt;broker 1&gt;</td>");
	lacks(page, "<th scope=row>course</th>");
	free(page);
	result_release(&r);
}

/* As many samples as a broker likes to give. */
static void all_samples_of_the_broker_are_drawn(void)
{
	json_t *course = json_array();
	struct result r;
	char text[24], clients[24], *page;

	for (int i = 0; i <= 3000; i++) {
		snprintf(text, sizeof(text), "%d", 1000 * i);
		snprintf(clients, sizeof(clients), "%d", i == 2500 ? 3 : 9);
		sample_sys(course, i, text, clients);
	}
	sample_result(&r, 1);
	r.broker = json_pack("{s:o}", "course", course);
	r.course[11].at = 3000;
	page = page_of(&r);
	check_sound(page);
	has(page, "to 3000 s<tspan class=s1 dx=10>received</tspan> 1.00 k/s<");
	has(page, "connected</tspan> 3 to 9<");
	free(page);
	result_release(&r);
}

/* No zero where nobody knows, and a line for what is not there. */
static void pages_say_what_is_not_known(void)
{
	struct result r;
	char *page;

	sample_result(&r, 1);
	page = page_of(&r);
	has(page, "lost <b class=bad>1</b>");
	free(page);
	snprintf(r.losses_unknown, RESULT_TEXT, "topics vary");
	snprintf(r.raw_gap, RESULT_TEXT, "it has no room");
	page = page_of(&r);
	check_sound(page);
	has(page, "lost <b>unknown</b>");
	has(page, "e2e leave out what was lost");
	has(page, "<p>e2e.raw is not measured: it has no room</p>");
	free(page);
	result_release(&r);
}

TEST_MAIN(T(pages_say_what_is_not_known), T(pages_hold_the_figures),
	  T(nothing_gets_out_of_its_place), T(little_is_no_reason_to_fail),
	  T(long_runs_stay_small), T(percentiles_end_at_what_came),
	  T(health_is_drawn_over_time), T(short_intervals_make_no_rates),
	  T(short_troubles_of_long_runs_are_seen),
	  T(times_of_other_messages_are_not_compared),
	  T(the_broker_is_drawn_over_time),
	  T(all_samples_of_the_broker_are_drawn))
