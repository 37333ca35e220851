/* SPDX-License-Identifier: MIT */
#include "net/http.h"

#include <stdio.h>
#include <strings.h>

#include "base/text.h"

static const char http_start[] = "HTTP/1.";

size_t http_head_length(struct bytes in)
{
	static const char end[] = "\r\n\r\n";
	const uint8_t *p = in.n ? memmem(in.p, in.n, end, 4) : NULL;

	return p ? (size_t)(p - in.p) + 4 : 0;
}

bool http_may_be_head(struct bytes in)
{
	size_t n = strlen(http_start);

	return memcmp(in.p, http_start, in.n < n ? in.n : n) == 0;
}

/* Cuts the first line off, without its end. */
static struct bytes next_line(struct bytes *s)
{
	const uint8_t *end = s->n ? memmem(s->p, s->n, "\r\n", 2) : NULL;
	struct bytes line = bytes_of(s->p, end ? (size_t)(end - s->p) : s->n);
	size_t used = end ? line.n + 2 : line.n;

	s->p += used;
	s->n -= used;
	return line;
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/* "HTTP/1.1 101 Switching Protocols"; the reason may be missing. */
int http_parse(struct bytes head, struct http_head *ret)
{
	struct bytes rest = head, line = next_line(&rest);
	const uint8_t *p = line.p;

	if (line.n < 12 || !http_may_be_head(line) || !is_digit(p[7]) ||
	    p[8] != ' ' || p[9] < '1' || p[9] > '5' || !is_digit(p[10]) ||
	    !is_digit(p[11]) || (line.n > 12 && p[12] != ' '))
		return -1;
	*ret = (struct http_head){
		.status = (p[9] - '0') * 100 + (p[10] - '0') * 10 +
			  (p[11] - '0'),
		.status_line = line,
		.fields = rest,
	};
	return 0;
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

static struct bytes trim(struct bytes s)
{
	while (s.n && is_blank(s.p[0])) {
		s.p++;
		s.n--;
	}
	while (s.n && is_blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

static bool equals(struct bytes a, const char *b)
{
	return a.n == strlen(b) && strncasecmp((const char *)a.p, b, a.n) == 0;
}

/* The value of the next field of that name; *rest goes behind it. */
static struct bytes next_field(struct bytes *rest, const char *name)
{
	while (rest->n) {
		struct bytes line = next_line(rest);
		const uint8_t *colon = line.n ? memchr(line.p, ':', line.n)
					      : NULL;
		size_t n;

		if (!colon)
			continue;
		n = (size_t)(colon - line.p);
		if (equals(bytes_of(line.p, n), name))
			return trim(bytes_of(colon + 1, line.n - n - 1));
	}
	return BYTES_NULL;
}

struct bytes http_field(const struct http_head *h, const char *name)
{
	struct bytes rest = h->fields;

	return next_field(&rest, name);
}

static bool list_has(struct bytes list, const char *token)
{
	while (list.n) {
		const uint8_t *comma = memchr(list.p, ',', list.n);
		size_t n = comma ? (size_t)(comma - list.p) : list.n;

		if (equals(trim(bytes_of(list.p, n)), token))
			return true;
		n += comma != NULL;
		list = bytes_of(list.p + n, list.n - n);
	}
	return false;
}

bool http_has_token(const struct http_head *h, const char *name,
		    const char *token)
{
	struct bytes rest = h->fields, value;

	while (bytes_is_set(value = next_field(&rest, name)))
		if (list_has(value, token))
			return true;
	return false;
}

void http_show(const struct http_head *h, char *ret, size_t size)
{
	struct bytes location = http_field(h, "Location");
	char line[HTTP_SHOWN_SIZE], target[HTTP_SHOWN_SIZE];

	text_visible(line, sizeof(line), h->status_line);
	text_visible(target, sizeof(target), location);
	if (h->status / 100 == 3 && location.n)
		snprintf(ret, size, "%s', it points to '%s", line, target);
	else
		snprintf(ret, size, "%s", line);
}

int http_add_basic(struct buf *out, const char *name, const char *user,
		   const char *password)
{
	struct buf plain;
	int status = -1;

	buf_init(&plain, 0);
	if (buf_printf(&plain, "%s:%s", user ? user : "",
		       password ? password : "") == 0 &&
	    buf_printf(out, "%s: Basic ", name) == 0 &&
	    text_base64(out, buf_view(&plain)) == 0 &&
	    buf_append_str(out, "\r\n") == 0)
		status = 0;
	buf_wipe(&plain);
	return status;
}
