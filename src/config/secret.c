/* SPDX-License-Identifier: MIT */
#include "config/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"
#include "config/shell.h"

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/* Adds the part of a block that belongs to the first line. */
static int take(struct secret *s, const char *block, size_t n,
		bool *ret_is_done)
{
	const char *end = memchr(block, '\n', n);

	if (end)
		n = (size_t)(end - block);
	if (n > SECRET_MAX - s->n)
		return -1;
	memcpy(s->data + s->n, block, n);
	s->n += n;
	*ret_is_done = end != NULL;
	return 0;
}

static int finish(struct secret *s, struct err *e)
{
	if (s->n && s->data[s->n - 1] == '\r')
		s->n--;
	s->data[s->n] = '\0';
	if (!s->n)
		return err_set(e, ERR_USAGE, 0, "its first line is empty");
	return 0;
}

/* drain: read on to the end, so that the writer does not die of SIGPIPE. */
static int read_line(int fd, uint64_t deadline, bool drain, struct secret *ret,
		     struct err *e)
{
	bool is_done = false;
	char block[4096];
	ssize_t n = 0;
	int rc = 0;

	ret->n = 0;
	do {
		if (shell_await(fd, -1, deadline) < 0) {
			n = -1;
			break;
		}
		n = read(fd, block, sizeof(block));
		if (n > 0 && !is_done && !rc)
			rc = take(ret, block, (size_t)n, &is_done);
	} while (n > 0 && (drain || !(is_done || rc)));
	explicit_bzero(block, sizeof(block));
	if (n < 0 && errno == EINTR)
		return shell_gave_up(e, "");
	if (n < 0)
		return err_sys(e, ERR_LOCAL, "cannot read it");
	if (rc)
		return err_set(e, ERR_USAGE, 0,
			       "its first line is longer than "
			       "%d bytes",
			       SECRET_MAX);
	return finish(ret, e);
}

int secret_from_fd(int fd, uint64_t within, struct secret *ret, struct err *e)
{
	return read_line(fd, clock_add(clock_boot(), within), false, ret, e);
}

int secret_from_file(const char *path, uint64_t within, struct secret *ret,
		     struct err *e)
{
	AUTO(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(e, ERR_USAGE, "cannot read '%s'", path);
	if (secret_from_fd(fd, within, ret, e))
		return err_prefix(e, "'%s'", path);
	return 0;
}

int secret_from_command(const char *command, uint64_t within,
			struct secret *ret, struct err *e)
{
	uint64_t deadline = clock_add(clock_boot(), within);
	AUTO(close_fd) int in = -1;
	struct err reading;
	int pipes[2], rc;
	pid_t pid;

	if (pipe2(pipes, O_CLOEXEC))
		return err_sys(e, ERR_LOCAL, "cannot make a pipe");
	in = pipes[0];
	rc = shell_start(command, -1, pipes[1], &pid);
	close(pipes[1]);
	if (rc) {
		errno = rc;
		return err_sys(e, ERR_LOCAL, "cannot run /bin/sh");
	}
	rc = read_line(in, deadline, true, ret, &reading);
	/* How it ended explains more than what it did not print. */
	if (shell_reap(pid, deadline, e))
		return -1;
	if (rc)
		return err_set(e, reading.kind, reading.code, "%s",
			       reading.text);
	return 0;
}

/* The line is read by the terminal's own editing, unseen; ending signals
 * wait in a signalfd until the echo is back. */
static int ask(int tty, int signals, const char *prompt, uint64_t deadline,
	       struct secret *ret, struct err *e)
{
	struct termios was, quiet;
	int ready, rc = -1;

	if (tcgetattr(tty, &was))
		return err_sys(e, ERR_LOCAL, "cannot use the terminal");
	quiet = was;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	quiet.c_lflag |= ICANON | ISIG;
	if (tcsetattr(tty, TCSAFLUSH, &quiet))
		return err_sys(e, ERR_LOCAL, "cannot use the terminal");
	/* Only now: what is typed as soon as it appears must not be flushed. */
	if (write(tty, prompt, strlen(prompt)) < 0)
		ready = -1;
	else
		ready = shell_await(tty, signals, deadline);
	if (ready == tty)
		rc = read_line(tty, deadline, false, ret, e);
	else if (ready == signals)
		rc = err_set(e, ERR_LOCAL, EINTR, "interrupted");
	else
		rc = err_sys(e, ERR_LOCAL, "nothing was entered");
	tcsetattr(tty, TCSAFLUSH, &was);
	return rc;
}

int secret_from_terminal(const char *prompt, uint64_t within,
			 struct secret *ret, struct err *e)
{
	AUTO(close_fd)
	int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	AUTO(close_fd) int signals = -1;
	sigset_t ending, was;
	int rc;

	if (tty < 0)
		return err_sys(e, ERR_USAGE, "there is no terminal to ask on");
	sigemptyset(&ending);
	sigaddset(&ending, SIGINT);
	sigaddset(&ending, SIGTERM);
	sigaddset(&ending, SIGQUIT);
	sigaddset(&ending, SIGHUP);
	sigaddset(&ending, SIGTSTP);
	signals = signalfd(-1, &ending, SFD_CLOEXEC);
	if (signals < 0)
		return err_sys(e, ERR_LOCAL, "cannot make a signalfd");
	sigprocmask(SIG_BLOCK, &ending, &was);
	rc = ask(tty, signals, prompt, clock_add(clock_boot(), within), ret, e);
	if (write(tty, "\n", 1) < 0 && !rc)
		rc = err_sys(e, ERR_LOCAL, "cannot use the terminal");
	/* What waits in the signalfd takes effect here. */
	sigprocmask(SIG_SETMASK, &was, NULL);
	return rc;
}
