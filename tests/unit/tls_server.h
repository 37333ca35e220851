/* SPDX-License-Identifier: MIT */
/*
 * A server of mbedTLS for the tests, with the certificates of tls_certs.sh;
 * on a socket that does not block.  server_turn() and server_read() never
 * wait; what is below "with waiting" is for a server in a thread of its own.
 * Included once by each test.
 */
#ifndef TLS_SERVER_H
#define TLS_SERVER_H

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/attr.h"
#include "net/tls_compat.h"
#include "net/tls_files.h"
#include "net/ws_handshake.h"
#include "test.h"

enum { SERVER_PATIENCE_MS = 60000 };

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
	snprintf(certs, sizeof(certs), "/tmp/test-tls-%s",
		 "XX"
		 "XX"
		 "XX");
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
		result = mbedtls_ssl_read(&v->ssl, (uint8_t *)p + got, n - got);
		if (result <= 0)
			break;
		got += (size_t)result;
	}
	*ret_n = got;
	return result;
}

/* ----------------------------------------------------------- with waiting */

static inline bool wait_for_fd(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	return poll(&p, 1, SERVER_PATIENCE_MS) > 0;
}

static inline bool server_wait(struct server *v, int result)
{
	if (result == MBEDTLS_ERR_SSL_WANT_READ)
		return wait_for_fd(v->fd, POLLIN);
	if (result == MBEDTLS_ERR_SSL_WANT_WRITE)
		return wait_for_fd(v->fd, POLLOUT);
	return false;
}

/* Some bytes, or none at the end. */
static inline size_t server_get(struct server *v, uint8_t *p, size_t n)
{
	int result;

	do
		result = mbedtls_ssl_read(&v->ssl, p, n);
	while (result < 0 && server_wait(v, result));
	return result > 0 ? (size_t)result : 0;
}

static inline bool server_get_all(struct server *v, uint8_t *p, size_t n)
{
	while (n > 0) {
		size_t got = server_get(v, p, n);

		if (!got)
			return false;
		p += got;
		n -= got;
	}
	return true;
}

static inline bool server_put(struct server *v, const uint8_t *p, size_t n)
{
	while (n > 0) {
		int result = mbedtls_ssl_write(&v->ssl, p, n);

		if (result > 0) {
			p += result;
			n -= (size_t)result;
		} else if (!server_wait(v, result)) {
			return false;
		}
	}
	return true;
}

static inline bool server_upgrade(struct server *v)
{
	char request[4096] = "", accept[WS_ACCEPT_SIZE], answer[512];
	char key[WS_KEY_SIZE];
	const char *at;
	size_t n = 0;

	while (!strstr(request, "\r\n\r\n") && n < sizeof(request) - 1)
		if (!server_get_all(v, (uint8_t *)request + n++, 1))
			return false;
	at = strstr(request, "Sec-WebSocket-Key: ");
	if (!at)
		return false;
	snprintf(key, sizeof(key), "%s", at + 19);
	if (ws_accept_of(key, accept) < 0)
		return false;
	snprintf(answer, sizeof(answer),
		 "HTTP/1.1 101 X\r\n"
		 "Upgrade: websocket\r\nConnection: Upgrade\r\n"
		 "Sec-WebSocket-Protocol: mqtt\r\n"
		 "Sec-WebSocket-Accept: %s\r\n\r\n",
		 accept);
	return server_put(v, (uint8_t *)answer, strlen(answer));
}

#endif
