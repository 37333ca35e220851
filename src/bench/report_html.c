/* SPDX-License-Identifier: MIT */
#include "bench/report_html.h"

#include <math.h>
#include <stdio.h>
#include <time.h>

#include "bench/judge.h"
#include "bench/report.h"

static void write_head(const struct result *r, struct html *h)
{
	struct buf title = { 0 };
	const char *text;

	h->result |= report_title(r, &title);
	text = buf_len(&title) ? buf_cstr(&title) : "";
	html_put(h, "<!DOCTYPE html>\n<html lang=en><head><meta charset=utf-8>"
		    "\n<meta name=viewport content=\"width=device-width, "
		    "initial-scale=1\">\n<title>");
	html_text(h, text);
	html_put(h, "</title>\n<style>\n");
	html_put(h, report_css);
	html_put(h, "</style></head><body><main>\n<header><h1>");
	html_text(h, text);
	html_put(h, "</h1>");
	buf_release(&title);
}

static void write_when(const struct result *r, struct html *h)
{
	time_t t = (time_t)r->started;
	char when[64] = "", number[32];
	struct tm tm;

	if (r->started > 0 && localtime_r(&t, &tm))
		strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S %z, ", &tm);
	html_putf(h, "<p>%s%s clients", when,
		  metric_grouped(number, r->clients));
	if (r->measured > 0)
		html_putf(h, ", measured for %.4g s", r->measured);
	if (r->run_count)
		html_putf(h, " in %zu runs", r->run_count);
	if (r->shards > 1)
		html_putf(h,
			  r->is_merged ? ", %u shards together"
				       : ", of %u shards",
			  r->shards);
	html_put(h, "</p></header>\n");
}

static void write_verdict(const struct result *r, struct html *h)
{
	static const char *const looks[] = { "good", "warn", "bad" };
	static const char *const signs[] = { "\xe2\x9c\x93", "!",
					     "\xe2\x9c\x97" };
	const struct verdict *v = &r->verdict;

	if (r->partial) {
		html_put(h, "<div class=\"verdict bad\"><b>PARTIAL</b> ");
		html_text(h, r->partial);
		html_put(h, "</div>\n");
	}
	html_putf(h, "<div class=\"verdict %s\"><b>%s %s</b>", looks[v->trust],
		  signs[v->trust], trust_name(v->trust));
	if (v->bound != BOUND_NONE)
		html_putf(h, " (%s)", bound_name(v->bound));
	if (v->count)
		html_put(h, "<ul>");
	for (size_t i = 0; i < v->count; i++) {
		html_put(h, "<li>");
		html_text(h, v->reasons[i].text);
		html_put(h, "</li>");
	}
	if (v->count)
		html_put(h, "</ul>");
	if (r->imbalances) {
		html_put(h, "<p>The counts do not add up: ");
		html_text(h, r->imbalances);
		html_put(h, "</p>");
	}
	html_put(h, "</div>\n");
}

/* ---------------------------------------------------------------- key figures
 */

static void tile(struct html *h, const char *name, const char *value,
		 const char *look)
{
	html_put(h, "<div><span>");
	html_text(h, name);
	html_putf(h, "</span><b class=\"%s\">", look);
	html_text(h, value);
	html_put(h, "</b></div>\n");
}

static void metric_tile(const struct result *r, const char *label,
			const char *name, bool is_fault, struct html *h)
{
	struct reading m;
	struct metric metric;
	char text[32];

	if (metric_parse(name, &metric, NULL) < 0)
		return;
	judge_read(r, &metric, NULL, &m);
	if (m.missing)
		return;
	if (isinf(m.value))
		snprintf(text, sizeof(text), "never");
	else if (metric_unit(&metric) == UNIT_NUMBER)
		metric_grouped(text, (uint64_t)m.value);
	else
		metric_format(text, sizeof(text), metric_unit(&metric),
			      m.value);
	tile(h, label, text,
	     (is_fault && m.value > 0) || isinf(m.value) ? "bad" : "");
}

static void write_tiles(const struct result *r, struct html *h)
{
	static const char *const stats[] = { "p50", "p99", "p99.9", "max" };
	const char *timing = timing_name(judge_main_timing(r));
	char name[64], label[64];

	html_put(h, "<div class=tiles>\n");
	if (r->measured_sent)
		metric_tile(r, "published", "rate.in", false, h);
	if (r->measured_delivered)
		metric_tile(r, "delivered", "rate.out", false, h);
	if (!r->measured_sent)
		metric_tile(r, "connected", "rate.connects", false, h);
	for (size_t i = 0; i < ARRAY_SIZE(stats); i++) {
		snprintf(name, sizeof(name), "%s.%s", timing, stats[i]);
		snprintf(label, sizeof(label), "%s %s", timing, stats[i]);
		metric_tile(r, label, name, false, h);
	}
	metric_tile(r, "lost", "lost", true, h);
	metric_tile(r, "errors", "errors", true, h);
	html_put(h, "</div>\n");
}

static void write_requirements(const struct result *r, struct html *h)
{
	const struct outcome *o = r->outcomes;

	if (r->outcome_count == 0)
		return;
	html_put(h, "<h2>Requirements</h2><div class=scroll><table>");
	for (size_t i = 0; i < r->outcome_count; i++, o++) {
		html_putf(h, "<tr><td><b class=%s</b></td><td>",
			  o->holds ? "good>\xe2\x9c\x93 PASS"
				   : "bad>\xe2\x9c\x97 FAIL");
		html_text(h, o->requirement);
		html_put(h, "</td><td class=w>");
		html_text(h, o->text);
		html_put(h, "</td></tr>\n");
	}
	html_put(h, "</table></div>\n");
}

/* -------------------------------------------------------------------- sections
 */

static void begin_charts(const char *heading, struct html *h)
{
	html_putf(h, "<h2>%s</h2><div class=charts>\n", heading);
}

static void write_gap(const struct result *r, enum timing t, const char *why,
		      struct html *h)
{
	if (!*why)
		return;
	html_putf(h, "<p>%s %s: ", timing_name(t),
		  judge_has_any(r, t) ? "is not of all messages"
				      : "is not measured");
	html_text(h, why);
	html_put(h, "</p>\n");
}

static void write_latency(const struct result *r, struct html *h)
{
	char bound[32];

	begin_charts(r->is_open || r->measured_sent == 0
			     ? "Latency from the intended time"
			     : "Service time at saturation, not what a client "
			       "would see at a lower rate",
		     h);
	page_latency_charts(r, h);
	html_put(h, "</div>\n");
	page_latency_table(r, h);
	write_gap(r, TIMING_E2E, r->e2e_gap, h);
	write_gap(r, TIMING_E2E_RAW, r->raw_gap, h);
	if (*r->losses_unknown && judge_has_any(r, TIMING_E2E))
		html_put(h, "<p>Figures of e2e leave out what was lost, which "
			    "is not known.</p>\n");
	if (r->clock_bound)
		html_putf(h,
			  "<p>Figures of e2e are known to %s: so far the "
			  "clocks may differ, as --clock-bound says.</p>\n",
			  metric_format(bound, sizeof(bound), UNIT_NS,
					(double)r->clock_bound));
}

static void write_faults(const struct result *r, struct html *h)
{
	begin_charts("Errors", h);
	if (!page_error_chart(r, h))
		html_putf(h,
			  "<div class=none>No errors in any second of the "
			  "run%s.</div>",
			  r->account.n[COUNT_LOST]
				  ? "; what was lost is known at its end only"
				  : "");
	html_put(h, "</div>\n");
	page_causes(r, h);
	html_put(h, "<h2>Accounts</h2>\n");
	page_accounts(r, h);
	page_shares_table(r, h);
}

static void write_broker(const struct result *r, struct html *h)
{
	page_object("Broker", r->broker, h);
	html_put(h, "<div class=charts>");
	page_broker_course(r, h);
	html_put(h, "</div>\n");
	page_object("What the broker says under $SYS",
		    json_object_get(r->broker, "sys"), h);
}

static void write_numbers(const struct result *r, struct html *h)
{
	html_putf(h,
		  "<footer>mqtt-bench, seed %llu, run %016llx, result form "
		  "mqtt-bench/1</footer>\n",
		  (unsigned long long)r->seed, (unsigned long long)r->run_id);
}

int report_html(const struct result *r, struct buf *out)
{
	struct html h = { .out = out };
	size_t start = buf_len(out);

	write_head(r, &h);
	write_when(r, &h);
	write_verdict(r, &h);
	write_tiles(r, &h);
	write_requirements(r, &h);
	page_repeats_table(r, &h);
	write_latency(r, &h);
	begin_charts("Throughput and connections", &h);
	page_rate_charts(r, &h);
	html_put(&h, "</div>\n");
	write_faults(r, &h);
	begin_charts("Health of the generator", &h);
	page_own_percentiles(r, &h);
	page_health_course(r, &h);
	html_put(&h, "</div>\n");
	page_health_table(r, &h);
	write_broker(r, &h);
	page_object("Settings", r->settings, &h);
	page_object("Machine", r->host, &h);
	if (r->text) {
		html_put(&h, "<h2>Scenario</h2><pre>");
		html_text(&h, r->text);
		html_put(&h, "</pre>\n");
	}
	write_numbers(r, &h);
	html_put(&h, "</main></body></html>\n");
	if (h.result < 0)
		buf_truncate(out, start);
	return h.result;
}
