/* SPDX-License-Identifier: MIT */
#ifndef BENCH_RUN_ROUTE_H
#define BENCH_RUN_ROUTE_H

/*
 * Who should get what: run_route.c makes a route of all subscriptions once
 * the clients have them, and goes through the receivers of a topic by it.
 * The coordinator's, but for reading who was away meanwhile.
 */

#include "bench/run_private.h"

/* Overlapping filters of one receiver may bring a message twice or once
 * [MQTT-3.3.4-2]: it counts as one. */
struct fan {
	const struct run *run;
	uint32_t *marks; /* by receiver: the stream that marked it last */
	uint32_t stream;
	uint32_t count;
	void (*each)(struct fan *f, struct receiver *rc);
	const struct actor *from; /* the publisher */
	uint8_t qos;
	struct bytes topic;
	struct run *books;   /* balance_pair: where it is counted, */
	struct tally *tally; /* and what was sent */
};

/* Calls f->each for all receivers of a stream's topic. */
int fan_out(struct fan *f, const struct crew *c, uint32_t entry,
	    uint32_t client) MUST_CHECK;
/* Calls f->each for all receivers of all fixed topics. */
int fan_all(struct run *r, struct fan *f) MUST_CHECK;
/* That of the topic's messages for a receiver. */
enum fate fan_fate(const struct fan *f, const struct receiver *rc);
/* Does one of its subscriptions leave out its own messages? */
bool group_has_no_local(const struct group *g);

#endif
