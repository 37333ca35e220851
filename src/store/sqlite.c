/* SPDX-License-Identifier: MIT */
#include "store/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crash.h"
#include "base/disk.h"
#include "store/memory.h"
#include "store/sqlite_impl.h"

/* A sender has a connection to serve meanwhile, and tries again. */
#define BUSY_SEND_MS 1000
#define BUSY_MS 10000
#define LOAD_MAX ((size_t)64 * 1024 * 1024)
#define WAL_LIMIT "67108864" /* bytes kept of the log between checkpoints */

#define COMPARED "seq, state, pid, qos, topic, release_order, maybe_sent"

static const char *const sql[STMT_COUNT] = {
	[STMT_BEGIN] = "BEGIN IMMEDIATE",
	[STMT_COMMIT] = "COMMIT",
	[STMT_PUT] =
		"INSERT INTO outbox (seq, state, pid, qos, retain, topic,"
		" props, payload, release_order, queued_at, expires_at,"
		" maybe_sent, tag) VALUES"
		" (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
	[STMT_UPDATE] = "UPDATE outbox SET state = ?2, pid = ?3,"
			" release_order = ?4, maybe_sent = ?5 WHERE seq = ?1",
	[STMT_REMOVE] = "DELETE FROM outbox WHERE seq = ?1",
	[STMT_LOAD] = "SELECT " COMPARED ", retain, props, payload, expires_at,"
		      " tag FROM outbox WHERE seq > ?1 ORDER BY seq",
	[STMT_COMPARE] = "SELECT " COMPARED
			 " FROM outbox WHERE seq <= ?1 ORDER BY seq",
	[STMT_GIVE_UP_PID] = "UPDATE outbox SET pid = 0 WHERE seq = ?1",
	[STMT_INBOUND_ADD] = "INSERT OR IGNORE INTO inbox2 VALUES (?1)",
	[STMT_INBOUND_REMOVE] = "DELETE FROM inbox2 WHERE pid = ?1",
	[STMT_INBOUND_CLEAR] = "DELETE FROM inbox2",
	[STMT_INBOUND_LOAD] = "SELECT pid FROM inbox2",
	[STMT_SOURCE_SET] =
		"INSERT OR REPLACE INTO source VALUES"
		" (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
	[STMT_PIECE_ADD] = "INSERT OR REPLACE INTO piece VALUES (?1, ?2)",
	[STMT_PIECE_CLEAR] = "DELETE FROM piece",
	[STMT_SINK_SET] = "INSERT OR REPLACE INTO sink VALUES (?1, ?2)",
	[STMT_SINK_GET] = "SELECT committed FROM sink WHERE path = ?1",
	[STMT_HEARTBEAT_SET] = "INSERT OR REPLACE INTO heartbeat VALUES"
			       " (?1, ?2, ?3, ?4, ?5, ?6)",
	[STMT_HEARTBEAT_GET] = "SELECT current, good, bad, stable, changed"
			       " FROM heartbeat WHERE network = ?1",
};

int sqlite_fail(struct sqlite_store *s, const char *what, struct err *e)
{
	int code = sqlite3_errcode(s->db);

	if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB)
		return sqlite_damaged(s, sqlite3_errmsg(s->db), e);
	return err_set(e, ERR_LOCAL, code, "%s store '%s': %s", what, s->path,
		       sqlite3_errmsg(s->db));
}

sqlite3_stmt *sqlite_statement(struct sqlite_store *s, enum statement which)
{
	sqlite3_stmt **stmt = &s->statements[which];

	if (!*stmt)
		(void)sqlite3_prepare_v3(s->db, sql[which], -1,
					 SQLITE_PREPARE_PERSISTENT, stmt, NULL);
	return *stmt;
}

bool sqlite_run(struct sqlite_store *s, sqlite3_stmt *stmt)
{
	int r = SQLITE_ERROR;

	/* The transaction may have ended with the failure; each statement
	 * would be one of its own. */
	if (s->must_rewrite)
		return false;
	if (stmt)
		r = sqlite3_step(stmt);
	if (stmt)
		(void)sqlite3_reset(stmt);
	if (r == SQLITE_DONE || r == SQLITE_ROW)
		return true;
	s->must_rewrite = true;
	return false;
}

bool sqlite_begin(struct sqlite_store *s)
{
	s->memory->is_dirty = true;
	if (s->in_transaction)
		return true;
	if (s->must_rewrite || !sqlite_run(s, sqlite_statement(s, STMT_BEGIN)))
		return false;
	s->in_transaction = true;
	if (s->use == SQLITE_ENQUEUE)
		s->last_seen = sqlite_last_number(s);
	else
		(void)sqlite_load_new(s);
	s->last_sure = s->last_seen;
	return true;
}

static void roll_back(struct sqlite_store *s)
{
	(void)sqlite3_reset(s->statements[STMT_COMPARE]);
	if (!sqlite3_get_autocommit(s->db))
		(void)sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
	s->in_transaction = false;
}

/* After a failure the file holds the last good commit; everything since is
 * in memory and is written again. */
static bool recover(struct sqlite_store *s)
{
	if (!s->must_rewrite)
		return true;
	if (s->use != SQLITE_SEND)
		return false; /* the file is another one's */
	roll_back(s);
	/* A full disk: the log may be used from its beginning again. */
	(void)sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_PASSIVE,
					NULL, NULL);
	s->must_rewrite = false;
	s->in_transaction = sqlite_run(s, sqlite_statement(s, STMT_BEGIN));
	if (!s->in_transaction || !sqlite_write_again(s)) {
		s->must_rewrite = true;
		return false;
	}
	return true;
}

static bool write_pending(struct sqlite_store *s)
{
	if (!recover(s) || !sqlite_begin(s))
		return false;
	if (s->source_changed && !sqlite_write_source(s))
		return false;
	crash_point();
	if (!sqlite_run(s, sqlite_statement(s, STMT_COMMIT)))
		return false;
	s->in_transaction = false;
	crash_point();
	return true;
}

bool sqlite_has_log(struct store *store)
{
	return sqlite_of(store)->has_log;
}

int sqlite_commit(struct store *store, struct err *e)
{
	struct sqlite_store *s = sqlite_of(store);

	if (!crash_commits_late() && !write_pending(s)) {
		(void)sqlite_fail(s, "cannot write", e);
		s->must_rewrite = true;
		roll_back(s);
		return -1;
	}
	s->source_changed = store->is_dirty = false;
	s->last_sure = s->last_seen;
	sqlite_look_at_disk(s);
	while (s->use == SQLITE_ENQUEUE && store->head)
		s->memory_ops->remove(store, store->head);
	return 0;
}

/* --- opening --------------------------------------------------------- */

static int lock_refused(struct sqlite_store *s, struct err *e)
{
	char holder[128] = { 0 };
	ssize_t n = pread(s->lock_fd, holder, sizeof(holder) - 1, 0);

	return err_set(e, ERR_LOCAL, EWOULDBLOCK, "store '%s' is in use by %s",
		       s->path, n > 0 ? holder : "another process");
}

static void write_holder(struct sqlite_store *s)
{
	char text[128];
	int n = snprintf(text, sizeof(text), "process %ld (%s)", (long)getpid(),
			 program_invocation_short_name);

	if (n > 0 && ftruncate(s->lock_fd, 0) == 0)
		(void)!pwrite(s->lock_fd, text, (size_t)n, 0);
}

/* Two senders of one session would undo each other's work, so a lock that
 * cannot be had is fatal; it goes with the process, however that ends. */
static int take_lock(struct sqlite_store *s, struct err *e)
{
	char *name = NULL;

	if (asprintf(&name, "%s.lock", s->file) < 0)
		return err_nomem(e);
	s->lock_fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	free(name);
	if (s->lock_fd < 0)
		return err_sys(e, ERR_LOCAL, "cannot lock store '%s'", s->path);
	if (flock(s->lock_fd, LOCK_EX | LOCK_NB) < 0)
		return lock_refused(s, e);
	write_holder(s);
	return 0;
}

/* SQLite would make it with the umask's mode. */
static int create_file(struct sqlite_store *s, struct err *e)
{
	int fd = open(s->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return errno == EEXIST
			       ? 0
			       : err_sys(e, ERR_LOCAL,
					 "cannot create store '%s'", s->path);
	close(fd);
	(void)!disk_sync_entry(s->path);
	return 0;
}

/* SQLite would take ":memory:" for no file at all; and by two names of one file
 * two could have its lock. */
static int find_file(struct sqlite_store *s, struct err *e)
{
	if (s->use != SQLITE_LOOK && create_file(s, e) < 0)
		return -1;
	s->file = realpath(s->path, NULL);
	return s->file ? 0
		       : err_sys(e, ERR_LOCAL, "cannot open store '%s'",
				 s->path);
}

/* What the mode is after asking for that one; NULL on failure. */
static const char *ask_for_journal(struct sqlite_store *s, const char *ask,
				   char mode[16])
{
	sqlite3_stmt *stmt = NULL;
	const char *text = NULL;

	if (sqlite3_prepare_v2(s->db, ask, -1, &stmt, NULL) == SQLITE_OK &&
	    sqlite3_step(stmt) == SQLITE_ROW)
		text = (const char *)sqlite3_column_text(stmt, 0);
	if (text)
		snprintf(mode, 16, "%s", text);
	sqlite3_finalize(stmt);
	return text ? mode : NULL;
}

/* Some network file systems cannot share a log. Without one, readers and the
 * sender wait for each other, and only FULL keeps the file whole. */
static int set_pragmas(struct sqlite_store *s, bool survives_power_loss,
		       struct err *e)
{
	char text[16];
	const char *mode = ask_for_journal(s, "PRAGMA journal_mode=WAL", text);

	s->has_log = mode && strcmp(mode, "wal") == 0;
	if (mode && !s->has_log)
		mode = ask_for_journal(s, "PRAGMA journal_mode=TRUNCATE", text);
	if (!mode || sqlite3_exec(s->db,
				  survives_power_loss || !s->has_log
					  ? "PRAGMA synchronous=FULL"
					  : "PRAGMA synchronous=NORMAL",
				  NULL, NULL, NULL) != SQLITE_OK)
		return sqlite_fail(s, "cannot open", e);
	(void)sqlite3_exec(s->db, "PRAGMA journal_size_limit=" WAL_LIMIT, NULL,
			   NULL, NULL);
	return 0;
}

static int open_db(struct sqlite_store *s, const struct sqlite_options *o,
		   struct err *e)
{
	int flags = o->use == SQLITE_LOOK ? SQLITE_OPEN_READONLY
					  : SQLITE_OPEN_READWRITE;

	if (sqlite3_open_v2(s->file, &s->db, flags, NULL) != SQLITE_OK)
		return sqlite_fail(s, "cannot open", e);
	sqlite3_busy_timeout(s->db,
			     o->use == SQLITE_SEND ? BUSY_SEND_MS : BUSY_MS);
	if (o->use != SQLITE_LOOK &&
	    set_pragmas(s, o->survives_power_loss, e) < 0)
		return -1;
	return sqlite_schema_ready(s, e);
}

/* It could not be sent, and would be left behind without a word. */
static int check_rows(struct sqlite_store *s, struct err *e)
{
	char text[64];

	if (!s->memory->bad_row || s->use == SQLITE_LOOK)
		return 0;
	snprintf(text, sizeof(text), "row %" PRIu64 " of outbox is no message",
		 s->memory->bad_row);
	return sqlite_damaged(s, text, e);
}

static int load(struct sqlite_store *s, struct err *e)
{
	uint64_t last;

	if (s->use == SQLITE_ENQUEUE)
		return 0; /* what is there is the sender's business */
	if (sqlite_check_damage(s, e) < 0)
		return -1;
	if (sqlite_load_new(s) < 0 || !sqlite_load_inbound(s) ||
	    !sqlite_load_extra(s))
		return sqlite_fail(s, "cannot read", e);
	if (check_rows(s, e) < 0)
		return -1;
	last = sqlite_last_number(s);
	/* Numbers of rows that are gone; rows that found no room yet have
	 * higher ones than any that was loaded. */
	if (!s->memory->has_more && s->last_seen < last)
		s->last_seen = last;
	if (s->use == SQLITE_SEND && sqlite_set_clean(s, false) < 0)
		return sqlite_fail(s, "cannot write", e);
	s->last_sure = s->last_seen;
	s->memory->is_dirty = false;
	sqlite_look_at_disk(s);
	return 0;
}

static struct sqlite_store *new_store(const struct sqlite_options *o,
				      uint64_t now, struct err *e)
{
	struct sqlite_store *s = calloc(1, sizeof(*s));

	if (s) {
		s->lock_fd = -1;
		s->use = o->use;
		s->path = strdup(o->path);
		s->max_bytes = o->max_bytes ? o->max_bytes : LOAD_MAX;
		s->memory = memory_store_new(0);
		s->wall_minus_session = clock_wall() - now;
	}
	if (!s || !s->path || !s->memory) {
		if (s && s->memory)
			s->memory->ops->free(s->memory);
		if (s)
			free(s->path);
		free(s);
		err_nomem(e);
		return NULL;
	}
	s->memory_ops = s->memory->ops;
	s->memory->ops = &sqlite_ops;
	s->memory->wrapper = s;
	return s;
}

struct store *sqlite_store_open(const struct sqlite_options *o, uint64_t now,
				struct err *e)
{
	struct sqlite_store *s = new_store(o, now, e);

	if (!s)
		return NULL;
	if (find_file(s, e) < 0 ||
	    (o->use == SQLITE_SEND && take_lock(s, e) < 0) ||
	    open_db(s, o, e) < 0 || load(s, e) < 0) {
		s->use = SQLITE_LOOK; /* nothing to tidy up in the file */
		sqlite_free(s->memory);
		return NULL;
	}
	return s->memory;
}

/* A clean end leaves one file, without a log beside it. */
static void close_db(struct sqlite_store *s)
{
	int i;

	roll_back(s);
	for (i = 0; i < STMT_COUNT; i++)
		sqlite3_finalize(s->statements[i]);
	if (s->use == SQLITE_SEND) {
		(void)sqlite_set_clean(s, true);
		(void)sqlite3_wal_checkpoint_v2(
			s->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	}
	sqlite3_close(s->db);
}

void sqlite_free(struct store *store)
{
	struct sqlite_store *s = sqlite_of(store);

	if (s->memory->is_dirty && s->use != SQLITE_LOOK)
		(void)!sqlite_commit(store, NULL);
	if (s->db)
		close_db(s);
	if (s->lock_fd >= 0)
		close(s->lock_fd);
	s->memory->ops = s->memory_ops;
	s->memory_ops->free(s->memory);
	buf_release(&s->piece);
	free(s->sink);
	free(s->client_id);
	free(s->server);
	free(s->path);
	free(s->file);
	free(s);
}
