/* SPDX-License-Identifier: MIT */
#include "bench/run_route.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/merge.h"
#include "mqtt/topic.h"

static int add_tally(struct run *r, const struct crew *c, size_t entry)
{
	const struct entry *e = &c->entries[entry];
	struct tally *t = &r->result->tallies[r->result->tally_count++];
	uint32_t n = c->group->clients;

	*t = (struct tally){
		.group = strdup(c->group->name),
		.first_stream = e->first_stream,
		.clients = n,
		.varies = !entry_is_tracked(e),
		.sent = calloc(n, sizeof(*t->sent)),
		.unaccepted = calloc(n, sizeof(*t->unaccepted)),
		.unique = calloc(n, sizeof(*t->unique)),
		.settled = calloc(n, sizeof(*t->settled)),
		.receivers = calloc(n, sizeof(*t->receivers)),
	};
	if (!t->group || !t->sent || !t->unaccepted || !t->unique ||
	    !t->settled || !t->receivers)
		return -1;
	for (uint32_t i = 0; i < n; i++) {
		for (size_t w = 0; w < r->worker_count; w++)
			t->unique[i] +=
				r->workers[w].unique[e->first_stream + i];
		if (r->fanout)
			t->receivers[i] = r->fanout[e->first_stream + i];
	}
	return 0;
}

static void fill_sent(struct run *r, const struct squad *s, size_t first)
{
	size_t entries = s->crew->group->publish_count, at;
	struct tally *t;
	uint32_t client;

	for (uint32_t k = 0; k < s->share.count; k++) {
		client = s->share.first + k * s->share.step;
		for (size_t n = 0; n < entries; n++) {
			t = &r->result->tallies[first + n];
			at = k * entries + n;
			t->sent[client] = s->sequences[at];
			if (s->unaccepted)
				t->unaccepted[client] = s->unaccepted[at];
		}
	}
}

static int make_tallies(struct run *r)
{
	struct result *res = r->result;
	size_t first;

	res->tallies = calloc(r->entry_count + 1, sizeof(*res->tallies));
	if (!res->tallies)
		return -1;
	for (size_t i = 0; i < r->crew_count; i++) {
		first = res->tally_count;
		for (size_t k = 0; k < r->crews[i].group->publish_count; k++)
			if (add_tally(r, &r->crews[i], k) < 0)
				return -1;
		for (size_t w = 0; w < r->worker_count; w++)
			fill_sent(r, &r->workers[w].squads[i], first);
	}
	return 0;
}

static void blame(struct run *r, const struct fan *f, const struct receiver *rc,
		  uint64_t lost, uint64_t sent)
{
	char text[RESULT_TEXT];
	const struct actor *to = rc->actor;

	snprintf(text, sizeof(text),
		 "%s %u%s from %s %u: %" PRIu64 " of %" PRIu64,
		 to->squad->crew->group->name, actor_client(to) + 1,
		 rc->share ? " (shared)" : "",
		 f->from->squad->crew->group->name, actor_client(f->from) + 1,
		 lost, sent);
	result_add_worst(r->result, text, lost);
}

/* One pair of publisher and receiver. Messages that the broker never
 * accepted may be missing without being lost. */
static void balance_pair(struct fan *f, struct receiver *rc)
{
	struct run *r = f->books;
	const struct tally *t = f->tally;
	uint32_t client = f->stream - t->first_stream;
	uint64_t sent = t->sent[client], excused = t->unaccepted[client];
	uint64_t missing, first, lost;

	missing = track_lost(&rc->of[fan_fate(f, rc)].track, f->stream, sent,
			     &first);
	lost = missing > excused ? missing - excused : 0;
	r->result->account.n[COUNT_EXPECTED] += sent - (missing - lost);
	r->result->account.n[COUNT_LOST] += lost;
	r->excused += missing - lost;
	if (lost)
		blame(r, f, rc, lost, sent);
}

/* The tally of a stream with fixed topics, or NULL. */
static struct tally *tally_of(const struct run *r, uint32_t stream)
{
	struct tally *t = r->result->tallies;

	for (size_t i = 0; i < r->result->tally_count; i++, t++)
		if (stream >= t->first_stream &&
		    stream - t->first_stream < t->clients)
			return t->varies ? NULL : t;
	return NULL;
}

/* Who was away is expected to have what it got, and the gaps in between. */
static void balance_away(struct run *r, struct reception *of)
{
	uint64_t *n = r->result->account.n, missing, open, first;
	uint32_t at = 0, stream, client;
	const struct tally *t;

	n[COUNT_EXPECTED] += of->unique;
	while (track_next(&of->track, &at, &stream)) {
		t = tally_of(r, stream);
		if (!t)
			continue;
		client = stream - t->first_stream;
		open = t->unaccepted[client];
		missing = track_lost(&of->track, stream, t->sent[client],
				     &first);
		n[COUNT_EXPECTED] += missing > open ? missing - open : 0;
		n[COUNT_LOST] += missing > open ? missing - open : 0;
	}
}

static int balance_fixed(struct run *r)
{
	struct fan f = { .run = r, .each = balance_pair, .books = r };
	struct tally *t = r->result->tallies;
	int result = 0;

	f.marks = calloc(r->receiver_count + 1, sizeof(*f.marks));
	if (!f.marks)
		return -1;
	for (size_t i = 0; i < r->crew_count; i++) {
		const struct crew *c = &r->crews[i];

		for (uint32_t k = 0; k < c->group->publish_count; k++, t++) {
			f.tally = t;
			for (uint32_t n = 0;
			     result == 0 && !t->varies && n < t->clients; n++)
				if (t->sent[n])
					result = fan_out(&f, c, k, n);
		}
	}
	free(f.marks);
	return result;
}

/* Are there messages of that fate for them, whose topics vary? */
static bool hides_varying(const struct run *r, const struct crew *c,
			  enum fate f)
{
	for (size_t i = 0; i < r->entry_count; i++)
		if (r->entries[i].varies &&
		    crew_fate(c, r->entries[i].plan->qos) == f)
			return true;
	return false;
}

/* What one client, of a squad's, receives that was away. */
static bool away_of(struct run *r, const struct squad *s, uint32_t k,
		    void (*each)(struct run *r, struct reception *of))
{
	struct receiver *rc = s->actors[k].receiver;
	bool any = false;

	if (!rc || rc->actor != &s->actors[k])
		return false;
	for (enum fate f = 0; f < FATES; f++) {
		if (!rc->of[f].was_away)
			continue;
		each(r, &rc->of[f]);
		any |= hides_varying(r, s->crew, f);
	}
	return any;
}

/* Every receiver that was away, once, the shared ones too. True when some of
 * them may have missed messages whose topics vary. */
static bool each_away(struct run *r,
		      void (*each)(struct run *r, struct reception *of))
{
	bool any = false;
	const struct squad *s;

	for (size_t w = 0; w < r->worker_count; w++) {
		for (size_t i = 0; i < r->crew_count; i++) {
			s = &r->workers[w].squads[i];
			for (uint32_t k = 0; k < s->share.count; k++)
				any |= away_of(r, s, k, each);
		}
	}
	return any;
}

/* ------------------------------------------------------------------ shards */

/* One shard knows what its receivers got, but not what they should have got:
 * for each stream it says how many of them there are, and what is settled. */
static void settle(struct tally *t, const struct reception *of, uint32_t stream)
{
	uint32_t client = stream - t->first_stream;
	uint64_t settled;

	if (!track_settled(&of->track, stream, &settled))
		return;
	t->receivers[client]++;
	t->settled[client] += settled;
}

static void settle_pair(struct fan *f, struct receiver *rc)
{
	settle(f->tally, &rc->of[fan_fate(f, rc)], f->stream);
}

static void settle_away(struct run *r, struct reception *of)
{
	uint32_t at = 0, stream;
	struct tally *t;

	while (track_next(&of->track, &at, &stream)) {
		t = tally_of(r, stream);
		if (t)
			settle(t, of, stream);
	}
}

static int settle_all(struct run *r)
{
	struct fan f = { .run = r, .each = settle_pair };
	struct result *res = r->result;
	int result = 0;

	for (size_t i = 0; i < res->tally_count; i++)
		memset(res->tallies[i].receivers, 0,
		       res->tallies[i].clients *
			       sizeof(*res->tallies[i].receivers));
	f.marks = calloc(r->receiver_count + 1, sizeof(*f.marks));
	if (!f.marks)
		return -1;
	if (r->route)
		result = fan_all(r, &f);
	(void)each_away(r, settle_away);
	free(f.marks);
	return result;
}

/* Only whether there are any is asked for. */
static void leave(struct run *r, struct reception *of)
{
	(void)r;
	(void)of;
}

/* ---------------------------------------------------------- all of the books
 */

/* The plan has everybody as the scenario wants it. */
static bool is_off_plan(const struct run *r)
{
	return r->config->shards > 1 &&
	       r->result->account.n[COUNT_SUB_REFUSED] > 0;
}

static bool is_any_no_local(const struct run *r)
{
	for (size_t i = 0; i < r->crew_count; i++)
		if (group_has_no_local(r->crews[i].group))
			return true;
	return false;
}

/* Why nobody knows who should have got messages whose topics vary. */
static const char *why_blind(const struct run *r, bool any_away)
{
	if (!r->varying)
		return NULL;
	if (any_away)
		return "clients were away";
	if (is_off_plan(r))
		return "subscriptions are not what the others expect";
	return is_any_no_local(r) ? "clients do not get their own messages"
				  : NULL;
}

static int balance_shard(struct run *r)
{
	struct result *res = r->result;

	snprintf(res->losses_unknown, sizeof(res->losses_unknown),
		 "only all shards together can tell what was lost");
	res->account.n[COUNT_EXPECTED] = res->account.n[COUNT_UNIQUE];
	return settle_all(r);
}

int run_balance(struct run *r, struct err *e)
{
	struct result *res = r->result;
	bool is_shard = r->config->shards > 1, any_away;
	const char *blind;

	if (make_tallies(r) < 0 || (is_shard   ? balance_shard(r)
				    : r->route ? balance_fixed(r)
					       : 0) < 0)
		return err_nomem(e);
	any_away = each_away(r, is_shard ? leave : balance_away);
	for (size_t i = 0; i < r->worker_count; i++)
		res->varying_expected += atomic_load(
			&r->workers[i].progress.expected);
	blind = why_blind(r, any_away);
	if (blind)
		snprintf(res->varying_blind, sizeof(res->varying_blind), "%s",
			 blind);
	if (!is_shard) {
		uint64_t unknown = res->account.n[COUNT_EXPECTED];

		result_judge_varying(res);
		unknown = res->account.n[COUNT_EXPECTED] - unknown;
		if (!blind && res->varying_expected > unknown)
			r->excused += res->varying_expected - unknown;
	}
	return 0;
}
