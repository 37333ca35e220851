/* SPDX-License-Identifier: MIT */
#include "net/http_connect.h"

#include <stdlib.h>

#include "base/text.h"
#include "net/http.h"

enum { REQUEST_MAX = 8 * 1024 };

struct http_connect {
	struct stream s;
	struct buf out; /* the request, as far as it has to be sent */
	struct buf in;  /* the head of the answer, as far as it has come */
};

static struct http_connect *self(struct stream *s)
{
	return CONTAINER_OF(s, struct http_connect, s);
}

static enum io fail_answer(struct bytes answer, struct err *e)
{
	char shown[64];

	text_visible(shown, sizeof(shown), answer);
	err_set(e, ERR_CONNECT, 0,
		"the proxy does not speak HTTP: it "
		"answered '%s'",
		shown);
	return IO_FAIL;
}

static enum io check(struct bytes head, struct err *e)
{
	char shown[2 * HTTP_SHOWN_SIZE + 32];
	struct http_head h;

	if (http_parse(head, &h) < 0)
		return fail_answer(head, e);
	if (h.status / 100 == 2)
		return IO_OK;
	http_show(&h, shown, sizeof(shown));
	err_set(e, ERR_CONNECT, h.status,
		"the proxy refused the tunnel: "
		"'%s'%s",
		shown,
		h.status == 407 ? ": it wants a user and a password, or others"
				: "");
	return IO_FAIL;
}

/* Byte by byte, so that nothing behind the head is taken that belongs to
 * the layer above: it is a hundred bytes, once. */
static enum io http_connect_step(struct stream *s, struct err *e)
{
	struct http_connect *k = self(s);
	enum io io = stream_write_buf(s->below, &k->out, e);

	while (io == IO_OK && !http_head_length(buf_view(&k->in))) {
		if (buf_len(&k->in) && (!http_may_be_head(buf_view(&k->in)) ||
					buf_len(&k->in) == HTTP_HEAD_MAX))
			return fail_answer(buf_view(&k->in), e);
		io = stream_read_buf(s->below, &k->in, 1, e);
	}
	return io == IO_OK ? check(buf_view(&k->in), e) : io;
}

static void http_connect_free(struct stream *s)
{
	struct http_connect *k = self(s);

	buf_wipe(&k->out);
	buf_release(&k->in);
	free(k);
}

static const struct stream_ops http_connect_ops = {
	.name = "http-connect",
	.phase = "the handshake with the HTTP proxy",
	.failure = ERR_CONNECT,
	.step = http_connect_step,
	.free = http_connect_free,
};

static int compose(struct buf *out, const struct http_connect_target *t)
{
	bool is_v6 = strchr(t->host, ':') != NULL;
	const char *open = is_v6 ? "[" : "", *close = is_v6 ? "]" : "";

	if (buf_printf(out,
		       "CONNECT %s%s%s:%u HTTP/1.1\r\n"
		       "Host: %s%s%s:%u\r\n",
		       open, t->host, close, (unsigned int)t->port, open,
		       t->host, close, (unsigned int)t->port) < 0)
		return -1;
	if ((t->user || t->password) &&
	    http_add_basic(out, "Proxy-Authorization", t->user, t->password) <
		    0)
		return -1;
	return buf_append_str(out, "\r\n");
}

/* The host goes into a line of the request. */
static int check_host(const char *host, struct err *e)
{
	for (const char *c = host; *c; c++)
		if ((unsigned char)*c <= ' ' || *c == 0x7f)
			return err_set(e, ERR_USAGE, 0,
				       "the host name has a "
				       "blank or control character");
	return 0;
}

struct stream *http_connect_stream_new(struct stream *below,
				       const struct http_connect_target *t,
				       struct err *e)
{
	struct http_connect *k = calloc(1, sizeof(*k));

	if (!k) {
		err_nomem(e);
		stream_free(below);
		return NULL;
	}
	k->s = (struct stream){ .ops = &http_connect_ops,
				.below = below,
				.fd = below->fd };
	buf_init(&k->out, REQUEST_MAX);
	buf_init(&k->in, HTTP_HEAD_MAX);
	if (check_host(t->host, e) < 0 ||
	    (compose(&k->out, t) < 0 && err_nomem(e) < 0)) {
		stream_free(&k->s);
		return NULL;
	}
	return &k->s;
}
