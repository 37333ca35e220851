/* SPDX-License-Identifier: MIT */
/* What an HTTP proxy may say. */
#include "net/http_connect.h"

#include "../unit/fake_stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct http_connect_target t = { "h", 1, "u", "p" };
	struct fake_stream *f = fake_new(BYTES_NULL);

	fake_fuzz(http_connect_stream_new(&f->s, &t, NULL), f, data, size);
	return 0;
}
