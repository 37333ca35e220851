/* SPDX-License-Identifier: MIT */
#include "tools/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/writer.h"

/* Storage of that size is kept between bursts; a long message's is not. */
#define KEEP ((size_t)1024 * 1024)

enum how {
	HOW_PLAIN,  /* never waits, or cannot be waited for */
	HOW_POLLED, /* EAGAIN, then EPOLLOUT */
	HOW_SOCKET, /* the same by MSG_DONTWAIT */
	HOW_THREAD,
};

struct output {
	struct output_handlers handlers;
	struct loop *loop;
	struct watch watch;
	struct buf buf;
	const char *name;
	struct writer *writer; /* HOW_THREAD */
	enum how how;
	int fd;
	bool is_terminal;
	bool is_waiting; /* on_drained is due */
	bool has_failed;
};

static void on_ready(struct watch *w, uint32_t events);
static void on_written(void *ctx, int error);

/* Opens what stdout is once more, so that it does not block. */
static void reopen(struct output *o)
{
	struct stat was, is;
	int fd = open("/proc/self/fd/1",
		      O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);

	o->how = HOW_THREAD;
	if (fd < 0) {
		/* Without a reader the first write ends, one way or other. */
		if (errno == ENXIO)
			o->how = HOW_POLLED;
	} else if (fstat(o->fd, &was) == 0 && fstat(fd, &is) == 0 &&
		   was.st_dev == is.st_dev && was.st_ino == is.st_ino &&
		   was.st_rdev == is.st_rdev) {
		o->how = HOW_POLLED;
		close(o->fd);
		o->fd = fd;
	} else {
		close(fd);
	}
}

static int open_stdout(struct output *o, struct err *e)
{
	struct stat st;

	o->name = "stdout";
	o->fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (o->fd < 0 || fstat(o->fd, &st) < 0)
		return err_sys(e, ERR_LOCAL, "cannot write to 'stdout'");
	/* Opened anew, what stands in for a closed one would take all. */
	if ((fcntl(o->fd, F_GETFL) & O_ACCMODE) == O_RDONLY) {
		errno = EBADF;
		return err_sys(e, ERR_LOCAL, "cannot write to 'stdout'");
	}
	if (S_ISSOCK(st.st_mode)) {
		o->how = HOW_SOCKET;
	} else if (S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode)) {
		o->is_terminal = isatty(o->fd);
		reopen(o);
	}
	return 0;
}

static int open_file(struct output *o, const char *path, struct err *e)
{
	struct stat st;

	o->name = path;
	o->fd = open(path,
		     O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY |
			     O_NONBLOCK,
		     0666);
	if (o->fd < 0)
		return err_sys(e, ERR_LOCAL, "cannot open '%s' for writing",
			       path);
	if (fstat(o->fd, &st) < 0)
		return err_sys(e, ERR_LOCAL, "cannot write to '%s'", path);
	if (S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode))
		o->how = HOW_POLLED;
	return 0;
}

struct output *output_new(const char *path, const struct output_handlers *h,
			  struct err *e)
{
	struct output *o = calloc(1, sizeof(*o));

	if (!o) {
		err_nomem(e);
		return NULL;
	}
	o->handlers = *h;
	o->fd = -1;
	o->watch.fd = -1;
	o->watch.on_ready = on_ready;
	if (path ? open_file(o, path, e) : open_stdout(o, e)) {
		output_free(o);
		return NULL;
	}
	return o;
}

void output_free(struct output *o)
{
	if (!o)
		return;
	if (writer_free(o->writer) && o->fd >= 0)
		close(o->fd);
	buf_release(&o->buf);
	free(o);
}

bool output_is_terminal(const struct output *o)
{
	return o->is_terminal;
}

struct buf *output_buf(struct output *o)
{
	return &o->buf;
}

/* A watch for no event at all still tells that the reader is gone. */
int output_attach(struct output *o, struct loop *l, struct err *e)
{
	struct err why;

	o->loop = l;
	if (o->how == HOW_THREAD) {
		o->writer = writer_new(o->fd, l, on_written, o, e);
		if (!o->writer)
			return -1;
	}
	if (loop_watch(l, &o->watch, o->fd, 0, &why) == 0)
		return 0;
	if (why.code != EPERM) {
		if (e)
			*e = why;
		return -1;
	}
	/* epoll refuses what is always ready. */
	if (o->how == HOW_POLLED)
		o->how = HOW_PLAIN;
	return 0;
}

void output_detach(struct output *o)
{
	if (o->loop)
		loop_unwatch(o->loop, &o->watch);
	o->loop = NULL;
}

static void fail(struct output *o, int error)
{
	struct err e;

	if (o->has_failed)
		return;
	o->has_failed = true;
	loop_unwatch(o->loop, &o->watch);
	buf_release(&o->buf);
	errno = error;
	err_sys(&e, ERR_LOCAL, "cannot write to '%s'", o->name);
	o->handlers.on_failed(o->handlers.ctx, &e);
}

static ssize_t write_some(const struct output *o, struct bytes b)
{
	if (o->how == HOW_SOCKET)
		return send(o->fd, b.p, b.n, MSG_DONTWAIT | MSG_NOSIGNAL);
	return write(o->fd, b.p, b.n);
}

/* True when all is written; false when it has to wait, or failed. */
static bool write_all(struct output *o)
{
	while (buf_len(&o->buf)) {
		ssize_t n = write_some(o, buf_view(&o->buf));

		if (n >= 0) {
			buf_consume(&o->buf, (size_t)n);
		} else if (errno == EAGAIN) {
			return false;
		} else if (errno != EINTR) {
			fail(o, errno);
			return false;
		}
	}
	if (o->buf.cap > KEEP)
		buf_trim(&o->buf);
	return true;
}

static bool flush_by_thread(struct output *o)
{
	if (!buf_len(&o->buf) && !writer_is_busy(o->writer))
		return true;
	o->is_waiting = true;
	if (!writer_is_busy(o->writer))
		writer_give(o->writer, &o->buf);
	return false;
}

int output_sync(struct output *o)
{
	if (fdatasync(o->fd) == 0)
		return 0;
	fail(o, errno);
	return -1;
}

bool output_flush(struct output *o)
{
	if (o->has_failed)
		return false;
	if (o->how == HOW_THREAD)
		return flush_by_thread(o);
	if (write_all(o))
		return true;
	if (o->has_failed)
		return false;
	o->is_waiting = true;
	loop_rewatch(o->loop, &o->watch, EPOLLOUT);
	return false;
}

static void drained(struct output *o)
{
	bool was_waiting = o->is_waiting;

	o->is_waiting = false;
	loop_rewatch(o->loop, &o->watch, 0);
	if (was_waiting)
		o->handlers.on_drained(o->handlers.ctx);
}

static void on_ready(struct watch *w, uint32_t events)
{
	struct output *o = CONTAINER_OF(w, struct output, watch);

	if (events & (EPOLLERR | EPOLLHUP)) {
		fail(o, EPIPE);
		return;
	}
	if (o->how != HOW_THREAD && write_all(o))
		drained(o);
}

static void on_written(void *ctx, int error)
{
	struct output *o = ctx;

	if (error)
		fail(o, error);
	else if (!o->has_failed && flush_by_thread(o))
		drained(o);
}
