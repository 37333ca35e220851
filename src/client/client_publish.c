/* SPDX-License-Identifier: MIT */
#include "client/client_private.h"

#include "base/clock.h"
#include "base/text.h"
#include "mqtt/topic.h"

#define QUEUE_BYTES ((size_t)1024 * 1024)
/* With a connection: what small messages may take, their structs included. */
#define QUEUE_MEMORY (3 * QUEUE_BYTES)
#define TOPIC_SHOWN 160

/* One call of client_publish(). */
struct call {
	uint64_t deadline, now;
};

static size_t most_bytes(const struct client *c)
{
	size_t bytes = c->params->queue_bytes;

	if (!bytes || (c->state == CLIENT_CONNECTED && bytes > QUEUE_BYTES))
		return QUEUE_BYTES;
	return bytes;
}

bool client_queue_is_full(const struct client *c, unsigned percent)
{
	size_t count = c->params->queue_count;

	if (c->state == CLIENT_CONNECTED &&
	    c->store->bytes + c->store->count * sizeof(struct message) >
		    QUEUE_MEMORY * percent / 100)
		return true;
	return c->store->bytes > (most_bytes(c) - 1) * percent / 100 ||
	       (count && c->store->count > (count - 1) * percent / 100);
}

static int too_much(const struct client *c, const char *topic, struct err *e,
		    const char *what)
{
	return err_set(e, ERR_PUBLISH, 0,
		       "cannot publish to '%s': broker '%s' %s", topic, c->name,
		       what);
}

int publish_refused(const struct client *c, enum submit why,
		    const struct publish *p, struct err *e)
{
	char topic[TOPIC_SHOWN];

	text_visible(topic, sizeof(topic), p->topic);
	switch (why) {
	case SUBMIT_BAD_TOPIC:
		return err_set(e, ERR_USAGE, 0, "topic '%s': %s", topic,
			       topic_check_name(p->topic));
	case SUBMIT_NO_QOS:
		return too_much(c, topic, e,
				p->qos == 2 ? "does not allow QoS 2"
					    : "does not allow QoS 1");
	case SUBMIT_NO_RETAIN:
		return too_much(c, topic, e, "does not keep retained messages");
	case SUBMIT_TOO_LARGE:
		return too_much(c, topic, e,
				"does not take packets this large");
	case SUBMIT_NO_PID:
		return err_set(e, ERR_LOCAL, 0, "all packet ids are in use");
	case SUBMIT_OFFLINE:
		return state_refuse(e, STATE_NEEDS_CONNECTION, "publish",
				    c->state);
	case SUBMIT_STORE:
		return err_set(e, ERR_LOCAL, 0,
			       "cannot publish to '%s': the store takes no "
			       "more messages",
			       topic);
	default:
		return err_nomem(e);
	}
}

/* Nobody takes messages off, and the queue has another rule than to wait. */
static bool is_overflowing(const struct client *c) REQUIRES(c->conn.lock)
{
	return c->params->queue_policy != QUEUE_BLOCK &&
	       c->state != CLIENT_CONNECTED && client_queue_is_full(c, 100);
}

static bool has_room(const struct client *c, const struct publish *p)
	REQUIRES(c->conn.lock)
{
	if (p->qos > 0)
		return !store_is_failing_locked(c) && !c->store->is_full &&
		       (!client_queue_is_full(c, 100) || is_overflowing(c));
	return c->state == CLIENT_CONNECTED &&
	       session_output_len(c->conn.session) < CONN_OUTPUT_HIGH;
}

/* May this client publish at all, now or later? */
static int check_open(struct client *c, struct err *e) REQUIRES(c->conn.lock)
{
	if (c->has_failed)
		return client_failed_locked(c, e);
	if (c->state == CLIENT_CLOSED)
		return state_refuse(e, STATE_IS_CLOSED, "publish", c->state);
	if (c->wants_bye)
		return state_refuse(e, STATE_NEEDS_CONNECTION, "publish",
				    c->state);
	return 0;
}

/* Refreshes *now only where time may have passed: the clock would cost a
 * fifth of a QoS 0 publish. */
static int wait_room(struct client *c, const struct publish *p,
		     struct call *call, struct err *e) REQUIRES(c->conn.lock)
{
	int ret = check_open(c, e);

	if (ret < 0 || has_room(c, p))
		return ret;
	conn_flush_locked(&c->conn);
	c->wants_room++;
	while (!has_room(c, p)) {
		ret = check_open(c, e);
		if (ret < 0)
			break;
		if (clock_boot() >= call->deadline) {
			c->wants_event = true;
			ret = err_set(e, ERR_TIMEOUT, 0,
				      "broker '%s' takes no more messages",
				      c->name);
			break;
		}
		cond_wait(&c->changed, c->conn.lock, call->deadline);
	}
	c->wants_room--;
	call->now = clock_boot();
	return ret;
}

static int queue_is_full(struct client *c, struct err *e) REQUIRES(c->conn.lock)
{
	return err_set(e, ERR_LOCAL, 0,
		       "queue is full: %zu messages (%zu bytes) wait for "
		       "broker '%s'",
		       c->store->count, c->store->bytes, c->name);
}

/* What was dropped is told on the receive thread. */
static void make_room(struct client *c) REQUIRES(c->conn.lock)
{
	bool oldest = c->params->queue_policy == QUEUE_DROP_OLDEST;
	size_t count = c->params->queue_count;

	while (session_drop(c->conn.session, oldest)) {
		loop_post(c->loop, &c->collect_task);
		if (!oldest || (c->store->bytes <= most_bytes(c) &&
				(!count || c->store->count <= count)))
			break;
	}
}

static int publish_one(struct client *c, const struct publish *p, uint64_t tag,
		       struct call *call, struct err *e) REQUIRES(c->conn.lock)
{
	bool is_over, can_commit;
	enum submit r;
	uint64_t seq;

	do {
		if (wait_room(c, p, call, e) < 0)
			return -1;
		is_over = p->qos && is_overflowing(c);
		if (is_over && c->params->queue_policy == QUEUE_FAIL)
			return queue_is_full(c, e);
		r = session_publish(c->conn.session, p, tag, call->now, &seq);
		/* The store takes nothing: the commit finds out why. */
		can_commit = r == SUBMIT_STORE && c->store->is_dirty;
		if (can_commit)
			store_commit_locked(&c->conn);
	} while ((r == SUBMIT_OFFLINE && c->state != CLIENT_CONNECTED) ||
		 can_commit);
	if (r != SUBMIT_OK)
		return publish_refused(c, r, p, e);
	if (is_over)
		make_room(c);
	return 0;
}

int client_publish(struct client *c, const struct client_batch *b,
		   uint64_t deadline, size_t *ret_done, struct err *e)
{
	struct call call = { .deadline = deadline, .now = clock_boot() };
	size_t i;
	int ret = 0;

	*ret_done = 0;
	if (client_check_thread(c, "publish", e) < 0)
		return -1;
	mutex_lock(c->conn.lock);
	for (i = 0; i < b->count; i++) {
		ret = publish_one(c, &b->messages[i], b->tags ? b->tags[i] : 0,
				  &call, e);
		if (ret < 0)
			break;
	}
	*ret_done = i;
	if (!(b->flags & CLIENT_MORE) ||
	    session_output_len(c->conn.session) >= CONN_OUTPUT_LOW)
		conn_flush_locked(&c->conn);
	mutex_unlock(c->conn.lock);
	return ret;
}

int client_post(struct client *c, const struct publish *p, struct err *e)
{
	enum submit r = SUBMIT_OK;
	uint64_t seq;
	int ret;

	mutex_lock(c->conn.lock);
	ret = check_open(c, e);
	if (ret == 0 && !has_room(c, p))
		ret = err_set(e, ERR_LOCAL, 0, "output is full");
	if (ret == 0)
		r = session_publish(c->conn.session, p, 0, clock_boot(), &seq);
	if (ret == 0 && r != SUBMIT_OK)
		ret = publish_refused(c, r, p, e);
	mutex_unlock(c->conn.lock);
	if (ret == 0)
		conn_kick(&c->conn);
	return ret;
}

void client_flush(struct client *c)
{
	mutex_lock(c->conn.lock);
	conn_flush_locked(&c->conn);
	mutex_unlock(c->conn.lock);
}
