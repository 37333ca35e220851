/* SPDX-License-Identifier: MIT */
#include "bench/report_html.h"

#include <inttypes.h>
#include <stdarg.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/judge.h"
#include "bench/repeat.h"

static void cell(struct html *h, const char *text)
{
	html_put(h, "<td class=v>");
	html_text(h, text);
	html_put(h, "</td>");
}

static void row_head(struct html *h, const char *text)
{
	html_put(h, "<tr><th scope=row>");
	html_text(h, text);
	html_put(h, "</th>");
}

/* ----------------------------------------------------------------- latency */

static void timing_row(const struct result *r, enum timing t, struct html *h)
{
	struct metric m = { .timing = t };
	const char *text;
	char dst[32];

	row_head(h, timing_name(t));
	html_putf(h, "<td>%s</td>", timing_text(t));
	cell(h, metric_grouped(dst, r->timings[t].total));
	for (int i = 0; i < JUDGE_PERCENTILES; i++) {
		m.percentile = judge_percentiles[i];
		text = judge_text(r, &m, dst, sizeof(dst));
		cell(h, text ? text : "\xe2\x80\x93");
	}
	m.stat = STAT_MAX;
	cell(h, judge_text(r, &m, dst, sizeof(dst)));
	html_put(h, "</tr>\n");
}

void page_latency_table(const struct result *r, struct html *h)
{
	html_put(h,
		 "<div class=scroll><table><tr><th></th><th></th>"
		 "<th class=v>count</th><th class=v>p50</th><th class=v>p90"
		 "</th><th class=v>p99</th><th class=v>p99.9</th><th class=v>"
		 "p99.99</th><th class=v>max</th></tr>\n");
	for (enum timing t = 0; t < TIMING_COUNT; t++)
		if (judge_has_any(r, t))
			timing_row(r, t, h);
	html_put(h, "</table></div>\n");
}

static void repeat_row(const struct result *r, const char *name, struct html *h)
{
	struct repeat_value v;
	struct metric m;
	char text[32];

	if (metric_parse(name, &m, NULL) < 0 || repeat_read(r, &m, &v) < 0)
		return;
	row_head(h, name);
	cell(h, metric_format(text, sizeof(text), metric_unit(&m), v.median));
	cell(h, metric_format(text, sizeof(text), metric_unit(&m), v.min));
	cell(h, metric_format(text, sizeof(text), metric_unit(&m), v.max));
	html_putf(h, "<td class=v>\xc2\xb1 %s</td></tr>\n",
		  repeat_spread(text, sizeof(text), &v));
}

void page_repeats_table(const struct result *r, struct html *h)
{
	if (r->run_count == 0)
		return;
	html_putf(h,
		  "<h2>%zu runs of the same load</h2><div class=scroll>"
		  "<table><tr><th></th><th class=v>median</th><th class=v>"
		  "least</th><th class=v>most</th><th class=v>spread</th>"
		  "</tr>\n",
		  r->run_count);
	for (size_t i = 0; i < repeat_metric_count; i++)
		repeat_row(r, repeat_metrics[i], h);
	html_put(h, "</table></div>\n");
}

/* ------------------------------------------------------------------ accounts
 */

static void part(struct html *h, const struct result *r, enum count c,
		 bool is_fault)
{
	char number[32];
	uint64_t v = r->account.n[c];

	html_text(h, count_name(c));
	if (c == COUNT_LOST && *r->losses_unknown) {
		html_put(h, " <b>unknown</b>");
		return;
	}
	html_putf(h, " <b%s>%s</b>", is_fault && v ? " class=bad" : "",
		  metric_grouped(number, v));
}

/* Of the parts, all but the first are faults or left over. */
static void identity_row(const struct result *r, const struct identity *i,
			 struct html *h)
{
	const struct account *a = &r->account;
	uint64_t sum = 0;

	html_put(h, "<tr><td class=w>");
	part(h, r, i->total, false);
	for (int k = 0; k < i->count; k++) {
		html_put(h, k ? " + " : " = ");
		part(h, r, i->parts[k],
		     k > 0 && i->parts[k] != COUNT_SENT_QOS0);
		sum += a->n[i->parts[k]];
	}
	html_putf(h, "</td><td class=v>%s</td></tr>\n",
		  sum == a->n[i->total] ? "<b class=good>\xe2\x9c\x93</b>"
					: "<b class=bad>does not add up</b>");
}

void page_accounts(const struct result *r, struct html *h)
{
	const struct identity *all = account_identities;

	html_put(h, "<div class=scroll><table>");
	for (int i = 0; i < IDENTITIES; i++)
		if (r->account.n[all[i].total])
			identity_row(r, &all[i], h);
	html_put(h, "</table></div>\n");
	if (!*r->losses_unknown)
		return;
	html_put(h, "<p class=n>What was lost is not known: ");
	html_text(h, r->losses_unknown);
	html_put(h, ".</p>\n");
}

static void cause_row(struct html *h, uint64_t n, const char *what,
		      const char *text)
{
	char number[32];

	html_put(h, "<tr>");
	cell(h, metric_grouped(number, n));
	html_put(h, "<td class=w>");
	html_text(h, what);
	html_text(h, text);
	html_put(h, "</td></tr>\n");
}

static void reason_rows(struct html *h, const uint64_t codes[256],
			const char *what)
{
	char text[128];

	for (int i = 0; i < 256; i++) {
		if (!codes[i])
			continue;
		snprintf(text, sizeof(text), "%s (0x%02x)",
			 account_refusal((uint8_t)i), (unsigned)i);
		cause_row(h, codes[i], what, text);
	}
}

/* What else happened: not in the sums above. */
static void extra_rows(const struct account *a, struct html *h)
{
	static const struct {
		enum count count;
		const char *text;
	} extra[] = {
		{ COUNT_UNMATCHED, "publishes that no subscriber wanted" },
		{ COUNT_REORDERED, "messages overtaken by later ones" },
		{ COUNT_CORRUPTED, "messages damaged" },
		{ COUNT_FOREIGN, "messages of other runs" },
		{ COUNT_RETAINED, "of them kept by the broker" },
		{ COUNT_UNMARKED, "messages without the header" },
		{ COUNT_CLOCK_ERRORS, "messages that came before they left" },
		{ COUNT_ECHOED, "answers that came back" },
		{ COUNT_AWAY,
		  "subscribers not connected at the end, who may have messages "
		  "left at the broker" },
		{ COUNT_SUB_LOWERED,
		  "subscriptions granted at a lower QoS than asked for" },
		{ COUNT_DISCONNECTS, "connections lost" },
		{ COUNT_RECONNECTS, "connections made again" },
		{ COUNT_LEFT_RETAINED,
		  "retained messages that may have stayed at the broker" },
		{ COUNT_LEFT_SESSIONS,
		  "sessions that may have stayed at the broker" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(extra); i++)
		if (a->n[extra[i].count])
			cause_row(h, a->n[extra[i].count], extra[i].text, "");
}

void page_causes(const struct result *r, struct html *h)
{
	static const char begin[] = "<div class=scroll><table>";
	const struct account *a = &r->account;
	size_t start = buf_len(h->out);

	html_put(h, begin);
	extra_rows(a, h);
	reason_rows(h, a->publish_reasons, "publishes refused: ");
	reason_rows(h, a->connect_reasons, "connects refused: ");
	reason_rows(h, a->subscribe_reasons, "subscriptions refused: ");
	reason_rows(h, a->unsubscribe_reasons, "unsubscriptions refused: ");
	reason_rows(h, a->disconnect_reasons, "disconnects: ");
	for (int i = 0; i < RESULT_CAUSES; i++)
		if (r->causes[i].count)
			cause_row(h, r->causes[i].count, "", r->causes[i].text);
	for (int i = 0; i < RESULT_WORST; i++)
		if (r->worst[i].lost)
			cause_row(h, r->worst[i].lost,
				  "lost: ", r->worst[i].text);
	if (buf_len(h->out) == start + strlen(begin))
		buf_truncate(h->out, start);
	else
		html_put(h, "</table></div>\n");
}

static void share_row(const struct shared *s, struct html *h)
{
	struct evenness even;
	const char *text;
	char dst[32];

	if (shared_evenness(s, &even) < 0)
		return;
	row_head(h, s->filter);
	cell(h, metric_grouped(dst, s->members));
	cell(h, metric_grouped(dst, even.min));
	cell(h, metric_grouped(dst, even.median));
	cell(h, metric_grouped(dst, even.max));
	text = fairness_text(&even, dst, sizeof(dst));
	cell(h, text ? text : "\xe2\x80\x93");
	html_put(h, "</tr>\n");
}

void page_shares_table(const struct result *r, struct html *h)
{
	const struct shared_list *l = &r->shares;

	if (l->count == 0)
		return;
	html_put(h, "<h2>Share groups</h2><div class=scroll><table><tr><th>"
		    "</th><th class=v>members</th><th class=v>least</th>"
		    "<th class=v>median</th><th class=v>most</th>"
		    "<th class=v>fairness</th></tr>\n");
	for (size_t i = 0; i < l->count && i < SHARES_SAID; i++)
		share_row(&l->v[i], h);
	html_put(h, "</table></div>\n");
	if (l->count > SHARES_SAID)
		html_putf(h, "<p class=n>%zu more are in JSON.</p>\n",
			  l->count - SHARES_SAID);
}

/* -------------------------------------------------------------------- health
 */

static void fact(struct html *h, const char *name, const char *fmt, ...)
	PRINTF(3, 4);
static void fact(struct html *h, const char *name, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	row_head(h, name);
	html_put(h, "<td class=w>");
	html_text(h, text);
	html_put(h, "</td></tr>\n");
}

void page_health_table(const struct result *r, struct html *h)
{
	char text[32];

	html_put(h, "<div class=scroll><table>");
	for (size_t i = 0; i < r->thread_count; i++)
		fact(h, r->threads[i].name,
		     "%.0f %% of its time on a "
		     "processor",
		     r->threads[i].cpu * 100);
	fact(h, "processor time", "%.2f s in all", r->cpu);
	fact(h, "memory", "%s when sending ended, of what is shared its part",
	     metric_format(text, sizeof(text), UNIT_BYTES, (double)r->memory));
	fact(h, "held back", "%.2f %% of the time by the limit of a cgroup",
	     r->throttled * 100);
	fact(h, "steal", "%.2f %% of the time taken by other machines",
	     r->steal * 100);
	fact(h, "waited",
	     "%.2f %% of the messages waited for the broker's "
	     "window or socket",
	     r->waited * 100);
	html_put(h, "</table></div>\n");
}

/* ------------------------------------------------------------------- objects
 */

static void put_value(const char *key, json_t *v, struct html *h)
{
	char *text, number[32];

	if (json_is_string(v)) {
		html_text(h, json_string_value(v));
	} else if (json_is_integer(v) && strcmp(key, "memory") == 0) {
		html_text(h, metric_format(number, sizeof(number), UNIT_BYTES,
					   json_number_value(v)));
	} else {
		text = json_dumps(v, JSON_ENCODE_ANY | JSON_REAL_PRECISION(6));
		html_text(h, text);
		free(text);
	}
}

void page_object(const char *heading, json_t *o, struct html *h)
{
	const char *key;
	json_t *v;

	if (json_object_size(o) == 0)
		return;
	html_putf(h, "<h2>%s</h2><div class=scroll><table>", heading);
	json_object_foreach(o, key, v)
	{
		if (json_is_object(v) || json_is_array(v))
			continue;
		row_head(h, key);
		html_put(h, "<td class=w>");
		put_value(key, v, h);
		html_put(h, "</td></tr>\n");
	}
	html_put(h, "</table></div>\n");
}
