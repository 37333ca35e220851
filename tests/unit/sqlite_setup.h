/* SPDX-License-Identifier: MIT */
#ifndef SQLITE_SETUP_H
#define SQLITE_SETUP_H

/*
 * What the tests of the SQLite store have in common: a directory with a new
 * file for each test, and calls that must succeed. Included once by each test
 * program, which uses it on one thread and ends with tidy_up().
 */

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "store/sqlite_impl.h"
#include "test.h"

static char dir[] = "/tmp/mqtt-store-XXXXXX";
static char path[128];
static int files;

static inline void new_file(void)
{
	if (!files && !mkdtemp(dir))
		ok(false, "no directory for the test");
	snprintf(path, sizeof(path), "%s/%d.db", dir, ++files);
}

static inline struct store *open_as(enum sqlite_use use, struct err *e)
{
	struct sqlite_options o = { .path = path, .use = use };

	return sqlite_store_open(&o, clock_boot(), e);
}

static inline struct store *open_store(void)
{
	struct err e = { 0 };
	struct store *s = open_as(SQLITE_SEND, &e);

	ok(s != NULL, "%s", e.text);
	return s;
}

static inline void free_store(struct store *s)
{
	s->ops->free(s);
}

static inline struct message *put(struct store *s, const char *payload,
				  uint8_t qos, uint64_t tag)
{
	struct publish p = { .topic = BYTES_LIT("a/b"),
			     .payload = bytes_str(payload),
			     .props = BYTES_LIT("\x01\x01"),
			     .qos = qos,
			     .retain = true };
	struct message *m = s->ops->put(s, &p, tag, clock_boot(), NULL);

	ok(m != NULL);
	return m;
}

static inline void commit(struct store *s)
{
	struct err e = { 0 };

	is_int(s->ops->commit(s, &e), 0, "%s", e.text);
	ok(!s->is_dirty);
}

/* The number that the statement selects; -1 on failure. */
static inline int count_of(struct store *s, const char *sql)
{
	struct sqlite_store *inner = s->wrapper;
	sqlite3_stmt *stmt = NULL;
	int n = -1;

	if (sqlite3_prepare_v2(inner->db, sql, -1, &stmt, NULL) == SQLITE_OK &&
	    sqlite3_step(stmt) == SQLITE_ROW)
		n = sqlite3_column_int(stmt, 0);
	sqlite3_finalize(stmt);
	return n;
}

static inline void run_sql(struct store *s, const char *sql)
{
	struct sqlite_store *inner = s->wrapper;

	is_int(sqlite3_exec(inner->db, sql, NULL, NULL, NULL), SQLITE_OK);
}

/* The last of the tests. */
static inline void tidy_up(void)
{
	char command[256];

	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	is_int(system(command), 0);
}

#endif
