/* SPDX-License-Identifier: MIT */
#ifndef CLIENT_RECONNECT_H
#define CLIENT_RECONNECT_H

/*
 * Reconnect as a pure policy: what happened and the time go in, "try again
 * after this delay" or "give up because" comes out. It touches no socket and
 * no clock. One per client, on its receive thread.
 *
 * Full jitter: delay = max(floor, random(0, min(cap, base * 2^n))). n starts
 * anew only when the connection was up for a stable time, so a flapping
 * broker is not hammered.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "client/params.h"

#define RECONNECT_FLOOR UINT64_C(50000000)       /* 50 ms */
#define RECONNECT_RATE_BASE UINT64_C(5000000000) /* 5 s: told to slow down */

struct reconnect {
	const struct reconnect_params *params;
	uint64_t random;     /* generator state */
	uint64_t lost_since; /* when the outage began; 0: none */
	uint64_t up_since;   /* 0: not up */
	uint32_t exponent;   /* n of the back-off */
	uint32_t attempt;    /* rounds without success in this outage */
};

enum reconnect_verdict {
	RECONNECT_AFTER,     /* try again after *ret_delay */
	RECONNECT_DISABLED,  /* not asked for */
	RECONNECT_PERMANENT, /* trying again will not help */
	RECONNECT_ATTEMPTS,  /* max_attempts reached */
	RECONNECT_ELAPSED,   /* max_elapsed reached */
};

void reconnect_init(struct reconnect *r, const struct reconnect_params *p,
		    uint64_t seed);
/* The connection is up (CONNACK accepted). */
void reconnect_up(struct reconnect *r, uint64_t now);
/*
 * A connection was lost, or a round over all servers failed. why decides
 * whether it can get better (kind and MQTT reason in why->code); was_up:
 * there was a connection in this process's life before (else it is the first
 * one). *ret_delay in ns.
 */
enum reconnect_verdict reconnect_next(struct reconnect *r,
				      const struct err *why, bool was_up,
				      uint64_t now, uint64_t *ret_delay);
/* A number in [0, n) from the policy's own generator; n > 0. */
uint64_t reconnect_random(struct reconnect *r, uint64_t n);

#endif
