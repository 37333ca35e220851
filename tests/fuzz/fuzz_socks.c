/* SPDX-License-Identifier: MIT */
/* What a SOCKS proxy may say. The first byte: how its bytes come in pieces. */
#include "net/socks.h"

#include "../unit/fake_stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct socks_target t = {
		.host = "h", .port = 1, .user = "u", .password = "p"
	};
	struct fake_stream *f = fake_new(BYTES_NULL);
	struct stream *s = socks_stream_new(&f->s, &t, NULL);
	struct err e = { 0 };
	enum io io;

	if (!s)
		abort();
	if (size) {
		f->in = bytes_of(data + 1, size - 1);
		f->waits = data[0] & 1;
		f->piece = data[0] >> 1 & 3;
	}
	f->in_end = IO_EOF;
	io = fake_run(s, f, &e);
	if (io != IO_OK && (io != IO_FAIL || e.kind != ERR_CONNECT || !*e.text))
		abort();
	stream_free(s);
	return 0;
}
