/* SPDX-License-Identifier: MIT */
#ifndef MQTT_INFLIGHT_H
#define MQTT_INFLIGHT_H

/*
 * The delivery protocol as two tables: for each state of a packet id and
 * each event, the next state and what the session has to do. Outbound:
 * requests and messages of ours, and the answers to them. Inbound: QoS 2
 * messages of the server (QoS 1 has no state, [MQTT-4.3.2-5]).
 *
 * Pure data and two lookups; any thread; nothing owned. The session keeps
 * the states (in the store, its id tables and its queue of arrivals) and
 * carries out the actions.
 */

enum out_state {
	OUT_FREE, /* nobody uses the id */
	OUT_QOS1, /* PUBLISH sent */
	OUT_QOS2,
	OUT_RELEASED, /* PUBREC seen */
	OUT_SUBSCRIBE,
	OUT_UNSUBSCRIBE,
	OUT_STATES,
};

enum out_event {
	OUT_PUBACK,
	OUT_PUBACK_BAD, /* reason >= 0x80 */
	OUT_PUBREC,
	OUT_PUBREC_BAD,
	OUT_PUBCOMP, /* any reason: the broker has owned it since PUBREC */
	OUT_SUBACK,
	OUT_UNSUBACK,
	OUT_EVENTS,
};

enum out_action {
	OUT_IGNORE,
	OUT_COMPLETE,    /* the message or request is done */
	OUT_REFUSE,      /* the message is done, the broker did not take it */
	OUT_DOWNGRADE,   /* QoS 2 ended by PUBACK: done, or refused, or an
			  * error when we are strict */
	OUT_RELEASE,     /* note it, then send PUBREL */
	OUT_REL_AGAIN,   /* send PUBREL once more */
	OUT_REL_UNKNOWN, /* PUBREL with 0x92 */
	OUT_ERROR,       /* an answer that this request cannot have */
};

struct out_step {
	enum out_state next;
	enum out_action action;
};

enum in_state {
	IN_NEW,     /* not known */
	IN_PENDING, /* handed over, to be acknowledged on this connection */
	IN_STALE,   /* handed over on an earlier connection */
	IN_HELD,    /* acknowledged: PUBREC sent or due, in the store */
	IN_STATES,
};

enum in_event {
	IN_PUBLISH,
	IN_PUBREL,
	IN_ACCEPT, /* the application is done with it */
	IN_REFUSE, /* the application does not take it */
	IN_EVENTS,
};

enum in_action {
	IN_IGNORE,
	IN_DELIVER,
	IN_ADOPT,        /* a repeat: answer when the first is accepted */
	IN_REC,          /* note the id, then send PUBREC */
	IN_KEEP,         /* note the id; nobody waits for a PUBREC */
	IN_REC_AGAIN,    /* a repeat: PUBREC once more, in order */
	IN_REC_BAD,      /* PUBREC with the application's reason */
	IN_FORGET,       /* nothing to send, nothing to keep */
	IN_COMP,         /* forget the id, then send PUBCOMP */
	IN_COMP_UNKNOWN, /* PUBCOMP with 0x92 */
};

struct in_step {
	enum in_state next;
	enum in_action action;
};

struct out_step inflight_out(enum out_state state, enum out_event event);
struct in_step inflight_in(enum in_state state, enum in_event event);

#endif
