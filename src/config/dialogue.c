/* SPDX-License-Identifier: MIT */
#include "config/dialogue.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/parse.h"
#include "base/text.h"
#include "config/shell.h"

/* [MQTT-3.15.2.2.3] binary data has two bytes of length. */
enum { DATA_MAX = 65535, LINE_MAX_BYTES = 4 * (DATA_MAX / 3 + 1) + 1 };

struct dialogue {
	struct dialogue_source from;
	int fd; /* the command's input and output; -1: none runs */
	pid_t pid;
	uint64_t deadline;
	struct buf in; /* what it has written */
};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static int fail(const struct dialogue *d, struct err *e)
{
	return err_prefix(e, "%s", d->from.told_by);
}

/* Its end is waited for until the deadline of the step. */
static int end_command(struct dialogue *d, struct err *e)
{
	if (d->fd < 0)
		return 0;
	close_fd(&d->fd);
	buf_clear(&d->in);
	return shell_reap(d->pid, d->deadline, e);
}

static void drop_command(struct dialogue *d)
{
	struct err e;

	d->deadline = 0;
	(void)!end_command(d, &e);
}

static int start_command(struct dialogue *d, struct err *e)
{
	int pair[2], rc;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return err_sys(e, ERR_LOCAL, "cannot make a socket pair");
	rc = shell_start(d->from.command, pair[1], pair[1], &d->pid);
	close(pair[1]);
	if (rc) {
		close(pair[0]);
		errno = rc;
		return err_sys(e, ERR_LOCAL, "cannot run /bin/sh");
	}
	d->fd = pair[0];
	return 0;
}

/* How much of the step's time is left for writing. */
static int limit_send(struct dialogue *d)
{
	uint64_t now = clock_boot();
	uint64_t left = now < d->deadline ? d->deadline - now : 0;
	struct timeval t = {
		.tv_sec = (time_t)(left / CLOCK_SEC),
		.tv_usec = (suseconds_t)(left % CLOCK_SEC / 1000),
	};

	if (!t.tv_sec && !t.tv_usec) {
		errno = ETIMEDOUT;
		return -1;
	}
	return setsockopt(d->fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t));
}

static int is_late(struct err *e)
{
	return shell_gave_up(e, "it did not answer in time");
}

static int fail_call(struct err *e, const char *what)
{
	if (errno == EAGAIN)
		errno = ETIMEDOUT;
	if (errno == ETIMEDOUT)
		return is_late(e);
	return err_sys(e, ERR_LOCAL, "cannot %s it", what);
}

static int say(struct dialogue *d, const char *word, struct bytes data,
	       struct err *e)
{
	AUTO(buf_release) struct buf line = { 0 };

	if (buf_append(&line, bytes_str(word)) || text_base64(&line, data) ||
	    buf_append(&line, BYTES_LIT("\n")))
		return err_nomem(e);
	while (buf_len(&line)) {
		struct bytes left = buf_view(&line);
		ssize_t n = limit_send(d)
				    ? -1
				    : send(d->fd, left.p, left.n, MSG_NOSIGNAL);

		if (n < 0 && errno != EINTR)
			return fail_call(e, "write to");
		if (n > 0)
			buf_consume(&line, (size_t)n);
	}
	return 0;
}

/* One line of base64 out of what has come; false when it is not whole. */
static bool take_line(struct dialogue *d, struct buf *ret, int *ret_rc,
		      struct err *e)
{
	struct bytes all = buf_view(&d->in);
	const uint8_t *end = all.n ? memchr(all.p, '\n', all.n) : NULL;
	char text[LINE_MAX_BYTES + 1];
	size_t n;

	if (!end && all.n < LINE_MAX_BYTES)
		return false;
	n = end ? (size_t)(end - all.p) : all.n;
	*ret_rc = err_set(e, ERR_LOCAL, 0, "its line is longer than %d bytes",
			  LINE_MAX_BYTES - 1);
	if (n >= LINE_MAX_BYTES)
		return true;
	memcpy(text, all.p, n);
	text[n] = '\0';
	buf_consume(&d->in, n + 1);
	*ret_rc = parse_base64(text, ret, e);
	if (*ret_rc)
		err_set(e, ERR_LOCAL, 0, "its line is not base64");
	explicit_bzero(text, sizeof(text));
	return true;
}

static int hear(struct dialogue *d, struct buf *ret, struct err *e)
{
	uint8_t block[4096];
	int rc = -1;

	while (!take_line(d, ret, &rc, e)) {
		ssize_t n;

		if (shell_await(d->fd, -1, d->deadline) < 0)
			return is_late(e);
		n = recv(d->fd, block, sizeof(block), MSG_DONTWAIT);
		if (n < 0 && errno != EINTR)
			return fail_call(e, "read from");
		if (n == 0) {
			if (end_command(d, e))
				return -1;
			return err_set(e, ERR_LOCAL, 0,
				       "it ended without an answer");
		}
		if (n > 0 && buf_append(&d->in, bytes_of(block, (size_t)n)))
			return err_nomem(e);
	}
	return rc;
}

static void next_step(struct dialogue *d)
{
	d->deadline = clock_add(clock_boot(), d->from.within);
}

static int read_file(const char *path, struct buf *ret, struct err *e)
{
	AUTO(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	uint8_t block[4096];
	ssize_t n;

	if (fd < 0)
		return err_sys(e, ERR_LOCAL, "cannot read '%s'", path);
	while ((n = read(fd, block, sizeof(block))) > 0) {
		if (buf_len(ret) + (size_t)n > DATA_MAX)
			return err_set(e, ERR_LOCAL, 0,
				       "'%s' is longer than %d bytes", path,
				       DATA_MAX);
		if (buf_append(ret, bytes_of(block, (size_t)n)))
			return err_nomem(e);
	}
	return n < 0 ? err_sys(e, ERR_LOCAL, "cannot read '%s'", path) : 0;
}

static int begin(void *ctx, struct connect *c, struct buf *ret, struct err *e)
{
	struct dialogue *d = ctx;

	(void)c;
	drop_command(d);
	next_step(d);
	if (d->from.file)
		return read_file(d->from.file, ret, e) ? fail(d, e) : 0;
	if (d->from.command)
		return start_command(d, e) || hear(d, ret, e) ? fail(d, e) : 0;
	return buf_append(ret, d->from.data) ? err_nomem(e) : 0;
}

static int answer(void *ctx, struct bytes challenge, struct buf *ret,
		  struct err *e)
{
	struct dialogue *d = ctx;

	if (d->fd < 0)
		return err_set(e, ERR_REFUSED, 0,
			       "the broker asks for an answer of method '%s', "
			       "which only --auth-command can give",
			       d->from.method);
	next_step(d);
	return say(d, "continue ", challenge, e) || hear(d, ret, e) ? fail(d, e)
								    : 0;
}

static int finish(void *ctx, struct bytes last, struct err *e)
{
	struct dialogue *d = ctx;

	if (d->fd < 0)
		return 0;
	next_step(d);
	return say(d, "success ", last, e) || end_command(d, e) ? fail(d, e)
								: 0;
}

int dialogue_init(struct client_auth *ret, const struct dialogue_source *src,
		  struct err *e)
{
	struct dialogue *d = calloc(1, sizeof(*d));

	if (!d)
		return err_nomem(e);
	d->from = *src;
	d->fd = -1;
	*ret = (struct client_auth){
		.method = src->method,
		.begin = begin,
		.answer = answer,
		.finish = finish,
		.ctx = d,
	};
	return 0;
}

void dialogue_release(struct client_auth *a)
{
	struct dialogue *d = a->ctx;

	if (d) {
		drop_command(d);
		buf_release(&d->in);
	}
	free(d);
	*a = (struct client_auth){ 0 };
}
