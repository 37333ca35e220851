/* SPDX-License-Identifier: MIT */
#include "bench/run_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/merge.h"
#include "mqtt/topic.h"

/* ----------------------------------------------------------------- routes */

static size_t count_receivers(const struct run *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->worker_count; i++)
		for (size_t k = 0; k < r->crew_count; k++)
			n += r->workers[i].squads[k].share.count;
	return n;
}

static int add_receiver(struct run *r, struct actor *a, struct buf *text)
{
	uint32_t number = (uint32_t)r->receiver_count;
	struct bytes filter, share;

	r->receivers[r->receiver_count++] = a->receiver;
	for (size_t i = 0; i < a->squad->crew->group->subscribe_count; i++) {
		if (receiver_is_refused(a->receiver, i))
			continue;
		buf_clear(text);
		if (actor_filter(a, i, text) < 0)
			return -1;
		filter = buf_view(text);
		(void)topic_is_shared(filter, &share, &filter);
		if (route_add(r->route, filter, number) < 0)
			return -1;
	}
	return 0;
}

/* Only who was there from the begin can be expected to get everything. */
static int add_squad(struct run *r, struct squad *s, struct buf *text)
{
	struct actor *a;

	for (uint32_t i = 0; i < s->share.count; i++) {
		a = &s->actors[i];
		if (!a->receiver || a->receiver->actor != a)
			continue;
		if (!a->was_ready)
			a->receiver->was_away = true;
		else if (add_receiver(r, a, text) < 0)
			return -1;
	}
	return 0;
}

/* An order: only the worker knows who is ready while the others connect. */
static void add_receivers(struct worker *w)
{
	struct run *r = w->run;
	struct buf text = { 0 };

	mutex_lock(&r->lock);
	for (size_t i = 0; i < r->crew_count; i++)
		if (add_squad(r, &w->squads[i], &text) < 0)
			r->route_failed = true;
	mutex_unlock(&r->lock);
	buf_release(&text);
}

/* Overlapping filters of one receiver may bring a message twice or once
 * [MQTT-3.3.4-2]: it counts as one. */
struct fan {
	const struct run *run;
	uint32_t *marks; /* by receiver: the stream that marked it last */
	uint32_t stream;
	uint32_t count;
	void (*each)(struct fan *f, struct receiver *rc);
	const struct actor *from; /* the publisher */
	struct bytes topic;
	struct run *books;   /* balance_pair: where it is counted, */
	struct tally *tally; /* and what was sent */
};

/* [MQTT-3.8.3-3] Its own messages come by the filters without No Local. */
static bool hears_itself(const struct actor *a, struct bytes topic)
{
	const struct group *g = a->squad->crew->group;
	struct buf filter = { 0 };
	bool hears = false;

	for (size_t i = 0; !hears && i < g->subscribe_count; i++) {
		if (g->subscribe[i].options & MQTT_SUB_NO_LOCAL)
			continue;
		buf_clear(&filter);
		hears = actor_filter(a, i, &filter) == 0 &&
			topic_matches(buf_view(&filter), topic);
	}
	buf_release(&filter);
	return hears;
}

static bool has_no_local(const struct group *g)
{
	for (size_t i = 0; i < g->subscribe_count; i++)
		if (g->subscribe[i].options & MQTT_SUB_NO_LOCAL)
			return true;
	return false;
}

static bool is_left_out(const struct fan *f, const struct receiver *rc)
{
	const struct actor *a = rc->actor;

	return a->squad->crew == f->from->squad->crew &&
	       actor_client(a) == actor_client(f->from) &&
	       has_no_local(a->squad->crew->group) &&
	       !hears_itself(a, f->topic);
}

static void fan_found(void *ctx, uint32_t receiver)
{
	struct fan *f = ctx;
	struct receiver *rc = f->run->receivers[receiver];

	if (f->marks[receiver] == f->stream + 1 || rc->was_away ||
	    is_left_out(f, rc))
		return;
	f->marks[receiver] = f->stream + 1;
	f->count++;
	if (f->each)
		f->each(f, rc);
}

/* Calls f->each for all receivers of a stream's topic. */
static int fan_out(struct fan *f, const struct crew *c, uint32_t entry,
		   uint32_t client)
{
	struct squad squad = { .crew = (struct crew *)(uintptr_t)c,
			       .share = { client, 1, 1 } };
	const struct actor from = { .squad = &squad };
	struct buf topic = { 0 };
	int r;

	f->stream = c->entries[entry].first_stream + client;
	/* cppcheck-suppress autoVariables; only fan_found() looks at it */
	f->from = &from;
	f->count = 0;
	r = actor_topic(&from, entry, 0, &topic);
	f->topic = buf_view(&topic);
	if (r == 0)
		(void)route_match(f->run->route, f->topic, fan_found, f);
	f->from = NULL;
	buf_release(&topic);
	return r;
}

/* Calls f->each for all receivers of all fixed topics. */
static int fan_all(struct run *r, struct fan *f)
{
	struct tally *t = r->result->tallies;
	const struct crew *c;

	for (size_t i = 0; i < r->crew_count; i++) {
		c = &r->crews[i];
		for (uint32_t k = 0; k < c->group->publish_count; k++) {
			f->tally = t ? t++ : NULL;
			for (uint32_t n = 0; entry_is_tracked(&c->entries[k]) &&
					     n < c->group->clients;
			     n++) {
				if (fan_out(f, c, k, n) < 0)
					return -1;
				r->fanout[f->stream] = f->count;
			}
		}
	}
	return 0;
}

int run_count_fanout(struct run *r)
{
	struct fan f = { .run = r };
	int result = -1;

	f.marks = calloc(r->receiver_count + 1, sizeof(*f.marks));
	if (f.marks)
		result = fan_all(r, &f);
	free(f.marks);
	return result;
}

/* ---------------------------------------------------------- varying topics */

static bool is_varying(const struct run *r)
{
	for (size_t i = 0; i < r->entry_count; i++)
		if (r->entries[i].varies &&
		    r->entries[i].plan->payload.header != HEADER_NONE)
			return true;
	return false;
}

/* The receivers of a crew in all shards, as they are meant to be. Members of
 * a share group are one. */
static int plan_crew(struct run *r, const struct crew *c, uint32_t *number)
{
	const struct group *g = c->group;
	struct buf text = { 0 };
	struct bytes filter, share;
	int result = 0;

	for (uint32_t k = 0; result == 0 && k < g->clients; k++, ++*number) {
		for (size_t i = 0; result == 0 && i < g->subscribe_count; i++) {
			buf_clear(&text);
			result = group_render(g, k, g->subscribe[i].filter,
					      &text);
			filter = buf_view(&text);
			(void)topic_is_shared(filter, &share, &filter);
			if (result == 0)
				result = route_add(r->planned, filter, *number);
		}
		if (c->is_shared)
			break;
	}
	buf_release(&text);
	return result;
}

/* A message may go to any shard: each looks up all receivers. Whether these
 * are there is said by the shard that has them (see why_blind()). */
static int plan_route(struct run *r)
{
	uint32_t number = 0;

	r->planned = route_new();
	if (!r->planned)
		return -1;
	r->varying = r->planned;
	for (size_t i = 0; i < r->crew_count; i++)
		if (plan_crew(r, &r->crews[i], &number) < 0)
			return -1;
	return 0;
}

int run_build_route(struct run *r, struct err *e)
{
	size_t n = count_receivers(r);
	int result = -1;

	r->route = route_new();
	r->receivers = calloc(n + 1, sizeof(struct receiver *));
	r->fanout = calloc(r->stream_count + 1, sizeof(*r->fanout));
	if (r->route && r->receivers && r->fanout) {
		run_order(r, add_receivers);
		result = r->route_failed ? -1 : run_count_fanout(r);
	}
	if (result == 0 && is_varying(r)) {
		r->varying = r->route;
		if (r->config->shards > 1)
			result = plan_route(r);
	}
	return result < 0 ? err_nomem(e) : 0;
}

/* ------------------------------------------------------------- at the end */

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

	missing = track_lost(&rc->track, f->stream, sent, &first);
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
static void balance_away(struct run *r, struct receiver *rc)
{
	uint64_t *n = r->result->account.n, missing, open, first;
	uint32_t at = 0, stream, client;
	const struct tally *t;

	n[COUNT_EXPECTED] += rc->unique;
	while (track_next(&rc->track, &at, &stream)) {
		t = tally_of(r, stream);
		if (!t)
			continue;
		client = stream - t->first_stream;
		open = t->unaccepted[client];
		missing = track_lost(&rc->track, stream, t->sent[client],
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

/* Every receiver that was away, once, the shared ones too. */
static bool each_away(struct run *r,
		      void (*each)(struct run *r, struct receiver *rc))
{
	bool any = false;
	struct squad *s;
	struct receiver *rc;

	for (size_t w = 0; w < r->worker_count; w++) {
		for (size_t i = 0; i < r->crew_count; i++) {
			s = &r->workers[w].squads[i];
			for (uint32_t k = 0; k < s->share.count; k++) {
				rc = s->actors[k].receiver;
				if (!rc || rc->actor != &s->actors[k] ||
				    !rc->was_away)
					continue;
				each(r, rc);
				any = true;
			}
		}
	}
	return any;
}

/* ------------------------------------------------------------------ shards */

/* One shard knows what its receivers got, but not what they should have got:
 * for each stream it says how many of them there are, and what is settled. */
static void settle(struct tally *t, const struct receiver *rc, uint32_t stream)
{
	uint32_t client = stream - t->first_stream;
	uint64_t settled;

	if (!track_settled(&rc->track, stream, &settled))
		return;
	t->receivers[client]++;
	t->settled[client] += settled;
}

static void settle_pair(struct fan *f, struct receiver *rc)
{
	settle(f->tally, rc, f->stream);
}

static void settle_away(struct run *r, struct receiver *rc)
{
	uint32_t at = 0, stream;
	struct tally *t;

	while (track_next(&rc->track, &at, &stream)) {
		t = tally_of(r, stream);
		if (t)
			settle(t, rc, stream);
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
static void leave(struct run *r, struct receiver *rc)
{
	(void)r;
	(void)rc;
}

/* ---------------------------------------------------------- all of the books
 */

/* The plan has each share group once, by the filter of its first member. */
static bool is_off_plan(const struct run *r)
{
	const struct crew *c = r->crews;

	if (r->config->shards == 1)
		return false;
	for (size_t i = 0; i < r->crew_count; i++, c++)
		if (c->is_shared &&
		    template_uses(c->group->subscribe[0].filter) &
			    ~(unsigned)TEMPLATE_GROUP)
			return true;
	return r->result->account.n[COUNT_SUB_REFUSED] > 0;
}

static bool is_any_no_local(const struct run *r)
{
	for (size_t i = 0; i < r->crew_count; i++)
		if (has_no_local(r->crews[i].group))
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
