/* SPDX-License-Identifier: MIT */
#ifndef MQTT_STORE_H
#define MQTT_STORE_H

/*
 * What the session needs from persistence: an ordered outbox of QoS 1 and 2
 * messages and the set of inbound QoS 2 packet ids. The session declares the
 * interface (the consumer owns it); src/store/ implements it in memory and in
 * SQLite.
 *
 * A store belongs to one session and is called under its connection's lock,
 * by whichever thread holds that. It owns every struct message; a pointer
 * stays valid until the message is removed. The session reads the list
 * directly (head, next), and changes it only through the operations.
 *
 * Operations that change something only note it (and set is_dirty); commit()
 * makes all of it durable at once. The session releases no byte that tells
 * the broker of a change before commit() has succeeded. Failures of single
 * changes are kept and returned by commit().
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"
#include "mqtt/packet.h"

enum message_state {
	MESSAGE_QUEUED,   /* PUBLISH never sent on a live session */
	MESSAGE_SENT,     /* PUBLISH sent; PUBACK or PUBREC awaited */
	MESSAGE_RELEASED, /* PUBREC seen, PUBREL due or sent; PUBCOMP awaited */
};

struct message {
	struct message *next, *prev; /* outbox order: rising seq */
	uint64_t seq;        /* given by put(), rises, never used again */
	uint64_t tag;        /* the publisher's own number, kept with it */
	uint64_t expires_at; /* session clock, ns; CLOCK_NEVER (max) if none */
	struct bytes topic;  /* always in full, never an alias */
	struct bytes payload;
	struct bytes props;     /* without expiry and alias */
	uint64_t release_order; /* order of PUBREC arrival, RELEASED only */
	uint64_t released_at;   /* session clock, ns; 0: in an earlier life.
				 * Not kept: of use to this process alone */
	uint16_t pid;           /* 0 while QUEUED */
	uint8_t state;          /* enum message_state */
	uint8_t qos;
	bool retain;
	bool has_expiry;
	bool was_sent; /* may have reached a broker whose session is gone */
};

struct store;

struct store_ops {
	/* Copies p into a new message at the end of the outbox. now is the
	 * session's clock. NULL with e set when there is no memory (its code
	 * is ENOMEM then) or no room, or when it cannot be written. */
	struct message *(*put)(struct store *s, const struct publish *p,
			       uint64_t tag, uint64_t now, struct err *e);
	/* state, pid, was_sent or release_order of m has been changed. */
	void (*update)(struct store *s, struct message *m);
	/* m is done (or given up): unlinks and frees it. */
	void (*remove)(struct store *s, struct message *m);
	/* Inbound QoS 2 ids between PUBREC and PUBCOMP. */
	int (*inbound_add)(struct store *s, uint16_t pid);
	bool (*inbound_has)(struct store *s, uint16_t pid);
	void (*inbound_remove)(struct store *s, uint16_t pid);
	/* The server lost the session: forget all inbound ids. */
	void (*inbound_clear)(struct store *s);
	/* Makes every change so far durable. 0, or -1 with e (ERR_LOCAL);
	 * the changes stay pending then and can be tried again. */
	int (*commit)(struct store *s, struct err *e);
	/* Looks for messages that other processes have added; how many
	 * came. NULL when nobody else can. */
	size_t (*refresh)(struct store *s);
	void (*free)(struct store *s);
};

/* The common part; implementations embed it first. */
struct store {
	const struct store_ops *ops;
	struct message *head, *tail;
	size_t count;  /* messages in the outbox */
	size_t bytes;  /* their topics, properties and payloads */
	bool is_dirty; /* commit() has something to do */
	bool is_full;  /* put() takes nothing until messages are gone */
	bool is_low;   /* there is little room for more: why it may be full */
	bool has_more; /* than count: what found no room in memory yet */
	uint64_t bad_row; /* one that is no message, and stays; 0: none */
	void *wrapper;    /* of a store that is built around this one */
};

#endif
