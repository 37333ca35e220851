/* SPDX-License-Identifier: MIT */
/* TLS as a stream: bytes in pieces, ends of all kinds, sessions, files that
 * change. */
#include "net/tls.h"

#include <fcntl.h>
#include <mbedtls/ssl_ticket.h>

#include "tls_peer.h"

/* A connection that is up, to the server "server.crt". */
struct link {
	struct server server;
	struct tls_options options;
	struct choppy *choppy;
	struct stream *client;
};

static bool link_open(struct link *l, size_t piece)
{
	struct client c = { .options = &l->options, .piece = piece };
	struct err e = { 0 };

	server_init(&l->server, "server.crt", "server.key");
	l->options = (struct tls_options){ .ca_file = cert("ca.crt") };
	l->client = client_new(&c, &l->server, &l->choppy, &e);
	return ok(l->client, "%s", e.text) &&
	       is_int(handshake(l->client, &l->server, &e), IO_OK, "%s",
		      e.text) &&
	       ok(l->server.is_up);
}

static void link_close(struct link *l)
{
	stream_free(l->client);
	server_release(&l->server);
}

/* Writes all, over and over as a caller would: the rest from the first byte
 * that was not taken. */
static size_t send_some(struct stream *s, const uint8_t *p, size_t n,
			struct err *e)
{
	size_t sent = 0, part;

	while (sent < n) {
		enum io io = stream_write(s, p + sent, n - sent, &part, e);

		if (io != IO_OK)
			break;
		sent += part;
	}
	return sent;
}

static void fill(uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(i * 7 + i / 251);
}

enum { LARGE = 300000 };

static uint8_t out[LARGE], in[LARGE + 1];

static void to_server(struct link *l, size_t n)
{
	size_t sent = 0, got = 0, part;
	struct err e = { 0 };

	memset(in, 0, sizeof(in));
	for (int i = 0; i < 2000000 && got < n; i++) {
		sent += send_some(l->client, out + sent, n - sent, &e);
		server_read(&l->server, in + got, sizeof(in) - got, &part);
		got += part;
	}
	is_mem(in, got, out, n, "sent %zu: %s", sent, e.text);
}

static void to_client(struct link *l, size_t n)
{
	size_t sent = 0, got = 0, part;
	struct err e = { 0 };

	memset(in, 0, sizeof(in));
	for (int i = 0; i < 2000000 && got < n; i++) {
		int result = sent < n ? mbedtls_ssl_write(&l->server.ssl,
							  out + sent, n - sent)
				      : 0;

		sent += result > 0 ? (size_t)result : 0;
		if (stream_read(l->client, in + got, sizeof(in) - got, &part,
				&e) == IO_OK)
			got += part;
	}
	is_mem(in, got, out, n, "sent %zu: %s", sent, e.text);
}

static void both_ways(void)
{
	static const size_t pieces[] = { 0, 4096, 1000 };
	struct link l;

	fill(out, sizeof(out));
	for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
		if (link_open(&l, pieces[i])) {
			to_server(&l, LARGE);
			to_client(&l, LARGE);
		}
		link_close(&l);
	}
}

static void one_byte_at_a_time(void)
{
	struct link l;

	fill(out, sizeof(out));
	if (link_open(&l, 1)) {
		to_server(&l, 20000);
		to_client(&l, 20000);
	}
	link_close(&l);
}

/* The trap: the socket takes no more, the caller comes back with the same
 * bytes and others behind them, and all must arrive exactly once. */
static void a_longer_retry_sends_nothing_twice(void)
{
	struct err e = { 0 };
	size_t n = 0, got = 0;
	struct link l;

	fill(out, sizeof(out));
	if (link_open(&l, 3)) {
		is_int(stream_write(l.client, out, 4, &n, &e), IO_WANT_WRITE);
		while (stream_write(l.client, out, 8, &n, &e) != IO_OK)
			;
		is_int(n, 4, "only what was given at first");
		while (stream_write(l.client, out + 4, 4, &n, &e) != IO_OK)
			;
		is_int(n, 4);
		server_read(&l.server, in, sizeof(in), &got);
		is_mem(in, got, out, 8);
	}
	link_close(&l);
}

static void pending_bytes_are_told(void)
{
	struct err e = { 0 };
	size_t n = 0;
	struct link l;

	if (link_open(&l, 0)) {
		ok(!stream_has_pending(l.client));
		is_int(mbedtls_ssl_write(&l.server.ssl, out, 100), 100);
		is_int(mbedtls_ssl_write(&l.server.ssl, out, 100), 100);
		is_int(stream_read(l.client, in, 1, &n, &e), IO_OK);
		ok(stream_has_pending(l.client), "the rest of the record");
		is_int(stream_read(l.client, in, 99, &n, &e), IO_OK);
		is_int(n, 99);
		ok(stream_has_pending(l.client), "a record read ahead");
		is_int(stream_read(l.client, in, 100, &n, &e), IO_OK);
		is_int(stream_read(l.client, in, 1, &n, &e), IO_WANT_READ);
		ok(!stream_has_pending(l.client));
	}
	link_close(&l);
}

static void goodbyes(void)
{
	struct err e = { 0 };
	size_t n = 0;
	struct link l;

	if (link_open(&l, 2)) {
		enum io io;

		while ((io = stream_shutdown(l.client, &e)) == IO_WANT_WRITE)
			;
		is_int(io, IO_OK, "%s", e.text);
		is_int(stream_shutdown(l.client, &e), IO_OK, "again");
		is_int(server_read(&l.server, in, 1, &n),
		       MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY);
		is_int(mbedtls_ssl_close_notify(&l.server.ssl), 0);
		while ((io = stream_read(l.client, in, 1, &n, &e)) ==
		       IO_WANT_READ)
			;
		is_int(io, IO_EOF);
	}
	link_close(&l);
}

static void an_end_without_goodbye_is_an_error(void)
{
	struct err e = { 0 };
	size_t n = 0;
	struct link l;

	if (link_open(&l, 0)) {
		is_int(mbedtls_ssl_write(&l.server.ssl, out, 10), 10);
		server_close(&l.server);
		is_int(stream_read(l.client, in, 10, &n, &e), IO_OK);
		is_int(stream_read(l.client, in, 10, &n, &e), IO_FAIL);
		is_int(e.kind, ERR_LOST);
		ok(strstr(e.text, "without the goodbye of TLS"), "%s", e.text);
		is_int(stream_write(l.client, out, 1, &n, &e), IO_FAIL);
		is_int(e.kind, ERR_LOST);
	}
	link_close(&l);
}

static void damaged_records_are_refused(void)
{
	static const uint8_t record[] = { 0x17, 3,  3,  0,  24, 1,  2,  3,
					  4,    5,  6,  7,  8,  9,  10, 11,
					  12,   13, 14, 15, 16, 17, 18, 19,
					  20,   21, 22, 23, 24 };
	struct err e = { 0 };
	size_t n = 0;
	struct link l;

	if (link_open(&l, 0)) {
		is_int(write(l.server.fd, record, sizeof(record)),
		       sizeof(record));
		is_int(stream_read(l.client, in, 10, &n, &e), IO_FAIL);
		is_int(e.kind, ERR_TLS);
		ok(strstr(e.text, "the server broke the TLS protocol: "), "%s",
		   e.text);
	}
	link_close(&l);
}

/* Cut after each so many bytes of what the server says. */
static void a_cut_anywhere_in_the_handshake(void)
{
	struct server v;
	struct tls_options o = { .ca_file = cert("ca.crt") };
	struct tls_cache *cache = tls_cache_new();
	struct client c = { .options = &o, .cache = cache };
	enum io io = IO_FAIL;
	size_t cut;

	server_init(&v, "server.crt", "server.key");
	for (cut = 0; io == IO_FAIL && cut < 5000; cut += 61) {
		struct choppy *choppy = NULL;
		struct err e = { 0 };
		struct stream *s = client_new(&c, &v, &choppy, &e);

		if (!ok(s, "%s", e.text))
			break;
		choppy->left = cut;
		io = handshake(s, &v, &e);
		if (io == IO_FAIL) {
			is_int(e.kind, ERR_TLS);
			ok(strstr(e.text, cut ? "in the middle of the TLS "
						"handshake"
					      : "does this port speak TLS?"),
			   "%zu: %s", cut, e.text);
		}
		stream_free(s);
		server_close(&v);
	}
	is_int(io, IO_OK, "in the end it is long enough");
	ok(cut > 500);
	server_release(&v);
	tls_cache_free(cache);
}

/* What a port says that speaks something else, or nothing. */
static void answers_that_are_not_tls(void)
{
	static const struct {
		const char *answer;
		size_t n;
		const char *says;
	} cases[] = {
		{ "", 0, "does this port speak TLS?" },
		{ "HTTP/1.1 400 Bad Request\r\n", 26,
		  "this port does not "
		  "speak TLS: it answered 'HTTP/1.1 400 Bad Request" },
		{ " \x02\0\x05", 4,
		  "this port does not speak TLS: it "
		  "answered ' \\x02" },
		{ "\x15\3\1\0\2\2\x46", 7,
		  "protocol version (alert 70): it "
		  "takes none of the TLS versions offered" },
		{ "\x15\3\3\0\2\2\x28", 7,
		  "handshake failure (alert 40): no "
		  "TLS version or cipher suite in common" },
		{ "\x15\3\3\0\2\2\x70", 7,
		  "unrecognized name (alert 112): "
		  "it has no certificate for this server name" },
		{ "\x16\3\3\0\4\2\0\0", 8,
		  "in the middle of the TLS "
		  "handshake" },
		{ "\x16\3\3\0\4\2\0\0\0", 9, "the TLS handshake failed: " },
	};
	struct tls_options o = { .ca_file = cert("ca.crt") };
	struct client c = { .options = &o };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct server v;
		struct err e = { 0 };
		struct stream *s;

		server_init(&v, NULL, NULL);
		s = client_new(&c, &v, NULL, &e);
		if (ok(s, "%s", e.text)) {
			is_int(stream_step(s, &e), IO_WANT_READ);
			is_int(write(v.fd, cases[i].answer, cases[i].n),
			       (intmax_t)cases[i].n);
			shutdown(v.fd, SHUT_WR);
			while (stream_step(s, &e) == IO_WANT_READ)
				;
			is_int(e.kind, ERR_TLS, "%zu", i);
			ok(strstr(e.text, cases[i].says), "%zu: %s", i, e.text);
			stream_free(s);
		}
		server_release(&v);
	}
}

static void unfinished_is_named(void)
{
	struct tls_options o = { .ca_file = cert("ca.crt") };
	struct client c = { .options = &o };
	struct err e = { 0 };
	struct server v;
	struct stream *s;

	server_init(&v, NULL, NULL);
	s = client_new(&c, &v, NULL, &e);
	if (ok(s, "%s", e.text)) {
		is_int(stream_step(s, &e), IO_WANT_READ);
		is_str(stream_unfinished(s)->phase, "the TLS handshake");
		is_int(stream_unfinished(s)->failure, ERR_TLS);
		stream_free(s);
	}
	server_release(&v);
}

/* --------------------------------------------------------------- sessions */

/* With a cache the second handshake may be short; the server's side of that
 * is a ticket, for which it needs a key. */
static bool connect_once(struct client *c, struct server *v, bool *ret_short)
{
	struct err e = { 0 };
	struct stream *s = client_new(c, v, NULL, &e);
	struct tls_info info;
	size_t n;
	bool is_ok = ok(s, "%s", e.text) &&
		     is_int(handshake(s, v, &e), IO_OK, "%s", e.text) &&
		     is_int(tls_get_info(s, &info, &e), 0, "%s", e.text);

	if (is_ok) {
		*ret_short = info.is_resumed;
		tls_info_release(&info);
		/* In TLS 1.3 the ticket comes now. */
		is_int(mbedtls_ssl_write(&v->ssl, out, 1), 1);
		is_int(stream_read(s, in, 1, &n, &e), IO_OK, "%s", e.text);
	}
	stream_free(s);
	server_close(v);
	return is_ok;
}

static void touch(const char *path)
{
	const struct timespec times[2] = { { .tv_sec = 1000 },
					   { .tv_sec = 1000 } };

	is_int(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void sessions_last_as_long_as_the_files(void)
{
	struct tls_options o = { .ca_file = cert("ca.crt") };
	struct client c = { .options = &o, .cache = tls_cache_new() };
	mbedtls_ssl_ticket_context tickets;
	bool is_short = true;
	struct server v;

	server_init(&v, "server.crt", "server.key");
	mbedtls_ssl_ticket_init(&tickets);
	is_int(mbedtls_ssl_ticket_setup(&tickets, tls_compat_random, NULL,
					MBEDTLS_CIPHER_AES_256_GCM, 3600),
	       0);
	mbedtls_ssl_conf_session_tickets_cb(&v.conf, mbedtls_ssl_ticket_write,
					    mbedtls_ssl_ticket_parse, &tickets);
	connect_once(&c, &v, &is_short);
	ok(!is_short, "the first");
	connect_once(&c, &v, &is_short);
	ok(is_short, "the second");
	c.host = "127.0.0.1";
	connect_once(&c, &v, &is_short);
	ok(!is_short, "another server");
	c.host = NULL;
	touch(o.ca_file);
	connect_once(&c, &v, &is_short);
	ok(!is_short, "a file has changed");
	connect_once(&c, &v, &is_short);
	ok(is_short, "and stays as it is");
	o.no_verify_host = true;
	connect_once(&c, &v, &is_short);
	ok(!is_short, "an option has changed");
	mbedtls_ssl_ticket_free(&tickets);
	server_release(&v);
	tls_cache_free(c.cache);
}

static void a_bad_file_after_a_good_one(void)
{
	struct tls_options o = { .ca_file = cert("ca.crt") };
	struct tls_cache *cache = tls_cache_new();
	struct tls_config *first, *again;
	struct err e = { 0 };

	first = tls_cache_get(cache, &o, &e);
	again = tls_cache_get(cache, &o, &e);
	ok(first && first == again, "shared");
	tls_config_release(again);
	o.ca_file = cert("gone.crt");
	ok(!tls_cache_get(cache, &o, &e));
	is_int(e.kind, ERR_LOCAL);
	o.ca_file = cert("ca.crt");
	again = tls_cache_get(cache, &o, &e);
	ok(again == first, "what was good is still there");
	tls_cache_free(cache);
	tls_config_release(again);
	ok(tls_config_ssl(first), "outlives the cache");
	tls_config_release(first);
}

TEST_MAIN(T(both_ways), T(one_byte_at_a_time),
	  T(a_longer_retry_sends_nothing_twice), T(pending_bytes_are_told),
	  T(goodbyes), T(an_end_without_goodbye_is_an_error),
	  T(damaged_records_are_refused), T(a_cut_anywhere_in_the_handshake),
	  T(answers_that_are_not_tls), T(unfinished_is_named),
	  T(sessions_last_as_long_as_the_files), T(a_bad_file_after_a_good_one))
