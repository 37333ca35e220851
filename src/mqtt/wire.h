/* SPDX-License-Identifier: MIT */
#ifndef MQTT_WIRE_H
#define MQTT_WIRE_H

/*
 * The primitive data types of MQTT: fixed integers, variable byte integers,
 * UTF-8 strings, binary data; read through a bounded cursor, written into a
 * buf. Pure and thread-free. Readers never pass the end of their cursor and
 * return views into it; writers return -1 only when the buf is full or
 * memory is short.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/bytes.h"

struct cursor {
	const uint8_t *p, *end;
};

static inline struct cursor cursor_of(struct bytes b)
{
	/* Adding even 0 to NULL is undefined. */
	return (struct cursor){ b.p, b.n ? b.p + b.n : b.p };
}

static inline size_t cursor_left(const struct cursor *c)
{
	return (size_t)(c->end - c->p);
}

/* Each returns 0, or -1 when the bytes end too early or are malformed; the
 * cursor and the result are then unchanged. */
static inline MUST_CHECK int wire_u8(struct cursor *c, uint8_t *ret)
{
	if (c->p == c->end)
		return -1;
	*ret = *c->p++;
	return 0;
}

static inline MUST_CHECK int wire_u16(struct cursor *c, uint16_t *ret)
{
	if (cursor_left(c) < 2)
		return -1;
	*ret = (uint16_t)(c->p[0] << 8 | c->p[1]);
	c->p += 2;
	return 0;
}

static inline MUST_CHECK int wire_u32(struct cursor *c, uint32_t *ret)
{
	const uint8_t *p = c->p;

	if (cursor_left(c) < 4)
		return -1;
	*ret = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
	c->p += 4;
	return 0;
}

/* Two length bytes and data. */
static inline MUST_CHECK int wire_binary(struct cursor *c, struct bytes *ret)
{
	size_t left = cursor_left(c), n;

	if (left < 2)
		return -1;
	n = (size_t)(c->p[0] << 8 | c->p[1]);
	if (n > left - 2)
		return -1;
	*ret = bytes_of(c->p + 2, n);
	c->p += 2 + n;
	return 0;
}

/* As wire_binary(), UTF-8 checked, U+0000 refused [MQTT-1.5.4-1,-2]; p is
 * never NULL. */
int wire_string(struct cursor *c, struct bytes *ret) MUST_CHECK;
/* Minimal encoding enforced [MQTT-1.5.5-1]. */
int wire_varint(struct cursor *c, uint32_t *ret) MUST_CHECK;

/* Result of looking at a variable byte integer that may be incomplete. */
enum varint { VARINT_OK, VARINT_MORE, VARINT_BAD };
enum varint wire_peek_varint(struct bytes in, uint32_t *ret, size_t *ret_used);

static inline size_t wire_varint_size(uint32_t v)
{
	return v < 128 ? 1 : v < 16384 ? 2 : v < 2097152 ? 3 : 4;
}

/* Writes v (<= MQTT_VARINT_MAX) at dst, returns the bytes written (1..4). */
size_t wire_store_varint(uint8_t *dst, uint32_t v);

int wire_put_u8(struct buf *b, uint8_t v) MUST_CHECK;
int wire_put_u16(struct buf *b, uint16_t v) MUST_CHECK;
int wire_put_u32(struct buf *b, uint32_t v) MUST_CHECK;
int wire_put_varint(struct buf *b, uint32_t v) MUST_CHECK;
/* Two length bytes and the data (n <= 65535). */
int wire_put_binary(struct buf *b, struct bytes v) MUST_CHECK;

/* Only characters U+0001 to U+007F: the quick yes that nearly every string
 * gets. false says nothing; wire_is_string() looks closer. */
static inline bool wire_is_plain(struct bytes b)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t word, bad = 0;
	size_t at;

	if (b.n < sizeof(word)) {
		for (at = 0; at < b.n; at++)
			bad |= (uint64_t)(b.p[at] | (b.p[at] - 1));
		return !(bad & 0x80);
	}
	/* A zero byte minus one borrows and shows its top bit. */
	for (at = 0; at < b.n - sizeof(word); at += sizeof(word)) {
		memcpy(&word, b.p + at, sizeof(word));
		bad |= word | (word - ones);
	}
	memcpy(&word, b.p + b.n - sizeof(word), sizeof(word));
	bad |= word | (word - ones);
	return !(bad & (ones << 7));
}

/* Legal MQTT UTF-8 string content: well-formed, no U+0000, <= 65535. */
bool wire_is_string(struct bytes b);

#endif
