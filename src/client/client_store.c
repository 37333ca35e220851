/* SPDX-License-Identifier: MIT */
#include "base/clock.h"
#include "client/client_private.h"

/* A store that cannot be written: disk full, or somebody holds it. */
#define RETRY_FIRST (100 * CLOCK_MSEC)
#define RETRY_MAX (5 * CLOCK_SEC)
/* A commit that takes this long is worth a word. */
#define SLOW CLOCK_SEC

bool store_is_failing_locked(const struct client *c)
{
	return c->commit_retry != 0;
}

static void note_failure(struct client *c, const struct err *e, uint64_t now)
	REQUIRES(c->conn.lock)
{
	if (!c->commit_retry) {
		c->commit_error = *e;
		c->commit_delay = RETRY_FIRST;
	} else if (c->commit_delay < RETRY_MAX / 2) {
		c->commit_delay *= 2;
	} else {
		c->commit_delay = RETRY_MAX;
	}
	c->commit_retry = clock_add(now, c->commit_delay);
	loop_post(c->loop, &c->store_task);
}

static void note_success(struct client *c, uint64_t took) REQUIRES(c->conn.lock)
{
	bool turned = c->store->is_low != c->was_low;

	c->commits++;
	c->was_low = c->store->is_low;
	if (took >= SLOW)
		c->commit_took = took;
	if (took >= SLOW || c->commit_retry || turned)
		loop_post(c->loop, &c->store_task);
	if (!c->commit_retry)
		return;
	c->commit_retry = 0;
	client_raise_room_locked(c);
	cond_broadcast(&c->changed);
}

/* Not checked: clang does not see that conn->lock is c->conn.lock. */
NO_LOCK_CHECK
void store_commit_locked(struct conn *conn)
{
	struct client *c = client_of(conn);
	uint64_t start;
	struct err e;

	if (!c->store->is_dirty)
		return;
	start = clock_boot();
	if (start < c->commit_retry)
		return;
	if (session_commit(conn->session, &e) < 0)
		note_failure(c, &e, clock_boot());
	else
		note_success(c, clock_boot() - start);
}

/* --- receive thread -------------------------------------------------- */

static void tell(struct client *c, struct client_store_event ev)
{
	if (c->handlers.on_store)
		c->handlers.on_store(c->handlers.ctx, &ev);
}

/* What the store says of itself. */
struct said {
	uint64_t bad_row;
	bool is_low;
};

static struct said ask(const struct client *c) REQUIRES(c->conn.lock)
{
	return (struct said){ c->store->bad_row, c->store->is_low };
}

static void tell_news(struct client *c, struct said v)
{
	if (v.is_low != c->was_told_low)
		tell(c, (struct client_store_event){ .is_low = v.is_low });
	if (v.bad_row != c->told_bad_row)
		tell(c, (struct client_store_event){ .bad_row = v.bad_row });
	c->was_told_low = v.is_low;
	c->told_bad_row = v.bad_row;
}

/* When to look after the store next: a failed commit, or what others do. */
static void arm(struct client *c, uint64_t retry)
{
	uint64_t due = CLOCK_NEVER;

	if (c->store->ops->refresh && c->params->store_refresh)
		due = clock_add(loop_refresh_now(c->loop),
				c->params->store_refresh);
	if (retry && retry < due)
		due = retry;
	if (due != CLOCK_NEVER)
		(void)loop_set_timer(c->loop, &c->store_timer, due);
}

static void run_store(struct task *t)
{
	struct client *c = CONTAINER_OF(t, struct client, store_task);
	uint64_t retry, took;
	struct said said;
	struct err why;

	mutex_lock(c->conn.lock);
	retry = c->commit_retry;
	took = c->commit_took;
	c->commit_took = 0;
	why = c->commit_error;
	said = ask(c);
	mutex_unlock(c->conn.lock);
	arm(c, retry);
	if (retry && !c->was_told)
		tell(c, (struct client_store_event){ .why = &why });
	else if (!retry && (c->was_told || took))
		tell(c, (struct client_store_event){ .took = took });
	c->was_told = retry != 0;
	tell_news(c, said);
}

static void due(struct timer *t, uint64_t now)
{
	struct client *c = CONTAINER_OF(t, struct client, store_timer);
	uint64_t retry;
	struct said said;

	(void)now;
	mutex_lock(c->conn.lock);
	if (c->store->ops->refresh && c->params->store_refresh)
		(void)c->store->ops->refresh(c->store);
	conn_flush_locked(&c->conn);
	retry = c->commit_retry;
	said = ask(c);
	mutex_unlock(c->conn.lock);
	arm(c, retry);
	tell_news(c, said);
}

void store_init(struct client *c)
{
	c->store_task.run = run_store;
	c->store_timer.on_due = due;
	loop_post(c->loop, &c->store_task);
}

/* --- any thread ------------------------------------------------------ */

int client_with_store(struct client *c,
		      int (*fn)(void *ctx, struct session *session,
				struct store *store),
		      void *ctx)
{
	int ret;

	mutex_lock(c->conn.lock);
	ret = fn(ctx, c->conn.session, c->store);
	mutex_unlock(c->conn.lock);
	client_flush_soon(c);
	return ret;
}

static int not_committed(struct client *c, struct err *e) REQUIRES(c->conn.lock)
{
	if (c->is_interrupted)
		return client_interrupted(e);
	if (!c->commit_retry)
		return err_set(e, ERR_LOCAL, 0, "store is too slow");
	if (e)
		*e = c->commit_error;
	return -1;
}

int client_commit(struct client *c, uint64_t deadline, struct err *e)
{
	uint64_t before;
	int ret = 0;

	if (client_check_thread(c, "commit", e) < 0)
		return -1;
	mutex_lock(c->conn.lock);
	before = c->commits;
	conn_flush_locked(&c->conn);
	/* A commit is of all that was there when it began, and none can have
	 * begun before us and be going on: it is done under the lock. */
	while (c->store->is_dirty && c->commits == before) {
		if (c->is_interrupted || clock_boot() >= deadline) {
			ret = not_committed(c, e);
			break;
		}
		cond_wait(&c->changed, c->conn.lock, deadline);
	}
	mutex_unlock(c->conn.lock);
	return ret;
}
