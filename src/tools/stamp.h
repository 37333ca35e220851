/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_STAMP_H
#define TOOLS_STAMP_H

/*
 * A time of day as text, made again only when the second changes: a message
 * that arrives in the same second as the one before costs a comparison.
 *
 * A value inside its owner; nothing to release. One thread at a time.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

struct stamp {
	const char *format; /* of strftime(3); outlives the stamp */
	bool is_utc;        /* else local time */
	bool is_valid;      /* text belongs to sec */
	uint64_t sec;
	size_t len;
	char text[96];
};

void stamp_init(struct stamp *s, const char *format, bool is_utc);
/* ns since 1970. The view dies with the next call. */
struct bytes stamp_text(struct stamp *s, uint64_t ns);

#endif
