/* SPDX-License-Identifier: MIT */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

/*
 * Results for people: as text for terminals, and as one HTML file with charts
 * that needs no network. Pure: each appends to a buf; any thread.
 */

#include "base/buf.h"
#include "bench/result.h"

/* What titles say when the target was the peer of --target self. */
#define REPORT_SELF "against the peer in mqtt-bench itself: no broker"

struct report_style {
	bool is_colored; /* ANSI, for terminals */
	unsigned width;  /* columns of a terminal; 0: 80 */
};

int report_text(const struct result *r, const struct report_style *style,
		struct buf *out) MUST_CHECK;
int report_html(const struct result *r, struct buf *out) MUST_CHECK;

/* One line about a second of the run, for pipes and logs. */
int report_interval(const struct interval *i, struct buf *out) MUST_CHECK;

/* What a report is called: the title that was given, or the scenario's name,
 * with a warning when it was no broker that was measured. */
int report_title(const struct result *r, struct buf *out) MUST_CHECK;

#endif
