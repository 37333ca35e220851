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

/* Where messages were not accepted, some may have got through all the same:
 * then nobody knows which of the others are missing instead. */
void result_judge_varying(struct result *r)
{
	uint64_t *n = r->account.n, expected = r->varying_expected;
	uint64_t unique = 0, open = 0;
	const struct tally *t = r->tallies;
	const char *why = *r->varying_blind ? r->varying_blind : NULL;

	for (size_t i = 0; i < r->tally_count; i++, t++) {
		for (uint32_t k = 0; t->varies && k < t->clients; k++) {
			unique += t->unique[k];
			open += t->unaccepted[k];
		}
	}
	if (expected + unique == 0)
		return;
	if (!why && open && expected > unique)
		why = "not all messages were accepted";
	if (why)
		snprintf(r->losses_unknown, sizeof(r->losses_unknown),
			 "topics vary, and %.100s", why);
	if (why || open)
		expected = unique;
	n[COUNT_EXPECTED] += expected;
	if (expected > unique)
		n[COUNT_LOST] += expected - unique;
}

/* What was accepted of a publisher is expected by each receiver of its topic,
 * wherever they are, unless it was away. */
static void count_fixed(struct result *r)
{
	uint64_t *n = r->account.n, expected;
	const struct tally *t = r->tallies;

	for (size_t i = 0; i < r->tally_count; i++, t++) {
		for (uint32_t k = 0; !t->varies && k < t->clients; k++) {
			n[COUNT_EXPECTED] += t->unique[k];
			expected = (t->sent[k] - t->unaccepted[k]) *
				   t->receivers[k];
			if (expected <= t->settled[k])
				continue;
			n[COUNT_EXPECTED] += expected - t->settled[k];
			n[COUNT_LOST] += expected - t->settled[k];
			blame(r, t, k, expected - t->settled[k], expected);
		}
	}
}

static void count_lost(struct result *r)
{
	r->account.n[COUNT_LOST] = r->account.n[COUNT_EXPECTED] = 0;
	r->losses_unknown[0] = '\0';
	count_fixed(r);
	result_judge_varying(r);
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
