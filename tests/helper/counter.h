/* SPDX-License-Identifier: MIT */
#ifndef HELPER_COUNTER_H
#define HELPER_COUNTER_H

/*
 * The counting peer in three parts: counter.c has the connections and the
 * event loop, counter_in.c takes packets in and answers them, counter_out.c
 * hands messages out. One thread; a connection belongs to counter.c.
 *
 * What decides the speed: input is read in large blocks and PUBLISH is
 * parsed in place, without looking at what is not counted; answers to a
 * block leave in one write; QoS 0 messages go out as slices of one
 * ready-made block that all connections share.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "mqtt/types.h"

/* Totals of all connections. Times are clock_now(), 0: not yet. */
struct tally {
	uint64_t received[3]; /* messages that arrived whole, by QoS */
	uint64_t payload;     /* their bytes */
	uint64_t repeated;    /* QoS 2 again with an id in use: not counted */
	uint64_t misordered;  /* number is not the one after the last */
	uint64_t first_in, last_in;
	uint64_t sent, acked;         /* handed out; acknowledged (QoS 1, 2) */
	uint64_t first_out, last_out; /* until the last one closed or acked */
	uint64_t connects, filters, pings;
	uint64_t lost;   /* ended without DISCONNECT */
	uint64_t errors; /* ended because the peer broke the protocol */
};

struct counter {
	struct tally tally;
	bool check_numbers; /* payloads begin with consecutive numbers */
	uint64_t now;       /* time of the current turn */
};

/* A PUBLISH as far as it matters here. */
struct head {
	size_t size; /* of the packet */
	size_t payload_at;
	uint16_t pid;
	uint8_t qos;
};

struct flood;

struct conn {
	struct counter *counter;
	int fd;
	uint32_t events;
	enum mqtt_version version; /* MQTT_AUTO before CONNECT */
	bool is_closing;           /* said DISCONNECT */
	uint16_t receive_max;
	size_t rest; /* bytes to come of the message `partial` */
	struct head partial;
	uint64_t number;     /* of the last message */
	uint8_t *unreleased; /* QoS 2 ids in use, one bit each */
	struct buf in;       /* a packet that is not complete yet */
	struct buf out;
	struct flood *flood;
};

/* Takes whole packets at the beginning of `in`, appends the answers to
 * c->out. -1 with e when the peer broke the protocol or memory is short. */
int conn_take(struct conn *c, struct bytes in, size_t *ret_used, struct err *e)
	MUST_CHECK;
void conn_release_ids(struct conn *c);

/*
 * A filter flood/COUNT/SIZE or flood/COUNT/SIZE/QOS asks for COUNT messages
 * of SIZE bytes; with numbered/ in place of flood/ each payload begins with
 * its number, ten digits from 0000000001 on. The topic is the filter.
 * Returns false when the filter is none of these.
 */
bool flood_begin(struct conn *c, struct bytes filter, uint8_t max_qos);
/* Sends as much as the socket takes. Returns true when more is to be sent
 * and the socket is full, -1 when the connection broke. */
int flood_pump(struct conn *c) MUST_CHECK;
void flood_acked(struct conn *c);
void flood_free(struct flood *f);

/* Sends c->out as far as possible; 1 when something is left, -1 broken. */
int conn_flush(struct conn *c) MUST_CHECK;

#endif
