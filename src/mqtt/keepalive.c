/* SPDX-License-Identifier: MIT */
#include "mqtt/keepalive.h"

#include "base/clock.h"

#define PING_TIMEOUT (20 * CLOCK_SEC)
#define WRITE_TIMEOUT (30 * CLOCK_SEC)

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Not clock_add(): src/mqtt takes nothing from the clock but constants. */
static uint64_t later(uint64_t t, uint64_t ns)
{
	return ns < CLOCK_NEVER - t ? t + ns : CLOCK_NEVER;
}

static bool is_pinging(const struct keepalive *k)
{
	return k->pinged_at != CLOCK_NEVER;
}

static uint64_t timeout(uint64_t chosen, uint64_t fallback, uint64_t seconds)
{
	if (chosen)
		return chosen;
	return seconds ? least(fallback, seconds * CLOCK_SEC) : fallback;
}

static void set_timeouts(struct keepalive *k, const struct keepalive_config *c)
{
	k->ping_timeout = timeout(c->ping_timeout, PING_TIMEOUT, c->keepalive);
	k->write_timeout = timeout(c->write_timeout, WRITE_TIMEOUT,
				   c->keepalive);
}

void keepalive_start(struct keepalive *k, const struct keepalive_config *c,
		     uint64_t now)
{
	*k = (struct keepalive){ .last_in = now,
				 .last_out = now,
				 .pinged_at = CLOCK_NEVER,
				 .stuck_at = CLOCK_NEVER,
				 .is_paused = k->is_paused };
	set_timeouts(k, c);
}

void keepalive_set(struct keepalive *k, const struct keepalive_config *c,
		   uint64_t now)
{
	uint64_t whole = c->keepalive * CLOCK_SEC, margin = whole / 10;

	if (margin < CLOCK_SEC)
		margin = CLOCK_SEC;
	/* With a keepalive of a second or two the margin would leave nothing
	 * and we would ping without pause. */
	k->interval = whole / 2 > margin ? whole - margin : whole / 2;
	k->silence = whole;
	k->limit = whole + whole / 2; /* [MQTT-3.1.2-22] */
	k->has_beat = k->is_probe = false;
	k->last_in = now;
	set_timeouts(k, c);
	if (c->beat)
		keepalive_set_beat(k, c->beat, 0);
}

void keepalive_set_beat(struct keepalive *k, uint64_t beat,
			uint64_t ping_timeout)
{
	if (!k->interval || beat < k->interval) {
		k->has_beat = true;
		k->silence = beat;
	}
	if (ping_timeout)
		k->ping_timeout = ping_timeout;
}

void keepalive_finish(struct keepalive *k)
{
	k->interval = 0;
	k->has_beat = false;
	k->pinged_at = CLOCK_NEVER;
}

void keepalive_pause(struct keepalive *k, bool is_paused, uint64_t now)
{
	if (k->is_paused && !is_paused)
		k->last_in = now;
	k->is_paused = is_paused;
}

void keepalive_pinged(struct keepalive *k, uint64_t now)
{
	k->last_out = now;
	if (is_pinging(k))
		return;
	k->pinged_at = now;
	k->is_probe = false;
}

bool keepalive_ponged(struct keepalive *k)
{
	bool was_waiting = is_pinging(k);

	k->pinged_at = CLOCK_NEVER;
	return was_waiting;
}

void keepalive_waiting(struct keepalive *k, uint64_t now)
{
	if (k->stuck_at == CLOCK_NEVER)
		k->stuck_at = now;
}

void keepalive_sent(struct keepalive *k, bool is_empty, uint64_t now)
{
	k->last_out = now;
	k->stuck_at = is_empty ? CLOCK_NEVER : now;
}

void keepalive_moved(struct keepalive *k, uint64_t now)
{
	if (is_pinging(k))
		k->pinged_at = now;
}

/* When an unanswered ping means death. */
static uint64_t ping_deadline(const struct keepalive *k)
{
	uint64_t from = k->pinged_at > k->last_in ? k->pinged_at : k->last_in;

	if (!is_pinging(k) || k->is_paused)
		return CLOCK_NEVER;
	return later(from, k->ping_timeout);
}

/* When the next ping is due. */
static uint64_t ping_due(const struct keepalive *k)
{
	uint64_t due = k->interval ? later(k->last_out, k->interval)
				   : CLOCK_NEVER;

	if (is_pinging(k) || (!k->interval && !k->has_beat))
		return due;
	if (!k->is_paused)
		return least(due, later(k->last_in, k->silence));
	return k->has_beat ? least(due, later(k->last_out, k->silence)) : due;
}

/* What waits since a time we were not told (stuck_at) is looked at soon. */
static uint64_t stall_deadline(const struct keepalive *k)
{
	uint64_t from = k->stuck_at == CLOCK_NEVER ? k->last_out : k->stuck_at;

	return later(from, k->write_timeout);
}

uint64_t keepalive_deadline(const struct keepalive *k, bool has_output)
{
	uint64_t deadline = least(ping_deadline(k), ping_due(k));

	return has_output ? least(deadline, stall_deadline(k)) : deadline;
}

/*
 * A ping that should have been sent long ago was not, because this machine
 * or process was asleep. Beyond its limit the server has dropped us; before
 * that the ping deserves its whole time.
 */
static enum keepalive_due wake_up(struct keepalive *k, uint64_t now)
{
	if (k->limit && now >= later(k->last_out, k->limit))
		return KEEPALIVE_DEAD;
	k->pinged_at = now;
	k->is_probe = false;
	return KEEPALIVE_PING;
}

/* Only silence in both directions says something about the network. */
static bool was_silent(const struct keepalive *k, bool has_output, uint64_t now)
{
	return k->has_beat && !has_output && !k->is_paused &&
	       now >= later(k->last_in, k->silence) &&
	       now >= later(k->last_out, k->silence);
}

enum keepalive_due keepalive_tick(struct keepalive *k, bool has_output,
				  uint64_t now)
{
	uint64_t due = ping_due(k);
	bool was_pinging = is_pinging(k);

	if (has_output)
		keepalive_waiting(k, now);
	if (has_output && now >= stall_deadline(k))
		return KEEPALIVE_STALLED;
	if (now >= ping_deadline(k))
		return KEEPALIVE_DEAD;
	if (now < due)
		return KEEPALIVE_OK;
	if (now >= later(due, k->ping_timeout)) {
		enum keepalive_due verdict = wake_up(k, now);

		k->last_out = now;
		return verdict;
	}
	if (!was_pinging) {
		k->is_probe = was_silent(k, has_output, now);
		k->pinged_at = due;
	}
	k->last_out = now;
	return KEEPALIVE_PING;
}
