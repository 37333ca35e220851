/* SPDX-License-Identifier: MIT */
#ifndef MQTT_SESSION_IMPL_H
#define MQTT_SESSION_IMPL_H

/*
 * The inside of a session, shared by the files that implement
 * mqtt/session.h and by their tests; nobody else includes it.
 *
 *	session.c          life, connection, time, figures
 *	session_start.c    CONNACK: what the broker allows; resuming
 *	session_in.c       packets that come in, by type
 *	session_answer.c   answers to our messages and requests
 *	session_deliver.c  messages from the broker, both ways of ending them
 *	session_publish.c  messages to the broker
 *	session_request.c  subscribe, unsubscribe, authenticate, disconnect
 *
 * A hundred thousand of them live in one process: what not every connection
 * needs is allocated when it does, and given back.
 */

#include "mqtt/alias.h"
#include "mqtt/arrivals.h"
#include "mqtt/ids.h"
#include "mqtt/keepalive.h"
#include "mqtt/lanes.h"
#include "mqtt/session.h"

enum phase {
	PHASE_OFFLINE,
	PHASE_CONNECTING, /* CONNECT is queued */
	PHASE_ONLINE,     /* CONNACK accepted */
	PHASE_CLOSING,    /* DISCONNECT is queued */
	PHASE_OVER,       /* refused, or the server's DISCONNECT came */
	PHASE_FAILED,     /* see failure */
};

struct session {
	struct store *store;
	const struct connect *connect; /* NULL while offline */
	struct message *next; /* to go on the wire next; those before it are
			       * on the wire, released or held back */
	struct lanes lanes;
	struct ids ids;
	uint32_t in_window; /* PUBLISHes that count against quota */
	uint16_t quota;     /* the smaller window, ours or the broker's */
	uint8_t phase;      /* enum phase */
	uint8_t version;    /* of this connection */

	uint16_t receive_max; /* what we announced */
	uint16_t alias_max;
	uint32_t max_packet;
	int32_t in_open; /* inbound QoS 1 and 2 not finished yet */
	struct session_limits limits;
	bool no_problem_info; /* we asked for none [MQTT-3.1.2-29] */
	bool is_reauthenticating;
	bool failure_was_told;
	uint8_t failure_reason;
	uint32_t unwritten;        /* see stats; stops at its maximum */
	uint64_t put;              /* see stats */
	struct arrivals *arrivals; /* NULL when there are none */
	struct alias_in *alias_in;
	struct alias_out *alias_out;
	uint64_t delivered;    /* number of the message handed over last */
	uint64_t acknowledged; /* all up to this one are done */

	struct keepalive keepalive;
	uint64_t release_order; /* given last */
	uint64_t last_seq;      /* of the newest message taken over */
	uint32_t queued, awaiting_ack, awaiting_comp, held; /* see stats */
	struct buf *dropped;      /* of struct dropped, NULL when none */
	struct bytes assigned_id; /* allocated; absent when there is none */
	const char *failure;      /* text; failure_reason belongs to it */
	struct session_config config;
};

/* A message that ended without an answer of the broker, to be told. */
struct dropped {
	uint64_t seq, tag;
	uint8_t qos, reason;
	bool expired, no_room;
};

/* May packets other than CONNECT and AUTH be queued? */
static inline bool session_may_send(const struct session *s)
{
	return s->phase == PHASE_ONLINE;
}

/* session.c */

/* Takes over all messages that came into the store since. -1 when out of
 * memory: the rest waits for the next time. */
int session_take_new(struct session *s) MUST_CHECK;
/* Ends the connection for a reason: queues DISCONNECT where the protocol has
 * one for it, and returns FEED_FAIL. why is static text. */
enum feed session_fail(struct session *s, uint8_t reason, const char *why);
enum feed session_fail_memory(struct session *s);
/* [MQTT-3.1.2-29] */
enum feed session_fail_unwanted_info(struct session *s);
/* The packets that were just encoded behind `before` bytes of the control
 * lane may be too large for the broker [MQTT-3.2.2-15]: takes them back then
 * and returns -1. */
int session_check_control(struct session *s, size_t before) MUST_CHECK;
/* Queues PUBACK, PUBREC, PUBREL or PUBCOMP; drops it quietly when nothing
 * may be sent. Fails the session when it cannot be queued. */
void session_answer(struct session *s, enum packet_type type, uint16_t pid,
		    uint8_t reason);
/* Storage that nobody uses now is given back. */
void session_trim(struct session *s);

/* session_start.c */

/* Sets limits to the defaults of the protocol. */
void session_reset_limits(struct session *s, const struct connect *c);
enum feed session_on_connack(struct session *s, const struct connack *p,
			     uint64_t now, struct event *ret_event);

/* session_answer.c */

enum feed session_on_ack(struct session *s, enum packet_type type,
			 const struct ack *p, uint64_t now,
			 struct event *ret_event);
enum feed session_on_suback(struct session *s, enum packet_type type,
			    const struct suback *p, struct event *ret_event);

/* session_deliver.c */

enum feed session_on_publish(struct session *s, struct publish *p,
			     struct event *ret_event);
enum feed session_on_pubrel(struct session *s, const struct ack *p);

/* session_publish.c */

/* Is m of unknown fate and kept back (SESSION_LOSS_HOLD)? */
bool session_is_held(const struct session *s, const struct message *m);
/* m is done: gives its id back (slot may be NULL) and removes it. */
void session_finish(struct session *s, struct message *m, struct id_slot *slot);
/* Notes a message for session_next_dropped(). -1 when out of memory. */
int session_note_dropped(struct session *s, const struct dropped *d) MUST_CHECK;

#endif
