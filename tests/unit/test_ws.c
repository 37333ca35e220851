/* SPDX-License-Identifier: MIT */
/* WebSocket against a script: frames in all shapes, ends. */
#include "net/ws.h"

#include "fake_stream.h"
#include "net/ws_frame.h"
#include "net/ws_handshake.h"
#include "test.h"

static const struct ws_peer peer = { "broker", 9001, 80 };

static const char granted[] = "HTTP/1.1 101 Switching Protocols\r\n"
			      "Upgrade: websocket\r\nConnection: Upgrade\r\n"
			      "Sec-WebSocket-Protocol: mqtt\r\n";

/* A stream whose handshake is over; the script follows in f->in. */
static struct stream *open_with(struct bytes script, uint64_t max_frame,
				struct fake_stream **ret_f, struct buf *answer)
{
	const struct ws_options o = { .max_frame = max_frame };
	struct fake_stream *f = fake_new(BYTES_NULL);
	struct stream *s = ws_stream_new(&f->s, &o, &peer, NULL);
	char key[WS_KEY_SIZE], accept[WS_ACCEPT_SIZE];
	struct err e = { 0 };
	const char *at;

	is_int(stream_step(s, &e), IO_WANT_READ);
	at = strstr(buf_cstr(&f->out), "Sec-WebSocket-Key: ");
	snprintf(key, sizeof(key), "%s", at ? at + 19 : "");
	is_int(ws_accept_of(key, accept), 0);
	buf_init(answer, 0);
	is_int(buf_printf(answer, "%sSec-WebSocket-Accept: %s\r\n\r\n", granted,
			  accept),
	       0);
	is_int(buf_append(answer, script), 0);
	buf_clear(&f->out);
	f->in = buf_view(answer);
	is_int(stream_step(s, &e), IO_OK, "%s", e.text);
	*ret_f = f;
	return s;
}

static void masks(void)
{
	static const uint8_t mask[4] = { 1, 2, 4, 8 };
	uint8_t in[40], out[48];

	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = (uint8_t)(i * 5);
	for (size_t n = 0; n <= sizeof(in); n++) {
		bool is_right = true;

		memset(out, 0xee, sizeof(out));
		ws_mask(out, in, n, mask);
		for (size_t i = 0; i < n; i++)
			is_right &= out[i] == (in[i] ^ mask[i % 4]);
		ok(is_right && out[n] == 0xee, "%zu bytes", n);
	}
}

/* Undoes the first frame of what was sent; its length, or 0. */
static size_t unmask(struct bytes sent, uint8_t *ret_opcode, uint8_t *payload,
		     size_t *ret_n)
{
	size_t head = 2;
	uint64_t n;

	if (sent.n < 6 || !(sent.p[1] & 0x80) || !(sent.p[0] & 0x80))
		return 0;
	n = sent.p[1] & 0x7f;
	if (n >= 126) {
		size_t more = n == 126 ? 2 : 8;

		n = 0;
		for (size_t i = 0; i < more; i++)
			n = n << 8 | sent.p[head++];
	}
	ws_mask(payload, sent.p + head + 4, (size_t)n, sent.p + head);
	*ret_opcode = sent.p[0] & 0x0f;
	*ret_n = (size_t)n;
	return head + 4 + (size_t)n;
}

enum { LARGE = 200000 };

static uint8_t large[LARGE], got[LARGE + 100];

static void fill_large(void)
{
	for (size_t i = 0; i < sizeof(large); i++)
		large[i] = (uint8_t)(i * 11 + i / 255);
}

static void writing(void)
{
	static const size_t sizes[] = { 1, 125, 126, 65535, 65536, LARGE };

	fill_large();
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct fake_stream *f;
		struct buf answer;
		struct stream *s = open_with(BYTES_NULL, 0, &f, &answer);
		size_t done = 0, n = 0, back = 0, used;
		struct err e = { 0 };
		struct bytes sent;

		f->piece = 1000;
		f->waits = true;
		while (done < sizes[i]) {
			if (stream_write(s, large + done, sizes[i] - done, &n,
					 &e) == IO_OK)
				done += n;
		}
		for (sent = buf_view(&f->out); sent.n;
		     sent = bytes_of(sent.p + used, sent.n - used)) {
			uint8_t opcode = 0;

			used = unmask(sent, &opcode, got + back, &n);
			if (!ok(used > 0) || !is_int(opcode, WS_BINARY))
				break;
			back += n;
		}
		is_mem(got, back, large, sizes[i]);
		stream_free(s);
		buf_release(&answer);
	}
}

static void a_longer_retry_sends_nothing_twice(void)
{
	struct fake_stream *f;
	struct buf answer;
	struct stream *s = open_with(BYTES_NULL, 0, &f, &answer);
	struct err e = { 0 };
	uint8_t opcode;
	size_t n = 0;

	f->is_full = true;
	is_int(stream_write(s, "abcd", 4, &n, &e), IO_WANT_WRITE);
	f->is_full = false;
	is_int(stream_write(s, "abcdefgh", 8, &n, &e), IO_OK);
	is_int(n, 4);
	is_int(unmask(buf_view(&f->out), &opcode, got, &n),
	       (intmax_t)buf_len(&f->out));
	is_mem(got, n, "abcd", 4);
	stream_free(s);
	buf_release(&answer);
}

/* Everything that comes until the script ends. */
static size_t read_all(struct stream *s, size_t n, enum io *ret_io,
		       struct err *e)
{
	size_t done = 0, part;

	for (int idle = 0; idle < 40; idle++) {
		part = 0;
		*ret_io = stream_read(s, got + done, n, &part, e);
		if (*ret_io == IO_EOF || *ret_io == IO_FAIL)
			break;
		done += part;
		if (part)
			idle = 0;
	}
	return done;
}

static void reading(void)
{
	static const char script[] = "\x82\3abc" /* one message */
				     "\x82\0"    /* an empty one */
				     "\x02\2de"
				     "\x80\1f" /* in two fragments */
				     "\x02\1g"
				     "\x89\4ping"
				     "\x00\0"
				     "\x8a\0"
				     "\x80\1h";
	static const char want[] = "abcdefgh";

	for (size_t piece = 0; piece < 5; piece++) {
		for (size_t n = 1; n < 20; n += 6) {
			struct fake_stream *f;
			struct buf answer;
			struct stream *s = open_with(BYTES_LIT(script), 0, &f,
						     &answer);
			struct err e = { 0 };
			uint8_t opcode;
			size_t pong = 0;
			enum io io;

			f->piece = piece;
			f->waits = piece > 2;
			is_mem(got, read_all(s, n, &io, &e), want, 8);
			is_int(io, IO_WANT_READ);
			is_int(f->in.n, 0);
			ok(!stream_has_pending(s));
			is_int(unmask(buf_view(&f->out), &opcode, got, &pong),
			       (intmax_t)buf_len(&f->out));
			is_int(opcode, WS_PONG);
			is_mem(got, pong, "ping", 4);
			stream_free(s);
			buf_release(&answer);
		}
	}
}

/* Whoever is told to wait must be able to: nothing is held back that has
 * come already. */
static void headers_in_pieces(void)
{
	static const char script[] = "\x82\x7e\0\x80";

	for (size_t cut = 1; cut < sizeof(script) - 1; cut++) {
		struct fake_stream *f;
		struct buf answer;
		struct stream *s = open_with(bytes_of(script, cut), 0, &f,
					     &answer);
		struct err e = { 0 };
		size_t n = 0;

		f->piece = 1;
		is_int(stream_read(s, got, 10, &n, &e), IO_WANT_READ);
		is_int(f->in.n, 0, "cut at %zu", cut);
		ok(!stream_has_pending(s));
		stream_free(s);
		buf_release(&answer);
	}
}

static void large_frames(void)
{
	struct buf script, answer;
	struct fake_stream *f;
	struct err e = { 0 };
	struct stream *s;
	enum io io;

	fill_large();
	buf_init(&script, 0);
	is_int(buf_append(&script, BYTES_LIT("\x82\x7f\0\0\0\0\0\3\x0d\x40")),
	       0);
	is_int(buf_append(&script, bytes_of(large, LARGE)), 0);
	s = open_with(buf_view(&script), 0, &f, &answer);
	f->piece = 7777;
	is_mem(got, read_all(s, 5000, &io, &e), large, LARGE);
	stream_free(s);
	buf_release(&answer);
	buf_release(&script);
}

static void pings_do_not_pile_up(void)
{
	struct buf script, answer;
	struct fake_stream *f;
	struct err e = { 0 };
	struct stream *s;
	uint8_t opcode;
	size_t n = 0;
	enum io io;

	buf_init(&script, 0);
	for (int i = 0; i < 10000; i++)
		is_int(buf_printf(&script, "\x89\4%04d", i), 0);
	is_int(buf_append(&script, BYTES_LIT("\x82\1x")), 0);
	s = open_with(buf_view(&script), 0, &f, &answer);
	f->is_full = true;
	is_mem(got, read_all(s, 10, &io, &e), "x", 1, "reading goes on");
	is_int(io, IO_WANT_WRITE, "but somebody has to write");
	f->is_full = false;
	is_int(stream_read(s, got, 1, &n, &e), IO_WANT_READ);
	/* The first may have been under way; the rest is the last one. */
	ok(buf_len(&f->out) <= 2 * 10);
	n = unmask(buf_view(&f->out), &opcode, got, &n);
	if (n < buf_len(&f->out))
		buf_consume(&f->out, n);
	is_int(unmask(buf_view(&f->out), &opcode, got, &n), 10);
	is_mem(got, n, "9999", 4);
	stream_free(s);
	buf_release(&answer);
	buf_release(&script);
}

static void hostile_frames(void)
{
	static const struct {
		struct bytes script;
		const char *says;
	} cases[] = {
		{ BYTES_LIT("\x82\x81"
			    "aaaa"
			    "b"),
		  "a masked frame" },
		{ BYTES_LIT("\xc2\1a"), "a frame of an extension" },
		{ BYTES_LIT("\x81\1a"), "a text frame" },
		{ BYTES_LIT("\x80\1a"), "of the wrong kind between others" },
		{ BYTES_LIT("\x02\1a"
			    "\x82\1b"),
		  "of the wrong kind" },
		{ BYTES_LIT("\x83\1a"), "" },
		{ BYTES_LIT("\x89\x7e\0\x7e"), "a malformed frame" },
		{ BYTES_LIT("\x09\1a"), "a malformed frame" },
		{ BYTES_LIT("\x82\x7e\0\1a"), "a malformed frame" },
		{ BYTES_LIT("\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff"),
		  "a malformed frame" },
		{ BYTES_LIT("\x82\x7e\3\xe9x"),
		  "a WebSocket frame of 1001 "
		  "bytes came, at most 1000 are accepted" },
		{ BYTES_LIT("\x88\1x"), "half a status" },
		{ BYTES_LIT("\x88\2\0\1"), "a bad status" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fake_stream *f;
		struct buf answer;
		struct stream *s = open_with(cases[i].script, 1000, &f,
					     &answer);
		struct err e = { 0 };
		size_t n = 0;

		while (stream_read(s, got, 100, &n, &e) == IO_OK)
			;
		is_int(e.kind, ERR_PROTOCOL, "%zu: %s", i, e.text);
		ok(strstr(e.text, cases[i].says), "%zu: %s", i, e.text);
		e = (struct err){ 0 };
		is_int(stream_read(s, got, 100, &n, &e), IO_FAIL, "again");
		ok(strstr(e.text, cases[i].says), "%zu: %s", i, e.text);
		stream_free(s);
		buf_release(&answer);
	}
}

static void ends(void)
{
	static const struct {
		struct bytes script;
		enum io below, want;
		const char *says;
	} cases[] = {
		{ BYTES_LIT("\x82\1a\x88\2\3\xe8"), IO_WANT_READ, IO_EOF,
		  NULL },
		{ BYTES_LIT("\x82\1a\x88\6\3\xe9"
			    "away"),
		  IO_WANT_READ, IO_EOF, NULL },
		{ BYTES_LIT("\x82\1a\x88\0"), IO_WANT_READ, IO_EOF, NULL },
		{ BYTES_LIT("\x82\1a\x88\4\3\xf0\x1b!"), IO_WANT_READ, IO_FAIL,
		  "the server closed the WebSocket connection: "
		  "policy violation (1008): \\x1B!" },
		{ BYTES_LIT("\x82\1a\x88\2\x0f\xa0"), IO_WANT_READ, IO_FAIL,
		  "unknown reason (4000)" },
		{ BYTES_LIT("\x82\1a"), IO_EOF, IO_EOF, NULL },
		{ BYTES_LIT("\x82\2a"), IO_EOF, IO_FAIL,
		  "in the middle of a "
		  "WebSocket message" },
		{ BYTES_LIT("\x02\1a"), IO_EOF, IO_FAIL, "in the middle" },
		{ BYTES_LIT("\x82\1a"), IO_FAIL, IO_FAIL,
		  "cannot read: "
		  "scripted" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fake_stream *f;
		struct buf answer;
		struct stream *s = open_with(cases[i].script, 0, &f, &answer);
		struct err e = { 0 };
		enum io io;

		f->in_end = cases[i].below;
		is_mem(got, read_all(s, 10, &io, &e), "a", 1, "%zu", i);
		is_int(io, cases[i].want, "%zu", i);
		if (cases[i].says) {
			is_int(e.kind, ERR_LOST, "%zu", i);
			ok(strstr(e.text, cases[i].says), "%s", e.text);
		}
		is_int(stream_read(s, got, 1, &(size_t){ 0 }, &e),
		       cases[i].want, "again");
		stream_free(s);
		buf_release(&answer);
	}
}

static void closing(void)
{
	struct fake_stream *f;
	struct buf answer;
	struct stream *s = open_with(BYTES_LIT("\x82\1a\x88\2\3\xe8"), 0, &f,
				     &answer);
	struct err e = { 0 };
	uint8_t opcode = 0;
	size_t n = 0;
	enum io io;

	f->piece = 3;
	f->waits = true;
	while ((io = stream_shutdown(s, &e)) == IO_WANT_WRITE)
		;
	is_int(io, IO_OK, "%s", e.text);
	is_int(unmask(buf_view(&f->out), &opcode, got, &n),
	       (intmax_t)buf_len(&f->out));
	is_int(opcode, WS_CLOSE);
	is_mem(got, n, "\3\xe8", 2);
	is_int(stream_write(s, "x", 1, &n, &e), IO_FAIL);
	is_int(e.kind, ERR_LOST);
	n = buf_len(&f->out);
	is_mem(got, read_all(s, 10, &io, &e), "a", 1, "what was on its way");
	is_int(io, IO_EOF);
	is_int(buf_len(&f->out), n, "one close frame is enough");
	stream_free(s);
	buf_release(&answer);
}

TEST_MAIN(T(masks), T(writing), T(a_longer_retry_sends_nothing_twice),
	  T(reading), T(headers_in_pieces), T(large_frames),
	  T(pings_do_not_pile_up), T(hostile_frames), T(ends), T(closing))
