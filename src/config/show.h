/* SPDX-License-Identifier: MIT */
#ifndef CONFIG_SHOW_H
#define CONFIG_SHOW_H

/* What --show-config prints: YAML with the origin of each value as a
 * comment, secrets masked. Main thread; appended to the caller's buffer; -1
 * when out of memory. */

#include "base/buf.h"
#include "config/option.h"

int show_config(const struct settings *s, struct buf *out) MUST_CHECK;
/* "KEY: VALUE" or "KEY:" with its list, each line after indent blanks;
 * comment (may be NULL) goes on the first. */
struct show_style {
	unsigned indent;
	const char *comment;
};
int show_option(const struct settings *s, const struct option *o,
		const struct show_style *style, struct buf *out) MUST_CHECK;
/* A scalar that YAML reads back as this text. */
int show_scalar(struct bytes text, struct buf *out) MUST_CHECK;

#endif
