/* SPDX-License-Identifier: MIT */
#include "bench/merge.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

/* ----------------------------------------------------------------- figures */

/* Generators that ran side by side. */
static int add_part(struct result *to, const struct result *from, struct err *e)
{
	char prefix[16];

	snprintf(prefix, sizeof(prefix), "%" PRIu32 "/", from->shard + 1);
	if (result_add(to, from, prefix, e) < 0 ||
	    result_add_tallies(to, from, e) < 0)
		return -1;
	to->clients += from->clients;
	to->asked += from->asked;
	to->memory += from->memory;
	to->measured = fmax(to->measured, from->measured);
	to->connect_time = fmax(to->connect_time, from->connect_time);
	to->is_open = to->is_open && from->is_open;
	to->is_self = to->is_self || from->is_self;
	if (to->started <= 0 || from->started < to->started)
		to->started = from->started;
	return 0;
}

/* ------------------------------------------------------------------ losses */

static void blame(struct result *r, const struct tally *t, uint32_t client,
		  uint64_t lost, uint64_t expected)
{
	char text[RESULT_TEXT];

	snprintf(text, sizeof(text), "from %s %u: %" PRIu64 " of %" PRIu64,
		 t->group, client + 1, lost, expected);
	result_add_worst(r, text, lost);
}

/* What was accepted of a publisher is expected by each receiver of its topic,
 * wherever they are. Of topics that vary nobody knows who was meant. */
static void count_lost(struct result *r)
{
	uint64_t *n = r->account.n, expected;
	const struct tally *t = r->tallies;

	n[COUNT_LOST] = 0;
	for (size_t i = 0; i < r->tally_count; i++, t++) {
		for (uint32_t k = 0; !t->varies && k < t->clients; k++) {
			expected = (t->sent[k] - t->unaccepted[k]) *
				   t->receivers[k];
			if (expected <= t->unique[k])
				continue;
			n[COUNT_LOST] += expected - t->unique[k];
			blame(r, t, k, expected - t->unique[k], expected);
		}
	}
	n[COUNT_EXPECTED] = n[COUNT_UNIQUE] + n[COUNT_LOST];
}

static void count_late(struct result *r)
{
	const uint64_t *n = r->account.n;
	double fan = n[COUNT_SENT]
			     ? (double)n[COUNT_EXPECTED] / (double)n[COUNT_SENT]
			     : 0;

	r->late_deliveries = n[COUNT_LOST] +
			     (uint64_t)ceil((double)r->late_publishes * fan);
}

int merge_parts(struct result *ret, const struct result *const *parts, size_t n,
		struct err *e)
{
	ret->account = (struct account){ 0 };
	ret->is_open = true;
	ret->is_merged = true;
	for (size_t i = 0; i < n; i++) {
		if (parts[i]->run_id != parts[0]->run_id)
			return err_set(e, ERR_USAGE, 0,
				       "the results are not "
				       "of one run");
		if (add_part(ret, parts[i], e) < 0 ||
		    result_add_partial(ret, parts[i], e) < 0)
			return -1;
	}
	count_lost(ret);
	count_late(ret);
	return 0;
}
