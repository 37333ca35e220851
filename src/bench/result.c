/* SPDX-License-Identifier: MIT */
#include "bench/result.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

const char *run_phase_name(enum run_phase p)
{
	static const char *const names[] = {
		[RUN_CONNECT] = "connect", [RUN_SETTLE] = "settle",
		[RUN_WARMUP] = "warm-up",  [RUN_MEASURE] = "measure",
		[RUN_DRAIN] = "drain",     [RUN_OVER] = "over",
	};

	return names[p];
}

void result_init(struct result *r)
{
	*r = (struct result){ .shards = 1 };
	for (enum timing t = 0; t < TIMING_COUNT; t++)
		r->timings[t].min = UINT64_MAX;
	r->floor.min = UINT64_MAX;
}

static void release_tally(struct tally *t)
{
	free(t->group);
	free(t->topic);
	free(t->sent);
	free(t->unaccepted);
	free(t->unique);
	free(t->settled);
	free(t->receivers);
}

/* NOLINTNEXTLINE(misc-no-recursion): runs have no runs of their own. */
void result_release(struct result *r)
{
	for (enum timing t = 0; t < TIMING_COUNT; t++)
		hist_release(&r->timings[t]);
	hist_release(&r->floor);
	for (size_t i = 0; i < r->tally_count; i++)
		release_tally(&r->tallies[i]);
	for (size_t i = 0; i < r->outcome_count; i++) {
		free(r->outcomes[i].requirement);
		free(r->outcomes[i].text);
	}
	for (size_t i = 0; i < r->run_count; i++)
		result_release(&r->runs[i]);
	shared_release(&r->shares);
	free(r->runs);
	free(r->tallies);
	free(r->outcomes);
	free(r->course);
	free(r->threads);
	free(r->scenario);
	free(r->text);
	free(r->title);
	free(r->partial);
	free(r->imbalances);
	json_decref(r->settings);
	json_decref(r->host);
	json_decref(r->broker);
	result_init(r);
}

struct hist *result_timing(struct result *r, enum timing t)
{
	if (!r->timings[t].counts && hist_init(&r->timings[t]) < 0)
		return NULL;
	return &r->timings[t];
}

static double mean(double a, uint64_t n, double b, uint64_t m)
{
	return n + m ? (a * (double)n + b * (double)m) / (double)(n + m) : 0;
}

void interval_add_means(struct interval *dst, const struct interval *src)
{
	dst->e2e_mean = mean(dst->e2e_mean, dst->e2e_count, src->e2e_mean,
			     src->e2e_count);
	dst->ack_mean = mean(dst->ack_mean, dst->ack_count, src->ack_mean,
			     src->ack_count);
}

void interval_add_own(struct own_delay *dst, const struct own_delay *src)
{
	if ((dst->count && !dst->p99) || (src->count && !src->p99))
		dst->p99 = 0;
	else if (src->p99 > dst->p99)
		dst->p99 = src->p99;
	if (src->max > dst->max)
		dst->max = src->max;
	dst->count += src->count;
}

int result_add_interval(struct result *r, const struct interval *i)
{
	size_t n = r->course_count;
	struct interval *course = r->course;

	/* Room for a power of two each time. */
	if ((n & (n - 1)) == 0) {
		course = reallocarray(course, n ? 2 * n : 1, sizeof(*course));
		if (!course)
			return -1;
		r->course = course;
	}
	course[r->course_count++] = *i;
	return 0;
}

void result_date_course(struct result *r)
{
	size_t n = 0;
	double at = 0;

	while (n < r->course_count && r->course[n].at < 0)
		n++;
	if (n < r->course_count)
		at = r->course[n].at - r->course[n].length;
	while (n-- > 0) {
		r->course[n].at = at;
		at -= r->course[n].length;
	}
}

void result_count_cause(struct cause *list, const char *text, uint64_t n)
{
	struct cause *c = list;

	while (c < list + RESULT_CAUSES - 1 && c->count &&
	       strncmp(c->text, text, RESULT_TEXT - 1) != 0)
		c++;
	if (c->count == 0)
		snprintf(c->text, sizeof(c->text), "%s",
			 c < list + RESULT_CAUSES - 1 ? text : "others");
	c->count += n;
}

void result_add_worst(struct result *r, const char *text, uint64_t lost)
{
	struct worst *w = r->worst + RESULT_WORST - 1;

	if (lost <= w->lost)
		return;
	while (w > r->worst && w[-1].lost < lost) {
		*w = w[-1];
		w--;
	}
	snprintf(w->text, sizeof(w->text), "%s", text);
	w->lost = lost;
}

static bool is_among(const char *name, const char *const *list)
{
	for (; *list; list++)
		if (strcmp(*list, name) == 0)
			return true;
	return false;
}

/* Both ways round, each name once. */
static int add_names(json_t *a, json_t *b, bool only_missing,
		     const char *const *but, struct buf *names)
{
	json_t *value, *other;
	const char *name;
	int r = 0;

	json_object_foreach(a, name, value)
	{
		other = json_object_get(b, name);
		if ((only_missing ? other != NULL : json_equal(value, other)) ||
		    is_among(name, but))
			continue;
		if (buf_len(names))
			r |= buf_append_str(names, ", ");
		r |= text_append_visible(names, bytes_str(name));
	}
	return r;
}

int result_name_changes(const struct result *a, const struct result *b,
			const char *const *but, struct buf *names)
{
	if (!a->settings || !b->settings)
		return 0;
	return add_names(a->settings, b->settings, false, but, names) |
	       add_names(b->settings, a->settings, true, but, names);
}
