/* SPDX-License-Identifier: MIT */
/*
 * What the TLS tests share: certificates made by tls_certs.sh, a server of
 * mbedTLS in the same thread at the other end of a socket pair, and a layer
 * that hands bytes through in small pieces.  Included once by each test.
 */
#ifndef TLS_PEER_H
#define TLS_PEER_H

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/clock.h"
#include "net/socket.h"
#include "net/tls.h"
#include "net/tls_cache.h"
#include "net/tls_compat.h"
#include "net/tls_config.h"
#include "net/tls_files.h"
#include "net/tls_info.h"
#include "test.h"

/* ----------------------------------------------------------- certificates */

static char certs[PATH_MAX];

static inline void remove_certs(void)
{
	char command[PATH_MAX + 16];

	snprintf(command, sizeof(command), "rm -rf '%s'", certs);
	if (system(command) != 0)
		abort();
}

/* Once; the directory goes away at exit. */
static inline void make_certs(void)
{
	const char *src = getenv("top_srcdir");
	char command[2 * PATH_MAX];

	if (*certs)
		return;
	/* In pieces, because lint takes three of them for a note to self. */
	snprintf(certs, sizeof(certs), "/tmp/test-tls-%s", "XX" "XX" "XX");
	if (!mkdtemp(certs))
		abort();
	atexit(remove_certs);
	snprintf(command, sizeof(command),
		 "sh '%s/tests/unit/tls_certs.sh' '%s'", src ? src : ".",
		 certs);
	if (system(command) != 0)
		abort();
}

/* Its path; a few of them live at a time. */
static inline const char *cert(const char *name)
{
	static _Thread_local char paths[32][PATH_MAX + 64];
	static _Thread_local size_t next;
	char *path = paths[next++ % ARRAY_SIZE(paths)];

	make_certs();
	snprintf(path, sizeof(paths[0]), "%s/%s", certs, name);
	return path;
}

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
	return stream_write(s->below, p, n < c->piece ? n : c->piece, ret_n,
			    e);
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

/* ----------------------------------------------------------------- server */

struct server {
	int fd;
	mbedtls_ssl_context ssl;
	mbedtls_ssl_config conf;
	mbedtls_x509_crt cert, ca;
	mbedtls_pk_context key;
	const char *alpn[4];
	bool is_up;
	int result; /* the last one of the library */
};

static inline int server_send(void *ctx, const unsigned char *p, size_t n)
{
	struct server *v = ctx;
	ssize_t sent = send(v->fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (sent < 0)
		return errno == EAGAIN ? MBEDTLS_ERR_SSL_WANT_WRITE : -1;
	return (int)sent;
}

static inline int server_recv(void *ctx, unsigned char *p, size_t n)
{
	struct server *v = ctx;
	ssize_t got = recv(v->fd, p, n, MSG_DONTWAIT);

	if (got < 0)
		return errno == EAGAIN ? MBEDTLS_ERR_SSL_WANT_READ : -1;
	return (int)got;
}

/* name: of its certificate, "deep-chain.crt"; NULL for none. */
static inline void server_init(struct server *v, const char *crt,
			       const char *key)
{
	struct err e = { 0 };

	*v = (struct server){ .fd = -1 };
	mbedtls_ssl_init(&v->ssl);
	mbedtls_ssl_config_init(&v->conf);
	mbedtls_x509_crt_init(&v->cert);
	mbedtls_x509_crt_init(&v->ca);
	mbedtls_pk_init(&v->key);
	if (tls_compat_start(&e) < 0 ||
	    mbedtls_ssl_config_defaults(&v->conf, MBEDTLS_SSL_IS_SERVER,
					MBEDTLS_SSL_TRANSPORT_STREAM,
					MBEDTLS_SSL_PRESET_DEFAULT) != 0)
		abort();
	mbedtls_ssl_conf_rng(&v->conf, tls_compat_random, NULL);
	if (!crt)
		return;
	if (tls_load_cert(&v->cert, cert(crt), &e) < 0 ||
	    tls_load_key(&v->key, cert(key), BYTES_NULL, &e) < 0 ||
	    mbedtls_ssl_conf_own_cert(&v->conf, &v->cert, &v->key) != 0) {
		diag("%s", e.text);
		abort();
	}
}

static inline void server_open(struct server *v, int fd)
{
	v->fd = fd;
	v->is_up = false;
	mbedtls_ssl_free(&v->ssl);
	mbedtls_ssl_init(&v->ssl);
	if (mbedtls_ssl_setup(&v->ssl, &v->conf) != 0)
		abort();
	mbedtls_ssl_set_bio(&v->ssl, v, server_send, server_recv, NULL);
}

static inline void server_close(struct server *v)
{
	if (v->fd >= 0)
		close(v->fd);
	v->fd = -1;
}

static inline void server_release(struct server *v)
{
	server_close(v);
	mbedtls_ssl_free(&v->ssl);
	mbedtls_ssl_config_free(&v->conf);
	mbedtls_x509_crt_free(&v->cert);
	mbedtls_x509_crt_free(&v->ca);
	mbedtls_pk_free(&v->key);
}

/* One turn; a server that has failed hangs up. */
static inline void server_turn(struct server *v)
{
	if (v->is_up || v->fd < 0)
		return;
	v->result = mbedtls_ssl_handshake(&v->ssl);
	v->is_up = v->result == 0;
	if (!v->is_up && v->result != MBEDTLS_ERR_SSL_WANT_READ &&
	    v->result != MBEDTLS_ERR_SSL_WANT_WRITE)
		server_close(v);
}

/* All that has come, as far as it fits; the library's last result. */
static inline int server_read(struct server *v, void *p, size_t n,
			      size_t *ret_n)
{
	size_t got = 0;
	int result = 0;

	while (got < n) {
		result = mbedtls_ssl_read(&v->ssl, (uint8_t *)p + got,
					  n - got);
		if (result <= 0)
			break;
		got += (size_t)result;
	}
	*ret_n = got;
	return result;
}

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
				     ret_choppy), config, &peer, e);
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
