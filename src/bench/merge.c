/* SPDX-License-Identifier: MIT */
#include "bench/merge.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

/* ----------------------------------------------------------------- figures */

/* What was due of all, in the longest of their times: one that has sent its
 * part of a limit is done before others are. */
static void add_measured(struct result *to, const struct result *from)
{
	double due = to->asked * to->measured + from->asked * from->measured;

	to->measured = fmax(to->measured, from->measured);
	to->asked = to->measured > 0 ? due / to->measured : 0;
}

/* Generators that ran side by side. */
static int add_part(struct result *to, const struct result *from, struct err *e)
{
	char prefix[16];

	snprintf(prefix, sizeof(prefix), "%" PRIu32 "/", from->shard + 1);
	if (result_add(to, from, prefix, e) < 0 ||
	    result_add_tallies(to, from, e) < 0)
		return -1;
	add_measured(to, from);
	to->clients += from->clients;
	to->memory += from->memory;
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
 * wherever they are, unless it was away. Returns how many deliveries did not
 * come that nobody had accepted. */
static uint64_t count_fixed(struct result *r)
{
	uint64_t *n = r->account.n, expected, most, excused = 0;
	const struct tally *t = r->tallies;

	for (size_t i = 0; i < r->tally_count; i++, t++) {
		for (uint32_t k = 0; !t->varies && k < t->clients; k++) {
			n[COUNT_EXPECTED] += t->unique[k];
			most = t->sent[k] * t->receivers[k];
			expected = most - t->unaccepted[k] * t->receivers[k];
			if (most > t->settled[k])
				excused += most - (expected > t->settled[k]
							   ? expected
							   : t->settled[k]);
			if (expected <= t->settled[k])
				continue;
			n[COUNT_EXPECTED] += expected - t->settled[k];
			n[COUNT_LOST] += expected - t->settled[k];
			blame(r, t, k, expected - t->settled[k], expected);
		}
	}
	return excused;
}

/* Returns what is missing without being lost, as count_fixed() does. */
static uint64_t count_lost(struct result *r)
{
	uint64_t *n = r->account.n, excused, known;

	n[COUNT_LOST] = n[COUNT_EXPECTED] = 0;
	r->losses_unknown[0] = '\0';
	excused = count_fixed(r);
	known = n[COUNT_EXPECTED];
	result_judge_varying(r);
	known = n[COUNT_EXPECTED] - known;
	if (!*r->varying_blind && r->varying_expected > known)
		excused += r->varying_expected - known;
	return excused;
}

/* As in one generator, see run_count_late(): what was not acknowledged may have
 * come all the same, and what the broker refused is late for nobody. How many
 * each of the two would have reached is taken from what all have. */
static void count_late(struct result *r, uint64_t excused)
{
	const uint64_t *n = r->account.n;
	double fan = n[COUNT_SENT] ? (double)(n[COUNT_EXPECTED] + excused) /
					     (double)n[COUNT_SENT]
				   : 0;
	uint64_t unsent = n[COUNT_SKIPPED] + n[COUNT_BACKLOG];
	uint64_t refused = (uint64_t)((double)n[COUNT_REFUSED] * fan);

	if (unsent > r->late_publishes)
		unsent = r->late_publishes;
	r->late_deliveries = n[COUNT_LOST] +
			     (excused > refused ? excused - refused : 0) +
			     (uint64_t)ceil((double)unsent * fan);
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
	count_late(ret, count_lost(ret));
	return 0;
}
