/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_REMOVAL_H
#define TOOLS_REMOVAL_H

/*
 * Clears retained messages at the broker by publishing empty ones in their
 * place. It never waits: topics for which there is no room are kept, and
 * tried again when the broker has confirmed others.
 *
 * Belongs to the receive thread until that has ended.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "client/client.h"
#include "tools/refusals.h"

struct removal {
	struct client *client;
	uint8_t qos;        /* 1, or what the broker allows */
	struct buf waiting; /* two length bytes and a topic each */
	struct refusals refusals;
};

void removal_init(struct removal *r, struct client *c);
void removal_release(struct removal *r);
/* From on_up. */
void removal_note_limits(struct removal *r,
			 const struct session_limits *limits);
/* Both: -1 with e when it cannot be done at all. */
int removal_add(struct removal *r, struct bytes topic, struct err *e)
	MUST_CHECK;
int removal_note_published(struct removal *r, const struct event_published *p,
			   struct err *e) MUST_CHECK;
/* Take no more messages for now. */
bool removal_is_waiting(const struct removal *r);

#endif
