/* SPDX-License-Identifier: MIT */
#include "test.h"

#include <string.h>

#include "bench/compare.h"
#include "bench/repeat.h"
#include "bench_sample.h"

static char *compared(const struct result *a, const struct result *b,
		      bool is_colored)
{
	struct report_style style = { .is_colored = is_colored };
	struct buf out = { 0 };
	char *text;

	is_int(compare_text(a, b, &style, &out), 0);
	text = strdup(buf_cstr(&out));
	buf_release(&out);
	return text;
}

/* The line of a metric; empty when it has none. */
static const char *line_of(const char *text, const char *metric)
{
	static char line[256];
	char wanted[64];
	const char *p;

	snprintf(wanted, sizeof(wanted), "\n  %s ", metric);
	p = strstr(text, wanted);
	*line = '\0';
	if (p)
		snprintf(line, sizeof(line), "%.*s", (int)strcspn(p + 1, "\n"),
			 p + 1);
	return line;
}

static void has(const char *text, const char *part)
{
	ok(strstr(text, part) != NULL, "'%s' has '%s'", text, part);
}

static void lacks(const char *text, const char *part)
{
	ok(!strstr(text, part), "'%s' has no '%s'", text, part);
}

static void changes_are_told(void)
{
	struct result a, b;
	char *text;

	sample_result(&a, 1);
	sample_result(&b, 2);
	b.sent_in_time = 500;
	text = compared(&a, &b, true);
	/* Twice the latency and half the rate are both for the worse. */
	has(line_of(text, "e2e.p50"), "\033[31m   +100.");
	has(line_of(text, "rate.in"), "\033[31m    -50.0%\033[0m");
	has(line_of(text, "lost"), "+0.0%");
	lacks(line_of(text, "lost"), "\033[");
	lacks(text, "spread\033");
	has(text, "without --repeat on both sides");
	lacks(text, "the scenarios are not the same");
	free(text);
	text = compared(&b, &a, true);
	has(line_of(text, "e2e.p50"), "\033[32m    -50.");
	has(line_of(text, "rate.in"), "\033[32m   +100.0%\033[0m");
	free(text);
	text = compared(&b, &a, false);
	lacks(text, "\033");
	free(text);
	result_release(&a);
	result_release(&b);
}

/* From or to never, and from nothing, is no percentage. */
static void what_has_no_ratio_has_no_percentage(void)
{
	struct result a, b;
	char *text;

	sample_result(&a, 1);
	sample_result(&b, 1);
	a.account.n[COUNT_LOST] = 0;
	a.late_deliveries = 0;
	b.late_deliveries = 2500;
	text = compared(&a, &b, false);
	has(line_of(text, "e2e.p50"), "never");
	has(line_of(text, "e2e.p50"), "         -");
	has(line_of(text, "lost"), "         -");
	lacks(line_of(text, "lost"), "%");
	is_str(line_of(text, "rtt.echo.p50"), "");
	free(text);
	result_release(&a);
	result_release(&b);
}

/* Of no broker: the title says so, and of which side when it is one. */
static void comparisons_with_the_peer_say_so(void)
{
	static const char *const titles[] = {
		"Comparison       ",
		"Comparison (the new one against the peer in mqtt-bench itself: "
		"no broker)\n",
		"Comparison (the old one against the peer in mqtt-bench itself: "
		"no broker)\n",
		"Comparison (against the peer in mqtt-bench itself: no broker)\n",
	};
	struct result a, b;
	char *text;

	sample_result(&a, 1);
	sample_result(&b, 1);
	for (int i = 0; i < 4; i++) {
		a.is_self = i & 2;
		b.is_self = i & 1;
		text = compared(&a, &b, false);
		is_int(strncmp(text, titles[i], strlen(titles[i])), 0, "%s",
		       text);
		has(text, "old       new    change\n");
		free(text);
	}
	result_release(&a);
	result_release(&b);
}

static void differences_are_named(void)
{
	struct result a, b;
	char *text;

	sample_result(&a, 1);
	sample_result(&b, 1);
	free(b.text);
	b.text = strdup("name: sample\nseed: 2\n");
	json_object_set_new(b.settings, "rate", json_string("200/s"));
	json_object_set_new(a.settings, "here", json_string("1"));
	json_object_set_new(b.settings, "now", json_string("1"));
	json_object_set_new(a.settings, "seed", json_string("1"));
	json_object_set_new(b.settings, "seed", json_string("2"));
	json_object_set_new(a.host, "processor", json_string("one"));
	json_object_set_new(b.host, "processor", json_string("other"));
	b.partial = strdup("interrupted");
	a.verdict.trust = TRUST_INVALID;
	text = compared(&a, &b, false);
	has(text, "note  the scenario was changed in between");
	has(text, "note  the settings are not the same: rate, here, now\n");
	has(text, "note  the machines are not the same");
	has(text, "note  one of the runs ended early");
	has(text, "note  one of the measurements is not valid");
	free(text);
	free(b.scenario);
	b.scenario = strdup("another");
	text = compared(&a, &b, false);
	has(text, "note  the scenarios are not the same");
	lacks(text, "was changed in between");
	free(text);
	result_release(&a);
	result_release(&b);
}

/* Without --seed no two runs have the same, and needs follow from the rest. */
static void what_differs_by_itself_is_no_difference(void)
{
	struct result a, b;
	char *text;

	sample_result(&a, 1);
	sample_result(&b, 1);
	json_object_set_new(a.settings, "seed", json_string("1"));
	json_object_set_new(b.settings, "seed", json_string("2"));
	json_object_set_new(a.settings, "needs", json_string("3 ports"));
	json_object_set_new(b.settings, "needs", json_string("4 ports"));
	text = compared(&a, &b, false);
	lacks(text, "the settings are not the same");
	free(text);
	result_release(&a);
	result_release(&b);
}

/* Runs whose latencies are so many times those of the sample. */
static void pool(struct result *ret, double first, double second)
{
	struct result *runs = calloc(2, sizeof(*runs));
	struct err e = { 0 };

	sample_result(&runs[0], first);
	sample_result(&runs[1], second);
	ok(repeat_pool(runs, 2, ret, &e) == 0, "%s", e.text);
}

/* Runs that lie far apart make a change no news. */
static void changes_within_the_spread_are_none(void)
{
	struct result a, b;
	char *text;

	pool(&a, 1, 2);
	pool(&b, 1.2, 2.2);
	text = compared(&a, &b, true);
	has(text, "    spread");
	has(line_of(text, "e2e.p50"), "within the spread");
	lacks(line_of(text, "e2e.p50"), "\033[");
	lacks(text, "without --repeat");
	free(text);
	result_release(&b);
	pool(&b, 10, 20);
	text = compared(&a, &b, true);
	has(line_of(text, "e2e.p50"), "\033[31m");
	lacks(line_of(text, "e2e.p50"), "within the spread");
	free(text);
	result_release(&a);
	result_release(&b);
}

/* Twice as many faults in twice as many runs are no news. */
static void counts_are_of_as_many_runs(void)
{
	struct result a, b;
	char *text;

	sample_result(&a, 1);
	pool(&b, 1, 1);
	text = compared(&a, &b, false);
	has(line_of(text, "lost"), " 2         2     +0.0%");
	has(text, "note  the old counts are scaled to as many runs");
	free(text);
	text = compared(&b, &a, false);
	has(line_of(text, "lost"), " 1         1     +0.0%");
	free(text);
	text = compared(&a, &a, false);
	lacks(text, "are scaled");
	free(text);
	result_release(&a);
	result_release(&b);
}

TEST_MAIN(T(changes_are_told), T(what_has_no_ratio_has_no_percentage),
	  T(comparisons_with_the_peer_say_so), T(differences_are_named),
	  T(what_differs_by_itself_is_no_difference),
	  T(changes_within_the_spread_are_none), T(counts_are_of_as_many_runs))
