/* SPDX-License-Identifier: MIT */
#include "bench/receiver.h"

#include <stdlib.h>
#include <string.h>

#include "bench/run_private.h"

#define UNDER_WAY 16 /* messages of a publisher */

static struct receiver *find_shared(struct worker *w, const char *share)
{
	struct receiver *r = w->shares;

	while (r && strcmp(r->share, share) != 0)
		r = r->next;
	return r;
}

static int join_shared(struct actor *a)
{
	struct worker *w = a->squad->worker;
	const char *filter;

	buf_clear(&w->filter);
	if (actor_filter(a, 0, &w->filter) < 0 ||
	    !(filter = buf_cstr(&w->filter)))
		return -1;
	a->receiver = find_shared(w, filter);
	if (a->receiver)
		return 0;
	a->receiver = calloc(1, sizeof(*a->receiver));
	if (!a->receiver)
		return -1;
	a->receiver->actor = a;
	a->receiver->next = w->shares;
	w->shares = a->receiver;
	a->receiver->share = strdup(filter);
	return a->receiver->share ? 0 : -1;
}

int receiver_join(struct actor *a)
{
	if (a->squad->crew->is_shared)
		return join_shared(a);
	a->receiver = calloc(1, sizeof(*a->receiver));
	if (!a->receiver)
		return -1;
	a->receiver->actor = a;
	return 0;
}

void receiver_free(struct receiver *r)
{
	if (!r)
		return;
	for (enum fate f = 0; f < FATES; f++)
		track_release(&r->of[f].track);
	free(r->refused);
	free(r->share);
	free(r);
}

enum fate crew_fate(const struct crew *c, uint8_t qos)
{
	return qos && c->is_kept ? FATE_KEPT : FATE_DROPPED;
}

/* Of what nobody sends nothing is missed. */
static void forgive(struct receiver *r, enum fate f)
{
	if (!r->actor->squad->crew->hears[f])
		return;
	r->of[f].was_away = true;
	track_restart(&r->of[f].track);
}

void receiver_arrive(struct actor *a, uint64_t now)
{
	struct reception *of = a->receiver->of;

	for (enum fate f = 0; f < FATES; f++) {
		if (a->is_present & 1u << f)
			continue;
		a->is_present |= (uint8_t)(1u << f);
		if (of[f].present++ || !a->squad->worker->has_begun)
			continue;
		of[f].back = now;
		forgive(a->receiver, f);
	}
}

/* The last one has gone. What members of a share group had not got yet can be
 * older than what others had. */
static void forsake(struct receiver *r, enum fate f)
{
	if (r->share)
		track_excuse_last(&r->of[f].track, UNDER_WAY);
	forgive(r, f);
}

void receiver_begin(struct receiver *r)
{
	for (enum fate f = 0; f < FATES; f++)
		if (!r->of[f].present)
			forgive(r, f);
}

/* What one member of a share group does not get another one does, if there
 * is one. */
void receiver_depart(struct actor *a, enum fate f)
{
	for (;; f--) {
		if (a->is_present & 1u << f) {
			a->is_present &= (uint8_t) ~(1u << f);
			if (--a->receiver->of[f].present == 0 &&
			    a->squad->worker->has_begun)
				forsake(a->receiver, f);
		}
		if (f == 0)
			return;
	}
}

void receiver_ask_anew(struct receiver *r)
{
	free(STEAL(r->refused));
}

/* Without memory to note it nothing is expected. */
void receiver_refuse(struct receiver *r, size_t filter)
{
	size_t n = r->actor->squad->crew->group->subscribe_count;

	if (!r->refused)
		r->refused = calloc(n / 8 + 1, 1);
	if (r->refused) {
		r->refused[filter / 8] |= (uint8_t)(1u << filter % 8);
		return;
	}
	for (enum fate f = 0; f < FATES; f++)
		forgive(r, f);
}

bool receiver_is_refused(const struct receiver *r, size_t filter)
{
	return r->refused && r->refused[filter / 8] & 1u << filter % 8;
}
