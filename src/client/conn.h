/* SPDX-License-Identifier: MIT */
#ifndef CLIENT_CONN_H
#define CLIENT_CONN_H

/*
 * One connection: dial, handshake of the streams, CONNECT, traffic, orderly
 * end. It joins a stream (net) with a session (mqtt) on a loop. The blocking
 * facade has one, mqtt-bench a hundred thousand.
 *
 * THE mutex of the connection, its owner's, guards the session and the stream,
 * hence the TLS context and the output. Nobody waits in the kernel while
 * holding it. Names ending in _locked want it held, names ending in _on_loop
 * are for the loop's thread only and must be called without it. The in buffer,
 * the watch and the timer belong to the loop's thread alone.
 *
 * A conn owns its stream and dial. Loop, session and target are borrowed.
 * It lives in its owner's struct (CONTAINER_OF finds that) and may be freed
 * when its phase is CONN_DOWN, also from inside on_down.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/err.h"
#include "client/loop.h"
#include "client/sync.h"
#include "mqtt/session.h"
#include "net/dial.h"
#include "net/stream.h"

struct conn;
struct trace;
struct transport_config;

/* Where to connect and how; must live as long as the attempt. */
struct conn_target {
	struct dial_config dial;
	const struct transport_config *transport; /* NULL: plain */
	const struct connect *connect;
	uint64_t connect_timeout; /* ns for all phases up to CONNACK */
	const char *name;         /* "host:port" for messages */
};

enum conn_phase {
	CONN_DOWN,
	CONN_DIALING,
	CONN_HANDSHAKE, /* streams above the socket */
	CONN_LOGIN,     /* CONNECT sent */
	CONN_UP,
	CONN_CLOSING, /* DISCONNECT queued, then flush, shutdown, EOF */
};

/* All run on the loop's thread without the lock, except those whose names end
 * in _locked. */
struct conn_ops {
	/* The socket is connected (CONN_HANDSHAKE), the streams above it are
	 * up (CONN_LOGIN): for measuring. May be NULL. */
	void (*on_phase)(struct conn *c, enum conn_phase phase);
	/* CONNACK with reason 0: the connection is up. */
	void (*on_up)(struct conn *c, const struct event_connack *ack);
	/* Everything else that came in, in order. May call any public
	 * function, conn_disconnect_on_loop() included. */
	void (*on_events)(struct conn *c, const struct event *ev, size_t n);
	/* All bytes that had arrived are handed out. May be NULL. */
	void (*on_batch_end)(struct conn *c);
	/* Output or outbox shrank. Called with the lock held, by whichever
	 * thread wrote. May be NULL. */
	void (*on_room_locked)(struct conn *c);
	/* Makes the session's changes durable. Called with the lock held, by
	 * whichever thread writes; what fails stays pending and is tried
	 * again with the next call. NULL: the store has nothing to commit. */
	void (*commit_locked)(struct conn *c);
	/* The connection is over (why NULL: as we asked). Last callback of
	 * this attempt; conn_start_on_loop() may be called from it. */
	void (*on_down)(struct conn *c, const struct err *why);
};

struct conn {
	struct mutex *lock; /* NULL: all calls come from the loop's thread */
	struct loop *loop;
	const struct conn_ops *ops;
	const struct conn_target *target;
	struct session *session; /* the lock's */
	struct stream *stream;   /* the lock's; changed by the loop only */
	struct dial *dial;
	struct trace *trace;     /* NULL: no packet trace */
	struct err *write_error; /* the lock's; set when a write failed */
	struct buf in;
	struct buf *referral; /* loop's: other servers that the refusal or
			       * DISCONNECT which ended it has named; NULL:
			       * none, as for most of them for ever */
	struct watch watch;
	struct timer timer;
	struct task task;
	uint64_t deadline;     /* of the phase */
	uint8_t phase;         /* enum conn_phase; written under the lock */
	bool wants_write;      /* the lock's: output is blocked */
	bool read_wants_write; /* the lock's: the stream's own is, and is
				* sent by reading again */
	atomic_bool is_paused; /* any thread */
	bool is_receiving;     /* loop's: a flush follows anyway */
	bool is_shut;          /* loop's: nothing more will be written */
	bool closes_at_once;   /* loop's: the peer has nothing to send any
				* more, so its end need not be awaited */
	bool closed_at_login;  /* EOF came instead of CONNACK */
};

/* `lock` guards the connection and its session, and outlives them; NULL where
 * everybody who touches them runs on the loop's thread. */
void conn_init(struct conn *c, struct loop *l, struct session *s,
	       const struct conn_ops *ops, struct mutex *lock);
/* Phase must be CONN_DOWN. Does not free the session. */
void conn_release(struct conn *c);

/* Starts an attempt; its end is told by on_down, also when it fails at once
 * (then from a later turn of the loop, never from inside this call). */
void conn_start_on_loop(struct conn *c, const struct conn_target *t);
/* Orderly end: queues DISCONNECT (p NULL: reason 0), writes what is queued,
 * closes; everything within `deadline` (loop clock). An attempt that is not
 * up yet is dropped. on_down(NULL) follows. */
void conn_disconnect_on_loop(struct conn *c, const struct disconnect *p,
			     uint64_t deadline);
/* Drops the connection without a word: no DISCONNECT, no on_down. */
void conn_abort_on_loop(struct conn *c);

/* Commits, and writes what may be written; any thread. Failures are found by
 * the loop. */
void conn_flush_locked(struct conn *c) REQUIRES(c->lock);
/* Makes the loop flush and look after timers soon; any thread, with or
 * without the lock. */
void conn_kick(struct conn *c);
/* One that is up will be used in a moment: asks for what it points to. See
 * base/prefetch.h. */
void conn_prefetch(const struct conn *c);
/* Stops and restarts reading; any thread, without the lock. */
void conn_set_paused(struct conn *c, bool is_paused) EXCLUDES(c->lock);

/* Bytes of output at which publishers wait, and go on again. */
#define CONN_OUTPUT_HIGH ((size_t)256 * 1024)
#define CONN_OUTPUT_LOW ((size_t)64 * 1024)

#endif
