/* SPDX-License-Identifier: MIT */
#include "bench/shards_private.h"

#include <math.h>
#include <stdlib.h>

#include "bench/judge.h"

#define EARLY 0.2 /* of an interval: its end is not exact */

int shards_course_init(struct shards_course *c, size_t shards, double length)
{
	*c = (struct shards_course){ .length = length, .count = shards };
	c->stands = calloc(shards, sizeof(*c->stands));
	for (size_t i = 0; c->stands && i < shards; i++)
		c->stands[i].last.at = -1;
	return c->stands ? 0 : -1;
}

void shards_course_release(struct shards_course *c)
{
	free(c->stands);
	free(c->bins);
}

static uint64_t greater(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* Of two medians the mean, by the number of samples: no more is known. */
static uint64_t middle(uint64_t a, uint64_t n, uint64_t b, uint64_t m)
{
	return n + m ? (uint64_t)(((double)a * (double)n +
				   (double)b * (double)m) /
				  (double)(n + m))
		     : 0;
}

/* Is that percentile of both there, as far as they have messages? */
static bool have_both(const struct interval *to, const struct interval *i,
		      bool is_e2e, double p)
{
	uint64_t n = is_e2e ? to->e2e_count : to->ack_count;
	uint64_t m = is_e2e ? i->e2e_count : i->ack_count;
	uint64_t p50 = is_e2e ? to->e2e_p50 : to->ack_p50;
	uint64_t p99 = is_e2e ? to->e2e_p99 : to->ack_p99;

	return (!n || (p > 50 ? p99 : p50)) &&
	       (!m || judge_interval_has(i, is_e2e, p));
}

static void add_percentiles(struct interval *to, const struct interval *i)
{
	to->e2e_p50 = have_both(to, i, true, 50)
			      ? middle(to->e2e_p50, to->e2e_count, i->e2e_p50,
				       i->e2e_count)
			      : 0;
	to->ack_p50 = have_both(to, i, false, 50)
			      ? middle(to->ack_p50, to->ack_count, i->ack_p50,
				       i->ack_count)
			      : 0;
	to->e2e_p99 = have_both(to, i, true, 99)
			      ? greater(to->e2e_p99, i->e2e_p99)
			      : 0;
	to->ack_p99 = have_both(to, i, false, 99)
			      ? greater(to->ack_p99, i->ack_p99)
			      : 0;
}

static void add(struct interval *to, const struct interval *i, size_t shards)
{
	to->at = to->length > 0 ? fmax(to->at, i->at) : i->at;
	to->length += i->length / (double)shards;
	to->phase = i->phase > to->phase ? i->phase : to->phase;
	to->connects += i->connects;
	to->sent += i->sent;
	to->delivered += i->delivered;
	to->errors += i->errors;
	add_percentiles(to, i);
	interval_add_means(to, i);
	to->e2e_count += i->e2e_count;
	to->ack_count += i->ack_count;
	to->e2e_max = greater(to->e2e_max, i->e2e_max);
	interval_add_own(&to->lag, &i->lag);
	interval_add_own(&to->turn, &i->turn);
	to->thread_cpu = fmax(to->thread_cpu, i->thread_cpu);
	to->throttled = fmax(to->throttled, i->throttled);
	to->steal = fmax(to->steal, i->steal);
	to->cpu += i->cpu * i->length; /* seconds, until it is told */
}

static struct interval *bin_of(struct shards_course *c, double at)
{
	size_t k = (size_t)fmax(0, ceil(at / c->length - EARLY));
	struct interval *bins;

	if (k < c->next)
		k = c->next; /* too late for its own */
	if (k < c->bin_count)
		return &c->bins[k];
	bins = reallocarray(c->bins, 2 * k + 16, sizeof(*bins));
	if (!bins)
		return NULL;
	memset(bins + c->bin_count, 0,
	       (2 * k + 16 - c->bin_count) * sizeof(*bins));
	c->bins = bins;
	c->bin_count = 2 * k + 16;
	return &c->bins[k];
}

int shards_course_add(struct shards_course *c, size_t shard,
		      const struct interval *i)
{
	struct interval *to = i->at < 0 ? &c->before : bin_of(c, i->at);

	if (!to)
		return -1;
	add(to, i, c->count);
	c->stands[shard].last = *i;
	c->stands[shard].has_said = true;
	return 0;
}

void shards_course_end(struct shards_course *c, size_t shard)
{
	c->stands[shard].has_ended = true;
}

/* What is true of the whole now, and rates out of sums. */
static void tell(const struct shards_course *c, struct interval *from,
		 struct interval *ret)
{
	*ret = *from;
	ret->broker_cpu = -1;
	ret->connected = ret->memory = 0;
	for (size_t i = 0; i < c->count; i++) {
		ret->connected += c->stands[i].last.connected;
		ret->memory += c->stands[i].last.memory;
	}
	if (ret->length > 0)
		ret->cpu /= ret->length;
	*from = (struct interval){ 0 };
}

static bool has_passed(const struct shards_course *c,
		       const struct shard_stand *s)
{
	if (s->has_ended)
		return true;
	if (c->before.length > 0)
		return s->has_said || s->last.at >= 0;
	return s->last.at >= ((double)c->next - EARLY) * c->length;
}

bool shards_course_next(struct shards_course *c, struct interval *ret)
{
	for (size_t i = 0; i < c->count; i++)
		if (!has_passed(c, &c->stands[i]))
			return false;
	if (c->before.length > 0) {
		tell(c, &c->before, ret);
		for (size_t i = 0; i < c->count; i++)
			c->stands[i].has_said = false;
		return true;
	}
	while (c->next < c->bin_count && c->bins[c->next].length <= 0)
		c->next++;
	if (c->next >= c->bin_count)
		return false;
	for (size_t i = 0; i < c->count; i++)
		if (!has_passed(c, &c->stands[i]))
			return false;
	tell(c, &c->bins[c->next++], ret);
	return true;
}
