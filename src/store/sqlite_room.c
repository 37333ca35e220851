/* SPDX-License-Identifier: MIT */
/* A disk that fills up. A message that is done needs room once more before it
 * leaves any: in the log, and for what the log is moved to. So new ones are
 * refused while there is some left, and it is never the store itself that a
 * full disk waits for. */
#include <sys/statvfs.h>

#include "store/sqlite_impl.h"

#define ROOM ((uint64_t)1024 * 1024)
#define PAGE 4096

enum {
	LOG_PAGES_MIN = 16,
	LOG_PAGES_MAX = 1000, /* SQLite's own limit */
	LOG_SHARE = 8,        /* of what is left, that part for the log */
};

/* Unknown is plenty: the disk itself will say when it is full. */
static uint64_t bytes_left(const char *path)
{
	struct statvfs v;

	return statvfs(path, &v) == 0 ? (uint64_t)v.f_bavail * v.f_frsize
				      : UINT64_MAX;
}

static void limit_log(struct sqlite_store *s, uint64_t left)
{
	int pages = LOG_PAGES_MAX;

	if (left < (uint64_t)LOG_PAGES_MAX * LOG_SHARE * PAGE)
		pages = (int)(left / LOG_SHARE / PAGE);
	if (pages < LOG_PAGES_MIN)
		pages = LOG_PAGES_MIN;
	if (pages != s->log_pages)
		(void)sqlite3_wal_autocheckpoint(s->db, pages);
	s->log_pages = pages;
}

void sqlite_look_at_disk(struct sqlite_store *s)
{
	struct store *m = s->memory;
	uint64_t left;

	if (s->use != SQLITE_SEND)
		return;
	left = bytes_left(s->file);
	limit_log(s, left);
	/* What is left goes up and down a little by our own doing. */
	m->is_low = left < (m->is_low ? 2 * ROOM : ROOM);
	m->is_full = m->has_more || (m->is_low && m->count);
}
