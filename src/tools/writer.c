/* SPDX-License-Identifier: MIT */
#include "tools/writer.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "client/sync.h"

/* Storage above this was for a long message. */
#define KEEP ((size_t)1024 * 1024)

struct writer {
	int fd;
	struct loop *loop;
	void (*on_done)(void *ctx, int error);
	void *ctx;
	struct task done;
	pthread_t thread;
	bool is_busy; /* the loop's: until on_done */

	struct mutex lock;
	struct cond changed;
	struct buf work;  /* with has_work the thread's, else the loop's */
	bool has_work;    /* the lock's */
	bool is_stopping; /* the lock's */
	int error;        /* written by the thread before done is posted */
};

static int write_fully(int fd, struct bytes b)
{
	while (b.n) {
		ssize_t n = write(fd, b.p, b.n);

		if (n >= 0)
			b = bytes_of(b.p + n, b.n - (size_t)n);
		else if (errno != EINTR)
			return errno;
	}
	return 0;
}

static bool wait_for_work(struct writer *w)
{
	bool has_work;

	mutex_lock(&w->lock);
	while (!w->has_work && !w->is_stopping)
		cond_wait(&w->changed, &w->lock, CLOCK_NEVER);
	has_work = w->has_work;
	mutex_unlock(&w->lock);
	return has_work;
}

static void *run(void *arg)
{
	struct writer *w = arg;

	while (wait_for_work(w)) {
		int error = write_fully(w->fd, buf_view(&w->work));

		mutex_lock(&w->lock);
		w->error = error;
		w->has_work = false;
		/* Left behind: the loop may be gone. */
		if (!w->is_stopping)
			loop_post(w->loop, &w->done);
		mutex_unlock(&w->lock);
	}
	return NULL;
}

static void run_done(struct task *t)
{
	struct writer *w = CONTAINER_OF(t, struct writer, done);
	int error;

	mutex_lock(&w->lock);
	error = w->error;
	mutex_unlock(&w->lock);
	w->is_busy = false;
	buf_clear(&w->work);
	if (w->work.cap > KEEP)
		buf_release(&w->work);
	w->on_done(w->ctx, error);
}

static int start_thread(struct writer *w, struct err *e)
{
	sigset_t all, old;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	error = pthread_create(&w->thread, NULL, run, w);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (!error)
		return 0;
	errno = error;
	return err_sys(e, ERR_LOCAL, "cannot start a thread");
}

struct writer *writer_new(int fd, struct loop *l,
			  void (*on_done)(void *ctx, int error), void *ctx,
			  struct err *e)
{
	struct writer *w = calloc(1, sizeof(*w));

	if (!w) {
		err_nomem(e);
		return NULL;
	}
	w->fd = fd;
	w->loop = l;
	w->on_done = on_done;
	w->ctx = ctx;
	w->done.run = run_done;
	mutex_init(&w->lock);
	cond_init(&w->changed);
	if (start_thread(w, e)) {
		free(w);
		return NULL;
	}
	return w;
}

bool writer_free(struct writer *w)
{
	bool is_stuck;

	if (!w)
		return true;
	mutex_lock(&w->lock);
	w->is_stopping = true;
	is_stuck = w->has_work;
	cond_broadcast(&w->changed);
	mutex_unlock(&w->lock);
	if (is_stuck)
		return false;
	pthread_join(w->thread, NULL);
	buf_release(&w->work);
	cond_release(&w->changed);
	mutex_release(&w->lock);
	free(w);
	return true;
}

bool writer_is_busy(const struct writer *w)
{
	return w->is_busy;
}

void writer_give(struct writer *w, struct buf *b)
{
	struct buf spare = w->work;

	w->is_busy = true;
	mutex_lock(&w->lock);
	w->work = *b;
	w->has_work = true;
	cond_broadcast(&w->changed);
	mutex_unlock(&w->lock);
	*b = spare;
}
