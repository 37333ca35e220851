/* SPDX-License-Identifier: MIT */
#include "bench/compare.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench/judge.h"
#include "bench/repeat.h"

struct table {
	const struct result *old, *now;
	const struct report_style *style;
	struct buf *out;
	int result;
};

static const char *color(const struct table *t, const char *code)
{
	return t->style->is_colored ? code : "";
}

/* "+12.3 %", and whether that is for the better, the worse, or neither. */
static void say_change(struct table *t, const struct metric *m,
		       const struct reading *r)
{
	double change = r->base > 0 ? r->value / r->base - 1 : 0;
	bool is_worse = (change > 0) == metric_is_cost(m);
	const char *paint = "";

	if (isinf(r->value) || isinf(r->base) ||
	    (r->base <= 0 && r->value > 0)) {
		t->result |= buf_printf(t->out, "%10s", "-");
		return;
	}
	if (fabs(change) > r->spread && fabs(change) >= 0.0005)
		paint = is_worse ? "\033[31m" : "\033[32m";
	t->result |= buf_printf(t->out, "%s%+9.1f%%%s", color(t, paint),
				change * 100,
				color(t, *paint ? "\033[0m" : ""));
	if (t->old->run_count || t->now->run_count)
		t->result |= buf_printf(t->out, "%9.1f%%%s", r->spread * 100,
					*paint || fabs(change) < 0.0005
						? ""
						: "  within the spread");
}

static const char *value(char *dst, size_t size, const struct metric *m,
			 double v)
{
	if (isinf(v))
		snprintf(dst, size, "never");
	else
		metric_format(dst, size, metric_unit(m), v);
	return dst;
}

static void say_metric(struct table *t, const char *name)
{
	struct reading r;
	struct metric m;
	char a[32], b[32];

	if (metric_parse(name, &m, NULL) < 0)
		return;
	judge_read(t->now, &m, t->old, &r);
	if (r.missing || !r.has_base)
		return;
	t->result |= buf_printf(t->out, "  %-14s %10s%10s", name,
				value(a, sizeof(a), &m, r.base),
				value(b, sizeof(b), &m, r.value));
	say_change(t, &m, &r);
	t->result |= buf_append_byte(t->out, '\n');
}

static bool differ(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") != 0;
}

static void warn(struct table *t, const char *text)
{
	t->result |= buf_printf(t->out, "%snote%s  %s\n", color(t, "\033[33m"),
				color(t, "\033[0m"), text);
}

/* Two runs only have one seed if they were told so, and what is needed follows
 * from the rest. */
static void say_settings(struct table *t)
{
	static const char *const but[] = { "seed", "needs", NULL };
	struct buf names = { 0 };
	const char *text;

	t->result |= result_name_changes(t->old, t->now, but, &names);
	text = buf_cstr(&names);
	if (buf_len(&names))
		t->result |= buf_printf(
			t->out, "%snote%s  the settings are not the same: %s\n",
			color(t, "\033[33m"), color(t, "\033[0m"),
			text ? text : "");
	buf_release(&names);
}

/* What is not the same on both sides, beside what is to be compared. */
static void say_differences(struct table *t)
{
	const struct result *a = t->old, *b = t->now;

	if (differ(a->scenario, b->scenario))
		warn(t, "the scenarios are not the same");
	else if (differ(a->text, b->text))
		warn(t, "the scenario was changed in between");
	say_settings(t);
	if (a->host && b->host &&
	    !json_equal(json_object_get(a->host, "processor"),
			json_object_get(b->host, "processor")))
		warn(t, "the machines are not the same");
	if (a->run_count != b->run_count && a->run_count + b->run_count > 1)
		warn(t, "the old counts are scaled to as many runs as the new "
			"ones are of");
	if (a->partial || b->partial)
		warn(t, "one of the runs ended early");
	if (a->verdict.trust == TRUST_INVALID ||
	    b->verdict.trust == TRUST_INVALID)
		warn(t, "one of the measurements is not valid");
	if (a->run_count < 2 || b->run_count < 2)
		warn(t, "without --repeat on both sides nothing tells a change "
			"from chance");
}

/* A line of its own, where there is more to say than what it is. */
static void say_title(struct table *t)
{
	const bool a = t->old->is_self, b = t->now->is_self;
	const char *which = a && b ? "" : a ? "the old one " : "the new one ";

	if (a || b)
		t->result |= buf_printf(t->out,
					"%sComparison (%s" REPORT_SELF ")%s\n",
					color(t, "\033[1m"), which,
					color(t, "\033[0m"));
}

int compare_text(const struct result *old, const struct result *now,
		 const struct report_style *style, struct buf *out)
{
	struct table t = { .old = old, .now = now, .style = style, .out = out };
	bool is_titled = old->is_self || now->is_self;
	bool has_spread = old->run_count || now->run_count;

	say_title(&t);
	t.result |= buf_printf(out, "%s%-16s %10s%10s%10s%s%s\n",
			       color(&t, "\033[1m"),
			       is_titled ? "" : "Comparison", "old", "new",
			       "change", has_spread ? "    spread" : "",
			       color(&t, "\033[0m"));
	for (size_t i = 0; i < repeat_metric_count; i++)
		say_metric(&t, repeat_metrics[i]);
	say_differences(&t);
	return t.result;
}
