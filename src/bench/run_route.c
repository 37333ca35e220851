/* SPDX-License-Identifier: MIT */
#include "bench/run_route.h"

#include <stdlib.h>

#include "bench/actor.h"
#include "bench/run_share.h"
#include "mqtt/topic.h"

/* -------------------------------------------------------------- receivers */

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
		for (enum fate f = 0; f < FATES; f++)
			if (!a->receiver->of[f].present && s->crew->hears[f])
				a->receiver->of[f].was_away = true;
		if (a->receiver->of[FATE_KEPT].present &&
		    add_receiver(r, a, text) < 0)
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

/* ------------------------------------------------------------ fixed topics */

/* [MQTT-3.8.3-3] Its own messages come by the filters without No Local. */
static bool hears_itself(const struct receiver *rc, struct bytes topic)
{
	const struct actor *a = rc->actor;
	const struct group *g = a->squad->crew->group;
	struct buf filter = { 0 };
	bool hears = false;

	for (size_t i = 0; !hears && i < g->subscribe_count; i++) {
		if (g->subscribe[i].options & MQTT_SUB_NO_LOCAL ||
		    receiver_is_refused(rc, i))
			continue;
		buf_clear(&filter);
		hears = actor_filter(a, i, &filter) == 0 &&
			topic_matches(buf_view(&filter), topic);
	}
	buf_release(&filter);
	return hears;
}

bool group_has_no_local(const struct group *g)
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
	       group_has_no_local(a->squad->crew->group) &&
	       !hears_itself(rc, f->topic);
}

enum fate fan_fate(const struct fan *f, const struct receiver *rc)
{
	return crew_fate(rc->actor->squad->crew, f->qos);
}

static void fan_found(void *ctx, uint32_t receiver)
{
	struct fan *f = ctx;
	struct receiver *rc = f->run->receivers[receiver];

	if (f->marks[receiver] == f->stream + 1 ||
	    rc->of[fan_fate(f, rc)].was_away || is_left_out(f, rc))
		return;
	f->marks[receiver] = f->stream + 1;
	f->count++;
	if (f->each)
		f->each(f, rc);
}

int fan_out(struct fan *f, const struct crew *c, uint32_t entry,
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
	f->qos = c->entries[entry].plan->qos;
	f->count = 0;
	r = actor_topic(&from, entry, 0, &topic);
	f->topic = buf_view(&topic);
	if (r == 0)
		(void)route_match(f->run->route, f->topic, fan_found, f);
	f->from = NULL;
	buf_release(&topic);
	return r;
}

int fan_all(struct run *r, struct fan *f)
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

static int plan_filter(struct run *r, const struct group *g, uint32_t client,
		       size_t filter, uint32_t number)
{
	struct buf text = { 0 };
	struct bytes topics, share;
	int result = group_render(g, client, g->subscribe[filter].filter,
				  &text);

	topics = buf_view(&text);
	(void)topic_is_shared(topics, &share, &topics);
	if (result == 0)
		result = route_add(r->planned, topics, number);
	buf_release(&text);
	return result;
}

/* The receivers of a crew in all shards, as they are meant to be. */
static int plan_crew(struct run *r, const struct crew *c, uint32_t *number)
{
	const struct group *g = c->group;
	int result = 0;

	for (uint32_t k = 0; result == 0 && k < g->clients; k++, ++*number)
		for (size_t i = 0; result == 0 && i < g->subscribe_count; i++)
			result = plan_filter(r, g, k, i, *number);
	return result;
}

/* Members of a share group are one, whatever crews they are of. */
static int plan_shares(struct run *r, uint32_t *number)
{
	struct membership *m;
	size_t n;
	int result = 0;

	if (run_list_memberships(r, &m, &n) < 0)
		return -1;
	for (size_t i = 0; result == 0 && i < n; i++)
		if (i == 0 || m[i - 1].share != m[i].share)
			result = plan_filter(r, r->crews[m[i].crew].group,
					     m[i].client, 0, (*number)++);
	free(m);
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
		if (!r->crews[i].is_shared &&
		    plan_crew(r, &r->crews[i], &number) < 0)
			return -1;
	return plan_shares(r, &number);
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
