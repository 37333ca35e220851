/* SPDX-License-Identifier: MIT */
#ifndef BENCH_REPORT_HTML_H
#define BENCH_REPORT_HTML_H

/*
 * The parts of the HTML report: report_html.c puts the page together,
 * report_html_charts.c draws what is known of a result, report_html_tables.c
 * tells it in figures. Private to these. Pure.
 */

#include "bench/html.h"
#include "bench/result.h"

extern const char report_css[]; /* report.css, by embed.awk */

/* Latency by percentile and over time. */
void page_latency_charts(const struct result *r, struct html *h);
/* Messages and connections over time. */
void page_rate_charts(const struct result *r, struct html *h);
/* Faults over time; false when there were none. */
bool page_error_chart(const struct result *r, struct html *h);
/* This program's timers, loops, processor time and memory. */
void page_health_charts(const struct result *r, struct html *h);

void page_latency_table(const struct result *r, struct html *h);
void page_repeats_table(const struct result *r, struct html *h);
void page_accounts(const struct result *r, struct html *h);
void page_causes(const struct result *r, struct html *h);
void page_health_table(const struct result *r, struct html *h);
/* Members of an object as rows; nothing when there are none. */
void page_object(const char *heading, json_t *o, struct html *h);

#endif
