/* SPDX-License-Identifier: MIT */
/* The socket at the bottom of a stack, and the walk along a stack. */
#include "net/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/attr.h"
#include "net/socket.h"
#include "test.h"

static const struct socket_options plain_options = { 0 };

/* A stream over one end of a socket pair; the other end is *ret_peer. */
static struct stream *pair_with(const struct socket_options *o, int *ret_peer)
{
	struct err e = { 0 };
	struct stream *s;
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		abort();
	s = socket_stream_new(fds[0], o, &e);
	ok(s, "%s", e.text);
	*ret_peer = fds[1];
	return s;
}

static void reads_and_writes(void)
{
	struct err e = { 0 };
	char text[8];
	size_t n = 99;
	int peer;
	struct stream *s = pair_with(&plain_options, &peer);

	is_int(stream_step(s, &e), IO_OK);
	is_int(stream_read(s, text, sizeof(text), &n, &e), IO_WANT_READ);
	is_int(n, 99, "untouched");
	ok(!stream_has_pending(s));
	is_int(write(peer, "hello", 5), 5);
	is_int(stream_read(s, text, sizeof(text), &n, &e), IO_OK);
	is_mem(text, n, "hello", 5);
	is_int(stream_write(s, "world", 5, &n, &e), IO_OK);
	is_int(n, 5);
	is_int(read(peer, text, sizeof(text)), 5);
	is_mem(text, 5, "world", 5);
	stream_free(s);
	close(peer);
}

static void full_socket_wants_write(void)
{
	static char block[65536];
	struct err e = { 0 };
	size_t n, total = 0;
	enum io io;
	int peer;
	struct stream *s = pair_with(&plain_options, &peer);

	while ((io = stream_write(s, block, sizeof(block), &n, &e)) == IO_OK)
		total += n;
	is_int(io, IO_WANT_WRITE);
	ok(total > 0);
	while (total > 0) {
		ssize_t got = read(peer, block, sizeof(block));

		if (!ok(got > 0))
			break;
		total -= (size_t)got;
	}
	is_int(stream_write(s, block, 1, &n, &e), IO_OK);
	stream_free(s);
	close(peer);
}

static void shutdown_ends_one_direction(void)
{
	struct err e = { 0 };
	char c;
	size_t n;
	int peer;
	struct stream *s = pair_with(&plain_options, &peer);

	is_int(stream_shutdown(s, &e), IO_OK);
	is_int(read(peer, &c, 1), 0, "the peer sees the end");
	is_int(write(peer, "x", 1), 1);
	is_int(stream_read(s, &c, 1, &n, &e), IO_OK, "but may still write");
	close(peer);
	is_int(stream_read(s, &c, 1, &n, &e), IO_EOF);
	is_int(stream_write(s, "x", 1, &n, &e), IO_FAIL, "and no SIGPIPE");
	is_int(e.kind, ERR_LOST);
	is_int(e.code, EPIPE);
	is_str(e.text, "cannot write: broken pipe");
	stream_free(s);
}

static void tls_alert_is_named(void)
{
	static const uint8_t alert[] = { 0x15, 3, 1, 0, 2, 2, 70 };
	const struct socket_options o = { .detect_tls = true };
	struct err e = { 0 };
	uint8_t p[16];
	size_t n;
	int peer;
	struct stream *s = pair_with(&o, &peer);

	is_int(write(peer, alert, sizeof(alert)), sizeof(alert));
	is_int(stream_read(s, p, sizeof(p), &n, &e), IO_FAIL);
	is_int(e.kind, ERR_TLS);
	ok(strstr(e.text, "this port wants TLS"), "%s", e.text);
	stream_free(s);
	close(peer);
}

static void only_the_first_bytes_count(void)
{
	static const uint8_t data[] = { 0x20, 0x15, 3 };
	const struct socket_options o = { .detect_tls = true };
	struct err e = { 0 };
	uint8_t p[16];
	size_t n;
	int peer;
	struct stream *s = pair_with(&o, &peer);

	is_int(write(peer, data, 1), 1);
	is_int(stream_read(s, p, sizeof(p), &n, &e), IO_OK);
	is_int(write(peer, data + 1, 2), 2);
	is_int(stream_read(s, p, sizeof(p), &n, &e), IO_OK);
	is_mem(p, n, data + 1, 2);
	stream_free(s);
	close(peer);
}

static int get_int(int fd, int level, int name)
{
	socklen_t size = sizeof(int);
	int value = -1;

	getsockopt(fd, level, name, &value, &size);
	return value;
}

static void tcp_options(void)
{
	const struct socket_options o = {
		.user_timeout_ms = 35000,
		.keepalive = true,
		.quickack = true,
		.send_buffer = 16384,
		.receive_buffer = 32768,
	};
	struct err e = { 0 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct stream *s = socket_stream_new(fd, &o, &e);

	if (!ok(s, "%s", e.text))
		return;
	is_int(get_int(fd, IPPROTO_TCP, TCP_NODELAY), 1);
	is_int(get_int(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), 35000);
	is_int(get_int(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
	is_int(get_int(fd, SOL_SOCKET, SO_SNDBUF), 2 * 16384);
	is_int(get_int(fd, SOL_SOCKET, SO_RCVBUF), 2 * 32768);
	stream_free(s);
	is_int(fcntl(fd, F_GETFD), -1, "closed with the stream");
}

static void not_a_socket(void)
{
	struct err e = { 0 };
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	ok(!socket_stream_new(fd, &plain_options, &e));
	is_int(e.kind, ERR_LOCAL);
	ok(strstr(e.text, "cannot set socket options: "), "%s", e.text);
	is_int(fcntl(fd, F_GETFD), -1, "closed on failure too");
}

/* A layer that only counts. */
static int freed;

static void count_free(struct stream *s)
{
	freed++;
	free(s);
}

static const struct stream_ops counting = { .free = count_free };

static void a_stack_is_freed_wholly(void)
{
	struct stream *top = NULL;

	for (int i = 0; i < 3; i++) {
		struct stream *s = calloc(1, sizeof(*s));

		if (!s)
			abort();
		s->ops = &counting;
		s->below = top;
		top = s;
	}
	freed = 0;
	stream_free(top);
	is_int(freed, 3);
	stream_free(NULL);
}

static void names_and_reasons(void)
{
	struct sockaddr_in in = {
		.sin_family = AF_INET,
		.sin_port = htons(1883),
		.sin_addr.s_addr = htonl(0x7f000001),
	};
	struct sockaddr_in6 in6 = {
		.sin6_family = AF_INET6,
		.sin6_port = htons(1883),
		.sin6_addr = IN6ADDR_LOOPBACK_INIT,
	};
	char name[SOCKET_NAME_SIZE];

	socket_name((struct sockaddr *)&in, name, sizeof(name));
	is_str(name, "127.0.0.1:1883");
	in.sin_port = 0;
	socket_name((struct sockaddr *)&in, name, sizeof(name));
	is_str(name, "127.0.0.1");
	socket_name((struct sockaddr *)&in6, name, sizeof(name));
	is_str(name, "[::1]:1883");
	in6.sin6_port = 0;
	in6.sin6_scope_id = 1;
	socket_name((struct sockaddr *)&in6, name, sizeof(name));
	is_str(name, "::1%lo");

	socket_reason(ECONNREFUSED, name, sizeof(name));
	is_str(name, "connection refused");
	socket_reason(EIO, name, sizeof(name));
	is_str(name, "input/output error");
	socket_reason(EMFILE, name, sizeof(name));
	ok(strstr(name, "ulimit -n"), "%s", name);
	socket_reason(ENFILE, name, sizeof(name));
	ok(strstr(name, "whole system"), "%s", name);
}

TEST_MAIN(T(reads_and_writes), T(full_socket_wants_write),
	  T(shutdown_ends_one_direction), T(tls_alert_is_named),
	  T(only_the_first_bytes_count), T(tcp_options), T(not_a_socket),
	  T(a_stack_is_freed_wholly), T(names_and_reasons))
