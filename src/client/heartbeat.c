/* SPDX-License-Identifier: MIT */
#include "client/heartbeat.h"

#include "base/clock.h"

#define TIMEOUT_MIN (5 * CLOCK_SEC)
#define TIMEOUT_MAX (20 * CLOCK_SEC)

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t most(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t safety(const struct heartbeat *h)
{
	return h->params->step / 3;
}

static uint64_t lowest(const struct heartbeat *h)
{
	return least(h->params->min, h->cap);
}

/* A file can say anything. */
static void take(struct heartbeat *h, const struct heartbeat_finding *known)
{
	struct heartbeat_finding *f = &h->found;

	*f = *known;
	f->current = most(h->params->min, least(f->current, h->params->max));
	f->good = most(h->params->min, least(f->good, h->params->max));
	if (f->bad <= f->good)
		f->bad = 0;
}

void heartbeat_init(struct heartbeat *h, const struct heartbeat_params *p,
		    const struct heartbeat_finding *known)
{
	*h = (struct heartbeat){
		.params = p,
		.cap = p->max,
		.found = { .current = p->min, .good = p->min },
	};
	if (known)
		take(h, known);
}

static void try_next(struct heartbeat *h, uint64_t interval)
{
	h->found.is_settled = false;
	h->found.current = most(lowest(h), least(interval, h->cap));
}

static void settle(struct heartbeat *h, uint64_t interval)
{
	try_next(h, interval);
	h->found.is_settled = true;
}

/* Networks change: after a week a little more is tried again. */
static bool look_again(struct heartbeat *h, uint64_t wall)
{
	struct heartbeat_finding *f = &h->found;

	if (!f->is_settled || f->current >= h->cap || wall < f->changed ||
	    wall - f->changed < HEARTBEAT_RECHECK)
		return false;
	f->bad = 0;
	f->changed = wall;
	try_next(h, most(f->good, f->current) + safety(h));
	return true;
}

void heartbeat_start(struct heartbeat *h, uint64_t interval, uint64_t wall)
{
	h->cap = h->params->max;
	/* The keepalive's own ping would come first and end the silence. */
	if (interval)
		h->cap = least(h->cap, interval - interval / 20);
	(void)look_again(h, wall);
}

/* From the longest good time towards the shortest bad one. */
static void advance(struct heartbeat *h)
{
	struct heartbeat_finding *f = &h->found;
	uint64_t step = h->params->step;

	if (f->bad && f->bad - f->good <= step - safety(h))
		settle(h, f->good > safety(h) ? f->good - safety(h) : 0);
	else if (f->good >= h->cap)
		settle(h, h->cap);
	else if (f->bad)
		try_next(h, f->good + (f->bad - f->good) / 2);
	else
		try_next(h, f->good + step);
}

static void smooth(struct heartbeat *h, uint64_t round_trip)
{
	h->round_trip = h->round_trip ? h->round_trip - h->round_trip / 8 +
						round_trip / 8
				      : round_trip;
}

bool heartbeat_answered(struct heartbeat *h, uint64_t round_trip, uint64_t wall)
{
	struct heartbeat_finding *f = &h->found;

	smooth(h, round_trip);
	if (++h->answered < HEARTBEAT_UP_AFTER)
		return false;
	h->answered = h->lost = 0;
	if (f->is_settled)
		return look_again(h, wall);
	f->good = most(f->good, heartbeat_interval(h));
	/* It has become better since it was found to be bad. */
	if (f->bad <= f->good)
		f->bad = 0;
	f->changed = wall;
	advance(h);
	return true;
}

/* What was proven holds no more: from the beginning, but not beyond what
 * has just failed. */
static void search_anew(struct heartbeat *h)
{
	h->found.good = lowest(h);
	try_next(h, h->found.good);
}

bool heartbeat_lost(struct heartbeat *h, uint64_t wall)
{
	struct heartbeat_finding *f = &h->found;
	uint64_t failed = heartbeat_interval(h);

	h->answered = 0;
	if (++h->lost < HEARTBEAT_DOWN_AFTER)
		return false;
	h->lost = 0;
	f->changed = wall;
	/* Nothing shorter may be tried: it is not the silence. */
	f->bad = failed > lowest(h) ? failed : 0;
	if (!f->bad || f->is_settled || f->good >= failed)
		search_anew(h);
	else
		advance(h);
	return true;
}

uint64_t heartbeat_interval(const struct heartbeat *h)
{
	return least(h->found.current, h->cap);
}

uint64_t heartbeat_timeout(const struct heartbeat *h)
{
	uint64_t floor = least(TIMEOUT_MIN, heartbeat_interval(h));

	return least(TIMEOUT_MAX, most(floor, 3 * h->round_trip));
}
