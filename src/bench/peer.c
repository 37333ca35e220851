/* SPDX-License-Identifier: MIT */
#include "bench/peer_private.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/parse.h"

#define BACKLOG 4096

/* ----------------------------------------------------------------- faults */

static int parse_stall(char *value, struct peer_faults *f, struct err *e)
{
	char *at = strchr(value, '@');

	if (!at)
		return err_set(e, ERR_USAGE, 0,
			       "'stall=%s' is not a duration "
			       "and a time such as stall=2s@5s",
			       value);
	*at++ = '\0';
	if (parse_duration(value, CLOCK_SEC, &f->stall_for, e) < 0)
		return -1;
	return parse_duration(at, CLOCK_SEC, &f->stall_at, e);
}

static int parse_fault(char *word, struct peer_faults *f, struct err *e)
{
	const struct {
		const char *name;
		uint32_t *every;
	} names[] = {
		{ "drop", &f->drop },
		{ "duplicate", &f->duplicate },
		{ "reorder", &f->reorder },
		{ "corrupt", &f->corrupt },
		{ "refuse", &f->refuse },
		{ "unacked", &f->unacked },
		{ "refuse-connect", &f->refuse_connect },
	};
	char *value = strchr(word, '=');
	uint64_t n;

	if (!value)
		return err_set(e, ERR_USAGE, 0, "fault '%s' has no '='", word);
	*value++ = '\0';
	if (strcmp(word, "stall") == 0)
		return parse_stall(value, f, e);
	if (strcmp(word, "delay") == 0)
		return parse_duration(value, CLOCK_MSEC, &f->delay, e);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(word, names[i].name) != 0)
			continue;
		if (parse_uint(value, 1, UINT32_MAX, &n, e) < 0)
			return -1;
		*names[i].every = (uint32_t)n;
		return 0;
	}
	return err_set(e, ERR_USAGE, 0,
		       "'%s' is not a fault: drop, duplicate, "
		       "reorder, corrupt, refuse, unacked, refuse-connect, "
		       "delay, stall",
		       word);
}

int peer_parse_faults(const char *text, struct peer_faults *ret, struct err *e)
{
	struct peer_faults f = { 0 };
	char *copy = strdup(text), *rest = copy, *word;
	int r = 0;

	if (!copy)
		return err_nomem(e);
	while (r == 0 && (word = strsep(&rest, ",")))
		if (*word)
			r = parse_fault(word, &f, e);
	free(copy);
	if (r == 0)
		*ret = f;
	return r;
}

bool peer_is_target(const char *target)
{
	size_t n = strlen(PEER_TARGET);

	return strncmp(target, PEER_TARGET, n) == 0 &&
	       (target[n] == '\0' || target[n] == ':');
}

int peer_parse_target(const char *target, struct peer_faults *ret,
		      struct err *e)
{
	const char *faults = target + strlen(PEER_TARGET);

	if (peer_parse_faults(faults + (*faults == ':'), ret, e) < 0)
		return err_prefix(e, "target '%s'", PEER_TARGET);
	return 0;
}

/* ---------------------------------------------------------------- process */

static void parent_gone(struct watch *w, uint32_t events)
{
	(void)events;
	CONTAINER_OF(w, struct peer_state, parent)->is_over = true;
}

/* parent_fd: a pipe whose other end the parent holds. */
static int serve(int listener, int parent_fd, const struct peer_faults *f,
		 struct peer_counts *counts)
{
	struct peer_state p = { .faults = f, .counts = counts };
	struct err e;

	p.loop = loop_new("peer", &e);
	p.route = route_new();
	p.late_timer.on_due = peer_late_due;
	p.parent.on_ready = parent_gone;
	if (!p.loop || !p.route || peer_listen(&p, listener, &e) < 0 ||
	    loop_watch(p.loop, &p.parent, parent_fd, EPOLLIN, &e) < 0)
		return 1;
	while (!p.is_over)
		loop_turn(p.loop, CLOCK_NEVER);
	/* The end of the process tidies up. */
	return 0;
}

static int open_listener(uint16_t *ret_port, struct err *e)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t n = sizeof(a);
	int fd;

	/* All of 127.0.0.0/8 is ours; nothing else is to reach it. */
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_sys(e, ERR_LOCAL, "cannot open a socket");
	if (bind(fd, (struct sockaddr *)(void *)&a, sizeof(a)) == 0 &&
	    listen(fd, BACKLOG) == 0 &&
	    getsockname(fd, (struct sockaddr *)(void *)&a, &n) == 0) {
		*ret_port = ntohs(a.sin_port);
		return fd;
	}
	err_sys(e, ERR_LOCAL, "cannot listen on 127.0.0.1");
	close(fd);
	return -1;
}

static void raise_limit(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) == 0) {
		l.rlim_cur = l.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &l);
	}
}

static NORETURN void child(int listener, int parent_fd,
			   const struct peer_faults *f,
			   struct peer_counts *counts)
{
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "bench-peer");
	signal(SIGINT, SIG_IGN); /* the terminal's is meant for the parent */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	raise_limit();
	_exit(serve(listener, parent_fd, f, counts));
}

int peer_start(const struct peer_faults *f, struct peer *ret, struct err *e)
{
	struct peer_counts *counts;
	uint16_t port = 0;
	int listener, pipes[2], pid;

	counts = mmap(NULL, sizeof(*counts), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (counts == MAP_FAILED)
		return err_nomem(e);
	listener = open_listener(&port, e);
	if (listener < 0 || pipe2(pipes, O_CLOEXEC) < 0) {
		munmap(counts, sizeof(*counts));
		return -1;
	}
	pid = fork();
	if (pid == 0) {
		close(pipes[1]);
		child(listener, pipes[0], f, counts);
	}
	close(listener);
	close(pipes[0]);
	if (pid < 0) {
		close(pipes[1]);
		munmap(counts, sizeof(*counts));
		return err_sys(e, ERR_LOCAL, "cannot start a process");
	}
	*ret = (struct peer){
		.pid = pid, .port = port, .counts = counts, .pipe_fd = pipes[1]
	};
	return 0;
}

void peer_stop(struct peer *p)
{
	if (p->pid <= 0)
		return;
	close(p->pipe_fd);
	waitpid(p->pid, NULL, 0);
	p->pid = 0;
}

void peer_release(struct peer *p)
{
	peer_stop(p);
	if (p->counts)
		munmap(p->counts, sizeof(*p->counts));
	*p = (struct peer){ 0 };
}
