/* SPDX-License-Identifier: MIT */
#include "bench/actor.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

/* What the socket has not taken. Rare, so it costs a client nothing else. */
struct output {
	uint32_t count, cap;
	struct handed v[];
};

static struct worker *worker_of(const struct actor *a)
{
	return a->squad->worker;
}

static struct output *output_of(const struct actor *a)
{
	return a->squad->outputs ? a->squad->outputs[a->place] : NULL;
}

/* Who sends as fast as it goes is never late. */
static void record_wait(const struct handed *h, uint64_t ns)
{
	const struct actor *a = h->actor;

	if (!entry_is_closed(&a->squad->crew->entries[h->entry]))
		worker_record(worker_of(a), TIMING_LAG_SOCKET, h->intended, ns);
}

/* With room for one more; NULL without memory. */
static struct output *grow(const struct actor *a)
{
	struct squad *s = a->squad;
	struct output *o = output_of(a), *larger;
	uint32_t count = o ? o->count : 0;
	uint32_t cap = count ? 2 * count : 16;

	if (o && o->count < o->cap)
		return o;
	if (!s->outputs)
		s->outputs = calloc(s->share.count, sizeof(*s->outputs));
	if (!s->outputs)
		return NULL;
	larger = realloc(o, sizeof(*o) + cap * sizeof(o->v[0]));
	if (!larger)
		return NULL;
	larger->count = count;
	larger->cap = cap;
	s->outputs[a->place] = larger;
	return larger;
}

/* Without memory the message counts as having left. */
static void keep(const struct handed *h)
{
	struct output *o = grow(h->actor);

	if (o)
		o->v[o->count++] = *h;
	else
		record_wait(h, h->waited);
}

static void drop(const struct actor *a)
{
	if (output_of(a))
		free(STEAL(a->squad->outputs[a->place]));
}

void actor_note_handed_locked(const struct handed *h)
{
	struct handed_list *l = &worker_of(h->actor)->handed;
	size_t cap = l->cap ? 2 * l->cap : 64;
	struct handed *v;

	if (output_of(h->actor)) {
		keep(h);
		return;
	}
	if (l->count == l->cap) {
		v = reallocarray(l->v, cap, sizeof(*v));
		if (!v) {
			record_wait(h, h->waited);
			return;
		}
		l->v = v;
		l->cap = cap;
	}
	l->v[l->count++] = *h;
}

void worker_settle_handed(struct worker *w)
{
	for (size_t i = 0; i < w->handed.count; i++)
		if (w->handed.v[i].actor && w->handed.v[i].waited)
			record_wait(&w->handed.v[i], w->handed.v[i].waited);
	w->handed.count = 0;
}

/* From here on the broker has it: later than its tag says. */
static void correct_tag(const struct handed *h, uint64_t lag)
{
	struct message *m = h->actor->store->tail;

	while (m && m->seq > h->seq)
		m = m->prev;
	if (m && m->seq == h->seq)
		m->tag = actor_tag(h->entry, h->intended, lag);
}

/* How many of the messages have left: all those that no more bytes wait
 * behind than there are. What the session has not even encoded is at the
 * end. */
static uint32_t count_left(const struct actor *a)
{
	const struct output *o = output_of(a);
	size_t waiting = session_output_len(a->conn.session), behind = 0;
	struct session_stats st;
	uint32_t i = o->count;

	session_stats(a->conn.session, &st);
	for (; i > 0; i--) {
		if (o->v[i - 1].seq && st.queued)
			st.queued--;
		else if (waiting <= behind)
			break;
		else
			behind += o->v[i - 1].size;
	}
	return i;
}

static void keep_stuck(struct actor *a)
{
	struct handed_list *l = &worker_of(a)->handed;

	for (size_t i = 0; i < l->count; i++) {
		if (l->v[i].actor != a)
			continue;
		keep(&l->v[i]);
		l->v[i].actor = NULL;
	}
}

void actor_note_output_locked(struct actor *a)
{
	struct worker *w = worker_of(a);
	struct output *o;
	struct handed *v;
	uint64_t now;
	uint32_t left;

	if (session_output_len(a->conn.session))
		keep_stuck(a);
	o = output_of(a);
	if (!o)
		return;
	now = loop_refresh_now(w->loop);
	v = o->v;
	left = count_left(a);
	for (uint32_t i = 0; i < left; i++) {
		record_wait(&v[i], v[i].waited + now - v[i].at);
		if (v[i].seq)
			correct_tag(&v[i], now - w->run->epoch - v[i].intended);
	}
	o->count -= left;
	if (o->count)
		memmove(v, v + left, o->count * sizeof(*v));
	else
		drop(a);
}

void actor_forget_output(struct actor *a, uint64_t now)
{
	struct output *o = output_of(a);

	for (uint32_t i = 0; o && i < o->count; i++)
		record_wait(&o->v[i], o->v[i].waited + now - o->v[i].at);
	drop(a);
}
