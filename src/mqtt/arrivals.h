/* SPDX-License-Identifier: MIT */
#ifndef MQTT_ARRIVALS_H
#define MQTT_ARRIVALS_H

/*
 * Inbound messages of QoS 1 and 2 that were handed over and wait for the
 * application's acknowledgement, in order of arrival: answers go out in that
 * order [MQTT-4.6.0-2,-3]. QoS 2 messages are found by their packet id too,
 * so that a repeat is never handed over twice [MQTT-4.3.3-10], not even
 * when the connection was lost in between.
 *
 * Used by the session alone, which makes one when the first such message
 * comes; one caller at a time.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/buf.h"
#include "mqtt/ids.h"
#include "mqtt/inflight.h"

enum arrival_kind {
	ARRIVAL_QOS1,
	ARRIVAL_QOS2,
	ARRIVAL_REPEAT, /* of a QoS 2 message acknowledged before */
};

struct arrival {
	uint64_t delivery; /* answered when this has been acknowledged */
	uint16_t pid;
	uint8_t kind;  /* enum arrival_kind */
	bool is_stale; /* of an earlier connection, QoS 2 only */
};

struct arrivals {
	struct buf queue; /* of struct arrival */
	struct ids by_id; /* QoS 2 ones: position in all that ever came */
	uint64_t taken;   /* position of the queue's head */
	uint32_t live;    /* those that are not stale */
};

struct arrivals *arrivals_new(void);
void arrivals_free(struct arrivals *a);

static inline bool arrivals_is_empty(const struct arrivals *a)
{
	return buf_len(&a->queue) == 0;
}

/* The oldest one, or NULL; valid until the next change. */
const struct arrival *arrivals_first(const struct arrivals *a);
/* At the end. A QoS 2 id must be IN_NEW. -1 when out of memory. */
int arrivals_add(struct arrivals *a, const struct arrival *arrival) MUST_CHECK;
/* A QoS 2 message acknowledged before came again: it is to be answered after
 * all that wait now. */
int arrivals_add_repeat(struct arrivals *a, uint16_t pid) MUST_CHECK;
/* Removes the oldest one. */
void arrivals_pop(struct arrivals *a);

/* IN_NEW, IN_PENDING or IN_STALE; ids that are held are the store's. */
enum in_state arrivals_state(const struct arrivals *a, uint16_t pid);
/* The server sent the stale message again: it is to be answered now. */
void arrivals_adopt(struct arrivals *a, uint16_t pid);

/* The connection is gone: only QoS 2 messages matter from now on. */
void arrivals_lose_connection(struct arrivals *a);
/* The session is gone: nothing matters any more. */
void arrivals_clear(struct arrivals *a);

#endif
