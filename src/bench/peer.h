/* SPDX-License-Identifier: MIT */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

/*
 * A counting peer inside the program: the broker's side of MQTT, as little of
 * it as a load test needs, and as fast as it goes. Connections, QoS 0 to 2 in,
 * QoS 0 and 1 out, wildcards, share groups; no sessions, no retained
 * messages, no wills. It measures what this machine can do without a broker
 * (selftest), and it makes mistakes on purpose, so that reports can be held
 * against the truth.
 *
 * peer_run() blocks and belongs in a process of its own, so that its
 * processor time and memory are not the generator's. What it counts is in
 * memory shared with the parent.
 *
 * A delivery that is to be reordered is held back until one from the same
 * stream (told by its header) has overtaken it, for 100 ms at most: only what
 * was overtaken counts.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* Every n-th, where n is not 0. */
struct peer_faults {
	uint32_t drop, duplicate, reorder, corrupt; /* deliveries */
	uint32_t refuse;  /* publishes, QoS 1 and 2, where the version
			   * of MQTT has a word for it: 5 */
	uint32_t unacked; /* publishes, QoS 1 and 2: routed, but never
			   * acknowledged */
	uint32_t refuse_connect;
	uint64_t delay;               /* ns, of each delivery */
	uint64_t stall_at, stall_for; /* ns after the first publish */
};

/* In place of a broker's URL: "self", or "self:" and faults. */
#define PEER_TARGET "self"
bool peer_is_target(const char *target);
int peer_parse_target(const char *target, struct peer_faults *ret,
		      struct err *e) MUST_CHECK;
/* "drop=100,stall=2s@5s,delay=3ms": as many as wanted. */
int peer_parse_faults(const char *text, struct peer_faults *ret, struct err *e)
	MUST_CHECK;

struct peer_counts {
	atomic_uint_fast64_t connects, publishes, deliveries;
	atomic_uint_fast64_t dropped, duplicated, reordered, corrupted;
	atomic_uint_fast64_t refused, unacked, refused_connects;
	atomic_uint_fast64_t stalled; /* ns */
};

struct peer {
	int pid;                    /* of its process */
	uint16_t port;              /* on 127.0.0.0/8 */
	int pipe_fd;                /* closing it ends the peer */
	struct peer_counts *counts; /* shared with it */
};

/* Starts one; it ends with this process, whatever happens to it. */
int peer_start(const struct peer_faults *f, struct peer *ret, struct err *e)
	MUST_CHECK;
/* Ends it; counts are still valid until peer_release(). */
void peer_stop(struct peer *p);
void peer_release(struct peer *p);

#endif
