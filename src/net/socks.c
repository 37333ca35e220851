/* SPDX-License-Identifier: MIT */
#include "net/socks.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "base/text.h"

enum {
	SOCKS_VERSION = 5,
	SOCKS_NO_AUTH = 0,
	SOCKS_PASSWORD = 2,
	SOCKS_NO_METHOD = 0xff,
	SOCKS_PASSWORD_VERSION = 1,
	SOCKS_CONNECT = 1,
	SOCKS_IPV4 = 1,
	SOCKS_NAME = 3,
	SOCKS_IPV6 = 4,
	SOCKS_TEXT_MAX = 255,
	/* Four fixed bytes, a name with its length, a port. */
	SOCKS_REPLY_MAX = 4 + 1 + SOCKS_TEXT_MAX + 2,
	SOCKS_OUT_MAX = 4 * 1024,
};

enum socks_state { SOCKS_METHOD, SOCKS_LOGIN, SOCKS_REPLY };

struct socks {
	struct stream s;
	enum socks_state state;
	struct buf out; /* what has to be sent before anything is read */
	struct buf in;  /* the answer as far as it has come */
	struct buf login, request; /* to be sent in their turn */
};

static struct socks *self(struct stream *s)
{
	return CONTAINER_OF(s, struct socks, s);
}

static const char *reply_text(uint8_t code)
{
	static const char *const texts[] = {
		"",
		"general failure",
		"not allowed by its rules",
		"network unreachable",
		"host unreachable",
		"connection refused",
		"time to live expired",
		"command not supported",
		"kind of address not supported",
	};

	return code < ARRAY_SIZE(texts) ? texts[code] : "unknown reason";
}

static enum io fail_version(const struct socks *k, struct err *e)
{
	char shown[64];

	text_visible(shown, sizeof(shown), buf_view(&k->in));
	err_set(e, ERR_CONNECT, 0,
		"the proxy does not speak SOCKS 5: it "
		"answered '%s'",
		shown);
	return IO_FAIL;
}

/* Exactly so many bytes, and none behind them. */
static enum io need(struct socks *k, size_t n, struct err *e)
{
	while (buf_len(&k->in) < n) {
		enum io io = stream_read_buf(k->s.below, &k->in,
					     n - buf_len(&k->in), e);

		if (io != IO_OK)
			return io;
	}
	return IO_OK;
}

static enum io take_method(struct socks *k, struct err *e)
{
	struct bytes in;
	enum io io = need(k, 2, e);

	if (io != IO_OK)
		return io;
	in = buf_view(&k->in);
	if (in.p[0] != SOCKS_VERSION)
		return fail_version(k, e);
	if (in.p[1] == SOCKS_PASSWORD && buf_len(&k->login)) {
		k->state = SOCKS_LOGIN;
		k->out = k->login;
		k->login = (struct buf){ 0 };
	} else if (in.p[1] == SOCKS_NO_AUTH) {
		k->state = SOCKS_REPLY;
		k->out = k->request;
		k->request = (struct buf){ 0 };
	} else {
		err_set(e, ERR_CONNECT, in.p[1],
			"the proxy accepts no way to "
			"log in that was offered%s",
			buf_len(&k->login)
				? ""
				: ": it may want a user and a password");
		return IO_FAIL;
	}
	buf_clear(&k->in);
	return IO_OK;
}

static enum io take_login(struct socks *k, struct err *e)
{
	struct bytes in;
	enum io io = need(k, 2, e);

	if (io != IO_OK)
		return io;
	in = buf_view(&k->in);
	if (in.p[1] != 0) {
		err_set(e, ERR_CONNECT, in.p[1],
			"the proxy refused the user "
			"name or password");
		return IO_FAIL;
	}
	k->state = SOCKS_REPLY;
	k->out = k->request;
	k->request = (struct buf){ 0 };
	buf_clear(&k->in);
	return IO_OK;
}

/* Length of the whole reply by its first five bytes; 0 when it is bad. */
static size_t reply_length(const uint8_t *p)
{
	switch (p[3]) {
	case SOCKS_IPV4:
		return 4 + 4 + 2;
	case SOCKS_IPV6:
		return 4 + 16 + 2;
	case SOCKS_NAME:
		return 4 + 1 + (size_t)p[4] + 2;
	default:
		return 0;
	}
}

static enum io take_reply(struct socks *k, struct err *e)
{
	enum io io = need(k, 2, e);
	const uint8_t *p;
	size_t n;

	if (io != IO_OK)
		return io;
	p = buf_view(&k->in).p;
	if (p[0] != SOCKS_VERSION)
		return fail_version(k, e);
	/* Some proxies say no more than that. */
	if (p[1] != 0) {
		err_set(e, ERR_CONNECT, p[1],
			"the proxy cannot connect: %s "
			"(%u)",
			reply_text(p[1]), (unsigned int)p[1]);
		return IO_FAIL;
	}
	io = need(k, 5, e);
	if (io != IO_OK)
		return io;
	n = reply_length(buf_view(&k->in).p);
	if (!n)
		return fail_version(k, e);
	return need(k, n, e);
}

static enum io socks_step(struct stream *s, struct err *e)
{
	struct socks *k = self(s);
	bool is_last;
	enum io io;

	do {
		io = stream_write_buf(s->below, &k->out, e);
		if (io != IO_OK)
			return io;
		buf_wipe(&k->out);
		is_last = k->state == SOCKS_REPLY;
		if (k->state == SOCKS_METHOD)
			io = take_method(k, e);
		else if (k->state == SOCKS_LOGIN)
			io = take_login(k, e);
		else
			io = take_reply(k, e);
	} while (io == IO_OK && !is_last);
	return io;
}

static void socks_free(struct stream *s)
{
	struct socks *k = self(s);

	buf_wipe(&k->login);
	buf_release(&k->request);
	buf_release(&k->out);
	buf_release(&k->in);
	free(k);
}

static const struct stream_ops socks_ops = {
	.name = "socks5",
	.phase = "the handshake with the SOCKS proxy",
	.failure = ERR_CONNECT,
	.step = socks_step,
	.free = socks_free,
};

/* ------------------------------------------------------------------ set-up */

static int put_text(struct buf *b, const char *text)
{
	size_t n = strlen(text);

	if (buf_append_byte(b, (uint8_t)n) < 0)
		return -1;
	return buf_append(b, bytes_of(text, n));
}

static int put_address(struct buf *b, int family, const void *address)
{
	bool is_v4 = family == AF_INET;

	if (buf_append_byte(b, is_v4 ? SOCKS_IPV4 : SOCKS_IPV6) < 0)
		return -1;
	return buf_append(b, bytes_of(address, is_v4 ? 4 : 16));
}

static int put_sockaddr(struct buf *b, const struct sockaddr *sa)
{
	struct sockaddr_in6 in6;
	struct sockaddr_in in;

	if (sa->sa_family == AF_INET) {
		memcpy(&in, sa, sizeof(in));
		return put_address(b, AF_INET, &in.sin_addr);
	}
	memcpy(&in6, sa, sizeof(in6));
	return put_address(b, AF_INET6, &in6.sin6_addr);
}

static int put_host(struct buf *b, const struct socks_target *t)
{
	uint8_t address[16];

	if (t->address)
		return put_sockaddr(b, t->address);
	if (inet_pton(AF_INET, t->host, address) == 1)
		return put_address(b, AF_INET, address);
	if (inet_pton(AF_INET6, t->host, address) == 1)
		return put_address(b, AF_INET6, address);
	if (buf_append_byte(b, SOCKS_NAME) < 0)
		return -1;
	return put_text(b, t->host);
}

static int compose(struct socks *k, const struct socks_target *t)
{
	const uint8_t methods[] = { SOCKS_VERSION, t->user ? 2 : 1,
				    SOCKS_NO_AUTH, SOCKS_PASSWORD };
	const uint8_t request[] = { SOCKS_VERSION, SOCKS_CONNECT, 0 };
	const uint8_t port[] = { (uint8_t)(t->port >> 8),
				 (uint8_t)(t->port & 0xff) };

	if (buf_append(&k->out, bytes_of(methods, t->user ? 4 : 3)) < 0 ||
	    buf_append(&k->request, bytes_of(request, 3)) < 0 ||
	    put_host(&k->request, t) < 0 ||
	    buf_append(&k->request, bytes_of(port, sizeof(port))) < 0)
		return -1;
	if (!t->user)
		return 0;
	if (buf_append_byte(&k->login, SOCKS_PASSWORD_VERSION) < 0 ||
	    put_text(&k->login, t->user) < 0)
		return -1;
	return put_text(&k->login, t->password ? t->password : "");
}

static int check(const struct socks_target *t, struct err *e)
{
	size_t host = strlen(t->host);
	size_t user = t->user ? strlen(t->user) : 1;
	size_t password = t->password ? strlen(t->password) : 0;

	if (host < 1 || host > SOCKS_TEXT_MAX)
		return err_set(e, ERR_USAGE, 0,
			       "a host name of %zu bytes is "
			       "too long for a SOCKS proxy",
			       host);
	if (user < 1 || user > SOCKS_TEXT_MAX || password > SOCKS_TEXT_MAX)
		return err_set(e, ERR_USAGE, 0,
			       "the user name and password "
			       "of a SOCKS proxy have 1 to 255 bytes");
	return 0;
}

static int set_up(struct socks *k, const struct socks_target *t, struct err *e)
{
	buf_init(&k->out, SOCKS_OUT_MAX);
	buf_init(&k->login, SOCKS_OUT_MAX);
	buf_init(&k->request, SOCKS_OUT_MAX);
	buf_init(&k->in, SOCKS_REPLY_MAX);
	if (check(t, e) < 0)
		return -1;
	return compose(k, t) < 0 ? err_nomem(e) : 0;
}

struct stream *socks_stream_new(struct stream *below,
				const struct socks_target *t, struct err *e)
{
	struct socks *k = calloc(1, sizeof(*k));

	if (!k) {
		err_nomem(e);
		stream_free(below);
		return NULL;
	}
	k->s = (struct stream){ .ops = &socks_ops,
				.below = below,
				.fd = below->fd };
	if (set_up(k, t, e) < 0) {
		stream_free(&k->s);
		return NULL;
	}
	return &k->s;
}
