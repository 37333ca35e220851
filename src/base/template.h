/* SPDX-License-Identifier: MIT */
#ifndef BASE_TEMPLATE_H
#define BASE_TEMPLATE_H

/*
 * Text with placeholders, compiled once and rendered often: topics, client
 * ids, user names and payloads of mqtt-bench and mqtt-pub.
 *
 *	%i       number of the client in its group, from 1
 *	%c %u %g its client id, its user name, its group's name
 *	%n %s    number of the message, from 1 (two spellings of one thing)
 *	%r       random number, 0 to 4294967295
 *	%h       measuring header, 32 hex digits
 *	%%       a percent sign
 *	%05i     at least five digits, with leading zeros (i, n, s, r)
 *	%{i%10}  remainder of a division: 0 to 9; %{n%10} too
 *	%{i/10}  quotient: 0 for the first ten; %{n/10} too
 *	%{r:5-9} random number from 5 to 9
 *	%{hex:8} %{alnum:8}  random characters
 *	%{ns} %{us} %{ms} %{time}  time since 1970; %{time} is in seconds
 *	%{name}  a column of the file that the clients come from
 *
 * A compiled template is read-only and may be used by any number of threads.
 */

#include <stdint.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/err.h"

struct template;

enum template_use {
	TEMPLATE_INDEX = 1 << 0,  /* %i */
	TEMPLATE_CLIENT = 1 << 1, /* %c */
	TEMPLATE_USER = 1 << 2,   /* %u */
	TEMPLATE_GROUP = 1 << 3,  /* %g */
	TEMPLATE_NUMBER = 1 << 4, /* %n */
	TEMPLATE_RANDOM = 1 << 5,
	TEMPLATE_HEADER = 1 << 6, /* %h */
	TEMPLATE_TIME = 1 << 7,
	TEMPLATE_COLUMN = 1 << 8,
};

/* Differs from message to message of one client. */
#define TEMPLATE_VARIES \
	(TEMPLATE_NUMBER | TEMPLATE_RANDOM | TEMPLATE_HEADER | TEMPLATE_TIME)

struct template_config {
	unsigned allowed; /* uses that have a meaning here */
	const char *const *columns;
	size_t column_count;
};

/* What a rendering fills in; only what template_uses() says is read. */
struct template_values {
	uint64_t index, number; /* both count from 0 here, from 1 in text */
	struct bytes client_id, user, group;
	struct bytes header; /* 32 hex digits */
	uint64_t time;       /* ns since 1970 */
	uint32_t (*random)(void *ctx);
	void *random_ctx;
	const struct bytes *columns;
};

/* NULL with e (ERR_USAGE), which quotes the placeholder that is wrong. */
struct template *template_new(const char *text, const struct template_config *c,
			      struct err *e);
void template_free(struct template *t);

unsigned template_uses(const struct template *t);
/* The whole text when there is no placeholder in it; else BYTES_NULL. Lives
 * as long as the template. */
struct bytes template_literal(const struct template *t);

/* Appends; -1 (and out as it was) when out has no room. */
int template_render(const struct template *t, const struct template_values *v,
		    struct buf *out) MUST_CHECK;

#endif
