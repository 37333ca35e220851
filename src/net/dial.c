/* SPDX-License-Identifier: MIT */
#include "net/dial.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/resolve.h"
#include "net/socket.h"

#define DIAL_STAGGER (250 * CLOCK_MSEC)
/* A Unix socket whose backlog is full says so at once instead of waiting. */
#define DIAL_UNIX_RETRY (20 * CLOCK_MSEC)

enum { REASON_SIZE = 128 };

/* One address: not begun (fd -1, no reason), under way (fd), failed. */
struct attempt {
	int fd;
	int error;
	char reason[REASON_SIZE];
};

struct dial {
	struct dial_config config;
	struct addresses bind; /* parsed config.bind_addresses */
	/* Both NULL when there is nothing to wait for. */
	struct resolve *resolve, *far_resolve;
	struct addresses far; /* what config.far_host is */
	struct addresses targets;
	struct attempt *attempts; /* one for each target */
	size_t started;           /* targets tried so far, in order */
	size_t pending;           /* of these, under way */
	uint64_t next;            /* when the next target is due */
	uint64_t resolved_at;
	int epoll_fd; /* -1: one TCP address, whose socket is watched itself */
	int winner;   /* connected socket, or -1 */
	size_t tried; /* target that was tried last, or is connected */
	/* Made when they are asked for: few connects get stuck. */
	char address[SOCKET_NAME_SIZE];
	char phase[SOCKET_NAME_SIZE + 32];
};

static const struct sockaddr *target(const struct dial *d, size_t i)
{
	return (const struct sockaddr *)&d->targets.list[i];
}

static int fail_sys(struct err *e)
{
	char why[REASON_SIZE];
	int error = errno;

	socket_reason(error, why, sizeof(why));
	return err_set(e, ERR_CONNECT, error, "%s", why);
}

static int parse_bind(struct dial *d, struct err *e)
{
	for (size_t i = 0; i < d->config.bind_count; i++) {
		const char *text = d->config.bind_addresses[i];
		struct dial_config c = { .host = text };
		struct addresses one;
		int status;

		if (!resolve_at_once(&c, &one))
			return err_set(e, ERR_USAGE, 0,
				       "'%s' is not a "
				       "numeric address of this machine",
				       text);
		status = addresses_add(&d->bind,
				       (struct sockaddr *)&one.list[0], e);
		addresses_release(&one);
		if (status < 0)
			return -1;
	}
	return 0;
}

static int watch(struct dial *d, int fd, uint32_t events, struct err *e)
{
	struct epoll_event ev = { .events = events };

	if (d->epoll_fd < 0)
		return 0;
	if (epoll_ctl(d->epoll_fd, EPOLL_CTL_ADD, fd, &ev) < 0)
		return fail_sys(e);
	return 0;
}

static void unwatch(struct dial *d, int fd)
{
	if (d->epoll_fd >= 0)
		(void)epoll_ctl(d->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
}

static void end_attempt(struct dial *d, size_t i, int error, const char *reason)
{
	struct attempt *a = &d->attempts[i];

	if (a->fd >= 0)
		close(a->fd);
	a->fd = -1;
	a->error = error;
	snprintf(a->reason, sizeof(a->reason), "%.*s", REASON_SIZE - 1, reason);
	d->next = 0; /* no point in waiting for the next address */
}

static void end_attempt_errno(struct dial *d, size_t i, int error)
{
	char why[REASON_SIZE];

	socket_reason(error, why, sizeof(why));
	end_attempt(d, i, error, why);
}

static void win(struct dial *d, size_t i)
{
	struct attempt *a = &d->attempts[i];

	d->winner = a->fd;
	a->fd = -1;
	unwatch(d, d->winner);
	d->tried = i;
	/* It was the only flag; see stream.h on blocking sockets. */
	(void)fcntl(d->winner, F_SETFL, 0);
}

/* How many local addresses fit the family; with one (nth), which. */
static size_t count_bind(const struct dial *d, sa_family_t family, size_t nth,
			 const struct sockaddr **ret)
{
	size_t count = 0;

	for (size_t i = 0; i < d->bind.count; i++) {
		if (d->bind.list[i].ss_family != family)
			continue;
		if (ret && count == nth)
			*ret = (const struct sockaddr *)&d->bind.list[i];
		count++;
	}
	return count;
}

/* 0 connected, EINPROGRESS, or another errno with the socket closed. */
static int connect_from(struct dial *d, size_t i, const struct sockaddr *from,
			struct err *e)
{
	struct attempt *a = &d->attempts[i];
	const struct sockaddr *to = target(d, i);
	int error;

	a->fd = socket_open(to, from, e);
	if (a->fd < 0)
		return e->code ? e->code : EIO;
	if (connect(a->fd, to, socket_length(to)) == 0)
		return 0;
	error = errno;
	if (error == EINPROGRESS)
		return error;
	close(a->fd);
	a->fd = -1;
	errno = error;
	fail_sys(e);
	return error;
}

static void prefix_local(const struct sockaddr *from, struct err *e)
{
	char name[SOCKET_NAME_SIZE];

	socket_name(from, name, sizeof(name));
	err_prefix(e, "from %s", name);
}

/* A local address may be unusable or out of ports: then the next one. */
static int connect_target(struct dial *d, size_t i, struct err *e)
{
	sa_family_t family = target(d, i)->sa_family;
	size_t count = count_bind(d, family, 0, NULL);
	int error = EADDRNOTAVAIL;

	if (!d->bind.count || family == AF_UNIX)
		return connect_from(d, i, NULL, e);
	err_set(e, ERR_CONNECT, error,
		"no local address of its family was "
		"given");
	for (size_t k = 0; k < count && error == EADDRNOTAVAIL; k++) {
		const struct sockaddr *from = NULL;

		count_bind(d, family, (d->config.bind_index + k) % count,
			   &from);
		error = connect_from(d, i, from, e);
		if (error && error != EINPROGRESS)
			prefix_local(from, e);
	}
	return error;
}

static void start_next(struct dial *d, uint64_t now)
{
	size_t i = d->started;
	struct err e;
	int error;

	d->tried = i;
	error = connect_target(d, i, &e);
	if (error == EAGAIN && d->config.unix_path) {
		d->next = clock_add(now, DIAL_UNIX_RETRY);
		return;
	}
	d->started++;
	d->next = clock_add(now, DIAL_STAGGER);
	if (error == 0)
		win(d, i);
	else if (error != EINPROGRESS ||
		 watch(d, d->attempts[i].fd, EPOLLOUT, &e) < 0)
		end_attempt(d, i, e.code, e.text);
	else
		d->pending++;
}

/* Asked again, connect() tells how the first call ended: one system call for
 * what poll() and SO_ERROR would say in two. */
static void check_attempt(struct dial *d, size_t i)
{
	const struct sockaddr *to = target(d, i);
	int fd = d->attempts[i].fd, error = 0;

	if (fd < 0)
		return;
	if (connect(fd, to, socket_length(to)) < 0 && errno != EISCONN)
		error = errno;
	if (error == EALREADY || error == EINPROGRESS)
		return;
	d->pending--;
	if (error)
		end_attempt_errno(d, i, error);
	else
		win(d, i);
}

/* "a: reason; b: reason; and 3 more" */
static void list_failures(const struct dial *d, char *ret, size_t size)
{
	size_t used = 0;

	ret[0] = '\0';
	for (size_t i = 0; i < d->targets.count; i++) {
		const struct attempt *a = &d->attempts[i];
		char name[SOCKET_NAME_SIZE],
			item[SOCKET_NAME_SIZE + REASON_SIZE + 8];
		int n;

		socket_name(target(d, i), name, sizeof(name));
		n = snprintf(item, sizeof(item), "%s%s: %s", i ? "; " : "",
			     name, a->reason);
		/* 16 bytes stay free for "; and 31 more". */
		if (used + (size_t)n + 16 > size) {
			snprintf(ret + used, size - used, "; and %zu more",
				 d->targets.count - i);
			return;
		}
		memcpy(ret + used, item, (size_t)n + 1);
		used += (size_t)n;
	}
}

static void name_target(const struct dial *d, char *ret, size_t size)
{
	const struct dial_config *c = &d->config;

	if (c->unix_path)
		snprintf(ret, size, "unix:%s", c->unix_path);
	else if (c->srv)
		snprintf(ret, size, "%s", c->host);
	else if (strchr(c->host, ':'))
		snprintf(ret, size, "[%s]:%u", c->host, (unsigned int)c->port);
	else
		snprintf(ret, size, "%s:%u", c->host, (unsigned int)c->port);
}

static enum io fail_all(const struct dial *d, struct err *e)
{
	const struct attempt *last = &d->attempts[d->targets.count - 1];
	char list[ERR_TEXT_MAX - 144], only[SOCKET_NAME_SIZE], name[300];

	name_target(d, name, sizeof(name));
	socket_name(target(d, 0), only, sizeof(only));
	list_failures(d, list, sizeof(list));
	/* "cannot connect to '::1:1': ::1:1: ..." would say it twice. */
	if (d->targets.count == 1 && strcmp(only, name) == 0)
		snprintf(list, sizeof(list), "%s", last->reason);
	err_set(e, ERR_CONNECT, last->error, "cannot connect to %s%s'%s': %s",
		d->config.role ? d->config.role : "", d->config.role ? " " : "",
		name, list);
	return IO_FAIL;
}

static int set_targets(struct dial *d, struct err *e)
{
	d->attempts = calloc(d->targets.count, sizeof(*d->attempts));
	if (!d->attempts)
		return err_nomem(e);
	for (size_t i = 0; i < d->targets.count; i++)
		d->attempts[i].fd = -1;
	return 0;
}

/* IO_OK: there is no such look-up, or it has just ended. */
static enum io finish_resolve(struct dial *d, struct resolve **r,
			      struct addresses *ret, struct err *e)
{
	int status;

	if (!*r)
		return IO_OK;
	if (!resolve_is_done(*r))
		return IO_WANT_READ;
	status = resolve_take(*r, ret, e);
	if (status < 0 && d->config.role && r == &d->resolve)
		err_prefix(e, "%s", d->config.role);
	/* Its thread may keep the eventfd open a little longer. */
	unwatch(d, resolve_fd(*r));
	resolve_free(STEAL(*r));
	return status < 0 ? IO_FAIL : IO_OK;
}

static enum io finish_resolves(struct dial *d, struct err *e)
{
	enum io io = finish_resolve(d, &d->far_resolve, &d->far, e);

	if (io == IO_FAIL)
		return io;
	io = finish_resolve(d, &d->resolve, &d->targets, e);
	if (io == IO_OK && !d->attempts && set_targets(d, e) < 0)
		return IO_FAIL;
	return io;
}

enum io dial_step(struct dial *d, uint64_t now, struct err *e)
{
	enum io io = finish_resolves(d, e);

	if (io != IO_OK)
		return io;
	if (!d->resolved_at)
		d->resolved_at = now;
	for (size_t i = 0; i < d->started && d->winner < 0; i++)
		check_attempt(d, i);
	while (d->winner < 0 && d->started < d->targets.count && now >= d->next)
		start_next(d, now);
	if (d->winner >= 0)
		return d->far_resolve ? IO_WANT_READ : IO_OK;
	if (!d->pending && d->started == d->targets.count)
		return fail_all(d, e);
	return d->epoll_fd < 0 ? IO_WANT_WRITE : IO_WANT_READ;
}

static int set_unix_target(struct dial *d, struct err *e)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	const char *path = d->config.unix_path;

	if (!*path || strlen(path) >= sizeof(un.sun_path))
		return err_set(e, ERR_USAGE, 0,
			       "path of the Unix socket is "
			       "%zu bytes long, expected 1 to %zu: '%s'",
			       strlen(path), sizeof(un.sun_path) - 1, path);
	memcpy(un.sun_path, path, strlen(path));
	return addresses_add(&d->targets, (struct sockaddr *)&un, e);
}

static int open_epoll(struct dial *d, struct err *e)
{
	d->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	return d->epoll_fd < 0 ? fail_sys(e) : 0;
}

static int start_resolve(struct dial *d, const struct dial_config *c,
			 struct resolve **ret, struct err *e)
{
	if (d->epoll_fd < 0 && open_epoll(d, e) < 0)
		return -1;
	*ret = resolve_new(c, e);
	if (!*ret)
		return -1;
	return watch(d, resolve_fd(*ret), EPOLLIN, e);
}

static int start_far(struct dial *d, struct err *e)
{
	const struct dial_config c = {
		.host = d->config.far_host,
		.port = d->config.far_port,
		.family = d->config.family,
	};

	if (!c.host || resolve_at_once(&c, &d->far))
		return 0;
	return start_resolve(d, &c, &d->far_resolve, e);
}

/* The first attempt begins here, so that a single socket can be watched
 * from the start. */
static int start_targets(struct dial *d, uint64_t now, struct err *e)
{
	bool is_one = d->targets.count == 1 && !d->config.unix_path;

	if (set_targets(d, e) < 0 ||
	    (!is_one && d->epoll_fd < 0 && open_epoll(d, e) < 0))
		return -1;
	d->resolved_at = now;
	start_next(d, now);
	return 0;
}

static int dial_start(struct dial *d, uint64_t now, struct err *e)
{
	if (parse_bind(d, e) < 0 || start_far(d, e) < 0)
		return -1;
	if (d->config.unix_path) {
		if (set_unix_target(d, e) < 0)
			return -1;
	} else if (!resolve_at_once(&d->config, &d->targets)) {
		return start_resolve(d, &d->config, &d->resolve, e);
	}
	return start_targets(d, now, e);
}

struct dial *dial_new(const struct dial_config *c, uint64_t now, struct err *e)
{
	struct dial *d = calloc(1, sizeof(*d));

	if (!d) {
		err_nomem(e);
		return NULL;
	}
	d->config = *c;
	d->epoll_fd = -1;
	d->winner = -1;
	if (dial_start(d, now, e) < 0) {
		dial_free(d);
		return NULL;
	}
	return d;
}

void dial_free(struct dial *d)
{
	if (!d)
		return;
	for (size_t i = 0; i < d->started; i++)
		if (d->attempts[i].fd >= 0)
			close(d->attempts[i].fd);
	if (d->winner >= 0)
		close(d->winner);
	if (d->epoll_fd >= 0)
		close(d->epoll_fd);
	resolve_free(d->resolve);
	resolve_free(d->far_resolve);
	addresses_release(&d->far);
	addresses_release(&d->targets);
	addresses_release(&d->bind);
	free(d->attempts);
	free(d);
}

int dial_fd(const struct dial *d)
{
	if (d->epoll_fd >= 0)
		return d->epoll_fd;
	return d->winner >= 0 ? d->winner : d->attempts[0].fd;
}

uint64_t dial_deadline(const struct dial *d)
{
	if (d->resolve || d->started == d->targets.count)
		return CLOCK_NEVER;
	return d->next;
}

uint64_t dial_resolved_at(const struct dial *d)
{
	return d->resolved_at;
}

int dial_take_fd(struct dial *d)
{
	int fd = d->winner;

	d->winner = -1;
	return fd;
}

const struct sockaddr *dial_far(const struct dial *d)
{
	return d->far.count ? (const struct sockaddr *)&d->far.list[0] : NULL;
}

const char *dial_address(struct dial *d)
{
	socket_name(target(d, d->tried), d->address, sizeof(d->address));
	return d->address;
}

const char *dial_phase(struct dial *d)
{
	bool waits_for_far = d->winner >= 0 && d->far_resolve;

	if (d->attempts && !waits_for_far)
		snprintf(d->phase, sizeof(d->phase), "connecting to %s",
			 dial_address(d));
	else
		snprintf(d->phase, sizeof(d->phase), "resolving '%s'",
			 waits_for_far ? d->config.far_host : d->config.host);
	return d->phase;
}
