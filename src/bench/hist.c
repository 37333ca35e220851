/* SPDX-License-Identifier: MIT */
#include "bench/hist.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#define SUBS (1u << HIST_SUB_BITS)
#define HGRM_STEPS 5

uint64_t hist_slot_low(uint32_t slot)
{
	uint32_t shift;

	if (slot >= HIST_SLOTS - 1)
		return HIST_MAX + 1;
	if (slot < 2 * SUBS)
		return slot;
	shift = slot / SUBS - 1;
	return (uint64_t)(slot - shift * SUBS) << shift;
}

uint64_t hist_slot_high(uint32_t slot)
{
	if (slot >= HIST_SLOTS - 1)
		return HIST_INFINITE;
	if (slot == HIST_SLOTS - 2)
		return HIST_MAX;
	return hist_slot_low(slot + 1) - 1;
}

int hist_init(struct hist *h)
{
	*h = (struct hist){ .min = UINT64_MAX };
	/* Large enough for the allocator to map it: untouched pages cost
	 * nothing. */
	h->counts = calloc(HIST_SLOTS, sizeof(*h->counts));
	return h->counts ? 0 : -1;
}

void hist_release(struct hist *h)
{
	free(h->counts);
	*h = (struct hist){ .min = UINT64_MAX };
}

void hist_clear(struct hist *h)
{
	uint32_t first, last;

	if (h->total == 0)
		return;
	first = hist_slot(h->min);
	last = hist_slot(h->max);
	memset(h->counts + first, 0, (last - first + 1) * sizeof(*h->counts));
	*h = (struct hist){ .counts = h->counts, .min = UINT64_MAX };
}

void hist_merge(struct hist *dst, const struct hist *src)
{
	if (src->total == 0)
		return;
	for (uint32_t i = hist_slot(src->min); i <= hist_slot(src->max); i++)
		if (src->counts[i])
			dst->counts[i] += src->counts[i];
	dst->total += src->total;
	dst->over += src->over;
	if (src->min < dst->min)
		dst->min = src->min;
	if (src->max > dst->max)
		dst->max = src->max;
}

static uint64_t value_of_slot(const struct hist *h, uint32_t slot)
{
	uint64_t high = hist_slot_high(slot);

	return high < h->max ? high : h->max;
}

/* The value of the n-th smallest entry, n from 1. */
static uint64_t value_at_rank(const struct hist *h, uint64_t rank)
{
	uint64_t seen = 0;

	if (rank > h->total)
		return HIST_INFINITE;
	for (uint32_t i = hist_slot(h->min); i < HIST_SLOTS; i++) {
		seen += h->counts[i];
		if (seen >= rank)
			return value_of_slot(h, i);
	}
	return h->max;
}

uint64_t hist_percentile(const struct hist *h, double p, uint64_t late)
{
	double all = (double)h->total + (double)late;
	double exact = p / 100 * all;
	uint64_t rank;

	if (all <= 0)
		return 0;
	/* 99.9 / 100 * 1000 is a little above 999: not rank 1000. */
	rank = (uint64_t)ceil(exact - exact * 1e-12);
	return value_at_rank(h, rank ? rank : 1);
}

static double middle(const struct hist *h, uint32_t slot)
{
	return ((double)hist_slot_low(slot) + (double)value_of_slot(h, slot)) /
	       2;
}

double hist_mean(const struct hist *h)
{
	double sum = 0;

	if (h->total == 0)
		return 0;
	for (uint32_t i = hist_slot(h->min); i <= hist_slot(h->max); i++)
		if (h->counts[i])
			sum += middle(h, i) * (double)h->counts[i];
	return sum / (double)h->total;
}

double hist_stddev(const struct hist *h)
{
	double mean = hist_mean(h), sum = 0, d;

	if (h->total == 0)
		return 0;
	for (uint32_t i = hist_slot(h->min); i <= hist_slot(h->max); i++) {
		if (!h->counts[i])
			continue;
		d = middle(h, i) - mean;
		sum += d * d * (double)h->counts[i];
	}
	return sqrt(sum / (double)h->total);
}

bool hist_has_enough(const struct hist *h, double p)
{
	return (double)h->total * (100 - p) >= 1000 * (1 - 1e-9);
}

static int hgrm_line(struct buf *out, uint64_t v, double share, uint64_t n)
{
	double ms = (double)v / 1e6;

	if (share >= 1)
		return buf_printf(out, "%12.6f %2.12f %10" PRIu64 "\n", ms,
				  share, n);
	return buf_printf(out, "%12.6f %2.12f %10" PRIu64 " %14.2f\n", ms,
			  share, n, 1 / (1 - share));
}

static uint64_t count_up_to(const struct hist *h, uint64_t value)
{
	uint64_t n = 0;

	for (uint32_t i = hist_slot(h->min); i <= hist_slot(value); i++)
		n += h->counts[i];
	return n;
}

/* Steps get finer towards 100 %: five for each halving of what is left, as
 * the plotters expect, until the next one would hold all values. */
static int hgrm_body(const struct hist *h, uint64_t late, struct buf *out)
{
	double share, came = (double)h->total / (double)(h->total + late);
	uint64_t v, n;

	for (double left = 1; h->total; left /= 2) {
		for (int i = 0; i < HGRM_STEPS; i++) {
			share = 1 - left * (1 - i / (2.0 * HGRM_STEPS));
			v = hist_percentile(h, share * 100, late);
			n = v == HIST_INFINITE ? h->total : count_up_to(h, v);
			if (n == h->total)
				return hgrm_line(out, h->max, came, n);
			if (hgrm_line(out, v, share, n) < 0)
				return -1;
		}
	}
	return 0;
}

int hist_write_hgrm(const struct hist *h, uint64_t late, struct buf *out)
{
	size_t start = buf_len(out);

	if (buf_printf(out, "%12s %14s %10s %14s\n\n", "Value", "Percentile",
		       "TotalCount", "1/(1-Percentile)") == 0 &&
	    hgrm_body(h, late, out) == 0 &&
	    (late == 0 || buf_printf(out,
				     "#[Never   = %12" PRIu64
				     ", above all of these percentiles]\n",
				     late) == 0) &&
	    buf_printf(out,
		       "#[Mean    = %12.6f, StdDeviation   = %12.6f]\n"
		       "#[Max     = %12.6f, Total count    = %12" PRIu64 "]\n"
		       "#[Buckets = %12u, SubBuckets     = %12u]\n",
		       hist_mean(h) / 1e6, hist_stddev(h) / 1e6,
		       (double)h->max / 1e6, h->total, HIST_SLOTS / SUBS,
		       2 * SUBS) == 0)
		return 0;
	buf_truncate(out, start);
	return -1;
}
