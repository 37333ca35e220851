/* SPDX-License-Identifier: MIT */
#include "tools/source_pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crash.h"
#include "store/digest.h"
#include "store/sqlite.h"

#define PEEK ((size_t)64 * 1024)

struct source_pipe {
	struct tool_run *tool;
	struct pub_input *input;
	int fd;
	int scratch[2]; /* where tee(2) copies to; -1 with a socket */
	uint64_t start; /* bytes of the stream before the batch */
	size_t size;    /* of the batch that is not taken out yet */
	uint8_t hash[DIGEST_SIZE];
	uint8_t data[PEEK];
};

/* Looks at up to max bytes. How many; 0 at the end; -1 with errno. */
static ssize_t peek(struct source_pipe *p, size_t max)
{
	ssize_t n;

	if (p->scratch[0] < 0)
		return recv(p->fd, p->data, max, MSG_PEEK | MSG_DONTWAIT);
	n = tee(p->fd, p->scratch[1], max, SPLICE_F_NONBLOCK);
	return n <= 0 ? n : read(p->scratch[0], p->data, (size_t)n);
}

/* One call takes all of it: a kill finds either everything gone or nothing. */
static int take_out(struct source_pipe *p, struct err *e)
{
	ssize_t n;

	crash_point();
	do
		n = p->scratch[0] < 0 ? recv(p->fd, p->data, p->size, 0)
				      : read(p->fd, p->data, p->size);
	while (n < 0 && errno == EINTR);
	crash_point();
	if (n < 0)
		return err_sys(e, ERR_LOCAL, "cannot read 'stdin'");
	if ((size_t)n != p->size)
		return err_set(e, ERR_LOCAL, 0,
			       "somebody else reads 'stdin' too");
	p->start += p->size;
	p->size = 0;
	return 0;
}

/* The batch as the store is to know it before any record of it. */
static int note_batch(void *ctx, struct session *session UNUSED,
		      struct store *store)
{
	const struct source_pipe *p = ctx;
	struct sqlite_source v;

	sqlite_get_source(store, &v);
	v.pending_start = p->start;
	v.pending_size = p->size;
	memcpy(v.pending_hash, p->hash, DIGEST_SIZE);
	sqlite_set_source(store, &v);
	return 0;
}

/* What the batch has of a record that is not complete. */
static int note_piece(void *ctx, struct session *session UNUSED,
		      struct store *store)
{
	const struct source_pipe *p = ctx;
	struct bytes rest = pub_input_rest(p->input);

	if (rest.n > p->size)
		rest = bytes_of(rest.p + rest.n - p->size, p->size);
	if (!rest.n)
		return 0;
	return sqlite_add_piece(store, p->start + p->size - rest.n, rest);
}

/* All records of the batch are published. */
static int finish_batch(struct source_pipe *p, struct err *e)
{
	if (!p->size)
		return 0;
	if (client_with_store(p->tool->client, note_piece, p))
		return err_nomem(e);
	if (client_commit(p->tool->client, p->tool->deadline, e))
		return -1;
	return take_out(p, e);
}

static enum pub_input_state fill(void *ctx, struct buf *buf, struct err *e)
{
	struct source_pipe *p = ctx;
	struct pollfd fd = { .fd = p->fd, .events = POLLIN };
	ssize_t n;

	if (finish_batch(p, e))
		return PUB_INPUT_FAIL;
	if (poll(&fd, 1, 0) == 0)
		return PUB_INPUT_WAIT;
	n = peek(p, PEEK);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return PUB_INPUT_WAIT;
	if (n < 0) {
		err_sys(e, ERR_LOCAL, "cannot read 'stdin'");
		return PUB_INPUT_FAIL;
	}
	if (!n)
		return PUB_INPUT_GOT;
	p->size = (size_t)n;
	digest_of(bytes_of(p->data, p->size), p->hash);
	(void)client_with_store(p->tool->client, note_batch, p);
	if (buf_append(buf, bytes_of(p->data, p->size)) < 0) {
		err_nomem(e);
		return PUB_INPUT_FAIL;
	}
	return PUB_INPUT_GOT;
}

/* Is the batch that was stored last still in the pipe? Then it is in data. */
static bool is_untaken(struct source_pipe *p, const struct sqlite_source *v)
{
	uint8_t hash[DIGEST_SIZE];
	ssize_t n;

	if (!v->pending_size || v->pending_size > PEEK)
		return false;
	n = peek(p, (size_t)v->pending_size);
	if (n < 0 || (uint64_t)n != v->pending_size)
		return false;
	digest_of(bytes_of(p->data, (size_t)n), hash);
	return memcmp(hash, v->pending_hash, DIGEST_SIZE) == 0;
}

/* What comes before the bytes that are still to be read: pieces of a record,
 * and what of the batch in the pipe is not stored yet. */
static int find_place(struct source_pipe *p, const struct sqlite_source *v,
		      struct buf *before, struct err *e)
{
	uint64_t end = v->pending_start + v->pending_size, skip;
	bool is_there = is_untaken(p, v);

	if (sqlite_get_pieces(p->tool->store, is_there ? v->pending_start : end,
			      before))
		return err_set(e, ERR_LOCAL, 0, "cannot read store '%s'",
			       p->tool->settings.store.path);
	p->start = end;
	if (!is_there)
		return 0;
	p->start = v->pending_start;
	p->size = (size_t)v->pending_size;
	skip = v->offset > v->pending_start ? v->offset - v->pending_start : 0;
	if (skip > p->size)
		skip = p->size;
	if (buf_append(before, bytes_of(p->data + skip, p->size - skip)) < 0)
		return err_nomem(e);
	return 0;
}

static int resume(struct source_pipe *p, struct err *e)
{
	AUTO(buf_release) struct buf before = { 0 };
	struct pub_input_reader reader = { p, fill };
	struct sqlite_source v;

	sqlite_get_source(p->tool->store, &v);
	if (!v.is_set || v.at_eof || v.inode || v.is_chained)
		v = (struct sqlite_source){ 0 };
	if (find_place(p, &v, &before, e))
		return -1;
	sqlite_set_source(p->tool->store, &v);
	if (pub_input_skip(p->input, v.offset, v.records, false, e))
		return -1;
	return pub_input_set_reader(p->input, &reader, buf_view(&before), e);
}

static int open_scratch(struct source_pipe *p, struct err *e)
{
	struct stat st;

	if (fstat(p->fd, &st) == 0 && S_ISSOCK(st.st_mode))
		return 0;
	if (pipe2(p->scratch, O_CLOEXEC | O_NONBLOCK) < 0)
		return err_sys(e, ERR_LOCAL, "cannot make a pipe");
	return 0;
}

struct source_pipe *source_pipe_new(struct tool_run *t, struct pub_input *in,
				    struct err *e)
{
	struct source_pipe *p = calloc(1, sizeof(*p));

	if (!p) {
		err_nomem(e);
		return NULL;
	}
	p->tool = t;
	p->input = in;
	p->fd = pub_input_fd(in);
	p->scratch[0] = p->scratch[1] = -1;
	if (open_scratch(p, e) || resume(p, e)) {
		source_pipe_free(p);
		return NULL;
	}
	return p;
}

void source_pipe_free(struct source_pipe *p)
{
	if (!p)
		return;
	for (int i = 0; i < 2; i++)
		if (p->scratch[i] >= 0)
			close(p->scratch[i]);
	free(p);
}
