/* SPDX-License-Identifier: MIT */
#ifndef BENCH_IDENTITIES_H
#define BENCH_IDENTITIES_H

/*
 * Who the clients are, from a file: CSV with a header line (fields may be
 * quoted as in RFC 4180) or NDJSON, one object with text or number values a
 * line. The columns "id", "username" and "password" are what they say, every
 * column can be named in templates as %{column}.
 *
 * Parsed once by one thread, read-only from then on; owns its texts.
 */

#include "base/buf.h"
#include "base/err.h"

enum { IDENTITIES_COLUMNS_MAX = 32 };

struct identities {
	const char *columns[IDENTITIES_COLUMNS_MAX];
	size_t column_count, row_count;
	struct bytes *cells; /* row by row */
	size_t *lines;       /* where each row begins, from 1 */
	char *name;          /* of the file, for errors; or NULL */
	struct buf text;     /* what columns and cells point into */
};

/* Takes over the content (also on failure), which is changed. e names the
 * line: "line 7: ...". The name is left to the caller to set, from malloc. */
int identities_parse(struct buf *content, struct identities *ret, struct err *e)
	MUST_CHECK;
void identities_release(struct identities *i);

static inline const struct bytes *identities_row(const struct identities *i,
						 size_t row)
{
	return i->cells + row * i->column_count;
}

/* The column's number, or -1. */
int identities_column(const struct identities *i, const char *name);

#endif
