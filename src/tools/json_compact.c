/* SPDX-License-Identifier: MIT */
#include "tools/json.h"

#include "base/text.h"

/* The recursion is as deep as the value is nested, so it has a limit. */
#define MAX_DEPTH 512

struct scan {
	const uint8_t *p, *end;
	struct buf *out;
	unsigned depth;
};

static bool scan_value(struct scan *s);

static int peek(const struct scan *s)
{
	return s->p < s->end ? *s->p : -1;
}

static void skip_blanks(struct scan *s)
{
	while (s->p < s->end && (*s->p == ' ' || *s->p == '\t' ||
				 *s->p == '\n' || *s->p == '\r'))
		s->p++;
}

/* Copies what lies between from and the current place. */
static bool copy(struct scan *s, const uint8_t *from)
{
	return !buf_append(s->out, bytes_of(from, (size_t)(s->p - from)));
}

static bool take(struct scan *s, char c)
{
	if (peek(s) != c)
		return false;
	s->p++;
	return !buf_append_byte(s->out, (uint8_t)c);
}

static bool is_digit(int c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(int c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool skip_digits(struct scan *s)
{
	const uint8_t *from = s->p;

	while (is_digit(peek(s)))
		s->p++;
	return s->p > from;
}

static bool scan_number(struct scan *s)
{
	const uint8_t *from = s->p;

	if (peek(s) == '-')
		s->p++;
	if (peek(s) == '0')
		s->p++;
	else if (!skip_digits(s))
		return false;
	if (peek(s) == '.') {
		s->p++;
		if (!skip_digits(s))
			return false;
	}
	if (peek(s) == 'e' || peek(s) == 'E') {
		s->p++;
		if (peek(s) == '+' || peek(s) == '-')
			s->p++;
		if (!skip_digits(s))
			return false;
	}
	return copy(s, from);
}

static bool skip_escape(struct scan *s)
{
	int c;

	s->p++;
	c = peek(s);
	if (c < 0 || !strchr("\"\\/bfnrtu", c) || c == '\0')
		return false;
	s->p++;
	for (int i = 0; c == 'u' && i < 4; i++, s->p++)
		if (!is_hex(peek(s)))
			return false;
	return true;
}

/* Length of a DEL or C1 control character at p, which JSON would allow as it
 * is; 0 when there is none. */
static size_t control_at(const struct scan *s)
{
	if (*s->p == 0x7F)
		return 1;
	return *s->p == 0xC2 && s->end - s->p > 1 && s->p[1] < 0xA0 ? 2 : 0;
}

static bool put_control(struct scan *s, size_t n)
{
	s->p += n;
	return !buf_printf(s->out, "\\u%04x", (unsigned)s->p[-1]);
}

static bool scan_string(struct scan *s)
{
	const uint8_t *from = s->p++;

	while (s->p < s->end && *s->p >= 0x20) {
		size_t control = control_at(s);

		if (control) {
			if (!copy(s, from) || !put_control(s, control))
				return false;
			from = s->p;
		} else if (*s->p == '"') {
			s->p++;
			return copy(s, from);
		} else if (*s->p == '\\') {
			if (!skip_escape(s))
				return false;
		} else {
			s->p++;
		}
	}
	return false;
}

static bool scan_literal(struct scan *s, struct bytes word)
{
	const uint8_t *from = s->p;

	if ((size_t)(s->end - s->p) < word.n || memcmp(s->p, word.p, word.n))
		return false;
	s->p += word.n;
	return copy(s, from);
}

static bool scan_member(struct scan *s)
{
	skip_blanks(s);
	if (peek(s) != '"' || !scan_string(s))
		return false;
	skip_blanks(s);
	return take(s, ':') && scan_value(s);
}

static bool scan_list(struct scan *s, char open, char close)
{
	if (++s->depth > MAX_DEPTH || !take(s, open))
		return false;
	skip_blanks(s);
	if (peek(s) != close) {
		do {
			if (!(open == '{' ? scan_member(s) : scan_value(s)))
				return false;
		} while (take(s, ','));
	}
	s->depth--;
	return take(s, close);
}

static bool scan_token(struct scan *s)
{
	switch (peek(s)) {
	case '{':
		return scan_list(s, '{', '}');
	case '[':
		return scan_list(s, '[', ']');
	case '"':
		return scan_string(s);
	case 't':
		return scan_literal(s, BYTES_LIT("true"));
	case 'f':
		return scan_literal(s, BYTES_LIT("false"));
	case 'n':
		return scan_literal(s, BYTES_LIT("null"));
	default:
		return scan_number(s);
	}
}

/* One value and the blanks around it. */
static bool scan_value(struct scan *s)
{
	skip_blanks(s);
	if (!scan_token(s))
		return false;
	skip_blanks(s);
	return true;
}

bool json_put_compact(struct buf *out, struct bytes text)
{
	struct scan s = { .p = text.p, .end = text.p + text.n, .out = out };
	size_t mark = buf_len(out);

	if (text_is_utf8(text) && scan_value(&s) && s.p == s.end)
		return true;
	buf_truncate(out, mark);
	return false;
}
