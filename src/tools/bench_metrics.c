/* SPDX-License-Identifier: MIT */
#include "tools/bench_metrics.h"

#include <microhttpd.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/parse.h"
#include "bench/exposition.h"
#include "client/sync.h"

#define READERS_MAX 16    /* connections at a time */
#define READER_TIMEOUT 10 /* seconds */

struct bench_metrics {
	int listen_fd;
	struct MHD_Daemon *daemon;
	struct mutex lock;
	struct buf text; /* guarded by lock */
};

/* ------------------------------------------------------------------ address */

struct place {
	char host[64], port[8];
};

static int split(const char *where, struct place *ret, struct err *e)
{
	const char *colon = strrchr(where, ':');
	const char *port = colon ? colon + 1 : where, *host = where;
	size_t len = colon ? (size_t)(colon - where) : 0;
	uint64_t number;

	if (len >= 2 && host[0] == '[' && host[len - 1] == ']') {
		host++;
		len -= 2;
	}
	if ((colon && len == 0) || len >= sizeof(ret->host) ||
	    parse_uint(port, 1, 65535, &number, NULL) < 0)
		return err_set(e, ERR_USAGE, 0,
			       "option '--metrics': '%s' is "
			       "not [ADDRESS:]PORT",
			       where);
	snprintf(ret->host, sizeof(ret->host), "%.*s", colon ? (int)len : 9,
		 colon ? host : "127.0.0.1");
	snprintf(ret->port, sizeof(ret->port), "%u", (unsigned)number);
	return 0;
}

static int listen_at(const struct addrinfo *a)
{
	int one = 1, fd;

	fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
		    0);
	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0 &&
	    bind(fd, a->ai_addr, a->ai_addrlen) == 0 &&
	    listen(fd, READERS_MAX) == 0)
		return fd;
	close(fd);
	return -1;
}

/* Numeric addresses only, so that nothing has to be resolved. */
static int take_port(const char *where, struct err *e)
{
	const struct addrinfo hints = {
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
		.ai_socktype = SOCK_STREAM,
	};
	struct addrinfo *list;
	struct place p;
	int fd;

	if (split(where, &p, e) < 0)
		return -1;
	if (getaddrinfo(p.host, p.port, &hints, &list) != 0)
		return err_set(e, ERR_USAGE, 0,
			       "option '--metrics': '%s' is "
			       "not an IP address",
			       p.host);
	fd = listen_at(list);
	if (fd < 0)
		err_sys(e, ERR_LOCAL, "cannot serve metrics at '%s'", where);
	freeaddrinfo(list);
	return fd;
}

/* ------------------------------------------------------------------- server */

static enum MHD_Result answer(struct MHD_Connection *c, unsigned status,
			      const char *type, struct bytes text)
{
	struct MHD_Response *r;
	enum MHD_Result result;

	r = MHD_create_response_from_buffer(text.n, (void *)(uintptr_t)text.p,
					    MHD_RESPMEM_MUST_COPY);
	if (!r)
		return MHD_NO;
	result = MHD_add_response_header(r, "Content-Type", type);
	if (result == MHD_YES)
		result = MHD_queue_response(c, status, r);
	MHD_destroy_response(r);
	return result;
}

/* On the server's thread, as the library calls it.
 * NOLINTNEXTLINE(readability-function-size) */
static enum MHD_Result on_request(void *ctx, struct MHD_Connection *c,
				  const char *path, const char *method,
				  const char *version, const char *upload,
				  size_t *upload_size, void **state)
{
	struct bench_metrics *m = ctx;
	enum MHD_Result r;

	(void)version;
	(void)upload;
	(void)upload_size;
	(void)state;
	if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
		return answer(c, 405, "text/plain", bytes_str("GET only\n"));
	if (strcmp(path, "/metrics") != 0)
		return answer(c, 404, "text/plain",
			      bytes_str("the figures are at /metrics\n"));
	mutex_lock(&m->lock);
	r = answer(c, 200, EXPOSITION_TYPE, buf_view(&m->text));
	mutex_unlock(&m->lock);
	return r;
}

struct bench_metrics *bench_metrics_open(const char *where, struct err *e)
{
	struct bench_metrics *m = calloc(1, sizeof(*m));

	if (!m) {
		err_nomem(e);
		return NULL;
	}
	m->listen_fd = take_port(where, e);
	if (m->listen_fd < 0) {
		free(m);
		return NULL;
	}
	mutex_init(&m->lock);
	return m;
}

static void start(struct bench_metrics *m)
{
	m->daemon = MHD_start_daemon(
		MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL, 0, NULL, NULL,
		on_request, m, MHD_OPTION_LISTEN_SOCKET, m->listen_fd,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)READERS_MAX,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)READER_TIMEOUT,
		MHD_OPTION_END);
	if (m->daemon)
		m->listen_fd = -1; /* the server's now */
}

void bench_metrics_tell(struct bench_metrics *m, const struct result *r,
			const struct interval *i)
{
	struct buf text = { 0 }, old;

	if (exposition_write(r, i, &text) < 0) {
		buf_release(&text);
		return;
	}
	mutex_lock(&m->lock);
	old = m->text;
	m->text = text;
	mutex_unlock(&m->lock);
	buf_release(&old);
	if (!m->daemon && m->listen_fd >= 0)
		start(m);
}

void bench_metrics_close(struct bench_metrics *m)
{
	if (!m)
		return;
	if (m->daemon)
		MHD_stop_daemon(m->daemon);
	if (m->listen_fd >= 0)
		close(m->listen_fd);
	mutex_lock(&m->lock);
	buf_release(&m->text);
	mutex_unlock(&m->lock);
	mutex_release(&m->lock);
	free(m);
}
