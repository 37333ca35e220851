/* SPDX-License-Identifier: MIT */
/*
 * Has all arrived that can? Asked every few ms once the sending is over, so
 * that a run ends when nothing more can come, and not a moment before: what is
 * cut off would be called lost.
 */
#include "bench/run_private.h"

#include <stdlib.h>

/* What one client has sent, and how much of it has been expected since. */
static void sum_sent(struct worker *w, const struct squad *s, uint32_t place)
{
	const struct actor *a = &s->actors[place];
	size_t entries = s->crew->group->publish_count, at = place * entries;
	const struct entry *e = s->crew->entries;
	static const struct sent_stream none;
	struct sent_stream sent;

	w->unsettled += a->in_flight;
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
	if (!is_first_member(a))
		return;
	if (a->receiver->was_away)
		w->away++;
	else
		w->present += a->receiver->unique;
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

/* What those who were away should still get of what was sent since. */
static void sum_missing(struct worker *w)
{
	const struct sent_stream *sent;
	const struct squad *s;
	uint64_t lost, first;
	uint32_t stream;

	w->missing = 0;
	for (size_t i = 0; i < w->run->crew_count; i++) {
		s = &w->squads[i];
		for (uint32_t k = 0, at = 0; k < s->share.count; k++, at = 0) {
			const struct receiver *rc = s->actors[k].receiver;

			if (!is_first_member(&s->actors[k]) || !rc->was_away)
				continue;
			while (track_next(&rc->track, &at, &stream)) {
				sent = &w->run->sent[stream];
				lost = sent->sent
					       ? track_lost(&rc->track, stream,
							    sent->sent, &first)
					       : 0;
				w->missing += lost > sent->unaccepted;
			}
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

bool run_has_all(struct run *r, bool is_quiet)
{
	uint64_t expected = 0, unique = 0;

	if (!r->fanout)
		return true;
	run_order(r, sum_up);
	if (SUM(r, unsettled))
		return false;
	if (r->config->shards > 1)
		return is_quiet;
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
