/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "store/sqlite_impl.h"

static struct bytes column_bytes(sqlite3_stmt *stmt, enum column col)
{
	static const uint8_t none[1];
	const void *p = sqlite3_column_blob(stmt, (int)col);
	size_t n = (size_t)sqlite3_column_bytes(stmt, (int)col);

	return bytes_of(p ? p : none, n);
}

static void bind_bytes(sqlite3_stmt *stmt, int at, struct bytes b)
{
	(void)sqlite3_bind_blob64(stmt, at, b.n ? (const void *)b.p : "", b.n,
				  SQLITE_STATIC);
}

static void bind_num(sqlite3_stmt *stmt, int at, uint64_t v)
{
	(void)sqlite3_bind_int64(stmt, at, (sqlite3_int64)v);
}

static uint64_t column_num(sqlite3_stmt *stmt, enum column col)
{
	return (uint64_t)sqlite3_column_int64(stmt, (int)col);
}

/* --- reading --------------------------------------------------------- */

/* A deadline of an earlier run, in this run's session clock. */
static uint64_t restore_expiry(const struct sqlite_store *s, sqlite3_stmt *stmt)
{
	uint64_t wall;

	if (sqlite3_column_type(stmt, COL_EXPIRES) == SQLITE_NULL)
		return CLOCK_NEVER;
	wall = column_num(stmt, COL_EXPIRES);
	return wall > s->wall_minus_session ? wall - s->wall_minus_session : 0;
}

bool sqlite_is_message(sqlite3_stmt *stmt)
{
	uint64_t qos = column_num(stmt, COL_QOS);
	uint64_t state = column_num(stmt, COL_STATE);
	uint64_t pid = column_num(stmt, COL_PID);

	return qos >= 1 && qos <= 2 && state <= MESSAGE_RELEASED &&
	       pid <= MQTT_PID_MAX && (state == MESSAGE_QUEUED || pid) &&
	       column_bytes(stmt, COL_TOPIC).n <= MQTT_STRING_MAX;
}

/* One at least, whatever its size. What is under way is loaded in any case:
 * its packet id is taken. */
static bool has_room(const struct sqlite_store *s, sqlite3_stmt *stmt)
{
	const struct store *m = s->memory;

	return !m->count || column_num(stmt, COL_STATE) != MESSAGE_QUEUED ||
	       m->bytes + m->count * sizeof(struct message) +
			       column_bytes(stmt, COL_PAYLOAD).n <=
		       s->max_bytes;
}

static bool load_row(struct sqlite_store *s, sqlite3_stmt *stmt)
{
	struct publish p = {
		.topic = column_bytes(stmt, COL_TOPIC),
		.payload = column_bytes(stmt, COL_PAYLOAD),
		.props = column_bytes(stmt, COL_PROPS),
		.qos = (uint8_t)column_num(stmt, COL_QOS),
		.retain = column_num(stmt, COL_RETAIN) != 0,
	};
	struct message *m = NULL;

	if (!sqlite_is_message(stmt)) {
		s->last_seen = s->memory->bad_row = column_num(stmt, COL_SEQ);
		return true;
	}
	if (has_room(s, stmt))
		m = s->memory_ops->put(s->memory, &p, column_num(stmt, COL_TAG),
				       0, NULL);
	if (!m) { /* no room for now: the row waits its turn */
		s->memory->has_more = true;
		return false;
	}
	m->seq = s->last_seen = column_num(stmt, COL_SEQ);
	m->state = (uint8_t)column_num(stmt, COL_STATE);
	m->pid = (uint16_t)column_num(stmt, COL_PID);
	m->release_order = column_num(stmt, COL_RELEASE);
	m->was_sent = column_num(stmt, COL_MAYBE) != 0;
	m->expires_at = restore_expiry(s, stmt);
	m->has_expiry = m->expires_at != CLOCK_NEVER;
	return true;
}

long sqlite_load_new(struct sqlite_store *s)
{
	sqlite3_stmt *stmt = sqlite_statement(s, STMT_LOAD);
	int r = SQLITE_ERROR;
	long n = 0;

	if (!stmt)
		return -1;
	bind_num(stmt, 1, s->last_seen);
	while ((r = sqlite3_step(stmt)) == SQLITE_ROW && load_row(s, stmt))
		n++;
	(void)sqlite3_reset(stmt);
	if (r == SQLITE_DONE)
		s->memory->has_more = false;
	s->last_sure = s->last_seen;
	return r == SQLITE_DONE || r == SQLITE_ROW ? n : -1;
}

bool sqlite_load_inbound(struct sqlite_store *s)
{
	sqlite3_stmt *stmt = sqlite_statement(s, STMT_INBOUND_LOAD);
	int pid, r = SQLITE_ERROR;

	while (stmt && (r = sqlite3_step(stmt)) == SQLITE_ROW) {
		pid = sqlite3_column_int(stmt, 0);
		if (pid > 0 && pid <= (int)MQTT_PID_MAX &&
		    s->memory_ops->inbound_add(s->memory, (uint16_t)pid) < 0)
			break;
	}
	if (stmt)
		(void)sqlite3_reset(stmt);
	return r == SQLITE_DONE;
}

/* --- writing --------------------------------------------------------- */

bool sqlite_write_message(struct sqlite_store *s, const struct message *m)
{
	sqlite3_stmt *stmt = sqlite_statement(s, STMT_PUT);

	if (!stmt)
		return sqlite_run(s, NULL);
	bind_num(stmt, 1, m->seq);
	bind_num(stmt, 2, m->state);
	bind_num(stmt, 3, m->pid);
	bind_num(stmt, 4, m->qos);
	bind_num(stmt, 5, m->retain);
	bind_bytes(stmt, 6, m->topic);
	bind_bytes(stmt, 7, m->props);
	bind_bytes(stmt, 8, m->payload);
	bind_num(stmt, 9, m->release_order);
	bind_num(stmt, 10, clock_wall());
	if (m->has_expiry)
		bind_num(stmt, 11, m->expires_at + s->wall_minus_session);
	else
		(void)sqlite3_bind_null(stmt, 11);
	bind_num(stmt, 12, m->was_sent);
	bind_num(stmt, 13, m->tag);
	return sqlite_run(s, stmt);
}

/* The number comes after all that others have enqueued: the transaction is
 * open, so nobody can slip in between. */
static struct message *sqlite_put(struct store *store, const struct publish *p,
				  uint64_t tag, uint64_t now, struct err *e)
{
	struct sqlite_store *s = sqlite_of(store);
	struct message *m;

	/* Outside of a transaction others could get the same number. */
	if (!sqlite_begin(s)) {
		(void)sqlite_fail(s, "cannot write", e);
		return NULL;
	}
	if (store->is_full || store->has_more) {
		err_set(e, ERR_LOCAL, 0, "too many messages wait in '%s'",
			s->path);
		return NULL;
	}
	m = s->memory_ops->put(store, p, tag, now, e);
	if (!m)
		return NULL;
	if (m->seq <= s->last_seen)
		m->seq = s->last_seen + 1;
	s->last_seen = m->seq;
	/* A sender's commit tries again; who only enqueues is told now. */
	if (!sqlite_write_message(s, m) && s->use == SQLITE_ENQUEUE) {
		(void)sqlite_fail(s, "cannot write", e);
		s->memory_ops->remove(store, m);
		return NULL;
	}
	if (s->source_moves)
		sqlite_move_source(s, p->payload, tag);
	return m;
}

static size_t sqlite_refresh(struct store *store)
{
	struct sqlite_store *s = sqlite_of(store);
	long n;

	if (s->in_transaction || s->must_rewrite)
		return 0;
	n = sqlite_load_new(s);
	sqlite_look_at_disk(s);
	return n > 0 ? (size_t)n : 0;
}

bool sqlite_write_state(struct sqlite_store *s, const struct message *m)
{
	sqlite3_stmt *stmt = sqlite_statement(s, STMT_UPDATE);

	if (stmt) {
		bind_num(stmt, 1, m->seq);
		bind_num(stmt, 2, m->state);
		bind_num(stmt, 3, m->pid);
		bind_num(stmt, 4, m->release_order);
		bind_num(stmt, 5, m->was_sent);
	}
	return sqlite_run(s, stmt);
}

static void sqlite_update(struct store *store, struct message *m)
{
	struct sqlite_store *s = sqlite_of(store);

	if (sqlite_begin(s))
		(void)sqlite_write_state(s, m);
}

bool sqlite_run_num(struct sqlite_store *s, enum statement which, uint64_t v)
{
	sqlite3_stmt *stmt = sqlite_statement(s, which);

	if (stmt)
		bind_num(stmt, 1, v);
	return sqlite_run(s, stmt);
}

static void change_num(struct sqlite_store *s, enum statement which, uint64_t v)
{
	if (sqlite_begin(s))
		(void)sqlite_run_num(s, which, v);
}

static void sqlite_remove(struct store *store, struct message *m)
{
	struct sqlite_store *s = sqlite_of(store);

	change_num(s, STMT_REMOVE, m->seq);
	s->memory_ops->remove(store, m);
	/* Nothing else may happen before the next commit. While there is more,
	 * nothing was put in. */
	if (!store->count && store->has_more && !s->must_rewrite)
		(void)sqlite_load_new(s);
}

static int sqlite_inbound_add(struct store *store, uint16_t pid)
{
	struct sqlite_store *s = sqlite_of(store);

	if (s->memory_ops->inbound_add(store, pid) < 0)
		return -1;
	change_num(s, STMT_INBOUND_ADD, pid);
	return 0;
}

static bool sqlite_inbound_has(struct store *store, uint16_t pid)
{
	return sqlite_of(store)->memory_ops->inbound_has(store, pid);
}

static void sqlite_inbound_remove(struct store *store, uint16_t pid)
{
	struct sqlite_store *s = sqlite_of(store);

	s->memory_ops->inbound_remove(store, pid);
	change_num(s, STMT_INBOUND_REMOVE, pid);
}

static void sqlite_inbound_clear(struct store *store)
{
	struct sqlite_store *s = sqlite_of(store);

	s->memory_ops->inbound_clear(store);
	if (sqlite_begin(s))
		(void)sqlite_run(s, sqlite_statement(s, STMT_INBOUND_CLEAR));
}

const struct store_ops sqlite_ops = {
	.put = sqlite_put,
	.update = sqlite_update,
	.remove = sqlite_remove,
	.inbound_add = sqlite_inbound_add,
	.inbound_has = sqlite_inbound_has,
	.inbound_remove = sqlite_inbound_remove,
	.inbound_clear = sqlite_inbound_clear,
	.commit = sqlite_commit,
	.refresh = sqlite_refresh,
	.free = sqlite_free,
};
