/* SPDX-License-Identifier: MIT */
#ifndef BENCH_RECEIVER_H
#define BENCH_RECEIVER_H

/*
 * Who gets each message once: a subscriber, or all members of a share group
 * together, which are on one worker for that reason. It knows what has come,
 * and when nobody was there to get it: what is missing from such a time is
 * nobody's loss.
 *
 * Messages of QoS 0 are told apart from the others: the broker keeps those for
 * a session while its client is not connected [MQTT-4.1.0-1], but not these.
 *
 * The worker's, until its loop has ended; was_away may be read before.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "bench/track.h"

struct actor;
struct crew;
struct worker;

/* What becomes of a message while a client with a session is away. */
enum fate {
	FATE_DROPPED, /* QoS 0, sent or asked for */
	FATE_KEPT,
	FATES,
};

/* The messages of one fate. */
struct reception {
	struct track track;
	uint64_t unique;      /* first deliveries, of fixed topics */
	uint64_t back;        /* when somebody was there again; 0: always */
	uint32_t present;     /* members that get them */
	atomic_bool was_away; /* there was a time without any */
};

struct receiver {
	struct reception of[FATES];
	const struct actor *actor; /* the first member: its filters */
	char *share;               /* "$share/..."; NULL: not shared */
	uint8_t *refused;          /* a bit for each filter; NULL: none is */
	struct receiver *next;     /* of the shared ones of a worker */
};

/* That of an actor: a new one, or the one of its share group. */
int receiver_join(struct actor *a) MUST_CHECK;
void receiver_free(struct receiver *r);
/* The fate of messages of that QoS for the clients of a crew. */
enum fate crew_fate(const struct crew *c, uint8_t qos);

/* It has its subscriptions, or its session is there again. */
void receiver_arrive(struct actor *a, uint64_t now);
/* Sending begins: until then nothing was missed. */
void receiver_begin(struct receiver *r);
/* It is no longer sure to get messages of that fate and worse ones. */
void receiver_depart(struct actor *a, enum fate f);

/* It subscribes for the first time, or after its session was lost. */
void receiver_ask_anew(struct receiver *r);
/* What that filter would have brought is not expected. */
void receiver_refuse(struct receiver *r, size_t filter);
bool receiver_is_refused(const struct receiver *r, size_t filter);

#endif
