/* SPDX-License-Identifier: MIT */
#include "tools/drain.h"

#include <unistd.h>

#include "base/clock.h"

/* On a terminal the end of a long wait can be seen coming. */
static void show_progress(struct tool_run *t, bool is_over)
{
	struct session_stats st;

	if (t->settings.run.log_level < LOG_WARN || !isatty(STDERR_FILENO))
		return;
	client_stats(t->client, &st);
	fprintf(stderr, "\r%zu messages left to confirm \033[K%s",
		st.queued + st.awaiting_ack + st.awaiting_comp,
		is_over ? "\r\033[K" : "");
}

/* All is confirmed (else e would say what is not), and the peer was only
 * quicker to close than we. With QoS 0 nobody knows; and a broker that says why
 * has something to tell. */
static bool was_done(const struct tool_run *t, const struct err *e)
{
	const struct pub_settings *p = &t->settings.pub;

	return e->kind == ERR_LOST && e->code < 0x80 &&
	       (p->publish.qos || p->source == PUB_NOTHING);
}

/* Comes back every now and then to show how far it is. */
int tool_drain(struct tool_run *t, uint64_t limit, struct err *e)
{
	bool was_shown = false;
	uint64_t step;
	int ret;

	for (;;) {
		step = clock_earlier(limit, clock_add(clock_boot(), CLOCK_SEC));
		ret = client_drain(t->client, step, e);
		/* Back before the time: there is nothing to wait for. */
		if (ret == 0 || clock_boot() < step || step == limit)
			break;
		show_progress(t, false);
		was_shown = true;
	}
	if (was_shown)
		show_progress(t, true);
	return ret && was_done(t, e) ? 0 : ret;
}
