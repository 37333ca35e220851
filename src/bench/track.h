/* SPDX-License-Identifier: MIT */
#ifndef BENCH_TRACK_H
#define BENCH_TRACK_H

/*
 * What one receiver (a subscriber, or all members of a share group) has seen
 * of each publisher: exact to the message, so that lost, duplicate and
 * reordered can be told apart however much they mix.
 *
 * Per publisher it keeps the next sequence number expected and, only where
 * something is missing, the list of missing ranges: 16 bytes for each pair
 * on which all is well. A value type; one thread at a time; it owns its
 * tables.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"

struct track_slot;

struct track {
	struct track_slot *slots;
	uint32_t cap, used;
	bool is_late; /* was restarted: new publishers begin anywhere */
};

enum track_result {
	TRACK_NEW,       /* the next one, or the first after a gap */
	TRACK_LATE,      /* was missing: overtaken by a later one */
	TRACK_DUPLICATE, /* seen before */
	TRACK_OLD,       /* from so far back that nobody knows any more */
	TRACK_FULL,      /* out of memory: not tracked */
};

/* An all-zero struct is empty and valid. */
void track_release(struct track *t);

/* A message has arrived. The first one of a publisher is expected to be
 * number 0, unless track_restart() was called. */
enum track_result track_see(struct track *t, uint32_t publisher,
			    uint64_t sequence);

/*
 * The same for a publisher whose messages go to many topics, of which this
 * receiver gets only some: gaps mean nothing, and a message counts as late
 * or duplicate only among the last 63 numbers (TRACK_OLD before that). Use
 * one of the two for a publisher, always.
 */
enum track_result track_see_sparse(struct track *t, uint32_t publisher,
				   uint64_t sequence);

/* The receiver was away without a session, or comes late: what it missed is
 * nobody's loss, up to the next message of each publisher. It may still come,
 * and a duplicate of an earlier one is one. */
void track_restart(struct track *t);
/* Several readers of one receiver do not get messages in their order: what is
 * missing among the last n numbers of each publisher may have been on its way
 * to one that has gone. It is nobody's loss either. */
void track_excuse_last(struct track *t, uint64_t n);
/* As track_restart() for one publisher, if it has been seen. */
void track_restart_one(struct track *t, uint32_t publisher);

/*
 * How many messages of 0 .. sent - 1 (or, after a restart, of those since)
 * the receiver should have got and has not. *ret_first is the first of them
 * when there is any. Not for sparse publishers.
 */
uint64_t track_lost(const struct track *t, uint32_t publisher, uint64_t sent,
		    uint64_t *ret_first);

/*
 * The same without knowing how many were sent: of the numbers up to the
 * highest that came, all but those that are missing. What is lost of `sent`
 * messages is then sent - settled. false when nothing is known: since a restart
 * none has come.
 */
bool track_settled(const struct track *t, uint32_t publisher,
		   uint64_t *ret_settled);

/* Goes through the publishers that something came from, in no order; start
 * with *at = 0. false at the end. */
bool track_next(const struct track *t, uint32_t *at, uint32_t *ret_publisher);

#endif
