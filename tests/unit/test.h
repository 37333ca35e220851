/* SPDX-License-Identifier: MIT */
/*
 * A small TAP harness for the unit tests: included by each test program, once.
 * One test is one function and one TAP line; the checks inside it are silent
 * when they hold, and say file, line, expected and actual when they do not.
 * A failed check does not leave the function.  A test without any check fails.
 *
 *	static void append_keeps_order(void)
 *	{
 *		is_int(buf_len(&b), 3);
 *		ok(b.max > 0, "after %d rounds", i);
 *	}
 *	TEST_MAIN(T(append_keeps_order), T(maximum_is_hard))
 *
 * Checks: ok(condition), is_int(got, want), is_str(got, want) (NULL allowed),
 * is_mem(got, n, want, n), is_bytes(got, want) (struct bytes, evaluated
 * twice); each takes a format and arguments for context after these, and
 * returns whether it held.  diag() adds a line, skip() ends as skipped.
 * Arguments of the program pick tests by name.  Not thread-safe: checks
 * belong to the main thread.
 */
#ifndef TEST_H
#define TEST_H

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct test {
	const char *name;
	void (*run)(void);
};

#define T(fn)           \
	{               \
#fn, fn \
	}
#define TEST_MAIN(...)                                                         \
	int main(int argc, char **argv)                                        \
	{                                                                      \
		static const struct test all[] = { __VA_ARGS__ };              \
                                                                               \
		return test_main(all, sizeof(all) / sizeof(*all), argc, argv); \
	}

#define WHERE(what) __FILE__, __LINE__, what
#define ok(cond, ...) test_ok((cond), WHERE(#cond), " " __VA_ARGS__)
#define is_int(got, want, ...)                                   \
	test_int((intmax_t)(got), (intmax_t)(want), WHERE(#got), \
		 " " __VA_ARGS__)
#define is_str(got, want, ...) \
	test_str((got), (want), WHERE(#got), " " __VA_ARGS__)
#define is_mem(got, got_n, want, want_n, ...) \
	test_mem((got), (got_n), (want), (want_n), WHERE(#got), " " __VA_ARGS__)
#define is_bytes(got, want, ...) \
	is_mem((got).p, (got).n, (want).p, (want).n, __VA_ARGS__)

enum { TEST_MAX_DIAG = 20 }; /* per test: an endless log helps nobody */

static int test_checks, test_failed;
static const char *test_skipped;

__attribute__((format(printf, 1, 2))) static inline void diag(const char *fmt,
							      ...)
{
	va_list ap;

	printf("# ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

static inline void skip(const char *reason)
{
	test_skipped = reason;
}

/* Counts a check; true when a failure is to be described. */
__attribute__((format(printf, 5, 0))) static inline bool test_fails(
	bool held, const char *file, int line, const char *what,
	const char *fmt, va_list ap)
{
	test_checks++;
	if (held || ++test_failed > TEST_MAX_DIAG)
		return false;
	printf("# %s:%d: %s:", file, line, what);
	vprintf(fmt, ap);
	putchar('\n');
	return true;
}

__attribute__((format(printf, 5, 6))) static inline bool test_ok(
	bool held, const char *file, int line, const char *what,
	const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (test_fails(held, file, line, what, fmt, ap))
		diag("  is false");
	va_end(ap);
	return held;
}

__attribute__((format(printf, 6, 7))) static inline bool test_int(
	intmax_t got, intmax_t want, const char *file, int line,
	const char *what, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (test_fails(got == want, file, line, what, fmt, ap))
		diag("  expected %" PRIdMAX ", actual %" PRIdMAX, want, got);
	va_end(ap);
	return got == want;
}

__attribute__((format(printf, 6, 7))) static inline bool test_str(
	const char *got, const char *want, const char *file, int line,
	const char *what, const char *fmt, ...)
{
	bool held = got && want ? !strcmp(got, want) : got == want;
	va_list ap;

	va_start(ap, fmt);
	if (test_fails(held, file, line, what, fmt, ap)) {
		diag("  expected '%s'", want ? want : "(null)");
		diag("  actual   '%s'", got ? got : "(null)");
	}
	va_end(ap);
	return held;
}

static inline void test_hex(const char *label, const uint8_t *p, size_t n,
			    size_t from)
{
	printf("#   %s %zu bytes, at %zu:", label, n, from);
	for (size_t i = from; i < n && i < from + 16; i++)
		printf(" %02x", (unsigned int)p[i]);
	putchar('\n');
}

__attribute__((format(printf, 8, 9))) static inline bool test_mem(
	const void *got, size_t got_n, const void *want, size_t want_n,
	const char *file, int line, const char *what, const char *fmt, ...)
{
	const uint8_t *g = got, *w = want;
	size_t same = 0;
	va_list ap;
	bool held;

	while (same < got_n && same < want_n && g[same] == w[same])
		same++;
	held = same == got_n && same == want_n;
	va_start(ap, fmt);
	if (test_fails(held, file, line, what, fmt, ap)) {
		test_hex("expected", w, want_n, same);
		test_hex("actual  ", g, got_n, same);
	}
	va_end(ap);
	return held;
}

static inline int test_one(const struct test *t, size_t number)
{
	test_checks = test_failed = 0;
	test_skipped = NULL;
	t->run();
	if (!test_checks && !test_skipped) {
		diag("%s checked nothing", t->name);
		test_failed = 1;
	}
	if (test_failed > TEST_MAX_DIAG)
		diag("%d more checks failed", test_failed - TEST_MAX_DIAG);
	printf("%sok %zu - %s%s%s\n", test_failed ? "not " : "", number,
	       t->name, test_skipped ? " # SKIP " : "",
	       test_skipped ? test_skipped : "");
	return test_failed != 0;
}

static inline bool test_picked(const char *name, int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], name))
			return true;
	return argc < 2;
}

static inline int test_main(const struct test *t, size_t n, int argc,
			    char **argv)
{
	size_t number = 0;
	int failed = 0;

	/* By line, so that a crash does not take the lines before with it. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t i = 0; i < n; i++)
		if (test_picked(t[i].name, argc, argv))
			failed |= test_one(&t[i], ++number);
	printf("1..%zu\n", number);
	return failed || !number;
}

#endif
