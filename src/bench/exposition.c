/* SPDX-License-Identifier: MIT */
#include "bench/exposition.h"

#include <inttypes.h>
#include <stdio.h>

#include "bench/judge.h"

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

/* What is counted once and never taken back; what is only known when the run
 * is over is not 0 before, it is not there. */
static bool is_counter(enum count c)
{
	return c != COUNT_BACKLOG && c != COUNT_IN_FLIGHT &&
	       c != COUNT_EXPECTED && c != COUNT_LOST && c != COUNT_AWAY &&
	       c != COUNT_LEFT_RETAINED && c != COUNT_LEFT_SESSIONS;
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

/* Quantiles of the last interval, where it has enough for them, beside the sum
 * and the count of all so far: what rate() can be had of must not fall. */
struct summary {
	const char *name, *help;
	struct quantile {
		const char *q;
		uint64_t ns;
		bool is_known;
	} quantiles[3];
	uint64_t count;
	double sum; /* ns */
};

static int write_summary(const struct summary *s, struct buf *out)
{
	int result = describe(out, s->name, "summary", s->help);

	for (int i = 0; i < 3; i++)
		if (s->quantiles[i].is_known)
			result |= buf_printf(
				out, "mqtt_bench_%s{quantile=\"%s\"} %.9f\n",
				s->name, s->quantiles[i].q,
				(double)s->quantiles[i].ns / 1e9);
	return result | buf_printf(out,
				   "mqtt_bench_%s_sum %.9f\n"
				   "mqtt_bench_%s_count %" PRIu64 "\n",
				   s->name, s->sum / 1e9, s->name, s->count);
}

static int write_latencies(const struct result *r, const struct interval *i,
			   struct buf *out)
{
	struct summary e2e = {
		.name = "e2e_seconds",
		.help = "Publish to delivery; quantiles of the last interval.",
		.quantiles = { { "0.5", i->e2e_p50,
				 judge_interval_has(i, true, 50) },
			       { "0.99", i->e2e_p99,
				 judge_interval_has(i, true, 99) },
			       { "1", i->e2e_max, i->e2e_count > 0 } },
	};
	struct summary ack = {
		.name = "ack_seconds",
		.help = "Publish to acknowledgement; quantiles of the last "
			"interval.",
		.quantiles = { { "0.5", i->ack_p50,
				 judge_interval_has(i, false, 50) },
			       { "0.99", i->ack_p99,
				 judge_interval_has(i, false, 99) } },
	};

	for (size_t k = 0; k < r->course_count; k++) {
		i = &r->course[k];
		e2e.count += i->e2e_count;
		e2e.sum += i->e2e_mean * (double)i->e2e_count;
		ack.count += i->ack_count;
		ack.sum += i->ack_mean * (double)i->ack_count;
	}
	return write_summary(&e2e, out) | write_summary(&ack, out);
}

/* What is not known of the last interval is not there. */
static int write_own(const char *name, const char *help,
		     const struct own_delay *d, struct buf *out)
{
	char full[64];
	int result = 0;

	snprintf(full, sizeof(full), "%s_p99_seconds", name);
	if (d->p99)
		result |= gauge(out, full, help, (double)d->p99 / 1e9);
	snprintf(full, sizeof(full), "%s_max_seconds", name);
	if (d->count)
		result |= gauge(out, full, help, (double)d->max / 1e9);
	return result;
}

static int write_health(const struct interval *i, struct buf *out)
{
	return write_own("timer_lag", "How late this program's timers were.",
			 &i->lag, out) |
	       write_own("loop_turn",
			 "How long a turn of a receive thread took.", &i->turn,
			 out) |
	       gauge(out, "busiest_thread_ratio",
		     "Share of its time that the busiest thread was on a "
		     "processor.",
		     i->thread_cpu) |
	       gauge(out, "cpu_cores", "Processors used by this program.",
		     i->cpu) |
	       gauge(out, "memory_bytes", "Memory of this program.",
		     (double)i->memory);
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
		     write_latencies(r, i, out) | write_health(i, out);

	result |= gauge(out, "self",
			"1 when the target is the peer in mqtt-bench itself: "
			"no broker.",
			r->is_self);
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
