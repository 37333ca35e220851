/* SPDX-License-Identifier: MIT */
/*
 * Has all arrived that can? Asked every few ms once the sending is over, so
 * that a run ends when nothing more can come, and not a moment before: what is
 * cut off would be called lost.
 *
 * A shard knows what its own clients have sent. Where its receivers get what
 * others send, silence proves nothing: the broker may be about to go on. On
 * one machine the shards tell each other through struct run_common: first what
 * was sent, when nothing of it is under way any more; then, when all have said
 * that, how many deliveries it makes here; and on and on how many have come.
 * Between machines nobody tells, and the drain takes the time that it may.
 */
#include "bench/actor.h"

#include <stdlib.h>

struct run_common {
	atomic_uint settled, counted; /* shards that are so far */
	atomic_bool is_blind; /* somebody was away: nobody knows how many
			       * deliveries there should be */
	atomic_uint_fast64_t expected, unique; /* of all receivers */
	struct sent_stream sent[];             /* by stream */
};

size_t run_common_size(const struct scenario *s)
{
	size_t streams = 1;

	for (size_t i = 0; i < s->group_count; i++)
		streams += s->groups[i].publish_count * s->groups[i].clients;
	return sizeof(struct run_common) + streams * sizeof(struct sent_stream);
}

/* What one client has sent, and how much of it has been expected since. */
static void sum_sent(struct worker *w, const struct squad *s, uint32_t place)
{
	const struct actor *a = &s->actors[place];
	size_t entries = s->crew->group->publish_count, at = place * entries;
	const struct entry *e = s->crew->entries;
	static const struct sent_stream none;
	struct sent_stream sent;

	w->unsettled += a->in_flight + actor_is_asking(a);
	if (a->backlog)
		w->unsettled += a->backlog->count;
	for (size_t i = 0; i < entries; i++, e++, at++) {
		uint32_t stream = e->first_stream + actor_client(a);

		sent = (struct sent_stream){ s->sequences[at], 0 };
		if (s->unaccepted)
			sent.unaccepted = s->unaccepted[at];
		w->expected += (sent.sent - sent.unaccepted) *
			       w->run->fanout[stream];
		if (e->plan->reply)
			w->unsettled += sent.sent - sent.unaccepted;
		if (w->run->sent)
			w->run->sent[stream] = e->varies ? none : sent;
	}
}

static bool is_first_member(const struct actor *a)
{
	return a->receiver && a->receiver->actor == a;
}

static void sum_received(struct worker *w, const struct actor *a)
{
	for (enum fate f = 0; is_first_member(a) && f < FATES; f++) {
		if (a->receiver->of[f].was_away)
			w->away++;
		else
			w->present += a->receiver->of[f].unique;
	}
}

/* Answers come to who asked, hence on the same worker. */
static void sum_up(struct worker *w)
{
	const struct squad *s;

	w->expected = w->present = w->away = 0;
	w->unsettled = w->due.count;
	for (size_t i = 0; i < w->run->crew_count; i++) {
		s = &w->squads[i];
		for (uint32_t k = 0; k < s->share.count; k++) {
			sum_sent(w, s, k);
			sum_received(w, &s->actors[k]);
		}
	}
	w->unsettled -= w->account.n[COUNT_ECHOED];
}

static uint64_t count_missing(const struct run *r, const struct reception *of)
{
	const struct sent_stream *sent;
	uint64_t lost, first, n = 0;
	uint32_t at = 0, stream;

	while (track_next(&of->track, &at, &stream)) {
		sent = &r->sent[stream];
		lost = sent->sent ? track_lost(&of->track, stream, sent->sent,
					       &first)
				  : 0;
		n += lost > sent->unaccepted;
	}
	return n;
}

/* What those who were away should still get of what was sent since. */
static void sum_missing(struct worker *w)
{
	const struct squad *s;
	const struct receiver *rc;

	w->missing = 0;
	for (size_t i = 0; i < w->run->crew_count; i++) {
		s = &w->squads[i];
		for (uint32_t k = 0; k < s->share.count; k++) {
			rc = s->actors[k].receiver;
			for (enum fate f = 0;
			     is_first_member(&s->actors[k]) && f < FATES; f++)
				if (rc->of[f].was_away)
					w->missing += count_missing(w->run,
								    &rc->of[f]);
		}
	}
}

static uint64_t sum_of(const struct run *r, size_t offset)
{
	uint64_t n = 0;

	for (size_t i = 0; i < r->worker_count; i++)
		n += *(const uint64_t *)(const void *)((const char *)&r
							       ->workers[i] +
						       offset);
	return n;
}

#define SUM(run, member) sum_of(run, offsetof(struct worker, member))

/* Somebody went away or came back while it drains: who is left is counted
 * anew. Without memory the drain takes the time that it may. */
static bool has_changed(struct run *r)
{
	uint64_t away = SUM(r, away);

	if (away == r->away)
		return false;
	if (!r->sent)
		r->sent = calloc(r->stream_count + 1, sizeof(*r->sent));
	if (r->sent && run_count_fanout(r) == 0)
		r->away = away;
	return true;
}

/* ---------------------------------------------------------------- others */

static bool is_ours(const struct crew *c, uint32_t client)
{
	const struct share *s = &c->share;

	return s->count && client >= s->first &&
	       (client - s->first) % s->step == 0 &&
	       (client - s->first) / s->step < s->count;
}

/* Do receivers here get messages of other shards, whose topics do not vary?
 * Who is not there yet may get anything. */
static bool needs_others(const struct run *r, bool is_any_late)
{
	const struct crew *c;
	const struct entry *e;

	for (size_t i = 0; i < r->crew_count; i++) {
		c = &r->crews[i];
		for (size_t k = 0; k < c->group->publish_count; k++) {
			e = &c->entries[k];
			for (uint32_t n = 0;
			     entry_is_tracked(e) && n < c->group->clients; n++)
				if (!is_ours(c, n) &&
				    (is_any_late ||
				     r->fanout[e->first_stream + n]))
					return true;
		}
	}
	return false;
}

void run_note_others(struct run *r)
{
	if (r->config->shards < 2)
		return;
	run_order(r, sum_up);
	r->needs_others = needs_others(r, SUM(r, away) > 0);
	if (r->config->common)
		r->sent = r->config->common->sent;
}

/* Deliveries to the receivers here that the messages of all shards make. */
static uint64_t count_expected(const struct run *r)
{
	const struct sent_stream *sent = r->config->common->sent;
	uint64_t n = 0;

	if (!r->needs_others)
		return SUM(r, expected);
	for (uint32_t i = 0; i < r->stream_count; i++)
		n += (sent[i].sent - sent[i].unaccepted) * r->fanout[i];
	return n;
}

static void tell_unique(struct run *r)
{
	uint64_t unique = RUN_SUM(r, unique);

	atomic_fetch_add(&r->config->common->unique, unique - r->told);
	r->told = unique;
}

/* Nothing of what was sent here is under way any more. */
static void tell_others(struct run *r)
{
	struct run_common *c = r->config->common;

	if (SUM(r, away))
		atomic_store(&c->is_blind, true);
	tell_unique(r);
	if (!r->has_settled) {
		atomic_fetch_add(&c->expected, RUN_SUM(r, expected));
		atomic_fetch_add(&c->settled, 1);
		r->has_settled = true;
	}
	if (r->has_counted ||
	    (r->needs_others && atomic_load(&c->settled) < r->config->shards))
		return;
	atomic_fetch_add(&c->expected, count_expected(r));
	atomic_fetch_add(&c->counted, 1);
	r->has_counted = true;
}

/* Where topics vary and somebody was away, what was lost will not be known
 * anyhow: there is nothing to wait for. */
static bool have_all(const struct run *r, bool is_quiet)
{
	struct run_common *c = r->config->common;

	if (!c)
		return false;
	if (atomic_load(&c->is_blind))
		return is_quiet && !r->needs_others;
	return atomic_load(&c->counted) == r->config->shards &&
	       atomic_load(&c->unique) >= atomic_load(&c->expected);
}

static bool has_all(struct run *r, bool is_quiet)
{
	uint64_t expected = 0, unique = 0;

	if (!r->fanout)
		return true;
	run_order(r, sum_up);
	if (SUM(r, unsettled))
		return false;
	if (r->config->common)
		tell_others(r);
	if (r->config->shards > 1 && (r->needs_others || r->varying))
		return have_all(r, is_quiet);
	if (SUM(r, away) == 0 && r->away == 0) {
		for (size_t i = 0; i < r->worker_count; i++) {
			expected += atomic_load(
				&r->workers[i].progress.expected);
			unique += atomic_load(&r->workers[i].progress.unique);
		}
		return unique >= expected + SUM(r, expected);
	}
	/* A message may be on its way to somebody who is just back, and of whom
	 * nothing is known yet. */
	if (!is_quiet || has_changed(r) || SUM(r, present) < SUM(r, expected))
		return false;
	run_order(r, sum_missing);
	return SUM(r, missing) == 0;
}

bool run_has_all(struct run *r, bool is_quiet)
{
	bool result = has_all(r, is_quiet);

	/* What came between the last word and the decision. */
	if (result && r->config->common)
		tell_unique(r);
	return result;
}
