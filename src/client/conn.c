/* SPDX-License-Identifier: MIT */
#include "client/conn_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "client/trace.h"
#include "net/transport.h"

#define CLOSE_WAIT CLOCK_SEC /* for the peer's EOF */

static void ready(struct watch *w, uint32_t events);
static void due(struct timer *t, uint64_t now);
static void run_task(struct task *t);

void conn_init(struct conn *c, struct loop *l, struct session *s,
	       const struct conn_ops *ops, struct mutex *lock)
{
	memset(c, 0, sizeof(*c));
	c->lock = lock;
	c->loop = l;
	c->session = s;
	c->ops = ops;
	c->watch.fd = -1;
	c->watch.on_ready = ready;
	c->timer.on_due = due;
	c->task.run = run_task;
	c->deadline = CLOCK_NEVER;
}

void conn_release(struct conn *c)
{
	buf_release(&c->in);
	conn_forget_referral(c);
	free(c->write_error);
}

static void set_phase(struct conn *c, enum conn_phase phase)
{
	mutex_lock(c->lock);
	c->phase = (uint8_t)phase;
	mutex_unlock(c->lock);
}

static void teardown(struct conn *c)
{
	struct stream *stream;

	loop_unwatch(c->loop, &c->watch);
	loop_stop_timer(c->loop, &c->timer);
	dial_free(STEAL(c->dial));
	mutex_lock(c->lock);
	stream = STEAL(c->stream);
	c->phase = CONN_DOWN;
	c->wants_write = c->read_wants_write = c->is_shut = false;
	free(STEAL(c->write_error));
	session_lost(c->session);
	if (c->ops->on_room_locked)
		c->ops->on_room_locked(c);
	mutex_unlock(c->lock);
	stream_free(stream);
	buf_release(&c->in);
}

/* The caller must not touch c afterwards: it may be gone. */
void conn_fail(struct conn *c, const struct err *why)
{
	teardown(c);
	c->ops->on_down(c, why);
}

void conn_abort_on_loop(struct conn *c)
{
	if (c->phase != CONN_DOWN)
		teardown(c);
}

static uint64_t next_deadline(struct conn *c)
{
	uint64_t d = c->deadline, t;

	if (c->phase == CONN_DIALING) {
		t = dial_deadline(c->dial);
		return t < d ? t : d;
	}
	if (c->phase != CONN_UP)
		return d;
	mutex_lock(c->lock);
	d = session_deadline(c->session);
	mutex_unlock(c->lock);
	return d;
}

/* Timers only ever move forward on traffic; one that fires too early looks
 * again, which is cheaper than moving it with every packet. */
static void arm_timer(struct conn *c)
{
	uint64_t d = next_deadline(c);

	if (heap_has(&c->timer.node) && c->timer.node.deadline <= d &&
	    c->phase == CONN_UP)
		return;
	(void)loop_set_timer(c->loop, &c->timer, d);
}

void conn_arm(struct conn *c)
{
	uint32_t ev = 0;

	mutex_lock(c->lock);
	if (!c->is_paused || c->phase != CONN_UP)
		ev |= EPOLLIN;
	if (c->wants_write)
		ev |= EPOLLOUT;
	mutex_unlock(c->lock);
	loop_rewatch(c->loop, &c->watch, ev);
	arm_timer(c);
}

static void tell_phase(struct conn *c, enum conn_phase phase)
{
	if (c->ops->on_phase)
		c->ops->on_phase(c, phase);
}

static void log_in(struct conn *c)
{
	struct err e;
	int r;

	tell_phase(c, CONN_LOGIN);
	mutex_lock(c->lock);
	c->phase = CONN_LOGIN;
	c->wants_write = false;
	if (c->trace)
		trace_start(c->trace, c->target->connect->version);
	r = session_connect(c->session, c->target->connect,
			    loop_refresh_now(c->loop));
	mutex_unlock(c->lock);
	if (r < 0) {
		err_nomem(&e);
		conn_fail(c, &e);
		return;
	}
	(void)conn_flush_on_loop(c);
}

/* What to wait for before the next step. */
static uint32_t wanted(enum io io)
{
	return io == IO_WANT_WRITE ? EPOLLOUT : EPOLLIN;
}

static void step_handshake(struct conn *c)
{
	struct err e;
	enum io io = stream_step(c->stream, &e);

	if (io == IO_OK) {
		log_in(c);
		return;
	}
	if (io == IO_EOF)
		err_set(&e, ERR_CONNECT, 0,
			"peer closed the connection in the handshake");
	if (io == IO_EOF || io == IO_FAIL) {
		err_prefix(&e, "cannot connect to '%s'", c->target->name);
		conn_fail(c, &e);
		return;
	}
	loop_rewatch(c->loop, &c->watch, wanted(io));
	arm_timer(c);
}

static void shake_hands(struct conn *c)
{
	struct stream *stream;
	struct err e;

	tell_phase(c, CONN_HANDSHAKE);
	loop_unwatch(c->loop, &c->watch);
	stream = transport_open(c->target->transport, &c->target->dial, c->dial,
				&e);
	dial_free(STEAL(c->dial));
	if (!stream ||
	    loop_watch(c->loop, &c->watch, stream->fd, EPOLLIN, &e) < 0) {
		stream_free(stream);
		err_prefix(&e, "cannot connect to '%s'", c->target->name);
		conn_fail(c, &e);
		return;
	}
	mutex_lock(c->lock);
	c->stream = stream;
	c->phase = CONN_HANDSHAKE;
	mutex_unlock(c->lock);
	step_handshake(c);
}

static void step_dial(struct conn *c)
{
	struct err e;
	enum io io = dial_step(c->dial, loop_refresh_now(c->loop), &e);
	int fd;

	if (io == IO_OK) {
		shake_hands(c);
		return;
	}
	if (io == IO_EOF || io == IO_FAIL) {
		conn_fail(c, &e);
		return;
	}
	fd = dial_fd(c->dial);
	if (c->watch.fd != fd) {
		loop_unwatch(c->loop, &c->watch);
		if (loop_watch(c->loop, &c->watch, fd, wanted(io), &e) < 0) {
			conn_fail(c, &e);
			return;
		}
	}
	loop_rewatch(c->loop, &c->watch, wanted(io));
	arm_timer(c);
}

void conn_start_on_loop(struct conn *c, const struct conn_target *t)
{
	c->target = t;
	c->deadline = clock_add(loop_refresh_now(c->loop), t->connect_timeout);
	c->closed_at_login = c->is_shut = c->is_receiving = false;
	conn_forget_referral(c);
	set_phase(c, CONN_DIALING);
	conn_kick(c);
}

static void start_dial(struct conn *c)
{
	struct err e;

	c->dial = transport_dial(c->target->transport, &c->target->dial,
				 loop_now(c->loop), &e);
	if (!c->dial) {
		err_prefix(&e, "cannot connect to '%s'", c->target->name);
		conn_fail(c, &e);
		return;
	}
	step_dial(c);
}

void conn_disconnect_on_loop(struct conn *c, const struct disconnect *p,
			     uint64_t deadline)
{
	static const struct disconnect normal = { 0 };
	uint64_t limit;

	if (c->phase == CONN_DOWN || c->phase == CONN_CLOSING)
		return;
	limit = clock_add(loop_refresh_now(c->loop), 2 * CLOSE_WAIT);
	c->deadline = deadline < limit ? deadline : limit;
	mutex_lock(c->lock);
	if (c->phase == CONN_UP)
		session_disconnect(c->session, p ? p : &normal);
	else
		c->deadline = loop_now(c->loop); /* nothing to say */
	c->phase = CONN_CLOSING;
	mutex_unlock(c->lock);
	conn_kick(c);
}

void conn_set_paused(struct conn *c, bool is_paused)
{
	bool has_changed;

	mutex_lock(c->lock);
	has_changed = c->is_paused != is_paused;
	c->is_paused = is_paused;
	if (has_changed)
		session_set_paused(c->session, is_paused, clock_boot());
	mutex_unlock(c->lock);
	if (has_changed)
		conn_kick(c);
}

static void ready(struct watch *w, uint32_t events)
{
	struct conn *c = CONTAINER_OF(w, struct conn, watch);
	bool has_read;

	if (c->phase == CONN_DIALING) {
		step_dial(c);
		return;
	}
	if (c->phase == CONN_HANDSHAKE) {
		step_handshake(c);
		return;
	}
	if (events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) {
		mutex_lock(c->lock);
		has_read = c->read_wants_write && !c->is_paused;
		c->wants_write = c->read_wants_write = false;
		mutex_unlock(c->lock);
		if (!has_read && !(events & (EPOLLIN | EPOLLERR | EPOLLHUP))) {
			(void)conn_flush_on_loop(c);
			return;
		}
	}
	conn_receive(c);
}

static void run_task(struct task *t)
{
	struct conn *c = CONTAINER_OF(t, struct conn, task);
	bool has_pending;

	if (c->phase == CONN_DIALING) {
		if (!c->dial)
			start_dial(c);
		return;
	}
	if (c->phase == CONN_CLOSING && !c->stream) {
		conn_fail(c, NULL);
		return;
	}
	if (c->phase < CONN_LOGIN)
		return;
	mutex_lock(c->lock);
	/* A failed write is no reason to stop reading: what the broker said
	 * last is often still in the receive buffer. */
	has_pending = !c->is_paused &&
		      (c->write_error || stream_has_pending(c->stream));
	mutex_unlock(c->lock);
	if (has_pending)
		conn_receive(c);
	else
		(void)conn_flush_on_loop(c);
}

static void due(struct timer *t, uint64_t now)
{
	struct conn *c = CONTAINER_OF(t, struct conn, timer);
	enum tick tick;

	if (c->phase == CONN_DIALING && now < c->deadline) {
		step_dial(c);
		return;
	}
	if (c->phase == CONN_CLOSING) {
		conn_fail(c, NULL);
		return;
	}
	if (c->phase != CONN_UP) {
		conn_fail_timeout(c);
		return;
	}
	mutex_lock(c->lock);
	tick = session_tick(c->session, now);
	mutex_unlock(c->lock);
	if (tick == TICK_OK)
		(void)conn_flush_on_loop(c);
	else
		conn_fail_tick(c, tick);
}
