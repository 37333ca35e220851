/* SPDX-License-Identifier: MIT */
#ifndef BENCH_PAYLOAD_H
#define BENCH_PAYLOAD_H

/*
 * The payloads of one publishing entry of a scenario: made for sending, and
 * checked when they come back. Content that is made from the seed alone is
 * checked byte for byte, so that a broker that corrupts or cuts messages is
 * found out; templates and files are taken as they come.
 *
 * Each receive thread has its own, for both uses; it is not thread-safe. The
 * plan is borrowed. What payload_make() yields lives until its next call.
 */

#include <stdbool.h>

#include "base/template.h"
#include "bench/header.h"
#include "bench/scenario.h"

struct payload {
	const struct payload_plan *plan;
	struct buf block; /* room for the header, then the longest body */
	struct buf text;  /* a rendered template */
	struct buf props; /* the user property with the header */
};

int payload_init(struct payload *p, const struct payload_plan *plan,
		 uint64_t seed) MUST_CHECK;
void payload_release(struct payload *p);

struct payload_out {
	struct bytes payload;
	struct bytes props; /* a user property; empty without */
};

/*
 * sent: when it really leaves, in ns since the run's start; goes behind a
 * header at the front where there is room for it, so that the receiver can
 * tell both delays. v: what templates need; its header member is filled in
 * here. -1 when out of memory.
 */
int payload_make(struct payload *p, const struct header *h, uint64_t sent,
		 struct template_values *v, struct payload_out *ret) MUST_CHECK;
/* Does it? What is sent otherwise, or not by itself, has no such room. */
bool payload_has_stamp(const struct payload_plan *plan);
/* That time; false when it is not in this payload. The header was found at
 * the front of it. */
bool payload_sent_time(const struct payload *p, struct bytes payload,
		       uint64_t *ret);

/* The bytes that a message of this entry has on the wire at most (payload
 * and header property), for plans. */
uint64_t payload_size_max(const struct payload_plan *plan);

/* Is this what the message with that header was sent with? */
bool payload_is_intact(const struct payload *p, const struct header *h,
		       struct bytes payload);

/*
 * Finds the header of a message that arrived, wherever this scenario may
 * have put one, front first. Only one of our run is taken; else the first
 * that could be read is in *ret too.
 */
enum header_found { HEADER_OURS, HEADER_OTHER, HEADER_ABSENT };
enum header_found payload_find(const struct scenario *s,
			       const struct header_tag *tag,
			       struct bytes payload, struct bytes props,
			       struct header *ret);

#endif
