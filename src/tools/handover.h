/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_HANDOVER_H
#define TOOLS_HANDOVER_H

/*
 * Which messages have been taken over but not yet acknowledged: all up to a
 * delivery number, some of them to be refused. They are acknowledged when
 * their bytes have been written, not before.
 *
 * Belongs to the receive thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "client/client.h"
#include "tools/sink.h"

struct handover {
	uint64_t upto; /* the last delivery taken over */
	bool is_due;
	uint64_t *refused; /* rising; owned */
	size_t count, cap;
	const struct sink *sink; /* what was written to it is committed in
				  * the same transaction; NULL: none */
	bool commits_first;      /* before anything is written */
};

void handover_release(struct handover *h);
void handover_take(struct handover *h, uint64_t delivery);
/* Takes it over with the answer that its payload is not what it says it is
 * [MQTT-3.3.2.3.2]. -1 when out of memory. */
int handover_refuse(struct handover *h, uint64_t delivery) MUST_CHECK;
/* Everything taken over has been written, or will be with commits_first: then
 * -1 says that it must not be. */
int handover_acknowledge(struct handover *h, struct client *c, struct err *e);

#endif
