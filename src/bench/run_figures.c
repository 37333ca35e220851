/* SPDX-License-Identifier: MIT */
#include "bench/run_private.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "bench/host.h"

static int take_threads(struct run *r)
{
	struct result *res = r->result;
	const struct worker *w;

	if (r->worker_count == 0)
		return 0;
	res->threads = calloc(r->worker_count, sizeof(*res->threads));
	if (!res->threads)
		return -1;
	res->thread_count = r->worker_count;
	for (size_t i = 0; i < r->worker_count; i++) {
		w = &r->workers[i];
		snprintf(res->threads[i].name, sizeof(res->threads[i].name),
			 "bench-%u", w->number % 10000);
		if (r->marked > 0)
			res->threads[i].cpu = (w->cpu_marks[1] -
					       w->cpu_marks[0]) /
					      r->marked;
	}
	return 0;
}

static int take_shares(struct run *r)
{
	const struct squad *s;

	for (size_t i = 0; i < r->crew_count; i++) {
		for (size_t w = 0; w < r->worker_count; w++) {
			s = &r->workers[w].squads[i];
			for (uint32_t k = 0; s->served && k < s->share.count;
			     k++)
				if (shared_add_member(
					    &r->result->shares,
					    s->actors[k].receiver->share,
					    s->served[k]) < 0)
					return -1;
		}
	}
	return 0;
}

/* What did not have to wait waited for nothing. */
static void add_zeros(struct run *r)
{
	static const enum timing waits[] = { TIMING_LAG_WINDOW,
					     TIMING_LAG_SOCKET };
	struct result *res = r->result;
	struct hist *h;

	if (res->timings[TIMING_LAG_TIMER].total == 0)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(waits); i++) {
		h = &res->timings[waits[i]];
		if (h->total < res->measured_sent)
			hist_record_many(h, 0, res->measured_sent - h->total);
	}
}

static void add_causes(struct result *res, const struct cause *list)
{
	for (size_t k = 0; k < RESULT_CAUSES; k++)
		if (list[k].count)
			result_count_cause(res->causes, list[k].text,
					   list[k].count);
}

/* What is later than everything that can be measured. */
static void add_late(struct result *res, const struct worker *w)
{
	const uint64_t *unsent = w->measured_unsent;
	const uint64_t *unacked = w->measured_unacked;

	res->late_acks += unsent[1] + unacked[1];
	res->late_recs += unsent[2] + unacked[2];
	res->late_comps += w->measured_uncompleted;
	res->late_publishes += unsent[0] + unsent[1] + unsent[2] + unacked[1] +
			       unacked[2] + w->measured_uncompleted;
}

/* Messages per second that were due in the measured phase. */
static double asked_rate(const struct run *r)
{
	uint64_t due = 0;

	for (size_t i = 0; i < r->worker_count; i++)
		due += r->workers[i].measured_due;
	return r->result->measured > 0 ? (double)due / r->result->measured : 0;
}

static bool is_open(const struct run *r)
{
	for (size_t i = 0; i < r->crew_count; i++)
		if (r->crews[i].is_closed)
			return false;
	return true;
}

static bool has_receivers(const struct run *r)
{
	for (size_t i = 0; i < r->crew_count; i++)
		if (r->crews[i].group->subscribe_count)
			return true;
	return false;
}

/* "all messages", or how many kinds of them. */
static void say_gap(char dst[RESULT_TEXT], size_t without, size_t all,
		    const char *what)
{
	if (without == all)
		snprintf(dst, RESULT_TEXT, "no message has %s", what);
	else if (without)
		snprintf(dst, RESULT_TEXT,
			 "of %zu kinds of messages, %zu %s without %s", all,
			 without, without == 1 ? "is" : "are", what);
}

/* Rather than leaving a latency out without a word. */
static void note_gaps(const struct run *r)
{
	size_t all = r->entry_count, unmarked = 0, unstamped = 0;
	const struct payload_plan *p;

	if (!all || !has_receivers(r))
		return;
	for (size_t i = 0; i < all; i++) {
		p = &r->entries[i].plan->payload;
		unmarked += p->header == HEADER_NONE;
		unstamped += p->header != HEADER_NONE && !payload_has_stamp(p);
	}
	say_gap(r->result->e2e_gap, unmarked, all, "a header (16 bytes)");
	if (unmarked < all)
		say_gap(r->result->raw_gap, unstamped, all - unmarked,
			"the time it left (size: 22 or more, at the front)");
}

int run_take_figures(struct run *r)
{
	struct result *res = r->result;
	uint64_t waited = 0;
	struct worker *w;

	res->account = (struct account){ 0 };
	if (hist_init(&res->floor) < 0)
		return -1;
	for (size_t i = 0; i < r->worker_count; i++) {
		w = &r->workers[i];
		account_add(&res->account, &w->account);
		for (enum timing t = 0; t < TIMING_COUNT; t++) {
			if (!result_timing(res, t))
				return -1;
			hist_merge(&res->timings[t], &w->timings[t]);
		}
		hist_merge(&res->floor, &w->floor);
		res->measured_sent += w->measured_sent;
		res->measured_delivered += w->measured_delivered;
		res->sent_in_time += w->sent_in_time;
		res->delivered_in_time += w->delivered_in_time;
		add_late(res, w);
		res->untracked += w->untracked;
		res->window = result_least(res->window, w->window);
		waited += w->waited;
		add_causes(res, w->causes);
		add_causes(res, w->crowded);
	}
	for (size_t i = 0; i < r->config->target_count; i++)
		if (r->config->targets[i].resolve_time)
			hist_record(&res->timings[TIMING_CONN_DNS],
				    r->config->targets[i].resolve_time);
	add_zeros(r);
	note_gaps(r);
	res->waited = res->measured_sent
			      ? (double)waited / (double)res->measured_sent
			      : 0;
	res->cpu = host_cpu_seconds(0);
	res->is_open = is_open(r);
	/* Beside what goes as fast as it can, nobody knows the sum. */
	res->asked = res->is_open ? asked_rate(r) : 0;
	return take_shares(r) < 0 ? -1 : take_threads(r);
}

/* Requests that nobody answered, though the broker took them. */
static uint64_t unanswered(const struct run *r)
{
	uint64_t asked = 0, answers = r->result->account.n[COUNT_ECHOED];
	const struct tally *t = r->result->tallies;

	for (size_t i = 0; i < r->entry_count; i++, t++)
		for (uint32_t k = 0;
		     r->entries[i].plan->reply && k < t->clients; k++)
			asked += t->sent[k] - t->unaccepted[k];
	return asked > answers ? asked - answers : 0;
}

/* Deliveries that never came: lost; of messages without acknowledgement (not
 * of refused ones: there the broker has said so); of what was never sent. */
void run_count_late(struct run *r)
{
	struct result *res = r->result;
	const uint64_t *n = res->account.n;
	double fan = n[COUNT_SENT] ? (double)(n[COUNT_EXPECTED] + r->excused) /
					     (double)n[COUNT_SENT]
				   : 0;
	uint64_t refused = 0, unsent = 0;

	for (size_t i = 0; i < r->worker_count; i++) {
		refused += r->workers[i].refused_fan;
		for (size_t qos = 0; qos < 3; qos++)
			unsent += r->workers[i].measured_unsent[qos];
	}
	res->late_deliveries = n[COUNT_LOST] +
			       (r->excused > refused ? r->excused - refused
						     : 0) +
			       (uint64_t)ceil((double)unsent * fan);
	res->late_echoes = unanswered(r);
}
