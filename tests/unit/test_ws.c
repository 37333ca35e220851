/* SPDX-License-Identifier: MIT */
/* WebSocket against a script: the handshake, frames in all shapes, ends. */
#include "net/ws.h"

#include "base/text.h"
#include "fake_stream.h"
#include "net/ws_frame.h"
#include "net/ws_handshake.h"
#include "test.h"

static const struct ws_peer peer = { "broker", 9001, 80 };

/* --------------------------------------------------------------- handshake */

static void accept_keys(void)
{
	char accept[WS_ACCEPT_SIZE];

	/* The example of RFC 6455, section 1.3. */
	is_int(ws_accept_of("dGhlIHNhbXBsZSBub25jZQ==", accept), 0);
	is_str(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

static void requests(void)
{
	static const char *const headers[] = { "X-Token: a b",
					       "host: other:1" };
	static const char first[] =
		"GET /mqtt HTTP/1.1\r\n"
		"Host: broker:9001\r\n"
		"Upgrade: websocket\r\n"
		"Connection: Upgrade\r\n"
		"Sec-WebSocket-Key: KEY\r\n"
		"Sec-WebSocket-Version: 13\r\n"
		"Sec-WebSocket-Protocol: mqtt\r\n\r\n";
	static const char second[] =
		"GET /p?t=1 HTTP/1.1\r\n"
		"Upgrade: websocket\r\n"
		"Connection: Upgrade\r\n"
		"Sec-WebSocket-Key: KEY\r\n"
		"Sec-WebSocket-Version: 13\r\n"
		"Origin: https://o\r\n"
		"Authorization: Basic dTpw\r\n"
		"X-Token: a b\r\n"
		"host: other:1\r\n\r\n";
	const struct ws_peer v6 = { "::1", 443, 443 };
	struct ws_options o = { .path = NULL };
	struct err e = { 0 };
	struct buf b;

	buf_init(&b, 0);
	is_int(ws_compose_request(&b, &o, &peer, "KEY", &e), 0);
	is_bytes(buf_view(&b), BYTES_LIT(first));
	buf_clear(&b);
	o = (struct ws_options){
		.path = "/p?t=1", .subprotocol = "", .origin = "https://o",
		.user = "u", .password = "p", .headers = headers,
		.header_count = 2,
	};
	is_int(ws_compose_request(&b, &o, &peer, "KEY", &e), 0);
	is_bytes(buf_view(&b), BYTES_LIT(second));
	buf_clear(&b);
	o = (struct ws_options){ .path = NULL };
	is_int(ws_compose_request(&b, &o, &v6, "KEY", &e), 0);
	ok(buf_cstr(&b) && strstr(buf_cstr(&b), "\r\nHost: [::1]\r\n"));
	buf_release(&b);
}

static void requests_that_cannot_be_sent(void)
{
	static const struct {
		const char *path, *header, *origin, *says;
	} cases[] = {
		{ "mqtt", NULL, NULL, "path 'mqtt' does not start with '/'" },
		{ "", NULL, NULL, "does not start with '/'" },
		{ "/a b", NULL, NULL, "must be percent-encoded" },
		{ "/a\r\nX: y", NULL, NULL, "must be percent-encoded" },
		{ "/\xc3\xa9", NULL, NULL, "must be percent-encoded" },
		{ NULL, "no colon", NULL, "not of the form 'Name: value'" },
		{ NULL, ": x", NULL, "not of the form" },
		{ NULL, "A b: x", NULL, "not of the form" },
		{ NULL, "A: x\r\nB: y", NULL, "not of the form" },
		{ NULL, "sec-websocket-key: x", NULL,
		  "header Sec-WebSocket-Key cannot be set" },
		{ NULL, "Upgrade: x", NULL, "Upgrade cannot be set" },
		{ NULL, NULL, "a\nb", "has control characters" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct ws_options o = {
			.path = cases[i].path, .origin = cases[i].origin,
			.headers = &cases[i].header,
			.header_count = cases[i].header != NULL,
		};
		struct err e = { 0 };

		ok(!ws_stream_new(&fake_new(BYTES_NULL)->s, &o, &peer, &e));
		is_int(e.kind, ERR_USAGE, "%zu", i);
		ok(strstr(e.text, cases[i].says), "%s, expected %s", e.text,
		   cases[i].says);
	}
}

#define GRANTED "HTTP/1.1 101 Switching Protocols\r\n" \
	"Upgrade: websocket\r\nConnection: Upgrade\r\n"
#define ACCEPT "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
#define MQTT "Sec-WebSocket-Protocol: mqtt\r\n"

static void responses(void)
{
	static const struct {
		const char *head;
		enum err_kind kind; /* ERR_NONE: granted */
		const char *says;
	} cases[] = {
		{ GRANTED ACCEPT MQTT "\r\n", ERR_NONE, NULL },
		{ "HTTP/1.1 101\r\nconnection: keep-alive, UPGRADE\r\n"
		  "upgrade: WebSocket\r\n" ACCEPT MQTT "\r\n", ERR_NONE,
		  NULL },
		{ "HTTP/1.1 200 OK\r\n\r\n", ERR_CONNECT, "the server "
		  "refused the WebSocket upgrade: 'HTTP/1.1 200 OK'" },
		{ "HTTP/1.1 301 Moved\r\nLocation: wss://x/\r\n\r\n",
		  ERR_CONNECT, "'HTTP/1.1 301 Moved', it points to "
		  "'wss://x/'" },
		{ "HTTP/1.1 401 Unauthorized\r\n\r\n", ERR_REFUSED,
		  "'HTTP/1.1 401 Unauthorized'" },
		{ "HTTP/1.1 403 No\x1b[m\r\n\r\n", ERR_REFUSED,
		  "'HTTP/1.1 403 No\\x1B[m'" },
		{ "\x20\x02\r\n\r\n", ERR_PROTOCOL, "this port does not speak "
		  "WebSocket: it answered ' \\x02" },
		{ "HTTP/1.1 101 S\r\nConnection: Upgrade\r\n" ACCEPT MQTT
		  "\r\n", ERR_PROTOCOL, "is not one to WebSocket" },
		{ "HTTP/1.1 101 S\r\nUpgrade: websocket\r\n" ACCEPT MQTT
		  "\r\n", ERR_PROTOCOL, "is not one to WebSocket" },
		{ GRANTED MQTT "\r\n", ERR_PROTOCOL, "does not prove" },
		{ GRANTED "Sec-WebSocket-Accept: x\r\n" MQTT "\r\n",
		  ERR_PROTOCOL, "does not prove that it is one" },
		{ GRANTED ACCEPT "\r\n", ERR_PROTOCOL, "chose the subprotocol "
		  "'', not 'mqtt'" },
		{ GRANTED ACCEPT "Sec-WebSocket-Protocol: chat\r\n\r\n",
		  ERR_PROTOCOL, "chose the subprotocol 'chat', not 'mqtt'" },
		{ GRANTED ACCEPT MQTT "Sec-WebSocket-Extensions: x\r\n\r\n",
		  ERR_PROTOCOL, "extensions that were not asked for" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct err e = { 0 };
		int status = ws_check_response(bytes_str(cases[i].head),
					       "dGhlIHNhbXBsZSBub25jZQ==",
					       "mqtt", &e);

		is_int(status, cases[i].kind ? -1 : 0, "%s", cases[i].head);
		is_int(e.kind, cases[i].kind, "%s", e.text);
		if (cases[i].kind)
			ok(strstr(e.text, cases[i].says), "%s, expected %s",
			   e.text, cases[i].says);
	}
}

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
	is_int(buf_printf(answer, GRANTED MQTT "Sec-WebSocket-Accept: %s\r\n"
			  "\r\n", accept), 0);
	is_int(buf_append(answer, script), 0);
	buf_clear(&f->out);
	f->in = buf_view(answer);
	is_int(stream_step(s, &e), IO_OK, "%s", e.text);
	*ret_f = f;
	return s;
}

static void handshakes_in_pieces(void)
{
	struct err e = { 0 };

	for (size_t piece = 1; piece < 400; piece = piece * 2 + 1) {
		const struct ws_options o = { .path = NULL };
		struct fake_stream *f = fake_new(BYTES_LIT(GRANTED ACCEPT MQTT
							   "\r\n"));
		struct stream *s = ws_stream_new(&f->s, &o, &peer, NULL);

		f->piece = piece;
		f->waits = true;
		/* Whole, and only the key is another one. */
		is_int(fake_run(s, f, &e), IO_FAIL);
		ok(strstr(e.text, "does not prove"), "%s", e.text);
		stream_free(s);
	}
}

static void handshakes_that_end(void)
{
	static char endless[20000];
	const struct {
		struct bytes in;
		enum io end;
		enum err_kind kind;
		const char *says;
	} cases[] = {
		{ BYTES_NULL, IO_EOF, ERR_CONNECT, "the connection was closed "
		  "in the WebSocket handshake" },
		{ BYTES_LIT("HTTP/1.1 10"), IO_EOF, ERR_CONNECT,
		  "the connection was closed in the WebSocket handshake" },
		{ BYTES_LIT("HTTP/1.1 10"), IO_FAIL, ERR_CONNECT,
		  "in the WebSocket handshake: cannot read: scripted" },
		{ bytes_of(endless, sizeof(endless)), IO_EOF, ERR_PROTOCOL,
		  "longer than 16384 bytes" },
		{ BYTES_LIT("\x15\3\1"), IO_WANT_READ, ERR_PROTOCOL,
		  "this port does not speak WebSocket" },
	};
	const struct ws_options o = { .path = NULL };

	memset(endless, 'a', sizeof(endless));
	memcpy(endless, "HTTP/1.1 101", 12);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fake_stream *f = fake_new(cases[i].in);
		struct stream *s = ws_stream_new(&f->s, &o, &peer, NULL);
		struct err e = { 0 };

		f->in_end = cases[i].end;
		is_int(fake_run(s, f, &e), IO_FAIL, "%zu", i);
		is_int(e.kind, cases[i].kind, "%s", e.text);
		ok(strstr(e.text, cases[i].says), "%s", e.text);
		stream_free(s);
	}
}

/* ------------------------------------------------------------------ frames */

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
	static const char script[] =
		"\x82\3abc"          /* one message */
		"\x82\0"             /* an empty one */
		"\x02\2de" "\x80\1f" /* in two fragments */
		"\x02\1g" "\x89\4ping" "\x00\0" "\x8a\0" "\x80\1h";
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
		{ BYTES_LIT("\x82\x81" "aaaa" "b"), "a masked frame" },
		{ BYTES_LIT("\xc2\1a"), "a frame of an extension" },
		{ BYTES_LIT("\x81\1a"), "a text frame" },
		{ BYTES_LIT("\x80\1a"), "of the wrong kind between others" },
		{ BYTES_LIT("\x02\1a" "\x82\1b"), "of the wrong kind" },
		{ BYTES_LIT("\x83\1a"), "" },
		{ BYTES_LIT("\x89\x7e\0\x7e"), "a malformed frame" },
		{ BYTES_LIT("\x09\1a"), "a malformed frame" },
		{ BYTES_LIT("\x82\x7e\0\1a"), "a malformed frame" },
		{ BYTES_LIT("\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff"),
		  "a malformed frame" },
		{ BYTES_LIT("\x82\x7e\3\xe9x"), "a WebSocket frame of 1001 "
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
		{ BYTES_LIT("\x82\1a\x88\6\3\xe9" "away"), IO_WANT_READ,
		  IO_EOF, NULL },
		{ BYTES_LIT("\x82\1a\x88\0"), IO_WANT_READ, IO_EOF, NULL },
		{ BYTES_LIT("\x82\1a\x88\4\3\xf0\x1b!"), IO_WANT_READ,
		  IO_FAIL, "the server closed the WebSocket connection: "
		  "policy violation (1008): \\x1B!" },
		{ BYTES_LIT("\x82\1a\x88\2\x0f\xa0"), IO_WANT_READ, IO_FAIL,
		  "unknown reason (4000)" },
		{ BYTES_LIT("\x82\1a"), IO_EOF, IO_EOF, NULL },
		{ BYTES_LIT("\x82\2a"), IO_EOF, IO_FAIL, "in the middle of a "
		  "WebSocket message" },
		{ BYTES_LIT("\x02\1a"), IO_EOF, IO_FAIL, "in the middle" },
		{ BYTES_LIT("\x82\1a"), IO_FAIL, IO_FAIL, "cannot read: "
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

TEST_MAIN(T(accept_keys), T(requests), T(requests_that_cannot_be_sent),
	  T(responses), T(handshakes_in_pieces), T(handshakes_that_end),
	  T(masks), T(writing), T(a_longer_retry_sends_nothing_twice),
	  T(reading), T(large_frames), T(pings_do_not_pile_up),
	  T(hostile_frames), T(ends), T(closing))
