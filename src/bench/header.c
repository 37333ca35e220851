/* SPDX-License-Identifier: MIT */
#include "bench/header.h"

#define TIME_BITS 48

static void put(uint8_t *p, uint64_t v, int bytes)
{
	while (bytes--) {
		p[bytes] = (uint8_t)v;
		v >>= 8;
	}
}

static uint64_t get(const uint8_t *p, int bytes)
{
	uint64_t v = 0;

	for (int i = 0; i < bytes; i++)
		v = v << 8 | p[i];
	return v;
}

void header_write(uint8_t out[HEADER_SIZE], const struct header *h)
{
	put(out, h->tag, 2);
	put(out + 2, h->publisher, 3);
	put(out + 5, h->sequence, 5);
	put(out + 10, h->intended, 6);
}

bool header_read(struct bytes payload, struct header *ret)
{
	if (payload.n < HEADER_SIZE)
		return false;
	ret->tag = (uint16_t)get(payload.p, 2);
	ret->publisher = (uint32_t)get(payload.p + 2, 3);
	ret->sequence = get(payload.p + 5, 5);
	ret->intended = get(payload.p + 10, 6);
	return true;
}

void header_write_hex(char out[HEADER_HEX_SIZE], const struct header *h)
{
	static const char digits[] = "0123456789abcdef";
	uint8_t raw[HEADER_SIZE];

	header_write(raw, h);
	for (size_t i = 0; i < HEADER_SIZE; i++) {
		out[2 * i] = digits[raw[i] >> 4];
		out[2 * i + 1] = digits[raw[i] & 15];
	}
}

static int hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

bool header_read_hex(struct bytes text, struct header *ret)
{
	uint8_t raw[HEADER_SIZE];
	int high, low;

	if (text.n < HEADER_HEX_SIZE)
		return false;
	for (size_t i = 0; i < HEADER_SIZE; i++) {
		high = hex_digit(text.p[2 * i]);
		low = hex_digit(text.p[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		raw[i] = (uint8_t)(high << 4 | low);
	}
	return header_read(bytes_of(raw, sizeof(raw)), ret);
}

static struct bytes skip_blanks(struct bytes b)
{
	while (b.n &&
	       (*b.p == ' ' || *b.p == '\t' || *b.p == '\n' || *b.p == '\r'))
		b = bytes_of(b.p + 1, b.n - 1);
	return b;
}

/* Takes one byte off the front, after blanks; false when it is another. */
static bool take(struct bytes *b, uint8_t c)
{
	*b = skip_blanks(*b);
	if (b->n == 0 || *b->p != c)
		return false;
	*b = bytes_of(b->p + 1, b->n - 1);
	return true;
}

bool header_find_field(struct bytes payload, struct bytes name,
		       struct header *ret)
{
	struct bytes rest = payload;
	const uint8_t *hit;

	while ((hit = memmem(rest.p, rest.n, name.p, name.n))) {
		rest.n -= (size_t)(hit - rest.p) + name.n;
		rest.p = hit + name.n;
		if (hit > payload.p && hit[-1] == '"' && take(&rest, '"') &&
		    take(&rest, ':') && take(&rest, '"') &&
		    header_read_hex(rest, ret))
			return true;
	}
	return false;
}

/* Two rounds of multiply and fold: every bit of both reaches the result. */
static uint16_t mix(uint64_t a, uint64_t b)
{
	uint64_t x = a ^ (b << 32 | b >> 32);

	x = (x ^ x >> 31) * UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ x >> 29) * UINT64_C(0xd1342543de82ef95);
	return (uint16_t)(x >> 48 ^ x >> 32);
}

struct header_tag header_tag(uint64_t run, uint64_t clock_id, bool is_shared)
{
	if (!is_shared)
		return (struct header_tag){ mix(run, clock_id), 0xffff };
	return (struct header_tag){
		(uint16_t)((mix(run, 1) & 0xff00) | (mix(clock_id, 2) & 0xff)),
		0xff00,
	};
}

int64_t header_delay(uint64_t now, uint64_t intended)
{
	uint64_t d = (now - intended) << (64 - TIME_BITS);

	/* Sign-extends from 48 bits, without shifting a negative number. */
	if (d >> 63)
		return -(int64_t)((~d + 1) >> (64 - TIME_BITS));
	return (int64_t)(d >> (64 - TIME_BITS));
}
