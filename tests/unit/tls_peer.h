/* SPDX-License-Identifier: MIT */
/*
 * What the TLS tests share: a server (tls_server.h) in the same thread at
 * the other end of a socket pair, and a layer that hands bytes through in
 * small pieces.  Included once by each test.
 */
#ifndef TLS_PEER_H
#define TLS_PEER_H

#include <sys/stat.h>

#include "base/clock.h"
#include "net/socket.h"
#include "net/tls.h"
#include "net/tls_cache.h"
#include "net/tls_config.h"
#include "net/tls_info.h"
#include "tls_server.h"

/* ----------------------------------------------------------- small pieces */

/* Every second call is told to wait; the others move at most `piece` bytes.
 * After `left` bytes read, the peer is gone. */
struct choppy {
	struct stream s;
	size_t piece;
	size_t left;
	unsigned int reads, writes;
};

static inline enum io choppy_read(struct stream *s, void *p, size_t n,
				  size_t *ret_n, struct err *e)
{
	struct choppy *c = CONTAINER_OF(s, struct choppy, s);
	enum io io;

	if (c->left == 0)
		return IO_EOF;
	if (c->piece != SIZE_MAX && c->reads++ % 2 == 0)
		return IO_WANT_READ;
	n = n < c->piece ? n : c->piece;
	n = n < c->left ? n : c->left;
	io = stream_read(s->below, p, n, ret_n, e);
	if (io == IO_OK)
		c->left -= *ret_n;
	return io;
}

static inline enum io choppy_write(struct stream *s, const void *p, size_t n,
				   size_t *ret_n, struct err *e)
{
	struct choppy *c = CONTAINER_OF(s, struct choppy, s);

	if (c->piece != SIZE_MAX && c->writes++ % 2 == 0)
		return IO_WANT_WRITE;
	return stream_write(s->below, p, n < c->piece ? n : c->piece, ret_n, e);
}

static inline void choppy_free(struct stream *s)
{
	free(CONTAINER_OF(s, struct choppy, s));
}

static const struct stream_ops choppy_ops = {
	.name = "choppy",
	.read = choppy_read,
	.write = choppy_write,
	.free = choppy_free,
};

/* ------------------------------------------------------------------ client */

/* One end of a pair for the server, a choppy socket for the client. */
static inline struct stream *pair_with(struct server *v, size_t piece,
				       struct choppy **ret_choppy)
{
	static const struct socket_options o = { 0 };
	struct choppy *c = calloc(1, sizeof(*c));
	int fds[2];

	if (!c || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		abort();
	server_open(v, fds[1]);
	c->piece = piece;
	c->left = SIZE_MAX;
	c->s = (struct stream){
		.ops = &choppy_ops,
		.below = socket_stream_new(fds[0], &o, NULL),
		.fd = fds[0],
	};
	if (ret_choppy)
		*ret_choppy = c;
	return &c->s;
}

struct client {
	const struct tls_options *options;
	struct tls_cache *cache; /* NULL: none */
	const char *host;        /* NULL: "localhost" */
	size_t piece;            /* 0: all at once */
};

static inline struct stream *client_new(const struct client *c,
					struct server *v,
					struct choppy **ret_choppy,
					struct err *e)
{
	const struct tls_peer peer = {
		.name = c->host ? c->host : "localhost",
		.port = 8883,
	};
	struct tls_config *config = tls_cache_get(c->cache, c->options, e);
	struct stream *s;

	if (!config)
		return NULL;
	s = tls_stream_new(pair_with(v, c->piece ? c->piece : SIZE_MAX,
				     ret_choppy),
			   config, &peer, e);
	tls_config_release(config);
	return s;
}

/* Both sides in turn, to the end of the client's handshake. */
static inline enum io handshake(struct stream *s, struct server *v,
				struct err *e)
{
	enum io io = IO_WANT_READ;

	for (int i = 0; i < 100000; i++) {
		io = stream_step(s, e);
		if (io != IO_WANT_READ && io != IO_WANT_WRITE)
			break;
		server_turn(v);
	}
	for (int i = 0; i < 10 && io == IO_OK && !v->is_up; i++)
		server_turn(v);
	return io;
}

#endif
