/* SPDX-License-Identifier: MIT */
#ifndef BENCH_PEER_PRIVATE_H
#define BENCH_PEER_PRIVATE_H

/*
 * The inside of the counting peer: peer.c (its process, faults as text),
 * peer_conn.c (sockets and packets) and peer_deliver.c (who gets what, and
 * what goes wrong on purpose). One thread.
 */

#include <stddef.h>

#include "base/buf.h"
#include "bench/peer.h"
#include "bench/route.h"
#include "client/loop.h"
#include "mqtt/packet.h"

struct peer_conn;

/* A subscription: one connection, or the members of a share group in turn. */
struct peer_target {
	struct peer_conn **members;
	uint32_t count, next;
	uint8_t qos;
	bool is_shared;
	char *filter; /* the whole of it */
};

/* A delivery that is held back; packets follow it in the buffer. */
struct peer_late {
	uint64_t due;
	struct peer_conn *conn; /* NULL: it has gone */
	size_t size;
};

struct peer_state {
	const struct peer_faults *faults;
	struct peer_counts *counts;
	struct loop *loop;
	struct watch listener, parent;
	struct timer late_timer;
	struct buf late; /* of struct peer_late, each with its bytes */
	struct route *route;
	struct peer_target *targets;
	uint32_t target_count, target_cap;
	struct peer_conn **touched; /* have output to write */
	size_t touched_count, touched_cap;
	uint64_t first_publish, deliveries, publishes, acks, connects;
	bool has_stalled, is_over;
};

struct peer_conn {
	struct peer_state *peer;
	struct watch watch;
	struct buf in, out;
	struct buf held;         /* a delivery that is to be overtaken, */
	uint32_t held_stream;    /* by one of this stream, */
	struct timer held_timer; /* or goes out at this time */
	uint32_t *targets;       /* it is a member of, or was */
	uint32_t target_count;
	uint16_t next_pid;
	uint8_t version;
	bool is_touched;
};

/* peer_conn.c */
int peer_listen(struct peer_state *p, int fd, struct err *e) MUST_CHECK;
void peer_touch(struct peer_conn *c);
void peer_flush(struct peer_state *p);

/* peer_deliver.c */
/* The granted QoS, or 0x80. */
uint8_t peer_subscribe(struct peer_conn *c, const struct subscription *s);
/* 0, or that there was no such subscription. */
uint8_t peer_unsubscribe(struct peer_conn *c, struct bytes filter);
void peer_forget(struct peer_conn *c);
void peer_held_due(struct timer *t, uint64_t now);
void peer_route(struct peer_state *p, const struct publish *m);
void peer_late_due(struct timer *t, uint64_t now);

#endif
