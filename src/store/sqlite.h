/* SPDX-License-Identifier: MIT */
#ifndef STORE_SQLITE_H
#define STORE_SQLITE_H

/*
 * The store that survives kill -9 and power loss: one SQLite file per client
 * id. Implements mqtt/store.h with a memory store as its cache, so reading is
 * as fast as without it; every change is also a statement in an open
 * transaction, and commit() ends that transaction: one fsync per batch.
 *
 * It also keeps what belongs into the same transactions: how far the source
 * of a publisher was read, how much of a subscriber's output file is sure,
 * the client id and server the session belongs to, keepalive findings.
 *
 * One caller at a time, like every store: under the connection's mutex once
 * a client has it (client_with_store()). Another process may read the file
 * or enqueue into it meanwhile; only one may send (a lock file says who).
 * Calls block as long as the local disk does.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/err.h"
#include "mqtt/store.h"

enum sqlite_use {
	SQLITE_SEND,    /* owns the session: takes the lock */
	SQLITE_ENQUEUE, /* only puts; also while another process sends */
	SQLITE_LOOK,    /* reads only; the file must exist */
};

struct sqlite_options {
	const char *path;
	enum sqlite_use use;
	bool survives_power_loss; /* fsync per commit, else per checkpoint */
	size_t max_bytes; /* in memory: older messages and those of others
			   * beyond that stay in the file; 0: 64 MiB */
};

/*
 * Opens or creates the file (mode 0600), brings its schema up to date, loads
 * the outbox. now: the session's clock. NULL with e (ERR_LOCAL): in use (the
 * holder is named), damaged (left as it is), newer than us, not writable.
 */
struct store *sqlite_store_open(const struct sqlite_options *o, uint64_t now,
				struct err *e);

/* --- all below want a store of sqlite_store_open() ------------------- */

/* False when the file system cannot do what SQLite's write-ahead log needs:
 * the store is as safe without it, but slow. */
bool sqlite_has_log(struct store *s);

/* Whose session it is. Strings live until the next set or free; NULL when
 * the file is new. */
struct sqlite_session {
	const char *client_id;
	const char *server; /* "host:port", the first one it was used with */
	int version;        /* enum mqtt_version of the session; 0 unknown */
	uint32_t expiry;    /* seconds, as the server decided */
};
void sqlite_get_session(struct store *s, struct sqlite_session *ret);
int sqlite_set_session(struct store *s, const struct sqlite_session *v,
		       struct err *e) MUST_CHECK;

/* How far a source was read. Once this process has set it, each put() moves
 * `offset` to its tag and counts a record, in the same transaction. */
struct sqlite_source {
	uint64_t device, inode; /* of a regular file; 0 for a pipe */
	uint8_t head_hash[32];  /* SHA-256 of its beginning */
	uint64_t head_size;     /* bytes that were hashed */
	uint64_t offset;        /* bytes whose records are in the outbox */
	uint64_t records;
	uint8_t chain[32];      /* digest_chain() over all records */
	uint64_t pending_start; /* pipe: offset of what was peeked and may
				 * not have been read yet */
	uint64_t pending_size;
	uint8_t pending_hash[32];
	bool is_set;
	bool is_chained;
	bool at_eof;
};
void sqlite_get_source(const struct store *s, struct sqlite_source *ret);
/* Takes effect with the next commit. */
void sqlite_set_source(struct store *s, const struct sqlite_source *v);

/* Pieces of a record of a pipe that is not complete yet, each with the
 * offset where it began; they are forgotten with the next put(). */
int sqlite_add_piece(struct store *s, uint64_t offset, struct bytes piece)
	MUST_CHECK;
/* Appends those before that offset, and forgets the others. */
int sqlite_get_pieces(struct store *s, uint64_t before, struct buf *ret)
	MUST_CHECK;

/* Bytes of the output file that are handed over for sure. One file in the
 * life of a store. */
bool sqlite_get_sink(struct store *s, const char *path, uint64_t *ret);
int sqlite_set_sink(struct store *s, const char *path, uint64_t committed)
	MUST_CHECK;

/* Findings of keepalive probing, keyed by network; at most 64 are kept. */
struct sqlite_heartbeat {
	uint64_t current, good, bad; /* ns; bad 0: none known */
	bool is_stable;
	uint64_t changed; /* wall clock, ns */
};
bool sqlite_get_heartbeat(struct store *s, struct bytes network,
			  struct sqlite_heartbeat *ret);
void sqlite_set_heartbeat(struct store *s, struct bytes network,
			  const struct sqlite_heartbeat *v);

/* Counts for --store-info. */
struct sqlite_info {
	size_t queued, sent, released, inbound;
	uint64_t bytes, oldest; /* wall clock ns of the oldest message */
	int schema;
};
int sqlite_get_info(struct store *s, struct sqlite_info *ret, struct err *e)
	MUST_CHECK;
/* Forgets everything but the schema. */
int sqlite_clear(struct store *s, struct err *e) MUST_CHECK;

#endif
