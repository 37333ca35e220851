/* SPDX-License-Identifier: MIT */
/* The request for an upgrade to WebSocket, and answers of all kinds. */
#include "net/ws_handshake.h"

#include "fake_stream.h"
#include "test.h"

static const struct ws_peer peer = { "broker", 9001, 80 };

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
	static const char first[] = "GET /mqtt HTTP/1.1\r\n"
				    "Host: broker:9001\r\n"
				    "Upgrade: websocket\r\n"
				    "Connection: Upgrade\r\n"
				    "Sec-WebSocket-Key: KEY\r\n"
				    "Sec-WebSocket-Version: 13\r\n"
				    "Sec-WebSocket-Protocol: mqtt\r\n\r\n";
	static const char second[] = "GET /p?t=1 HTTP/1.1\r\n"
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
		.path = "/p?t=1",
		.subprotocol = "",
		.origin = "https://o",
		.user = "u",
		.password = "p",
		.headers = headers,
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
			.path = cases[i].path,
			.origin = cases[i].origin,
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

#define GRANTED                                \
	"HTTP/1.1 101 Switching Protocols\r\n" \
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
		  "upgrade: WebSocket\r\n" ACCEPT MQTT "\r\n",
		  ERR_NONE, NULL },
		{ "HTTP/1.1 200 OK\r\n\r\n", ERR_CONNECT,
		  "the server "
		  "refused the WebSocket upgrade: 'HTTP/1.1 200 OK'" },
		{ "HTTP/1.1 301 Moved\r\nLocation: wss://x/\r\n\r\n",
		  ERR_CONNECT,
		  "'HTTP/1.1 301 Moved', it points to "
		  "'wss://x/'" },
		{ "HTTP/1.1 401 Unauthorized\r\n\r\n", ERR_REFUSED,
		  "'HTTP/1.1 401 Unauthorized'" },
		{ "HTTP/1.1 403 No\x1b[m\r\n\r\n", ERR_REFUSED,
		  "'HTTP/1.1 403 No\\x1B[m'" },
		{ "\x20\x02\r\n\r\n", ERR_PROTOCOL,
		  "this port does not speak "
		  "WebSocket: it answered ' \\x02" },
		{ "HTTP/1.1 101 S\r\nConnection: Upgrade\r\n" ACCEPT MQTT
		  "\r\n",
		  ERR_PROTOCOL, "is not one to WebSocket" },
		{ "HTTP/1.1 101 S\r\nUpgrade: websocket\r\n" ACCEPT MQTT "\r\n",
		  ERR_PROTOCOL, "is not one to WebSocket" },
		{ GRANTED MQTT "\r\n", ERR_PROTOCOL, "does not prove" },
		{ GRANTED "Sec-WebSocket-Accept: x\r\n" MQTT "\r\n",
		  ERR_PROTOCOL, "does not prove that it is one" },
		{ GRANTED ACCEPT "\r\n", ERR_PROTOCOL,
		  "chose the subprotocol "
		  "'', not 'mqtt'" },
		{ GRANTED ACCEPT "Sec-WebSocket-Protocol: chat\r\n\r\n",
		  ERR_PROTOCOL, "chose the subprotocol 'chat', not 'mqtt'" },
		{ GRANTED ACCEPT MQTT "Sec-WebSocket-Extensions: x\r\n\r\n",
		  ERR_PROTOCOL, "extensions that were not asked for" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct err e = { 0 };
		int status = ws_check_response(
			bytes_str(cases[i].head),
			"dGhlIHNhbXBsZSBub25jZQ==", "mqtt", &e);

		is_int(status, cases[i].kind ? -1 : 0, "%s", cases[i].head);
		is_int(e.kind, cases[i].kind, "%s", e.text);
		if (cases[i].kind)
			ok(strstr(e.text, cases[i].says), "%s, expected %s",
			   e.text, cases[i].says);
	}
}

static void handshakes_in_pieces(void)
{
	struct err e = { 0 };

	for (size_t piece = 1; piece < 400; piece = piece * 2 + 1) {
		const struct ws_options o = { .path = NULL };
		struct fake_stream *f = fake_new(
			BYTES_LIT(GRANTED ACCEPT MQTT "\r\n"));
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
		{ BYTES_NULL, IO_EOF, ERR_CONNECT,
		  "the connection was closed "
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

TEST_MAIN(T(accept_keys), T(requests), T(requests_that_cannot_be_sent),
	  T(responses), T(handshakes_in_pieces), T(handshakes_that_end))
