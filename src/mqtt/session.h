/* SPDX-License-Identifier: MIT */
#ifndef MQTT_SESSION_H
#define MQTT_SESSION_H

/*
 * The protocol engine of a client: bytes in, time in, calls in; bytes out,
 * events out, next deadline out. No I/O, no clock, no lock, no thread: one
 * caller at a time (client/conn.c calls it under the connection's mutex).
 *
 * A session outlives network connections. session_connect() starts one (all
 * limits of the broker are reset to their defaults first), session_lost()
 * ends it; unacknowledged messages stay in the store and are sent again when
 * the broker still has the session. It owns its output lanes and tables; the
 * store, and everything that struct session_config points to, belong to the
 * caller and must outlive it.
 *
 * Times are nanoseconds of one steady clock that the caller chooses.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"
#include "mqtt/packet.h"
#include "mqtt/store.h"

struct session;

/* What to do with QoS 2 messages whose fate is unknown because the broker
 * lost the session (QoS 1 is always published again). */
enum session_loss {
	SESSION_LOSS_REPUBLISH, /* may arrive twice */
	SESSION_LOSS_HOLD,      /* keep them, never send again */
};

struct session_config {
	uint16_t inflight;    /* own window for QoS 1 and 2; 0: 65535 */
	uint16_t aliases_out; /* topic aliases to use at most; 0: none */
	enum session_loss on_loss;
	uint64_t ping_timeout;  /* ns until an unanswered ping means dead;
				 * 0: the smaller of keepalive and 20 s */
	uint64_t write_timeout; /* ns without write progress; 0: the smaller
				 * of keepalive and 30 s */
	uint64_t beat;          /* see session_set_beat(); 0: none */
	bool strict;            /* PUBACK for QoS 2 is an error [3.1.1 4.3.3] */
};

/* What the broker allows on this connection, from CONNACK [MQTT-3.2.2.3]. */
struct session_limits {
	uint32_t max_packet;     /* 0: no limit */
	uint32_t session_expiry; /* seconds, as the server decided */
	uint16_t receive_max;    /* 1..65535 */
	uint16_t topic_alias_max;
	uint16_t keepalive; /* seconds, as the server decided */
	uint8_t max_qos;
	bool retain, wildcard, sub_ids, shared;
};

enum event_type {
	EVENT_CONNACK,   /* accepted or refused: see connack.reason */
	EVENT_MESSAGE,   /* hand it over, then session_acknowledge() */
	EVENT_PUBLISHED, /* an outbound QoS 1/2 message is complete */
	EVENT_SUBACK,
	EVENT_UNSUBACK,
	EVENT_PONG,
	EVENT_AUTH,       /* enhanced authentication: answer it */
	EVENT_DISCONNECT, /* the server's; the connection is over */
};

struct event_connack {
	struct connack packet;
	size_t resent;    /* PUBLISH and PUBREL to be sent again because
			   * the broker has our session */
	size_t completed; /* released QoS 2 taken as delivered, session lost */
	size_t republished; /* unknown fate, published anew */
	size_t held;        /* unknown fate, kept back (SESSION_LOSS_HOLD) */
};

struct event_message {
	struct publish packet; /* topic in full even if an alias came; it is
				* a view of the alias table then, and dies
				* with the next session_feed() */
	uint64_t delivery;     /* rises by one per message handed over */
};

struct event_published {
	uint64_t seq, tag;    /* of the message */
	uint64_t released_at; /* when its PUBREC came; 0: it never did, or in
			       * an earlier life */
	uint8_t qos;
	uint8_t reason; /* >= 0x80: refused. Packet too large for
			 * this broker: 0x95; expired before it was
			 * ever sent: expired is set */
	bool expired;
	bool no_room;       /* given up by session_drop() */
	bool downgraded;    /* QoS 2 ended by a PUBACK */
	struct bytes props; /* reason string, user properties */
};

struct event_pong {
	bool is_probe;       /* nothing had passed for a whole beat before */
	uint64_t round_trip; /* ns since the ping was due */
};

/* Views point into the bytes given to session_feed(). */
struct event {
	enum event_type type;
	union {
		struct event_connack connack;
		struct event_message message;
		struct event_published published;
		struct suback suback;
		struct event_pong pong;
		struct disconnect disconnect; /* and AUTH */
	};
};

enum feed {
	FEED_MORE,  /* no complete packet in the bytes */
	FEED_NONE,  /* consumed a packet that needs nobody's attention */
	FEED_EVENT, /* ret_event is filled */
	FEED_FAIL,  /* protocol error, see session_failure() */
};

enum submit {
	SUBMIT_OK,
	SUBMIT_OFFLINE,         /* no live connection (QoS 0, subscribe...) */
	SUBMIT_BAD_TOPIC,       /* see topic.h for the text */
	SUBMIT_NO_QOS,          /* above the broker's maximum [MQTT-3.2.2-11] */
	SUBMIT_NO_RETAIN,       /* [MQTT-3.2.2-14] */
	SUBMIT_NO_WILDCARD,     /* 3.2.2.3.11 */
	SUBMIT_NO_SUB_IDS,      /* 3.2.2.3.12 */
	SUBMIT_NO_SHARED,       /* 3.2.2.3.13 */
	SUBMIT_SHARED_NO_LOCAL, /* both together [MQTT-3.8.3-4] */
	SUBMIT_NO_AUTH,         /* CONNECT named no method or another one, or it
				 * is not the time [MQTT-4.12.0-5, -7] */
	SUBMIT_TOO_LARGE,       /* [MQTT-3.2.2-15] */
	SUBMIT_NO_PID,          /* all 65,535 ids are in use */
	SUBMIT_STORE,           /* it has no room or cannot be written */
	SUBMIT_NO_MEMORY,
};

enum tick {
	TICK_OK,
	TICK_DEAD,    /* a ping was not answered in time */
	TICK_STALLED, /* output waits and nothing could be written */
	TICK_FAILED,  /* an acknowledgement could not be queued: see
		       * session_failure() */
};

struct session_failure {
	uint8_t reason;  /* what our DISCONNECT says */
	const char *why; /* static text */
};

struct session_stats {
	size_t queued;        /* QoS 1/2 never sent */
	size_t awaiting_ack;  /* PUBACK or PUBREC */
	size_t awaiting_comp; /* PUBCOMP */
	size_t held;          /* kept back after a lost session */
	size_t undelivered;   /* inbound, not yet acknowledged */
	uint32_t unwritten;   /* bytes of publishes that lost connections left
			       * behind; those of QoS 0 are gone for good */
	uint64_t put;         /* bytes of publishes put into the output, on
			       * all connections */
};

/* NULL when out of memory; config is copied. Messages already in the store
 * are taken over (their ids are reserved before anything else gets one). */
struct session *session_new(struct store *store,
			    const struct session_config *config);
void session_free(struct session *s);

/*
 * Starts a network connection: resets limits and lanes and queues CONNECT.
 * Nothing else goes out before CONNACK but DISCONNECT, and AUTH with
 * enhanced authentication [MQTT-3.1.2-30]. c (a concrete version) and what
 * it points to must live until session_lost(). An assigned client id from an
 * earlier CONNACK replaces an empty one. -1 when CONNECT cannot be written:
 * a field is too long or memory is short.
 *
 * What c->props announces is enforced: receive maximum, topic alias maximum,
 * and the maximum packet size also where 3.x does not announce it.
 */
int session_connect(struct session *s, const struct connect *c, uint64_t now)
	MUST_CHECK;

/* Replaces what session_connect() was given by another one that lives
 * longer and says the same, except perhaps for the client id, user, password
 * and will: a hundred thousand connections share one. Once CONNACK came. */
void session_share_connect(struct session *s, const struct connect *c);

/* The network connection is gone, or will be: connection state is dropped,
 * session state stays. Idempotent. */
void session_lost(struct session *s);

/*
 * Takes at most one packet from the front of `in`; *ret_used says how many
 * bytes to drop from it (0 with FEED_MORE). After FEED_FAIL a
 * DISCONNECT is in the output if the protocol allows one; write it and
 * close. What follows the end of a connection is consumed and ignored.
 */
enum feed session_feed(struct session *s, struct bytes in, uint64_t now,
		       size_t *ret_used, struct event *ret_event);
struct session_failure session_failure(const struct session *s);

/* Any bytes came in, a whole packet or not: the peer is alive. */
void session_heard(struct session *s, uint64_t now);
/* Reading is paused by our own back-pressure: silence proves nothing. */
void session_set_paused(struct session *s, bool is_paused, uint64_t now);

/*
 * Publishes. QoS 0 goes straight to the output and needs a connection. QoS 1
 * and 2 go to the store (also offline) and on the wire as soon as the window
 * allows; completion is an EVENT_PUBLISHED with the same seq. *ret_seq is 0
 * for QoS 0. Limits of the broker are checked while connected, and again
 * when a queued message is sent. p->pid, alias and dup are ignored: they are
 * the session's business. Topic aliases are used when both sides allow them.
 */
enum submit session_publish(struct session *s, const struct publish *p,
			    uint64_t tag, uint64_t now, uint64_t *ret_seq);
/* Gives up a message that was never sent, to make room: the oldest, or the
 * newest. Told by session_next_dropped(). False when there is none. */
bool session_drop(struct session *s, bool oldest);
/* Puts queued messages on the wire as far as the window allows and while the
 * output is below room bytes; called after publish, feed and sent. Messages
 * that came into the store by another way are taken over first. */
void session_pump(struct session *s, uint64_t now, size_t room);
/* Messages that ended without an answer of the broker: dropped by the pump
 * (expired, too large for it, not allowed by it), or released on a session
 * that the broker has lost since, which counts as delivered (reason 0). Fetch
 * after session_pump() and after EVENT_CONNACK until false. */
bool session_next_dropped(struct session *s, struct event_published *ret);

/* *ret_pid names the SUBACK or UNSUBACK to wait for. p->pid is ignored. */
enum submit session_subscribe(struct session *s, const struct subscribe *p,
			      uint16_t *ret_pid);
enum submit session_unsubscribe(struct session *s, const struct subscribe *p,
				uint16_t *ret_pid);

/* All messages up to and including that delivery have been handed over:
 * queues PUBACK, PUBREC in order of arrival [MQTT-4.6.0-2,-3]. */
void session_acknowledge(struct session *s, uint64_t delivery);
/* As above up to delivery - 1, and delivery itself is refused with an MQTT 5
 * reason (plain acknowledgement in 3.x). */
void session_refuse(struct session *s, uint64_t delivery, uint8_t reason);

/* AUTH during CONNECT (continue) or later (reauthenticate) [MQTT-4.12]. The
 * method of CONNECT is put in front of props unless they name it. */
enum submit session_auth(struct session *s, uint8_t reason, struct bytes props);
/* Queues DISCONNECT behind everything that is queued; nothing may be queued
 * after it [MQTT-3.14.4-1]. Answers that come in are still taken, messages
 * are not. A session expiry that CONNECT did not have is left out, and so
 * are reason string and user properties when the broker's maximum packet
 * size has no room for them. */
void session_disconnect(struct session *s, const struct disconnect *p);
/* The longest that silence may last without a ping, in ns, on this connection
 * and the next ones; what the keepalive asks for beats it. ping_timeout as in
 * the configuration. */
void session_set_beat(struct session *s, uint64_t beat, uint64_t ping_timeout);
/* What the broker's keepalive leaves for pings, in ns; 0: no limit. */
uint64_t session_ping_interval(const struct session *s);
/* Is, or at the end of the connection was, a ping unanswered that followed
 * the silence of a whole beat? */
bool session_is_probing(const struct session *s);
/* Queues PINGREQ now (round trip probes). */
void session_ping(struct session *s, uint64_t now);

/*
 * Output: the next contiguous bytes to write, control packets first but
 * never inside another packet. Commit the store first (session_commit is
 * cheap when nothing changed): while the store is dirty, nothing is handed
 * out that was queued since it was clean, except pings, so that a store that
 * fails for a while costs neither data nor the connection. The view dies
 * with the next call of anything but session_sent() and session_hold();
 * without the latter, what comes next may be another view even if nothing of
 * this one was written.
 */
int session_commit(struct session *s, struct err *e) MUST_CHECK;
struct bytes session_output(struct session *s);
void session_sent(struct session *s, size_t n, uint64_t now);
/* The write of that view could not be finished (WANT_READ, WANT_WRITE) and a
 * layer may hold records made of its first bytes: the next view begins with
 * the same bytes, until session_sent() says how many have left. */
void session_hold(struct session *s);
/* All bytes that wait, in both lanes. */
size_t session_output_len(const struct session *s);
/* It will be used in a moment: asks for it, and then, when that has come, for
 * what it points to. See base/prefetch.h. */
void session_prefetch(const struct session *s);
void session_prefetch_parts(const struct session *s);
/* Is there nothing to pump, to commit or to write? Asked after each packet, so
 * that the calls above are made for a reason. */
bool session_is_settled(const struct session *s);

/* When session_tick() is due next; CLOCK_NEVER when there is nothing. */
uint64_t session_deadline(const struct session *s);
enum tick session_tick(struct session *s, uint64_t now);

bool session_is_online(const struct session *s); /* CONNACK accepted */
const struct session_limits *session_limits(const struct session *s);
/* The id in use: ours or the assigned one; dies at the next connect. Before
 * CONNACK and offline, the one that an empty id would be replaced with. */
struct bytes session_client_id(const struct session *s);
void session_stats(const struct session *s, struct session_stats *ret);
/* True when no QoS 1/2 message is waiting for anything (held ones excepted)
 * and the output is empty: what "drained" means. */
bool session_is_idle(const struct session *s);

#endif
