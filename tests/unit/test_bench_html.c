/* SPDX-License-Identifier: MIT */
#include "test.h"

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

static void check_sound(const char *page)
{
	const char *wrong = find_unbalanced(page);

	ok(!wrong, "%.60s", wrong ? wrong : "");
	ok(!strstr(page, "http:") && !strstr(page, "https:") &&
		   !strstr(page, "src=") && !strstr(page, "@import") &&
		   !strstr(page, "url("),
	   "loads nothing");
	ok(!strstr(page, "nan") && !strstr(page, "inf "), "draws numbers");
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

TEST_MAIN(T(pages_hold_the_figures), T(nothing_gets_out_of_its_place),
	  T(little_is_no_reason_to_fail), T(long_runs_stay_small))
