/* SPDX-License-Identifier: MIT */
/*
 * Signals of mqtt-bench. A handler counts them into an eventfd, which the
 * engine takes one by one: the first ends the sending, the second the wait
 * for what is still under way; the third ends the process.
 */
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "tools/bench.h"

#define PATIENCE 3

static int event_fd = -1;
static atomic_int count, last;

static void on_signal(int number)
{
	static const uint64_t one = 1;
	int saved = errno;

	if (atomic_fetch_add(&count, 1) + 1 >= PATIENCE) {
		signal(number, SIG_DFL);
		raise(number);
	}
	atomic_store(&last, number);
	if (write(event_fd, &one, sizeof(one)) < 0)
		atomic_store(&last, number); /* it is full of signals */
	errno = saved;
}

int bench_watch_signals(struct bench *b, struct err *e)
{
	struct sigaction act = { .sa_handler = on_signal,
				 .sa_flags = SA_RESTART };

	(void)b;
	if (event_fd >= 0)
		return event_fd;
	event_fd = eventfd(0, EFD_SEMAPHORE | EFD_NONBLOCK | EFD_CLOEXEC);
	if (event_fd < 0)
		return err_sys(e, ERR_LOCAL, "cannot watch for signals");
	sigemptyset(&act.sa_mask);
	sigaction(SIGINT, &act, NULL);
	sigaction(SIGTERM, &act, NULL);
	return event_fd;
}

int bench_signal(const struct bench *b)
{
	int number = atomic_load(&last);

	if (number)
		atomic_store(&b->tool->stop_signal, number);
	return number;
}
