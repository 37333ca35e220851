/* SPDX-License-Identifier: MIT */
/* UTF-8, base64 and hex output, safe display, near names, trace lines. */
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/parse.h"
#include "test.h"

/* By the definition of RFC 3629, slowly. */
static bool is_utf8_slowly(const uint8_t *p, size_t n)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };

	for (size_t i = 0, size; i < n; i += size) {
		uint32_t c = p[i];

		size = c < 0x80             ? 1
		       : (c & 0xE0) == 0xC0 ? 2
		       : (c & 0xF0) == 0xE0 ? 3
		       : (c & 0xF8) == 0xF0 ? 4
					    : 0;
		if (size == 0 || size > n - i)
			return false;
		if (size > 1)
			c &= 0xFFu >> (size + 1);
		for (size_t k = 1; k < size; k++) {
			if ((p[i + k] & 0xC0) != 0x80)
				return false;
			c = c << 6 | (p[i + k] & 0x3F);
		}
		if (c < least[size] || c > 0x10FFFF ||
		    (c >= 0xD800 && c <= 0xDFFF))
			return false;
	}
	return true;
}

static void utf8_of_every_three_bytes(void)
{
	size_t wrong = 0;
	uint8_t p[3];

	for (uint32_t i = 0; i < 1u << 24; i++) {
		p[0] = (uint8_t)(i >> 16);
		p[1] = (uint8_t)(i >> 8);
		p[2] = (uint8_t)i;
		if (p[2] & 0x3E && p[2] != 0x7F)
			continue; /* the borders of the ranges will do */
		wrong += text_is_utf8(bytes_of(p, 3)) != is_utf8_slowly(p, 3);
		wrong += text_is_utf8(bytes_of(p, 2)) != is_utf8_slowly(p, 2);
		wrong += text_is_utf8(bytes_of(p, 1)) != is_utf8_slowly(p, 1);
	}
	is_int(wrong, 0);
}

static void utf8_of_four_bytes(void)
{
	static const uint8_t tails[] = { 0x00, 0x7F, 0x80, 0xBF, 0xC0 };
	size_t wrong = 0;
	uint8_t p[4];

	for (unsigned int i = 0xEF << 8; i < 0x10000; i++) {
		p[0] = (uint8_t)(i >> 8);
		p[1] = (uint8_t)i;
		for (size_t k = 0; k < 25; k++) {
			p[2] = tails[k / 5];
			p[3] = tails[k % 5];
			wrong += text_is_utf8(bytes_of(p, 4)) !=
				 is_utf8_slowly(p, 4);
		}
	}
	is_int(wrong, 0);
}

static void utf8_table(void)
{
	static const struct {
		const char *text;
		size_t n;
		bool is_legal;
	} table[] = {
		{ "", 0, true },
		{ "\0", 1, true }, /* MQTT strings refuse it elsewhere */
		{ "\xEF\xBB\xBFx", 4, true }, /* byte order mark */
		{ "\xC0\x80", 2, false },     /* overlong NUL */
		{ "\xC1\xBF", 2, false },
		{ "\xE0\x9F\xBF", 3, false },
		{ "\xF0\x8F\xBF\xBF", 4, false },
		{ "\xED\x9F\xBF", 3, true },
		{ "\xED\xA0\x80", 3, false }, /* surrogates */
		{ "\xED\xBF\xBF", 3, false },
		{ "\xEF\xBF\xBF", 3, true }, /* a non-character is one */
		{ "\xF4\x8F\xBF\xBF", 4, true },
		{ "\xF4\x90\x80\x80", 4, false }, /* above U+10FFFF */
		{ "\xF5\x80\x80\x80", 4, false },
		{ "\xFF", 1, false },
		{ "\x80", 1, false },
		{ "\xE2\x82", 2, false }, /* ends too early */
	};
	uint8_t *p;

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		/* Behind ASCII of any length, at the very end of memory. */
		for (size_t pad = 0; pad < 20; pad++) {
			p = malloc(pad + table[i].n + 1);
			memset(p, 'a', pad);
			memcpy(p + pad, table[i].text, table[i].n);
			p = realloc(p, pad + table[i].n + !(pad + table[i].n));
			is_int(text_is_utf8(bytes_of(p, pad + table[i].n)),
			       table[i].is_legal, "row %zu pad %zu", i, pad);
			free(p);
		}
	}
}

static void base64_and_hex(void)
{
	uint8_t all[256];
	struct buf b, back;

	buf_init(&b, 0);
	buf_init(&back, 0);
	for (size_t i = 0; i < sizeof(all); i++)
		all[i] = (uint8_t)(255 - i);
	for (size_t n = 0; n <= sizeof(all); n++) {
		buf_clear(&b);
		buf_clear(&back);
		is_int(text_base64(&b, bytes_of(all, n)), 0);
		is_int(buf_len(&b), (n + 2) / 3 * 4);
		is_int(parse_base64(buf_cstr(&b), &back, NULL), 0);
		is_mem(buf_view(&back).p, buf_len(&back), all, n);
		buf_clear(&b);
		buf_clear(&back);
		is_int(text_hex(&b, bytes_of(all, n), n % 2), 0);
		is_int(parse_hex(buf_cstr(&b), &back, NULL), 0);
		is_mem(buf_view(&back).p, buf_len(&back), all, n);
	}
	buf_clear(&b);
	is_int(text_base64(&b, BYTES_LIT("fooba")), 0);
	is_int(text_hex(&b, BYTES_LIT("\x0f\xa0"), false), 0);
	is_int(text_hex(&b, BYTES_LIT("\x0f\xa0"), true), 0);
	is_str(buf_cstr(&b), "Zm9vYmE=0fa00FA0");
	buf_release(&b);
	buf_init(&b, 3);
	is_int(text_base64(&b, BYTES_LIT("f")), -1);
	is_int(text_hex(&b, BYTES_LIT("ff"), false), -1);
	is_int(text_hex(&b, bytes_of("", SIZE_MAX), false), -1);
	is_int(text_base64(&b, bytes_of("", SIZE_MAX)), -1);
	is_int(buf_len(&b), 0);
	buf_release(&b);
	buf_release(&back);
}

static void control_bytes_become_visible(void)
{
	char dst[100];

	is_str(text_visible(dst, sizeof(dst), BYTES_NULL), "");
	is_str(text_visible(dst, sizeof(dst), BYTES_LIT("a\x1b[31m\r\n\t")),
	       "a\\x1B[31m\\x0D\\x0A\\x09");
	is_str(text_visible(dst, sizeof(dst), BYTES_LIT("\0\x7f")),
	       "\\x00\\x7F");
	is_str(text_visible(dst, sizeof(dst),
			    BYTES_LIT("\xc2\x9b"
				      "1m")),
	       "\\xC2\\x9B1m", "C1 controls drive terminals too");
	is_str(text_visible(dst, sizeof(dst), BYTES_LIT("\xc2\xa0\xc3\xa9")),
	       "\xc2\xa0\xc3\xa9");
	is_str(text_visible(dst, sizeof(dst), BYTES_LIT("\xff\xe2\x82")),
	       "\\xFF\\xE2\\x82");
	is_str(text_visible(dst, sizeof(dst), BYTES_LIT("\xf0\x9f\x98\x80!")),
	       "\xf0\x9f\x98\x80!");
}

static void lines_of_any_length_are_made_visible(void)
{
	struct buf out = { 0 };

	is_int(text_append_visible(&out, BYTES_LIT("a\x1b[1m\r\n\tb\x7f\0"
						   "\xc2\x9b\xe2\x82")),
	       0);
	is_str(buf_cstr(&out), "a\\x1B[1m\\x0D\n\tb\\x7F\\x00"
			       "\\xC2\\x9B\\xE2\\x82");
	buf_release(&out);
}

static void long_texts_end_in_dots(void)
{
	struct bytes long_text = BYTES_LIT("ab\xc3\xa9"
					   "d\x01"
					   "efgh");
	static const char *const shown[] = {
		"",
		".",
		"..",
		"...",
		"a...",
		"ab...",
		"ab...",
		"ab\xc3\xa9...",
		"ab\xc3\xa9"
		"d...",
		"ab\xc3\xa9"
		"d...",
		"ab\xc3\xa9"
		"d...",
		"ab\xc3\xa9"
		"d...",
		"ab\xc3\xa9"
		"d\\x01...",
		"ab\xc3\xa9"
		"d\\x01efgh",
	};
	char *dst;

	for (size_t i = 0; i < ARRAY_SIZE(shown); i++) {
		dst = malloc(i + 1);
		is_str(text_visible(dst, i + 1, long_text), shown[i],
		       "size %zu", i + 1);
		free(dst);
	}
	ok(text_visible(NULL, 0, long_text) == NULL);
}

static void names_that_were_meant(void)
{
	static const char *const names[] = {
		"host",
		"port",
		"qos",
		"content-type",
		"correlation-data",
		"a-name-that-is-far-too-long-to-be-worth-comparing-with-it",
	};
	size_t n = ARRAY_SIZE(names);

	is_str(text_nearest("hsot", names, n), "host", "swapped");
	is_str(text_nearest("hots", names, n), "host", "swapped at the end");
	is_str(text_nearest("prt", names, n), "port", "missing");
	is_str(text_nearest("portt", names, n), "port", "doubled");
	is_str(text_nearest("qus", names, n), "qos", "replaced");
	is_str(text_nearest("contnet-typ", names, n), "content-type");
	is_str(text_nearest("qos", names, n), "qos");
	is_str(text_nearest("zzz", names, n), NULL);
	is_str(text_nearest("q", names, n), NULL, "too short to tell");
	is_str(text_nearest("", names, n), NULL);
	is_str(text_nearest(names[5], names, n), NULL);
	is_str(text_nearest("host", names, 0), NULL);
}

/* What log_line() writes on a pipe in place of stderr. */
static ssize_t traced(enum log_level level, const char *text, char *dst,
		      size_t size)
{
	int saved = dup(STDERR_FILENO), fd[2];
	ssize_t n;

	if (saved < 0 || pipe2(fd, O_NONBLOCK) < 0)
		return -2;
	dup2(fd[1], STDERR_FILENO);
	errno = EDOM;
	log_line(level, "%s", text);
	is_int(errno, EDOM, "tracing never disturbs errno");
	n = read(fd[0], dst, size - 1);
	dst[n > 0 ? n : 0] = '\0';
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(fd[0]);
	close(fd[1]);
	return n;
}

static void trace_lines(void)
{
	static char lots[5000];
	char line[8192];

	log_init("mqtt-test", LOG_INFO);
	is_int(log_get_level(), LOG_INFO);
	traced(LOG_WARN, "a\nb\x1b", line, sizeof(line));
	is_str(line, "mqtt-test: a\\x0Ab\\x1B\n");
	is_int(traced(LOG_DEBUG, "hidden", line, sizeof(line)), -1);
	memset(lots, 'x', sizeof(lots) - 1);
	traced(LOG_ERROR, lots, line, sizeof(line));
	ok(strlen(line) > 2000 && line[strlen(line) - 1] == '\n',
	   "one read of a long line has its newline");
	memset(lots, '\1', sizeof(lots) - 1);
	traced(LOG_ERROR, lots, line, sizeof(line));
	ok(strlen(line) > 2000 && !strcmp(line + strlen(line) - 4, "...\n"));
	log_init("", LOG_QUIET);
	is_int(traced(LOG_ERROR, "x", line, sizeof(line)), -1);
}

TEST_MAIN(T(utf8_of_every_three_bytes), T(utf8_of_four_bytes), T(utf8_table),
	  T(base64_and_hex), T(control_bytes_become_visible),
	  T(lines_of_any_length_are_made_visible), T(long_texts_end_in_dots),
	  T(names_that_were_meant), T(trace_lines))
