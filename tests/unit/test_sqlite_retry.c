/* SPDX-License-Identifier: MIT */
/* A commit that fails, and is tried again: what was to be changed is changed
 * then, once, and nothing else is. */
#include "sqlite_setup.h"

/* SQLite's own limit stands in for a full disk: the same error, SQLITE_FULL,
 * at the same places. */
static void limit_pages(struct store *s, int n)
{
	struct sqlite_store *inner = s->wrapper;
	char sql[64];

	snprintf(sql, sizeof(sql), "PRAGMA max_page_count=%d", n);
	is_int(sqlite3_exec(inner->db, sql, NULL, NULL, NULL), SQLITE_OK);
}

/* A disk that is full for a while: nothing is lost, and nothing doubled. */
static void a_failed_commit_can_be_tried_again(void)
{
	struct store *s;
	struct err e = { 0 };
	char big[65536];
	int r = 0, i;

	new_file();
	s = open_store();
	put(s, "small", 1, 0);
	commit(s);
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	limit_pages(s, 40);
	for (i = 0; i < 8; i++) {
		put(s, big, 1, (uint64_t)i);
		r = s->ops->commit(s, &e);
		if (r < 0)
			break;
	}
	is_int(r, -1);
	is_int(e.kind, ERR_LOCAL);
	ok(strstr(e.text, "full") != NULL, "%s", e.text);
	ok(s->is_dirty);
	is_int(s->ops->commit(s, &e), -1, "still full");
	limit_pages(s, 100000);
	commit(s);
	is_int(s->count, (size_t)i + 2);
	free_store(s);
	s = open_store();
	is_int(s->count, (size_t)i + 2);
	is_bytes(s->head->payload, BYTES_LIT("small"));
	free_store(s);
}

/* For messages that find no room under that limit. */
static char big[200 * 1024];

static void fill_up(struct store *s)
{
	struct err e = { 0 };

	memset(big, 'x', sizeof(big) - 1);
	limit_pages(s, 40);
	put(s, big, 1, 0);
	is_int(s->ops->commit(s, &e), -1);
	ok(s->is_dirty);
}

static void set_state(struct store *s, struct message *m,
		      enum message_state state, uint16_t pid)
{
	m->state = (uint8_t)state;
	m->pid = pid;
	s->ops->update(s, m);
}

static void check_message(const struct message *m, uint64_t seq,
			  enum message_state state, uint16_t pid)
{
	if (!ok(m != NULL))
		return;
	is_int(m->seq, seq);
	is_int(m->state, state);
	is_int(m->pid, pid);
}

/* Two messages have changed their packet ids: at no time may both have the
 * same, and neither may the row of one that is gone. */
static void all_kinds_of_changes_are_made_again(void)
{
	struct message *m[5];
	struct store *s;

	new_file();
	s = open_store();
	for (int i = 0; i < 5; i++)
		m[i] = put(s, "x", 2, 0);
	for (uint16_t i = 0; i < 3; i++)
		set_state(s, m[i], MESSAGE_SENT, i + 1);
	is_int(s->ops->inbound_add(s, 7), 0);
	is_int(s->ops->inbound_add(s, 8), 0);
	commit(s);
	set_state(s, m[0], MESSAGE_QUEUED, 0);
	set_state(s, m[1], MESSAGE_SENT, 1);
	s->ops->remove(s, m[2]);
	fill_up(s);
	/* What changes after the failure counts as well. */
	m[0]->was_sent = true;
	set_state(s, m[0], MESSAGE_SENT, 2);
	set_state(s, m[3], MESSAGE_RELEASED, 3);
	s->ops->remove(s, m[4]);
	s->ops->inbound_remove(s, 7);
	is_int(s->ops->inbound_add(s, 9), 0);
	is_int(s->ops->commit(s, NULL), -1, "still full");
	limit_pages(s, 100000);
	commit(s);
	free_store(s);

	s = open_store();
	is_int(s->count, 4);
	check_message(s->head, 1, MESSAGE_SENT, 2);
	ok(s->head->was_sent);
	check_message(s->head->next, 2, MESSAGE_SENT, 1);
	check_message(s->head->next->next, 4, MESSAGE_RELEASED, 3);
	check_message(s->tail, 6, MESSAGE_QUEUED, 0);
	is_int(s->tail->payload.n, sizeof(big) - 1);
	ok(!s->ops->inbound_has(s, 7) && s->ops->inbound_has(s, 8) &&
	   s->ops->inbound_has(s, 9));
	free_store(s);
}

/* Pages in the log, which is emptied. */
static int empty_log(struct store *s)
{
	struct sqlite_store *inner = s->wrapper;
	int log = 0, moved;

	is_int(sqlite3_wal_checkpoint_v2(inner->db, NULL,
					 SQLITE_CHECKPOINT_PASSIVE, &log,
					 &moved),
	       SQLITE_OK);
	is_int(moved, log);
	return log;
}

/* How much it writes does not depend on how much waits. */
static void only_what_failed_is_written_again(void)
{
	struct sqlite_store *inner;
	struct store *s;

	new_file();
	s = open_store();
	inner = s->wrapper;
	memset(big, 'x', sizeof(big) - 1);
	for (int i = 0; i < 20; i++)
		put(s, big, 1, 0);
	commit(s);
	ok(empty_log(s) > 20);
	put(s, "small", 1, 0);
	inner->must_rewrite = true; /* as after any failure */
	commit(s);
	ok(empty_log(s) < 20);
	free_store(s);
	s = open_store();
	is_int(s->count, 21);
	free_store(s);
}

static void enqueue(const char *payload)
{
	struct store *other = open_as(SQLITE_ENQUEUE, NULL);

	if (!ok(other != NULL))
		return;
	put(other, payload, 1, 0);
	commit(other);
	free_store(other);
}

/* Others have had the numbers of ours meanwhile, and go on after that. */
static void what_others_enqueue_meanwhile_comes_behind(void)
{
	struct store *s;

	new_file();
	s = open_store();
	put(s, "mine 1", 1, 0);
	commit(s);
	fill_up(s);
	enqueue("theirs 1");
	enqueue("theirs 2");
	limit_pages(s, 100000);
	commit(s);
	enqueue("theirs 3");
	is_int(s->ops->refresh(s), 3);
	put(s, "mine 3", 1, 0);
	commit(s);
	free_store(s);
	s = open_store();
	is_int(s->count, 6);
	is_int(s->head->next->payload.n, sizeof(big) - 1);
	is_bytes(s->head->next->next->payload, BYTES_LIT("theirs 1"));
	is_bytes(s->tail->prev->payload, BYTES_LIT("theirs 3"));
	is_bytes(s->tail->payload, BYTES_LIT("mine 3"));
	free_store(s);
}

/* Somebody's typing mistake is not ours to delete. */
static void a_row_that_is_no_message_stays(void)
{
	struct store *s;

	new_file();
	s = open_store();
	put(s, "mine", 1, 0);
	commit(s);
	run_sql(s, "INSERT INTO outbox (qos, retain, topic, props, payload,"
		   " queued_at) VALUES (7, 0, 't', '', 'by hand', 0)");
	is_int(s->ops->refresh(s), 1);
	is_int(s->bad_row, 2);
	is_int(s->count, 1);
	s->ops->remove(s, s->head);
	fill_up(s);
	limit_pages(s, 100000);
	commit(s);
	is_int(count_of(s, "SELECT count(*) FROM outbox"
			   " WHERE payload = 'by hand'"),
	       1);
	is_int(count_of(s, "SELECT count(*) FROM outbox"), 2,
	       "the removal was made again");
	free_store(s);
}

/* SQLite ends the transaction at some failures; what came after it would be
 * on the disk before what came first. */
static void nothing_is_written_after_a_failure(void)
{
	struct store *s;

	new_file();
	s = open_store();
	put(s, "before", 1, 0);
	commit(s);
	memset(big, 'x', sizeof(big) - 1);
	limit_pages(s, 40);
	put(s, big, 1, 0);
	put(s, "after", 1, 0);
	s->ops->remove(s, s->head);
	is_int(count_of(s, "SELECT count(*) FROM outbox"), 1);
	is_int(count_of(s, "SELECT max(seq) FROM outbox"), 1);
	is_int(s->ops->commit(s, NULL), -1, "full");
	limit_pages(s, 100000);
	commit(s);
	is_int(count_of(s, "SELECT count(*) FROM outbox"), 2);
	is_bytes(s->tail->payload, BYTES_LIT("after"));
	free_store(s);
}

/* Who only enqueues does not try again. */
static void an_enqueue_that_fails_tells_why(void)
{
	struct publish p = { .topic = BYTES_LIT("t"), .qos = 1 };
	struct err e = { 0 };
	struct store *s;

	new_file();
	s = open_as(SQLITE_ENQUEUE, NULL);
	memset(big, 'x', sizeof(big) - 1);
	limit_pages(s, 40);
	put(s, "before", 1, 0);
	p.payload = bytes_of((uint8_t *)big, sizeof(big));
	ok(s->ops->put(s, &p, 0, 0, &e) == NULL);
	ok(strstr(e.text, "full") != NULL, "%s", e.text);
	is_int(s->ops->commit(s, &e), -1);
	free_store(s);
	s = open_store();
	is_int(s->count, 0);
	free_store(s);
}

TEST_MAIN(T(a_failed_commit_can_be_tried_again),
	  T(all_kinds_of_changes_are_made_again),
	  T(only_what_failed_is_written_again),
	  T(what_others_enqueue_meanwhile_comes_behind),
	  T(a_row_that_is_no_message_stays),
	  T(nothing_is_written_after_a_failure),
	  T(an_enqueue_that_fails_tells_why), T(tidy_up))
