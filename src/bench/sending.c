/* SPDX-License-Identifier: MIT */
#include "bench/actor.h"

#include "base/clock.h"
#include "base/prefetch.h"

#define SEND_BATCH 128 /* messages before the loop looks at its sockets */
#define AHEAD 2        /* messages, for memory that is asked for */
#define SKIPPING_MAX (5 * CLOCK_SEC)

/* Moves a source on to its next message, or takes it out. Is it at its end?
 * Who calls says so when its last message has been sent. */
static bool advance(struct worker *w, struct source *s)
{
	const struct run *r = w->run;
	uint64_t at;

	if (!schedule_next(&s->schedule, &at, &s->client)) {
		heap_remove(&w->due, &s->node);
		return true;
	}
	if (r->send_begin + at >= r->send_end) {
		heap_remove(&w->due, &s->node);
		return false;
	}
	s->intended = r->send_begin + at - r->epoch;
	if (heap_has(&s->node))
		heap_update(&w->due, &s->node, r->send_begin + at);
	else if (heap_insert(&w->due, &s->node, r->send_begin + at) < 0)
		w->untracked++;
	return false;
}

static void say_ended(struct worker *w, size_t sources)
{
	if (sources)
		atomic_fetch_sub(&w->progress.sources, sources);
}

static struct actor *actor_of(struct squad *s, uint32_t client)
{
	return &s->actors[(client - s->share.first) / s->share.step];
}

/* Never at once, even when late: the loop has to look at its sockets and at
 * what it is told in between. */
static void arm_sending(struct worker *w)
{
	struct heap_node *first = heap_first(&w->due);
	uint64_t soonest = loop_now(w->loop) + 1;

	if (!first)
		loop_stop_timer(w->loop, &w->send_timer);
	else
		(void)loop_set_timer(w->loop, &w->send_timer,
				     first->deadline > soonest ? first->deadline
							       : soonest);
}

struct due_message {
	struct actor *actor;
	uint64_t intended;
	uint32_t entry;
};

/* Takes a batch of what is due off the schedule. Most of it is for clients
 * that have not been looked at for long, so their memory is asked for. */
static size_t take_due(struct worker *w, uint64_t now,
		       struct due_message ret_due[SEND_BATCH],
		       size_t *ret_ended)
{
	struct heap_node *n;
	struct source *s;
	struct actor *a;
	size_t count = 0;

	*ret_ended = 0;
	for (; count < SEND_BATCH; count++) {
		n = heap_first(&w->due);
		if (!n || (n->deadline > now &&
			   n->deadline > (now = loop_refresh_now(w->loop))))
			break;
		s = CONTAINER_OF(n, struct source, node);
		a = actor_of(s->squad, s->client);
		prefetch(a, sizeof(*a));
		ret_due[count] = (struct due_message){ a, s->intended,
						       s->entry_index };
		*ret_ended += advance(w, s);
	}
	return count;
}

static void send_all(const struct due_message *due, size_t n)
{
	for (size_t i = 0; i < n; i++)
		conn_prefetch(&due[i].actor->conn);
	for (size_t i = 0; i < n; i++) {
		if (i + AHEAD < n)
			session_prefetch_parts(
				due[i + AHEAD].actor->conn.session);
		actor_publish_due(due[i].actor, due[i].entry, due[i].intended);
	}
}

static void send_due(struct timer *t, uint64_t now)
{
	struct worker *w = CONTAINER_OF(t, struct worker, send_timer);
	struct due_message due[SEND_BATCH];
	size_t ended, n = take_due(w, now, due, &ended);

	send_all(due, n);
	worker_flush(w);
	say_ended(w, ended);
	arm_sending(w);
}

void sending_init(struct worker *w)
{
	w->send_timer.on_due = send_due;
}

void sending_start(struct worker *w)
{
	atomic_store(&w->progress.sources, w->source_count);
	for (size_t i = 0; i < w->source_count; i++)
		say_ended(w, advance(w, &w->sources[i]));
	arm_sending(w);
}

/* What was due before the end and was not got to is still sent: it is our
 * lag, and would be missing otherwise. */
void sending_stop(struct worker *w)
{
	for (size_t i = 0; i < w->source_count; i++)
		if (heap_has(&w->sources[i].node) &&
		    w->sources[i].node.deadline >= w->run->send_end)
			heap_remove(&w->due, &w->sources[i].node);
	arm_sending(w);
}

/* Far too much may have been asked for: whoever looks at the verdict need
 * not wait until the last message of it is counted. */
void sending_skip_rest(struct worker *w)
{
	uint64_t end = loop_refresh_now(w->loop) + SKIPPING_MAX;
	struct heap_node *n;
	struct source *s;

	while ((n = heap_first(&w->due)) && loop_refresh_now(w->loop) < end) {
		s = CONTAINER_OF(n, struct source, node);
		for (int i = 0; i < SEND_BATCH && heap_has(n); i++) {
			actor_skip(actor_of(s->squad, s->client),
				   s->entry_index, s->intended);
			say_ended(w, advance(w, s));
		}
	}
	while ((n = heap_first(&w->due)))
		heap_remove(&w->due, n);
	loop_stop_timer(w->loop, &w->send_timer);
}
