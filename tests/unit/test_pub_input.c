/* SPDX-License-Identifier: MIT */
#include "tools/pub_input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "test.h"

#define MAX 512

static struct pub_settings pub;
static struct publish got[MAX];
static struct err e;
static char file_name[64];

/* A file that holds text, and stdin when is_stdin. */
static void put_file(struct bytes text, bool is_stdin)
{
	int fd;

	snprintf(file_name, sizeof(file_name), "/tmp/test_pub_input.XXXXXX");
	fd = mkstemp(file_name);
	if (!ok(fd >= 0 && write(fd, text.p, text.n) == (ssize_t)text.n &&
		lseek(fd, 0, SEEK_SET) == 0))
		exit(1);
	if (is_stdin)
		dup2(fd, STDIN_FILENO);
	close(fd);
}

static void put_stdin(struct bytes text)
{
	put_file(text, true);
	unlink(file_name);
}

/* The writing end of a pipe that stdin reads. */
static int put_pipe(void)
{
	int fds[2];

	if (!ok(pipe(fds) == 0))
		exit(1);
	dup2(fds[0], STDIN_FILENO);
	close(fds[0]);
	return fds[1];
}

static struct pub_input *open_lines(void)
{
	struct pub_input *in;

	pub = (struct pub_settings){ .source = PUB_LINES };
	in = pub_input_new(&pub, &e);
	ok(in != NULL);
	return in;
}

static enum pub_input_state next(struct pub_input *in, size_t *count)
{
	*count = 0;
	return pub_input_next(in, got, MAX, count, &e);
}

/* All that is to come from in, each record in brackets. */
static const char *rest_of(struct pub_input *in)
{
	static struct buf all;
	enum pub_input_state s;
	size_t count;

	buf_clear(&all);
	while ((s = next(in, &count)) == PUB_INPUT_GOT)
		for (size_t i = 0; i < count; i++)
			if (buf_append_byte(&all, '[') ||
			    buf_append(&all, got[i].payload) ||
			    buf_append_byte(&all, ']'))
				return "(out of memory)";
	is_int(s, PUB_INPUT_END);
	is_int(next(in, &count), PUB_INPUT_END, "the end stays the end");
	return buf_cstr(&all);
}

static const char *lines_of(struct bytes text)
{
	struct pub_input *in;
	const char *s;

	put_stdin(text);
	in = open_lines();
	s = rest_of(in);
	pub_input_free(in);
	return s;
}

static void argument_is_one_record(void)
{
	struct pub_input *in;

	pub = (struct pub_settings){ .source = PUB_MESSAGE,
				     .message = BYTES_LIT("hi there\n") };
	in = pub_input_new(&pub, &e);
	is_str(rest_of(in), "[hi there\n]");
	pub_input_free(in);
	pub = (struct pub_settings){ .source = PUB_NULL,
				     .message = BYTES_LIT("") };
	in = pub_input_new(&pub, &e);
	is_str(rest_of(in), "[]");
	pub_input_free(in);
}

static void lines_are_exact(void)
{
	is_str(lines_of(BYTES_LIT("")), "");
	is_str(lines_of(BYTES_LIT("\n")), "[]");
	is_str(lines_of(BYTES_LIT("a\n")), "[a]");
	is_str(lines_of(BYTES_LIT("a")), "[a]");
	is_str(lines_of(BYTES_LIT("a\nb")), "[a][b]");
	is_str(lines_of(BYTES_LIT("a\n\n\nb\n\n")), "[a][][][b][]");
	is_str(lines_of(BYTES_LIT(" a \r\n\tb\n")), "[ a \r][\tb]");
}

static void lines_may_hold_nul(void)
{
	struct pub_input *in;
	size_t count;

	put_stdin(BYTES_LIT("a\0b\n\0\n\0c"));
	in = open_lines();
	is_int(next(in, &count), PUB_INPUT_GOT);
	is_int(count, 2);
	is_bytes(got[0].payload, BYTES_LIT("a\0b"));
	is_bytes(got[1].payload, BYTES_LIT("\0"));
	is_int(next(in, &count), PUB_INPUT_GOT);
	is_int(count, 1);
	is_bytes(got[0].payload, BYTES_LIT("\0c"));
	is_int(next(in, &count), PUB_INPUT_END);
	pub_input_free(in);
}

/* Line i has i * 7919 % 3001 bytes, all of them letter i % 26. */
static bool is_line(struct bytes b, size_t i)
{
	if (b.n != i * 7919 % 3001)
		return false;
	for (size_t k = 0; k < b.n; k++)
		if (b.p[k] != 'a' + i % 26)
			return false;
	return true;
}

static void many_lines_cross_the_blocks(void)
{
	enum { LINES = 2000 };
	struct buf text = { 0 };
	struct pub_input *in;
	size_t seen = 0, wrong = 0, count;

	for (size_t i = 0; i < LINES; i++) {
		size_t n = i * 7919 % 3001;
		uint8_t *dst = buf_reserve(&text, n + 1);

		if (!ok(dst != NULL))
			return;
		memset(dst, 'a' + (int)(i % 26), n);
		dst[n] = '\n';
		buf_commit(&text, n + 1);
	}
	ok(buf_len(&text) > 2u << 20);
	put_stdin(buf_view(&text));
	in = open_lines();
	while (next(in, &count) == PUB_INPUT_GOT)
		for (size_t i = 0; i < count; i++)
			wrong += !is_line(got[i].payload, seen++);
	is_int(seen, LINES);
	is_int(wrong, 0);
	pub_input_free(in);
	buf_release(&text);
}

static void a_ten_megabyte_line_is_one_record(void)
{
	size_t n = 10u << 20, count;
	char *text = malloc(n + 4);
	struct pub_input *in;

	if (!ok(text != NULL))
		return;
	memset(text, 'x', n);
	memcpy(text + n, "\nab", 4);
	put_stdin(bytes_of(text, n + 3));
	in = open_lines();
	is_int(next(in, &count), PUB_INPUT_GOT);
	is_int(count, 1);
	is_mem(got[0].payload.p, got[0].payload.n, text, n);
	is_str(rest_of(in), "[ab]");
	pub_input_free(in);
	free(text);
}

static void no_more_records_than_asked_for(void)
{
	struct pub_input *in;
	size_t count = 0;

	put_stdin(BYTES_LIT("1\n2\n3\n4\n5"));
	in = open_lines();
	is_int(pub_input_next(in, got, 2, &count, &e), PUB_INPUT_GOT);
	is_int(count, 2);
	is_bytes(got[1].payload, BYTES_LIT("2"));
	is_int(pub_input_next(in, got, 2, &count, &e), PUB_INPUT_GOT);
	is_bytes(got[0].payload, BYTES_LIT("3"));
	is_str(rest_of(in), "[5]");
	pub_input_free(in);
}

static void a_pipe_never_blocks(void)
{
	struct pub_input *in;
	int w = put_pipe();
	size_t count;

	in = open_lines();
	is_int(next(in, &count), PUB_INPUT_WAIT);
	is_int(pub_input_fd(in), STDIN_FILENO);
	is_int(write(w, "ab", 2), 2);
	is_int(next(in, &count), PUB_INPUT_WAIT, "half a line");
	is_int(write(w, "c\nde", 4), 4);
	is_int(next(in, &count), PUB_INPUT_GOT);
	is_int(count, 1);
	is_bytes(got[0].payload, BYTES_LIT("abc"));
	is_int(next(in, &count), PUB_INPUT_WAIT);
	close(w);
	is_str(rest_of(in), "[de]");
	pub_input_free(in);
}

static void the_whole_of_stdin_is_one_record(void)
{
	struct pub_input *in;
	int w = put_pipe();
	size_t count;

	pub = (struct pub_settings){ .source = PUB_STDIN };
	in = pub_input_new(&pub, &e);
	is_int(next(in, &count), PUB_INPUT_WAIT);
	is_int(write(w, "a\n\0b\n", 5), 5);
	is_int(next(in, &count), PUB_INPUT_WAIT);
	close(w);
	is_int(next(in, &count), PUB_INPUT_GOT);
	is_int(count, 1);
	is_bytes(got[0].payload, BYTES_LIT("a\n\0b\n"));
	is_int(next(in, &count), PUB_INPUT_END);
	pub_input_free(in);
}

static void empty_stdin_as_a_whole_is_a_mistake(void)
{
	struct pub_input *in;
	size_t count;

	put_stdin(BYTES_LIT(""));
	pub = (struct pub_settings){ .source = PUB_STDIN };
	in = pub_input_new(&pub, &e);
	is_int(next(in, &count), PUB_INPUT_FAIL);
	is_int(e.kind, ERR_LOCAL);
	ok(strstr(e.text, "stdin is empty"), "%s", e.text);
	pub_input_free(in);
}

static void open_file_source(const char *name, struct pub_input **ret)
{
	pub = (struct pub_settings){ .source = PUB_FILE, .file = name };
	*ret = pub_input_new(&pub, &e);
}

static void a_file_is_one_record(void)
{
	static uint8_t big[700000];
	struct pub_input *in;
	size_t count;

	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = (uint8_t)(i * 31);
	put_file(bytes_of(big, sizeof(big)), false);
	open_file_source(file_name, &in);
	is_int(next(in, &count), PUB_INPUT_GOT);
	is_mem(got[0].payload.p, got[0].payload.n, big, sizeof(big));
	is_int(next(in, &count), PUB_INPUT_END);
	pub_input_free(in);
	unlink(file_name);
	open_file_source("/dev/null", &in);
	is_str(rest_of(in), "[]", "an empty file is an empty message");
	pub_input_free(in);
	open_file_source("/proc/self/comm", &in);
	is_int(next(in, &count), PUB_INPUT_GOT);
	ok(got[0].payload.n > 4, "a file that says it has no length");
	pub_input_free(in);
}

static void a_fifo_waits_for_its_writer(void)
{
	char name[] = "/tmp/test_pub_input.XXXXXX", path[64];
	struct pub_input *in;
	size_t count;
	int w;

	if (!ok(mkdtemp(name) != NULL))
		return;
	snprintf(path, sizeof(path), "%s/fifo", name);
	is_int(mkfifo(path, 0600), 0);
	open_file_source(path, &in);
	is_int(next(in, &count), PUB_INPUT_WAIT);
	w = open(path, O_WRONLY);
	is_int(next(in, &count), PUB_INPUT_WAIT);
	is_int(write(w, "x", 1), 1);
	close(w);
	is_str(rest_of(in), "[x]");
	pub_input_free(in);
	unlink(path);
	rmdir(name);
}

static void what_cannot_be_read_is_named(void)
{
	struct pub_input *in;

	open_file_source("/nonexistent/file", &in);
	ok(!in && e.kind == ERR_LOCAL && e.code == ENOENT);
	is_str(e.text, "cannot open '/nonexistent/file': No such file or "
		       "directory");
	open_file_source("/tmp", &in);
	ok(!in && e.kind == ERR_LOCAL && e.code == EISDIR, "%s", e.text);
	ok(strstr(e.text, "'/tmp'"), "%s", e.text);
}

static void text_is_checked_when_asked_for(void)
{
	struct pub_input *in;
	size_t count;

	put_stdin(BYTES_LIT("good\ngr\xc3\xbc\xc3\x9f\nbad\xff\nmore\n"));
	pub = (struct pub_settings){ .source = PUB_LINES, .check_utf8 = true };
	in = pub_input_new(&pub, &e);
	is_int(next(in, &count), PUB_INPUT_GOT);
	is_int(count, 2, "those before the bad one");
	is_int(next(in, &count), PUB_INPUT_FAIL);
	ok(strstr(e.text, "line 3 of stdin is not UTF-8"), "%s", e.text);
	is_int(next(in, &count), PUB_INPUT_FAIL);
	pub_input_free(in);
}

TEST_MAIN(T(argument_is_one_record), T(lines_are_exact), T(lines_may_hold_nul),
	  T(many_lines_cross_the_blocks), T(a_ten_megabyte_line_is_one_record),
	  T(no_more_records_than_asked_for), T(a_pipe_never_blocks),
	  T(the_whole_of_stdin_is_one_record),
	  T(empty_stdin_as_a_whole_is_a_mistake), T(a_file_is_one_record),
	  T(a_fifo_waits_for_its_writer), T(what_cannot_be_read_is_named),
	  T(text_is_checked_when_asked_for))
