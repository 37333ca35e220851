/* SPDX-License-Identifier: MIT */
/*
 * Two threads on one stream under one mutex, as the client has it: one
 * writes, one reads, nobody waits while holding the mutex; through TLS, and
 * through WebSocket over TLS.  A third thread is the server and sends
 * everything back.  TEST_MIB in the environment says how much (default 16).
 */
#include <pthread.h>
#include <stdatomic.h>

#include "net/ws.h"
#include "net/ws_frame.h"
#include "tls_peer.h"

enum { BLOCK = 100000 };

static size_t total;

static uint8_t pattern(size_t i)
{
	return (uint8_t)(i * 7 + i / 253);
}

/* ----------------------------------------------------------------- server */

struct echo {
	struct server v;
	bool has_ws;
	bool is_good;
};

/* Sends one frame back without its mask; false at the end. */
static bool server_echo_frame(struct server *v, uint8_t *block)
{
	uint8_t head[14], mask[4];
	size_t n, more;

	if (!server_get_all(v, head, 2) || (head[0] & 0x0f) != WS_BINARY)
		return false;
	head[1] &= 0x7f;
	n = head[1];
	more = n < 126 ? 0 : n == 126 ? 2 : 8;
	if (!server_get_all(v, head + 2, more) ||
	    !server_get_all(v, mask, sizeof(mask)))
		return false;
	for (size_t i = 0, k = 0; i < more; i++) {
		k = k << 8 | head[2 + i];
		n = k;
	}
	if (n > BLOCK || !server_get_all(v, block, n))
		return false;
	ws_mask(block, block, n, mask);
	return server_put(v, head, 2 + more) && server_put(v, block, n);
}

static void *server_main(void *arg)
{
	static uint8_t blocks[2][BLOCK];
	struct echo *echo = arg;
	uint8_t *block = blocks[echo->has_ws];
	struct server *v = &echo->v;
	size_t n;
	int result;

	do
		result = mbedtls_ssl_handshake(&v->ssl);
	while (result < 0 && server_wait(v, result));
	if (result != 0 || (echo->has_ws && !server_upgrade(v)))
		return NULL;
	if (echo->has_ws)
		while (server_echo_frame(v, block))
			;
	else
		while ((n = server_get(v, block, BLOCK)) > 0 &&
		       server_put(v, block, n))
			;
	echo->is_good = true;
	return NULL;
}

/* ------------------------------------------------------------------ client */

struct shared {
	pthread_mutex_t lock;
	struct stream *s;
	atomic_bool is_failed;
	struct err err; /* of the writer */
};

static bool client_wait(int fd, enum io io)
{
	return wait_for_fd(fd, io == IO_WANT_WRITE ? POLLOUT : POLLIN);
}

static void *writer_main(void *arg)
{
	static uint8_t block[BLOCK];
	struct shared *c = arg;

	for (size_t sent = 0; sent < total && !c->is_failed;) {
		size_t n = total - sent < BLOCK ? total - sent : BLOCK;
		size_t part = 0;
		enum io io;

		for (size_t i = 0; i < n; i++)
			block[i] = pattern(sent + i);
		pthread_mutex_lock(&c->lock);
		io = stream_write(c->s, block, n, &part, &c->err);
		pthread_mutex_unlock(&c->lock);
		sent += part;
		if (io == IO_FAIL || io == IO_EOF ||
		    (io != IO_OK && !client_wait(c->s->fd, io)))
			c->is_failed = true;
	}
	return NULL;
}

/* Until all has come back; how much was right. */
static size_t read_back(struct shared *c, struct err *e)
{
	static uint8_t block[BLOCK];
	size_t done = 0;

	while (done < total && !c->is_failed) {
		size_t n = 0;
		enum io io;

		pthread_mutex_lock(&c->lock);
		io = stream_read(c->s, block, BLOCK, &n, e);
		pthread_mutex_unlock(&c->lock);
		for (size_t i = 0; i < n; i++)
			if (block[i] != pattern(done + i))
				return done + i;
		done += n;
		if (io == IO_FAIL || io == IO_EOF ||
		    (io == IO_WANT_READ && !wait_for_fd(c->s->fd, POLLIN)) ||
		    (io == IO_WANT_WRITE &&
		     !wait_for_fd(c->s->fd, POLLIN | POLLOUT)))
			break;
	}
	return done;
}

static void both_ways_at_once(bool has_ws)
{
	const struct ws_peer peer = { "localhost", 443, 443 };
	const struct ws_options ws = { .path = NULL };
	struct tls_options o = { .ca_file = cert("ca.crt") };
	struct client client = { .options = &o };
	struct shared c = { .lock = PTHREAD_MUTEX_INITIALIZER };
	struct echo echo = { .has_ws = has_ws };
	const char *mib = getenv("TEST_MIB");
	struct err e = { 0 };
	pthread_t server, writer;
	enum io io;

	total = (mib ? strtoul(mib, NULL, 10) : 16) << 20;
	server_init(&echo.v, "server.crt", "server.key");
	c.s = client_new(&client, &echo.v, NULL, &e);
	if (c.s && has_ws)
		c.s = ws_stream_new(c.s, &ws, &peer, &e);
	if (!ok(c.s, "%s", e.text))
		return;
	pthread_create(&server, NULL, server_main, &echo);
	while ((io = stream_step(c.s, &e)) != IO_OK && io != IO_FAIL)
		if (!client_wait(c.s->fd, io))
			break;
	if (is_int(io, IO_OK, "%s", e.text)) {
		pthread_create(&writer, NULL, writer_main, &c);
		is_int(read_back(&c, &e), (intmax_t)total, "%s", e.text);
		pthread_join(writer, NULL);
		ok(!c.is_failed, "%s", c.err.text);
		is_int(stream_shutdown(c.s, &e), IO_OK);
	}
	stream_free(c.s);
	pthread_join(server, NULL);
	ok(echo.is_good);
	server_release(&echo.v);
}

static void through_tls(void)
{
	both_ways_at_once(false);
}

static void through_websocket_over_tls(void)
{
	both_ways_at_once(true);
}

/* Connections on several threads that share options and sessions. */
static void *share_main(void *arg)
{
	struct client *c = arg;
	bool is_good = true;

	for (int i = 0; i < 5 && is_good; i++) {
		struct err e = { 0 };
		struct stream *s;
		struct server v;

		server_init(&v, "server.crt", "server.key");
		s = client_new(c, &v, NULL, &e);
		is_good = s && handshake(s, &v, &e) == IO_OK;
		stream_free(s);
		server_release(&v);
	}
	return is_good ? c : NULL;
}

static void options_are_shared(void)
{
	struct tls_options o = { .ca_file = cert("ca.crt") };
	struct client c = { .options = &o, .cache = tls_cache_new() };
	pthread_t threads[4];

	(void)cert("server.crt"); /* made before the threads ask for it */
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		pthread_create(&threads[i], NULL, share_main, &c);
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
		void *result = NULL;

		pthread_join(threads[i], &result);
		ok(result == &c);
	}
	tls_cache_free(c.cache);
}

TEST_MAIN(T(through_tls), T(through_websocket_over_tls), T(options_are_shared))
