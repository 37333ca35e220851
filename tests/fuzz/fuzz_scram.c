/* SPDX-License-Identifier: MIT */
/*
 * What a SCRAM server may say: its first and its final message, with a
 * newline between them. The first byte says which method it is.
 */
#include "client/scram.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NONCE "fyko+d2lbbFgONRv9qkxdawL"

static void require(bool holds)
{
	if (!holds)
		abort();
}

/* An error is of a kind that the server is to blame for, and says why. */
static bool is_fine(int result, const struct err *e)
{
	if (result == 0)
		return true;
	require(result == -1 && *e->text);
	require(e->kind == ERR_PROTOCOL || e->kind == ERR_REFUSED);
	return false;
}

/* Would it hash for long? Numbers that are refused are looked at. */
static bool is_slow(struct bytes first)
{
	uint64_t n;

	for (size_t i = 0; i + 3 < first.n; i++) {
		if (memcmp(first.p + i, ",i=", 3) != 0)
			continue;
		n = 0;
		for (size_t k = i + 3; k < first.n && n <= 1000000 &&
				       first.p[k] >= '0' && first.p[k] <= '9';
		     k++)
			n = n * 10 + (uint64_t)(first.p[k] - '0');
		if (n > 4100 && n <= 1000000)
			return true;
	}
	return false;
}

static void converse(struct scram *s, struct bytes first, struct bytes last)
{
	struct buf out = { 0 };
	struct err e = { 0 };

	require(scram_first(s, &out, &e) == 0);
	buf_clear(&out);
	if (is_fine(scram_final(s, first, &out, &e), &e)) {
		require(buf_len(&out) > strlen("c=biws,r=" NONCE ",p="));
		require(memcmp(buf_view(&out).p, "c=biws,r=" NONCE,
			       strlen("c=biws,r=" NONCE)) == 0);
		require(scram_final(s, first, &out, &e) == -1);
	} else {
		require(buf_len(&out) == 0);
		/* Nothing was proved, whatever comes. */
		require(scram_verify(s, last, &e) == -1);
	}
	(void)is_fine(scram_verify(s, last, &e), &e);
	buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const methods[] = { "SCRAM-SHA-1", "SCRAM-SHA-256",
					       "SCRAM-SHA-512" };
	struct bytes first = bytes_of(data + !!size, size - !!size), last;
	const uint8_t *line = first.n ? memchr(first.p, '\n', first.n) : NULL;
	struct err e = { 0 };
	struct scram *s;

	last = bytes_of(first.p + first.n, 0);
	if (line) {
		last = bytes_of(line + 1,
				(size_t)(first.p + first.n - line) - 1);
		first.n = (size_t)(line - first.p);
	}
	if (is_slow(first))
		return 0;
	s = scram_new(methods[size ? data[0] % 3 : 0], BYTES_LIT("user"),
		      BYTES_LIT("pencil"), NONCE, &e);
	require(s != NULL);
	converse(s, first, last);
	scram_free(s);
	return 0;
}
