/* SPDX-License-Identifier: MIT */
#ifndef BENCH_HIST_H
#define BENCH_HIST_H

/*
 * A histogram of durations that loses nothing: log-linear slots from 1 ns to
 * one hour, each at most 0.1 % wide, with 64-bit counts. Longer values are
 * counted in a last slot and apart (over), and the longest and the shortest
 * are kept exactly. Recording cannot fail and takes a few instructions.
 *
 * A value type with one writer at a time; every receive thread has its own
 * and they are added up at the end, exactly. It owns its slots: 270 KiB of
 * address space, of which only the pages that are used become memory.
 *
 * All values are nanoseconds.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/buf.h"

#define HIST_SUB_BITS 10u /* slots per power of two: 1024 */
#define HIST_MAX UINT64_C(3600000000000)
#define HIST_SLOTS 33422u /* hist_slot(HIST_MAX) + 2; the last is "over" */
#define HIST_INFINITE UINT64_MAX

struct hist {
	uint64_t *counts;
	uint64_t total; /* all values, also those over HIST_MAX */
	uint64_t over;
	uint64_t min, max; /* min > max: empty */
};

/* The slot of a value, and the least and greatest value of a slot. */
static inline uint32_t hist_slot(uint64_t v)
{
	uint32_t shift;

	if (v > HIST_MAX)
		return HIST_SLOTS - 1;
	if (v >> (HIST_SUB_BITS + 1) == 0)
		return (uint32_t)v;
	shift = 63 - LEADING_ZEROS(v) - HIST_SUB_BITS;
	return (shift << HIST_SUB_BITS) + (uint32_t)(v >> shift);
}
uint64_t hist_slot_low(uint32_t slot);
uint64_t hist_slot_high(uint32_t slot);

int hist_init(struct hist *h) MUST_CHECK;
void hist_release(struct hist *h);
void hist_clear(struct hist *h);

static inline void hist_record_many(struct hist *h, uint64_t v, uint64_t n)
{
	h->counts[hist_slot(v)] += n;
	h->total += n;
	if (UNLIKELY(v > HIST_MAX))
		h->over += n;
	if (v < h->min)
		h->min = v;
	if (v > h->max)
		h->max = v;
}

static inline void hist_record(struct hist *h, uint64_t v)
{
	hist_record_many(h, v, 1);
}

/* Adds all of src to dst. */
void hist_merge(struct hist *dst, const struct hist *src);

/*
 * The value that p percent (0..100) are at or below; 0 when empty. `late`
 * more values are taken to be infinitely long (messages that never came): a
 * percentile that falls among them is HIST_INFINITE. Reported is the upper
 * border of the slot, but never more than the greatest value seen.
 */
uint64_t hist_percentile(const struct hist *h, double p, uint64_t late);
/* From the middles of the slots: within 0.05 %. 0 when empty. */
double hist_mean(const struct hist *h);
double hist_stddev(const struct hist *h);

/* Has it enough values for that percentile to mean something? At least ten
 * values must lie above it: p99 needs 1000, p99.9 10,000. */
bool hist_has_enough(const struct hist *h, double p);

/* Appends the percentile distribution in the text form of HdrHistogram
 * (.hgrm), in milliseconds, for its usual plotters. With `late` values that
 * are infinitely long it ends at the share of those that are not. */
int hist_write_hgrm(const struct hist *h, uint64_t late, struct buf *out)
	MUST_CHECK;

#endif
