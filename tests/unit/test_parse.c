/* SPDX-License-Identifier: MIT */
/* Text to values: what is taken, what is refused, and in which words. */
#include "base/parse.h"

#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "test.h"

static void uints(void)
{
	static const char *const wrong[] = { "",
					     " 1",
					     "1 ",
					     "-1",
					     "+1",
					     "0x1",
					     "1.0",
					     "a",
					     "1a",
					     "1,000",
					     "18446744073709551616",
					     "99999999999999999999999" };
	uint64_t v = 77;
	struct err e;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		is_int(parse_uint(wrong[i], 0, UINT64_MAX, &v, &e), -1, "%s",
		       wrong[i]);
		is_int(e.kind, ERR_USAGE);
	}
	is_int(v, 77, "untouched");
	is_int(parse_uint("007", 0, 10, &v, &e), 0);
	is_int(v, 7);
	is_int(parse_uint("18446744073709551615", 0, UINT64_MAX, &v, &e), 0);
	ok(v == UINT64_MAX);
	is_int(parse_uint("1", 1, 3, &v, &e), 0);
	is_int(parse_uint("3", 1, 3, &v, &e), 0);
	is_int(parse_uint("0", 1, 3, &v, &e), -1);
	is_int(parse_uint("4", 1, 3, &v, NULL), -1);
	is_int(parse_uint("10x", 1, 65535, &v, &e), -1);
	is_str(e.text, "'10x' is not a whole number from 1 to 65535");
}

static void wrong_values_are_shown_safely(void)
{
	char lots[1000];
	struct err e;
	uint64_t v;

	is_int(parse_uint("\x1b[2J", 0, 1, &v, &e), -1);
	is_str(e.text, "'\\x1B[2J' is not a whole number from 0 to 1");
	memset(lots, '9', sizeof(lots) - 1);
	lots[sizeof(lots) - 1] = '\0';
	is_int(parse_uint(lots, 0, 1, &v, &e), -1);
	ok(strstr(e.text, "999...' is not") != NULL, "%s", e.text);
}

static const struct {
	const char *text;
	uint64_t ns;
} good_durations[] = {
	{ "0", 0 },
	{ "2", 2 * CLOCK_SEC },
	{ "1.5", 1500 * CLOCK_MSEC },
	{ "10ns", 10 },
	{ "250us", 250000 },
	{ "500ms", 500 * CLOCK_MSEC },
	{ "1.5s", 1500 * CLOCK_MSEC },
	{ ".3", 300 * CLOCK_MSEC },
	{ ".5ms", 500000 },
	{ "1.", CLOCK_SEC },
	{ "1.m", 60 * CLOCK_SEC },
	{ "0.000000001s", 1 },
	{ "0.0000000019s", 1 },
	{ "1.5m", 90 * CLOCK_SEC },
	{ "2m", 120 * CLOCK_SEC },
	{ "1h", 3600 * CLOCK_SEC },
	{ "7d", 7 * 24 * 3600 * CLOCK_SEC },
	{ "0.5d", 43200 * CLOCK_SEC },
	{ "213502d", 213502ull * 86400 * CLOCK_SEC },
};
static const char *const wrong_durations[] = {
	"",
	"s",
	"-1s",
	"+1s",
	" 1s",
	"1s ",
	"1 s",
	".",
	".s",
	"1..",
	"-.5",
	"1e3",
	"1S",
	"1sec",
	"1w",
	"1s1s",
	"0x1s",
	"1,5s",
	"nan",
	"18446744073709551615ns",
	"18446744074s",
	"213503d",
};

static void durations(void)
{
	uint64_t ns = 77;
	struct err e;

	for (size_t i = 0; i < ARRAY_SIZE(good_durations); i++) {
		is_int(parse_duration(good_durations[i].text, CLOCK_SEC, &ns,
				      &e),
		       0, "%s", good_durations[i].text);
		is_int(ns, good_durations[i].ns, "%s", good_durations[i].text);
	}
	ns = 77;
	for (size_t i = 0; i < ARRAY_SIZE(wrong_durations); i++)
		is_int(parse_duration(wrong_durations[i], CLOCK_SEC, &ns, &e),
		       -1, "%s", wrong_durations[i]);
	is_int(ns, 77, "untouched");
	is_int(parse_duration("1w", CLOCK_SEC, &ns, &e), -1);
	is_str(e.text, "'1w' is not a duration such as 500ms, 1.5s, 2m, 1h or "
		       "7d");
	is_int(parse_duration("3", CLOCK_MSEC, &ns, &e), 0);
	is_int(ns, 3 * CLOCK_MSEC, "a bare number counts in the given unit");
}

static void sizes(void)
{
	static const struct {
		const char *text;
		uint64_t n;
	} good[] = {
		{ "0", 0 },           { "100", 100 },       { "100B", 100 },
		{ "64k", 65536 },     { "64K", 65536 },     { "64kB", 65536 },
		{ "64KiB", 65536 },   { "1M", 1u << 20 },   { "1m", 1u << 20 },
		{ "2G", 2ull << 30 }, { "1T", 1ull << 40 },
	};
	static const char *const wrong[] = {
		"",     "k",    "-1", "1 k",       "1kk",
		"1kb",  "1b",   "1i", "1iB",       "1KiBs",
		"1.5k", "0x10", "1P", "16777216T", "99999999999999999999",
	};
	uint64_t n = 77;
	struct err e;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		is_int(parse_size(good[i].text, UINT64_MAX, &n, &e), 0, "%s",
		       good[i].text);
		is_int(n, good[i].n, "%s", good[i].text);
	}
	n = 77;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		is_int(parse_size(wrong[i], UINT64_MAX, &n, &e), -1, "%s",
		       wrong[i]);
	is_int(parse_size("65k", 65536, &n, &e), -1);
	is_int(n, 77, "untouched");
	is_str(e.text, "'65k' is not a size in bytes up to 65536, such as "
		       "100, 64k or 2M");
	is_int(parse_size("64k", 65536, &n, &e), 0);
}

static void bools(void)
{
	static const char *const yes[] = { "yes", "true", "on",
					   "1",   "YES",  "True" };
	static const char *const no[] = { "no", "false", "off", "0", "Off" };
	static const char *const wrong[] = { "", "y", "2", "yes ", "oui" };
	struct err e;
	bool v;

	for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
		v = false;
		is_int(parse_bool(yes[i], &v, &e), 0);
		ok(v, "%s", yes[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(no); i++) {
		v = true;
		is_int(parse_bool(no[i], &v, &e), 0);
		ok(!v, "%s", no[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		is_int(parse_bool(wrong[i], &v, &e), -1, "%s", wrong[i]);
	is_str(e.text, "'oui' is not yes or no (true, false, on, off, 1, 0)");
}

static void doubles(void)
{
	static const char *const wrong[] = {
		"",   " 1", "1 ",  "inf", "nan", "0x1p3", ".5",
		"1.", "1e", "1e+", "1,5", "--1", "1e999",
	};
	struct err e;
	double v = 77;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		is_int(parse_double(wrong[i], -INFINITY, INFINITY, &v, &e), -1,
		       "%s", wrong[i]);
	ok(v == 77, "untouched");
	is_int(parse_double("1.5", 0, 2, &v, &e), 0);
	ok(v == 1.5);
	is_int(parse_double("-2.5e-1", -1, 2, &v, &e), 0);
	ok(v == -0.25);
	is_int(parse_double("2", 0, 2, &v, &e), 0);
	is_int(parse_double("2.1", 0, 2, &v, &e), -1);
	is_str(e.text, "'2.1' is not a number from 0 to 2");
}

static void hexadecimal(void)
{
	struct buf b;
	struct err e;

	buf_init(&b, 6);
	is_int(parse_hex("", &b, &e), 0);
	is_int(buf_len(&b), 0);
	is_int(parse_hex("0a1B", &b, &e), 0);
	is_int(parse_hex("FFfe", &b, &e), 0);
	is_bytes(buf_view(&b), BYTES_LIT("\x0a\x1b\xff\xfe"));
	is_int(parse_hex("0", &b, &e), -1);
	is_str(e.text, "not hexadecimal: 1 digits are not an even count");
	is_int(parse_hex("0g", &b, &e), -1);
	is_str(e.text, "not hexadecimal: character 2 is not one of 0-9, a-f");
	is_int(parse_hex("00:11", &b, &e), -1);
	is_int(parse_hex("001122", &b, &e), -1, "beyond the maximum");
	is_int(e.kind, ERR_LOCAL);
	is_int(buf_len(&b), 4, "failure appends nothing");
	buf_release(&b);
}

/* RFC 4648 section 10, and what its section 3.5 asks to refuse. */
static void base64(void)
{
	static const struct {
		const char *text;
		struct bytes value;
	} good[] = {
		{ "", BYTES_NULL },
		{ "Zg==", { (const uint8_t *)"f", 1 } },
		{ "Zm8=", { (const uint8_t *)"fo", 2 } },
		{ "Zm9v", { (const uint8_t *)"foo", 3 } },
		{ "Zm9vYg==", { (const uint8_t *)"foob", 4 } },
		{ "Zm9vYmE=", { (const uint8_t *)"fooba", 5 } },
		{ "Zm9vYmFy", { (const uint8_t *)"foobar", 6 } },
		{ "AP/+", { (const uint8_t *)"\0\xff\xfe", 3 } },
	};
	static const char *const wrong[] = {
		"Z",    "Zg",   "Zg=",  "Zg===",  "====", "=Zg=", "Zg==Zg==",
		"Zh==", "Zm9=", "Zm 8", "Zm9v\n", "Zm-_", "Z===",
	};
	struct buf b;
	struct err e;

	buf_init(&b, 0);
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		buf_clear(&b);
		is_int(parse_base64(good[i].text, &b, &e), 0);
		is_bytes(buf_view(&b), good[i].value, "%s", good[i].text);
	}
	buf_clear(&b);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		is_int(parse_base64(wrong[i], &b, &e), -1, "%s", wrong[i]);
	is_int(buf_len(&b), 0);
	is_int(parse_base64("Zm9=", &b, &e), -1);
	is_str(e.text, "not base64: the last character before '=' has unused "
		       "bits set");
	buf_release(&b);
	buf_init(&b, 2);
	is_int(parse_base64("Zm8=", &b, &e), 0, "needs no more than it gives");
	is_int(parse_base64("Zg==", &b, &e), -1);
	is_int(e.kind, ERR_LOCAL);
	buf_release(&b);
}

TEST_MAIN(T(uints), T(wrong_values_are_shown_safely), T(durations), T(sizes),
	  T(bools), T(doubles), T(hexadecimal), T(base64))
