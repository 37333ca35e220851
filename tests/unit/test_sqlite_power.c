/* SPDX-License-Identifier: MIT */
/* Power cuts: a VFS that remembers what each file held when it was synced
 * last. After a cut nothing else is left of it. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "store/sqlite_impl.h"
#include "test.h"

enum { FILES = 16, KINDS = 4, COMMITS = 30 };

/* SQLite's own files, with one method replaced. */
struct watched {
	sqlite3_file *file;
	char path[256];
};

static sqlite3_vfs vfs, *real_vfs;
/* A database and its log have different ones. */
static struct {
	const sqlite3_io_methods *real;
	sqlite3_io_methods own;
} kinds[KINDS];
static struct watched files[FILES];
static char dir[] = "/tmp/mqtt-power-XXXXXX";

static void copy_file(const char *from, const char *to)
{
	struct buf data = { 0 };
	int in = open(from, O_RDONLY), out;
	uint8_t *room;
	ssize_t n = 1;

	while (in >= 0 && n > 0 && (room = buf_reserve(&data, 65536))) {
		n = read(in, room, 65536);
		if (n > 0)
			buf_commit(&data, (size_t)n);
	}
	out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	ok(in >= 0 && out >= 0 &&
	   write(out, buf_view(&data).p, buf_len(&data)) ==
		   (ssize_t)buf_len(&data));
	close(in);
	close(out);
	buf_release(&data);
}

static const sqlite3_io_methods *real_methods(const sqlite3_file *file)
{
	int i = 0;

	while (&kinds[i].own != file->pMethods)
		i++;
	return kinds[i].real;
}

static int watched_sync(sqlite3_file *file, int flags)
{
	char synced[300];
	int i;

	for (i = 0; i < FILES; i++)
		if (files[i].file == file) {
			snprintf(synced, sizeof(synced), "%s.synced",
				 files[i].path);
			copy_file(files[i].path, synced);
		}
	return real_methods(file)->xSync(file, flags);
}

static int watched_close(sqlite3_file *file)
{
	int i;

	for (i = 0; i < FILES; i++)
		if (files[i].file == file)
			files[i].file = NULL;
	return real_methods(file)->xClose(file);
}

static void watch(sqlite3_file *file)
{
	int i = 0;

	while (i < KINDS - 1 && kinds[i].real &&
	       kinds[i].real != file->pMethods)
		i++;
	kinds[i].real = file->pMethods;
	kinds[i].own = *file->pMethods;
	kinds[i].own.xSync = watched_sync;
	kinds[i].own.xClose = watched_close;
	file->pMethods = &kinds[i].own;
}

static int watched_open(sqlite3_vfs *v, const char *path, sqlite3_file *file,
			int flags, int *ret_flags)
{
	int r = real_vfs->xOpen(v, path, file, flags, ret_flags), i = 0;

	if (r != SQLITE_OK || !path || !file->pMethods)
		return r;
	watch(file);
	while (i < FILES - 1 && files[i].file)
		i++;
	files[i].file = file;
	snprintf(files[i].path, sizeof(files[i].path), "%s", path);
	return r;
}

static void set_up(void)
{
	static bool is_done;

	if (is_done)
		return;
	is_done = true;
	ok(mkdtemp(dir) != NULL);
	real_vfs = sqlite3_vfs_find(NULL);
	vfs = *real_vfs;
	vfs.zName = "watched";
	vfs.xOpen = watched_open;
	ok(sqlite3_vfs_register(&vfs, 1) == SQLITE_OK);
}

static struct store *open_path(const char *path, bool survives_power_loss)
{
	struct sqlite_options o = {
		.path = path,
		.use = SQLITE_SEND,
		.survives_power_loss = survives_power_loss,
	};
	struct err e = { 0 };
	struct store *s = sqlite_store_open(&o, clock_boot(), &e);

	ok(s != NULL, "%s", e.text);
	return s;
}

/* What is left of a file after a cut: a directory entry, at least. */
static void restore(const char *path, const char *suffix, const char *to)
{
	char from[300], there[300];

	snprintf(from, sizeof(from), "%s%s.synced", path, suffix);
	snprintf(there, sizeof(there), "%s%s", to, suffix);
	unlink(there);
	if (access(from, F_OK) == 0)
		copy_file(from, there);
}

/* The store as the next boot finds it. */
static struct store *cut_power(const char *path)
{
	char after[280];

	snprintf(after, sizeof(after), "%s.after", path);
	restore(path, "", after);
	restore(path, "-wal", after);
	return open_path(after, true);
}

/* Something of everything that is committed before bytes leave. */
static void change(struct store *s, int i)
{
	struct publish p = { .topic = BYTES_LIT("t"),
			     .payload = BYTES_LIT("payload"),
			     .qos = 2 };
	struct message *m = s->ops->put(s, &p, (uint64_t)i, 0, NULL);
	struct err e;

	ok(m != NULL);
	m->state = MESSAGE_SENT;
	m->pid = (uint16_t)(i + 1);
	s->ops->update(s, m);
	ok(s->ops->inbound_add(s, m->pid) == 0);
	is_int(s->ops->commit(s, &e), 0);
}

static void what_was_committed_survives_a_power_cut(void)
{
	struct store *s, *after;
	char path[200];
	int i;

	set_up();
	snprintf(path, sizeof(path), "%s/power.db", dir);
	s = open_path(path, true);
	for (i = 0; i < COMMITS; i++) {
		change(s, i);
		after = cut_power(path);
		is_int(after->count, (size_t)i + 1);
		is_int(after->tail->state, MESSAGE_SENT);
		is_int(after->tail->pid, i + 1);
		ok(after->ops->inbound_has(after, (uint16_t)(i + 1)));
		after->ops->free(after);
	}
	s->ops->free(s);
}

/* The other durability promises less, which also shows that a cut here does
 * take away what was not synced. What is left is whole. */
static void without_it_the_newest_may_be_missing(void)
{
	struct store *s, *after;
	char path[200];
	int i;

	set_up();
	snprintf(path, sizeof(path), "%s/process.db", dir);
	s = open_path(path, true); /* the tables are there for sure */
	change(s, 0);
	s->ops->free(s);
	s = open_path(path, false);
	for (i = 1; i < COMMITS; i++)
		change(s, i);
	after = cut_power(path);
	ok(after->count >= 1 && after->count < COMMITS, "%zu", after->count);
	is_int(after->head->pid, 1);
	after->ops->free(after);
	s->ops->free(s);
}

static void tidy_up(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	is_int(system(command), 0);
}

TEST_MAIN(T(what_was_committed_survives_a_power_cut),
	  T(without_it_the_newest_may_be_missing), T(tidy_up))
