/* SPDX-License-Identifier: MIT */
#include "bench/identities.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

/* Where the parser stands. Texts are made in place: quotes only ever shrink
 * them, and each ends in a NUL where its separator was. */
struct parser {
	struct identities *i;
	struct err *e;
	char *at, *end;
	size_t line;
	size_t cells_cap;
};

static int fail_at(struct parser *p, size_t line, const char *what)
{
	return err_set(p->e, ERR_USAGE, 0, "line %zu: %s", line, what);
}

static int fail(struct parser *p, const char *what)
{
	return fail_at(p, p->line, what);
}

/* Room for one more row; NULL when out of memory. */
static struct bytes *next_row(struct parser *p)
{
	struct identities *i = p->i;
	size_t n = i->row_count * i->column_count, want = n + i->column_count;
	struct bytes *cells;

	if (want > p->cells_cap) {
		cells = reallocarray(i->cells, 2 * want, sizeof(*cells));
		if (!cells)
			return NULL;
		i->cells = cells;
		p->cells_cap = 2 * want;
	}
	return i->cells + n;
}

/* The row that begins in that line is whole. */
static int end_row(struct parser *p, size_t line)
{
	struct identities *i = p->i;
	size_t n = i->row_count, *lines = i->lines;

	/* Room for a power of two each time. */
	if ((n & (n - 1)) == 0) {
		lines = reallocarray(lines, n ? 2 * n : 1, sizeof(*lines));
		if (!lines)
			return err_nomem(p->e);
		i->lines = lines;
	}
	lines[i->row_count++] = line;
	return 0;
}

/* A quoted field; at stands behind the first quote. */
static int quoted_field(struct parser *p, struct bytes *ret)
{
	char *begin = p->at, *to = p->at;

	while (p->at < p->end) {
		if (*p->at == '"' && p->at + 1 < p->end && p->at[1] == '"')
			p->at++;
		else if (*p->at == '"')
			break;
		p->line += *p->at == '\n';
		*to++ = *p->at++;
	}
	if (p->at == p->end)
		return fail(p, "a quote is not closed");
	p->at++;
	*ret = bytes_of(begin, (size_t)(to - begin));
	if (p->at < p->end && *p->at != ',' && *p->at != '\n' && *p->at != '\r')
		return fail(p, "text behind a closing quote");
	return 0;
}

/* Takes one field and its separator; *ret_last: it ended the line. */
static int csv_field(struct parser *p, struct bytes *ret, bool *ret_last)
{
	char *begin = p->at, *stop;

	if (p->at < p->end && *p->at == '"') {
		p->at++;
		if (quoted_field(p, ret) < 0)
			return -1;
	} else {
		while (p->at < p->end && *p->at != ',' && *p->at != '\n')
			p->at++;
		stop = p->at;
		if (stop > begin && stop[-1] == '\r' &&
		    (p->at == p->end || *p->at == '\n'))
			stop--;
		*ret = bytes_of(begin, (size_t)(stop - begin));
	}
	if (p->at < p->end && *p->at == '\r')
		p->at++;
	*ret_last = p->at == p->end || *p->at == '\n';
	if (p->at < p->end)
		p->at++;
	p->line += *ret_last;
	return 0;
}

static int csv_header(struct parser *p)
{
	size_t line = p->line;
	struct bytes name;
	bool is_last = false;

	while (!is_last) {
		if (p->i->column_count == IDENTITIES_COLUMNS_MAX)
			return fail(p, "more than 32 columns");
		if (csv_field(p, &name, &is_last) < 0)
			return -1;
		if (name.n == 0)
			return fail_at(p, line, "a column has no name");
		/* The separator's place is free now. */
		((char *)(uintptr_t)name.p)[name.n] = '\0';
		if (identities_column(p->i, (const char *)name.p) >= 0)
			return fail_at(p, line, "two columns have one name");
		p->i->columns[p->i->column_count++] = (const char *)name.p;
	}
	return 0;
}

static int csv_row(struct parser *p)
{
	size_t want = p->i->column_count, line = p->line;
	struct bytes *row = next_row(p);
	bool is_last = false;

	if (!row)
		return err_nomem(p->e);
	for (size_t n = 0; n < want; n++) {
		if (is_last)
			return err_set(p->e, ERR_USAGE, 0,
				       "line %zu: has %zu "
				       "fields, expected %zu",
				       line, n, want);
		if (csv_field(p, &row[n], &is_last) < 0)
			return -1;
	}
	if (!is_last)
		return err_set(p->e, ERR_USAGE, 0,
			       "line %zu: has more than "
			       "%zu fields",
			       line, want);
	return end_row(p, line);
}

static int parse_csv(struct parser *p)
{
	if (csv_header(p) < 0)
		return -1;
	while (p->at < p->end) {
		if (*p->at == '\n' || *p->at == '\r') {
			p->line += *p->at++ == '\n';
			continue;
		}
		if (csv_row(p) < 0)
			return -1;
	}
	return 0;
}

static int keep_text(struct parser *p, struct buf *text, struct bytes v)
{
	if (memchr(v.p, '\0', v.n))
		return fail(p, "a text with a zero byte");
	if (buf_append(text, v) < 0 || buf_append_byte(text, '\0') < 0)
		return err_nomem(p->e);
	return 0;
}

static int keep_value(struct parser *p, struct buf *text, const json_t *v)
{
	char number[40];

	if (json_is_string(v))
		return keep_text(p, text,
				 bytes_of(json_string_value(v),
					  json_string_length(v)));
	if (json_is_integer(v))
		snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT,
			 json_integer_value(v));
	else if (json_is_real(v))
		snprintf(number, sizeof(number), "%.17g", json_real_value(v));
	else
		return fail(p, "a value is neither text nor number");
	return keep_text(p, text, bytes_str(number));
}

/* The first line says which columns there are. */
static int json_names(struct parser *p, struct buf *text, json_t *first)
{
	const char *name;
	json_t *v;

	if (!json_object_size(first) ||
	    json_object_size(first) > IDENTITIES_COLUMNS_MAX)
		return fail(p, "expected an object with 1 to 32 members");
	json_object_foreach(first, name, v)
	{
		if (keep_text(p, text, bytes_str(name)) < 0)
			return -1;
		p->i->column_count++;
	}
	return 0;
}

static int json_row(struct parser *p, struct buf *text, json_t *row,
		    json_t *first)
{
	const char *name;
	json_t *v, *of_first;

	if (json_object_size(row) != json_object_size(first))
		return fail(p, "has other members than the first line");
	json_object_foreach(first, name, of_first)
	{
		v = json_object_get(row, name);
		if (!v)
			return fail(p, "has other members than the first line");
		if (keep_value(p, text, v) < 0)
			return -1;
	}
	return end_row(p, p->line);
}

static int json_line(struct parser *p, struct buf *text, json_t **first)
{
	char *stop = memchr(p->at, '\n', (size_t)(p->end - p->at));
	size_t n = stop ? (size_t)(stop - p->at) : (size_t)(p->end - p->at);
	json_t *row;
	int r = 0;

	row = json_loadb(p->at, n, JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_object(row))
		r = fail(p, "is not a JSON object");
	else if (!*first) {
		r = json_names(p, text, row);
		*first = json_incref(row);
	}
	if (r == 0)
		r = json_row(p, text, row, *first);
	json_decref(row);
	p->at += n + (stop != NULL);
	p->line++;
	return r;
}

/* Every text ends in a NUL: first the names, then the rows. */
static int point_at(struct parser *p)
{
	struct identities *i = p->i;
	size_t n = i->row_count * i->column_count;
	const char *at = (const char *)buf_view(&i->text).p;

	i->cells = calloc(n ? n : 1, sizeof(*i->cells));
	if (!i->cells)
		return err_nomem(p->e);
	for (size_t k = 0; k < i->column_count; k++) {
		i->columns[k] = at;
		at += strlen(at) + 1;
	}
	for (size_t k = 0; k < n; k++) {
		i->cells[k] = bytes_str(at);
		at += i->cells[k].n + 1;
	}
	return 0;
}

static int parse_ndjson(struct parser *p)
{
	struct buf text = { 0 };
	json_t *first = NULL;
	int r = 0;

	while (r == 0 && p->at < p->end) {
		if (strchr(" \t\r\n", *p->at))
			p->line += *p->at++ == '\n';
		else
			r = json_line(p, &text, &first);
	}
	json_decref(first);
	buf_release(&p->i->text);
	p->i->text = text;
	return r < 0 ? -1 : point_at(p);
}

int identities_parse(struct buf *content, struct identities *ret, struct err *e)
{
	struct identities i = { .text = *content };
	struct parser p = { .i = &i, .e = e, .line = 1 };
	int r;

	buf_init(content, 0);
	p.at = (char *)i.text.data + i.text.start;
	p.end = p.at + buf_len(&i.text);
	/* As spreadsheets begin what they save. */
	if (buf_len(&i.text) >= 3 && memcmp(p.at, "\xef\xbb\xbf", 3) == 0)
		p.at += 3;
	while (p.at < p.end && (*p.at == '\n' || *p.at == '\r'))
		p.line += *p.at++ == '\n';
	if (p.at == p.end)
		r = err_set(e, ERR_USAGE, 0, "is empty");
	else if (*p.at == '{')
		r = parse_ndjson(&p);
	else
		r = parse_csv(&p);
	if (r == 0 && i.row_count == 0)
		r = err_set(e, ERR_USAGE, 0, "has no clients");
	if (r < 0)
		identities_release(&i);
	else
		*ret = i;
	return r;
}

void identities_release(struct identities *i)
{
	free(i->cells);
	free(i->lines);
	free(i->name);
	buf_release(&i->text);
	*i = (struct identities){ 0 };
}

int identities_column(const struct identities *i, const char *name)
{
	for (size_t k = 0; k < i->column_count; k++)
		if (strcmp(i->columns[k], name) == 0)
			return (int)k;
	return -1;
}
