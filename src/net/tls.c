/* SPDX-License-Identifier: MIT */
#include "net/tls.h"

#include <arpa/inet.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/ssl.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "net/tls_config.h"
#include "net/tls_error.h"
#include "net/tls_layer.h"

enum {
	/* One large read below instead of two small ones for each record:
	 * brokers send a record for each small message. */
	READ_AHEAD = 16 * 1024,
	/* Records are gathered up to this for one write below. */
	WRITE_TARGET = 64 * 1024,
	WRITE_MAX = 2 * WRITE_TARGET,
	/* What mbedTLS is given as the result of a stream that failed; the
	 * stream's own error is what the caller gets. */
	BIO_FAILED = MBEDTLS_ERR_NET_CONN_RESET,
};

static struct tls_layer *self(struct stream *s)
{
	return CONTAINER_OF(s, struct tls_layer, s);
}

/* -------------------------------------------------- between it and below */

/* Records go to a buffer, so that the messages of a handshake leave together
 * and the library never has one half sent: its own way of going on with that
 * reports bytes as sent that were not (see the tests). */
static int bio_send(void *ctx, const unsigned char *p, size_t n)
{
	struct tls_layer *t = ctx;

	if (buf_append(&t->out, bytes_of(p, n)) == 0)
		return (int)n;
	err_nomem(t->err);
	return BIO_FAILED;
}

/* The first bytes tell a port that speaks something else. */
static void keep_first(struct tls_layer *t)
{
	struct bytes got = buf_view(&t->in);

	if (t->first_n)
		return;
	t->first_n = got.n < sizeof(t->first) ? got.n : sizeof(t->first);
	memcpy(t->first, got.p, t->first_n);
}

static int bio_recv(void *ctx, unsigned char *p, size_t n)
{
	struct tls_layer *t = ctx;

	if (buf_len(&t->in) == 0) {
		t->is_blocked = true;
		/* In a handshake the peer waits for what is still here. */
		if (!t->is_established && buf_len(&t->out) > 0)
			return MBEDTLS_ERR_SSL_WANT_READ;
		switch (stream_read_buf(t->s.below, &t->in, READ_AHEAD,
					t->err)) {
		case IO_OK:
			t->is_blocked = false;
			break;
		case IO_WANT_READ:
			return MBEDTLS_ERR_SSL_WANT_READ;
		case IO_WANT_WRITE:
			return MBEDTLS_ERR_SSL_WANT_WRITE;
		case IO_EOF:
			return 0;
		default:
			return BIO_FAILED;
		}
		keep_first(t);
	}
	if (n > buf_len(&t->in))
		n = buf_len(&t->in);
	memcpy(p, buf_view(&t->in).p, n);
	buf_consume(&t->in, n);
	return (int)n;
}

/* ---------------------------------------------------------------- failures */

/*
 * Whether the library is to be called again: a ticket has come (TLS 1.3), or
 * it wants to be without having asked for bytes, between two messages. Left
 * alone it would wait for a socket whose bytes are here already.
 */
static bool is_again(struct tls_layer *t, int result)
{
	if (tls_compat_is_ticket(result)) {
		tls_config_remember(t->config, &t->ssl, t->server);
		return true;
	}
	return result == MBEDTLS_ERR_SSL_WANT_READ && !t->is_blocked;
}

/* In front of whatever calls the library. */
static void begin(struct tls_layer *t, struct err *e)
{
	t->err = e;
	t->is_blocked = false;
}

static void describe(const struct tls_layer *t, int result,
		     struct tls_failure *ret)
{
	*ret = (struct tls_failure){
		.result = result,
		.alert = -1,
		.is_past_hello = tls_compat_is_past_hello(&t->ssl),
		.is_established = t->s.is_up,
		.has_data = t->has_data,
		.is_tls13 = tls_compat_version(&t->ssl) == TLS_1_3,
		.has_cert = tls_config_has_client_cert(t->config),
		.has_psk = tls_config_has_psk(t->config),
		.problems = t->verify.problems,
		.advice = tls_verify_advice(&t->verify),
		.first = bytes_of(t->first, t->first_n),
	};
	if (result == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE)
		ret->alert = tls_compat_alert(&t->ssl);
}

/* The library failed, or the layer below did and e says how. */
static enum io fail(struct tls_layer *t, int result, struct err *e)
{
	struct tls_failure f;

	describe(t, result, &f);
	if (result == BIO_FAILED)
		tls_explain_below(&f, e);
	else
		tls_explain(&f, e);
	if (!t->s.is_up)
		tls_config_forget(t->config, t->server);
	return IO_FAIL;
}

static enum io flush(struct tls_layer *t, struct err *e)
{
	enum io io = stream_write_buf(t->s.below, &t->out, e);

	if (io == IO_OK)
		buf_trim(&t->out);
	return io == IO_FAIL ? fail(t, BIO_FAILED, e) : io;
}

/* What a result below 0 means to the caller, once all has been written that
 * the library had to say about it. */
static enum io finish(struct tls_layer *t, int result, struct err *e)
{
	bool is_wait = result == MBEDTLS_ERR_SSL_WANT_READ ||
		       result == MBEDTLS_ERR_SSL_WANT_WRITE;
	enum io io = IO_OK;

	if (buf_len(&t->out) > 0)
		io = flush(t, is_wait ? e : NULL);
	if (!is_wait)
		return fail(t, result, e);
	if (io != IO_OK)
		return io;
	return result == MBEDTLS_ERR_SSL_WANT_READ ? IO_WANT_READ
						   : IO_WANT_WRITE;
}

/* ------------------------------------------------------------------ stream */

static enum io established(struct tls_layer *t, struct err *e)
{
	const mbedtls_x509_crt *crt = mbedtls_ssl_get_peer_cert(&t->ssl);
	int max = mbedtls_ssl_get_max_out_record_payload(&t->ssl);

	if (max <= 0)
		return fail(t, max, e);
	t->record_max = (size_t)max;
	if (tls_config_check_pins(t->config, crt, e) < 0)
		return IO_FAIL;
	/* A resumed session is kept as it is: a copy would cost more than it
	 * saves. In TLS 1.3 tickets come later. */
	if (!tls_is_resumed(t))
		tls_config_remember(t->config, &t->ssl, t->server);
	t->is_established = true;
	return IO_OK;
}

static enum io tls_step(struct stream *s, struct err *e)
{
	struct tls_layer *t = self(s);
	enum io io = IO_OK;
	int result = 0;

	begin(t, e);
	if (!t->is_established) {
		do
			result = mbedtls_ssl_handshake(&t->ssl);
		while (is_again(t, result));
		if (result == 0)
			io = established(t, e);
		else
			io = finish(t, result, e);
		buf_trim(&t->in);
	}
	return io == IO_OK ? flush(t, e) : io;
}

static enum io tls_read(struct stream *s, void *p, size_t n, size_t *ret_n,
			struct err *e)
{
	struct tls_layer *t = self(s);
	int result;

	begin(t, e);
	do
		result = mbedtls_ssl_read(&t->ssl, p, n);
	while (is_again(t, result));
	buf_trim(&t->in);
	if (result > 0) {
		t->has_data = true;
		*ret_n = (size_t)result;
		return IO_OK;
	}
	if (result == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY)
		return IO_EOF;
	return finish(t, result, e);
}

/* A server that dislikes our certificate in TLS 1.3 says so after its part
 * of the handshake; a write finds the connection closed, and only a read
 * gets to see why. */
static void read_last_words(struct tls_layer *t, struct err *e)
{
	unsigned char c;

	begin(t, NULL);
	buf_clear(&t->out);
	if (!t->has_data && mbedtls_ssl_read(&t->ssl, &c, 1) ==
				    MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE)
		fail(t, MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE, e);
}

/* Makes records of the bytes, up to the target; how many, or below 0. */
static int make_records(struct tls_layer *t, const uint8_t *p, size_t n)
{
	size_t done = 0;

	while (done < n && buf_len(&t->out) < WRITE_TARGET) {
		size_t part = n - done < t->record_max ? n - done
						       : t->record_max;
		int result = mbedtls_ssl_write(&t->ssl, p + done, part);

		if (is_again(t, result))
			continue;
		if (result <= 0)
			return done ? (int)done : result;
		done += (size_t)result;
	}
	return (int)done;
}

/* Bytes whose records have not left yet are not reported as written: that
 * is how the caller knows that it has to come back. */
static enum io tls_write(struct stream *s, const void *p, size_t n,
			 size_t *ret_n, struct err *e)
{
	struct tls_layer *t = self(s);
	enum io io;

	begin(t, e);
	if (!t->pending_n) {
		int result = make_records(t, p, n);

		if (result < 0)
			return finish(t, result, e);
		t->pending_n = (size_t)result;
	}
	io = flush(t, e);
	if (io == IO_FAIL)
		read_last_words(t, e);
	if (io != IO_OK)
		return io;
	*ret_n = t->pending_n;
	t->pending_n = 0;
	return IO_OK;
}

static bool tls_has_pending(const struct stream *s)
{
	const struct tls_layer *t = CONTAINER_OF(s, const struct tls_layer, s);

	return buf_len(&t->in) > 0 || mbedtls_ssl_check_pending(&t->ssl);
}

static enum io tls_shutdown(struct stream *s, struct err *e)
{
	struct tls_layer *t = self(s);

	begin(t, e);
	if (!s->is_up)
		return IO_OK; /* there is nobody to say goodbye to */
	if (!t->is_goodbye_made) {
		int result = mbedtls_ssl_close_notify(&t->ssl);

		if (result != 0)
			return fail(t, result, e);
		t->is_goodbye_made = true;
	}
	return flush(t, e);
}

static void tls_free(struct stream *s)
{
	struct tls_layer *t = self(s);

	mbedtls_ssl_free(&t->ssl);
	tls_config_release(t->config);
	buf_release(&t->in);
	buf_release(&t->out);
	free(t->host);
	free(t->server);
	free(t);
}

static const struct stream_ops tls_ops = {
	.name = "tls",
	.phase = "the TLS handshake",
	.failure = ERR_TLS,
	.step = tls_step,
	.read = tls_read,
	.write = tls_write,
	.has_pending = tls_has_pending,
	.shutdown = tls_shutdown,
	.free = tls_free,
};

const struct tls_layer *tls_find(const struct stream *top)
{
	for (; top; top = top->below)
		if (top->ops == &tls_ops)
			return CONTAINER_OF(top, const struct tls_layer, s);
	return NULL;
}

bool tls_is_resumed(const struct tls_layer *t)
{
	return t->has_offered && !t->verify.was_asked;
}

/* ------------------------------------------------------------------ set-up */

static bool is_address(const char *host)
{
	struct in6_addr ignored;

	return inet_pton(AF_INET, host, &ignored) == 1 || strchr(host, ':');
}

/* No server name for addresses (RFC 6066 section 3), and none with the final
 * dot of an absolute name. */
static int set_server_name(struct tls_layer *t, struct err *e)
{
	const char *sni = tls_config_sni(t->config);
	const char *name = sni ? sni : t->host;
	char text[MBEDTLS_SSL_MAX_HOST_NAME_LEN + 1] = "";
	size_t n = strlen(name);

	if (n > 1 && name[n - 1] == '.')
		n--;
	if (!n || n >= sizeof(text))
		return err_set(e, ERR_USAGE, 0,
			       "'%s' cannot be the name of a "
			       "TLS server: it is %zu bytes long",
			       name, n);
	memcpy(text, name, n);
	/* The library compares certificates with it as well; the verdict is
	 * that of tls_verify_certificate(). */
	if (mbedtls_ssl_set_hostname(&t->ssl, is_address(text) ? NULL : text) !=
	    0)
		return err_nomem(e);
	return 0;
}

static int set_peer(struct tls_layer *t, const struct tls_peer *peer,
		    struct err *e)
{
	size_t size = strlen(peer->name) + sizeof(":65535");

	t->host = strdup(peer->name);
	t->server = malloc(size);
	if (!t->host || !t->server)
		return err_nomem(e);
	snprintf(t->server, size, "%s:%u", peer->name,
		 (unsigned int)peer->port);
	t->verify.host = t->host;
	t->verify.trust = tls_config_trust(t->config);
	t->verify.any_host = tls_config_any_host(t->config);
	return set_server_name(t, e);
}

static int set_up(struct tls_layer *t, const struct tls_peer *peer,
		  struct err *e)
{
	if (mbedtls_ssl_setup(&t->ssl, tls_config_ssl(t->config)) != 0)
		return err_nomem(e);
	if (set_peer(t, peer, e) < 0)
		return -1;
	mbedtls_ssl_set_verify(&t->ssl, tls_verify_certificate, &t->verify);
	mbedtls_ssl_set_bio(&t->ssl, t, bio_send, bio_recv, NULL);
	t->has_offered = tls_config_prepare(t->config, &t->ssl, t->server);
	return 0;
}

struct stream *tls_stream_new(struct stream *below, struct tls_config *c,
			      const struct tls_peer *peer, struct err *e)
{
	struct tls_layer *t = calloc(1, sizeof(*t));

	if (!t) {
		err_nomem(e);
		stream_free(below);
		return NULL;
	}
	t->s = (struct stream){ .ops = &tls_ops,
				.below = below,
				.fd = below->fd };
	t->config = tls_config_share(c);
	buf_init(&t->in, READ_AHEAD);
	buf_init(&t->out, WRITE_MAX);
	mbedtls_ssl_init(&t->ssl);
	if (set_up(t, peer, e) < 0) {
		stream_free(&t->s);
		return NULL;
	}
	return &t->s;
}
