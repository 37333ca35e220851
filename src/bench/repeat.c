/* SPDX-License-Identifier: MIT */
#include "bench/repeat.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/judge.h"
#include "bench/merge.h"

const char *const repeat_metrics[] = {
	"rate.in",       "rate.out",       "rate.connects",
	"e2e.p50",       "e2e.p99",        "e2e.p99.9",
	"e2e.max",       "pub.ack.p50",    "pub.ack.p99",
	"pub.total.p50", "pub.total.p99",  "rtt.echo.p50",
	"rtt.echo.p99",  "conn.total.p50", "conn.total.p99",
	"lag.timer.p99", "lost",           "errors",
	"cpu",           "memory",         "broker.cpu",
};
const size_t repeat_metric_count = ARRAY_SIZE(repeat_metrics);

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median_of(const double *v, size_t n)
{
	return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

int repeat_read(const struct result *r, const struct metric *m,
		struct repeat_value *ret)
{
	size_t n = r->run_count;
	double *v = n ? calloc(n, sizeof(*v)) : NULL;
	struct reading one = { .missing = "no runs" };

	for (size_t i = 0; v && i < n; i++) {
		judge_read_once(&r->runs[i], m, &one);
		if (one.missing)
			break;
		v[i] = one.value;
	}
	if (v && !one.missing) {
		qsort(v, n, sizeof(*v), by_value);
		*ret = (struct repeat_value){ .median = median_of(v, n),
					      .min = v[0],
					      .max = v[n - 1] };
		if (!isfinite(ret->max))
			ret->spread = HUGE_VAL;
		else if (ret->median > 0)
			ret->spread = (ret->max - ret->min) / 2 / ret->median;
	}
	free(v);
	return v && !one.missing ? 0 : -1;
}

const char *repeat_spread(char *dst, size_t size, const struct repeat_value *v)
{
	if (isfinite(v->spread))
		snprintf(dst, size, "%.1f%%", v->spread * 100);
	else
		snprintf(dst, size, "-");
	return dst;
}

/* ----------------------------------------------------------------- together */

static int add_course(struct result *dst, const struct result *src)
{
	struct interval i;

	for (size_t k = 0; k < src->course_count; k++) {
		i = src->course[k];
		i.at += src->started - dst->started;
		if (result_add_interval(dst, &i) < 0)
			return -1;
	}
	return 0;
}

/* All reasons, worst first, with the number of the run before each. */
static void add_verdict(struct verdict *dst, const struct verdict *src,
			size_t run)
{
	if (src->trust > dst->trust)
		dst->trust = src->trust;
	if (src->bound > dst->bound)
		dst->bound = src->bound;
	for (size_t i = 0; i < src->count; i++)
		verdict_add(dst, src->reasons[i].trust, "run %zu: %.130s",
			    run + 1, src->reasons[i].text);
}

/* Runs up to a limit need not be equally long. */
static double mean_of(double a, double weight, double b, double other)
{
	double both = weight + other;

	return both > 0 ? (a * weight + b * other) / both : 0;
}

static int add_run(struct result *dst, const struct result *src, size_t run,
		   struct err *e)
{
	char prefix[32];

	snprintf(prefix, sizeof(prefix), "%zu/", run + 1);
	if (result_add(dst, src, prefix, e) < 0 ||
	    result_add_tallies(dst, src, e) < 0)
		return -1;
	if (add_course(dst, src) < 0)
		return err_nomem(e);
	if (result_add_partial(dst, src, e) < 0)
		return -1;
	if (src->imbalances && !dst->imbalances) {
		dst->imbalances = strdup(src->imbalances);
		if (!dst->imbalances)
			return err_nomem(e);
	}
	add_verdict(&dst->verdict, &src->verdict, run);
	dst->clients = src->clients > dst->clients ? src->clients
						   : dst->clients;
	dst->asked = mean_of(dst->asked, dst->measured, src->asked,
			     src->measured);
	dst->memory = src->memory > dst->memory ? src->memory : dst->memory;
	dst->measured += src->measured;
	dst->connect_time = fmax(dst->connect_time, src->connect_time);
	return 0;
}

/* Each has the same receivers, not others. */
static void keep_receivers(struct result *dst, const struct result *first)
{
	for (size_t i = 0; i < dst->tally_count; i++)
		for (uint32_t k = 0; k < dst->tallies[i].clients; k++)
			dst->tallies[i].receivers[k] =
				first->tallies[i].receivers[k];
}

/* They say the same of all runs. */
static void drop_texts(struct result *r)
{
	free(r->text);
	r->text = NULL;
	json_decref(r->settings);
	json_decref(r->host);
	r->settings = r->host = NULL;
}

int repeat_pool(struct result *runs, size_t n, struct result *ret,
		struct err *e)
{
	result_init(ret);
	ret->runs = runs;
	ret->run_count = n;
	if (result_describe_as(ret, &runs[0], e) < 0)
		return -1;
	/* What a broker counts goes on from run to run. */
	json_decref(ret->broker);
	ret->broker = json_incref(runs[n - 1].broker);
	for (size_t i = 0; i < n; i++)
		if (add_run(ret, &runs[i], i, e) < 0)
			return -1;
	keep_receivers(ret, &runs[0]);
	for (size_t i = 0; i < n; i++)
		drop_texts(&runs[i]);
	return 0;
}
