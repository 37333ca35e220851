/* SPDX-License-Identifier: MIT */
#include "tools/source.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/sqlite.h"

/* What a file is known by, besides its inode: its beginning. */
#define HEAD ((size_t)64 * 1024)

/* Hashes the first max bytes; *ret_size says how many there are. */
static int hash_head(int fd, size_t max, uint8_t ret[DIGEST_SIZE],
		     uint64_t *ret_size, struct err *e)
{
	uint8_t *head = malloc(HEAD);
	size_t done = 0;
	ssize_t n = 1;

	if (!head)
		return err_nomem(e);
	while (done < max && n > 0) {
		n = pread(fd, head + done, max - done, (off_t)done);
		if (n > 0)
			done += (size_t)n;
		else if (n < 0 && errno == EINTR)
			n = 1;
	}
	if (n >= 0)
		digest_of(bytes_of(head, done), ret);
	free(head);
	*ret_size = done;
	return n < 0 ? err_sys(e, ERR_LOCAL, "cannot read the input") : 0;
}

/* The number of a device may be another one after a boot or a mount; what the
 * file begins with is not. */
static bool is_same_file(const struct sqlite_source *v, int fd,
			 const struct stat *st)
{
	uint8_t hash[DIGEST_SIZE];
	uint64_t size = 0;

	return (v->device == st->st_dev || v->head_size) &&
	       v->inode == st->st_ino && v->offset <= (uint64_t)st->st_size &&
	       v->head_size <= HEAD &&
	       hash_head(fd, (size_t)v->head_size, hash, &size, NULL) == 0 &&
	       size == v->head_size &&
	       memcmp(hash, v->head_hash, DIGEST_SIZE) == 0;
}

/* A last line without line feed was sent; the file has grown since, and the
 * line feed that ends it is no record of its own. */
static bool is_late_line_feed(int fd, uint64_t offset)
{
	char c[2];

	return offset && pread(fd, c, 2, (off_t)offset - 1) == 2 &&
	       c[0] != '\n' && c[1] == '\n';
}

static int is_another(const struct source *s, const struct sqlite_source *v,
		      struct err *e)
{
	return err_set(
		e, ERR_LOCAL, 0,
		"store '%s' was left in the middle of another input, after %" PRIu64
		" records (%" PRIu64
		" bytes): give it that one, or forget it by --store-clear",
		s->tool->settings.store.path, v->records, v->offset);
}

/* Where a file is read from: where it was left, or where it stands. */
static int open_file(struct source *s, const struct stat *st, struct err *e)
{
	int fd = pub_input_fd(s->input);
	struct sqlite_source v;
	off_t at;

	sqlite_get_source(s->tool->store, &v);
	if (v.is_set && is_same_file(&v, fd, st)) {
		v.at_eof &= v.offset == (uint64_t)st->st_size;
		v.offset += is_late_line_feed(fd, v.offset);
		if (hash_head(fd, HEAD, v.head_hash, &v.head_size, e))
			return -1;
		sqlite_set_source(s->tool->store, &v);
		return pub_input_skip(s->input, v.offset, v.records, true, e);
	}
	if (v.is_set && !v.at_eof && v.records)
		return is_another(s, &v, e);
	at = lseek(fd, 0, SEEK_CUR);
	v = (struct sqlite_source){
		.device = st->st_dev,
		.inode = st->st_ino,
		.offset = at > 0 ? (uint64_t)at : 0,
	};
	if (hash_head(fd, HEAD, v.head_hash, &v.head_size, e))
		return -1;
	sqlite_set_source(s->tool->store, &v);
	return pub_input_skip(s->input, v.offset, 0, true, e);
}

static int open_pipe(struct source *s, struct err *e)
{
	struct sqlite_source v;

	sqlite_get_source(s->tool->store, &v);
	if (v.is_set && !v.at_eof && v.records && (v.inode || v.is_chained))
		return is_another(s, &v, e);
	s->pipe = source_pipe_new(s->tool, s->input, e);
	return s->pipe ? 0 : -1;
}

static int open_replay(struct source *s, struct err *e)
{
	struct sqlite_source v;

	sqlite_get_source(s->tool->store, &v);
	if (v.is_set && !v.at_eof && v.records && !v.is_chained)
		return is_another(s, &v, e);
	if (!v.is_set || !v.is_chained)
		v = (struct sqlite_source){ .is_chained = true };
	s->to_skip = v.records;
	memcpy(s->expected, v.chain, DIGEST_SIZE);
	v.at_eof = false;
	sqlite_set_source(s->tool->store, &v);
	return 0;
}

int source_open(struct source *s, struct tool_run *t, struct pub_input *in,
		struct err *e)
{
	const struct pub_settings *pub = &t->settings.pub;
	struct stat st;

	*s = (struct source){ .tool = t, .input = in };
	if (!t->store || pub->source != PUB_LINES)
		return 0;
	if (fstat(pub_input_fd(in), &st) < 0)
		return err_sys(e, ERR_LOCAL, "cannot read the input");
	if (S_ISREG(st.st_mode))
		s->kind = SOURCE_FILE;
	else if (pub->resume)
		s->kind = SOURCE_REPLAY;
	else if (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode))
		s->kind = SOURCE_PIPE;
	switch (s->kind) {
	case SOURCE_FILE:
		return open_file(s, &st, e);
	case SOURCE_PIPE:
		return open_pipe(s, e);
	case SOURCE_REPLAY:
		return open_replay(s, e);
	case SOURCE_PLAIN:
		break;
	}
	return 0;
}

void source_release(struct source *s)
{
	source_pipe_free(s->pipe);
	s->pipe = NULL;
}

int source_filter(struct source *s, struct publish *messages, size_t *count,
		  struct err *e)
{
	size_t n = 0, left;

	while (s->to_skip && n < *count) {
		digest_chain(s->chain, messages[n++].payload);
		if (--s->to_skip == 0 &&
		    memcmp(s->chain, s->expected, DIGEST_SIZE) != 0)
			return err_set(
				e, ERR_LOCAL, 0,
				"input differs from what was stored of it in '%s'",
				s->tool->settings.store.path);
	}
	left = *count - n;
	for (size_t i = 0; n && i < left; i++)
		messages[i].payload = messages[n + i].payload;
	*count = left;
	return 0;
}

void source_tag(const struct source *s, const struct publish *messages,
		size_t count, uint64_t *tags)
{
	for (size_t i = 0; i < count; i++)
		tags[i] = s->kind == SOURCE_PLAIN
				  ? 0
				  : pub_input_offset(s->input, &messages[i]);
}

static int get_records(void *ctx, struct session *session UNUSED,
		       struct store *store)
{
	struct sqlite_source v;

	sqlite_get_source(store, &v);
	*(uint64_t *)ctx = v.records;
	return 0;
}

int source_confirm(struct source *s, struct err *e)
{
	int fd = s->tool->settings.pub.source_ack, n;
	uint64_t records;
	char line[32];

	if (fd < 0 || s->kind == SOURCE_PLAIN)
		return 0;
	if (client_commit(s->tool->client, s->tool->deadline, e))
		return -1;
	(void)client_with_store(s->tool->client, get_records, &records);
	if (records == s->told)
		return 0;
	n = snprintf(line, sizeof(line), "%" PRIu64 "\n", records);
	if (write(fd, line, (size_t)n) != n)
		return err_sys(e, ERR_LOCAL,
			       "cannot write to descriptor %d of --source-ack",
			       fd);
	s->told = records;
	return 0;
}

static int set_end(void *ctx UNUSED, struct session *session UNUSED,
		   struct store *store)
{
	struct sqlite_source v;

	sqlite_get_source(store, &v);
	v.at_eof = true;
	v.pending_size = 0;
	sqlite_set_source(store, &v);
	return 0;
}

int source_finish(struct source *s, struct err *e)
{
	if (s->to_skip)
		return err_set(
			e, ERR_LOCAL, 0,
			"input ended %" PRIu64
			" records before the end of what was stored of it in '%s'",
			s->to_skip, s->tool->settings.store.path);
	if (s->kind == SOURCE_PLAIN)
		return 0;
	(void)client_with_store(s->tool->client, set_end, NULL);
	if (client_commit(s->tool->client, s->tool->deadline, e))
		return -1;
	return source_confirm(s, e);
}
