/* SPDX-License-Identifier: MIT */
/* Heads of HTTP answers, and tunnels through an HTTP proxy. */
#include "net/http.h"

#include "fake_stream.h"
#include "net/http_connect.h"
#include "test.h"

static void heads_end_with_an_empty_line(void)
{
	is_int(http_head_length(BYTES_NULL), 0);
	is_int(http_head_length(BYTES_LIT("HTTP/1.1 200\r\n")), 0);
	is_int(http_head_length(BYTES_LIT("HTTP/1.1 200\n\n")), 0);
	is_int(http_head_length(BYTES_LIT("HTTP/1.1 200\r\n\r\nx")), 16);
	ok(http_may_be_head(BYTES_LIT("H")));
	ok(http_may_be_head(BYTES_LIT("HTTP/1.0 2")));
	ok(!http_may_be_head(BYTES_LIT("HTTP/2")));
	ok(!http_may_be_head(BYTES_LIT("\x15")));
}

static void status_lines(void)
{
	static const struct {
		const char *line;
		int status; /* 0: not HTTP */
	} cases[] = {
		{ "HTTP/1.1 101 Switching Protocols", 101 },
		{ "HTTP/1.0 200", 200 },
		{ "HTTP/1.1 407 ", 407 },
		{ "HTTP/1.1 599 \xff", 599 },
		{ "HTTP/1.1 099", 0 },
		{ "HTTP/1.1 600", 0 },
		{ "HTTP/1.1 2x0", 0 },
		{ "HTTP/1.1 2000", 0 },
		{ "HTTP/1.1  200", 0 },
		{ "HTTP/1.1 20", 0 },
		{ "HTTP/1.x 200", 0 },
		{ "HTTP/2.0 200", 0 },
		{ "http/1.1 200", 0 },
		{ "", 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct http_head h = { .status = 0 };

		is_int(http_parse(bytes_str(cases[i].line), &h),
		       cases[i].status ? 0 : -1, "%s", cases[i].line);
		is_int(h.status, cases[i].status, "%s", cases[i].line);
	}
}

static void fields(void)
{
	struct http_head h = { .status = 0 };

	is_int(http_parse(BYTES_LIT("HTTP/1.1 302 Found\r\n"
				    "Location: \t http://x/ \r\n"
				    "location: second\r\n"
				    "garbage\r\n"
				    ": none\r\n"
				    "Empty:\r\n"
				    "Connection: keep-alive,  Upgrade \r\n"
				    "CONNECTION: other\r\n\r\n"),
			  &h),
	       0);
	is_bytes(h.status_line, BYTES_LIT("HTTP/1.1 302 Found"));
	is_bytes(http_field(&h, "LOCATION"), BYTES_LIT("http://x/"));
	ok(bytes_is_set(http_field(&h, "empty")));
	is_int(http_field(&h, "empty").n, 0);
	ok(!bytes_is_set(http_field(&h, "garbage")));
	ok(!bytes_is_set(http_field(&h, "Loc")));
	ok(http_has_token(&h, "connection", "upgrade"));
	ok(http_has_token(&h, "connection", "OTHER"));
	ok(!http_has_token(&h, "connection", "keep"));
	ok(!http_has_token(&h, "upgrade", "upgrade"));
}

static void redirects_are_shown(void)
{
	struct http_head h = { .status = 0 };
	char text[400];

	is_int(http_parse(BYTES_LIT("HTTP/1.1 301 \x1b[1m\r\n"
				    "Location: https://h/\x07\r\n\r\n"),
			  &h),
	       0);
	http_show(&h, text, sizeof(text));
	is_str(text, "HTTP/1.1 301 \\x1B[1m', it points to "
		     "'https://h/\\x07");
	is_int(http_parse(BYTES_LIT("HTTP/1.1 404 No\r\nLocation: x\r\n\r\n"),
			  &h),
	       0);
	http_show(&h, text, sizeof(text));
	is_str(text, "HTTP/1.1 404 No");
}

static void basic_authentication(void)
{
	struct buf b;

	buf_init(&b, 0);
	is_int(http_add_basic(&b, "Authorization", "Aladdin", "open sesame"),
	       0);
	is_bytes(buf_view(&b), BYTES_LIT("Authorization: Basic "
					 "QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n"));
	buf_clear(&b);
	is_int(http_add_basic(&b, "A", NULL, NULL), 0);
	is_bytes(buf_view(&b), BYTES_LIT("A: Basic Og==\r\n"));
	buf_release(&b);
}

/* ----------------------------------------------------------------- CONNECT */

static void a_tunnel(void)
{
	static const char answer[] =
		"HTTP/1.1 200 OK\r\nVia: x\r\n\r\nfirst bytes";
	const struct http_connect_target t = { "broker", 1883, "u", "p" };

	for (size_t piece = 0; piece < 40; piece += 13) {
		struct fake_stream *f = fake_new(BYTES_LIT(answer));
		struct stream *s = http_connect_stream_new(&f->s, &t, NULL);
		struct err e = { 0 };
		char in[64];
		size_t n = 0;

		f->piece = piece;
		f->waits = piece > 0;
		is_int(fake_run(s, f, &e), IO_OK, "%s", e.text);
		is_bytes(buf_view(&f->out),
			 BYTES_LIT("CONNECT broker:1883 HTTP/1.1\r\n"
				   "Host: broker:1883\r\n"
				   "Proxy-Authorization: Basic dTpw\r\n"
				   "\r\n"));
		f->waits = false;
		f->piece = 0;
		is_int(stream_read(s, in, sizeof(in), &n, &e), IO_OK);
		is_mem(in, n, "first bytes", 11);
		is_int(stream_write(s, "hello", 5, &n, &e), IO_OK);
		stream_free(s);
	}
}

static void addresses_in_brackets(void)
{
	const struct http_connect_target t = { "::1", 8883, NULL, NULL };
	struct fake_stream *f = fake_new(BYTES_NULL);
	struct stream *s = http_connect_stream_new(&f->s, &t, NULL);
	struct err e = { 0 };

	is_int(fake_run(s, f, &e), IO_WANT_READ);
	is_bytes(buf_view(&f->out), BYTES_LIT("CONNECT [::1]:8883 HTTP/1.1\r\n"
					      "Host: [::1]:8883\r\n\r\n"));
	is_str(stream_unfinished(s)->phase,
	       "the handshake with the HTTP proxy");
	stream_free(s);
}

static void refused_tunnels(void)
{
	static char endless[HTTP_HEAD_MAX + 100];
	const struct {
		struct bytes answer;
		enum io end;
		const char *says;
	} cases[] = {
		{ BYTES_LIT("HTTP/1.1 403 Forbidden\r\n\r\n"), IO_EOF,
		  "the proxy refused the tunnel: 'HTTP/1.1 403 Forbidden'" },
		{ BYTES_LIT("HTTP/1.0 407 Auth\r\nX: y\r\n\r\n"), IO_EOF,
		  "'HTTP/1.0 407 Auth': it wants a user and a password" },
		{ BYTES_LIT("HTTP/1.1 302 F\r\nLocation: l\r\n\r\n"), IO_EOF,
		  "'HTTP/1.1 302 F', it points to 'l'" },
		{ BYTES_LIT("\x05\xff"), IO_EOF,
		  "the proxy does not speak "
		  "HTTP: it answered '\\x05" },
		{ BYTES_LIT("HTTP/1.1 abc\r\n\r\n"), IO_EOF,
		  "the proxy does "
		  "not speak HTTP: it answered 'HTTP/1.1 abc" },
		{ bytes_of(endless, sizeof(endless)), IO_WANT_READ,
		  "the proxy does not speak HTTP: it answered 'HTTP/1.1 200" },
		{ BYTES_LIT("HTTP/1.1 200"), IO_EOF,
		  "the connection was "
		  "closed in the handshake with the HTTP proxy" },
		{ BYTES_NULL, IO_FAIL,
		  "in the handshake with the HTTP proxy: "
		  "cannot read: scripted" },
	};
	const struct http_connect_target t = { "h", 1, NULL, NULL };

	memset(endless, 'x', sizeof(endless));
	memcpy(endless, "HTTP/1.1 200", 12);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fake_stream *f = fake_new(cases[i].answer);
		struct stream *s = http_connect_stream_new(&f->s, &t, NULL);
		struct err e = { 0 };

		f->in_end = cases[i].end;
		is_int(fake_run(s, f, &e), IO_FAIL, "%zu", i);
		is_int(e.kind, ERR_CONNECT, "%zu", i);
		ok(strstr(e.text, cases[i].says), "%s, expected %s", e.text,
		   cases[i].says);
		stream_free(s);
	}
}

static void hosts_cannot_add_lines(void)
{
	const struct http_connect_target t = { "h\r\nX: y", 1, NULL, NULL };
	struct err e = { 0 };

	ok(!http_connect_stream_new(&fake_new(BYTES_NULL)->s, &t, &e));
	is_int(e.kind, ERR_USAGE);
	ok(strstr(e.text, "blank or control character"), "%s", e.text);
}

TEST_MAIN(T(heads_end_with_an_empty_line), T(status_lines), T(fields),
	  T(redirects_are_shown), T(basic_authentication), T(a_tunnel),
	  T(addresses_in_brackets), T(refused_tunnels),
	  T(hosts_cannot_add_lines))
