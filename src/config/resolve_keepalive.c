/* SPDX-License-Identifier: MIT */
#include "base/clock.h"
#include "config/resolve.h"
#include "net/socket.h"

/* The session gives up output that makes no progress for so long, or for the
 * keepalive if that is shorter; the kernel is to do so a little later. */
#define STALL_MS 30000
#define STALL_GRACE_MS 5000

static int resolve_auto(struct settings *s, struct err *e)
{
	const struct typed *t = &s->typed;

	if (s->tool == TOOL_BENCH)
		return err_set(e, ERR_USAGE, 0,
			       "%s: what is measured must not look for a "
			       "keepalive meanwhile: expected a time",
			       TOLD_BY(s, typed.keepalive));
	if (t->keepalive_min >= t->keepalive_max)
		return err_set(e, ERR_USAGE, 0,
			       "--keepalive-max (%.3g s) is not longer than "
			       "--keepalive-min (%.3g s)",
			       (double)t->keepalive_max / CLOCK_SEC,
			       (double)t->keepalive_min / CLOCK_SEC);
	s->client.heartbeat.search = (struct heartbeat_params){
		.min = t->keepalive_min,
		.max = t->keepalive_max,
		.step = t->keepalive_step,
	};
	s->client.connect.keepalive =
		(uint16_t)((t->keepalive_max + CLOCK_SEC - 1) / CLOCK_SEC);
	return 0;
}

void resolve_socket(const struct settings *s, struct socket_options *ret)
{
	uint64_t limit = STALL_MS, keepalive = s->typed.keepalive * 1000ull;

	if (s->tool == TOOL_BENCH)
		return;
	if (keepalive && keepalive < limit)
		limit = keepalive;
	ret->user_timeout_ms = (uint32_t)(limit + STALL_GRACE_MS);
	ret->keepalive = !keepalive;
}

int resolve_keepalive(struct settings *s, struct err *e)
{
	if (s->typed.keepalive == KEEPALIVE_AUTO)
		return resolve_auto(s, e);
	s->client.connect.keepalive = (uint16_t)s->typed.keepalive;
	return 0;
}

int check_heartbeat(const struct settings *s, struct err *e)
{
	const struct sub_settings *o = &s->sub;

	if (s->typed.keepalive != KEEPALIVE_AUTO ||
	    s->typed.keepalive_probe_anyway)
		return 0;
	for (size_t i = 0; i < o->subscribe_count; i++)
		for (size_t k = 0; k < o->subscribes[i].count; k++)
			if (o->subscribes[i].filters[k].options & 3)
				return 0;
	return err_set(e, ERR_USAGE, 0,
		       "%s: 'auto' loses connections while it searches, and "
		       "QoS 0 messages with them: expected --qos 1 or 2, or "
		       "--keepalive-probe-anyway",
		       TOLD_BY(s, typed.keepalive));
}
