/* SPDX-License-Identifier: MIT */
/* The file of the SQLite store: its schema over time, file systems of lesser
 * abilities, more in it than memory takes. */
#include <errno.h>

#include "sqlite_setup.h"

static void what_finds_no_room_in_memory_waits_in_the_file(void)
{
	struct sqlite_options o = { .path = path,
				    .use = SQLITE_ENQUEUE,
				    .max_bytes = 2000 };
	struct publish p = { .topic = BYTES_LIT("t"), .qos = 1 };
	struct err e = { 0 };
	char text[400] = { 0 };
	struct store *s;

	new_file();
	memset(text, 'x', sizeof(text) - 1);
	s = sqlite_store_open(&o, clock_boot(), NULL);
	for (int i = 0; i < 20; i++)
		put(s, text, 1, 0);
	commit(s);
	free_store(s);
	o.use = SQLITE_SEND;
	s = sqlite_store_open(&o, clock_boot(), NULL);
	ok(s->is_full && s->count > 0 && s->count < 20);
	ok(s->ops->put(s, &p, 0, 0, &e) == NULL, "it would overtake others");
	ok(e.code != ENOMEM && strstr(e.text, "too many messages wait"), "%s",
	   e.text);
	commit(s);
	for (int i = 0; i < 20; i++) {
		is_int(s->head->seq, i + 1);
		s->ops->remove(s, s->head);
		commit(s);
		(void)s->ops->refresh(s);
	}
	ok(!s->is_full && s->count == 0);
	put(s, "new", 1, 0);
	is_int(s->head->seq, 21);
	commit(s);
	free_store(s);
}

/* Their packet ids are taken; and when nothing is in memory any more, what
 * waits is, before anybody could think that all is done. */
static void what_is_under_way_is_loaded_in_any_case(void)
{
	struct sqlite_options o = { .path = path,
				    .use = SQLITE_SEND,
				    .max_bytes = 1000 };
	char text[600] = { 0 };
	struct message *m;
	struct store *s;

	new_file();
	memset(text, 'x', sizeof(text) - 1);
	s = open_store();
	for (uint16_t i = 1; i <= 5; i++) {
		m = put(s, text, 1, 0);
		if (i > 3)
			continue;
		m->state = MESSAGE_SENT;
		m->pid = i;
		s->ops->update(s, m);
	}
	commit(s);
	free_store(s);
	s = sqlite_store_open(&o, clock_boot(), NULL);
	is_int(s->count, 3);
	ok(s->has_more);
	for (int i = 0; i < 3; i++)
		s->ops->remove(s, s->head);
	is_int(s->count, 1);
	is_int(s->head->seq, 4);
	s->ops->remove(s, s->head);
	ok(s->count == 1 && !s->has_more);
	commit(s);
	free_store(s);
	s = open_store();
	is_int(s->count, 1);
	is_int(s->head->seq, 5);
	free_store(s);
}

/* SQLite's access without locks shares no memory either, like some network
 * file systems. */
static void without_a_log_it_is_as_safe(void)
{
	struct store *s;

	new_file();
	s = open_store();
	ok(sqlite_has_log(s));
	free_store(s);
	new_file();
	ok(sqlite3_vfs_register(sqlite3_vfs_find("unix-none"), 1) == SQLITE_OK);
	s = open_store();
	ok(!sqlite_has_log(s));
	is_int(count_of(s, "PRAGMA synchronous"), 2, "FULL");
	put(s, "a", 1, 0);
	commit(s);
	free_store(s);
	s = open_store();
	is_int(s->count, 1);
	free_store(s);
	ok(sqlite3_vfs_register(sqlite3_vfs_find("unix"), 1) == SQLITE_OK);
}

#define STEP_OLD "never run: the file is there already"
#define STEP_NEW "ALTER TABLE outbox ADD COLUMN note TEXT"
#define NOTES "SELECT count(*) FROM outbox WHERE note = 'new'"

/* Steps that come after those of today. */
static void a_file_is_brought_up_to_date_step_by_step_or_not_at_all(void)
{
	static const char *const bad[] = {
		STEP_OLD,
		STEP_NEW,
		"UPDATE outbox SET no_such_column = 1",
	};
	static const char *const good[] = {
		STEP_OLD,
		STEP_NEW,
		"UPDATE outbox SET note = 'new'",
	};
	struct err e = { 0 };
	struct store *s;

	new_file();
	s = open_store();
	put(s, "a", 1, 0);
	put(s, "b", 2, 0);
	commit(s);
	is_int(sqlite_migrate(s->wrapper, bad, 3, &e), -1);
	ok(strstr(e.text, "cannot set up store") != NULL, "%s", e.text);
	is_int(count_of(s, "PRAGMA user_version"), 1);
	is_int(count_of(s, NOTES), -1, "the first step is undone, too");
	is_int(sqlite_migrate(s->wrapper, good, 3, &e), 0, "%s", e.text);
	is_int(count_of(s, "PRAGMA user_version"), 3);
	is_int(count_of(s, NOTES), 2, "and what was in it is there");
	is_int(sqlite_migrate(s->wrapper, good, 3, &e), 0, "again");
	is_int(sqlite_migrate(s->wrapper, good, 2, &e), -1);
	ok(strstr(e.text, "(schema 3, this program knows 2)") != NULL);
	free_store(s);
	ok(open_as(SQLITE_SEND, &e) == NULL, "today's program stays out");
	ok(open_as(SQLITE_ENQUEUE, &e) == NULL);
	ok(open_as(SQLITE_LOOK, &e) == NULL);
	ok(strstr(e.text, "newer version") != NULL, "%s", e.text);
}

TEST_MAIN(T(what_finds_no_room_in_memory_waits_in_the_file),
	  T(what_is_under_way_is_loaded_in_any_case),
	  T(without_a_log_it_is_as_safe),
	  T(a_file_is_brought_up_to_date_step_by_step_or_not_at_all),
	  T(tidy_up))
