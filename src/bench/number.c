/* SPDX-License-Identifier: MIT */
#include "bench/number.h"

#include <string.h>

#include "base/parse.h"

#define DIGITS_MAX 32
#define RATE_MAX 1e9

/* The first n bytes as a text of its own; -1 when they are too many. */
static int cut(char dst[DIGITS_MAX], const char *s, size_t n)
{
	if (n == 0 || n >= DIGITS_MAX)
		return -1;
	memcpy(dst, s, n);
	dst[n] = '\0';
	return 0;
}

/* Takes "/s", "/min" or "/h" off the end; the seconds it stands for. */
static double per(const char *s, size_t *len)
{
	static const struct {
		const char *suffix;
		double seconds;
	} units[] = { { "/s", 1 }, { "/min", 60 }, { "/h", 3600 } };
	size_t n;

	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		n = strlen(units[i].suffix);
		if (*len > n && memcmp(s + *len - n, units[i].suffix, n) == 0) {
			*len -= n;
			return units[i].seconds;
		}
	}
	return 1;
}

int number_rate(const char *s, double *ret, struct err *e)
{
	size_t len = strlen(s);
	double seconds = per(s, &len), factor = 1, v;
	char digits[DIGITS_MAX];

	if (len > 1 && (s[len - 1] == 'k' || s[len - 1] == 'M'))
		factor = s[--len] == 'k' ? 1e3 : 1e6;
	if (cut(digits, s, len) < 0 ||
	    parse_double(digits, 0, RATE_MAX, &v, NULL) < 0)
		return err_set(e, ERR_USAGE, 0,
			       "'%s' is not a rate such as "
			       "5/s, 20k/s or 10/min",
			       s);
	*ret = v * factor / seconds;
	return 0;
}

int number_percent(const char *s, double min, double *ret, struct err *e)
{
	size_t len = strlen(s);
	char digits[DIGITS_MAX];
	double v;

	if (len < 2 || s[len - 1] != '%' || cut(digits, s, len - 1) < 0 ||
	    parse_double(digits + (*s == '+'), min * 100, 1e6, &v, NULL) < 0)
		return err_set(e, ERR_USAGE, 0,
			       "'%s' is not a percentage "
			       "such as 10%% of at least %g%%",
			       s, min * 100);
	*ret = v / 100;
	return 0;
}

int number_sizes(const char *s, uint64_t max, uint64_t ret[2], struct err *e)
{
	const char *dash = strchr(s, '-');
	char low[DIGITS_MAX];
	uint64_t v[2];

	if (!dash) {
		if (parse_size(s, max, &v[0], e) < 0)
			return -1;
		ret[0] = ret[1] = v[0];
		return 0;
	}
	if (cut(low, s, (size_t)(dash - s)) < 0)
		return err_set(e, ERR_USAGE, 0,
			       "'%s' is not a size or a range "
			       "of sizes such as 16-256",
			       s);
	if (parse_size(low, max, &v[0], e) < 0 ||
	    parse_size(dash + 1, max, &v[1], e) < 0)
		return -1;
	if (v[0] > v[1])
		return err_set(e, ERR_USAGE, 0, "'%s' goes from large to small",
			       s);
	ret[0] = v[0];
	ret[1] = v[1];
	return 0;
}
