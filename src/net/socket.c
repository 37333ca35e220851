/* SPDX-License-Identifier: MIT */
#include "net/socket.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/un.h>
#include <unistd.h>

#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif

enum {
	/* Enough for a handshake, its tickets and the first answer. */
	QUICKACK_READS = 32,
	/* A TLS record starts with its type (21: alert) and 3. */
	TLS_ALERT = 0x15,
	TLS_MAJOR = 0x03,
};

struct socket_stream {
	struct stream s;
	unsigned int quickacks; /* how many reads still arm it */
	bool detect_tls;
};

static struct socket_stream *self(struct stream *s)
{
	return CONTAINER_OF(s, struct socket_stream, s);
}

static enum io socket_failed(const char *what, struct err *e)
{
	char why[128];
	int error = errno;

	socket_reason(error, why, sizeof(why));
	err_set(e, ERR_LOST, error, "%s: %s", what, why);
	return IO_FAIL;
}

/* The kernel forgets the option whenever it likes, above all after sending:
 * so it is set again before each read. */
static void arm_quickack(struct socket_stream *k)
{
	const int on = 1;

	if (!k->quickacks)
		return;
	k->quickacks--;
	(void)setsockopt(k->s.fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));
}

static enum io check_first(struct socket_stream *k, const uint8_t *p, size_t n,
			   struct err *e)
{
	k->detect_tls = false;
	if (p[0] != TLS_ALERT || (n > 1 && p[1] != TLS_MAJOR))
		return IO_OK;
	err_set(e, ERR_TLS, 0,
		"the peer answered with a TLS alert: "
		"this port wants TLS");
	return IO_FAIL;
}

static enum io socket_read(struct stream *s, void *p, size_t n, size_t *ret_n,
			   struct err *e)
{
	struct socket_stream *k = self(s);
	ssize_t got;

	arm_quickack(k);
	do
		got = recv(s->fd, p, n, MSG_DONTWAIT);
	while (got < 0 && errno == EINTR);
	if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return IO_WANT_READ;
	if (got < 0 && k->detect_tls && errno == ECONNRESET)
		return socket_failed("the peer hung up without a word (does "
				     "this port want TLS?)",
				     e);
	if (got < 0)
		return socket_failed("cannot read", e);
	if (got == 0)
		return IO_EOF;
	if (k->detect_tls && check_first(k, p, (size_t)got, e) != IO_OK)
		return IO_FAIL;
	*ret_n = (size_t)got;
	return IO_OK;
}

static enum io socket_write(struct stream *s, const void *p, size_t n,
			    size_t *ret_n, struct err *e)
{
	ssize_t put;

	do
		put = send(s->fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (put < 0 && errno == EINTR);
	if (put < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return IO_WANT_WRITE;
	if (put < 0)
		return socket_failed("cannot write", e);
	*ret_n = (size_t)put;
	return IO_OK;
}

static enum io socket_shutdown(struct stream *s, struct err *e)
{
	/* A peer that is gone already needs no goodbye. */
	if (shutdown(s->fd, SHUT_WR) < 0 && errno != ENOTCONN)
		return socket_failed("cannot shut down", e);
	return IO_OK;
}

static void socket_free(struct stream *s)
{
	close(s->fd);
	free(self(s));
}

static const struct stream_ops socket_ops = {
	.name = "socket",
	.read = socket_read,
	.write = socket_write,
	.shutdown = socket_shutdown,
	.free = socket_free,
};

static int set_int(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value));
}

/* A Unix socket has none of the TCP options and needs none. */
static int set_tcp_options(int fd, const struct socket_options *o)
{
	if (set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1) < 0)
		return errno == EOPNOTSUPP ? 0 : -1;
	if (o->user_timeout_ms &&
	    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &o->user_timeout_ms,
		       sizeof(o->user_timeout_ms)) < 0)
		return -1;
	return 0;
}

static int set_options(int fd, const struct socket_options *o)
{
	if (set_tcp_options(fd, o) < 0)
		return -1;
	if (o->keepalive && set_int(fd, SOL_SOCKET, SO_KEEPALIVE, 1) < 0)
		return -1;
	if (o->send_buffer &&
	    set_int(fd, SOL_SOCKET, SO_SNDBUF, o->send_buffer) < 0)
		return -1;
	if (o->receive_buffer &&
	    set_int(fd, SOL_SOCKET, SO_RCVBUF, o->receive_buffer) < 0)
		return -1;
	return 0;
}

struct stream *socket_stream_new(int fd, const struct socket_options *o,
				 struct err *e)
{
	struct socket_stream *k;

	if (set_options(fd, o) < 0) {
		err_sys(e, ERR_LOCAL, "cannot set socket options");
		close(fd);
		return NULL;
	}
	k = calloc(1, sizeof(*k));
	if (!k) {
		err_nomem(e);
		close(fd);
		return NULL;
	}
	k->s = (struct stream){ .ops = &socket_ops, .fd = fd };
	k->quickacks = o->quickack ? QUICKACK_READS : 0;
	k->detect_tls = o->detect_tls;
	return &k->s;
}

socklen_t socket_length(const struct sockaddr *a)
{
	switch (a->sa_family) {
	case AF_INET:
		return sizeof(struct sockaddr_in);
	case AF_INET6:
		return sizeof(struct sockaddr_in6);
	default:
		return sizeof(struct sockaddr_un);
	}
}

static int socket_bind(int fd, const struct sockaddr *from, struct err *e)
{
	char why[128];
	int error;

	/* Kernels before 4.2 lack it: the port is then chosen here. */
	(void)set_int(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
	if (bind(fd, from, socket_length(from)) == 0)
		return 0;
	error = errno;
	socket_reason(error, why, sizeof(why));
	return err_set(e, ERR_CONNECT, error, "%s", why);
}

int socket_open(const struct sockaddr *to, const struct sockaddr *from,
		struct err *e)
{
	int fd = socket(to->sa_family,
			SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0) {
		char why[128];
		int error = errno;

		socket_reason(error, why, sizeof(why));
		return err_set(e, ERR_CONNECT, error, "%s", why);
	}
	if (from && socket_bind(fd, from, e) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* The zone matters only where the address alone does not say the link. */
static void name_inet6(const struct sockaddr_in6 *a, char *ret, size_t size)
{
	char text[INET6_ADDRSTRLEN], zone[IF_NAMESIZE + 1] = "";

	inet_ntop(AF_INET6, &a->sin6_addr, text, sizeof(text));
	if (a->sin6_scope_id) {
		zone[0] = '%';
		if (!if_indextoname(a->sin6_scope_id, zone + 1))
			zone[0] = '\0';
	}
	if (a->sin6_port)
		snprintf(ret, size, "[%s%s]:%u", text, zone,
			 (unsigned int)ntohs(a->sin6_port));
	else
		snprintf(ret, size, "%s%s", text, zone);
}

static void name_inet(const struct sockaddr_in *a, char *ret, size_t size)
{
	char text[INET_ADDRSTRLEN];

	inet_ntop(AF_INET, &a->sin_addr, text, sizeof(text));
	if (a->sin_port)
		snprintf(ret, size, "%s:%u", text,
			 (unsigned int)ntohs(a->sin_port));
	else
		snprintf(ret, size, "%s", text);
}

void socket_name(const struct sockaddr *a, char *ret, size_t size)
{
	/* Copies, because the caller's storage may be of another type. */
	union {
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_un un;
	} u;

	memcpy(&u, a, socket_length(a));
	if (a->sa_family == AF_INET)
		name_inet(&u.in, ret, size);
	else if (a->sa_family == AF_INET6)
		name_inet6(&u.in6, ret, size);
	else
		snprintf(ret, size, "unix:%.*s", (int)sizeof(u.un.sun_path),
			 u.un.sun_path);
}

static void name_file_limit(char *ret, size_t size)
{
	struct rlimit r = { 0 };

	getrlimit(RLIMIT_NOFILE, &r);
	snprintf(ret, size,
		 "too many open files: this process may have %ju "
		 "(see ulimit -n)",
		 (uintmax_t)r.rlim_cur);
}

void socket_reason(int error, char *ret, size_t size)
{
	if (error == EMFILE) {
		name_file_limit(ret, size);
		return;
	}
	if (error == ENFILE) {
		snprintf(ret, size, "too many open files in the whole system");
		return;
	}
	errno = error;
	snprintf(ret, size, "%m");
	/* "Connection refused" in mid-sentence. */
	if (size > 1 && !isupper((unsigned char)ret[1]))
		ret[0] = (char)tolower((unsigned char)ret[0]);
}
