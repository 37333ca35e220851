/* SPDX-License-Identifier: MIT */
#include "bench/exposition.h"

#include <inttypes.h>

static int describe(struct buf *out, const char *name, const char *type,
		    const char *help)
{
	return buf_printf(out,
			  "# HELP mqtt_bench_%s %s\n"
			  "# TYPE mqtt_bench_%s %s\n",
			  name, help, name, type);
}

static int gauge(struct buf *out, const char *name, const char *help, double v)
{
	return describe(out, name, "gauge", help) |
	       buf_printf(out, "mqtt_bench_%s %.10g\n", name, v);
}

/* What is counted once and never taken back. */
static bool is_counter(enum count c)
{
	return c != COUNT_BACKLOG && c != COUNT_IN_FLIGHT;
}

static int write_counts(const struct result *r, struct buf *out)
{
	int result = describe(out, "events_total", "counter",
			      "What happened to messages and connections.");

	for (enum count c = 0; c < COUNT_COUNT; c++)
		if (is_counter(c))
			result |= buf_printf(out,
					     "mqtt_bench_events_total"
					     "{event=\"%s\"} %" PRIu64 "\n",
					     count_name(c), r->account.n[c]);
	return result;
}

struct quantile {
	const char *q;
	uint64_t ns;
};

/* Of the last interval; without data there are no samples. */
static int summary(struct buf *out, const char *name, const char *help,
		   const struct quantile *list, int n, uint64_t count)
{
	int result = describe(out, name, "summary", help);

	for (int i = 0; count && i < n; i++)
		result |= buf_printf(out,
				     "mqtt_bench_%s{quantile=\"%s\"} "
				     "%.9f\n",
				     name, list[i].q, (double)list[i].ns / 1e9);
	return result | buf_printf(out, "mqtt_bench_%s_count %" PRIu64 "\n",
				   name, count);
}

static int write_latencies(const struct interval *i, struct buf *out)
{
	const struct quantile e2e[] = { { "0.5", i->e2e_p50 },
					{ "0.99", i->e2e_p99 },
					{ "1", i->e2e_max } };
	const struct quantile ack[] = { { "0.5", i->ack_p50 },
					{ "0.99", i->ack_p99 } };

	return summary(out, "e2e_seconds",
		       "Publish to delivery, in the last "
		       "interval.",
		       e2e, ARRAY_SIZE(e2e), i->e2e_count) |
	       summary(out, "ack_seconds",
		       "Publish to acknowledgement, in "
		       "the last interval.",
		       ack, ARRAY_SIZE(ack), i->ack_count) |
	       gauge(out, "timer_lag_p99_seconds",
		     "How late this program's timers were.",
		     (double)i->lag_p99 / 1e9);
}

static int write_phase(const struct interval *i, struct buf *out)
{
	int result = describe(out, "phase", "gauge",
			      "1 for the phase that the run is in.");

	for (enum run_phase p = RUN_CONNECT; p <= RUN_OVER; p++)
		result |= buf_printf(out, "mqtt_bench_phase{phase=\"%s\"} %d\n",
				     run_phase_name(p), p == i->phase);
	return result;
}

int exposition_write(const struct result *r, const struct interval *i,
		     struct buf *out)
{
	double length = i->length > 0 ? i->length : 1;
	int result = write_phase(i, out) | write_counts(r, out) |
		     write_latencies(i, out);

	result |= gauge(out, "connected_clients", "Clients connected now.",
			(double)i->connected);
	result |= gauge(out, "sent_per_second",
			"Messages published, in the "
			"last interval.",
			(double)i->sent / length);
	result |= gauge(out, "delivered_per_second",
			"Messages delivered, in "
			"the last interval.",
			(double)i->delivered / length);
	result |= gauge(out, "cpu_cores", "Processors used by this program.",
			i->cpu);
	result |= gauge(out, "memory_bytes", "Memory of this program.",
			(double)i->memory);
	if (i->broker_cpu < 0)
		return result;
	result |= gauge(out, "broker_cpu_cores",
			"Processors used by the "
			"broker.",
			i->broker_cpu);
	return result |
	       gauge(out, "broker_memory_bytes", "Memory of the broker.",
		     (double)i->broker_memory);
}
