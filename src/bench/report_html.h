/* SPDX-License-Identifier: MIT */
#ifndef BENCH_REPORT_HTML_H
#define BENCH_REPORT_HTML_H

/*
 * The parts of the HTML report: report_html.c puts the page together,
 * report_html_charts.c draws latency by percentile, report_html_course.c what
 * happened when (bench/timeline.h), report_html_tables.c tells it in figures.
 * Private to these. Pure.
 */

#include "bench/html.h"
#include "bench/result.h"

extern const char report_css[]; /* report.css, by embed.awk */

/* Latency by percentile and over time. */
void page_latency_charts(const struct result *r, struct html *h);
void page_latency_course(const struct result *r, struct html *h);
/* Messages and connections over time. */
void page_rate_charts(const struct result *r, struct html *h);
/* Faults over time; false when there were none. */
bool page_error_chart(const struct result *r, struct html *h);
/* This program's timers and loops beside what it measured. */
void page_own_percentiles(const struct result *r, struct html *h);
/* The same over time, with processor time and memory. */
void page_health_course(const struct result *r, struct html *h);
/* What the broker says of itself under $SYS, over time. */
void page_broker_course(const struct result *r, struct html *h);

void page_latency_table(const struct result *r, struct html *h);
void page_repeats_table(const struct result *r, struct html *h);
void page_accounts(const struct result *r, struct html *h);
void page_causes(const struct result *r, struct html *h);
void page_shares_table(const struct result *r, struct html *h);
void page_health_table(const struct result *r, struct html *h);
/* Members of an object that are single values as rows; nothing when there
 * are none. */
void page_object(const char *heading, json_t *o, struct html *h);

#endif
