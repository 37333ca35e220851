/* SPDX-License-Identifier: MIT */
#include "net/ws_frame.h"

#include <sys/random.h>

enum {
	MASK_SIZE = 4,
	HEADER_MAX = 2 + 8 + MASK_SIZE,
	FINAL = 0x80,
	MASKED = 0x80,
	LENGTH_16 = 126, /* two bytes of length follow */
	LENGTH_64 = 127, /* eight */
};

/* In words of eight bytes, which the compiler makes wider still. */
void ws_mask(uint8_t *out, const uint8_t *in, size_t n,
	     const uint8_t mask[MASK_SIZE])
{
	uint64_t word, both;
	size_t i = 0;

	memcpy(&both, mask, MASK_SIZE);
	memcpy((uint8_t *)&both + MASK_SIZE, mask, MASK_SIZE);
	for (; i + sizeof(word) <= n; i += sizeof(word)) {
		memcpy(&word, in + i, sizeof(word));
		word ^= both;
		memcpy(out + i, &word, sizeof(word));
	}
	for (; i < n; i++)
		out[i] = in[i] ^ mask[i % MASK_SIZE];
}

static int next_mask(struct ws_masks *m, uint8_t ret[MASK_SIZE])
{
	if (!m->left) {
		ssize_t n = getrandom(m->bytes, sizeof(m->bytes), 0);

		if (n != (ssize_t)sizeof(m->bytes))
			return -1;
		m->left = sizeof(m->bytes);
	}
	m->left -= MASK_SIZE;
	memcpy(ret, m->bytes + m->left, MASK_SIZE);
	return 0;
}

static size_t put_header(uint8_t *p, enum ws_opcode opcode, uint64_t n)
{
	size_t bytes = n < LENGTH_16 ? 0 : n <= UINT16_MAX ? 2 : 8;

	p[0] = (uint8_t)(FINAL | opcode);
	p[1] = (uint8_t)(MASKED | (bytes == 0   ? n
				   : bytes == 2 ? LENGTH_16
						: LENGTH_64));
	for (size_t i = 0; i < bytes; i++)
		p[2 + i] = (uint8_t)(n >> (8 * (bytes - 1 - i)));
	return 2 + bytes;
}

int ws_put_frame(struct buf *out, enum ws_opcode opcode, struct bytes payload,
		 struct ws_masks *m)
{
	uint8_t *p = buf_reserve(out, HEADER_MAX + payload.n);
	uint8_t mask[MASK_SIZE];
	size_t n;

	if (!p || next_mask(m, mask) < 0)
		return -1;
	n = put_header(p, opcode, payload.n);
	memcpy(p + n, mask, MASK_SIZE);
	n += MASK_SIZE;
	ws_mask(p + n, payload.p, payload.n, mask);
	buf_commit(out, n + payload.n);
	return 0;
}
