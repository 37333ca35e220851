/* SPDX-License-Identifier: MIT */
#ifndef BENCH_HTML_H
#define BENCH_HTML_H

/*
 * Writes HTML so that nothing that was measured or named can break out of it:
 * markup is our own constant text, everything else goes through html_text().
 * Pure: appends to a buf; a failure is kept and looked at once at the end.
 */

#include "base/buf.h"

struct html {
	struct buf *out;
	int result; /* 0, or -1 when memory was short */
};

/* Our own markup. */
void html_put(struct html *h, const char *markup);
/* The same with numbers in it, or with texts of our own. */
void html_putf(struct html *h, const char *fmt, ...) PRINTF(2, 3);
/* Text of anybody's, escaped; bytes that are no UTF-8 and control characters
 * come out as question marks. NULL: nothing. */
void html_text(struct html *h, const char *text);
void html_textf(struct html *h, const char *fmt, ...) PRINTF(2, 3);

#endif
