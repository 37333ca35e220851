/* SPDX-License-Identifier: MIT */
#include "bench/require.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/parse.h"
#include "bench/number.h"

#define WORDS_MAX 8 /* metric, operator, value, tolerance N, after D, abort */
#define HELP "expected something like 'e2e.p99 < 20ms'"

static const char *const ops[] = {
	[OP_LESS] = "<",       [OP_LESS_EQUAL] = "<=",    [OP_EQUAL] = "==",
	[OP_NOT_EQUAL] = "!=", [OP_GREATER_EQUAL] = ">=", [OP_GREATER] = ">",
};

static bool is_op_char(char c)
{
	return c != '\0' && strchr("<>=!", c) != NULL;
}

/* Cuts the text into words at blanks and around operators; both the copy and
 * the words live as long as the copy. -1 when there are too many. */
static int split(char *copy, char *spare, char *words[WORDS_MAX])
{
	int n = 0;

	while (*copy) {
		if (isspace((unsigned char)*copy)) {
			copy++;
			continue;
		}
		if (n == WORDS_MAX)
			return -1;
		words[n++] = spare;
		if (is_op_char(*copy))
			while (is_op_char(*copy))
				*spare++ = *copy++;
		else
			while (*copy && !is_op_char(*copy) &&
			       !isspace((unsigned char)*copy))
				*spare++ = *copy++;
		*spare++ = '\0';
	}
	return n;
}

static int parse_op(const char *s, enum require_op *ret, struct err *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		if (strcmp(s, ops[i]) == 0 ||
		    (i == OP_EQUAL && !strcmp(s, "="))) {
			*ret = (enum require_op)i;
			return 0;
		}
	}
	return err_set(e, ERR_USAGE, 0, "'%s' is not <, <=, ==, !=, >= or >",
		       s);
}

static int parse_time(const char *s, double *ret, struct err *e)
{
	uint64_t ns;

	if (strspn(s, "0123456789.") == strlen(s) && strcmp(s, "0") != 0)
		return err_set(e, ERR_USAGE, 0,
			       "'%s' needs a unit, such as %sms", s, s);
	if (parse_duration(s, 1, &ns, e) < 0)
		return -1;
	*ret = (double)ns;
	return 0;
}

static int parse_percent(const char *s, struct require *r, struct err *e)
{
	r->scale = *s == '+' || *s == '-' ? SCALE_CHANGE : SCALE_OF_ASKED;
	if (r->scale == SCALE_OF_ASKED && (r->metric.kind != METRIC_GAUGE ||
					   r->metric.gauge != GAUGE_RATE_IN))
		return err_set(e, ERR_USAGE, 0,
			       "'%s' is of what was asked for, which only "
			       "rate.in is; a change has a sign, as +10%%",
			       s);
	return number_percent(s, -1, &r->value, e);
}

static int parse_value(const char *s, struct require *r, struct err *e)
{
	size_t len = strlen(s);
	uint64_t n;

	r->scale = SCALE_ABSOLUTE;
	if (len && s[len - 1] == '%')
		return parse_percent(s, r, e);
	switch (metric_unit(&r->metric)) {
	case UNIT_NS:
		return parse_time(s, &r->value, e);
	case UNIT_PER_SECOND:
		return number_rate(s, &r->value, e);
	case UNIT_BYTES:
		if (parse_size(s, UINT64_MAX, &n, e) < 0)
			return -1;
		r->value = (double)n;
		return 0;
	case UNIT_NUMBER:
		break;
	}
	return parse_double(s, 0, 1e18, &r->value, e);
}

static int parse_suffix(char *const *words, int n, struct require *r,
			struct err *e)
{
	for (int i = 0; i < n; i++) {
		if (strcmp(words[i], "abort") == 0) {
			r->is_abort = true;
		} else if (i + 1 < n && strcmp(words[i], "after") == 0) {
			if (parse_duration(words[++i], CLOCK_SEC, &r->after,
					   e) < 0)
				return -1;
		} else if (i + 1 < n && strcmp(words[i], "tolerance") == 0) {
			if (number_percent(words[++i], 0, &r->tolerance, e) < 0)
				return -1;
		} else {
			return err_set(e, ERR_USAGE, 0,
				       "'%s' is not tolerance N%%, after TIME "
				       "or abort",
				       words[i]);
		}
	}
	return 0;
}

/* Can it be seen while the run goes on, by what intervals know? */
static bool is_seen_early(const struct require *r)
{
	const struct metric *m = &r->metric;
	bool is_e2e = m->timing == TIMING_E2E;

	if (r->scale == SCALE_CHANGE)
		return false;
	switch (m->kind) {
	case METRIC_NUMBER:
		return m->number != COUNT_LOST && m->number != COUNT_EXPECTED;
	case METRIC_GAUGE:
		return m->gauge == GAUGE_RATE_IN || m->gauge == GAUGE_RATE_OUT;
	case METRIC_TIMING:
		break;
	}
	if (!is_e2e && m->timing != TIMING_PUB_ACK &&
	    m->timing != TIMING_PUB_TOTAL)
		return false;
	return (m->stat == STAT_MAX && is_e2e) ||
	       (m->stat == STAT_PERCENTILE &&
		(fabs(m->percentile - 50) < 1e-9 ||
		 fabs(m->percentile - 99) < 1e-9));
}

static int parse_words(char *const *words, int n, struct require *r,
		       struct err *e)
{
	if (n < 3)
		return err_set(e, ERR_USAGE, 0, HELP);
	if (metric_parse(words[0], &r->metric, e) < 0 ||
	    parse_op(words[1], &r->op, e) < 0 ||
	    parse_value(words[2], r, e) < 0)
		return -1;
	if (parse_suffix(words + 3, n - 3, r, e) < 0)
		return -1;
	if (r->is_abort && !is_seen_early(r))
		return err_set(e, ERR_USAGE, 0,
			       "only the end of a run tells that: 'abort' is "
			       "for counts other than lost, for rate.in and "
			       "rate.out, and for p50, p99 and e2e.max");
	return 0;
}

int require_parse(const char *text, struct require *ret, struct err *e)
{
	size_t len = strlen(text);
	char *words[WORDS_MAX], *copy, *spare;
	struct require r = { 0 };
	int n, result = -1;

	copy = strdup(text);
	spare = malloc(2 * len + 2); /* a NUL after each word */
	if (!copy || !spare) {
		err_nomem(e);
	} else if ((n = split(copy, spare, words)) < 0) {
		err_set(e, ERR_USAGE, 0, "'%s' has too many words; " HELP,
			text);
	} else if (parse_words(words, n, &r, e) < 0) {
		err_prefix(e, "requirement '%s'", text);
	} else {
		r.text = STEAL(copy);
		*ret = r;
		result = 0;
	}
	free(copy);
	free(spare);
	return result;
}

int require_parse_alone(const char *text, struct require *ret, struct err *e)
{
	if (require_parse(text, ret, e) < 0)
		return -1;
	if (ret->scale != SCALE_CHANGE)
		return 0;
	require_release(ret);
	return err_set(e, ERR_USAGE, 0,
		       "'%s' is a change against another result, which only "
		       "compare has",
		       text);
}

void require_release(struct require *r)
{
	free(r->text);
	*r = (struct require){ 0 };
}

static bool compare(enum require_op op, double a, double b)
{
	switch (op) {
	case OP_LESS:
		return a < b;
	case OP_LESS_EQUAL:
		return a <= b;
	case OP_EQUAL:
		return a >= b && a <= b;
	case OP_NOT_EQUAL:
		return a < b || a > b;
	case OP_GREATER_EQUAL:
		return a >= b;
	case OP_GREATER:
		return a > b;
	}
	return false;
}

static double limit_of(const struct require *r, const struct reading *m)
{
	switch (r->scale) {
	case SCALE_OF_ASKED:
		return r->value * m->asked;
	case SCALE_CHANGE:
		return m->base * (1 + r->value);
	case SCALE_ABSOLUTE:
		break;
	}
	return r->value;
}

/* How far beyond the limit is still good. */
static double slack_of(const struct require *r, const struct reading *m,
		       double limit)
{
	double slack = r->tolerance * fabs(limit);

	if (isinf(limit))
		return 0;
	if (r->metric.kind == METRIC_NUMBER && m->whole > 0)
		slack = r->tolerance * m->whole;
	if (r->scale == SCALE_CHANGE)
		slack += m->spread * fabs(m->base);
	return slack;
}

static bool holds(const struct require *r, const struct reading *m,
		  double limit)
{
	double slack = slack_of(r, m, limit);

	if (r->op == OP_EQUAL)
		return fabs(m->value - limit) <= slack;
	if (r->op == OP_LESS || r->op == OP_LESS_EQUAL)
		return compare(r->op, m->value, limit + slack);
	if (r->op == OP_GREATER || r->op == OP_GREATER_EQUAL)
		return compare(r->op, m->value, limit - slack);
	return compare(r->op, m->value, limit);
}

static const char *why_missing(const struct require *r, const struct reading *m)
{
	if (m->missing)
		return m->missing;
	if (r->scale == SCALE_CHANGE && !m->has_base)
		return "no other result to compare with";
	if (r->scale == SCALE_OF_ASKED && m->asked <= 0)
		return "nothing was asked for to compare with";
	return NULL;
}

/* Else nobody sees why it holds. */
static const char *tell_slack(char *dst, size_t size, const struct require *r,
			      const struct reading *m, double limit)
{
	double slack = slack_of(r, m, limit);
	bool is_least = r->op == OP_GREATER || r->op == OP_GREATER_EQUAL;
	char text[32];

	*dst = '\0';
	if (r->tolerance > 0 && r->op != OP_NOT_EQUAL)
		snprintf(dst, size, ", %s with the tolerance",
			 metric_format(
				 text, sizeof(text), metric_unit(&r->metric),
				 is_least ? limit - slack : limit + slack));
	return dst;
}

/* Of nothing, and of what never came, there is no percentage. */
static void say_change(const struct require *r, const struct reading *m,
		       char *ret_text, size_t size)
{
	enum metric_unit unit = metric_unit(&r->metric);
	char value[32], base[32] = "never", change[32] = "";

	if (m->base > 0 && !isinf(m->base))
		snprintf(change, sizeof(change), ", %+.1f %%",
			 (m->value / m->base - 1) * 100);
	if (!isinf(m->base))
		metric_format(base, sizeof(base), unit, m->base);
	snprintf(ret_text, size, "%.*s is %s%s against %s, wanted %s %+g %%",
		 (int)strcspn(r->text, " \t<>=!"), r->text,
		 metric_format(value, sizeof(value), unit, m->value), change,
		 base, ops[r->op], r->value * 100);
}

bool require_check(const struct require *r, const struct reading *m,
		   char *ret_text, size_t size)
{
	const char *missing = why_missing(r, m);
	enum metric_unit unit = metric_unit(&r->metric);
	char value[32], wanted[32], slack[64];
	int name = (int)strcspn(r->text, " \t<>=!");
	double limit;

	if (missing) {
		snprintf(ret_text, size, "%.*s has no data: %s", name, r->text,
			 missing);
		return false;
	}
	limit = limit_of(r, m);
	metric_format_apart(value, wanted, unit, m->value, limit);
	if (isinf(m->value))
		snprintf(ret_text, size,
			 "%.*s is infinite (messages that "
			 "never came), wanted %s %s",
			 name, r->text, ops[r->op], wanted);
	else if (r->scale == SCALE_CHANGE)
		say_change(r, m, ret_text, size);
	else
		snprintf(ret_text, size, "%.*s is %s, wanted %s %s%s", name,
			 r->text, value, ops[r->op], wanted,
			 tell_slack(slack, sizeof(slack), r, m, limit));
	return holds(r, m, limit);
}
