/* SPDX-License-Identifier: MIT */
/* SOCKS 5 and the PROXY header, byte for byte. */
#include "net/socks.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fake_stream.h"
#include "net/proxy_header.h"
#include "net/socket.h"
#include "test.h"

static void run_to(enum io want, const struct socks_target *t,
		   struct bytes answer, struct bytes sent)
{
	for (size_t piece = 0; piece < 3; piece++) {
		struct fake_stream *f = fake_new(answer);
		struct stream *s = socks_stream_new(&f->s, t, NULL);
		struct err e = { 0 };
		char in[8];
		size_t n = 0;

		f->piece = piece;
		f->waits = piece > 0;
		is_int(fake_run(s, f, &e), want, "%s", e.text);
		is_bytes(buf_view(&f->out), sent);
		f->waits = false;
		f->piece = 0;
		if (want == IO_OK) {
			is_int(stream_read(s, in, sizeof(in), &n, &e), IO_OK);
			is_mem(in, n, "next", 4,
			       "nothing is taken of what "
			       "follows");
		}
		stream_free(s);
	}
}

static void a_name_for_the_proxy_to_look_up(void)
{
	const struct socks_target t = { .host = "broker", .port = 0x075b };

	run_to(IO_OK, &t,
	       BYTES_LIT("\5\0"
			 "\5\0\0\1\x7f\0\0\1\x12\x34"
			 "next"),
	       BYTES_LIT("\5\1\0"
			 "\5\1\0\3\6broker\7\x5b"));
}

static void with_user_and_password(void)
{
	const struct socks_target t = {
		.host = "b", .port = 1, .user = "me", .password = "pass"
	};

	run_to(IO_OK, &t,
	       BYTES_LIT("\5\2"
			 "\1\0"
			 "\5\0\0\3\4hostPPnext"),
	       BYTES_LIT("\5\2\0\2"
			 "\1\2me\4pass"
			 "\5\1\0\3\1b\0\1"));
	/* Offered, but not wanted. */
	run_to(IO_OK, &t,
	       BYTES_LIT("\5\0"
			 "\5\0\0\3\0PPnext"),
	       BYTES_LIT("\5\2\0\2"
			 "\5\1\0\3\1b\0\1"));
}

static void without_a_password(void)
{
	const struct socks_target t = { .host = "b", .port = 1, .user = "u" };

	run_to(IO_OK, &t,
	       BYTES_LIT("\5\2"
			 "\1\0"
			 "\5\0\0\3\0PPnext"),
	       BYTES_LIT("\5\2\0\2"
			 "\1\1u\0"
			 "\5\1\0\3\1b\0\1"));
}

static void addresses(void)
{
	struct socks_target t = { .host = "192.0.2.1", .port = 1 };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	struct sockaddr_in in = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(0x0a000001),
	};

	run_to(IO_WANT_READ, &t, BYTES_LIT("\5\0"),
	       BYTES_LIT("\5\1\0"
			 "\5\1\0\1\xc0\0\2\1\0\1"));
	t.host = "::1";
	run_to(IO_WANT_READ, &t, BYTES_LIT("\5\0"),
	       BYTES_LIT("\5\1\0"
			 "\5\1\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1"
			 "\0\1"));
	t.host = "looked.up.here";
	t.address = (struct sockaddr *)&in;
	run_to(IO_WANT_READ, &t, BYTES_LIT("\5\0"),
	       BYTES_LIT("\5\1\0"
			 "\5\1\0\1\x0a\0\0\1\0\1"));
	in6.sin6_addr = (struct in6_addr)IN6ADDR_LOOPBACK_INIT;
	t.address = (struct sockaddr *)&in6;
	run_to(IO_OK, &t,
	       BYTES_LIT("\5\0"
			 "\5\0\0\4................\0\1"
			 "next"),
	       BYTES_LIT("\5\1\0"
			 "\5\1\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1"
			 "\0\1"));
}

static void refusals(void)
{
	static const struct {
		struct bytes answer;
		const char *user;
		const char *says;
	} cases[] = {
		{ BYTES_LIT("\5\xff"), NULL,
		  "no way to log in that was "
		  "offered: it may want a user and a password" },
		{ BYTES_LIT("\5\xff"), "u",
		  "no way to log in that was "
		  "offered" },
		{ BYTES_LIT("\5\2"), NULL, "no way to log in" },
		{ BYTES_LIT("\5\2\1\1"), "u",
		  "the proxy refused the user "
		  "name or password" },
		{ BYTES_LIT("\5\0\5\5"), NULL,
		  "the proxy cannot connect: "
		  "connection refused (5)" },
		{ BYTES_LIT("\5\0\5\4\0\1"), NULL, "host unreachable (4)" },
		{ BYTES_LIT("\5\0\5\x63\0\1"), NULL, "unknown reason (99)" },
		{ BYTES_LIT("HTTP/1.1 400"), NULL,
		  "the proxy does not speak "
		  "SOCKS 5: it answered 'HT'" },
		{ BYTES_LIT("\4\x5a"), NULL, "does not speak SOCKS 5" },
		{ BYTES_LIT("\5\0\4\0"), NULL, "does not speak SOCKS 5" },
		{ BYTES_LIT("\5\0\5\0\0\7\0"), NULL, "does not speak SOCKS 5" },
		{ BYTES_LIT("\5\0\5\0\0\1\0"), NULL,
		  "the connection was "
		  "closed in the handshake with the SOCKS proxy" },
		{ BYTES_NULL, NULL,
		  "the connection was closed in the "
		  "handshake with the SOCKS proxy" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct socks_target t = {
			.host = "b",
			.port = 1,
			.user = cases[i].user,
			.password = "p",
		};
		struct fake_stream *f = fake_new(cases[i].answer);
		struct stream *s = socks_stream_new(&f->s, &t, NULL);
		struct err e = { 0 };

		f->in_end = IO_EOF;
		is_int(fake_run(s, f, &e), IO_FAIL, "%zu", i);
		is_int(e.kind, ERR_CONNECT, "%zu", i);
		ok(strstr(e.text, cases[i].says), "%s, expected %s", e.text,
		   cases[i].says);
		stream_free(s);
	}
}

static void what_cannot_be_asked_for(void)
{
	char text[300];
	struct socks_target t = { .host = text, .port = 1 };
	struct err e = { 0 };

	memset(text, 'a', 256);
	text[256] = '\0';
	ok(!socks_stream_new(&fake_new(BYTES_NULL)->s, &t, &e));
	is_int(e.kind, ERR_USAGE);
	ok(strstr(e.text, "a host name of 256 bytes"), "%s", e.text);
	t.host = "h";
	t.user = text;
	ok(!socks_stream_new(&fake_new(BYTES_NULL)->s, &t, &e));
	ok(strstr(e.text, "1 to 255 bytes"), "%s", e.text);
	t.user = "";
	ok(!socks_stream_new(&fake_new(BYTES_NULL)->s, &t, &e));
	is_int(e.kind, ERR_USAGE);
}

/* ------------------------------------------------------------ PROXY header */

static void headers(void)
{
	static const struct {
		struct proxy_header_options o;
		struct bytes want;
	} cases[] = {
		{ { PROXY_HEADER_V1, "192.0.2.1:56324", "10.0.0.1:1883" },
		  BYTES_LIT("PROXY TCP4 192.0.2.1 10.0.0.1 56324 1883\r\n") },
		{ { PROXY_HEADER_V1, "[2001:db8::1]:1", "[::1]:65535" },
		  BYTES_LIT("PROXY TCP6 2001:db8::1 ::1 1 65535\r\n") },
		{ { PROXY_HEADER_V1, NULL, NULL },
		  BYTES_LIT("PROXY UNKNOWN\r\n") },
		{ { PROXY_HEADER_V2, "192.0.2.1:256", "10.0.0.1:1883" },
		  BYTES_LIT("\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c"
			    "\xc0\0\2\1\x0a\0\0\1\1\0\7\x5b") },
		{ { PROXY_HEADER_V2, "[::2]:1", "[::1]:2" },
		  BYTES_LIT("\r\n\r\n\0\r\nQUIT\n\x21\x21\0\x24"
			    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\2"
			    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1"
			    "\0\1\0\2") },
		{ { PROXY_HEADER_V2, NULL, NULL },
		  BYTES_LIT("\r\n\r\n\0\r\nQUIT\n\x20\0\0\0") },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fake_stream *f = fake_new(BYTES_NULL);
		struct err e = { 0 };
		struct stream *s = proxy_header_stream_new(&f->s, &cases[i].o,
							   &e);
		size_t n = 0;

		if (!ok(s, "%s", e.text))
			continue;
		f->piece = 5;
		f->waits = true;
		is_int(fake_run(s, f, &e), IO_OK);
		is_bytes(buf_view(&f->out), cases[i].want, "%zu", i);
		f->waits = false;
		buf_clear(&f->out);
		is_int(stream_write(s, "x", 1, &n, &e), IO_OK);
		is_bytes(buf_view(&f->out), BYTES_LIT("x"));
		stream_free(s);
	}
}

static void addresses_of_the_socket(void)
{
	struct sockaddr_in in = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	const struct proxy_header_options o = { PROXY_HEADER_V1, NULL, NULL };
	socklen_t size = sizeof(in);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct fake_stream *f = fake_new(BYTES_NULL);
	struct err e = { 0 };
	char want[80];
	uint16_t port;
	struct stream *s;

	is_int(bind(listener, (struct sockaddr *)&in, size), 0);
	is_int(listen(listener, 1), 0);
	is_int(getsockname(listener, (struct sockaddr *)&in, &size), 0);
	port = ntohs(in.sin_port);
	is_int(connect(fd, (struct sockaddr *)&in, size), 0);
	is_int(getsockname(fd, (struct sockaddr *)&in, &size), 0);
	f->s.fd = fd;
	s = proxy_header_stream_new(&f->s, &o, &e);
	if (ok(s, "%s", e.text)) {
		is_int(fake_run(s, f, &e), IO_OK);
		snprintf(want, sizeof(want),
			 "PROXY TCP4 127.0.0.1 127.0.0.1 "
			 "%u %u\r\n",
			 ntohs(in.sin_port), port);
		is_bytes(buf_view(&f->out), bytes_str(want));
		stream_free(s);
	}
	close(fd);
	close(listener);
}

static void bad_addresses(void)
{
	static const char *const bad[] = {
		"",
		":",
		"1.2.3.4",
		"1.2.3.4:",
		"1.2.3.4:x",
		"1.2.3.4:65536",
		"1.2.3.4:-1",
		"::1:1",
		"[::1]",
		"[::1]1",
		"[]:1",
		"]:1",
		"host.example:1",
		"[1.2.3.4]:1",
		"1.2.3.4 :1",
		"1.2.3.4: 1",
	};
	struct proxy_header_options o = { PROXY_HEADER_V1, NULL, "10.0.0.1:1" };
	struct err e = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		o.source = bad[i];
		e = (struct err){ 0 };
		ok(!proxy_header_stream_new(&fake_new(BYTES_NULL)->s, &o, &e),
		   "%s", bad[i]);
		is_int(e.kind, ERR_USAGE, "%s", bad[i]);
		ok(strstr(e.text, "is not a numeric address with a port"), "%s",
		   e.text);
	}
	o.source = "[::1]:1";
	ok(!proxy_header_stream_new(&fake_new(BYTES_NULL)->s, &o, &e));
	ok(strstr(e.text, "not of one family"), "%s", e.text);
}

TEST_MAIN(T(a_name_for_the_proxy_to_look_up), T(with_user_and_password),
	  T(without_a_password), T(addresses), T(refusals),
	  T(what_cannot_be_asked_for), T(headers), T(addresses_of_the_socket),
	  T(bad_addresses))
