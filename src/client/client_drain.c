/* SPDX-License-Identifier: MIT */
#include "client/client_private.h"

#include "base/clock.h"

static int count_left(struct client *c, struct err *e) REQUIRES(c->conn.lock)
{
	struct session_stats st;
	size_t left;

	session_stats(c->conn.session, &st);
	left = st.queued + st.awaiting_ack + st.awaiting_comp + st.held;
	if (!left)
		return err_set(e, ERR_INCOMPLETE, 0,
			       "output was not written before the time "
			       "was up");
	return err_set(e, ERR_INCOMPLETE, 0,
		       "%zu message%s not confirmed by the broker", left,
		       left == 1 ? "" : "s");
}

static bool has_held(struct client *c) REQUIRES(c->conn.lock)
{
	struct session_stats st;

	session_stats(c->conn.session, &st);
	return st.held != 0;
}

/* Messages that remain say more than what ended the connection. */
static int drain_failed(struct client *c, struct err *e) REQUIRES(c->conn.lock)
{
	struct err why = c->failure;

	if (session_is_idle(c->conn.session) && !has_held(c))
		return client_failed_locked(c, e);
	(void)count_left(c, e);
	return e ? err_prefix(e, "%.300s", why.text) : -1;
}

int client_drain(struct client *c, uint64_t deadline, struct err *e)
{
	int ret = 0;

	if (client_check_thread(c, "drain", e) < 0)
		return -1;
	mutex_lock(c->conn.lock);
	conn_flush_locked(&c->conn);
	c->wants_idle++;
	while (!c->has_failed && !session_is_idle(c->conn.session) &&
	       clock_boot() < deadline)
		cond_wait(&c->changed, c->conn.lock, deadline);
	c->wants_idle--;
	if (c->has_failed)
		ret = drain_failed(c, e);
	else if (!session_is_idle(c->conn.session) || has_held(c))
		ret = count_left(c, e);
	mutex_unlock(c->conn.lock);
	return ret;
}
