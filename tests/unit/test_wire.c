/* SPDX-License-Identifier: MIT */
/* The primitive types: every border, never a byte beyond the end. */
#include "mqtt/wire.h"

#include <stdlib.h>

#include "alloc.h"
#include "mqtt/types.h"
#include "test.h"

static const struct {
	uint32_t value;
	struct bytes wire;
} varints[] = {
	{ 0, { (const uint8_t *)"\x00", 1 } },
	{ 1, { (const uint8_t *)"\x01", 1 } },
	{ 127, { (const uint8_t *)"\x7f", 1 } },
	{ 128, { (const uint8_t *)"\x80\x01", 2 } },
	{ 16383, { (const uint8_t *)"\xff\x7f", 2 } },
	{ 16384, { (const uint8_t *)"\x80\x80\x01", 3 } },
	{ 2097151, { (const uint8_t *)"\xff\xff\x7f", 3 } },
	{ 2097152, { (const uint8_t *)"\x80\x80\x80\x01", 4 } },
	{ 268435455, { (const uint8_t *)"\xff\xff\xff\x7f", 4 } },
};

static void varints_both_ways(void)
{
	struct buf b;

	buf_init(&b, 0);
	for (size_t i = 0; i < ARRAY_SIZE(varints); i++) {
		struct bytes w = varints[i].wire;
		struct cursor c = cursor_of(w);
		uint32_t v = 99;
		size_t used = 99;

		buf_clear(&b);
		is_int(wire_put_varint(&b, varints[i].value), 0);
		is_bytes(buf_view(&b), w, "%zu", i);
		is_int(wire_varint_size(varints[i].value), w.n);
		is_int(wire_varint(&c, &v), 0);
		is_int(v, varints[i].value);
		ok(c.p == c.end);
		for (size_t n = 0; n < w.n; n++)
			is_int(wire_peek_varint(bytes_of(w.p, n), &v, &used),
			       VARINT_MORE);
		is_int(used, 99, "untouched");
		is_int(wire_peek_varint(w, &v, &used), VARINT_OK);
		is_int(used, w.n);
	}
	buf_clear(&b);
	is_int(wire_put_varint(&b, MQTT_VARINT_MAX + 1), -1);
	is_int(buf_len(&b), 0);
	buf_release(&b);
}

static void varints_that_are_none(void)
{
	static const struct bytes wrong[] = {
		{ (const uint8_t *)"\x80\x00", 2 }, /* [MQTT-1.5.5-1] */
		{ (const uint8_t *)"\xff\x00", 2 },
		{ (const uint8_t *)"\x80\x80\x00", 3 },
		{ (const uint8_t *)"\x80\x80\x80\x00", 4 },
		{ (const uint8_t *)"\x80\x80\x80\x80", 4 },
		{ (const uint8_t *)"\xff\xff\xff\xff", 4 },
		{ (const uint8_t *)"\x80\x80\x80\x80\x01", 5 },
	};
	uint32_t v = 99;
	size_t used = 99;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct cursor c = cursor_of(wrong[i]);

		is_int(wire_peek_varint(wrong[i], &v, &used), VARINT_BAD);
		is_int(wire_varint(&c, &v), -1, "%zu", i);
		ok(c.p == wrong[i].p, "the cursor stays");
	}
	is_int(v, 99, "untouched");
}

static void fixed_integers_both_ways(void)
{
	struct cursor c;
	uint32_t u32 = 0;
	uint16_t u16 = 0;
	struct buf b;
	uint8_t u8 = 0;

	buf_init(&b, 0);
	is_int(wire_put_u8(&b, 0xA5), 0);
	is_int(wire_put_u16(&b, 0x1234), 0);
	is_int(wire_put_u32(&b, 0xFEDCBA98), 0);
	is_bytes(buf_view(&b), BYTES_LIT("\xA5\x12\x34\xFE\xDC\xBA\x98"));
	c = cursor_of(buf_view(&b));
	is_int(wire_u8(&c, &u8), 0);
	is_int(u8, 0xA5);
	is_int(wire_u16(&c, &u16), 0);
	is_int(u16, 0x1234);
	is_int(wire_u32(&c, &u32), 0);
	ok(u32 == 0xFEDCBA98);
	is_int(cursor_left(&c), 0);
	is_int(wire_u8(&c, &u8), -1);
	c = cursor_of(bytes_of(buf_view(&b).p, 1));
	is_int(wire_u16(&c, &u16), -1);
	c = cursor_of(bytes_of(buf_view(&b).p, 3));
	is_int(wire_u32(&c, &u32), -1);
	is_int(cursor_left(&c), 3, "a failed read takes nothing");
	buf_release(&b);
}

static void strings_and_their_lengths(void)
{
	static const struct {
		struct bytes wire;
		bool is_binary, is_string;
	} table[] = {
		{ { (const uint8_t *)"", 0 }, false, false },
		{ { (const uint8_t *)"\0", 1 }, false, false },
		{ { (const uint8_t *)"\0\0", 2 }, true, true },
		{ { (const uint8_t *)"\0\1", 2 }, false, false },
		{ { (const uint8_t *)"\0\1a", 3 }, true, true },
		{ { (const uint8_t *)"\0\2a", 3 }, false, false },
		{ { (const uint8_t *)"\xff\xff"
				     "abc",
		    5 },
		  false,
		  false },
		{ { (const uint8_t *)"\0\1\0", 3 }, true, false },
		{ { (const uint8_t *)"\0\2\xc3\xa9", 4 }, true, true },
		{ { (const uint8_t *)"\0\2\xc0\x80", 4 }, true, false },
		{ { (const uint8_t *)"\0\3\xed\xa0\x80", 5 }, true, false },
		{ { (const uint8_t *)"\0\3\xef\xbb\xbf", 5 }, true, true },
	};
	struct bytes v;

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		size_t n = table[i].wire.n;
		uint8_t *p = malloc(n + !n); /* exact, for ASan */
		struct cursor c;

		memcpy(p, table[i].wire.p, n);
		c = cursor_of(bytes_of(p, n));
		v = BYTES_NULL;
		is_int(wire_binary(&c, &v), table[i].is_binary - 1, "%zu", i);
		is_int(bytes_is_set(v), table[i].is_binary);
		c = cursor_of(bytes_of(p, n));
		v = BYTES_NULL;
		is_int(wire_string(&c, &v), table[i].is_string - 1, "%zu", i);
		is_int(bytes_is_set(v), table[i].is_string, "%zu", i);
		is_int(cursor_left(&c), table[i].is_string ? 0 : n);
		free(p);
	}
}

static void binary_is_written_whole_or_not_at_all(void)
{
	static uint8_t big[MQTT_STRING_MAX + 1];
	struct buf b;

	buf_init(&b, 0);
	is_int(wire_put_binary(&b, BYTES_NULL), 0);
	is_int(wire_put_binary(&b, BYTES_LIT("ab")), 0);
	is_bytes(buf_view(&b), BYTES_LIT("\0\0\0\2ab"));
	is_int(wire_put_binary(&b, bytes_of(big, sizeof(big))), -1);
	is_int(buf_len(&b), 6);
	is_int(wire_put_binary(&b, bytes_of(big, sizeof(big) - 1)), 0);
	is_int(buf_len(&b), 6 + 2 + 65535);
	is_mem(buf_view(&b).p + 6, 2, "\xff\xff", 2);
	buf_release(&b);
	buf_init(&b, 5);
	is_int(wire_put_binary(&b, BYTES_LIT("abcd")), -1);
	is_int(wire_put_binary(&b, BYTES_LIT("abc")), 0);
	is_int(wire_put_u8(&b, 1), -1);
	is_int(wire_put_u16(&b, 1), -1);
	is_int(wire_put_u32(&b, 1), -1);
	is_int(wire_put_varint(&b, 1), -1);
	is_int(buf_len(&b), 5);
	buf_release(&b);
	alloc_fail_after(0);
	is_int(wire_put_binary(&b, BYTES_LIT("")), -1);
	alloc_heal();
}

/* Each byte value at each place of strings of each small length. */
static void legal_string_content(void)
{
	size_t wrong = 0;

	for (size_t n = 1; n <= 26; n++) {
		uint8_t *p = malloc(n); /* exact, for ASan */

		for (size_t at = 0; at < n; at++) {
			for (unsigned int byte = 0; byte < 256; byte++) {
				bool want = byte > 0 && byte < 0x80;

				memset(p, 'a', n);
				p[at] = (uint8_t)byte;
				wrong += wire_is_plain(bytes_of(p, n)) != want;
				wrong += wire_is_string(bytes_of(p, n)) != want;
			}
		}
		free(p);
	}
	is_int(wrong, 0);
	ok(wire_is_string(BYTES_NULL));
	ok(wire_is_string(BYTES_LIT("\xf0\x9f\x98\x80 \xc3\xa9 abcdefgh")));
	ok(!wire_is_string(BYTES_LIT("\xc3\xa9 \0 abcdefgh")));
	ok(!wire_is_string(BYTES_LIT("abcdefgh\xc3\xa9\0")));
}

static void long_strings_are_none(void)
{
	static uint8_t big[MQTT_STRING_MAX + 1];

	memset(big, 'a', sizeof(big));
	ok(wire_is_string(bytes_of(big, sizeof(big) - 1)));
	ok(!wire_is_string(bytes_of(big, sizeof(big))));
}

TEST_MAIN(T(varints_both_ways), T(varints_that_are_none),
	  T(fixed_integers_both_ways), T(strings_and_their_lengths),
	  T(binary_is_written_whole_or_not_at_all), T(legal_string_content),
	  T(long_strings_are_none))
