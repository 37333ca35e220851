/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "store/sqlite_impl.h"

/*
 * Numbered migrations: entry N takes a file from version N to N + 1. They
 * run in one transaction; a file of a newer version is refused. Never change
 * an entry that has been released.
 */
static const char *const migrations[] = {
	"CREATE TABLE meta (k TEXT PRIMARY KEY, v) WITHOUT ROWID;"
	"CREATE TABLE session (id INTEGER PRIMARY KEY CHECK (id = 1),"
	" client_id TEXT NOT NULL, server TEXT NOT NULL, version INT NOT NULL,"
	" expiry INT NOT NULL);"
	/* state: 0 queued, 1 sent, 2 PUBREC seen. AUTOINCREMENT, because the
	 * order of a number that was used again would be a lie. */
	"CREATE TABLE outbox (seq INTEGER PRIMARY KEY AUTOINCREMENT,"
	" state INT NOT NULL DEFAULT 0, pid INT NOT NULL DEFAULT 0,"
	" qos INT NOT NULL, retain INT NOT NULL, topic BLOB NOT NULL,"
	" props BLOB NOT NULL, payload BLOB NOT NULL,"
	" release_order INT NOT NULL DEFAULT 0, queued_at INT NOT NULL,"
	" expires_at INT, maybe_sent INT NOT NULL DEFAULT 0,"
	" tag INT NOT NULL DEFAULT 0);"
	"CREATE UNIQUE INDEX outbox_pid ON outbox (pid) WHERE pid != 0;"
	"CREATE TABLE inbox2 (pid INTEGER PRIMARY KEY);"
	"CREATE TABLE source (id INTEGER PRIMARY KEY CHECK (id = 1),"
	" device INT, inode INT, head_hash BLOB, head_size INT, offset INT,"
	" records INT, chain BLOB, pending_start INT, pending_size INT,"
	" pending_hash BLOB, chained INT, eof INT);"
	"CREATE TABLE piece (offset INTEGER PRIMARY KEY, data BLOB NOT NULL);"
	"CREATE TABLE sink (path TEXT PRIMARY KEY, committed INT NOT NULL)"
	" WITHOUT ROWID;"
	"CREATE TABLE heartbeat (network TEXT PRIMARY KEY, current INT,"
	" good INT, bad INT, stable INT, changed INT) WITHOUT ROWID;",
};

#define SCHEMA_VERSION ((int)(sizeof(migrations) / sizeof(migrations[0])))

static int get_int(sqlite3 *db, const char *sql, int fallback)
{
	sqlite3_stmt *stmt = NULL;
	int v = fallback;

	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK &&
	    sqlite3_step(stmt) == SQLITE_ROW)
		v = sqlite3_column_int(stmt, 0);
	sqlite3_finalize(stmt);
	return v;
}

/* Rows that were moved behind others (sqlite_retry.c) are not in the sequence
 * that SQLite keeps; those that are gone are only there. */
uint64_t sqlite_last_number(struct sqlite_store *s)
{
	sqlite3_stmt *stmt = NULL;
	uint64_t v = 0;

	if (sqlite3_prepare_v2(s->db,
			       "SELECT max(seq) FROM ("
			       "SELECT seq FROM sqlite_sequence"
			       " WHERE name = 'outbox' "
			       "UNION ALL SELECT max(seq) FROM outbox)",
			       -1, &stmt, NULL) == SQLITE_OK &&
	    sqlite3_step(stmt) == SQLITE_ROW)
		v = (uint64_t)sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return v;
}

static int run(struct sqlite_store *s, const char *sql)
{
	return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : -1;
}

static int take_steps(struct sqlite_store *s, const char *const *steps,
		      int count)
{
	char sql[64];
	int v;

	for (v = get_int(s->db, "PRAGMA user_version", 0); v < count; v++)
		if (run(s, steps[v]) < 0)
			return -1;
	snprintf(sql, sizeof(sql), "PRAGMA user_version=%d", v);
	return run(s, sql);
}

int sqlite_migrate(struct sqlite_store *s, const char *const *steps, int count,
		   struct err *e)
{
	int v = get_int(s->db, "PRAGMA user_version", -1);

	if (v < 0)
		return sqlite_fail(s, "cannot read", e);
	if (v > count)
		return err_set(e, ERR_LOCAL, 0,
			       "store '%s' was written by a newer version "
			       "(schema %d, this program knows %d)",
			       s->path, v, count);
	if (v == count)
		return 0;
	if (s->use == SQLITE_LOOK)
		return err_set(e, ERR_LOCAL, 0, "'%s' is not a store", s->path);
	/* Somebody else may be doing the same: look again inside. */
	if (run(s, "BEGIN IMMEDIATE") < 0)
		return sqlite_fail(s, "cannot set up", e);
	if (take_steps(s, steps, count) < 0 || run(s, "COMMIT") < 0) {
		(void)sqlite_fail(s, "cannot set up", e);
		(void)run(s, "ROLLBACK");
		return -1;
	}
	return 0;
}

int sqlite_schema_ready(struct sqlite_store *s, struct err *e)
{
	return sqlite_migrate(s, migrations, SCHEMA_VERSION, e);
}

int sqlite_set_clean(struct sqlite_store *s, bool is_clean)
{
	return run(s,
		   is_clean
			   ? "INSERT OR REPLACE INTO meta VALUES ('clean', 1)"
			   : "INSERT OR REPLACE INTO meta VALUES ('clean', 0)");
}

int sqlite_damaged(struct sqlite_store *s, const char *how, struct err *e)
{
	return err_set(e, ERR_LOCAL, SQLITE_CORRUPT,
		       "store '%s' is damaged (%s); it was left as it is: "
		       "save what 'sqlite3 FILE .recover' can read, then "
		       "move it away",
		       s->path, how);
}

/* Looks through the whole file only when the last run did not end well. */
int sqlite_check_damage(struct sqlite_store *s, struct err *e)
{
	sqlite3_stmt *stmt = NULL;
	const char *text = NULL;
	bool is_good = false;
	int r;

	if (get_int(s->db, "SELECT v FROM meta WHERE k = 'clean'", 1))
		return 0;
	r = sqlite3_prepare_v2(s->db, "PRAGMA quick_check(1)", -1, &stmt, NULL);
	if (r == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW) {
		text = (const char *)sqlite3_column_text(stmt, 0);
		is_good = text && sqlite3_stricmp(text, "ok") == 0;
	}
	if (!is_good)
		(void)sqlite_damaged(s, text ? text : sqlite3_errmsg(s->db), e);
	sqlite3_finalize(stmt);
	return is_good ? 0 : -1;
}
