/* SPDX-License-Identifier: MIT */
#include "config/shell.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

int shell_await(int fd, int other, uint64_t deadline)
{
	for (;;) {
		struct pollfd p[] = {
			{ .fd = fd, .events = POLLIN },
			{ .fd = other, .events = POLLIN },
		};
		uint64_t now = clock_boot();
		int n = poll(p, 2, clock_poll_timeout(deadline, now));

		if (n > 0)
			return p[0].revents ? fd : other;
		if (n < 0 && errno != EINTR)
			return -1;
		if (now >= deadline) {
			errno = ETIMEDOUT;
			return -1;
		}
	}
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

int shell_reap(pid_t pid, uint64_t deadline, struct err *e)
{
	AUTO(close_fd) int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	bool is_late = fd >= 0 && shell_await(fd, -1, deadline) < 0;
	int status;

	if (is_late)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (is_late)
		return err_set(e, ERR_LOCAL, ETIMEDOUT,
			       "it did not end in time");
	if (WIFSIGNALED(status))
		return err_set(e, ERR_LOCAL, 0, "it died of signal %d",
			       WTERMSIG(status));
	if (WEXITSTATUS(status))
		return err_set(e, ERR_LOCAL, 0, "it ended with status %d",
			       WEXITSTATUS(status));
	return 0;
}
