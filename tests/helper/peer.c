/* SPDX-License-Identifier: MIT */
#include "peer.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

#define UNIX_PREFIX "unix:"

enum { HOST_MAX = 64, BACKLOG = 4096 };

struct address {
	struct sockaddr_storage sa;
	socklen_t len;
};

static int bad_address(const char *text, struct err *e)
{
	return err_set(e, ERR_USAGE, 0,
		       "'%s' is not PORT, HOST:PORT or unix:PATH", text);
}

static int unix_address(const char *path, struct address *ret, struct err *e)
{
	struct sockaddr_un *un = (struct sockaddr_un *)&ret->sa;
	size_t n = strlen(path);

	if (n == 0 || n >= sizeof(un->sun_path))
		return bad_address(path, e);
	un->sun_family = AF_UNIX;
	memcpy(un->sun_path, path, n + 1);
	ret->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + 1);
	return 0;
}

/* Splits "[::1]:1883", "127.0.0.1:1883" or "1883". */
static int split(const char *text, char host[HOST_MAX], const char **ret_port)
{
	const char *colon = strrchr(text, ':');
	size_t n = colon ? (size_t)(colon - text) : 0;
	bool is_v6 = n >= 2 && text[0] == '[' && text[n - 1] == ']';

	if (n >= HOST_MAX)
		return -1;
	*ret_port = colon ? colon + 1 : text;
	if (is_v6) {
		memcpy(host, text + 1, n - 2);
		host[n - 2] = '\0';
	} else {
		memcpy(host, colon ? text : "127.0.0.1", colon ? n : 10);
		host[colon ? n : 9] = '\0';
	}
	return 0;
}

static int parse_address(const char *text, struct address *ret, struct err *e)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
				  .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV };
	struct addrinfo *found;
	char host[HOST_MAX];
	const char *port;

	*ret = (struct address){ 0 };
	if (!strncmp(text, UNIX_PREFIX, strlen(UNIX_PREFIX)))
		return unix_address(text + strlen(UNIX_PREFIX), ret, e);
	if (split(text, host, &port) < 0 ||
	    getaddrinfo(host, port, &hints, &found) != 0)
		return bad_address(text, e);
	memcpy(&ret->sa, found->ai_addr, found->ai_addrlen);
	ret->len = found->ai_addrlen;
	freeaddrinfo(found);
	return 0;
}

static int open_socket(const struct address *a, int flags)
{
	return socket(a->sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
}

static int bind_listener(int fd, const struct address *a)
{
	const int on = 1;

	if (a->sa.ss_family == AF_UNIX)
		unlink(((const struct sockaddr_un *)&a->sa)->sun_path);
	else
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (const struct sockaddr *)&a->sa, a->len) < 0)
		return -1;
	return listen(fd, BACKLOG);
}

int peer_listen(const char *address, struct err *e)
{
	struct address a;
	int fd;

	if (parse_address(address, &a, e) < 0)
		return -1;
	fd = open_socket(&a, SOCK_NONBLOCK);
	if (fd < 0 || bind_listener(fd, &a) < 0) {
		err_sys(e, ERR_LOCAL, "cannot listen on '%s'", address);
		if (fd >= 0)
			close(fd);
		return -1;
	}
	return fd;
}

int peer_dial(const char *address, struct err *e)
{
	struct address a;
	int fd;

	if (parse_address(address, &a, e) < 0)
		return -1;
	fd = open_socket(&a, 0);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&a.sa, a.len) < 0) {
		err_sys(e, ERR_CONNECT, "cannot connect to '%s'", address);
		if (fd >= 0)
			close(fd);
		return -1;
	}
	peer_no_delay(fd);
	return fd;
}

uint16_t peer_port(int fd)
{
	struct sockaddr_storage sa = { 0 };
	socklen_t len = sizeof(sa);

	if (getsockname(fd, (struct sockaddr *)&sa, &len) < 0)
		return 0;
	switch (sa.ss_family) {
	case AF_INET:
		return ntohs(((struct sockaddr_in *)&sa)->sin_port);
	case AF_INET6:
		return ntohs(((struct sockaddr_in6 *)&sa)->sin6_port);
	default:
		return 0;
	}
}

void peer_no_delay(int fd)
{
	const int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

int peer_accept(int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd >= 0)
		peer_no_delay(fd);
	return fd;
}

/* Only what a signal handler may do. */
static void on_alarm(int sig)
{
	static const char text[] = "peer: the deadline passed\n";
	ssize_t n = write(STDERR_FILENO, text, sizeof(text) - 1);

	(void)sig;
	(void)n;
	_exit(PEER_STATUS_LATE);
}

void peer_deadline(uint64_t ns)
{
	struct sigaction act = { .sa_handler = on_alarm };
	struct itimerval it = { 0 };

	it.it_value.tv_sec = (time_t)(ns / CLOCK_SEC);
	it.it_value.tv_usec = (suseconds_t)(ns % CLOCK_SEC / 1000);
	sigaction(SIGALRM, &act, NULL);
	setitimer(ITIMER_REAL, &it, NULL);
}

void peer_die(const struct err *e)
{
	log_line(LOG_ERROR, "%s", e->text);
	exit(2);
}

int peer_stop_fd(struct err *e)
{
	sigset_t set;
	int fd;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC);
	return fd < 0 ? err_sys(e, ERR_LOCAL, "signalfd") : fd;
}
