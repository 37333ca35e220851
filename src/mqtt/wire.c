/* SPDX-License-Identifier: MIT */
#include "mqtt/wire.h"

#include <string.h>

#include "base/text.h"
#include "mqtt/types.h"

enum varint wire_peek_varint(struct bytes in, uint32_t *ret, size_t *ret_used)
{
	uint32_t v = 0;

	for (unsigned int i = 0; i < 4; i++) {
		if (i == in.n)
			return VARINT_MORE;
		v |= (uint32_t)(in.p[i] & 0x7F) << (7 * i);
		if (in.p[i] & 0x80)
			continue;
		if (i > 0 && in.p[i] == 0)
			return VARINT_BAD; /* a shorter form exists */
		*ret = v;
		*ret_used = i + 1;
		return VARINT_OK;
	}
	return VARINT_BAD;
}

int wire_varint(struct cursor *c, uint32_t *ret)
{
	size_t used;

	if (wire_peek_varint(bytes_of(c->p, cursor_left(c)), ret, &used) !=
	    VARINT_OK)
		return -1;
	c->p += used;
	return 0;
}

int wire_string(struct cursor *c, struct bytes *ret)
{
	struct cursor ahead = *c;
	struct bytes s;

	if (wire_binary(&ahead, &s) < 0 || !wire_is_string(s))
		return -1;
	*c = ahead;
	*ret = s;
	return 0;
}

size_t wire_store_varint(uint8_t *dst, uint32_t v)
{
	size_t n = 0;

	while (v >= 0x80) {
		dst[n++] = (uint8_t)(v | 0x80);
		v >>= 7;
	}
	dst[n++] = (uint8_t)v;
	return n;
}

int wire_put_u8(struct buf *b, uint8_t v)
{
	return buf_append_byte(b, v);
}

int wire_put_u16(struct buf *b, uint16_t v)
{
	const uint8_t p[] = { (uint8_t)(v >> 8), (uint8_t)v };

	return buf_append(b, bytes_of(p, sizeof(p)));
}

int wire_put_u32(struct buf *b, uint32_t v)
{
	const uint8_t p[] = { (uint8_t)(v >> 24), (uint8_t)(v >> 16),
			      (uint8_t)(v >> 8), (uint8_t)v };

	return buf_append(b, bytes_of(p, sizeof(p)));
}

int wire_put_varint(struct buf *b, uint32_t v)
{
	uint8_t p[4];

	if (v > MQTT_VARINT_MAX)
		return -1;
	return buf_append(b, bytes_of(p, wire_store_varint(p, v)));
}

int wire_put_binary(struct buf *b, struct bytes v)
{
	uint8_t *p = v.n > MQTT_STRING_MAX ? NULL : buf_reserve(b, 2 + v.n);

	if (!p)
		return -1;
	p[0] = (uint8_t)(v.n >> 8);
	p[1] = (uint8_t)v.n;
	if (v.n)
		memcpy(p + 2, v.p, v.n);
	buf_commit(b, 2 + v.n);
	return 0;
}

bool wire_is_string(struct bytes b)
{
	if (b.n > MQTT_STRING_MAX)
		return false;
	if (wire_is_plain(b))
		return true;
	return text_is_utf8(b) && !memchr(b.p, 0, b.n);
}
