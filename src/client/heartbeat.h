/* SPDX-License-Identifier: MIT */
#ifndef CLIENT_HEARTBEAT_H
#define CLIENT_HEARTBEAT_H

/*
 * The smart heartbeat as a pure policy: how long may a connection be silent
 * before something on the way (NAT, firewall) forgets it? Answered and lost
 * pings go in, the time to the next ping comes out. It touches no socket and
 * no clock. One per client, on its receive thread.
 *
 * The search goes up from `min` by `step` while pings are answered. Two lost
 * ones prove a time to be too long; from then on it halves what lies between
 * that and the longest that was good, and settles a bit below the latter. A
 * settled time that fails twice, or is a week old, is searched for again.
 *
 * The caller decides what is evidence: a ping after true silence that was
 * answered, or was not in time. Times are nanoseconds.
 */

#include <stdbool.h>
#include <stdint.h>

#define HEARTBEAT_UP_AFTER 3   /* answers in a row prove a time */
#define HEARTBEAT_DOWN_AFTER 2 /* losses disprove it */
#define HEARTBEAT_RECHECK UINT64_C(604800000000000) /* 7 d */

struct heartbeat_params {
	uint64_t min, max; /* where to search; max 0: not at all */
	uint64_t step;     /* a third of it is kept as a distance */
};

/* What is worth keeping, per network and server. */
struct heartbeat_finding {
	uint64_t current;
	uint64_t good, bad; /* longest proven, shortest disproved; 0: none */
	uint64_t changed;   /* wall clock */
	bool is_settled;
};

struct heartbeat {
	const struct heartbeat_params *params;
	struct heartbeat_finding found;
	uint64_t cap;        /* what the keepalive of the connection allows */
	uint64_t round_trip; /* smoothed; 0: none yet */
	uint32_t answered, lost; /* in a row, with the current time */
};

/* known: of an earlier run, or NULL. */
void heartbeat_init(struct heartbeat *h, const struct heartbeat_params *p,
		    const struct heartbeat_finding *known);
/* A connection is up; interval: see session_ping_interval(). */
void heartbeat_start(struct heartbeat *h, uint64_t interval, uint64_t wall);
/* A ping after that much silence was answered, or was not. True when there
 * is a new finding. */
bool heartbeat_answered(struct heartbeat *h, uint64_t round_trip,
			uint64_t wall);
bool heartbeat_lost(struct heartbeat *h, uint64_t wall);

/* The silence to allow, and how long to wait for an answer then. */
uint64_t heartbeat_interval(const struct heartbeat *h);
uint64_t heartbeat_timeout(const struct heartbeat *h);

#endif
