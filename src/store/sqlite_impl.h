/* SPDX-License-Identifier: MIT */
#ifndef STORE_SQLITE_IMPL_H
#define STORE_SQLITE_IMPL_H

/*
 * What the files of the SQLite store share: sqlite.c (open, close, lock,
 * commit), sqlite_schema.c (tables, migrations, damage), sqlite_outbox.c
 * (the operations of mqtt/store.h), sqlite_retry.c (after a failed commit),
 * sqlite_room.c (a disk that fills up) and sqlite_extra.c (source, sink,
 * session and keepalive findings). Nobody else includes it.
 *
 * The memory store under it is the truth of this process: when SQLite has
 * rolled a transaction back (disk full), the next commit writes what the file
 * has not. Same threading as store/sqlite.h.
 */

#include <sqlite3.h>

#include "base/buf.h"
#include "store/sqlite.h"

enum statement {
	STMT_BEGIN,
	STMT_COMMIT,
	STMT_PUT,
	STMT_UPDATE,
	STMT_REMOVE,
	STMT_LOAD,
	STMT_COMPARE,
	STMT_GIVE_UP_PID,
	STMT_INBOUND_ADD,
	STMT_INBOUND_REMOVE,
	STMT_INBOUND_CLEAR,
	STMT_INBOUND_LOAD,
	STMT_SOURCE_SET,
	STMT_PIECE_ADD,
	STMT_PIECE_CLEAR,
	STMT_SINK_SET,
	STMT_SINK_GET,
	STMT_HEARTBEAT_SET,
	STMT_HEARTBEAT_GET,
	STMT_COUNT,
};

/* Of STMT_LOAD; the first ones of STMT_COMPARE, too. */
enum column {
	COL_SEQ,
	COL_STATE,
	COL_PID,
	COL_QOS,
	COL_TOPIC,
	COL_RELEASE,
	COL_MAYBE,
	COL_RETAIN,
	COL_PROPS,
	COL_PAYLOAD,
	COL_EXPIRES,
	COL_TAG,
};

struct sqlite_store {
	struct store *memory; /* what the session sees; its ops are ours */
	const struct store_ops *memory_ops;
	sqlite3 *db;
	sqlite3_stmt *statements[STMT_COUNT];
	int lock_fd;
	char *path; /* as given */
	char *file; /* without links */
	enum sqlite_use use;
	bool has_log; /* the journal mode is WAL */
	bool in_transaction;
	bool must_rewrite;           /* SQLite lost what was pending */
	int log_pages;               /* of the log, before it is emptied */
	uint64_t last_seen;          /* highest seq known to us */
	uint64_t last_sure;          /* of those, highest that is in the file */
	size_t max_bytes;            /* to be loaded */
	uint64_t wall_minus_session; /* to keep deadlines across runs */
	struct sqlite_source source;
	bool source_moves; /* with each put() */
	bool source_changed;
	bool has_pieces;
	/* What is set once and again if SQLite lost it. */
	struct buf piece;
	uint64_t piece_offset;
	char *sink;
	uint64_t sink_size;
	char *client_id, *server; /* what sqlite_get_session() hands out */
	struct sqlite_session session;
};

static inline struct sqlite_store *sqlite_of(struct store *s)
{
	return s->wrapper;
}

/* sqlite.c */
/* A prepared statement, reset and with nothing bound; NULL on failure. */
sqlite3_stmt *sqlite_statement(struct sqlite_store *s, enum statement which);
/* Runs it to its end; false marks the store for rewriting. */
bool sqlite_run(struct sqlite_store *s, sqlite3_stmt *stmt);
/* Opens the transaction of this batch if there is none, and takes over what
 * others have enqueued. */
bool sqlite_begin(struct sqlite_store *s);
int sqlite_fail(struct sqlite_store *s, const char *what, struct err *e);
int sqlite_commit(struct store *store, struct err *e);
void sqlite_free(struct store *store);

/* sqlite_schema.c */
int sqlite_schema_ready(struct sqlite_store *s, struct err *e) MUST_CHECK;
/* The same with other steps: entry N takes the file from version N to N + 1,
 * all of them or none. -1 with e also when the file is newer. */
int sqlite_migrate(struct sqlite_store *s, const char *const *steps, int count,
		   struct err *e) MUST_CHECK;
/* Says so in e; the file is never touched. Returns -1. */
int sqlite_damaged(struct sqlite_store *s, const char *how, struct err *e);
int sqlite_check_damage(struct sqlite_store *s, struct err *e) MUST_CHECK;
/* The highest number the outbox ever gave out: none is used twice. */
uint64_t sqlite_last_number(struct sqlite_store *s);
int sqlite_set_clean(struct sqlite_store *s, bool is_clean);

/* sqlite_outbox.c */
extern const struct store_ops sqlite_ops;
/* False for a row that somebody has made by hand, and wrong: it is told, and
 * stays where it is. */
bool sqlite_is_message(sqlite3_stmt *row);
/* Loads rows with seq above last_seen into the memory store, for which nothing
 * may have been put in since the last commit; how many, or -1 when they could
 * not be read. */
long sqlite_load_new(struct sqlite_store *s);
bool sqlite_load_inbound(struct sqlite_store *s);
/* Statements of a transaction that is open. */
bool sqlite_write_message(struct sqlite_store *s, const struct message *m);
bool sqlite_write_state(struct sqlite_store *s, const struct message *m);
/* One whose only parameter is a number. */
bool sqlite_run_num(struct sqlite_store *s, enum statement which, uint64_t v);

/* sqlite_retry.c */
/* Writes what memory has and the file has not, in a transaction that is open.
 */
bool sqlite_write_again(struct sqlite_store *s);

/* sqlite_room.c */
/* After each commit: as the disk fills up, the log is kept shorter, and in the
 * end nothing is taken in. */
void sqlite_look_at_disk(struct sqlite_store *s);

/* sqlite_extra.c */
bool sqlite_load_extra(struct sqlite_store *s);
/* Source, sink and piece once more, if SQLite lost them. */
bool sqlite_write_extra(struct sqlite_store *s);
bool sqlite_write_source(struct sqlite_store *s);
/* A record of it was put into the outbox. */
void sqlite_move_source(struct sqlite_store *s, struct bytes record,
			uint64_t offset);

#endif
