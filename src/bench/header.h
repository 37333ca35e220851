/* SPDX-License-Identifier: MIT */
#ifndef BENCH_HEADER_H
#define BENCH_HEADER_H

/*
 * The 16 bytes at the front of a measured payload, big-endian:
 *
 *	tag 2 | publisher 3 | sequence 5 | intended time 6
 *
 * The standard scenarios have payloads of 16 bytes, so it must not be one
 * byte longer. The tag stands for the run and for the clock its times are
 * told by: a message of an earlier run, or from a clock that ours says
 * nothing about, has another tag. Everything else (when the run started,
 * who the publishers are) travels out of band.
 *
 * The intended time is in ns since the run's start and wraps after 2^48 ns
 * (78 hours): delays are differences, so only a delay of that length could
 * be misread. Pure; any thread.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

#define HEADER_SIZE 16u
#define HEADER_HEX_SIZE (2u * HEADER_SIZE)
#define HEADER_PUBLISHERS_MAX ((UINT32_C(1) << 24) - 1)
#define HEADER_SEQUENCE_MAX ((UINT64_C(1) << 40) - 1)

struct header {
	uint16_t tag;
	uint32_t publisher; /* number of the publishing stream in the run */
	uint64_t sequence;  /* from 0 within it */
	uint64_t intended;  /* ns since the run's start */
};

void header_write(uint8_t out[HEADER_SIZE], const struct header *h);
/* false when the payload is too short to hold one. */
bool header_read(struct bytes payload, struct header *ret);

/* The same as 32 hex digits, for payloads that have to be text. */
void header_write_hex(char out[HEADER_HEX_SIZE], const struct header *h);
bool header_read_hex(struct bytes text, struct header *ret);
/* Finds `"name":"<32 hex digits>"` in a JSON payload, blanks allowed. */
bool header_find_field(struct bytes payload, struct bytes name,
		       struct header *ret);

/*
 * The tag of a run (any 64-bit identity) on a clock (see host_clock_id()). A
 * run of one process mixes both into 16 bits. Where several machines share a
 * run, the upper byte stands for the run and the lower one for the clock, so
 * that a receiver can tell messages of its run from another machine from
 * yesterday's; two clocks that look alike are found out when the results are
 * merged.
 */
struct header_tag {
	uint16_t value;
	uint16_t run_mask; /* the bits that all machines of the run share */
};
struct header_tag header_tag(uint64_t run, uint64_t clock_id, bool is_shared);

static inline bool header_is_of_run(const struct header *h,
				    const struct header_tag *t)
{
	return ((h->tag ^ t->value) & t->run_mask) == 0;
}

/* now - intended, both in ns since the run's start; negative only when the
 * two clocks disagree. */
int64_t header_delay(uint64_t now, uint64_t intended);

#endif
