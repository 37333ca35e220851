/* SPDX-License-Identifier: MIT */
#include "tools/bench_search.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "bench/report.h"

#define COLUMNS 44 /* of the longest bar */

char *search_value(const struct search_job *j, double v, char *dst, size_t size)
{
	if (j->unit == UNIT_PER_SECOND)
		return metric_format(dst, size, j->unit, v);
	snprintf(dst, size, "%.0f", v);
	return dst;
}

static const char *reading(const struct search_job *j, size_t i, char *dst,
			   size_t size)
{
	double v = j->notes[i].reading;

	if (isnan(v))
		return "-";
	return isinf(v) ? "never" : metric_format(dst, size, j->metric_unit, v);
}

static int describe_steps(const struct search_job *j, struct buf *out)
{
	const struct search_step *t;
	char value[32], cell[32];
	int r = buf_printf(out, "%4s %12s %5s %12s  %s\n", "step", j->what,
			   "runs", j->metric, "outcome");

	for (size_t i = 0; i < j->search.count; i++) {
		t = &j->search.steps[i];
		r |= buf_printf(out, "%4zu %12s %5u %12s  %s%s%s\n", i + 1,
				search_value(j, t->value, value, sizeof(value)),
				t->runs, reading(j, i, cell, sizeof(cell)),
				!t->runs     ? "not run"
				: t->is_over ? search_outcome_name(t->outcome)
					     : "open",
				*j->notes[i].text ? ": " : "",
				j->notes[i].text);
	}
	return r;
}

/* ------------------------------------------------------------------ the knee
 */

/* The steps that have a reading, by value. */
static size_t sort_steps(const struct search_job *j,
			 size_t ret[SEARCH_STEPS_MAX])
{
	size_t n = 0, at;

	for (size_t i = 0; i < j->search.count; i++) {
		if (isnan(j->notes[i].reading) || !j->search.steps[i].runs)
			continue;
		at = n++;
		for (; at > 0 && j->search.steps[ret[at - 1]].value >
					 j->search.steps[i].value;
		     at--)
			ret[at] = ret[at - 1];
		ret[at] = i;
	}
	return n;
}

/* Latencies differ by orders of magnitude where the knee is. Of faults there
 * are none before it. */
static int bar(double v, double least, double most)
{
	double whole = log(most / least);

	if (v <= 0)
		return 0;
	if (isinf(v))
		return COLUMNS;
	return 1 + (int)lround((whole > 0 ? log(v / least) / whole : 1) *
			       (COLUMNS - 2));
}

static int draw(const struct search_job *j, const size_t *steps, size_t n,
		struct buf *out)
{
	static const char hashes[] =
		"############################################";
	double least = HUGE_VAL, most = 0, v;
	char value[32], cell[32];
	int r = 0, width;

	_Static_assert(sizeof(hashes) == COLUMNS + 1, "as long as a bar");
	for (size_t i = 0; i < n; i++) {
		v = j->notes[steps[i]].reading;
		if (v > 0 && v < least)
			least = v;
		if (!isinf(v) && v > most)
			most = v;
	}
	for (size_t i = 0; i < n; i++) {
		const struct search_step *t = &j->search.steps[steps[i]];

		v = j->notes[steps[i]].reading;
		width = bar(v, least, most);
		r |= buf_printf(out, "%12s %12s  %-*.*s %s\n",
				search_value(j, t->value, value, sizeof(value)),
				reading(j, steps[i], cell, sizeof(cell)),
				COLUMNS, width, hashes,
				t->outcome == SEARCH_HOLDS ? "" : "x");
	}
	return r;
}

int search_conclude(const struct search_job *j, struct buf *out)
{
	const struct search *s = &j->search;
	char best[32], worst[32];

	search_value(j, s->best, best, sizeof(best));
	search_value(j, s->worst, worst, sizeof(worst));
	if (s->end == SEARCH_NONE)
		return buf_printf(out, "not even the lowest %s, %s, holds",
				  j->what, worst);
	if (s->best <= 0)
		return buf_printf(out, "nothing was found");
	if (buf_printf(out, "highest %s that holds: %s", j->what, best) < 0)
		return -1;
	switch (s->end) {
	case SEARCH_FOUND:
		return buf_printf(out, " (%s does not)", worst);
	case SEARCH_ALL:
		return buf_printf(out, ", the end of what was asked for");
	case SEARCH_LIMITED:
		return buf_printf(out, " at least: beyond it this generator "
				       "is the limit");
	default:
		return buf_printf(out, " at least: the search did not reach "
				       "its end");
	}
}

int search_describe(const struct search_job *j, struct buf *out)
{
	size_t steps[SEARCH_STEPS_MAX], n = sort_steps(j, steps);
	char shown[sizeof(j->title)];
	int r = buf_printf(out, "%s%s\n",
			   text_visible(shown, sizeof(shown),
					bytes_str(j->title)),
			   j->is_self ? " (" REPORT_SELF ")" : "");

	r |= describe_steps(j, out);
	if (n > 1) {
		r |= buf_printf(out, "\n%12s %12s\n", j->what, j->metric);
		r |= draw(j, steps, n, out);
	}
	r |= buf_printf(out, "\n");
	r |= search_conclude(j, out);
	return r | buf_printf(out, "\n");
}

static json_t *step_to_json(const struct search_job *j, size_t i)
{
	const struct search_step *t = &j->search.steps[i];
	const double v = j->notes[i].reading;
	json_t *o = json_pack("{s:f, s:i, s:s, s:s}", "value", t->value, "runs",
			      (int)t->runs, "outcome",
			      t->is_over ? search_outcome_name(t->outcome)
					 : "open",
			      "why", j->notes[i].text);

	if (!isnan(v))
		json_object_set_new(o, "reading",
				    isinf(v) ? json_string("never")
					     : json_real(v));
	return o;
}

json_t *search_to_json(const struct search_job *j)
{
	const struct search *s = &j->search;
	json_t *steps = json_array();

	for (size_t i = 0; i < s->count; i++)
		json_array_append_new(steps, step_to_json(j, i));
	return json_pack("{s:s, s:s, s:s, s:s, s:b, s:b, s:s, s:f, s:f, s:o, "
			 "s:O}",
			 "schema", "mqtt-bench-search/1", "title", j->title,
			 "vary", j->what, "metric", j->metric, "self",
			 j->is_self, "partial", j->is_interrupted, "end",
			 search_end_name(s->end), "highest", s->best,
			 "fails_at", s->worst, "steps", steps, "runs", j->runs);
}
