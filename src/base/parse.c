/* SPDX-License-Identifier: MIT */
#include "base/parse.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/text.h"

enum { SHOWN_MAX = 64 }; /* of a wrong value in an error line */

static const char *show(char dst[SHOWN_MAX], const char *s)
{
	return text_visible(dst, SHOWN_MAX, bytes_str(s));
}

/* isdigit() without the locale and without the trap of negative chars. */
static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Digits at *s, advancing it; -1 when there are none or too many. */
static int scan_uint(const char **s, uint64_t *ret)
{
	uint64_t v = 0, digit;
	const char *p = *s;

	if (!is_digit(*p))
		return -1;
	for (; is_digit(*p); p++) {
		digit = (uint64_t)(*p - '0');
		if (v > (UINT64_MAX - digit) / 10)
			return -1;
		v = 10 * v + digit;
	}
	*s = p;
	*ret = v;
	return 0;
}

int parse_uint(const char *s, uint64_t min, uint64_t max, uint64_t *ret,
	       struct err *e)
{
	char shown[SHOWN_MAX];
	const char *p = s;
	uint64_t v;

	if (scan_uint(&p, &v) < 0 || *p || v < min || v > max)
		return err_set(e, ERR_USAGE, 0,
			       "'%s' is not a whole number from %" PRIu64
			       " to %" PRIu64,
			       show(shown, s), min, max);
	*ret = v;
	return 0;
}

struct unit {
	const char *name;
	uint64_t size;
};

static const struct unit time_units[] = {
	{ "ns", 1 },
	{ "us", 1000 },
	{ "ms", CLOCK_MSEC },
	{ "s", CLOCK_SEC },
	{ "m", 60 * CLOCK_SEC },
	{ "h", 3600 * CLOCK_SEC },
	{ "d", 24 * 3600 * CLOCK_SEC },
};

static uint64_t time_unit(const char *name, uint64_t bare_unit)
{
	if (!*name)
		return bare_unit;
	for (size_t i = 0; i < ARRAY_SIZE(time_units); i++)
		if (!strcmp(name, time_units[i].name))
			return time_units[i].size;
	return 0;
}

/* "1.5s" in integers: digits after the point are exact to the nanosecond.
 * One side of the point may be empty, as for atof(). */
static int scan_duration(const char *s, uint64_t bare_unit, uint64_t *ret)
{
	const char *fraction = "";
	uint64_t v = 0, unit, scale;
	bool is_whole = scan_uint(&s, &v) == 0;

	if (!is_whole && *s != '.')
		return -1;
	if (*s == '.') {
		fraction = ++s;
		while (is_digit(*s))
			s++;
		if (!is_whole && s == fraction)
			return -1;
	}
	unit = time_unit(s, bare_unit);
	if (unit == 0 || v >= CLOCK_NEVER / unit)
		return -1;
	v *= unit;
	for (scale = unit / 10; is_digit(*fraction); scale /= 10)
		v += scale * (uint64_t)(*fraction++ - '0');
	*ret = v;
	return 0;
}

int parse_duration(const char *s, uint64_t bare_unit, uint64_t *ret_ns,
		   struct err *e)
{
	char shown[SHOWN_MAX];

	if (scan_duration(s, bare_unit, ret_ns) == 0)
		return 0;
	return err_set(e, ERR_USAGE, 0,
		       "'%s' is not a duration such as 500ms, 1.5s, 2m, 1h "
		       "or 7d",
		       show(shown, s));
}

/* Bits to shift for "k", "kB", "KiB" and so on; -1 when it is none. */
static int size_shift(const char *s)
{
	static const char letters[] = "kmgt";
	const char *letter;

	if (!*s)
		return 0;
	letter = strchr(letters, tolower((unsigned char)*s));
	if (letter)
		s++;
	if (*s && strcmp(s, "B") != 0 && (!letter || strcmp(s, "iB") != 0))
		return -1;
	return letter ? 10 * (int)(letter - letters + 1) : 0;
}

int parse_size(const char *s, uint64_t max, uint64_t *ret, struct err *e)
{
	char shown[SHOWN_MAX];
	const char *p = s;
	uint64_t v = 0;
	int shift = -1;

	if (scan_uint(&p, &v) == 0)
		shift = size_shift(p);
	if (shift < 0 || v > max >> shift)
		return err_set(e, ERR_USAGE, 0,
			       "'%s' is not a size in bytes up to %" PRIu64
			       ", such as 100, 64k or 2M",
			       show(shown, s), max);
	*ret = v << shift;
	return 0;
}

int parse_bool(const char *s, bool *ret, struct err *e)
{
	static const char *const words[] = { "no",  "yes", "false", "true",
					     "off", "on",  "0",     "1" };
	char shown[SHOWN_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcasecmp(s, words[i]) != 0)
			continue;
		*ret = i % 2;
		return 0;
	}
	return err_set(e, ERR_USAGE, 0,
		       "'%s' is not yes or no (true, false, on, off, 1, 0)",
		       show(shown, s));
}

static const char *skip_digits(const char *s)
{
	while (is_digit(*s))
		s++;
	return s;
}

/* [-+]DIGITS[.DIGITS][e[-+]DIGITS], which strtod() alone does not insist
 * on: it takes blanks, hexadecimal, "inf" and "nan" too. */
static bool is_decimal(const char *s)
{
	s += *s == '-' || *s == '+';
	if (!is_digit(*s))
		return false;
	s = skip_digits(s);
	if (*s == '.') {
		if (!is_digit(*++s))
			return false;
		s = skip_digits(s);
	}
	if (*s == 'e' || *s == 'E') {
		s++;
		s += *s == '-' || *s == '+';
		if (!is_digit(*s))
			return false;
		s = skip_digits(s);
	}
	return !*s;
}

int parse_double(const char *s, double min, double max, double *ret,
		 struct err *e)
{
	double v = is_decimal(s) ? strtod(s, NULL) : (double)NAN;
	char shown[SHOWN_MAX];

	/* The comparison is false for NaN too. */
	if (!(v >= min && v <= max) || isinf(v))
		return err_set(e, ERR_USAGE, 0,
			       "'%s' is not a number from %g to %g",
			       show(shown, s), min, max);
	*ret = v;
	return 0;
}

int parse_hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/*
 * The texts of hexadecimal and base64 errors do not show the value: it may
 * be long, and it may be a secret.
 */
int parse_hex(const char *s, struct buf *out, struct err *e)
{
	size_t n = strlen(s);
	uint8_t *to;

	for (size_t i = 0; i < n; i++)
		if (parse_hex_digit((uint8_t)s[i]) < 0)
			return err_set(e, ERR_USAGE, 0,
				       "not hexadecimal: character %zu is not "
				       "one of 0-9, a-f",
				       i + 1);
	if (n % 2)
		return err_set(e, ERR_USAGE, 0,
			       "not hexadecimal: %zu digits "
			       "are not an even count",
			       n);
	to = buf_reserve(out, n / 2);
	if (!to)
		return err_nomem(e);
	for (size_t i = 0; i < n; i += 2)
		*to++ = (uint8_t)(parse_hex_digit((uint8_t)s[i]) << 4 |
				  parse_hex_digit((uint8_t)s[i + 1]));
	buf_commit(out, n / 2);
	return 0;
}

static int base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (is_digit(c))
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Characters of s before the padding, or -1 with e set. */
static int base64_check(const char *s, size_t *ret_digits, struct err *e)
{
	size_t n = strlen(s), digits = n, unused;

	if (n % 4)
		return err_set(e, ERR_USAGE, 0,
			       "not base64: %zu characters "
			       "are not a multiple of 4 ('=' fills up)",
			       n);
	while (digits > 0 && n - digits < 2 && s[digits - 1] == '=')
		digits--;
	for (size_t i = 0; i < digits; i++)
		if (base64_value(s[i]) < 0)
			return err_set(e, ERR_USAGE, 0,
				       "not base64: character "
				       "%zu is not one of A-Z, a-z, 0-9, +, /",
				       i + 1);
	/* One text for one value: the bits beyond the last byte are 0. */
	unused = n == digits ? 0 : n - digits == 1 ? 3 : 15;
	if (unused && (size_t)base64_value(s[digits - 1]) & unused)
		return err_set(e, ERR_USAGE, 0,
			       "not base64: the last "
			       "character before '=' has unused bits set");
	*ret_digits = digits;
	return 0;
}

int parse_base64(const char *s, struct buf *out, struct err *e)
{
	size_t digits = 0, n = 0;
	uint32_t bits = 0;
	uint8_t *to;

	if (base64_check(s, &digits, e) < 0)
		return -1;
	to = buf_reserve(out, digits / 4 * 3 + digits % 4 * 3 / 4);
	if (!to)
		return err_nomem(e);
	for (size_t i = 0; i < digits; i++) {
		bits = bits << 6 | (uint32_t)base64_value(s[i]);
		if (i % 4) /* the bytes that this digit completes */
			to[n++] = (uint8_t)(bits >> (6 - 2 * (i % 4)));
	}
	buf_commit(out, n);
	return 0;
}
