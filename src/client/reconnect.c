/* SPDX-License-Identifier: MIT */
#include "client/reconnect.h"

#include "base/clock.h"
#include "mqtt/reason.h"

void reconnect_init(struct reconnect *r, const struct reconnect_params *p,
		    uint64_t seed)
{
	*r = (struct reconnect){ .params = p,
				 .random = p->seed ? p->seed : seed };
}

/* splitmix64: any seed is good, and clients with neighbouring seeds do not
 * march in step. */
static uint64_t next_random(struct reconnect *r)
{
	uint64_t z = r->random += UINT64_C(0x9E3779B97F4A7C15);

	z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
	return z ^ (z >> 31);
}

uint64_t reconnect_random(struct reconnect *r, uint64_t n)
{
	return next_random(r) % n;
}

void reconnect_up(struct reconnect *r, uint64_t now)
{
	r->up_since = now;
	r->lost_since = 0;
	r->attempt = 0;
}

/* Kinds without a reason code that never get better by waiting. */
static bool is_hopeless_kind(enum err_kind kind)
{
	return kind == ERR_USAGE || kind == ERR_LOCAL || kind == ERR_NO;
}

static bool is_permanent(const struct reconnect *r, const struct err *why)
{
	if (is_hopeless_kind(why->kind))
		return true;
	if (why->kind == ERR_REFUSED)
		return !r->params->retry_refused;
	if (why->kind != ERR_LOST || why->code < 0x80)
		return false;
	/* A DISCONNECT of the server that says why. */
	return reason_class((uint8_t)why->code) == REASON_IS_PERMANENT;
}

static bool is_rate(const struct err *why)
{
	return (why->kind == ERR_BUSY || why->kind == ERR_LOST) &&
	       why->code >= 0x80 &&
	       reason_class((uint8_t)why->code) == REASON_IS_RATE;
}

static uint64_t back_off(struct reconnect *r, bool is_slow)
{
	uint64_t base = r->params->delay, cap = r->params->max_delay;
	uint64_t limit, delay;
	uint32_t i;

	if (is_slow && base < RECONNECT_RATE_BASE)
		base = RECONNECT_RATE_BASE;
	if (cap < base)
		cap = base;
	limit = base;
	for (i = 0; i < r->exponent && limit < cap; i++)
		limit = limit > cap / 2 ? cap : limit * 2;
	if (limit < cap)
		r->exponent++;
	delay = limit ? next_random(r) % limit : 0;
	/* Told to slow down: at least half of the base, never at once. */
	if (is_slow && delay < base / 2)
		delay += base / 2;
	return delay > RECONNECT_FLOOR ? delay : RECONNECT_FLOOR;
}

static void note_loss(struct reconnect *r, uint64_t now)
{
	if (r->up_since && now - r->up_since >= r->params->stable_after)
		r->exponent = 0;
	r->up_since = 0;
	if (!r->lost_since)
		r->lost_since = now;
}

enum reconnect_verdict reconnect_next(struct reconnect *r,
				      const struct err *why, bool was_up,
				      uint64_t now, uint64_t *ret_delay)
{
	const struct reconnect_params *p = r->params;
	uint64_t delay;

	note_loss(r, now);
	if (was_up ? !p->is_enabled : !p->retry_first)
		return RECONNECT_DISABLED;
	if (is_permanent(r, why))
		return RECONNECT_PERMANENT;
	if (p->max_attempts && r->attempt >= p->max_attempts)
		return RECONNECT_ATTEMPTS;
	delay = back_off(r, is_rate(why));
	if (p->max_elapsed && now - r->lost_since + delay > p->max_elapsed)
		return RECONNECT_ELAPSED;
	r->attempt++;
	*ret_delay = delay;
	return RECONNECT_AFTER;
}
