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

/* The last of the tests. */
static inline void tidy_up(void)
{
	char command[256];

	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	is_int(system(command), 0);
}

#endif
