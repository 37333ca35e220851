/* SPDX-License-Identifier: MIT */
/*
 * What a WebSocket server may say. An even first byte: all of the rest is
 * its answer to the upgrade; an odd one: the upgrade is granted and the rest
 * is frames. Bits 1 to 3 say how the bytes come in pieces.
 */
#include "net/ws.h"

#include <stdio.h>

#include "../unit/fake_stream.h"
#include "net/ws_handshake.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct ws_peer peer = { "h", 1, 80 };
static const struct ws_options options = { .max_frame = 100000 };

static void require(bool holds)
{
	if (!holds)
		abort();
}

/* The answer that goes with the key in the request. */
static void grant(struct buf *in, struct fake_stream *f)
{
	char key[WS_KEY_SIZE], accept[WS_ACCEPT_SIZE];
	const char *request = buf_cstr(&f->out);
	const char *at = strstr(request, "Sec-WebSocket-Key: ");

	require(at != NULL);
	snprintf(key, sizeof(key), "%s", at + strlen("Sec-WebSocket-Key: "));
	require(ws_accept_of(key, accept) == 0);
	require(buf_printf(in,
			   "HTTP/1.1 101 X\r\nUpgrade: websocket\r\n"
			   "Connection: upgrade\r\n"
			   "Sec-WebSocket-Protocol: mqtt\r\n"
			   "Sec-WebSocket-Accept: %s\r\n\r\n",
			   accept) == 0);
}

static void run(struct stream *s, struct fake_stream *f, struct err *e)
{
	uint8_t out[700];
	size_t n;
	enum io io = fake_run(s, f, e);

	for (int idle = 0; io != IO_FAIL && io != IO_EOF && idle < 6; idle++) {
		n = 0;
		io = stream_read(s, out, sizeof(out), &n, e);
		require((io == IO_OK) == (n > 0));
		if (n)
			idle = 0;
		(void)stream_has_pending(s);
	}
	require(io != IO_FAIL || (e->kind != ERR_NONE && *e->text));
	if (s->is_up)
		(void)stream_shutdown(s, e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fake_stream *f = fake_new(BYTES_NULL);
	struct stream *s = ws_stream_new(&f->s, &options, &peer, NULL);
	struct err e = { 0 };
	struct buf in;

	buf_init(&in, 0);
	require(s && stream_step(s, &e) == IO_WANT_READ);
	if (size) {
		if (data[0] & 1)
			grant(&in, f);
		require(buf_append(&in, bytes_of(data + 1, size - 1)) == 0);
		f->waits = data[0] & 2;
		f->piece = data[0] >> 2 & 3;
	}
	f->in = buf_view(&in);
	f->in_end = IO_EOF;
	run(s, f, &e);
	stream_free(s);
	buf_release(&in);
	return 0;
}
