/* SPDX-License-Identifier: MIT */
#ifndef BENCH_ROUTE_H
#define BENCH_ROUTE_H

/*
 * Which receivers a topic reaches: a tree of filter levels, so that 50,000
 * filters and 50,000 topics are matched in the time it takes to look each
 * topic up [MQTT-4.7]. Receivers are numbers; several members of one share
 * group go in as one receiver.
 *
 * Filled by one thread, then read by any number. It owns its nodes.
 */

#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"

struct route;

struct route *route_new(void); /* NULL when out of memory */
void route_free(struct route *r);

/* filter without "$share/GROUP/". A receiver that is added twice for one
 * topic (overlapping filters) is found twice. */
int route_add(struct route *r, struct bytes filter, uint32_t receiver)
	MUST_CHECK;

/* Calls found(ctx, receiver) for each receiver of that topic; returns their
 * number. found may be NULL. */
uint32_t route_match(const struct route *r, struct bytes topic,
		     void (*found)(void *ctx, uint32_t receiver), void *ctx);

#endif
