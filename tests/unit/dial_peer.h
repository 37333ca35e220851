/* SPDX-License-Identifier: MIT */
/*
 * What the tests of the dial share: listeners on loopback, and a
 * getaddrinfo() of our own, linked in front of the C library's, so that a
 * name server that is slow, mute or odd costs nothing and asks nobody. Time
 * is an argument of the dial, so most tests never wait for it.  Included once
 * by each test program.
 */
#ifndef DIAL_PEER_H
#define DIAL_PEER_H

#include <arpa/nameser.h>
#include <dirent.h>
#include <dlfcn.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <resolv.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/clock.h"
#include "net/dial.h"
#include "net/resolve.h"
#include "net/socket.h"
#include "test.h"

enum { PATIENCE_MS = 10000 }; /* no test ever waits longer */

/* ------------------------------------------------------------ name server */

typedef int look_up(const char *, const char *, const struct addrinfo *,
		    struct addrinfo **);

static look_up *system_getaddrinfo;
static pthread_mutex_t slow_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t slow_change = PTHREAD_COND_INITIALIZER;
static bool slow_may_go;
static int slow_waiting;

static inline void slow_wait(void)
{
	pthread_mutex_lock(&slow_lock);
	slow_waiting++;
	pthread_cond_broadcast(&slow_change);
	while (!slow_may_go)
		pthread_cond_wait(&slow_change, &slow_lock);
	slow_waiting--;
	pthread_cond_broadcast(&slow_change);
	pthread_mutex_unlock(&slow_lock);
}

static inline void slow_wait_for(int count)
{
	pthread_mutex_lock(&slow_lock);
	while (slow_waiting != count)
		pthread_cond_wait(&slow_change, &slow_lock);
	pthread_mutex_unlock(&slow_lock);
}

static inline void slow_let_go(bool go)
{
	pthread_mutex_lock(&slow_lock);
	slow_may_go = go;
	pthread_cond_broadcast(&slow_change);
	pthread_mutex_unlock(&slow_lock);
}

static const struct {
	const char *name;
	const char *addresses[8];
	int status;
} names[] = {
	{ "one.test", { "127.0.0.1" }, 0 },
	{ "two.test", { "127.0.0.1", "127.0.0.2" }, 0 },
	{ "mixed.test", { "::1", "::1", "127.0.0.1", "127.0.0.2" }, 0 },
	{ "slow.test", { "127.0.0.1" }, 0 },
	{ "none.test", { NULL }, EAI_NONAME },
	{ "mute.test", { NULL }, EAI_AGAIN },
	{ "four.test", { NULL }, EAI_NODATA },
	{ "odd.test", { NULL }, EAI_FAIL },
};

static inline int answer_many(struct addrinfo **ret)
{
	*ret = NULL;
	for (int i = 1; i <= 100; i++) {
		const struct addrinfo hints = {
			.ai_flags = AI_NUMERICHOST,
			.ai_socktype = SOCK_STREAM,
		};
		struct addrinfo *ai;
		char text[32];

		snprintf(text, sizeof(text), "127.0.0.%d", i);
		if (system_getaddrinfo(text, NULL, &hints, &ai) != 0)
			abort();
		ai->ai_next = *ret;
		*ret = ai;
	}
	return 0;
}

static inline int answer(size_t k, const struct addrinfo *hints,
			 struct addrinfo **ret)
{
	struct addrinfo **tail = ret;

	*ret = NULL;
	for (size_t i = 0; names[k].addresses[i]; i++) {
		if (system_getaddrinfo(names[k].addresses[i], NULL, hints,
				       tail) != 0)
			continue;
		while (*tail)
			tail = &(*tail)->ai_next;
	}
	return names[k].status;
}

int getaddrinfo(const char *host, const char *service,
		const struct addrinfo *hints, struct addrinfo **ret)
{
	if (hints->ai_flags & AI_NUMERICHOST)
		return system_getaddrinfo(host, service, hints, ret);
	if (strcmp(host, "many.test") == 0)
		return answer_many(ret);
	if (strcmp(host, "slow.test") == 0)
		slow_wait();
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(host, names[i].name) == 0)
			return answer(i, hints, ret);
	abort(); /* a test must never ask a real server */
}

__attribute__((constructor)) static inline void find_system_getaddrinfo(void)
{
	void *f = dlsym(RTLD_NEXT, "getaddrinfo");

	memcpy(&system_getaddrinfo, &f, sizeof(f));
}

static uint16_t srv_port; /* of both records */

static inline size_t put_srv(uint8_t *p, uint8_t priority, const char *host)
{
	const uint8_t record[] = {
		0xc0,
		12,
		0,
		ns_t_srv,
		0,
		ns_c_in,
		0,
		0,
		0,
		60,
		0,
		(uint8_t)(6 + 1 + strlen(host) + 1 + 4 + 1),
		0,
		priority,
		0,
		0,
		(uint8_t)(srv_port >> 8),
		(uint8_t)srv_port,
		(uint8_t)strlen(host),
	};
	size_t n = sizeof(record);

	memcpy(p, record, n);
	memcpy(p + n, host, strlen(host));
	n += strlen(host);
	memcpy(p + n, "\4test", 6);
	return n + 6;
}

/* For _mqtt._tcp.srv.test: a server whose name is unknown, then two.test. */
int res_nquery(res_state state, const char *name, int class UNUSED,
	       int type UNUSED, unsigned char *answer, int size UNUSED)
{
	static const uint8_t head[] = { 0, 1, 0x81,     0x80, 0,      1,
					0, 2, 0,        0,    0,      0,
					0, 0, ns_t_srv, 0,    ns_c_in };
	size_t n = sizeof(head);

	state->res_h_errno = HOST_NOT_FOUND;
	if (strcmp(name, "_mqtt._tcp.srv.test") != 0)
		return -1;
	memcpy(answer, head, n);
	n += put_srv(answer + n, 2, "two");
	n += put_srv(answer + n, 1, "none");
	return (int)n;
}

/* ---------------------------------------------------------------- helpers */

static inline int listen_at(const char *host, uint16_t *port, int backlog)
{
	const struct dial_config c = { .host = host, .port = *port };
	struct addresses a = { 0 };
	struct sockaddr_storage sa;
	socklen_t size = sizeof(sa);
	const int on = 1;
	int fd;

	if (!resolve_at_once(&c, &a))
		abort();
	fd = socket(a.list[0].ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (fd < 0 ||
	    bind(fd, (struct sockaddr *)&a.list[0],
		 socket_length((struct sockaddr *)&a.list[0])) < 0 ||
	    listen(fd, backlog) < 0) {
		if (fd >= 0)
			close(fd);
		fd = -1;
	} else {
		struct sockaddr_in in;

		getsockname(fd, (struct sockaddr *)&sa, &size);
		memcpy(&in, &sa, sizeof(in)); /* same place in sockaddr_in6 */
		*port = ntohs(in.sin_port);
	}
	addresses_release(&a);
	return fd;
}

/* A port on which nobody listens: bound, so that nobody else takes it. */
static inline int reserve_port(uint16_t *port)
{
	struct sockaddr_in in = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_ANY),
	};
	socklen_t size = sizeof(in);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&in, sizeof(in)) < 0 ||
	    getsockname(fd, (struct sockaddr *)&in, &size) < 0)
		abort();
	*port = ntohs(in.sin_port);
	return fd;
}

/* Connections that fill a listener's backlog, so that it drops more. */
enum { FILLERS = 4 };

static inline void fill_backlog(int fds[FILLERS], const char *host,
				uint16_t port)
{
	const struct dial_config c = { .host = host, .port = port };
	struct addresses a = { 0 };

	if (!resolve_at_once(&c, &a))
		abort();
	for (int i = 0; i < FILLERS; i++) {
		const struct timespec nap = { .tv_nsec = 5000000 };

		fds[i] = socket(AF_INET,
				SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		(void)!connect(fds[i], (struct sockaddr *)&a.list[0],
			       sizeof(struct sockaddr_in));
		nanosleep(&nap, NULL);
	}
	addresses_release(&a);
}

static inline void close_all(const int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

static inline bool wait_ready(const struct dial *d, enum io io, int ms)
{
	struct pollfd p = {
		.fd = dial_fd(d),
		.events = io == IO_WANT_WRITE ? POLLOUT : POLLIN,
	};

	return poll(&p, 1, ms) > 0;
}

/* Steps with the real clock to the end. */
static inline enum io finish(struct dial *d, struct err *e)
{
	uint64_t end = clock_now() + PATIENCE_MS * CLOCK_MSEC;

	for (;;) {
		uint64_t now = clock_now(), due = dial_deadline(d);
		enum io io = dial_step(d, now, e);

		if (io == IO_OK || io == IO_FAIL || now > end)
			return io;
		due = dial_deadline(d);
		wait_ready(d, io,
			   clock_poll_timeout(due < end ? due : end, now));
	}
}

/* The same from beginning to end; the socket, or -1 with e. */
static inline int dial_all(const struct dial_config *c, struct err *e)
{
	struct dial *d = dial_new(c, clock_now(), e);
	int fd = -1;

	if (d && finish(d, e) == IO_OK)
		fd = dial_take_fd(d);
	dial_free(d);
	return fd;
}

static inline int count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

/* Resolver threads close their descriptors after the dial is gone. */
static inline bool fds_become(int n)
{
	const struct timespec nap = { .tv_nsec = 1000000 };

	for (int i = 0; i < PATIENCE_MS && count_fds() != n; i++)
		nanosleep(&nap, NULL);
	return is_int(count_fds(), n);
}

#endif
