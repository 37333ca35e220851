/* SPDX-License-Identifier: MIT */
/*
 * measure: runs a command and says what it took.
 *
 *	measure [--runs N] [--lines] [--deadline SECONDS] COMMAND [ARG]...
 *
 * The command gets our stdin. Its output goes to /dev/null, or, with
 * --lines, through a pipe into a count. One line is printed:
 *
 *	measured status=0 seconds=0.123 cpu=0.045 rss_kib=3456 lines=1000
 *
 * with the median time of N runs, the CPU seconds of all of them, and the
 * greatest resident size of any. A command that is killed, by its deadline
 * too, has the status that a shell would give it.
 */
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/parse.h"

enum { RUNS_MAX = 1000, READ_SIZE = 1 << 16, DEADLINE = 60 };

struct measure {
	char **command;
	uint64_t runs, deadline;
	bool counts_lines;
	double times[RUNS_MAX]; /* seconds */
	double cpu;
	long rss_kib;
	uint64_t lines;
	int status;
};

static volatile pid_t child;

static void on_alarm(int sig)
{
	(void)sig;
	kill(child, SIGKILL);
}

static NORETURN void run_command(struct measure *m, const int out[2])
{
	int fd = m->counts_lines ? out[1] : open("/dev/null", O_WRONLY);

	if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0)
		_exit(126);
	if (m->counts_lines) {
		close(out[0]);
		close(out[1]);
	}
	execvp(m->command[0], m->command);
	_exit(127);
}

static void count_lines(struct measure *m, const int out[2])
{
	static char buf[READ_SIZE];
	ssize_t n;

	close(out[1]);
	while ((n = read(out[0], buf, sizeof(buf))) > 0)
		for (ssize_t i = 0; i < n; i++)
			m->lines += buf[i] == '\n';
	close(out[0]);
}

static double seconds_of(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static int run_once(struct measure *m, uint64_t run, struct err *e)
{
	struct rusage used;
	int out[2] = { -1, -1 }, status;
	uint64_t start = clock_now();

	if (m->counts_lines && pipe2(out, O_CLOEXEC) < 0)
		return err_sys(e, ERR_LOCAL, "pipe");
	child = fork();
	if (child < 0)
		return err_sys(e, ERR_LOCAL, "fork");
	if (child == 0)
		run_command(m, out);
	alarm((unsigned)((m->deadline + CLOCK_SEC - 1) / CLOCK_SEC));
	if (m->counts_lines)
		count_lines(m, out);
	if (wait4(child, &status, 0, &used) < 0)
		return err_sys(e, ERR_LOCAL, "wait4");
	alarm(0);
	m->times[run] = (double)(clock_now() - start) / 1e9;
	m->cpu += seconds_of(used.ru_utime) + seconds_of(used.ru_stime);
	m->rss_kib = used.ru_maxrss > m->rss_kib ? used.ru_maxrss : m->rss_kib;
	status = WIFEXITED(status) ? WEXITSTATUS(status)
				   : 128 + WTERMSIG(status);
	m->status = status ? status : m->status;
	return 0;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static int parse_options(struct measure *m, int argc, char **argv,
			 struct err *e)
{
	static const struct option names[] = {
		{ "runs", required_argument, NULL, 'r' },
		{ "lines", no_argument, NULL, 'l' },
		{ "deadline", required_argument, NULL, 'd' },
		{ 0 },
	};
	int opt, rc = 0;

	while (rc == 0 &&
	       (opt = getopt_long(argc, argv, "+", names, NULL)) != -1) {
		if (opt == 'r')
			rc = parse_uint(optarg, 1, RUNS_MAX, &m->runs, e);
		else if (opt == 'd')
			rc = parse_duration(optarg, CLOCK_SEC, &m->deadline, e);
		else if (opt == 'l')
			m->counts_lines = true;
		else
			rc = err_set(e, ERR_USAGE, 0, "see its first lines");
	}
	m->command = argv + optind;
	if (rc == 0 && optind == argc)
		rc = err_set(e, ERR_USAGE, 0, "expected a command");
	return rc;
}

int main(int argc, char **argv)
{
	static struct measure measure = { .runs = 1,
					  .deadline = DEADLINE * CLOCK_SEC };
	struct sigaction act = { .sa_handler = on_alarm,
				 .sa_flags = SA_RESTART };
	struct measure *m = &measure;
	struct err e = { 0 };
	int rc = 0;

	log_init("measure", LOG_ERROR);
	sigaction(SIGALRM, &act, NULL);
	rc = parse_options(m, argc, argv, &e);
	for (uint64_t i = 0; rc == 0 && i < m->runs; i++)
		rc = run_once(m, i, &e);
	if (rc < 0) {
		log_line(LOG_ERROR, "%s", e.text);
		return 2;
	}
	qsort(m->times, m->runs, sizeof(*m->times), ascending);
	printf("measured status=%d seconds=%.6f cpu=%.6f rss_kib=%ld "
	       "lines=%" PRIu64 "\n",
	       m->status, m->times[m->runs / 2], m->cpu, m->rss_kib, m->lines);
	return 0;
}
