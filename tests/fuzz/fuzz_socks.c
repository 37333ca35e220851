/* SPDX-License-Identifier: MIT */
/* What a SOCKS proxy may say. */
#include "net/socks.h"

#include "../unit/fake_stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct socks_target t = {
		.host = "h", .port = 1, .user = "u", .password = "p"
	};
	struct fake_stream *f = fake_new(BYTES_NULL);

	fake_fuzz(socks_stream_new(&f->s, &t, NULL), f, data, size);
	return 0;
}
