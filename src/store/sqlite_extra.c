/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/digest.h"
#include "store/sqlite_impl.h"

#define HEARTBEATS_KEPT "64"

static void bind_num(sqlite3_stmt *stmt, int at, uint64_t v)
{
	(void)sqlite3_bind_int64(stmt, at, (sqlite3_int64)v);
}

static uint64_t column_num(sqlite3_stmt *stmt, int col)
{
	return (uint64_t)sqlite3_column_int64(stmt, col);
}

static void column_hash(sqlite3_stmt *stmt, int col, uint8_t ret[32])
{
	const void *p = sqlite3_column_blob(stmt, col);

	if (p && sqlite3_column_bytes(stmt, col) == 32)
		memcpy(ret, p, 32);
}

static sqlite3_stmt *select_once(struct sqlite_store *s, const char *sql)
{
	sqlite3_stmt *stmt = NULL;

	(void)sqlite3_prepare_v2(s->db, sql, -1, &stmt, NULL);
	return stmt;
}

/* --- source ---------------------------------------------------------- */

static bool load_source(struct sqlite_store *s)
{
	sqlite3_stmt *stmt = select_once(
		s, "SELECT device, inode, head_hash,"
		   " head_size, offset, records, chain, pending_start,"
		   " pending_size, pending_hash, chained, eof FROM source");
	struct sqlite_source *v = &s->source;

	if (!stmt)
		return false;
	if (sqlite3_step(stmt) == SQLITE_ROW) {
		v->is_set = true;
		v->device = column_num(stmt, 0);
		v->inode = column_num(stmt, 1);
		column_hash(stmt, 2, v->head_hash);
		v->head_size = column_num(stmt, 3);
		v->offset = column_num(stmt, 4);
		v->records = column_num(stmt, 5);
		column_hash(stmt, 6, v->chain);
		v->pending_start = column_num(stmt, 7);
		v->pending_size = column_num(stmt, 8);
		column_hash(stmt, 9, v->pending_hash);
		v->is_chained = column_num(stmt, 10) != 0;
		v->at_eof = column_num(stmt, 11) != 0;
	}
	return sqlite3_finalize(stmt) == SQLITE_OK;
}

bool sqlite_write_source(struct sqlite_store *s)
{
	sqlite3_stmt *stmt = sqlite_statement(s, STMT_SOURCE_SET);
	const struct sqlite_source *v = &s->source;

	if (!stmt)
		return sqlite_run(s, NULL);
	bind_num(stmt, 1, v->device);
	bind_num(stmt, 2, v->inode);
	(void)sqlite3_bind_blob(stmt, 3, v->head_hash, 32, SQLITE_STATIC);
	bind_num(stmt, 4, v->head_size);
	bind_num(stmt, 5, v->offset);
	bind_num(stmt, 6, v->records);
	(void)sqlite3_bind_blob(stmt, 7, v->chain, 32, SQLITE_STATIC);
	bind_num(stmt, 8, v->pending_start);
	bind_num(stmt, 9, v->pending_size);
	(void)sqlite3_bind_blob(stmt, 10, v->pending_hash, 32, SQLITE_STATIC);
	bind_num(stmt, 11, v->is_chained);
	bind_num(stmt, 12, v->at_eof);
	return sqlite_run(s, stmt);
}

void sqlite_move_source(struct sqlite_store *s, struct bytes record,
			uint64_t offset)
{
	s->source.offset = offset;
	s->source.records++;
	if (s->source.is_chained)
		digest_chain(s->source.chain, record);
	s->source_changed = true;
	if (s->has_pieces)
		s->has_pieces = !sqlite_run(
			s, sqlite_statement(s, STMT_PIECE_CLEAR));
}

void sqlite_get_source(const struct store *store, struct sqlite_source *ret)
{
	const struct sqlite_store *s = store->wrapper;

	*ret = s->source;
}

void sqlite_set_source(struct store *store, const struct sqlite_source *v)
{
	struct sqlite_store *s = sqlite_of(store);

	s->source = *v;
	s->source.is_set = s->source_moves = true;
	s->source_changed = true;
	store->is_dirty = true;
}

/* --- pieces ---------------------------------------------------------- */

static bool write_piece(struct sqlite_store *s)
{
	struct bytes piece = buf_view(&s->piece);
	sqlite3_stmt *stmt = sqlite_statement(s, STMT_PIECE_ADD);

	if (stmt) {
		bind_num(stmt, 1, s->piece_offset);
		(void)sqlite3_bind_blob64(stmt, 2, piece.p, piece.n,
					  SQLITE_STATIC);
	}
	return sqlite_run(s, stmt);
}

int sqlite_add_piece(struct store *store, uint64_t offset, struct bytes piece)
{
	struct sqlite_store *s = sqlite_of(store);

	buf_clear(&s->piece);
	if (buf_append(&s->piece, piece) < 0)
		return -1;
	s->piece_offset = offset;
	s->has_pieces = true;
	if (sqlite_begin(s))
		(void)write_piece(s);
	return 0;
}

static int append_pieces(sqlite3_stmt *stmt, uint64_t before, struct buf *ret)
{
	int r;

	while ((r = sqlite3_step(stmt)) == SQLITE_ROW) {
		const void *p = sqlite3_column_blob(stmt, 1);
		size_t n = (size_t)sqlite3_column_bytes(stmt, 1);

		if (column_num(stmt, 0) < before && n &&
		    buf_append(ret, bytes_of(p, n)) < 0)
			return -1;
	}
	return r == SQLITE_DONE ? 0 : -1;
}

int sqlite_get_pieces(struct store *store, uint64_t before, struct buf *ret)
{
	struct sqlite_store *s = sqlite_of(store);
	sqlite3_stmt *stmt = select_once(s, "SELECT offset, data FROM piece"
					    " ORDER BY offset");
	char sql[80];
	int r;

	if (!stmt)
		return -1;
	r = append_pieces(stmt, before, ret);
	sqlite3_finalize(stmt);
	snprintf(sql, sizeof(sql), "DELETE FROM piece WHERE offset >= %" PRIu64,
		 before);
	if (r < 0 || sqlite3_exec(s->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return -1;
	s->has_pieces = buf_len(ret) != 0;
	return 0;
}

/* --- sink ------------------------------------------------------------ */

bool sqlite_get_sink(struct store *store, const char *path, uint64_t *ret)
{
	struct sqlite_store *s = sqlite_of(store);
	sqlite3_stmt *stmt = sqlite_statement(s, STMT_SINK_GET);
	bool has = false;

	if (!stmt)
		return false;
	(void)sqlite3_bind_text(stmt, 1, path, -1, SQLITE_STATIC);
	if (sqlite3_step(stmt) == SQLITE_ROW) {
		*ret = column_num(stmt, 0);
		has = true;
	}
	(void)sqlite3_reset(stmt);
	return has;
}

static bool write_sink(struct sqlite_store *s)
{
	sqlite3_stmt *stmt = sqlite_statement(s, STMT_SINK_SET);

	if (stmt) {
		(void)sqlite3_bind_text(stmt, 1, s->sink, -1, SQLITE_STATIC);
		bind_num(stmt, 2, s->sink_size);
	}
	return sqlite_run(s, stmt);
}

int sqlite_set_sink(struct store *store, const char *path, uint64_t committed)
{
	struct sqlite_store *s = sqlite_of(store);

	if (!s->sink)
		s->sink = strdup(path);
	if (!s->sink)
		return -1;
	s->sink_size = committed;
	if (sqlite_begin(s))
		(void)write_sink(s);
	return 0;
}

/* --- session --------------------------------------------------------- */

static char *column_copy(sqlite3_stmt *stmt, int col)
{
	const char *text = (const char *)sqlite3_column_text(stmt, col);

	return text ? strdup(text) : NULL;
}

static bool load_session(struct sqlite_store *s)
{
	sqlite3_stmt *stmt = select_once(s, "SELECT client_id, server,"
					    " version, expiry FROM session");

	if (!stmt)
		return false;
	if (sqlite3_step(stmt) == SQLITE_ROW) {
		s->client_id = column_copy(stmt, 0);
		s->server = column_copy(stmt, 1);
		s->session = (struct sqlite_session){
			.client_id = s->client_id,
			.server = s->server,
			.version = sqlite3_column_int(stmt, 2),
			.expiry = (uint32_t)column_num(stmt, 3),
		};
	}
	return sqlite3_finalize(stmt) == SQLITE_OK;
}

void sqlite_get_session(struct store *store, struct sqlite_session *ret)
{
	*ret = sqlite_of(store)->session;
}

static bool keep_session(struct sqlite_store *s, const struct sqlite_session *v)
{
	char *id = strdup(v->client_id), *server = strdup(v->server);

	if (!id || !server) {
		free(id);
		free(server);
		return false;
	}
	free(s->client_id);
	free(s->server);
	s->client_id = id;
	s->server = server;
	s->session = *v;
	s->session.client_id = id;
	s->session.server = server;
	return true;
}

int sqlite_set_session(struct store *store, const struct sqlite_session *v,
		       struct err *e)
{
	struct sqlite_store *s = sqlite_of(store);
	sqlite3_stmt *stmt;
	bool is_good;

	if (!keep_session(s, v))
		return err_nomem(e);
	stmt = select_once(s, "INSERT OR REPLACE INTO session VALUES"
			      " (1, ?1, ?2, ?3, ?4)");
	if (!stmt || !sqlite_begin(s)) {
		sqlite3_finalize(stmt);
		return sqlite_fail(s, "cannot write", e);
	}
	(void)sqlite3_bind_text(stmt, 1, s->client_id, -1, SQLITE_STATIC);
	(void)sqlite3_bind_text(stmt, 2, s->server, -1, SQLITE_STATIC);
	bind_num(stmt, 3, (uint64_t)v->version);
	bind_num(stmt, 4, v->expiry);
	is_good = sqlite_run(s, stmt);
	sqlite3_finalize(stmt);
	return is_good ? 0 : sqlite_fail(s, "cannot write", e);
}

/* --- keepalive findings ---------------------------------------------- */

/* As text, for whoever looks into the file. */
static void bind_name(sqlite3_stmt *stmt, struct bytes network)
{
	(void)sqlite3_bind_text64(stmt, 1, (const char *)network.p, network.n,
				  SQLITE_STATIC, SQLITE_UTF8);
}

bool sqlite_get_heartbeat(struct store *store, struct bytes network,
			  struct sqlite_heartbeat *ret)
{
	struct sqlite_store *s = sqlite_of(store);
	sqlite3_stmt *stmt = sqlite_statement(s, STMT_HEARTBEAT_GET);
	bool has;

	if (!stmt)
		return false;
	bind_name(stmt, network);
	has = sqlite3_step(stmt) == SQLITE_ROW;
	if (has)
		*ret = (struct sqlite_heartbeat){
			.current = column_num(stmt, 0),
			.good = column_num(stmt, 1),
			.bad = column_num(stmt, 2),
			.is_stable = column_num(stmt, 3) != 0,
			.changed = column_num(stmt, 4),
		};
	(void)sqlite3_reset(stmt);
	return has;
}

void sqlite_set_heartbeat(struct store *store, struct bytes network,
			  const struct sqlite_heartbeat *v)
{
	struct sqlite_store *s = sqlite_of(store);
	sqlite3_stmt *stmt;

	if (!sqlite_begin(s))
		return;
	stmt = sqlite_statement(s, STMT_HEARTBEAT_SET);
	if (stmt) {
		bind_name(stmt, network);
		bind_num(stmt, 2, v->current);
		bind_num(stmt, 3, v->good);
		bind_num(stmt, 4, v->bad);
		bind_num(stmt, 5, v->is_stable);
		bind_num(stmt, 6, v->changed);
	}
	(void)sqlite_run(s, stmt);
	(void)sqlite3_exec(s->db,
			   "DELETE FROM heartbeat WHERE network NOT IN"
			   " (SELECT network FROM heartbeat ORDER BY changed"
			   " DESC LIMIT " HEARTBEATS_KEPT ")",
			   NULL, NULL, NULL);
}

/* --- the whole ------------------------------------------------------- */

bool sqlite_write_extra(struct sqlite_store *s)
{
	s->source_changed = s->source.is_set;
	if (s->sink && !write_sink(s))
		return false;
	if (s->has_pieces)
		return !buf_len(&s->piece) || write_piece(s);
	return sqlite_run(s, sqlite_statement(s, STMT_PIECE_CLEAR));
}

bool sqlite_load_extra(struct sqlite_store *s)
{
	return load_source(s) && load_session(s);
}

int sqlite_get_info(struct store *store, struct sqlite_info *ret, struct err *e)
{
	struct sqlite_store *s = sqlite_of(store);
	sqlite3_stmt *stmt = select_once(
		s, "SELECT"
		   " count(*) FILTER (WHERE state = 0),"
		   " count(*) FILTER (WHERE state = 1),"
		   " count(*) FILTER (WHERE state = 2),"
		   " (SELECT count(*) FROM inbox2),"
		   " total(length(topic) + length(props) + length(payload)),"
		   " min(queued_at),"
		   " (SELECT user_version FROM pragma_user_version)"
		   " FROM outbox");

	if (!stmt || sqlite3_step(stmt) != SQLITE_ROW) {
		sqlite3_finalize(stmt);
		return sqlite_fail(s, "cannot read", e);
	}
	*ret = (struct sqlite_info){
		.queued = column_num(stmt, 0),
		.sent = column_num(stmt, 1),
		.released = column_num(stmt, 2),
		.inbound = column_num(stmt, 3),
		.bytes = column_num(stmt, 4),
		.oldest = column_num(stmt, 5),
		.schema = sqlite3_column_int(stmt, 6),
	};
	sqlite3_finalize(stmt);
	return 0;
}

int sqlite_clear(struct store *store, struct err *e)
{
	struct sqlite_store *s = sqlite_of(store);

	while (store->head)
		s->memory_ops->remove(store, store->head);
	s->memory_ops->inbound_clear(store);
	s->source = (struct sqlite_source){ 0 };
	s->source_changed = false;
	free(STEAL(s->client_id));
	free(STEAL(s->server));
	s->session = (struct sqlite_session){ 0 };
	/* All or nothing: half a session would be another one. */
	if (sqlite3_exec(s->db,
			 "SAVEPOINT clear;"
			 " DELETE FROM outbox; DELETE FROM inbox2;"
			 " DELETE FROM source; DELETE FROM piece;"
			 " DELETE FROM sink;"
			 " DELETE FROM session; DELETE FROM heartbeat;"
			 " RELEASE clear",
			 NULL, NULL, NULL) != SQLITE_OK)
		return sqlite_fail(s, "cannot clear", e);
	return 0;
}
