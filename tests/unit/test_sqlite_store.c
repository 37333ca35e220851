/* SPDX-License-Identifier: MIT */
/* The SQLite store on real files: what survives which end, and who may use
 * the file when. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sqlite_setup.h"

static void what_was_committed_comes_back_in_order(void)
{
	struct message *m;
	struct store *s;

	new_file();
	s = open_store();
	put(s, "queued", 1, 10);
	m = put(s, "sent", 2, 20);
	m->state = MESSAGE_SENT;
	m->pid = 7;
	s->ops->update(s, m);
	m = put(s, "released", 2, 30);
	m->state = MESSAGE_RELEASED;
	m->pid = 9;
	m->release_order = 3;
	m->was_sent = true;
	s->ops->update(s, m);
	is_int(s->ops->inbound_add(s, 65535), 0);
	is_int(s->ops->inbound_add(s, 3), 0);
	s->ops->inbound_remove(s, 3);
	commit(s);
	free_store(s);

	s = open_store();
	is_int(s->count, 3);
	m = s->head;
	is_bytes(m->payload, BYTES_LIT("queued"));
	is_bytes(m->topic, BYTES_LIT("a/b"));
	is_bytes(m->props, BYTES_LIT("\x01\x01"));
	ok(m->retain && m->state == MESSAGE_QUEUED && m->pid == 0);
	is_int(m->tag, 10);
	is_int(m->expires_at == CLOCK_NEVER, true);
	m = m->next;
	ok(m->state == MESSAGE_SENT && m->pid == 7 && m->qos == 2);
	m = m->next;
	ok(m->state == MESSAGE_RELEASED && m->pid == 9 && m->was_sent);
	is_int(m->release_order, 3);
	ok(s->ops->inbound_has(s, 65535));
	ok(!s->ops->inbound_has(s, 3));
	free_store(s);
}

/* Runs fn in a child that dies by SIGKILL right after it. */
static void in_killed_child(void (*fn)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		fn();
		raise(SIGKILL);
	}
	waitpid(pid, &status, 0);
	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void commit_one_leave_one(void)
{
	struct store *s = open_as(SQLITE_SEND, NULL);
	struct publish p = { .topic = BYTES_LIT("t"),
			     .payload = BYTES_LIT("kept"),
			     .qos = 1 };

	if (!s || !s->ops->put(s, &p, 1, 0, NULL) ||
	    s->ops->commit(s, NULL) < 0)
		_exit(1);
	p.payload = BYTES_LIT("gone");
	if (!s->ops->put(s, &p, 2, 0, NULL))
		_exit(1);
}

static void a_kill_keeps_what_was_committed_and_only_that(void)
{
	struct store *s;

	new_file();
	in_killed_child(commit_one_leave_one);
	s = open_store();
	is_int(s->count, 1);
	if (s->head)
		is_bytes(s->head->payload, BYTES_LIT("kept"));
	free_store(s);
}

/* D17, 7.1: the order is a number of our own that is never used again. */
static void numbers_are_never_used_again(void)
{
	struct store *s;
	uint64_t first;

	new_file();
	s = open_store();
	first = put(s, "one", 1, 0)->seq;
	s->ops->remove(s, s->head);
	commit(s);
	free_store(s);
	s = open_store();
	is_int(s->count, 0);
	ok(put(s, "two", 1, 0)->seq > first);
	free_store(s);
}

/* D16: a second sender is refused, and told whom to ask. */
static void a_second_sender_is_refused_by_name(void)
{
	struct store *s, *second;
	struct err e = { 0 };
	char holder[64];

	new_file();
	s = open_store();
	second = open_as(SQLITE_SEND, &e);
	ok(second == NULL);
	is_int(e.kind, ERR_LOCAL);
	snprintf(holder, sizeof(holder), "in use by process %ld (",
		 (long)getpid());
	ok(strstr(e.text, holder) != NULL, "%s", e.text);
	free_store(s);
	s = open_store();
	free_store(s);
}

static void others_enqueue_while_one_sends(void)
{
	struct store *s, *other;

	new_file();
	s = open_store();
	put(s, "mine 1", 1, 0);
	commit(s);
	other = open_as(SQLITE_ENQUEUE, NULL);
	ok(other != NULL);
	put(other, "theirs", 1, 0);
	commit(other);
	is_int(other->count, 0, "it keeps nothing, not the sender's either");
	free_store(other);
	is_int(s->count, 1);
	is_int(s->ops->refresh(s), 1);
	is_int(s->count, 2);
	put(s, "mine 2", 1, 0);
	commit(s);
	is_bytes(s->head->next->payload, BYTES_LIT("theirs"));
	is_bytes(s->tail->payload, BYTES_LIT("mine 2"));
	ok(s->tail->seq > s->tail->prev->seq);
	free_store(s);
}

static void an_enqueue_alone_is_found_by_the_next_sender(void)
{
	struct store *s;

	new_file();
	s = open_as(SQLITE_ENQUEUE, NULL);
	ok(s != NULL);
	put(s, "a", 1, 0);
	put(s, "b", 2, 0);
	commit(s);
	free_store(s);
	s = open_as(SQLITE_ENQUEUE, NULL);
	put(s, "c", 1, 0);
	commit(s);
	free_store(s);
	s = open_store();
	is_int(s->count, 3);
	is_bytes(s->tail->payload, BYTES_LIT("c"));
	free_store(s);
}

static void expiry_goes_on_between_runs(void)
{
	struct publish p = { .topic = BYTES_LIT("t"),
			     .payload = BYTES_LIT("x"),
			     .qos = 1,
			     .has_expiry = true,
			     .expiry = 100 };
	uint64_t now = clock_boot();
	struct sqlite_options o = { .use = SQLITE_SEND };
	struct store *s;

	new_file();
	o.path = path;
	s = sqlite_store_open(&o, now, NULL);
	ok(s->ops->put(s, &p, 0, now, NULL) != NULL);
	commit(s);
	free_store(s);
	/* Another boot: the session clock starts from somewhere else. */
	s = sqlite_store_open(&o, 5 * CLOCK_SEC, NULL);
	is_int(s->count, 1);
	ok(s->head->has_expiry);
	ok(s->head->expires_at > 100 * CLOCK_SEC &&
		   s->head->expires_at <= 106 * CLOCK_SEC,
	   "%llu", (unsigned long long)s->head->expires_at);
	free_store(s);
}

static void the_source_moves_with_the_messages(void)
{
	struct sqlite_source v = { .device = 1, .inode = 2, .head_size = 5 };
	struct store *s;

	new_file();
	s = open_store();
	sqlite_get_source(s, &v);
	ok(!v.is_set);
	v = (struct sqlite_source){ .device = 1, .inode = 2 };
	sqlite_set_source(s, &v);
	put(s, "line", 1, 5);
	put(s, "line two", 1, 14);
	commit(s);
	put(s, "not committed", 1, 99);
	free_store(s); /* commits: a clean end */
	s = open_store();
	sqlite_get_source(s, &v);
	ok(v.is_set && v.device == 1 && v.inode == 2);
	is_int(v.offset, 99);
	is_int(v.records, 3);
	free_store(s);
}

static void sink_session_and_heartbeat_come_back(void)
{
	struct sqlite_session v = { .client_id = "id",
				    .server = "h:1883",
				    .version = 5,
				    .expiry = 3600 };
	struct sqlite_heartbeat h = { .current = 60,
				      .good = 50,
				      .bad = 90,
				      .is_stable = true,
				      .changed = 1 };
	struct store *s;
	uint64_t n = 0;

	new_file();
	s = open_store();
	sqlite_get_session(s, &v);
	ok(v.client_id == NULL);
	v = (struct sqlite_session){ .client_id = "id",
				     .server = "h:1883",
				     .version = 5,
				     .expiry = 3600 };
	is_int(sqlite_set_session(s, &v, NULL), 0);
	ok(!sqlite_get_sink(s, "/x/out", &n));
	is_int(sqlite_set_sink(s, "/x/out", 4096), 0);
	for (int i = 0; i < 100; i++) {
		h.changed = (uint64_t)i;
		sqlite_set_heartbeat(s, bytes_of(&i, sizeof(i)), &h);
	}
	commit(s);
	free_store(s);
	s = open_store();
	sqlite_get_session(s, &v);
	is_str(v.client_id, "id");
	is_str(v.server, "h:1883");
	is_int(v.expiry, 3600);
	ok(sqlite_get_sink(s, "/x/out", &n));
	is_int(n, 4096);
	for (int i = 0; i < 100; i++)
		is_int(sqlite_get_heartbeat(s, bytes_of(&i, sizeof(i)), &h),
		       i >= 36, "%d: the 64 newest are kept", i);
	ok(h.is_stable && h.good == 50 && h.bad == 90);
	free_store(s);
}

static void write_file(const char *text)
{
	FILE *f = fopen(path, "w");

	fputs(text, f);
	fclose(f);
}

static void bad_files_are_refused_and_left_alone(void)
{
	struct err e = { 0 };
	char text[64] = { 0 };
	sqlite3 *db;
	FILE *f;

	new_file();
	write_file("this is no database, but somebody's notes\n");
	ok(open_as(SQLITE_SEND, &e) == NULL);
	is_int(e.kind, ERR_LOCAL);
	ok(strstr(e.text, path) != NULL, "%s", e.text);
	f = fopen(path, "r");
	ok(fgets(text, sizeof(text), f) != NULL);
	fclose(f);
	is_str(text, "this is no database, but somebody's notes\n");

	new_file();
	sqlite3_open(path, &db);
	sqlite3_exec(db, "PRAGMA user_version=99", NULL, NULL, NULL);
	sqlite3_close(db);
	ok(open_as(SQLITE_SEND, &e) == NULL);
	ok(strstr(e.text, "newer version (schema 99") != NULL, "%s", e.text);

	new_file();
	ok(open_as(SQLITE_LOOK, &e) == NULL, "nothing to look at");
	ok(access(path, F_OK) != 0);
}

/* Overwrites the middle of a file whose last run was killed. */
static void damage_is_reported_and_not_deleted(void)
{
	static const char junk[4096];
	struct store *s;
	struct err e = { 0 };
	struct stat before, after;
	char text[2000], wal[160];
	int fd;

	new_file();
	s = open_store();
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (int i = 0; i < 200; i++)
		put(s, text, 1, 0);
	commit(s);
	free_store(s);
	in_killed_child(commit_one_leave_one);
	snprintf(wal, sizeof(wal), "%s-wal", path);
	unlink(wal);
	fd = open(path, O_WRONLY);
	for (int page = 10; page < 60; page++)
		is_int(pwrite(fd, junk, sizeof(junk), page * 4096),
		       sizeof(junk));
	close(fd);
	is_int(stat(path, &before), 0);
	ok(open_as(SQLITE_SEND, &e) == NULL);
	ok(strstr(e.text, "damaged") != NULL, "%s", e.text);
	is_int(stat(path, &after), 0);
	is_int(before.st_size, after.st_size);
}

static void info_and_clear(void)
{
	struct sqlite_info i;
	struct message *m;
	struct stat st;
	struct store *s;

	new_file();
	s = open_store();
	put(s, "12345", 1, 0);
	m = put(s, "1", 2, 0);
	m->state = MESSAGE_SENT;
	m->pid = 1;
	s->ops->update(s, m);
	commit(s);
	is_int(sqlite_get_info(s, &i, NULL), 0);
	is_int(i.queued, 1);
	is_int(i.sent, 1);
	is_int(i.bytes, 5 + 1 + 2 * (3 + 2));
	ok(i.oldest > 0);
	is_int(sqlite_clear(s, NULL), 0);
	is_int(s->count, 0);
	is_int(sqlite_get_info(s, &i, NULL), 0);
	is_int(i.queued + i.sent, 0);
	free_store(s);
	is_int(stat(path, &st), 0);
	is_int(st.st_mode & 0777, 0600);
}

TEST_MAIN(T(what_was_committed_comes_back_in_order),
	  T(a_kill_keeps_what_was_committed_and_only_that),
	  T(numbers_are_never_used_again),
	  T(a_second_sender_is_refused_by_name),
	  T(others_enqueue_while_one_sends),
	  T(an_enqueue_alone_is_found_by_the_next_sender),
	  T(expiry_goes_on_between_runs), T(the_source_moves_with_the_messages),
	  T(sink_session_and_heartbeat_come_back),
	  T(bad_files_are_refused_and_left_alone),
	  T(damage_is_reported_and_not_deleted), T(info_and_clear), T(tidy_up))
