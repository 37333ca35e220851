/* SPDX-License-Identifier: MIT */
#include "base/text.h"

#include <string.h>

#define HIGH_BITS UINT64_C(0x8080808080808080)

static uint64_t load64(const uint8_t *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return word;
}

static bool is_continuation(uint8_t byte)
{
	return (byte & 0xC0) == 0x80;
}

/* Second bytes that would make the form overlong, a surrogate or too big. */
static bool is_second(uint8_t first, uint8_t second)
{
	switch (first) {
	case 0xE0:
		return second >= 0xA0 && second <= 0xBF;
	case 0xED:
		return second >= 0x80 && second <= 0x9F;
	case 0xF0:
		return second >= 0x90 && second <= 0xBF;
	case 0xF4:
		return second >= 0x80 && second <= 0x8F;
	default:
		return is_continuation(second);
	}
}

/* Bytes of the character at p, of which n > 0 are there; 0: malformed. */
static size_t char_size(const uint8_t *p, size_t n)
{
	size_t size;

	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xC2 || p[0] > 0xF4)
		return 0;
	size = p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;
	if (n < size || !is_second(p[0], p[1]))
		return 0;
	for (size_t i = 2; i < size; i++)
		if (!is_continuation(p[i]))
			return 0;
	return size;
}

bool text_is_utf8(struct bytes b)
{
	size_t at = 0, size;

	while (at < b.n) {
		if (b.n - at >= 8 && !(load64(b.p + at) & HIGH_BITS)) {
			at += 8;
			continue;
		}
		size = char_size(b.p + at, b.n - at);
		if (size == 0)
			return false;
		at += size;
	}
	return true;
}

static const char base64_digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void base64_group(uint8_t *to, const uint8_t *p)
{
	to[0] = (uint8_t)base64_digits[p[0] >> 2];
	to[1] = (uint8_t)base64_digits[(p[0] & 3) << 4 | p[1] >> 4];
	to[2] = (uint8_t)base64_digits[(p[1] & 15) << 2 | p[2] >> 6];
	to[3] = (uint8_t)base64_digits[p[2] & 63];
}

int text_base64(struct buf *out, struct bytes data)
{
	size_t groups = data.n / 3, rest = data.n % 3;
	size_t n = 4 * (groups + (rest > 0));
	uint8_t tail[3] = { 0 }, *to;

	to = data.n > SIZE_MAX / 2 ? NULL : buf_reserve(out, n);
	if (!to)
		return -1;
	for (size_t i = 0; i < groups; i++)
		base64_group(to + 4 * i, data.p + 3 * i);
	if (rest > 0) {
		memcpy(tail, data.p + 3 * groups, rest);
		base64_group(to + 4 * groups, tail);
		memset(to + n - (3 - rest), '=', 3 - rest);
	}
	buf_commit(out, n);
	return 0;
}

static const char *hex_digits(bool upper)
{
	return upper ? "0123456789ABCDEF" : "0123456789abcdef";
}

int text_hex(struct buf *out, struct bytes data, bool upper)
{
	const char *digits = hex_digits(upper);
	uint8_t *to;

	to = data.n > SIZE_MAX / 2 ? NULL : buf_reserve(out, 2 * data.n);
	if (!to)
		return -1;
	for (size_t i = 0; i < data.n; i++) {
		to[2 * i] = (uint8_t)digits[data.p[i] >> 4];
		to[2 * i + 1] = (uint8_t)digits[data.p[i] & 15];
	}
	buf_commit(out, 2 * data.n);
	return 0;
}

static bool is_control(const uint8_t *p, size_t size)
{
	if (size == 1)
		return p[0] < 0x20 || p[0] == 0x7F;
	return size == 2 && p[0] == 0xC2 && p[1] < 0xA0; /* C1 */
}

/* Shows the character at p in `to` (8 bytes); returns its input size. */
static size_t show_char(char *to, const uint8_t *p, size_t n)
{
	const char *digits = hex_digits(true);
	size_t size = char_size(p, n);

	if (size > 0 && !is_control(p, size)) {
		memcpy(to, p, size);
		to[size] = '\0';
		return size;
	}
	/* Byte by byte: the rest of a C1 control is malformed by itself. */
	to[0] = '\\';
	to[1] = 'x';
	to[2] = digits[p[0] >> 4];
	to[3] = digits[p[0] & 15];
	to[4] = '\0';
	return 1;
}

char *text_visible(char *dst, size_t size, struct bytes b)
{
	size_t at = 0, len = 0, dots_at = 0, n;
	char shown[8];

	if (size == 0)
		return dst;
	while (at < b.n) {
		at += show_char(shown, b.p + at, b.n - at);
		n = strlen(shown);
		if (n > size - 1 - len) {
			n = size - 1 - dots_at;
			len = dots_at + (n < 3 ? n : 3);
			memcpy(dst + dots_at, "...", len - dots_at);
			break;
		}
		memcpy(dst + len, shown, n);
		len += n;
		if (len + 3 <= size - 1)
			dots_at = len;
	}
	dst[len] = '\0';
	return dst;
}

int text_append_visible(struct buf *out, struct bytes b)
{
	char shown[8];

	for (size_t at = 0; at < b.n;) {
		if (b.p[at] == '\n' || b.p[at] == '\t') {
			if (buf_append_byte(out, b.p[at++]))
				return -1;
			continue;
		}
		at += show_char(shown, b.p + at, b.n - at);
		if (buf_append_str(out, shown))
			return -1;
	}
	return 0;
}

enum { WORD_MAX = 48 }; /* longer names are not compared */

static size_t min3(size_t a, size_t b, size_t c)
{
	size_t least = a < b ? a : b;

	return least < c ? least : c;
}

/*
 * Edits from a to b: insert, delete, replace, or swap two neighbours (the
 * commonest slip of the hand). Both at most WORD_MAX long.
 */
static size_t edit_distance(const char *a, const char *b)
{
	size_t rows[3][WORD_MAX + 1], n = strlen(a), m = strlen(b);

	for (size_t j = 0; j <= m; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= n; i++) {
		size_t *now = rows[i % 3], *last = rows[(i + 2) % 3];
		const size_t *before = rows[(i + 1) % 3];

		now[0] = i;
		for (size_t j = 1; j <= m; j++) {
			size_t cost = a[i - 1] != b[j - 1];

			now[j] = min3(last[j] + 1, now[j - 1] + 1,
				      last[j - 1] + cost);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1] && before[j - 2] + 1 < now[j])
				now[j] = before[j - 2] + 1;
		}
	}
	return rows[n % 3][m];
}

const char *text_nearest(const char *word, const char *const *names, size_t n)
{
	size_t len = strlen(word), best = len / 3 + 1, distance;
	const char *found = NULL;

	if (len > WORD_MAX)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		if (strlen(names[i]) > WORD_MAX)
			continue;
		distance = edit_distance(word, names[i]);
		if (distance < best) {
			best = distance;
			found = names[i];
		}
	}
	return found;
}
