/* SPDX-License-Identifier: MIT */
#include "client/client_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "client/trace.h"
#include "net/socket.h"
#include "store/memory.h"

/* What goes on after a deadline has passed: closing a socket. */
#define TEARDOWN_GRACE (3 * CLOCK_SEC)

/* Whoever polls for room may try again. */
void client_raise_room_locked(struct client *c)
{
	if (!c->wants_event)
		return;
	c->wants_event = false;
	event_raise(c->event_fd);
}

/* "127.0.0.1:1883", or "" when the system does not tell. */
static void name_address(const struct conn *conn, char *ret, size_t size)
{
	struct sockaddr_storage a = { 0 };
	socklen_t len = sizeof(a);

	ret[0] = '\0';
	if (getpeername(conn->stream->fd, (struct sockaddr *)&a, &len) == 0)
		socket_name((struct sockaddr *)&a, ret, size);
}

static void on_up(struct conn *conn, const struct event_connack *ack)
{
	struct client *c = client_of(conn);
	char address[160];
	struct client_up up = {
		.connack = ack,
		.version = c->connect.version,
		.server = c->name,
		.address = address,
	};

	if (!auth_finish(c, &ack->packet))
		return;
	name_address(conn, address, sizeof(address));
	attempt_note_up(c);
	auth_schedule(c);
	mutex_lock(c->conn.lock);
	up.is_first = !c->was_up;
	up.limits = session_limits(c->conn.session);
	up.client_id = session_client_id(c->conn.session);
	(void)state_apply(&c->state, STATE_GOT_CONNACK);
	c->was_up = true;
	if (!c->connect.clean_start) /* of an earlier run */
		c->has_subscribed = true;
	subscribe_again_locked(c, ack->packet.session_present);
	client_raise_room_locked(c);
	cond_broadcast(&c->changed);
	mutex_unlock(c->conn.lock);
	if (c->handlers.on_up)
		c->handlers.on_up(c->handlers.ctx, &up);
	beat_start(c);
}

static void published(struct client *c, const struct event_published *p)
{
	if (c->has_tokens) {
		mutex_lock(c->conn.lock);
		if (token_complete(&c->tokens, TOKEN_PUBLISH, p->seq,
				   bytes_of(&p->reason, 1), p->props))
			cond_broadcast(&c->changed);
		mutex_unlock(c->conn.lock);
	}
	if (c->handlers.on_published)
		c->handlers.on_published(c->handlers.ctx, p);
}

static void on_event(struct client *c, const struct event *ev)
{
	switch (ev->type) {
	case EVENT_MESSAGE:
		c->handlers.on_message(c->handlers.ctx, &ev->message);
		break;
	case EVENT_PUBLISHED:
		published(c, &ev->published);
		break;
	case EVENT_SUBACK:
		subscribe_answer(c, &ev->suback, false);
		break;
	case EVENT_UNSUBACK:
		subscribe_answer(c, &ev->suback, true);
		break;
	case EVENT_AUTH:
		auth_step(c, &ev->disconnect);
		break;
	case EVENT_PONG:
		beat_answered(c, &ev->pong);
		break;
	case EVENT_CONNACK:
	case EVENT_DISCONNECT:
		break;
	}
}

/* Messages that were given up without an answer of the broker. */
static void collect_dropped(struct client *c)
{
	struct event_published p;
	bool has, was_any = false;

	for (;;) {
		mutex_lock(c->conn.lock);
		has = session_next_dropped(c->conn.session, &p);
		mutex_unlock(c->conn.lock);
		if (!has)
			break;
		c->has_tokens = true;
		published(c, &p);
		was_any = true;
	}
	if (!was_any)
		return;
	mutex_lock(c->conn.lock);
	cond_broadcast(&c->changed); /* a drain may have waited for that */
	mutex_unlock(c->conn.lock);
}

static void run_collect(struct task *t)
{
	collect_dropped(CONTAINER_OF(t, struct client, collect_task));
}

static void on_events(struct conn *conn, const struct event *ev, size_t n)
{
	struct client *c = client_of(conn);
	size_t i;

	/* The hot path of a publisher takes no lock: a token for a message
	 * of this batch was there before the batch was read. */
	mutex_lock(conn->lock);
	c->has_tokens = c->tokens.first != NULL;
	mutex_unlock(conn->lock);
	for (i = 0; i < n; i++)
		on_event(c, &ev[i]);
}

static void on_batch_end(struct conn *conn)
{
	struct client *c = client_of(conn);

	collect_dropped(c);
	if (c->handlers.on_batch_end)
		c->handlers.on_batch_end(c->handlers.ctx);
}

/* Not checked: clang does not see that conn->lock is c->conn.lock. */
NO_LOCK_CHECK
static void on_room_locked(struct conn *conn)
{
	struct client *c = client_of(conn);
	bool has_room;

	if (!c->wants_room && !c->wants_idle && !c->wants_event)
		return;
	has_room = session_output_len(conn->session) <= CONN_OUTPUT_LOW &&
		   !c->store->is_full && !client_queue_is_full(c, 50);
	if (has_room)
		client_raise_room_locked(c);
	if ((c->wants_room && has_room) ||
	    (c->wants_idle && session_is_idle(conn->session)))
		cond_broadcast(&c->changed);
}

static void came_down(struct client *c)
{
	static const struct err gone = { .kind = ERR_LOST,
					 .text = "disconnected" };

	mutex_lock(c->conn.lock);
	(void)state_apply(&c->state, STATE_TEARDOWN_DONE);
	if (c->is_close_pending)
		(void)state_apply(&c->state, STATE_CALL_CLOSE);
	token_fail_all(&c->tokens, &gone);
	cond_broadcast(&c->changed);
	mutex_unlock(c->conn.lock);
}

static void on_down(struct conn *conn, const struct err *why)
{
	struct client *c = client_of(conn);
	bool wants_bye;

	mutex_lock(conn->lock);
	wants_bye = c->wants_bye;
	mutex_unlock(conn->lock);
	/* What arrived before the end is still to be written. */
	on_batch_end(conn);
	beat_lost(c, why);
	if (c->auth_error.kind != ERR_NONE && !wants_bye)
		attempt_failed(c, &c->auth_error);
	else if (!why || wants_bye)
		came_down(c);
	else
		attempt_failed(c, why);
}

static const struct conn_ops ops = {
	.on_up = on_up,
	.on_events = on_events,
	.on_batch_end = on_batch_end,
	.on_room_locked = on_room_locked,
	.commit_locked = store_commit_locked,
	.on_down = on_down,
};

void client_give_up(struct client *c, const struct err *why)
{
	mutex_lock(c->conn.lock);
	if (c->state != CLIENT_CLOSED)
		c->state = CLIENT_DISCONNECTED;
	if (!c->has_failed)
		c->failure = *why;
	c->has_failed = true;
	token_fail_all(&c->tokens, why);
	cond_broadcast(&c->changed);
	mutex_unlock(c->conn.lock);
	event_raise(c->event_fd);
}

int client_failed_locked(struct client *c, struct err *e)
{
	if (e)
		*e = c->failure;
	return -1;
}

int client_check_thread(struct client *c, const char *call, struct err *e)
{
	if (loop_is_current(c->loop))
		return state_refuse(e, STATE_IN_HANDLER, call,
				    CLIENT_CONNECTED);
	return 0;
}

static void run_connect(struct task *t)
{
	attempt_start_round(CONTAINER_OF(t, struct client, connect_task));
}

static void run_bye(struct task *t)
{
	struct client *c = CONTAINER_OF(t, struct client, bye_task);

	loop_stop_timer(c->loop, &c->retry);
	loop_stop_timer(c->loop, &c->reauth);
	if (c->conn.phase == CONN_DOWN) {
		came_down(c);
		return;
	}
	/* Bytes that arrive after a close make the kernel reset the connection,
	 * which may destroy what we wrote last. A publisher whose messages
	 * are all acknowledged gets none. */
	mutex_lock(c->conn.lock);
	c->conn.closes_at_once = !c->has_subscribed &&
				 session_is_idle(c->conn.session);
	mutex_unlock(c->conn.lock);
	conn_disconnect_on_loop(&c->conn, &c->bye, c->bye_deadline);
}

static int set_up(struct client *c, struct err *e)
{
	struct session *s;

	c->event_fd = event_new(e);
	if (c->event_fd < 0)
		return -1;
	c->versions = calloc(c->params->server_count, 1);
	if (!c->store) {
		c->store = memory_store_new(0);
		c->owns_store = true;
	}
	if (!c->versions || !c->store)
		return err_nomem(e);
	c->loop = loop_new("mqtt-rx", e);
	if (!c->loop)
		return -1;
	s = session_new(c->store, &c->params->session);
	if (!s)
		return err_nomem(e);
	mutex_init(&c->lock);
	conn_init(&c->conn, c->loop, s, &ops, &c->lock);
	if (c->params->trace)
		c->conn.trace = trace_new();
	attempt_init(c);
	store_init(c);
	return loop_start(c->loop, e);
}

struct client *client_new(const struct client_params *p, struct store *store,
			  const struct client_handlers *h, struct err *e)
{
	struct client *c = calloc(1, sizeof(*c));

	if (!c) {
		err_nomem(e);
		return NULL;
	}
	c->params = p;
	c->handlers = *h;
	c->store = store;
	c->event_fd = -1;
	c->connect_task.run = run_connect;
	c->bye_task.run = run_bye;
	auth_init(c);
	c->collect_task.run = run_collect;
	cond_init(&c->changed);
	if (set_up(c, e) < 0) {
		client_free(c);
		return NULL;
	}
	return c;
}

/* The conn is initialised once it has a session. */
static void release_conn(struct client *c)
{
	if (!c->conn.session)
		return;
	conn_abort_on_loop(&c->conn);
	trace_free(c->conn.trace);
	session_free(c->conn.session);
	conn_release(&c->conn);
	mutex_release(&c->lock);
}

void client_free(struct client *c)
{
	if (!c)
		return;
	if (c->loop)
		loop_stop(c->loop);
	release_conn(c); /* the thread is gone: we stand in for it */
	loop_free(c->loop);
	subs_release(&c->subs);
	buf_release(&c->auth_props);
	redirect_release(&c->redirect);
	if (c->owns_store && c->store)
		c->store->ops->free(c->store);
	if (c->event_fd >= 0)
		close(c->event_fd);
	free(c->versions);
	cond_release(&c->changed);
	free(c);
}

static int connect_timed_out(struct client *c, struct err *e)
{
	if (c->last_error.kind != ERR_NONE) {
		if (e)
			*e = c->last_error;
		return -1;
	}
	return err_set(e, ERR_TIMEOUT, 0,
		       "no connection before the time was up");
}

static int wait_connected(struct client *c, uint64_t deadline, struct err *e)
	REQUIRES(c->conn.lock)
{
	while (c->state != CLIENT_CONNECTED && !c->has_failed) {
		if (c->is_interrupted)
			return client_interrupted(e);
		if (clock_boot() >= deadline)
			return connect_timed_out(c, e);
		cond_wait(&c->changed, c->conn.lock, deadline);
	}
	return c->has_failed ? client_failed_locked(c, e) : 0;
}

static enum state_error ask_for_connection(struct client *c)
	REQUIRES(c->conn.lock)
{
	enum state_error r = c->has_failed ? STATE_IS_CLOSED
					   : state_apply(&c->state,
							 STATE_CALL_CONNECT);

	if (r == STATE_OK)
		loop_post(c->loop, &c->connect_task);
	return r;
}

int client_start_connect(struct client *c, struct err *e)
{
	enum state_error r;
	int ret = 0;

	mutex_lock(c->conn.lock);
	r = ask_for_connection(c);
	if (r != STATE_OK)
		ret = state_refuse(e, r, "connect", c->state);
	mutex_unlock(c->conn.lock);
	return ret;
}

int client_connect(struct client *c, uint64_t deadline, struct err *e)
{
	enum state_error r;
	int ret;

	if (client_check_thread(c, "connect", e) < 0)
		return -1;
	mutex_lock(c->conn.lock);
	r = ask_for_connection(c);
	ret = r == STATE_OK ? wait_connected(c, deadline, e)
			    : state_refuse(e, r, "connect", c->state);
	mutex_unlock(c->conn.lock);
	if (ret < 0 && r == STATE_OK) /* nothing goes on behind our back */
		(void)client_disconnect(c, NULL, clock_boot(), NULL);
	return ret;
}

static void ask_for_bye(struct client *c, const struct disconnect *p,
			uint64_t deadline) REQUIRES(c->conn.lock)
{
	c->bye = p ? *p : (struct disconnect){ 0 };
	c->bye_deadline = deadline;
	c->wants_bye = true;
	(void)state_apply(&c->state, STATE_CALL_DISCONNECT);
	loop_post(c->loop, &c->bye_task);
}

int client_disconnect(struct client *c, const struct disconnect *p,
		      uint64_t deadline, struct err *e)
{
	uint64_t limit;
	bool is_down;

	if (client_check_thread(c, "disconnect", e) < 0)
		return -1;
	mutex_lock(c->conn.lock);
	if (!c->wants_bye)
		ask_for_bye(c, p, deadline);
	limit = clock_add(deadline > clock_boot() ? deadline : clock_boot(),
			  TEARDOWN_GRACE);
	while ((c->state != CLIENT_DISCONNECTED ||
		c->conn.phase != CONN_DOWN) &&
	       c->state != CLIENT_CLOSED && clock_boot() < limit)
		cond_wait(&c->changed, c->conn.lock, limit);
	is_down = c->conn.phase == CONN_DOWN;
	if (is_down)
		(void)state_apply(&c->state, STATE_CALL_CLOSE);
	mutex_unlock(c->conn.lock);
	return is_down ? 0
		       : err_set(e, ERR_LOST, 0,
				 "connection did not close in time");
}

bool client_has_failed(struct client *c, struct err *e)
{
	bool has_failed;

	mutex_lock(c->conn.lock);
	has_failed = c->has_failed;
	if (has_failed && e)
		*e = c->failure;
	mutex_unlock(c->conn.lock);
	return has_failed;
}

enum client_state client_state(struct client *c)
{
	enum client_state s;

	mutex_lock(c->conn.lock);
	s = c->state;
	mutex_unlock(c->conn.lock);
	return s;
}

void client_stats(struct client *c, struct session_stats *ret)
{
	mutex_lock(c->conn.lock);
	session_stats(c->conn.session, ret);
	mutex_unlock(c->conn.lock);
}

/* Acknowledgements go out with the flush that ends the batch; outside of one
 * the loop is asked to flush. */
void client_flush_soon(struct client *c)
{
	if (!loop_is_current(c->loop) || !c->conn.is_receiving)
		conn_kick(&c->conn);
}

void client_acknowledge(struct client *c, uint64_t delivery)
{
	mutex_lock(c->conn.lock);
	session_acknowledge(c->conn.session, delivery);
	mutex_unlock(c->conn.lock);
	client_flush_soon(c);
}

void client_refuse(struct client *c, uint64_t delivery, uint8_t reason)
{
	mutex_lock(c->conn.lock);
	session_refuse(c->conn.session, delivery, reason);
	mutex_unlock(c->conn.lock);
	client_flush_soon(c);
}

void client_pause(struct client *c)
{
	conn_set_paused(&c->conn, true);
}

void client_resume(struct client *c)
{
	conn_set_paused(&c->conn, false);
}

struct loop *client_loop(struct client *c)
{
	return c->loop;
}

int client_interrupted(struct err *e)
{
	return err_set(e, ERR_STATE, EINTR, "interrupted");
}

void client_interrupt(struct client *c)
{
	mutex_lock(c->conn.lock);
	c->is_interrupted = true;
	cond_broadcast(&c->changed);
	mutex_unlock(c->conn.lock);
	event_raise(c->event_fd);
}

int client_event_fd(struct client *c)
{
	return c->event_fd;
}

void client_clear_event(struct client *c)
{
	event_clear(c->event_fd);
}
