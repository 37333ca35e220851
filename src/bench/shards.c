/* SPDX-License-Identifier: MIT */
#include "bench/shards_private.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "bench/host.h"
#include "bench/merge.h"
#include "bench/result_file.h"
#include "client/sync.h"

#define READ_SIZE ((size_t)64 * 1024)
#define HEAD_START (50 * CLOCK_MSEC) /* for all to hear when to begin */

struct shard {
	pid_t pid;
	int pipe_fd; /* frames from it; -1: it has ended */
	int stop_fd; /* an eventfd: interrupts for it */
	struct buf in;
	bool is_ready, has_result;
	struct account account; /* as of its last interval */
	struct result result;
};

struct shards {
	const struct run_config *config;
	struct result *result; /* of the whole */
	struct shard *list;
	uint32_t count;
	struct shard_page *page;
	struct run_common *common; /* NULL: they are not all of the run */
	struct shards_course course;
	const char *stopped; /* why, when it was not a signal */
	struct err why;      /* kind is ERR_NONE while all is well */
};

/* ---------------------------------------------------------------- starting */

static NORETURN void become_child(struct shards *s, uint32_t i, int pipe_fd,
				  pid_t parent)
{
	const struct run_config *c = s->config;
	struct run_config part = *c;
	struct shard_child child = { .config = &part,
				     .page = s->page,
				     .pipe_fd = pipe_fd };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	/* A terminal sends its signals to all; the parent passes them on. */
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	for (uint32_t k = 0; k < i; k++)
		close(s->list[k].pipe_fd);
	/* The same clients in all as in one process, however many other
	 * machines cut their own shards into. */
	part.shard = c->shard + c->shards * i;
	part.shards = c->shards * s->count;
	part.common = s->common;
	part.interrupt_fd = s->list[i].stop_fd;
	part.start_at = 0;
	shard_child_run(&child, s->result);
}

static int start_one(struct shards *s, uint32_t i, struct err *e)
{
	struct shard *shard = &s->list[i];
	pid_t parent = getpid();
	int pipes[2];

	shard->stop_fd = eventfd(0, EFD_SEMAPHORE | EFD_NONBLOCK | EFD_CLOEXEC);
	if (shard->stop_fd < 0 || pipe2(pipes, O_CLOEXEC) < 0)
		return err_sys(e, ERR_LOCAL, "cannot start a process");
	shard->pid = fork();
	if (shard->pid == 0) {
		close(pipes[0]);
		become_child(s, i, pipes[1], parent);
	}
	close(pipes[1]);
	shard->pipe_fd = pipes[0];
	if (shard->pid < 0)
		return err_sys(e, ERR_LOCAL, "cannot start a process");
	return 0;
}

/* NULL without memory. */
static void *share_memory(size_t n)
{
	void *p = mmap(NULL, n, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static int start_all(struct shards *s, struct err *e)
{
	const struct run_config *c = s->config;

	s->list = calloc(s->count, sizeof(*s->list));
	s->page = share_memory(sizeof(*s->page));
	if (c->shards == 1)
		s->common = share_memory(run_common_size(c->scenario));
	if (!s->list || !s->page || (c->shards == 1 && !s->common) ||
	    shards_course_init(&s->course, s->count,
			       (double)s->config->interval / 1e9) < 0)
		return err_nomem(e);
	for (uint32_t i = 0; i < s->count; i++) {
		s->list[i].pipe_fd = s->list[i].stop_fd = -1;
		result_init(&s->list[i].result);
	}
	for (uint32_t i = 0; i < s->count; i++)
		if (start_one(s, i, e) < 0)
			return -1;
	return 0;
}

/* ------------------------------------------------------------------ orders */

static void interrupt_all(struct shards *s)
{
	for (uint32_t i = 0; i < s->count; i++)
		if (s->list[i].pipe_fd >= 0)
			event_raise(s->list[i].stop_fd);
}

/* The first failure is told, and the others are not kept waiting. */
static void fail(struct shards *s, const struct err *e)
{
	if (s->why.kind != ERR_NONE)
		return;
	s->why = *e;
	for (uint32_t i = 0; i < s->count; i++)
		if (s->list[i].pipe_fd >= 0)
			kill(s->list[i].pid, SIGKILL);
}

/* When everybody is ready, or has ended before. */
static void begin_together(struct shards *s)
{
	uint64_t now = clock_boot(), wall = clock_wall();
	uint64_t at = s->config->start_at;

	for (uint32_t i = 0; i < s->count; i++)
		if (!s->list[i].is_ready && s->list[i].pipe_fd >= 0)
			return;
	if (atomic_load(&s->page->begin))
		return;
	now += at > wall ? at - wall : HEAD_START;
	if (at)
		s->result->late_start = run_lateness(at, wall);
	atomic_store(&s->page->begin, now);
}

/* ------------------------------------------------------------------ frames */

static void tell_course(struct shards *s)
{
	struct result *r = s->result;
	struct interval i;
	const char *stop = NULL;

	while (shards_course_next(&s->course, &i)) {
		i.memory += host_resident(0);
		r->account = (struct account){ 0 };
		for (uint32_t k = 0; k < s->count; k++)
			account_add(&r->account, &s->list[k].account);
		if (s->config->sample_broker)
			s->config->sample_broker(s->config->ctx, &i);
		if (result_add_interval(r, &i) < 0)
			r->untracked++;
		if (s->config->on_interval)
			s->config->on_interval(s->config->ctx, r, &i, &stop);
		if (stop && !s->stopped) {
			s->stopped = stop;
			interrupt_all(s);
		}
	}
}

static void take_interval(struct shards *s, uint32_t i, struct bytes data)
{
	struct shard_report report;
	struct err e;

	memcpy(&report, data.p, sizeof(report));
	s->list[i].account = report.account;
	if (shards_course_add(&s->course, i, &report.interval) < 0)
		fail(s, (err_nomem(&e), &e));
}

static void take_result(struct shards *s, uint32_t i, struct bytes data)
{
	struct shard *shard = &s->list[i];
	json_t *root = json_loadb((const char *)data.p, data.n, 0, NULL);
	struct err e;

	if (!root)
		fail(s, (err_nomem(&e), &e));
	else if (result_from_json(root, &shard->result, &e) < 0)
		fail(s, &e);
	else
		shard->has_result = true;
	json_decref(root);
}

static void take_frame(struct shards *s, uint32_t i, uint32_t type,
		       struct bytes data)
{
	struct err e;

	switch (type) {
	case FRAME_INTERVAL:
		take_interval(s, i, data);
		break;
	case FRAME_READY:
		s->list[i].is_ready = true;
		break;
	case FRAME_RESULT:
		take_result(s, i, data);
		break;
	default:
		memcpy(&e, data.p, sizeof(e));
		fail(s, &e);
		break;
	}
}

static void take_frames(struct shards *s, uint32_t i)
{
	struct shard *shard = &s->list[i];
	struct bytes in = buf_view(&shard->in);
	struct frame f;

	while (in.n >= sizeof(f)) {
		memcpy(&f, in.p, sizeof(f));
		if (in.n - sizeof(f) < f.size)
			break;
		take_frame(s, i, f.type, bytes_of(in.p + sizeof(f), f.size));
		buf_consume(&shard->in, sizeof(f) + f.size);
		in = buf_view(&shard->in);
	}
}

/* Its end: well after its result, and badly before. */
static void take_end(struct shards *s, uint32_t i)
{
	struct shard *shard = &s->list[i];
	struct err e;
	int status = 0;

	close(shard->pipe_fd);
	shard->pipe_fd = -1;
	while (waitpid(shard->pid, &status, 0) < 0 && errno == EINTR)
		;
	shards_course_end(&s->course, i);
	if (shard->has_result)
		return;
	if (WIFSIGNALED(status))
		err_set(&e, ERR_LOCAL, 0,
			"process %ld, one of %u that shared "
			"the load, was killed by signal %d",
			(long)shard->pid, s->count, WTERMSIG(status));
	else
		err_set(&e, ERR_LOCAL, 0,
			"process %ld, one of %u that shared "
			"the load, ended early",
			(long)shard->pid, s->count);
	fail(s, &e);
}

static void read_from(struct shards *s, uint32_t i)
{
	struct shard *shard = &s->list[i];
	uint8_t *room = buf_reserve(&shard->in, READ_SIZE);
	ssize_t n = room ? read(shard->pipe_fd, room, READ_SIZE) : 0;

	if (n < 0 && errno == EINTR)
		return;
	if (n <= 0) {
		take_end(s, i);
		return;
	}
	buf_commit(&shard->in, (size_t)n);
	take_frames(s, i);
}

/* ----------------------------------------------------------------- the end */

/* One turn of waiting; false when all have ended. */
static bool wait_for_frames(struct shards *s, struct pollfd *fds)
{
	int watched = s->config->interrupt_fd;
	bool any = false;

	for (uint32_t i = 0; i < s->count; i++) {
		fds[i] = (struct pollfd){ .fd = s->list[i].pipe_fd,
					  .events = POLLIN };
		any = any || s->list[i].pipe_fd >= 0;
	}
	fds[s->count] = (struct pollfd){ .fd = watched, .events = POLLIN };
	if (!any || poll(fds, s->count + 1, -1) < 0)
		return any;
	if (fds[s->count].revents) {
		event_clear(watched);
		interrupt_all(s);
	}
	for (uint32_t i = 0; i < s->count; i++)
		if (fds[i].revents)
			read_from(s, i);
	begin_together(s);
	tell_course(s);
	return true;
}

static int merge(struct shards *s, struct err *e)
{
	const struct result **parts = calloc(s->count, sizeof(*parts));
	struct result *r = s->result;
	int result;

	if (!parts)
		return err_nomem(e);
	for (uint32_t i = 0; i < s->count; i++)
		parts[i] = &s->list[i].result;
	result = merge_parts(r, parts, s->count, e);
	free(parts);
	result_date_course(r);
	r->memory += host_memory();
	if (s->stopped && result == 0) {
		free(r->partial);
		r->partial = strdup(s->stopped);
		r->partial_status = ERR_NO;
	}
	return result;
}

static void release(struct shards *s)
{
	for (uint32_t i = 0; s->list && i < s->count; i++) {
		struct shard *shard = &s->list[i];

		if (shard->pipe_fd >= 0) {
			kill(shard->pid, SIGKILL);
			close(shard->pipe_fd);
			waitpid(shard->pid, NULL, 0);
		}
		if (shard->stop_fd >= 0)
			close(shard->stop_fd);
		buf_release(&shard->in);
		result_release(&shard->result);
	}
	free(s->list);
	shards_course_release(&s->course);
	if (s->page)
		munmap(s->page, sizeof(*s->page));
	if (s->common)
		munmap(s->common, run_common_size(s->config->scenario));
}

int shards_execute(const struct run_config *c, uint32_t n, struct result *r,
		   struct err *e)
{
	struct run_config config = *c;
	struct shards s = { .config = &config, .result = r, .count = n };
	struct pollfd *fds = calloc(n + 1, sizeof(*fds));
	int result = -1;

	if (!config.epoch)
		config.epoch = clock_boot();
	if (!fds)
		err_nomem(e);
	else if (start_all(&s, e) == 0) {
		while (wait_for_frames(&s, fds))
			;
		if (s.why.kind != ERR_NONE)
			*e = s.why;
		else
			result = merge(&s, e);
	}
	release(&s);
	free(fds);
	return result;
}
