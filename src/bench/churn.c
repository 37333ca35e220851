/* SPDX-License-Identifier: MIT */
#include "bench/actor.h"

#include "base/clock.h"

/* Takes down so many of the squad that are up, going round. */
static void take_down(struct squad *s, uint32_t wanted, uint64_t due)
{
	enum churn_how how = s->crew->group->churn.how;
	struct actor *a;

	for (uint32_t seen = 0; wanted && seen < s->share.count; seen++) {
		a = &s->actors[s->churn_next];
		s->churn_next = (s->churn_next + 1) % s->share.count;
		if (a->state != ACTOR_READY || actor_is_absent(a))
			continue;
		if (how == CHURN_UNSUBSCRIBE)
			actor_unsubscribe(a, due);
		else
			actor_leave(a, how);
		wanted--;
	}
	worker_flush(s->worker);
}

static void churn_due(struct timer *t, uint64_t now)
{
	struct squad *s = CONTAINER_OF(t, struct squad, churn_timer);
	const struct churn_plan *c = &s->crew->group->churn;
	double exact = c->share * s->share.count + s->churn_rest;

	s->churn_rest = exact - (double)(uint32_t)exact;
	take_down(s, (uint32_t)exact, t->node.deadline);
	if (++s->churn_times != c->times &&
	    now + c->every < s->worker->run->send_end)
		(void)loop_set_timer(s->worker->loop, t, now + c->every);
}

void churn_start(struct squad *s)
{
	const struct churn_plan *c = &s->crew->group->churn;

	s->churn_timer.on_due = churn_due;
	if (c->every && s->share.count)
		(void)loop_set_timer(s->worker->loop, &s->churn_timer,
				     s->worker->run->send_begin + c->after);
}

void churn_stop(struct squad *s)
{
	loop_stop_timer(s->worker->loop, &s->churn_timer);
}
