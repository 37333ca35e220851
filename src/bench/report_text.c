/* SPDX-License-Identifier: MIT */
#include "bench/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "bench/judge.h"
#include "bench/repeat.h"

#define LABEL 12 /* columns of the first column */

enum paint { PLAIN, BOLD, GOOD, WARN, BAD, FAINT };

struct page {
	const struct result *r;
	const struct report_style *style;
	struct buf *out;
	int result;
};

/* Names and texts are anybody's: none of them drives the terminal. */
static PRINTF(2, 3) void say(struct page *p, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	p->result |= text_append_visible(p->out, bytes_str(text));
}

static void paint(struct page *p, enum paint how, const char *text)
{
	static const char *const codes[] = {
		"", "\033[1m", "\033[32m", "\033[33m", "\033[31m", "\033[2m"
	};
	bool is_colored = p->style->is_colored && how != PLAIN;

	if (is_colored)
		p->result |= buf_append_str(p->out, codes[how]);
	say(p, "%s", text);
	if (is_colored)
		p->result |= buf_append_str(p->out, "\033[0m");
}

static void label(struct page *p, const char *name)
{
	char shown[64], text[80];

	text_visible(shown, sizeof(shown), bytes_str(name));
	snprintf(text, sizeof(text), "%-*s%s", LABEL, shown,
		 strlen(shown) >= LABEL ? " " : "");
	paint(p, FAINT, text);
}

int report_title(const struct result *r, struct buf *out)
{
	const char *name = r->title      ? r->title
			   : r->scenario ? r->scenario
					 : "load test";

	return buf_printf(out, "%s%s", name,
			  r->is_self ? " (" REPORT_SELF ")" : "");
}

static void say_head(struct page *p)
{
	struct buf title = { 0 };
	time_t t = (time_t)p->r->started;
	char when[32] = "", shown[512];
	struct tm tm;

	p->result |= report_title(p->r, &title);
	paint(p, BOLD, text_visible(shown, sizeof(shown), buf_view(&title)));
	buf_release(&title);
	if (p->r->started > 0 && localtime_r(&t, &tm))
		strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &tm);
	say(p, "%s%s\n", *when ? "  " : "", when);
	if (p->r->partial) {
		label(p, "partial");
		paint(p, BAD, p->r->partial);
		say(p, "\n");
	}
}

static void say_object(struct page *p, json_t *o)
{
	const char *key;
	json_t *v;

	json_object_foreach(o, key, v)
	{
		if (!json_is_string(v))
			continue;
		label(p, key);
		say(p, "%s\n", json_string_value(v));
	}
}

/* ------------------------------------------------------------------ counts */

static void say_count(struct page *p, const char *before, enum count c,
		      enum paint how)
{
	uint64_t v = p->r->account.n[c];
	char number[32];

	say(p, "%s%s ", before, count_name(c));
	if (c == COUNT_LOST && *p->r->losses_unknown) {
		paint(p, WARN, "unknown");
		return;
	}
	paint(p, v ? how : PLAIN, metric_grouped(number, v));
}

static void say_ramp(struct page *p)
{
	const struct result *r = p->r;
	char rate[32];

	if (r->connect_time > 0 && r->account.n[COUNT_CONNECTED] >= r->clients)
		say(p, "; all up after %.2f s (%s)", r->connect_time,
		    metric_format(rate, sizeof(rate), UNIT_PER_SECOND,
				  (double)r->clients / r->connect_time));
	if (r->window)
		say(p, "; window %" PRIu32, r->window);
}

/* What is rare is left out while there is none of it. */
static bool is_told(enum count c, uint64_t n)
{
	return n || (c != COUNT_SENT_QOS0 && c != COUNT_UNCERTAIN &&
		     c != COUNT_SUB_UNANSWERED && c != COUNT_UNSUB_UNANSWERED);
}

/* "total = a + b + c", the parts that are faults in red. */
static void say_identity(struct page *p, const struct identity *i)
{
	const uint64_t *n = p->r->account.n;
	const char *before = " = ";
	uint64_t sum = 0;

	for (int k = 0; k < i->count; k++)
		sum += n[i->parts[k]];
	if (sum != n[i->total])
		before = " is not ";
	label(p, "");
	say_count(p, "", i->total, PLAIN);
	for (int k = 0; k < i->count; k++) {
		if (!is_told(i->parts[k], n[i->parts[k]]))
			continue;
		say_count(p, before, i->parts[k],
			  k && i->parts[k] != COUNT_SENT_QOS0 ? BAD : PLAIN);
		before = " + ";
	}
	if (i->total == COUNT_EXPECTED && *p->r->losses_unknown)
		say(p, " (%s)", p->r->losses_unknown);
	if (i->total == COUNT_CONNECTS)
		say_ramp(p);
	say(p, "\n");
}

static bool is_of_connections(enum count c)
{
	return c == COUNT_CONNECTS || c == COUNT_SUBSCRIBES ||
	       c == COUNT_UNSUBSCRIBES;
}

static void say_identities(struct page *p, bool of_connections)
{
	const struct identity *i = account_identities;

	for (int k = 0; k < IDENTITIES; k++, i++)
		if (is_of_connections(i->total) == of_connections &&
		    p->r->account.n[i->total])
			say_identity(p, i);
}

/* What is in no sum, where there is any. */
static void say_extra(struct page *p, const enum count *extra, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!p->r->account.n[extra[i]])
			continue;
		label(p, "");
		say_count(p, "", extra[i], WARN);
		say(p, "\n");
	}
}

static void say_messages(struct page *p)
{
	static const enum count extra[] = { COUNT_UNMATCHED,   COUNT_REORDERED,
					    COUNT_CORRUPTED,   COUNT_FOREIGN,
					    COUNT_UNMARKED,    COUNT_RETAINED,
					    COUNT_ANSWERED,    COUNT_ECHOED,
					    COUNT_CLOCK_ERRORS };
	const uint64_t *n = p->r->account.n;

	if (n[COUNT_SCHEDULED] + n[COUNT_RECEIVED] + n[COUNT_UNMARKED] == 0)
		return;
	paint(p, BOLD, "Messages\n");
	say_identities(p, false);
	say_extra(p, extra, ARRAY_SIZE(extra));
}

static void say_connections(struct page *p)
{
	static const enum count extra[] = { COUNT_SUB_LOWERED, COUNT_AWAY,
					    COUNT_LEFT_RETAINED,
					    COUNT_LEFT_SESSIONS };
	const uint64_t *n = p->r->account.n;

	paint(p, BOLD, "Connections\n");
	say_identities(p, true);
	say_extra(p, extra, ARRAY_SIZE(extra));
	if (n[COUNT_DISCONNECTS] + n[COUNT_RECONNECTS]) {
		label(p, "");
		say_count(p, "", COUNT_DISCONNECTS, BAD);
		say_count(p, ", ", COUNT_RECONNECTS, PLAIN);
		say(p, "\n");
	}
}

static void say_reasons(struct page *p, const char *what,
			const uint64_t codes[256])
{
	char number[32];

	for (int i = 0; i < 256; i++) {
		if (!codes[i])
			continue;
		label(p, "");
		say(p, "%s %s: %s (0x%02x)\n", metric_grouped(number, codes[i]),
		    what, account_refusal((uint8_t)i), i);
	}
}

static void say_causes(struct page *p)
{
	const struct account *a = &p->r->account;
	char number[32];

	say_reasons(p, "publishes refused", a->publish_reasons);
	say_reasons(p, "connects refused", a->connect_reasons);
	say_reasons(p, "subscriptions refused", a->subscribe_reasons);
	say_reasons(p, "unsubscriptions refused", a->unsubscribe_reasons);
	say_reasons(p, "disconnects", a->disconnect_reasons);
	for (int i = 0; i < RESULT_CAUSES; i++) {
		if (!p->r->causes[i].count)
			continue;
		label(p, "");
		say(p, "%s x %s\n",
		    metric_grouped(number, p->r->causes[i].count),
		    p->r->causes[i].text);
	}
	for (int i = 0; i < RESULT_WORST; i++) {
		if (!p->r->worst[i].lost)
			continue;
		label(p, i ? "" : "most lost");
		say(p, "%s\n", p->r->worst[i].text);
	}
}

/* Those of many groups would fill pages: the least even are told by the
 * metric. */
static void say_shares(struct page *p)
{
	const struct shared *s = p->r->shares.v;
	struct evenness even;
	char n[3][32], fairness[32];
	const char *text;

	for (size_t i = 0; i < p->r->shares.count && i < SHARES_SAID;
	     i++, s++) {
		if (shared_evenness(s, &even) < 0)
			continue;
		text = fairness_text(&even, fairness, sizeof(fairness));
		label(p, i ? "" : "shared");
		say(p,
		    "%s: %" PRIu32 " members got %s to %s, median %s; "
		    "fairness %s\n",
		    s->filter, s->members, metric_grouped(n[0], even.min),
		    metric_grouped(n[1], even.max),
		    metric_grouped(n[2], even.median), text ? text : "-");
	}
}

/* ----------------------------------------------------------------- latency */

static void say_timing(struct page *p, enum timing t)
{
	struct metric m = { .timing = t };
	char cell[32], number[32];
	const char *text;

	say(p, "  %-11s %12s", timing_name(t),
	    metric_grouped(number, p->r->timings[t].total));
	for (int i = 0; i < JUDGE_PERCENTILES; i++) {
		m.percentile = judge_percentiles[i];
		text = judge_text(p->r, &m, cell, sizeof(cell));
		say(p, "%9s", text ? text : "-");
	}
	m.stat = STAT_MAX;
	say(p, "%9s  %s\n", judge_text(p->r, &m, cell, sizeof(cell)),
	    timing_text(t));
}

/* What "never" stands for, once for each kind of thing that never came. */
static void say_late(struct page *p, enum timing t, const char *what)
{
	const struct hist *h = &p->r->timings[t];
	uint64_t late = judge_late(p->r, t);
	char number[32], last[32];

	if (!late || !judge_has_any(p->r, t))
		return;
	say(p, "  never: %s %s", metric_grouped(number, late), what);
	say(p, " and count%s as later than all others", late == 1 ? "s" : "");
	if (h->total)
		say(p, "; of those that came, %s took %s at most",
		    timing_name(t),
		    metric_format(last, sizeof(last), UNIT_NS, (double)h->max));
	say(p, "\n");
}

/* What is not in the table, or not all of it. */
static void say_gap(struct page *p, enum timing t, const char *why)
{
	if (*why)
		say(p, "  %s %s: %s\n", timing_name(t),
		    judge_has_any(p->r, t) ? "is not of all messages"
					   : "is not measured",
		    why);
}

static void say_latency(struct page *p)
{
	char bound[32];
	bool any = false;

	for (enum timing t = 0; t < TIMING_COUNT; t++)
		any |= judge_has_any(p->r, t);
	if (!any)
		return;
	paint(p, BOLD,
	      p->r->is_open
		      ? "Latency from the intended time\n"
		      : "Service time at saturation, not what a client would see at a "
			"lower rate\n");
	say(p, "  %-11s %12s%9s%9s%9s%9s%9s%9s\n", "", "count", "p50", "p90",
	    "p99", "p99.9", "p99.99", "max");
	for (enum timing t = 0; t < TIMING_COUNT; t++)
		if (judge_has_any(p->r, t))
			say_timing(p, t);
	say_late(p, TIMING_E2E,
		 "never arrived (lost, not acknowledged, never sent)");
	say_late(p, TIMING_PUB_ACK,
		 "never acknowledged (timed out, or never sent)");
	say_late(p, TIMING_PUB_TOTAL,
		 "never completed (timed out, or never sent)");
	say_late(p, TIMING_ECHO, "never answered");
	say_late(p, TIMING_CONN_TOTAL,
		 "never connected (refused, failed, timed out)");
	say_late(p, TIMING_SUB_ACK, "never answered by SUBACK (filters)");
	say_late(p, TIMING_UNSUB_ACK, "never answered by UNSUBACK (filters)");
	say_gap(p, TIMING_E2E, p->r->e2e_gap);
	say_gap(p, TIMING_E2E_RAW, p->r->raw_gap);
	if (*p->r->losses_unknown && judge_has_any(p->r, TIMING_E2E))
		say(p, "  e2e figures leave out what was lost, which is not "
		       "known\n");
	if (p->r->clock_bound)
		say(p,
		    "  e2e figures are known to %s: so far the clocks may "
		    "differ, as --clock-bound says\n",
		    metric_format(bound, sizeof(bound), UNIT_NS,
				  (double)p->r->clock_bound));
}

static void say_rates(struct page *p)
{
	const struct result *r = p->r;
	char time[32], in[32], out[32], asked[32];

	if (r->measured <= 0 || r->tally_count == 0)
		return;
	label(p, "");
	say(p, "measured %s: in %s",
	    metric_format(time, sizeof(time), UNIT_NS, r->measured * 1e9),
	    metric_format(in, sizeof(in), UNIT_PER_SECOND,
			  (double)r->sent_in_time / r->measured));
	if (r->asked > 0)
		say(p, " of %s asked for (%.1f %%)",
		    metric_format(asked, sizeof(asked), UNIT_PER_SECOND,
				  r->asked),
		    (double)r->sent_in_time / r->measured / r->asked * 100);
	say(p, ", out %s\n",
	    metric_format(out, sizeof(out), UNIT_PER_SECOND,
			  (double)r->delivered_in_time / r->measured));
}

/* Of repeated runs: the middle one, and what lies how far from it. */
static void say_repeats(struct page *p)
{
	struct repeat_value v;
	struct metric m;
	char a[32], b[32], c[32], d[32];

	if (!p->r->run_count)
		return;
	paint(p, BOLD, "Repetitions\n");
	say(p, "  %-14s %10s%10s%10s%10s  of %zu runs\n", "", "median", "min",
	    "max", "spread", p->r->run_count);
	for (size_t i = 0; i < repeat_metric_count; i++) {
		if (metric_parse(repeat_metrics[i], &m, NULL) < 0 ||
		    repeat_read(p->r, &m, &v) < 0)
			continue;
		say(p, "  %-14s %10s%10s%10s%10s\n", repeat_metrics[i],
		    metric_format(a, sizeof(a), metric_unit(&m), v.median),
		    metric_format(b, sizeof(b), metric_unit(&m), v.min),
		    metric_format(c, sizeof(c), metric_unit(&m), v.max),
		    repeat_spread(d, sizeof(d), &v));
	}
}

/* --------------------------------------------------------- health, verdict */

/* "p99 40 us", or as high as the samples are enough for. */
static const char *tail_of(const struct hist *h, char dst[48])
{
	static const double tails[] = { 99, 90 };
	char text[32];

	if (!h->total)
		return "-";
	for (size_t i = 0; i < ARRAY_SIZE(tails); i++) {
		if (!hist_has_enough(h, tails[i]))
			continue;
		snprintf(
			dst, 48, "p%g %s", tails[i],
			metric_format(text, sizeof(text), UNIT_NS,
				      (double)hist_percentile(h, tails[i], 0)));
		return dst;
	}
	snprintf(dst, 48, "%s at most",
		 metric_format(text, sizeof(text), UNIT_NS, (double)h->max));
	return dst;
}

static void say_generator(struct page *p)
{
	const struct result *r = p->r;
	char memory[32], lag[48], floor[48];
	double busiest = 0;

	for (size_t i = 0; i < r->thread_count; i++)
		if (r->threads[i].cpu > busiest)
			busiest = r->threads[i].cpu;
	paint(p, BOLD, "Generator\n");
	label(p, "");
	say(p,
	    "%zu thread%s%s, the busiest %.0f %%, %s; timers late %s (idle "
	    "%s)\n",
	    r->thread_count, r->thread_count == 1 ? "" : "s",
	    r->run_count > 1 ? " of all runs" : "", busiest * 100,
	    metric_format(memory, sizeof(memory), UNIT_BYTES,
			  (double)r->memory),
	    tail_of(&r->timings[judge_own_lag(r)], lag),
	    tail_of(&r->floor, floor));
}

static void say_broker(struct page *p)
{
	const struct result *r = p->r;
	double cpu = 0, n = 0, memory = 0;
	char text[32];

	for (size_t i = 0; i < r->course_count; i++) {
		if (r->course[i].broker_cpu < 0)
			continue;
		if (r->course[i].phase == RUN_MEASURE) {
			cpu += r->course[i].broker_cpu;
			n++;
		}
		if ((double)r->course[i].broker_memory > memory)
			memory = (double)r->course[i].broker_memory;
	}
	if (n <= 0 && !json_object_size(r->broker))
		return;
	paint(p, BOLD, "Broker\n");
	if (n > 0) {
		label(p, "");
		say(p, "%.0f %% of a processor while measured, %s at most\n",
		    cpu / n * 100,
		    metric_format(text, sizeof(text), UNIT_BYTES, memory));
	}
	say_object(p, r->broker);
}

static void say_outcomes(struct page *p)
{
	const struct outcome *o;

	for (size_t i = 0; i < p->r->outcome_count; i++) {
		o = &p->r->outcomes[i];
		paint(p, o->holds ? GOOD : BAD, o->holds ? "PASS" : "FAIL");
		say(p, "  %s (%s)\n", o->requirement, o->text);
	}
}

static void say_verdict(struct page *p)
{
	static const enum paint colors[] = { GOOD, WARN, BAD };
	const struct verdict *v = &p->r->verdict;

	if (p->r->imbalances) {
		paint(p, BAD, "The counts do not add up:\n");
		say(p, "%s\n", p->r->imbalances);
	}
	paint(p, colors[v->trust], trust_name(v->trust));
	if (v->bound != BOUND_NONE)
		say(p, " (%s)", bound_name(v->bound));
	for (size_t i = 0; i < v->count; i++)
		say(p, "%s%s", i ? "; " : ": ", v->reasons[i].text);
	say(p, "\n");
}

int report_text(const struct result *r, const struct report_style *style,
		struct buf *out)
{
	struct page p = { .r = r, .style = style, .out = out };

	say_head(&p);
	say_object(&p, r->settings);
	say_connections(&p);
	say_messages(&p);
	say_rates(&p);
	say_causes(&p);
	say_shares(&p);
	say_latency(&p);
	say_repeats(&p);
	say_generator(&p);
	say_broker(&p);
	say_outcomes(&p);
	say_verdict(&p);
	return p.result;
}

int report_interval(const struct interval *i, struct buf *out)
{
	char at[32] = "-", p50[32] = "-", p99[32] = "-", memory[32];
	bool has_e2e = i->e2e_count > 0;
	uint64_t median = has_e2e ? i->e2e_p50 : i->ack_p50;
	uint64_t high = has_e2e ? i->e2e_p99 : i->ack_p99;

	/* While it connects nobody knows when it will send. */
	if (i->at >= 0)
		snprintf(at, sizeof(at), "%.1f s", i->at);
	if (judge_interval_has(i, has_e2e, 50))
		metric_format(p50, sizeof(p50), UNIT_NS, (double)median);
	if (judge_interval_has(i, has_e2e, 99))
		metric_format(p99, sizeof(p99), UNIT_NS, (double)high);
	return buf_printf(out,
			  "%10s %-8s connected %" PRIu64 " sent %" PRIu64
			  " delivered %" PRIu64
			  " %s p50 %s p99 %s errors %" PRIu64
			  " cpu %.0f %% %s\n",
			  at, run_phase_name(i->phase), i->connected, i->sent,
			  i->delivered, has_e2e ? "e2e" : "ack", p50, p99,
			  i->errors, i->cpu * 100,
			  metric_format(memory, sizeof(memory), UNIT_BYTES,
					(double)i->memory));
}
