/* SPDX-License-Identifier: MIT */
#ifndef HELPER_PUPPET_H
#define HELPER_PUPPET_H

/*
 * The scripted peer in parts: puppet.c has the program and its event loop,
 * puppet_script.c runs the statements (puppet_step.h), puppet_conn.c moves
 * bytes and packets of one connection, puppet_build.c makes packets from
 * words, puppet_broker.c is the small broker behind "auto", puppet_deliver.c
 * its way to subscribers, puppet_numbered.c messages that outlive it,
 * puppet_rule.c what the script wants it to do wrong. README.md describes
 * the language.
 *
 * One thread. Statements run one after the other; whatever waits lets the
 * event loop serve all connections meanwhile. Packets that were received
 * stay with their connection until the script has looked at them.
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "mqtt/decode.h"
#include "mqtt/packet.h"

enum {
	LISTENERS_MAX = 8,
	CONNS_MAX = 1024,
	RULES_MAX = 64,
	ALIASES_MAX = 64,
	QUEUE_MAX = 1000, /* packets that no statement has looked at */
};

/* A line of the script, in words. */
struct statement {
	char *text;
	char **words; /* ends with NULL; point into text */
	size_t count;
	unsigned line;
	size_t partner; /* of loop: its end; of end: its loop */
};

/* ------------------------------------------------------- puppet_build.c */

/* What the words of a packet say. Views point into what came with them, or
 * into copies that the fields own. */
struct words_copy;
struct fields {
	struct bytes topic, payload;
	uint8_t reason, code, qos;
	bool session_present, retain, dup, is_v3_form, has_pid;
	uint16_t pid;
	struct buf props;
	struct buf reasons; /* SUBACK, UNSUBACK */
	struct buf made;    /* payloads from size= and file= */
	struct words_copy *copies;
};
void fields_release(struct fields *f);
/* Reads words "key=value"; later ones replace earlier ones, but for
 * properties. */
int fields_read(struct fields *f, char **words, struct err *e) MUST_CHECK;
int build_packet(struct buf *out, enum mqtt_version v, enum packet_type type,
		 const struct fields *f, struct err *e) MUST_CHECK;
/* "20 02 00 00" and "20020000" alike. */
int build_hex(struct buf *out, char **words, struct err *e) MUST_CHECK;

/* -------------------------------------------------------- puppet_conn.c */

/* A packet that was received: its words and its bytes. */
struct entry {
	struct entry *next;
	enum packet_type type;
	struct buf line, raw;
};
void entry_free(struct entry *e);

/* Bytes on their way out: from due on, or CLOCK_NEVER while held. */
struct outgoing {
	struct outgoing *next;
	uint64_t due;
	bool ends_flight; /* acknowledges for good */
	struct buf bytes;
};

enum conn_end { CONN_OPEN, CONN_CLOSED, CONN_RESET };

struct session;
struct numbered;
struct waiting;
struct puppet;

struct conn {
	struct puppet *puppet;
	unsigned number;
	int fd;
	bool is_shut;      /* we have closed it, as far as the script knows */
	enum conn_end end; /* what the client did */
	enum mqtt_version version;
	bool is_auto;    /* the broker answers */
	bool is_mute;    /* it does no longer */
	bool is_deaf;    /* nothing is read */
	bool is_garbled; /* what comes is no MQTT: read and thrown away */
	bool is_corked;  /* nothing is written */
	bool is_ending;  /* to be closed once all is written */
	struct buf in, out;
	struct outgoing *later;
	size_t fragment; /* bytes per write, 0: all */
	uint64_t pace, next_write;
	struct entry *first, **tail;
	size_t queued;

	uint16_t last_pid, next_pid; /* received; to be given out */
	struct buf grants;           /* for the last SUBSCRIBE */
	uint64_t received[16];       /* packets by type */
	uint64_t sent[16];           /* those of the broker */
	uint64_t flights, peak_flights;
	uint8_t unreleased[(MQTT_PID_MAX + 1) / 8];
	struct buf aliases[ALIASES_MAX + 1];
	struct session *session;
	uint16_t receive_max, deliveries; /* of the broker, under way */
	struct waiting *waiting;          /* for room among these */
};

struct conn *conn_new(struct puppet *p, int fd);
void conn_free(struct conn *c);
/* Reads and decodes; every packet goes to the log, to the queue and, in
 * auto, to the broker. */
void conn_receive(struct conn *c);
/* Writes what may be written now. */
void conn_flush(struct conn *c, uint64_t now);
/* When there is something to write next; CLOCK_NEVER: nothing. */
uint64_t conn_due(const struct conn *c);
/* Puts a packet's bytes on their way; o is taken over. */
void conn_post(struct conn *c, struct outgoing *o);
void conn_release_held(struct conn *c);
/* Ends it from our side, by RST, or in good order: then what still comes is
 * read and thrown away, for an unread byte would make it a reset. */
void conn_shut(struct conn *c, bool with_reset);
struct entry *conn_take(struct conn *c);

/* ------------------------------------------------------ puppet_broker.c */

struct behaviour {
	int session_present; /* 0, 1, or -1: as the session says */
	uint32_t versions;   /* 1 << version */
	enum { REFUSE_V5, REFUSE_V3, REFUSE_CLOSE } refusal;
	char **connack; /* words of each CONNACK, or NULL */
};

/* Answers a packet as a broker would. */
void broker_handle(struct conn *c, const struct packet *p);
void broker_forget(struct conn *c); /* the connection has ended */
void broker_release(void);

struct sub {
	struct sub *next;
	struct buf filter;
	uint8_t options;
};

/* What a broker remembers of a client id. */
struct session {
	struct session *next;
	struct buf id;
	struct conn *conn; /* NULL: offline */
	struct sub *subs;
	struct numbered *numbered; /* or NULL */
	bool is_kept;
};

/* ----------------------------------------------------- puppet_deliver.c */

/* Passes a message on, once to each session with a subscription to it, with
 * the greatest QoS that this asked for. */
void deliver_to_all(struct session *first, const struct conn *from,
		    const struct publish *p, struct bytes topic);
/* The client has acknowledged one: there is room for the next. */
void deliver_next(struct conn *c);
void deliver_forget(struct conn *c);

/* ---------------------------------------------------- puppet_numbered.c */

/* Numbered messages with QoS 2 for each session that subscribes to a topic,
 * by a broker that is faultless and mortal. */
struct numbered_rules {
	const char *topic;
	uint64_t count;  /* 0: no such messages */
	uint64_t window; /* unacknowledged ones */
	uint64_t deaths; /* about how many; where is random */
	uint64_t seed;
};
/* TOPIC COUNT [KEY=N]... */
int numbered_read(struct numbered_rules *r, char **words, struct err *e)
	MUST_CHECK;
void numbered_begin(struct conn *c); /* it has subscribed */
/* On a new connection; numbered_settle() sends. */
void numbered_resume(struct numbered *n);
/* Returns whether it was an answer to one of these. */
bool numbered_handle(struct conn *c, enum packet_type type,
		     const struct ack *p);
/* After all that came in together: writes it down, and sends what follows
 * from it. */
void numbered_settle(struct conn *c);
void numbered_free(struct numbered *n);

/* -------------------------------------------------------- puppet_rule.c */

struct rule {
	unsigned conn; /* 0: each */
	bool on_send;
	enum packet_type type;
	uint64_t from, to;
	char **action; /* words of the statement */
};

int rule_add(struct puppet *p, char **words, struct err *e) MUST_CHECK;
/* The rule with that number or the next one that applies to the nth packet
 * of a type; NULL at the end. */
const struct rule *rule_next(const struct conn *c, bool on_send,
			     enum packet_type type, size_t *pos);
/* Builds and posts a packet of the broker's, with its rules applied. */
void rule_send(struct conn *c, enum packet_type type, struct fields *f);

/* ------------------------------------------------------ puppet_script.c */

struct puppet {
	int listeners[LISTENERS_MAX];
	size_t listener_count;
	int stop_fd;
	struct conn *conns[CONNS_MAX]; /* all that ever were */
	size_t conn_count;
	size_t accepted; /* of them looked at by the script */
	struct conn *current;
	bool serves; /* every connection is auto at once */
	struct behaviour behaviour;
	struct numbered_rules numbered;
	struct rule rules[RULES_MAX];
	size_t rule_count;
	struct entry *last; /* that expect or await has taken */
	struct statement *statements;
	size_t statement_count;
	uint64_t start, deadline;
	bool is_stopping;
};

int script_load(struct puppet *p, FILE *in, struct err *e) MUST_CHECK;
int script_run(struct puppet *p, struct err *e) MUST_CHECK;
/* Statements that rules may carry too: send, close, reset, half-close,
 * mute, deaf. 1 when it is none of them. */
int script_act(struct conn *c, char **words, struct err *e) MUST_CHECK;
void script_release(struct puppet *p);

/* ------------------------------------------------------------- puppet.c */

/* Serves all connections until something happens, or until then. -1 at
 * SIGTERM and when the deadline of the program has passed. */
int puppet_turn(struct puppet *p, uint64_t until, struct err *e) MUST_CHECK;
/* "TEXT at=1.234" on stdout. */
void puppet_log(const struct puppet *p, const char *fmt, ...) PRINTF(2, 3);

#endif
