/* SPDX-License-Identifier: MIT */
/* Which addresses a dial tries, when, and what it says when none answers. */
#include "net/dial.h"

#include <errno.h>
#include <fcntl.h>

#include "dial_peer.h"

static void numeric_address(void)
{
	uint16_t port = 0;
	int listener = listen_at("127.0.0.1", &port, 8), fd, watched;
	struct dial_config c = { .host = "127.0.0.1", .port = port };
	struct err e = { 0 };
	char want[64];
	struct dial *d = dial_new(&c, clock_now(), &e);

	if (!ok(d, "%s", e.text))
		return;
	watched = dial_fd(d);
	snprintf(want, sizeof(want), "connecting to 127.0.0.1:%u", port);
	is_str(dial_phase(d), want);
	is_int(finish(d, &e), IO_OK, "%s", e.text);
	is_int(dial_fd(d), watched);
	is_int(dial_deadline(d), CLOCK_NEVER);
	is_str(dial_address(d), want + strlen("connecting to "));
	fd = dial_take_fd(d);
	is_int(fd, watched, "a single socket is watched itself");
	dial_free(d);
	is_int(fcntl(fd, F_GETFL) & O_NONBLOCK, 0, "blocking mode");
	is_int(fcntl(fd, F_GETFD), FD_CLOEXEC);
	close(fd);
	close(listener);
}

static void refused_names_the_reason(void)
{
	uint16_t port;
	int reserved = reserve_port(&port);
	struct dial_config c = { .host = "127.0.0.1", .port = port };
	struct err e = { 0 };
	char want[128];

	is_int(dial_all(&c, &e), -1);
	is_int(e.kind, ERR_CONNECT);
	is_int(e.code, ECONNREFUSED);
	snprintf(want, sizeof(want),
		 "cannot connect to '127.0.0.1:%u': "
		 "connection refused",
		 port);
	is_str(e.text, want);
	close(reserved);
}

static void each_address_is_named(void)
{
	uint16_t port;
	int reserved = reserve_port(&port);
	struct dial_config c = { .host = "two.test", .port = port };
	struct err e = { 0 };
	char want[256];

	is_int(dial_all(&c, &e), -1);
	is_int(e.kind, ERR_CONNECT);
	snprintf(want, sizeof(want),
		 "cannot connect to 'two.test:%u': "
		 "127.0.0.1:%u: connection refused; "
		 "127.0.0.2:%u: connection refused",
		 port, port, port);
	is_str(e.text, want);

	c.host = "many.test";
	is_int(dial_all(&c, &e), -1);
	ok(strstr(e.text, "127.0.0.100:"), "%s", e.text);
	ok(strstr(e.text, "; and 2"), "%s", e.text);
	ok(strstr(e.text, " more"), "%s", e.text);
	close(reserved);
}

static void localhost_means_both_families(void)
{
	uint16_t port = 0;
	int listener = listen_at("::1", &port, 8), fd;
	struct dial_config c = { .host = "LocalHost", .port = port };
	struct err e = { 0 };
	struct dial *d;

	if (listener < 0) {
		skip("no IPv6 here");
		return;
	}
	d = dial_new(&c, clock_now(), &e);
	if (!ok(d, "%s", e.text))
		return;
	is_int(finish(d, &e), IO_OK, "%s", e.text);
	is_mem(dial_address(d), 6, "[::1]:", 6);
	fd = dial_take_fd(d);
	ok(fd >= 0);
	close(fd);
	dial_free(d);

	c.family = DIAL_IPV4;
	is_int(dial_all(&c, &e), -1);
	ok(strstr(e.text, "connection refused"), "%s", e.text);
	close(listener);
}

static void the_next_one_at_once_after_a_failure(void)
{
	uint16_t port = 0;
	int listener = listen_at("127.0.0.2", &port, 8);
	struct dial_config c = { .host = "two.test", .port = port };
	struct err e = { 0 };
	struct dial *d = dial_new(&c, 0, &e);
	enum io io;

	if (!ok(d, "%s", e.text))
		return;
	while ((io = dial_step(d, 0, &e)) == IO_WANT_READ)
		if (!ok(wait_ready(d, io, PATIENCE_MS)))
			break;
	is_int(io, IO_OK, "the clock stood still: %s", e.text);
	is_mem(dial_address(d), 10, "127.0.0.2:", 10);
	dial_free(d);
	close(listener);
}

static void a_black_hole_delays_by_250_ms(void)
{
	uint16_t port = 0;
	int hole = listen_at("127.0.0.1", &port, 0), fillers[FILLERS];
	int listener = listen_at("127.0.0.2", &port, 8);
	struct dial_config c = { .host = "two.test", .port = port };
	struct err e = { 0 };
	struct dial *d;
	int watched;

	fill_backlog(fillers, "127.0.0.1", port);
	d = dial_new(&c, 0, &e);
	if (!ok(d, "%s", e.text))
		return;
	watched = dial_fd(d);
	is_int(dial_deadline(d), CLOCK_NEVER, "while resolving");
	is_int(dial_resolved_at(d), 0);
	ok(wait_ready(d, IO_WANT_READ, PATIENCE_MS));
	is_int(dial_step(d, 7, &e), IO_WANT_READ);
	is_int(dial_deadline(d), 7 + 250 * CLOCK_MSEC);
	is_int(dial_step(d, 250 * CLOCK_MSEC, &e), IO_WANT_READ);
	is_int(dial_deadline(d), 7 + 250 * CLOCK_MSEC, "not yet");
	ok(strstr(dial_phase(d), "connecting to 127.0.0.1:"), "%s",
	   dial_phase(d));
	if (dial_step(d, 7 + 250 * CLOCK_MSEC, &e) != IO_OK) {
		ok(strstr(dial_phase(d), "127.0.0.2:"), "%s", dial_phase(d));
		is_int(dial_deadline(d), CLOCK_NEVER, "no address is left");
		ok(wait_ready(d, IO_WANT_READ, PATIENCE_MS));
		is_int(dial_step(d, 8 + 250 * CLOCK_MSEC, &e), IO_OK);
	}
	is_mem(dial_address(d), 10, "127.0.0.2:", 10);
	is_int(dial_resolved_at(d), 7, "not when it was connected");
	is_int(dial_fd(d), watched, "one descriptor to watch all along");
	dial_free(d);
	close(hole);
	close(listener);
	close_all(fillers, FILLERS);
}

static void families_alternate(void)
{
	struct addresses a = { 0 };
	static const int in[] = { AF_INET6, AF_INET6, AF_INET6, AF_INET,
				  AF_INET };
	static const int want[] = { AF_INET6, AF_INET, AF_INET6, AF_INET,
				    AF_INET6 };
	static const int port[] = { 0, 3, 1, 4, 2 };

	for (size_t i = 0; i < ARRAY_SIZE(in); i++) {
		struct sockaddr_in6 sa = {
			.sin6_family = (sa_family_t)in[i],
			.sin6_port = (in_port_t)i,
		};

		is_int(addresses_add(&a, (struct sockaddr *)&sa, NULL), 0);
	}
	addresses_interleave(&a);
	for (size_t i = 0; i < ARRAY_SIZE(in); i++) {
		struct sockaddr_in6 sa;

		memcpy(&sa, &a.list[i], sizeof(sa));
		is_int(sa.sin6_family, want[i], "place %zu", i);
		is_int(sa.sin6_port, port[i], "order within a family");
	}
	addresses_release(&a);
}

static void resolver_errors(void)
{
	static const struct {
		const char *host;
		enum dial_family family;
		const char *want;
	} cases[] = {
		{ "none.test", DIAL_ANY,
		  "cannot resolve 'none.test': no such name" },
		{ "mute.test", DIAL_ANY,
		  "cannot resolve 'mute.test': no "
		  "answer from the name server" },
		{ "four.test", DIAL_IPV6,
		  "cannot resolve 'four.test': it has "
		  "no IPv6 address" },
		{ "one.test", DIAL_IPV6,
		  "cannot resolve 'one.test': it has "
		  "no IPv6 address" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct dial_config c = {
			.host = cases[i].host,
			.port = 1,
			.family = cases[i].family,
		};
		struct err e = { 0 };

		is_int(dial_all(&c, &e), -1);
		is_int(e.kind, ERR_RESOLVE);
		is_str(e.text, cases[i].want);
	}
}

static void a_name_without_a_known_reason(void)
{
	struct dial_config c = { .host = "odd.test", .port = 1 };
	struct err e = { 0 };

	is_int(dial_all(&c, &e), -1);
	is_int(e.kind, ERR_RESOLVE);
	is_int(e.code, EAI_FAIL);
	ok(strstr(e.text, gai_strerror(EAI_FAIL)), "%s", e.text);
}

static void names_of_both_families(void)
{
	uint16_t port = 0;
	int listener = listen_at("127.0.0.2", &port, 8), fd;
	struct dial_config c = { .host = "mixed.test", .port = port };
	struct err e = { 0 };

	fd = dial_all(&c, &e);
	ok(fd >= 0, "%s", e.text);
	close(fd);
	c.family = DIAL_IPV6;
	is_int(dial_all(&c, &e), -1);
	ok(strstr(e.text, "[::1]:"), "%s", e.text);
	ok(!strstr(e.text, "127.0.0"), "%s", e.text);
	close(listener);
}

static void servers_of_a_domain(void)
{
	int listener, fd;
	struct dial_config c = { .host = "srv.test", .srv = "mqtt" };
	struct err e = { 0 };

	srv_port = 0;
	listener = listen_at("127.0.0.2", &srv_port, 8);
	fd = dial_all(&c, &e);
	ok(fd >= 0, "%s", e.text);
	close(fd);
	close(listener);
	is_int(dial_all(&c, &e), -1);
	is_int(e.kind, ERR_CONNECT);
	ok(strstr(e.text, "cannot connect to 'srv.test': 127.0.0.1:"), "%s",
	   e.text);
	c.srv = "secure-mqtt";
	is_int(dial_all(&c, &e), -1);
	is_int(e.kind, ERR_RESOLVE);
	is_str(e.text, "cannot resolve '_secure-mqtt._tcp.srv.test': there "
		       "are no SRV records of that name");
}

static void far_is(const struct dial_config *c, const char *want)
{
	struct err e = { 0 };
	struct dial *d = dial_new(c, clock_now(), &e);
	char name[SOCKET_NAME_SIZE];

	if (!ok(d, "%s", e.text))
		return;
	is_int(finish(d, &e), IO_OK, "%s", e.text);
	socket_name(dial_far(d), name, sizeof(name));
	is_str(name, want);
	dial_free(d);
}

static void a_second_name_is_looked_up_too(void)
{
	uint16_t port = 0;
	int listener = listen_at("127.0.0.1", &port, 8);
	struct dial_config c = {
		.role = "proxy",
		.host = "127.0.0.1",
		.port = port,
		.far_host = "two.test",
		.far_port = 7,
	};
	struct err e = { 0 };

	far_is(&c, "127.0.0.1:7");
	c.host = "one.test";
	far_is(&c, "127.0.0.1:7");
	c.far_host = "::1";
	far_is(&c, "[::1]:7");
	c.far_host = "none.test";
	is_int(dial_all(&c, &e), -1);
	is_str(e.text, "cannot resolve 'none.test': no such name");
	c.far_host = "::1";
	c.host = "none.test";
	is_int(dial_all(&c, &e), -1);
	is_str(e.text, "proxy: cannot resolve 'none.test': no such name");
	close(listener);
	c.host = "127.0.0.1";
	is_int(dial_all(&c, &e), -1);
	ok(strstr(e.text, "cannot connect to proxy '127.0.0.1:"), "%s", e.text);
}

TEST_MAIN(T(numeric_address), T(refused_names_the_reason),
	  T(each_address_is_named), T(localhost_means_both_families),
	  T(the_next_one_at_once_after_a_failure),
	  T(a_black_hole_delays_by_250_ms), T(families_alternate),
	  T(resolver_errors), T(a_name_without_a_known_reason),
	  T(names_of_both_families), T(servers_of_a_domain),
	  T(a_second_name_is_looked_up_too))
