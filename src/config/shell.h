/* SPDX-License-Identifier: MIT */
#ifndef CONFIG_SHELL_H
#define CONFIG_SHELL_H

/*
 * Commands of the user, run by /bin/sh with our environment and no blocked
 * signals: for secrets and authentication. Any thread. Who starts one has to
 * reap it.
 */

#include <stdint.h>
#include <sys/types.h>

#include "base/attr.h"
#include "base/err.h"

/* in -1: an empty standard input. 0, or an errno. */
int shell_start(const char *command, int in, int out, pid_t *ret) MUST_CHECK;
/* Waits for its end until deadline (clock_boot), then kills it and the
 * processes that it has started; it never outlives this call. 0 when it ended
 * in time with status 0, else -1 with e (ERR_LOCAL). */
int shell_reap(pid_t pid, uint64_t deadline, struct err *e) MUST_CHECK;
/* Waits until one of the two (the second may be -1) can be read; returns it.
 * -1 with errno: ETIMEDOUT at the deadline, EINTR when a blocked SIGINT or
 * SIGTERM waits to be taken. */
int shell_await(int fd, int other, uint64_t deadline);
/* What that means: ERR_STATE with EINTR, or ERR_LOCAL; returns -1. */
int shell_gave_up(struct err *e, const char *late);

#endif
