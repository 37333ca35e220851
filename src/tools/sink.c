/* SPDX-License-Identifier: MIT */
#include "tools/sink.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/disk.h"
#include "store/sqlite.h"

static int cut(int fd, const char *path, uint64_t size, uint64_t want,
	       struct err *e)
{
	if (size < want)
		return err_set(
			e, ERR_LOCAL, 0,
			"'%s' has %ju bytes, but %ju were written to it: somebody else has changed it",
			path, (uintmax_t)size, (uintmax_t)want);
	if (size > want &&
	    (ftruncate(fd, (off_t)want) < 0 || fdatasync(fd) < 0))
		return err_sys(e, ERR_LOCAL, "cannot cut '%s' to %ju bytes",
			       path, (uintmax_t)want);
	return 0;
}

/* A new file, or one that is appended to from here on. */
static int begin(struct sink *k, int fd, struct store *store, struct err *e)
{
	if (fsync(fd) < 0 || disk_sync_entry(k->path) < 0)
		return err_sys(e, ERR_LOCAL, "cannot write to '%s'", k->path);
	if (sink_note(k, store))
		return err_nomem(e);
	return store->ops->commit(store, e);
}

static int open_at(struct sink *k, int fd, const struct stat *st,
		   struct store *store, struct err *e)
{
	uint64_t size = (uint64_t)st->st_size;

	k->size = size;
	if (!sqlite_get_sink(store, k->path, &k->size))
		return begin(k, fd, store, e);
	return cut(fd, k->path, size, k->size, e);
}

int sink_open(struct sink *k, const char *path, struct store *store,
	      struct err *e)
{
	struct stat st;
	int fd, ret = 0;

	if (!path || !store)
		return 0;
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
		  0666);
	if (fd < 0 || fstat(fd, &st) < 0)
		ret = err_sys(e, ERR_LOCAL, "cannot open '%s' for writing",
			      path);
	else if (S_ISREG(st.st_mode)) {
		k->path = realpath(path, NULL);
		ret = k->path ? open_at(k, fd, &st, store, e)
			      : err_sys(e, ERR_LOCAL, "cannot open '%s'", path);
	}
	if (fd >= 0)
		close(fd);
	return ret;
}

void sink_release(struct sink *k)
{
	free(k->path);
	k->path = NULL;
}

int sink_note(const struct sink *k, struct store *store)
{
	return k->path ? sqlite_set_sink(store, k->path, k->size) : 0;
}
