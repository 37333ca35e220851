/* SPDX-License-Identifier: MIT */
#ifndef CONFIG_SECRET_H
#define CONFIG_SECRET_H

/*
 * Where passwords come from when they do not stand on the command line: a
 * file, a descriptor, a command, the terminal. What is read goes to the
 * caller's buffer, and it is the caller who wipes that.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"

enum { SECRET_MAX = 65535 }; /* [MQTT-3.1.3.6] two bytes of length */

struct secret {
	char data[SECRET_MAX + 1];
	size_t n;
};

/* Each takes the first line, without its end; an empty one is an error. All
 * waits end at `within` ns from now. -1 with e: ERR_LOCAL when it could not
 * be read, ERR_USAGE when there is no usable secret in it. */

/* Any thread; blocks as long as the file does. */
int secret_from_file(const char *path, uint64_t within, struct secret *ret,
		     struct err *e) MUST_CHECK;
int secret_from_fd(int fd, uint64_t within, struct secret *ret, struct err *e)
	MUST_CHECK;
/* By /bin/sh with an empty standard input; it has to end with status 0, and
 * is killed when the time is up. Any thread. */
int secret_from_command(const char *command, uint64_t within,
			struct secret *ret, struct err *e) MUST_CHECK;
/* Asks on the controlling terminal without echo. A signal that ends the
 * process finds the terminal restored. Main thread, and the only one. */
int secret_from_terminal(const char *prompt, uint64_t within,
			 struct secret *ret, struct err *e) MUST_CHECK;

#endif
