/* SPDX-License-Identifier: MIT */
#include "tools/output.h"

#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "test.h"

/* One output on a loop that the test turns itself. */
struct fixture {
	struct loop *loop;
	struct output *out;
	struct err e, failure;
	int drained, failed;
	int saved; /* the harness's stdout */
};

static void note_drained(void *ctx)
{
	((struct fixture *)ctx)->drained++;
}

static void note_failed(void *ctx, const struct err *e)
{
	struct fixture *f = ctx;

	f->failed++;
	f->failure = *e;
}

static int open_output(struct fixture *f, const char *path)
{
	struct output_handlers h = { f, note_drained, note_failed };

	f->loop = loop_new("test", &f->e);
	f->out = output_new(path, &h, &f->e);
	return f->loop && f->out ? output_attach(f->out, f->loop, &f->e) : -1;
}

/* Puts fd in the place of stdout; checks must wait for restore(). */
static int open_on(struct fixture *f, int fd)
{
	int ret;

	*f = (struct fixture){ 0 };
	fflush(stdout);
	f->saved = dup(STDOUT_FILENO);
	dup2(fd, STDOUT_FILENO);
	ret = open_output(f, NULL);
	dup2(f->saved, STDOUT_FILENO);
	close(f->saved);
	return ret;
}

static void close_output(struct fixture *f)
{
	if (f->out)
		output_detach(f->out);
	loop_free(f->loop);
	output_free(f->out);
}

static void turn(struct fixture *f)
{
	loop_turn(f->loop, clock_boot() + 20 * CLOCK_MSEC);
}

static bool put(struct fixture *f, const char *text)
{
	return !buf_append_str(output_buf(f->out), text) &&
	       output_flush(f->out);
}

/* More than any pipe or socket takes. */
static bool put_much(struct fixture *f, size_t n)
{
	uint8_t *dst = buf_reserve(output_buf(f->out), n);

	if (!dst)
		return false;
	for (size_t i = 0; i < n; i++)
		dst[i] = (uint8_t)(i % 251);
	buf_commit(output_buf(f->out), n);
	return output_flush(f->out);
}

/* Reads what put_much() wrote while the loop goes on; the bytes that were
 * right. */
static size_t take_much(struct fixture *f, int fd, size_t n)
{
	uint8_t block[65536];
	size_t at = 0, good = 0;

	for (int idle = 0; at < n && idle < 200; idle++) {
		ssize_t got = read(fd, block, sizeof(block));

		for (ssize_t i = 0; i < got; i++)
			good += block[i] == (at + (size_t)i) % 251;
		if (got > 0) {
			at += (size_t)got;
			idle = 0;
		}
		turn(f);
	}
	return good;
}

static void a_file_is_appended_to(void)
{
	char name[] = "/tmp/test_output.XXXXXX", text[32] = "";
	struct fixture f = { 0 };
	int fd = mkstemp(name);

	is_int(write(fd, "old ", 4), 4);
	is_int(open_output(&f, name), 0);
	ok(put(&f, "one "));
	ok(put(&f, "two"));
	is_int(pread(fd, text, sizeof(text) - 1, 0), 11);
	is_str(text, "old one two");
	ok(!output_is_terminal(f.out));
	close_output(&f);
	close(fd);
	unlink(name);
}

static void a_file_that_cannot_be_opened_is_named(void)
{
	struct fixture f = { 0 };

	is_int(open_output(&f, "/nonexistent/file"), -1);
	is_int(f.e.kind, ERR_LOCAL);
	is_str(f.e.text, "cannot open '/nonexistent/file' for writing: No "
			 "such file or directory");
	close_output(&f);
}

static void a_full_disk_is_told(void)
{
	struct fixture f = { 0 };

	is_int(open_output(&f, "/dev/full"), 0);
	ok(!put(&f, "text"));
	is_int(f.failed, 1);
	is_int(f.failure.kind, ERR_LOCAL);
	is_str(f.failure.text, "cannot write to '/dev/full': No space left "
			       "on device");
	ok(!put(&f, "text"));
	is_int(f.failed, 1, "only once");
	close_output(&f);
}

static void dev_null_takes_everything(void)
{
	struct fixture f = { 0 };
	int fd = open("/dev/null", O_WRONLY);
	int ret = open_on(&f, fd);

	is_int(ret, 0);
	ok(put_much(&f, 3u << 20));
	close_output(&f);
	close(fd);
}

/* A descriptor whose reader is slow: nothing blocks, all arrives. */
static void check_slow_reader(int reader, int writer)
{
	struct fixture f;
	size_t n = 3u << 20;
	int ret = open_on(&f, writer);

	is_int(ret, 0, "%s", f.e.text);
	ok(!put_much(&f, n));
	is_int(f.drained, 0);
	fcntl(reader, F_SETFL, O_NONBLOCK);
	is_int(take_much(&f, reader, n), n);
	turn(&f);
	is_int(f.drained, 1);
	ok(put(&f, "more"));
	is_int(f.drained, 1, "nothing had to wait");
	is_int(f.failed, 0, "%s", f.failure.text);
	close_output(&f);
}

/* A reader that goes away is noticed with nothing to write. */
static void check_lost_reader(int reader, int writer)
{
	struct fixture f;
	int ret = open_on(&f, writer);

	is_int(ret, 0);
	turn(&f);
	is_int(f.failed, 0);
	close(reader);
	turn(&f);
	is_int(f.failed, 1);
	is_int(f.failure.code, EPIPE);
	close_output(&f);
	close(writer);
}

static void a_pipe_may_be_slow(void)
{
	int p[2];

	is_int(pipe(p), 0);
	check_slow_reader(p[0], p[1]);
	is_int(fcntl(p[1], F_GETFL) & O_NONBLOCK, 0,
	       "others see a blocking pipe");
	close(p[0]);
	close(p[1]);
}

static void a_pipe_may_lose_its_reader(void)
{
	int p[2];

	is_int(pipe(p), 0);
	check_lost_reader(p[0], p[1]);
}

static void a_pipe_may_have_no_reader_at_all(void)
{
	struct fixture f;
	int p[2], ret;

	is_int(pipe(p), 0);
	close(p[0]);
	ret = open_on(&f, p[1]);
	is_int(ret, 0);
	turn(&f);
	is_int(f.failed, 1);
	is_int(f.failure.code, EPIPE);
	close_output(&f);
	close(p[1]);
}

static void a_socket_may_be_slow(void)
{
	int p[2];

	is_int(socketpair(AF_UNIX, SOCK_STREAM, 0, p), 0);
	check_slow_reader(p[0], p[1]);
	is_int(fcntl(p[1], F_GETFL) & O_NONBLOCK, 0);
	close(p[0]);
	close(p[1]);
}

static void a_socket_may_lose_its_reader(void)
{
	int p[2];

	is_int(socketpair(AF_UNIX, SOCK_STREAM, 0, p), 0);
	check_lost_reader(p[0], p[1]);
}

static void a_terminal_may_be_slow(void)
{
	int master, slave, ret;
	struct fixture f;
	size_t got = 0;

	is_int(openpty(&master, &slave, NULL, NULL, NULL), 0);
	ret = open_on(&f, slave);
	is_int(ret, 0);
	ok(output_is_terminal(f.out));
	ok(!put_much(&f, 1u << 20), "a terminal takes a few KiB");
	fcntl(master, F_SETFL, O_NONBLOCK);
	for (int i = 0; i < 20000 && !f.drained; i++) {
		char block[4096];
		ssize_t n = read(master, block, sizeof(block));

		got += n > 0 ? (size_t)n : 0;
		loop_turn(f.loop, clock_boot());
	}
	is_int(f.drained, 1);
	ok(got > 1000000, "%zu", got);
	close_output(&f);
	close(master);
	close(slave);
}

/* Without /proc the pipe cannot be opened again: the thread writes. In a
 * process of its own, since there is no way back out. */
static int write_by_thread(void)
{
	char name[] = "/tmp/test_output.XXXXXX";
	size_t n = 3u << 20, good;
	struct fixture f;
	int p[2];

	if (!mkdtemp(name) || chroot(name) || rmdir("/") == 0 || pipe(p))
		return 2;
	if (open_on(&f, p[1]) || put_much(&f, n) || f.drained)
		return 3;
	fcntl(p[0], F_SETFL, O_NONBLOCK);
	good = take_much(&f, p[0], n);
	for (int i = 0; i < 100 && !f.drained; i++)
		turn(&f);
	if (good != n || f.drained != 1)
		return 4;
	/* And a thread that is stuck does not hold up the end. */
	put_much(&f, n);
	close_output(&f);
	return f.failed ? 5 : 0;
}

static void a_thread_writes_what_cannot_be_opened_again(void)
{
	int status = 0;
	pid_t pid;

	if (geteuid() != 0) {
		skip("only root may hide /proc");
		return;
	}
	fflush(stdout);
	pid = fork();
	if (pid == 0)
		_exit(write_by_thread());
	is_int(waitpid(pid, &status, 0), pid);
	ok(WIFEXITED(status));
	is_int(WEXITSTATUS(status), 0);
}

static void no_stdout_is_an_error(void)
{
	struct output_handlers h = { 0 };
	struct output *out;
	struct err e;
	int saved;

	fflush(stdout);
	saved = dup(STDOUT_FILENO);
	close(STDOUT_FILENO);
	out = output_new(NULL, &h, &e);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	ok(!out);
	is_int(e.kind, ERR_LOCAL);
	is_str(e.text, "cannot write to 'stdout': Bad file descriptor");
}

static void ignore_sigpipe(void)
{
	ok(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
}

TEST_MAIN(T(ignore_sigpipe), T(a_file_is_appended_to),
	  T(a_file_that_cannot_be_opened_is_named), T(a_full_disk_is_told),
	  T(dev_null_takes_everything), T(a_pipe_may_be_slow),
	  T(a_pipe_may_lose_its_reader), T(a_pipe_may_have_no_reader_at_all),
	  T(a_socket_may_be_slow), T(a_socket_may_lose_its_reader),
	  T(a_terminal_may_be_slow),
	  T(a_thread_writes_what_cannot_be_opened_again),
	  T(no_stdout_is_an_error))
