/* SPDX-License-Identifier: MIT */
#include "test.h"

#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "bench/hist.h"
#include "bench/pcg.h"

static void slots_have_no_gap(void)
{
	uint64_t next = 0;

	for (uint32_t i = 0; i < HIST_SLOTS - 1; i++) {
		if (!is_int(hist_slot_low(i), next, "slot %u", i))
			return;
		ok(hist_slot(hist_slot_low(i)) == i, "low of %u", i);
		ok(hist_slot(hist_slot_high(i)) == i, "high of %u", i);
		next = hist_slot_high(i) + 1;
	}
	is_int(next, HIST_MAX + 1);
	is_int(hist_slot(HIST_MAX + 1), HIST_SLOTS - 1);
	is_int(hist_slot(UINT64_MAX), HIST_SLOTS - 1);
}

static void slots_are_narrow(void)
{
	for (uint32_t i = 2048; i < HIST_SLOTS - 1; i++) {
		double low = (double)hist_slot_low(i);
		double high = (double)hist_slot_high(i);

		if (!ok((high - low) / low < 0.001, "slot %u", i))
			return;
	}
}

static int by_value(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void percentiles_match_sorted_values(void)
{
	static const double wanted[] = { 0, 1, 50, 90, 99, 99.9, 99.99, 100 };
	enum { N = 20000 };
	static uint64_t v[N];
	struct hist h;
	struct pcg p;

	is_int(hist_init(&h), 0);
	pcg_init(&p, 1, 2);
	for (int i = 0; i < N; i++) {
		/* Six decades, evenly in the logarithm. */
		v[i] = (uint64_t)pow(10, 3 + 6 * pcg_unit(&p));
		hist_record(&h, v[i]);
	}
	qsort(v, N, sizeof(*v), by_value);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++) {
		double rank = ceil(wanted[i] / 100 * N - 1e-6);
		double exact = (double)v[rank > 0 ? (int)rank - 1 : 0];
		double got = (double)hist_percentile(&h, wanted[i], 0);

		ok(got >= exact && got <= exact * 1.001, "p%g: %g for %g",
		   wanted[i], got, exact);
	}
	is_int(hist_percentile(&h, 100, 0), v[N - 1]);
	is_int(h.min, v[0]);
	hist_release(&h);
}

static void long_values_are_kept(void)
{
	struct hist h;

	is_int(hist_init(&h), 0);
	hist_record(&h, 5);
	hist_record(&h, 2 * HIST_MAX);
	hist_record(&h, HIST_MAX);
	is_int(h.total, 3);
	is_int(h.over, 1);
	is_int(hist_percentile(&h, 50, 0), HIST_MAX);
	is_int(hist_percentile(&h, 99, 0), 2 * HIST_MAX);
	hist_release(&h);
}

static void missing_values_count_as_infinite(void)
{
	struct hist h;

	is_int(hist_init(&h), 0);
	for (int i = 0; i < 980; i++)
		hist_record(&h, 1000);
	/* 20 of 1000 never came: p98 is the last that is finite. */
	is_int(hist_percentile(&h, 98, 20), 1000);
	ok(hist_percentile(&h, 98.1, 20) == HIST_INFINITE);
	ok(hist_percentile(&h, 99, 20) == HIST_INFINITE);
	is_int(hist_percentile(&h, 99, 0), 1000);
	hist_clear(&h);
	ok(hist_percentile(&h, 50, 3) == HIST_INFINITE, "only late ones");
	is_int(hist_percentile(&h, 50, 0), 0, "nothing at all");
	hist_release(&h);
}

static void merging_is_exact(void)
{
	struct hist all, part[3];
	struct pcg p;

	is_int(hist_init(&all), 0);
	for (int i = 0; i < 3; i++)
		is_int(hist_init(&part[i]), 0);
	pcg_init(&p, 9, 9);
	for (int i = 0; i < 3000; i++) {
		uint64_t v = (uint64_t)pcg_next(&p) * (i % 7 ? 1 : 4096);

		hist_record(&all, v);
		hist_record(&part[i % 3], v);
	}
	hist_merge(&part[0], &part[1]);
	hist_merge(&part[0], &part[2]);
	is_mem(part[0].counts, HIST_SLOTS * sizeof(uint64_t), all.counts,
	       HIST_SLOTS * sizeof(uint64_t));
	is_int(part[0].total, all.total);
	is_int(part[0].over, all.over);
	is_int(part[0].min, all.min);
	is_int(part[0].max, all.max);
	hist_clear(&part[0]);
	hist_merge(&all, &part[0]);
	is_int(all.total, 3000, "an empty one adds nothing");
	is_int(part[0].counts[hist_slot(all.max)], 0, "cleared");
	hist_release(&all);
	for (int i = 0; i < 3; i++)
		hist_release(&part[i]);
}

static void mean_and_deviation(void)
{
	struct hist h;

	is_int(hist_init(&h), 0);
	ok(hist_mean(&h) == 0 && hist_stddev(&h) == 0, "empty");
	hist_record_many(&h, 2 * CLOCK_MSEC, 3);
	hist_record_many(&h, 6 * CLOCK_MSEC, 1);
	ok(fabs(hist_mean(&h) - 3e6) < 3e6 * 0.0005);
	ok(fabs(hist_stddev(&h) - sqrt(3) * 1e6) < 2e3);
	hist_release(&h);
}

static void few_values_have_no_high_percentile(void)
{
	struct hist h;

	is_int(hist_init(&h), 0);
	hist_record_many(&h, 1, 999);
	ok(!hist_has_enough(&h, 99));
	hist_record(&h, 1);
	ok(hist_has_enough(&h, 99));
	ok(!hist_has_enough(&h, 99.9));
	hist_record_many(&h, 1, 9000);
	ok(hist_has_enough(&h, 99.9));
	hist_release(&h);
}

static void hgrm_ends_at_the_maximum(void)
{
	struct buf out = { 0 };
	double value, share, last = -1;
	struct hist h;
	uint64_t n = 0;
	char *line, *rest;
	int rows = 0;

	is_int(hist_init(&h), 0);
	for (uint64_t i = 1; i <= 10000; i++)
		hist_record(&h, i * 1000);
	is_int(hist_write_hgrm(&h, 0, &out), 0);
	rest = strdup(buf_cstr(&out));
	for (char *p = rest; (line = strsep(&p, "\n"));) {
		if (sscanf(line, "%lf %lf %" SCNu64, &value, &share, &n) != 3)
			continue;
		ok(share > last, "row %d rises", rows);
		/* All values up to `value` ms are counted. */
		ok(fabs((double)n - value * 1000) < 11, "row %d", rows);
		last = share;
		rows++;
	}
	ok(rows > 40, "%d rows", rows);
	ok(last == 1);
	is_int(n, 10000);
	ok(value == 10, "%g", value);
	ok(strstr(buf_cstr(&out), "Total count    =        10000]") != NULL);
	free(rest);
	buf_release(&out);
	hist_release(&h);
}

/* The rows go up to the share that came, and no further. */
static void hgrm_ends_where_the_rest_never_came(void)
{
	struct buf out = { 0 };
	struct hist h;

	is_int(hist_init(&h), 0);
	hist_record_many(&h, 1000000, 75);
	is_int(hist_write_hgrm(&h, 25, &out), 0);
	ok(strstr(buf_cstr(&out), "1.000000 0.750000000000         75"), "%s",
	   buf_cstr(&out));
	ok(!strstr(buf_cstr(&out), " 1.000000000000 "));
	ok(strstr(buf_cstr(&out), "#[Never   =           25,"));
	buf_release(&out);
	hist_release(&h);
}

TEST_MAIN(T(slots_have_no_gap), T(slots_are_narrow),
	  T(percentiles_match_sorted_values), T(long_values_are_kept),
	  T(missing_values_count_as_infinite), T(merging_is_exact),
	  T(mean_and_deviation), T(few_values_have_no_high_percentile),
	  T(hgrm_ends_at_the_maximum), T(hgrm_ends_where_the_rest_never_came))
