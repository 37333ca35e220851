/* SPDX-License-Identifier: MIT */
#ifndef CLIENT_CLIENT_PRIVATE_H
#define CLIENT_CLIENT_PRIVATE_H

/*
 * What the files of the blocking facade share: client.c (life and waiting
 * calls), client_drain.c, attempt.c (servers, versions, reconnect; receive
 * thread), client_publish.c, client_subscribe.c, client_heartbeat.c and
 * client_store.c. Nobody else
 * includes it.
 *
 * Fields marked L are guarded by conn.lock, fields marked T belong to the
 * receive thread; the rest does not change after client_new().
 */

#include <stdbool.h>
#include <stdint.h>

#include "client/client.h"
#include "client/conn.h"
#include "client/heartbeat.h"
#include "client/reconnect.h"
#include "client/redirect.h"
#include "client/state.h"
#include "client/subs.h"
#include "client/token.h"

struct client {
	const struct client_params *params;
	struct client_handlers handlers;
	struct loop *loop;
	struct store *store;
	bool owns_store;
	int event_fd;

	struct mutex lock; /* conn.lock: L */
	struct conn conn;
	struct cond changed;      /* with conn.lock: state, room, tokens */
	enum client_state state;  /* L */
	bool is_close_pending;    /* L */
	bool has_failed;          /* L: for good; failure says why */
	bool was_up;              /* L */
	bool has_subscribed;      /* L: ever; a kept session may have been */
	struct err failure;       /* L */
	struct err last_error;    /* L: of the newest attempt */
	bool is_interrupted;      /* L */
	bool wants_event;         /* L: a publisher polls for room */
	unsigned wants_room;      /* L: publishers that wait */
	unsigned wants_idle;      /* L: drains that wait */
	struct token_list tokens; /* L */
	bool has_tokens;          /* T: as of this batch */
	struct subs subs;         /* L */
	struct disconnect bye;    /* L: what to say at the end */
	uint64_t bye_deadline;    /* L */
	bool wants_bye;           /* L */

	uint64_t commits;         /* L: that succeeded */
	uint64_t commit_took;     /* L: to be told; 0: nothing */
	uint64_t commit_retry;    /* L: when to try again; 0: no failure */
	uint64_t commit_delay;    /* L */
	struct err commit_error;  /* L: of the first failure */
	bool was_low;             /* L: as of the last look */
	bool was_told;            /* T: of the failure */
	bool was_told_low;        /* T */
	uint64_t told_bad_row;    /* T */
	struct timer store_timer; /* T */
	struct task store_task;

	struct reconnect reconnect; /* T */
	struct heartbeat heartbeat; /* T */
	char network[448];          /* T: of that heartbeat; "": none yet */
	struct redirect redirect;   /* T */
	struct timer retry;         /* T */
	struct timer reauth;        /* T: the next one is due */
	bool is_reauthenticating;   /* T: the server has not answered yet */
	struct task connect_task, bye_task, reauth_task, collect_task;
	struct conn_target target; /* T */
	struct connect connect;    /* T: as sent in this attempt */
	char name[280];            /* L: of the server under way */
	size_t server_first;       /* T: where this round began */
	size_t server_done;        /* T: servers tried in this round */
	size_t bind_next;          /* T */
	uint8_t *versions;         /* T: per server, what it has spoken; 0 */
	uint8_t fallback;          /* T: version to try instead; 0 */
	struct err round_error;    /* T: all failures of this round */
	struct buf auth_props;     /* T: CONNECT's, with method and data */
	struct err auth_error;     /* T: what ended the dialogue */
};

static inline struct client *client_of(struct conn *c)
{
	return CONTAINER_OF(c, struct client, conn);
}

/* attempt.c, receive thread */
void attempt_init(struct client *c);
void attempt_start_round(struct client *c);
/* The server has accepted this attempt. */
void attempt_note_up(struct client *c);
/* An attempt or a connection ended with *why. */
void attempt_failed(struct client *c, const struct err *cause);

/* auth.c, receive thread: puts method and first data into this attempt's
 * CONNECT; takes a step on AUTH; checks the end on CONNACK. -1 with e, or
 * false when the connection is being ended because of auth_error. */
int auth_begin(struct client *c, struct err *e);
void auth_step(struct client *c, const struct disconnect *p);
bool auth_finish(struct client *c, const struct connack *p);
void auth_again(struct task *t);
void auth_init(struct client *c);
/* The connection is up: sets the time of the next re-authentication. */
void auth_schedule(struct client *c);

/* client.c: gives up for good and tells everybody who waits. */
void client_give_up(struct client *c, const struct err *why);
/* Makes sure that what was put into the output leaves. */
void client_flush_soon(struct client *c) EXCLUDES(c->conn.lock);
/* What a wait returns after client_interrupt(). */
int client_interrupted(struct err *e);
/* ERR_STATE when called on the receive thread. */
int client_check_thread(struct client *c, const char *call, struct err *e);
/* Fills e from the failure; returns -1. */
int client_failed_locked(struct client *c, struct err *e)
	REQUIRES(c->conn.lock);

/* client_heartbeat.c, receive thread: a connection is up, a ping was answered,
 * a connection has ended. */
void beat_start(struct client *c);
void beat_answered(struct client *c, const struct event_pong *p);
void beat_lost(struct client *c, const struct err *why);

/* client_subscribe.c: after a connection came up. */
void subscribe_again_locked(struct client *c, bool session_present)
	REQUIRES(c->conn.lock);
void subscribe_answer(struct client *c, const struct suback *a,
		      bool is_unsubscribe);

/* client.c: QoS 1/2 publishers may have room again. */
void client_raise_room_locked(struct client *c) REQUIRES(c->conn.lock);

/* client_store.c */
void store_init(struct client *c);
/* Has a commit failed, and none succeeded since? */
bool store_is_failing_locked(const struct client *c) REQUIRES(c->conn.lock);
void store_commit_locked(struct conn *conn);

/* client_publish.c: is the queue of QoS 1/2 at least so full (in percent)
 * that a publisher has to wait? */
bool client_queue_is_full(const struct client *c, unsigned percent);
/* Turns a refusal of the session into an error. */
int publish_refused(const struct client *c, enum submit why,
		    const struct publish *p, struct err *e);

#endif
