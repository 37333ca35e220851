/* SPDX-License-Identifier: MIT */
/* Errors on their way up, and the clock's arithmetic. */
#include "base/err.h"

#include <errno.h>

#include "base/clock.h"
#include "test.h"

static void set_says_what_happened(void)
{
	struct err e;

	is_int(err_set(&e, ERR_REFUSED, 135, "broker '%s' said no", "h"), -1);
	is_int(e.kind, ERR_REFUSED);
	is_int(e.code, 135);
	is_str(e.text, "broker 'h' said no");
	err_clear(&e);
	is_int(e.kind, ERR_NONE);
	is_int(e.code, 0);
	is_str(e.text, "");
}

static void sys_adds_the_reason(void)
{
	struct err e;

	errno = ENOENT;
	is_int(err_sys(&e, ERR_LOCAL, "cannot open '%s'", "f"), -1);
	is_int(e.kind, ERR_LOCAL);
	is_int(e.code, ENOENT);
	is_str(e.text, "cannot open 'f': No such file or directory");
}

static void prefix_goes_in_front(void)
{
	struct err e;

	err_set(&e, ERR_CONNECT, 111, "refused");
	is_int(err_prefix(&e, "port %d", 1883), -1);
	is_int(err_prefix(&e, "host '%s'", "h"), -1);
	is_str(e.text, "host 'h': port 1883: refused");
	is_int(e.kind, ERR_CONNECT);
	is_int(e.code, 111);
}

static void long_texts_are_cut(void)
{
	char lots[2 * ERR_TEXT_MAX];
	struct err e;

	memset(lots, 'x', sizeof(lots) - 1);
	lots[sizeof(lots) - 1] = '\0';
	err_set(&e, ERR_NO, 0, "%s", lots);
	is_int(strlen(e.text), ERR_TEXT_MAX - 1);
	err_prefix(&e, "p");
	is_int(strlen(e.text), ERR_TEXT_MAX - 1);
	is_mem(e.text, 4, "p: x", 4);
	err_prefix(&e, "%s", lots);
	is_int(strlen(e.text), ERR_TEXT_MAX - 1);
	errno = EINVAL;
	err_sys(&e, ERR_NO, "%s", lots);
	is_int(strlen(e.text), ERR_TEXT_MAX - 1);
}

static void null_means_nobody_cares(void)
{
	errno = EINVAL;
	is_int(err_set(NULL, ERR_NO, 0, "x"), -1);
	is_int(err_sys(NULL, ERR_NO, "x"), -1);
	is_int(err_prefix(NULL, "x"), -1);
	is_int(err_nomem(NULL), -1);
	err_clear(NULL);
}

static void kinds_are_exit_statuses(void)
{
	struct err e;

	is_int(err_exit_status(ERR_NONE), 0);
	is_int(err_exit_status(ERR_USAGE), 2);
	is_int(err_exit_status(ERR_BUSY), 14);
	is_int(err_exit_status(ERR_TIMEOUT), 27);
	is_int(err_exit_status(ERR_STATE), 12);
	is_int(err_nomem(&e), -1);
	is_int(err_exit_status(e.kind), 12);
	is_str(e.text, "out of memory");
}

static void poll_timeouts_round_up(void)
{
	is_int(clock_poll_timeout(CLOCK_NEVER, 5), -1);
	is_int(clock_poll_timeout(5, 5), 0);
	is_int(clock_poll_timeout(4, 5), 0);
	is_int(clock_poll_timeout(6, 5), 1);
	is_int(clock_poll_timeout(CLOCK_MSEC, 0), 1);
	is_int(clock_poll_timeout(CLOCK_MSEC + 1, 0), 2);
	is_int(clock_poll_timeout(CLOCK_NAP, 0), 10000);
	is_int(clock_poll_timeout(CLOCK_NEVER - 1, 0), 10000);
}

static void adding_time_never_wraps(void)
{
	ok(clock_add(1, 2) == 3);
	ok(clock_add(CLOCK_NEVER, 1) == CLOCK_NEVER);
	ok(clock_add(1, CLOCK_NEVER) == CLOCK_NEVER);
	ok(clock_add(CLOCK_NEVER - 1, 1) == CLOCK_NEVER);
	ok(clock_add(CLOCK_NEVER - 2, 1) == CLOCK_NEVER - 1);
	ok(clock_add(CLOCK_NEVER, 0) == CLOCK_NEVER);
}

static void clocks_go_forward(void)
{
	uint64_t now = clock_now(), boot = clock_boot();

	ok(clock_now() >= now);
	ok(clock_boot() >= boot);
	ok(boot >= now, "the sleep of the machine counts");
	ok(clock_wall() > 1600000000 * CLOCK_SEC);
}

TEST_MAIN(T(set_says_what_happened), T(sys_adds_the_reason),
	  T(prefix_goes_in_front), T(long_texts_are_cut),
	  T(null_means_nobody_cares), T(kinds_are_exit_statuses),
	  T(poll_timeouts_round_up), T(adding_time_never_wraps),
	  T(clocks_go_forward))
