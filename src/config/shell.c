/* SPDX-License-Identifier: MIT */
#include "config/shell.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/* Can be read when a signal that would end us is blocked and waits for
 * whoever takes it: on the receive thread that is done after us. */
static int watch_signals(void)
{
	sigset_t ending;

	sigemptyset(&ending);
	sigaddset(&ending, SIGINT);
	sigaddset(&ending, SIGTERM);
	return signalfd(-1, &ending, SFD_CLOEXEC);
}

int shell_await(int fd, int other, uint64_t deadline)
{
	AUTO(close_fd) int signals = -1;

	/* It must not get the number of one that is closed. */
	if (fcntl(fd, F_GETFD) < 0)
		return -1;
	signals = watch_signals();
	for (;;) {
		struct pollfd p[] = {
			{ .fd = fd, .events = POLLIN },
			{ .fd = other, .events = POLLIN },
			{ .fd = signals, .events = POLLIN },
		};
		uint64_t now = clock_boot();
		int n = poll(p, 3, clock_poll_timeout(deadline, now));

		if (n > 0 && (p[0].revents || p[1].revents))
			return p[0].revents ? fd : other;
		if (n > 0) {
			errno = EINTR;
			return -1;
		}
		if (n < 0 && errno != EINTR)
			return -1;
		if (now >= deadline) {
			errno = ETIMEDOUT;
			return -1;
		}
	}
}

int shell_gave_up(struct err *e, const char *late)
{
	if (errno == EINTR)
		return err_set(e, ERR_STATE, EINTR, "interrupted");
	if (errno == ETIMEDOUT)
		return err_set(e, ERR_LOCAL, ETIMEDOUT, "%s", late);
	return err_sys(e, ERR_LOCAL, "cannot wait for it");
}

/* The receive thread blocks signals and we ignore two; the command is to have
 * all as usual. */
static int set_signals(posix_spawnattr_t *attr)
{
	sigset_t none, usual;
	int rc;

	sigemptyset(&none);
	sigemptyset(&usual);
	sigaddset(&usual, SIGPIPE);
	sigaddset(&usual, SIGXFSZ);
	rc = posix_spawnattr_setsigmask(attr, &none);
	if (!rc)
		rc = posix_spawnattr_setsigdefault(attr, &usual);
	if (!rc)
		rc = posix_spawnattr_setflags(
			attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	return rc;
}

static int set_files(posix_spawn_file_actions_t *files, int in, int out)
{
	int rc;

	if (in < 0)
		rc = posix_spawn_file_actions_addopen(files, STDIN_FILENO,
						      "/dev/null", O_RDONLY, 0);
	else
		rc = posix_spawn_file_actions_adddup2(files, in, STDIN_FILENO);
	if (rc)
		return rc;
	return posix_spawn_file_actions_adddup2(files, out, STDOUT_FILENO);
}

int shell_start(const char *command, int in, int out, pid_t *ret)
{
	const char *const argv[] = { "sh", "-c", command, NULL };
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	int rc = posix_spawn_file_actions_init(&files);

	if (rc)
		return rc;
	rc = posix_spawnattr_init(&attr);
	if (rc) {
		posix_spawn_file_actions_destroy(&files);
		return rc;
	}
	rc = set_signals(&attr);
	if (!rc)
		rc = set_files(&files, in, out);
	if (!rc)
		rc = posix_spawn(ret, "/bin/sh", &files, &attr,
				 (char *const *)argv, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	return rc;
}

/* With all that it has started, except for what wants to outlive it and has
 * left it. Not by process group: a group of its own could not ask anything on
 * our terminal, and Ctrl-C would pass it by. Stopped first, so that it starts
 * no more meanwhile. */
static void kill_tree(pid_t pid)
{
	char path[64];
	FILE *children;
	pid_t child;

	kill(pid, SIGSTOP);
	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, pid);
	children = fopen(path, "re");
	while (children && fscanf(children, "%d", &child) == 1)
		kill_tree(child);
	if (children)
		fclose(children);
	kill(pid, SIGKILL);
}

int shell_reap(pid_t pid, uint64_t deadline, struct err *e)
{
	AUTO(close_fd) int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	bool has_ended = fd < 0 || shell_await(fd, -1, deadline) == fd;
	int status;

	if (!has_ended) {
		(void)!shell_gave_up(e, "it did not end in time");
		kill_tree(pid);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!has_ended)
		return -1;
	if (WIFSIGNALED(status))
		return err_set(e, ERR_LOCAL, 0, "it died of signal %d",
			       WTERMSIG(status));
	if (WEXITSTATUS(status))
		return err_set(e, ERR_LOCAL, 0, "it ended with status %d",
			       WEXITSTATUS(status));
	return 0;
}
