/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "bench/metric.h"

static void names_are_complete(void)
{
	for (enum timing t = 0; t < TIMING_COUNT; t++)
		if (ok(timing_name(t) && timing_text(t), "timing %d", (int)t))
			is_int(timing_by_name(timing_name(t)), t);
	for (enum gauge g = 0; g < GAUGE_COUNT; g++)
		if (ok(gauge_name(g) != NULL, "gauge %d", (int)g))
			is_int(gauge_by_name(gauge_name(g)), g);
}

static void timings_have_statistics(void)
{
	struct metric m = { 0 };

	is_int(metric_parse("e2e.p99.9", &m, NULL), 0);
	is_int(m.kind, METRIC_TIMING);
	is_int(m.timing, TIMING_E2E);
	is_int(m.stat, STAT_PERCENTILE);
	ok(m.percentile > 99.89 && m.percentile < 99.91);
	is_int(metric_unit(&m), UNIT_NS);
	ok(metric_is_cost(&m));
	is_int(metric_parse("e2e.raw.max", &m, NULL), 0);
	is_int(m.timing, TIMING_E2E_RAW, "the longer name wins");
	is_int(m.stat, STAT_MAX);
	is_int(metric_parse("conn.total.mean", &m, NULL), 0);
	is_int(m.stat, STAT_MEAN);
	is_int(metric_parse("sub.ack.count", &m, NULL), 0);
	is_int(metric_unit(&m), UNIT_NUMBER);
	ok(!metric_is_cost(&m));
}

static void counts_and_gauges_have_none(void)
{
	struct metric m = { 0 };

	is_int(metric_parse("lost", &m, NULL), 0);
	is_int(m.kind, METRIC_NUMBER);
	is_int(m.number, COUNT_LOST);
	is_int(metric_parse("rate.in", &m, NULL), 0);
	is_int(m.kind, METRIC_GAUGE);
	is_int(metric_unit(&m), UNIT_PER_SECOND);
	ok(!metric_is_cost(&m));
	is_int(metric_parse("broker.memory", &m, NULL), 0);
	is_int(metric_unit(&m), UNIT_BYTES);
}

static void mistakes_are_explained(void)
{
	struct metric m = { .percentile = 7 };
	struct err e = { 0 };

	is_int(metric_parse("lots", &m, &e), -1);
	is_str(e.text, "'lots' is not a metric, did you mean 'lost'?");
	is_int(e.kind, ERR_USAGE);
	is_int(metric_parse("e2e", &m, &e), -1);
	is_str(e.text, "'e2e' needs a statistic: 'e2e.p99', .max, .min, .mean "
		       "or .count");
	is_int(metric_parse("e2e.p101", &m, &e), -1);
	is_str(e.text, "'p101' in 'e2e.p101' is not p0 to p100, max, min, mean "
		       "or count");
	is_int(metric_parse("", &m, &e), -1);
	is_int(metric_parse("e2e.", &m, &e), -1);
	ok(m.percentile > 6.9, "untouched");
}

static const char *shown(enum metric_unit u, double v)
{
	static char text[32];

	return metric_format(text, sizeof(text), u, v);
}

static void values_have_three_digits(void)
{
	is_str(shown(UNIT_NS, 0), "0 ns");
	is_str(shown(UNIT_NS, 999), "999 ns");
	is_str(shown(UNIT_NS, 1234), "1.23 us");
	is_str(shown(UNIT_NS, 12345678), "12.3 ms");
	is_str(shown(UNIT_NS, 999999), "1.00 ms");
	is_str(shown(UNIT_NS, 2.0e9), "2.00 s");
	is_str(shown(UNIT_NS, 3.6e12), "3600 s");
	is_str(shown(UNIT_PER_SECOND, 20000), "20.0 k/s");
	is_str(shown(UNIT_PER_SECOND, 1), "1/s");
	is_str(shown(UNIT_PER_SECOND, 0.25), "0.25/s");
	is_str(shown(UNIT_BYTES, 1536), "1.50 KiB");
	is_str(shown(UNIT_NUMBER, 123456789), "123456789");
	is_str(shown(UNIT_NUMBER, 1.234), "1.23");
}

TEST_MAIN(T(names_are_complete), T(timings_have_statistics),
	  T(counts_and_gauges_have_none), T(mistakes_are_explained),
	  T(values_have_three_digits))
