/* SPDX-License-Identifier: MIT */
#ifndef CLIENT_CLIENT_H
#define CLIENT_CLIENT_H

/*
 * The blocking client that the tools drive: one connection with a dedicated
 * receive thread, reconnected as the parameters say. Calls marked "any
 * thread" may come from anywhere; those that wait must not come from a
 * handler (they fail with ERR_STATE there). Every wait has a deadline, a
 * time of clock_boot() or CLOCK_NEVER where another limit applies.
 *
 * Handlers run on the receive thread with no lock held and must not block:
 * a handler whose output is full calls client_pause() and returns.
 *
 * The client owns its thread, connection and session; parameters, store and
 * handler context belong to the caller and outlive it.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "client/loop.h"
#include "client/params.h"
#include "mqtt/session.h"

struct client;

/* The five states of a connection and their legal changes; see
 * client/state.h for the table. */
enum client_state {
	CLIENT_DISCONNECTED,
	CLIENT_CONNECTING,
	CLIENT_CONNECTED,
	CLIENT_DISCONNECTING,
	CLIENT_CLOSED,
};

/* A new connection is up. Views die when the handler returns. */
struct client_up {
	const struct event_connack *connack;
	const struct session_limits *limits;
	enum mqtt_version version;
	struct bytes client_id;
	const char *server;  /* "host:port" as given */
	const char *address; /* what it got connected to */
	bool is_first;       /* false after a reconnect */
};

/* One server is being tried. */
struct client_attempt {
	const char *server; /* "host:port" */
	uint32_t attempt;   /* rounds tried since the loss, from 0 */
};

struct client_down {
	const struct err *why;
	const char *server; /* "host:port", of several the last one tried */
	bool will_retry;
	uint64_t delay;   /* ns until the next round; 0 when at once */
	uint32_t attempt; /* rounds tried since the loss, from 0 */
};

/* The store could not be written (will be tried again; the connection goes
 * on, but nothing is sent or acknowledged that depends on it), works again,
 * was slow, or is to take no more than what is confirmed leaves room for. */
struct client_store_event {
	const struct err *why; /* NULL: it works */
	uint64_t took;         /* ns of a slow commit; 0: not slow */
	bool is_low;
	uint64_t bad_row; /* another one is in it that is no message; 0: no */
};

enum client_beat {
	CLIENT_BEAT_STARTS,   /* a connection is up */
	CLIENT_BEAT_ANSWERED, /* silence of that length was harmless */
	CLIENT_BEAT_LOST,     /* it cost the connection */
};

/* With a smart heartbeat: what came out, and what is done from now on. */
struct client_heartbeat {
	enum client_beat verdict;
	uint64_t interval; /* ns of silence before a ping */
	bool is_settled;   /* the search is over */
};

/* Any may be NULL. */
struct client_handlers {
	void *ctx;
	void (*on_attempt)(void *ctx, const struct client_attempt *a);
	void (*on_up)(void *ctx, const struct client_up *up);
	/* Connection lost, refused or given up. Not called for a
	 * disconnect that was asked for. */
	void (*on_down)(void *ctx, const struct client_down *down);
	/* A message arrived. Hand it over, then (now or later, any thread)
	 * client_acknowledge() its delivery number; QoS 0 too. */
	void (*on_message)(void *ctx, const struct event_message *m);
	/* All messages that were waiting have been given out: flush. */
	void (*on_batch_end)(void *ctx);
	/* A QoS 1/2 message of ours is complete, or refused, or expired. */
	void (*on_published)(void *ctx, const struct event_published *p);
	void (*on_store)(void *ctx, const struct client_store_event *ev);
	void (*on_heartbeat)(void *ctx, const struct client_heartbeat *h);
	/* Answers to subscriptions that were made again after a reconnect. */
	void (*on_resubscribed)(void *ctx, const struct suback *s);
};

/* store: see mqtt/store.h; NULL: a memory store of its own. NULL with e. */
struct client *client_new(const struct client_params *p, struct store *store,
			  const struct client_handlers *h, struct err *e);

/* Connects (all servers, all addresses, versions as allowed) and waits for
 * CONNACK. With retry_first it goes on until the deadline. e->kind is the
 * exit status: RESOLVE, CONNECT, TLS, PROTOCOL, REFUSED, BUSY, TIMEOUT. */
int client_connect(struct client *c, uint64_t deadline, struct err *e)
	MUST_CHECK;

/* The same without waiting: publishers wait for it, or queue meanwhile. */
int client_start_connect(struct client *c, struct err *e) MUST_CHECK;

enum client_flags {
	CLIENT_MORE = 1, /* more publishes follow at once: do not flush */
};

/*
 * Publishes and waits only for room: in the output (QoS 0) or in the queue
 * (QoS 1/2). While the connection is down, QoS 0 waits for it and QoS 1/2
 * are queued. *ret_done says how many of the n went in, also on failure;
 * e names the reason for the next one (ERR_PUBLISH when it may not be sent
 * to this broker, LOST, TIMEOUT, USAGE for a bad topic...). tags may be
 * NULL. Any thread but the receive thread.
 */
struct client_batch {
	const struct publish *messages;
	const uint64_t *tags;
	size_t count;
	unsigned flags;
};
int client_publish(struct client *c, const struct client_batch *b,
		   uint64_t deadline, size_t *ret_done, struct err *e)
	MUST_CHECK;
/* Publishes one message from a handler or any other thread, without ever
 * waiting; ERR_LOCAL when the output is full. */
int client_post(struct client *c, const struct publish *p, struct err *e)
	MUST_CHECK;
/* Ends a row of CLIENT_MORE. Any thread. */
void client_flush(struct client *c);

/* An answer that the caller frees. */
struct client_answer {
	uint8_t *reasons; /* one per filter */
	size_t count;
	char *text; /* the broker's reason string, made visible; or NULL */
};
void client_answer_release(struct client_answer *a);

/* Both wait for the broker's answer, between two connections for the next one
 * as well; refusals are in the answer, not an error. Subscriptions are
 * remembered and made again after a reconnect to a broker that lost the
 * session, until unsubscribed. */
int client_subscribe(struct client *c, const struct subscribe *s,
		     uint64_t deadline, struct client_answer *ret,
		     struct err *e) MUST_CHECK;
int client_unsubscribe(struct client *c, const struct subscribe *s,
		       uint64_t deadline, struct client_answer *ret,
		       struct err *e) MUST_CHECK;

/*
 * The same in two steps, for callers that wait for several answers or want
 * to wait again: a token completes exactly once, outlives a time-out, and is
 * freed by client_free_token() (at any time). NULL with e. For a QoS 0
 * publish the token is complete at once. Any thread.
 */
struct token;
struct token *client_start_subscribe(struct client *c,
				     const struct subscribe *s, struct err *e);
struct token *client_start_unsubscribe(struct client *c,
				       const struct subscribe *s,
				       struct err *e);
struct token *client_start_publish(struct client *c, const struct publish *p,
				   struct err *e);
enum client_wait {
	CLIENT_WAIT_DONE,    /* *ret has the answer; the caller frees it */
	CLIENT_WAIT_FAILED,  /* e says what ended it */
	CLIENT_WAIT_TIMEOUT, /* wait again if you like */
};
enum client_wait client_wait_token(struct client *c, struct token *t,
				   uint64_t deadline, struct client_answer *ret,
				   struct err *e);
void client_free_token(struct client *c, struct token *t);

/*
 * Runs fn under the connection's lock, with the session and its store: for
 * changes that have to be committed together. fn must not wait and not call
 * the client. What it returns is returned. Any thread.
 */
int client_with_store(struct client *c,
		      int (*fn)(void *ctx, struct session *session,
				struct store *store),
		      void *ctx);
/* Waits until everything in the store is durable. -1 with ERR_LOCAL when it
 * cannot be written before the deadline, or ERR_STATE after
 * client_interrupt(). Any thread but the receive thread. */
int client_commit(struct client *c, uint64_t deadline, struct err *e)
	MUST_CHECK;

/* Hand-over of messages, see session_acknowledge(). Any thread. */
void client_acknowledge(struct client *c, uint64_t delivery);
void client_refuse(struct client *c, uint64_t delivery, uint8_t reason);
/* Stop and restart reading from the broker; pings and acks go on. Any
 * thread. */
void client_pause(struct client *c);
void client_resume(struct client *c);

/* Waits until everything published is confirmed and written (on the memory
 * store, or counted as held). -1 with ERR_INCOMPLETE (deadline; the text
 * counts what is left), or what ended the connection for good. */
int client_drain(struct client *c, uint64_t deadline, struct err *e) MUST_CHECK;

/* DISCONNECT, flush, orderly close; at most until the deadline. Idempotent.
 * p NULL: normal disconnection. */
int client_disconnect(struct client *c, const struct disconnect *p,
		      uint64_t deadline, struct err *e);
/* Joins the thread and frees everything; disconnects first if needed
 * (without waiting for anything). NULL is fine. */
void client_free(struct client *c);

/* Proves who we are once more on a live MQTT 5 connection with enhanced
 * authentication [MQTT-4.12.1]; other traffic goes on meanwhile. A refusal
 * ends the connection. Does not wait. Any thread. */
void client_reauthenticate(struct client *c);

/* Fills e and returns true once the connection is gone for good. */
bool client_has_failed(struct client *c, struct err *e);
enum client_state client_state(struct client *c);
void client_stats(struct client *c, struct session_stats *ret);
/* The loop, to watch other descriptors on the receive thread (tasks must be
 * posted: loop_watch() and timers are for that thread only). */
struct loop *client_loop(struct client *c);
/* Ends every wait of other threads for a connection or an answer, now and
 * from now on (ERR_STATE, "interrupted"), and raises the event fd. Draining
 * and disconnecting go on as ever. Any thread. */
void client_interrupt(struct client *c);
/* An eventfd that becomes readable when the connection has failed for good,
 * a publish that found no room may be tried again, or client_interrupt() was
 * called: for poll() in main beside the input. */
int client_event_fd(struct client *c);
void client_clear_event(struct client *c);

#endif
