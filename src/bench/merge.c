/* SPDX-License-Identifier: MIT */
#include "bench/merge.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ----------------------------------------------------------------- figures */

static int add_timings(struct result *to, const struct result *from)
{
	for (enum timing t = 0; t < TIMING_COUNT; t++) {
		if (from->timings[t].total == 0)
			continue;
		if (!result_timing(to, t))
			return -1;
		hist_merge(&to->timings[t], &from->timings[t]);
	}
	if (from->floor.total == 0)
		return 0;
	if (!to->floor.counts && hist_init(&to->floor) < 0)
		return -1;
	hist_merge(&to->floor, &from->floor);
	return 0;
}

static int add_threads(struct result *to, const struct result *from)
{
	size_t n = to->thread_count + from->thread_count;
	struct thread_load *threads;

	if (from->thread_count == 0)
		return 0;
	threads = reallocarray(to->threads, n, sizeof(*threads));
	if (!threads)
		return -1;
	memcpy(threads + to->thread_count, from->threads,
	       from->thread_count * sizeof(*threads));
	to->threads = threads;
	to->thread_count = n;
	return 0;
}

static void add_numbers(struct result *to, const struct result *from)
{
	double waited = to->waited * (double)to->measured_sent +
			from->waited * (double)from->measured_sent;

	account_add(&to->account, &from->account);
	to->clients += from->clients;
	to->asked += from->asked;
	to->measured = fmax(to->measured, from->measured);
	to->connect_time = fmax(to->connect_time, from->connect_time);
	to->measured_sent += from->measured_sent;
	to->measured_delivered += from->measured_delivered;
	to->waited = to->measured_sent ? waited / (double)to->measured_sent
				       : 0;
	to->late_publishes += from->late_publishes;
	to->untracked += from->untracked;
	to->cpu += from->cpu;
	to->memory += from->memory;
	to->throttled = fmax(to->throttled, from->throttled);
	to->steal = fmax(to->steal, from->steal);
	to->is_open = to->is_open && from->is_open;
	to->is_self = to->is_self || from->is_self;
	if (to->started <= 0 || from->started < to->started)
		to->started = from->started;
}

static int add_part(struct result *to, const struct result *from)
{
	add_numbers(to, from);
	for (size_t i = 0; i < RESULT_CAUSES; i++)
		if (from->causes[i].count)
			result_count_cause(to->causes, from->causes[i].text,
					   from->causes[i].count);
	for (size_t i = 0; i < RESULT_WORST; i++)
		if (from->worst[i].lost)
			result_add_worst(to, from->worst[i].text,
					 from->worst[i].lost);
	if (from->partial && !to->partial) {
		to->partial = strdup(from->partial);
		if (!to->partial)
			return -1;
	}
	return add_timings(to, from) < 0 ? -1 : add_threads(to, from);
}

/* ------------------------------------------------------------------ losses */

static int copy_tally(struct tally *to, const struct tally *from)
{
	size_t n = from->clients;

	*to = (struct tally){
		.group = strdup(from->group ? from->group : ""),
		.topic = from->topic ? strdup(from->topic) : NULL,
		.first_stream = from->first_stream, .clients = from->clients,
		.sent = calloc(n, sizeof(*to->sent)),
		.unaccepted = calloc(n, sizeof(*to->unaccepted)),
		.unique = calloc(n, sizeof(*to->unique)),
		.receivers = calloc(n, sizeof(*to->receivers)),
	};
	return to->group && to->sent && to->unaccepted && to->unique &&
	       to->receivers && (!from->topic || to->topic) ? 0 : -1;
}

static void add_tally(struct tally *to, const struct tally *from)
{
	to->varies = to->varies || from->varies;
	for (uint32_t i = 0; i < to->clients; i++) {
		to->sent[i] += from->sent[i];
		to->unaccepted[i] += from->unaccepted[i];
		to->unique[i] += from->unique[i];
		to->receivers[i] += from->receivers[i];
	}
}

static int add_tallies(struct result *to, const struct result *from,
		       struct err *e)
{
	if (!to->tallies) {
		to->tallies = calloc(from->tally_count + 1,
				     sizeof(*to->tallies));
		if (!to->tallies)
			return err_nomem(e);
		for (; to->tally_count < from->tally_count; to->tally_count++)
			if (copy_tally(&to->tallies[to->tally_count],
				       &from->tallies[to->tally_count]) < 0)
				return err_nomem(e);
	}
	for (size_t i = 0; i < from->tally_count; i++) {
		if (i >= to->tally_count ||
		    to->tallies[i].clients != from->tallies[i].clients)
			return err_set(e, ERR_USAGE, 0, "the results are not "
				       "of one scenario");
		add_tally(&to->tallies[i], &from->tallies[i]);
	}
	return 0;
}

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
	double fan = n[COUNT_SENT] ? (double)n[COUNT_EXPECTED] /
				     (double)n[COUNT_SENT] : 0;

	r->late_deliveries = n[COUNT_LOST] +
		(uint64_t)ceil((double)r->late_publishes * fan);
}

int merge_parts(struct result *ret, const struct result *const *parts,
		size_t n, struct err *e)
{
	ret->account = (struct account){ 0 };
	ret->is_open = true;
	ret->is_merged = true;
	for (size_t i = 0; i < n; i++) {
		if (parts[i]->run_id != parts[0]->run_id)
			return err_set(e, ERR_USAGE, 0, "the results are not "
				       "of one run");
		if (add_part(ret, parts[i]) < 0)
			return err_nomem(e);
		if (add_tallies(ret, parts[i], e) < 0)
			return -1;
	}
	count_lost(ret);
	count_late(ret);
	return 0;
}
