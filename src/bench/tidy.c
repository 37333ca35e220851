/* SPDX-License-Identifier: MIT */
#include "bench/actor.h"

#define HELPING 128 /* messages before the loop looks at its sockets */

/* ------------------------------------------------------- retained messages */

/* How many messages a client may have left under topics of an entry; the
 * will's is one. */
static uint64_t left_by(const struct squad *s, uint32_t place, size_t entry)
{
	const struct group *g = s->crew->group;
	const struct actor *a = &s->actors[place];
	uint64_t sent;

	if (entry == g->publish_count)
		return g->will.topic && g->will.retain &&
		       (a->was_up || a->may_be_known);
	if (!g->publish[entry].retain)
		return 0;
	sent = s->sequences[place * g->publish_count + entry];
	return s->crew->entries[entry].varies ? sent : sent > 0;
}

/* Moves on to the next message that may be there; false at the end. */
static bool find_next(struct worker *w)
{
	struct tidy *t = &w->tidy;
	const struct squad *s;

	for (; t->crew < w->run->crew_count; t->crew++, t->entry = 0) {
		s = &w->squads[t->crew];
		for (; t->entry <= s->crew->group->publish_count; t->entry++) {
			for (; t->place < s->share.count; t->place++) {
				if (t->number < left_by(s, t->place, t->entry))
					return true;
				t->number = 0;
			}
			t->place = 0;
		}
	}
	return false;
}

/* Who it came from, or anybody who is connected. */
static struct actor *find_sender(struct worker *w)
{
	struct squad *s = &w->squads[w->tidy.crew];
	struct actor *a = &s->actors[w->tidy.place];

	if (a->state == ACTOR_READY)
		return a;
	for (size_t i = 0; i < w->run->crew_count; i++) {
		s = &w->squads[i];
		for (uint32_t k = 0; k < s->share.count; k++)
			if (s->actors[k].state == ACTOR_READY)
				return &s->actors[k];
	}
	return NULL;
}

static int render_topic(struct worker *w)
{
	const struct tidy *t = &w->tidy;
	const struct squad *s = &w->squads[t->crew];
	const struct actor *from = &s->actors[t->place];
	const struct group *g = s->crew->group;

	buf_clear(&w->topic);
	if (t->entry == g->publish_count)
		return group_render(g, actor_client(from), g->will.topic,
				    &w->topic);
	return actor_topic(from, (uint32_t)t->entry, t->number, &w->topic);
}

/* [MQTT-3.3.1-6] an empty one takes the place of what was retained. Of QoS 0,
 * so that no window stops it; DISCONNECT comes behind it on the same
 * connection. False when the connection has to be waited for. */
static bool remove_one(struct worker *w, struct actor *a)
{
	struct publish p = { .retain = true };
	uint64_t seq;

	if (render_topic(w) < 0)
		return true;
	p.topic = buf_view(&w->topic);
	mutex_lock(a->conn.lock);
	(void)session_publish(a->conn.session, &p, RESPONSE_TAG,
			      loop_now(w->loop), &seq);
	if (a->conn.wants_write ||
	    session_output_len(a->conn.session) >= CONN_OUTPUT_HIGH)
		a->is_blocked = true;
	mutex_unlock(a->conn.lock);
	worker_touch(w, a);
	return !a->is_blocked;
}

/* Nobody is connected: who has left the message comes back, once. False when
 * that is no use. */
static bool await_sender(struct worker *w)
{
	struct tidy *t = &w->tidy;
	struct actor *a = &w->squads[t->crew].actors[t->place];

	if (!t->helper && (a->state == ACTOR_IDLE || a->state == ACTOR_GONE)) {
		t->helper = a;
		if (a->attempt)
			loop_stop_timer(w->loop, &a->attempt->timer);
		worker_reconnect(w, a, loop_now(w->loop));
		return true;
	}
	return t->helper && (t->helper->state == ACTOR_CONNECTING ||
			     t->helper->state == ACTOR_SUBSCRIBING);
}

void tidy_go_on(struct worker *w)
{
	struct actor *a = NULL;
	int helping = HELPING;
	bool waits = false;

	w->tidy.is_going = find_next(w);
	while (w->tidy.is_going && helping-- > 0) {
		a = find_sender(w);
		waits = !a && await_sender(w);
		if (!a || a->is_blocked)
			break;
		if (!remove_one(w, a))
			helping = 0;
		w->tidy.number++;
		w->tidy.is_going = find_next(w);
	}
	worker_flush(w);
	if (waits)
		return;
	if (!a || !w->tidy.is_going) {
		w->tidy.is_going = false;
		atomic_store(&w->progress.is_tidy, true);
	} else if (!a->is_blocked) {
		worker_feed(w, a);
	}
}

/* From where it stands. */
static uint64_t retained_rest(struct worker *w)
{
	uint64_t n = 0;

	for (struct tidy *t = &w->tidy; find_next(w); t->number = 0) {
		n += left_by(&w->squads[t->crew], t->place, t->entry) -
		     t->number;
		t->place++;
	}
	return n;
}

void tidy_count_rest(struct worker *w)
{
	const struct squad *s;
	uint64_t sessions = 0;

	for (size_t i = 0; i < w->run->crew_count; i++) {
		s = &w->squads[i];
		for (uint32_t k = 0; k < s->share.count; k++)
			sessions += s->actors[k].has_session;
	}
	w->account.n[COUNT_LEFT_SESSIONS] = sessions;
	w->account.n[COUNT_LEFT_RETAINED] = retained_rest(w);
}

void worker_remove_retained(struct worker *w)
{
	tidy_go_on(w);
}

/* ---------------------------------------------------------------- sessions */

void worker_end_sessions(struct worker *w)
{
	struct squad *s;
	struct actor *a;

	for (size_t i = 0; i < w->run->crew_count; i++) {
		s = &w->squads[i];
		for (uint32_t k = 0; k < s->share.count; k++) {
			a = &s->actors[k];
			if (!a->has_session || a->state != ACTOR_GONE)
				continue;
			a->is_cleaner = true;
			worker_reconnect(w, a, loop_now(w->loop));
		}
	}
}
