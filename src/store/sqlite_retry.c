/* SPDX-License-Identifier: MIT */
/* After a commit that failed: SQLite has rolled everything back, the file
 * holds the last good commit, and memory is the truth. What differs between
 * the two is written in a new transaction, and nothing else: a disk that was
 * full needs no more room than the changes that failed. */
#include <inttypes.h>
#include <stdio.h>

#include "store/sqlite_impl.h"

/* No two rows may have the same packet id, at no time. So first those that
 * are in use no more are given up, everywhere, and then new ones are taken. */
enum pass { GIVE_UP, TAKE };

static uint64_t column_num(sqlite3_stmt *stmt, enum column col)
{
	return (uint64_t)sqlite3_column_int64(stmt, (int)col);
}

static bool is_same(sqlite3_stmt *row, const struct message *m)
{
	return column_num(row, COL_STATE) == m->state &&
	       column_num(row, COL_PID) == m->pid &&
	       column_num(row, COL_RELEASE) == m->release_order &&
	       (column_num(row, COL_MAYBE) != 0) == m->was_sent;
}

/* m: the message of that row, NULL when it is gone. */
static bool compare_row(struct sqlite_store *s, sqlite3_stmt *row,
			const struct message *m, enum pass pass)
{
	uint64_t seq = column_num(row, COL_SEQ);

	if (!m) /* one that is no message was never ours */
		return !sqlite_is_message(row) ||
		       sqlite_run_num(s, STMT_REMOVE, seq);
	if (is_same(row, m))
		return true;
	if (pass == TAKE)
		return sqlite_write_state(s, m);
	return column_num(row, COL_PID) == m->pid ||
	       sqlite_run_num(s, STMT_GIVE_UP_PID, seq);
}

/* Those before seq that the file has no row of. */
static bool write_missing(struct sqlite_store *s, const struct message **m,
			  uint64_t seq, enum pass pass)
{
	for (; *m && (*m)->seq < seq; *m = (*m)->next)
		if (pass == TAKE && !sqlite_write_message(s, *m))
			return false;
	return true;
}

/* Both are in the order of their numbers. */
static bool compare_rows(struct sqlite_store *s, sqlite3_stmt *row,
			 enum pass pass)
{
	const struct message *m = s->memory->head;
	int r;

	while ((r = sqlite3_step(row)) == SQLITE_ROW) {
		uint64_t seq = column_num(row, COL_SEQ);
		bool is_there;

		if (!write_missing(s, &m, seq, pass))
			return false;
		is_there = m && m->seq == seq;
		if (!compare_row(s, row, is_there ? m : NULL, pass))
			return false;
		if (is_there)
			m = m->next;
	}
	return r == SQLITE_DONE && write_missing(s, &m, UINT64_MAX, pass);
}

static bool write_outbox(struct sqlite_store *s, enum pass pass)
{
	sqlite3_stmt *row = sqlite_statement(s, STMT_COMPARE);

	if (!row)
		return false;
	/* Rows above that are not ours yet. */
	(void)sqlite3_bind_int64(row, 1, (sqlite3_int64)s->last_seen);
	if (!compare_rows(s, row, pass))
		return false; /* left as it is: a reset forgets the error */
	(void)sqlite3_reset(row);
	return true;
}

/* They are few and small. */
static bool write_inbound(struct sqlite_store *s)
{
	uint32_t pid;

	if (!sqlite_run(s, sqlite_statement(s, STMT_INBOUND_CLEAR)))
		return false;
	for (pid = 1; pid <= MQTT_PID_MAX; pid++)
		if (s->memory_ops->inbound_has(s->memory, (uint16_t)pid) &&
		    !sqlite_run_num(s, STMT_INBOUND_ADD, pid))
			return false;
	return true;
}

/* What others have enqueued since our transaction was lost may have taken
 * the numbers of our messages: theirs are moved behind ours. */
static bool make_room(struct sqlite_store *s)
{
	char text[200];

	snprintf(text, sizeof(text),
		 "UPDATE outbox SET seq = -seq WHERE seq > %" PRIu64
		 "; UPDATE outbox SET seq = %" PRIu64 " - seq WHERE seq < 0",
		 s->last_sure, s->last_seen - s->last_sure);
	return sqlite3_exec(s->db, text, NULL, NULL, NULL) == SQLITE_OK;
}

bool sqlite_write_again(struct sqlite_store *s)
{
	return make_room(s) && write_outbox(s, GIVE_UP) &&
	       write_outbox(s, TAKE) && write_inbound(s) &&
	       sqlite_write_extra(s);
}
