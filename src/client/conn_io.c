/* SPDX-License-Identifier: MIT */
#include "client/conn_private.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/crash.h"
#include "base/prefetch.h"
#include "client/trace.h"

#define READ_MIN ((size_t)16 * 1024) /* room wanted before each read */
#define READ_MAX ((size_t)256 * 1024)
#define READ_LONG ((size_t)1024 * 1024) /* then the storage is used again */
#define READ_KEEP ((size_t)4 * 1024) /* leftovers up to this are copied out */
#define READ_TURNS 4                 /* reads per turn, for fairness */
#define EVENT_BATCH 128
#define SPIN_NS 50000 /* acks are due within microseconds */

static void note_write_error(struct conn *c, const struct err *e)
	REQUIRES(c->lock)
{
	if (!c->write_error)
		c->write_error = malloc(sizeof(*c->write_error));
	if (c->write_error)
		*c->write_error = *e;
}

/* While that fails the session keeps back whatever depends on it. */
static void commit(struct conn *c) REQUIRES(c->lock)
{
	if (c->ops->commit_locked)
		c->ops->commit_locked(c);
}

/* One write of what the session offers. False when there is nothing more to
 * do for now. */
static bool write_once(struct conn *c, uint64_t now) REQUIRES(c->lock)
{
	struct bytes out;
	struct err e;
	size_t n = 0;

	session_pump(c->session, now, CONN_OUTPUT_HIGH);
	commit(c);
	out = session_output(c->session);
	if (!out.n)
		return false;
	crash_point();
	switch (stream_write(c->stream, out.p, out.n, &n, &e)) {
	case IO_OK:
		crash_point();
		if (c->trace)
			trace_sent(c->trace, bytes_of(out.p, n));
		session_sent(c->session, n, now);
		return true;
	case IO_WANT_WRITE:
		c->wants_write = true;
		session_hold(c->session);
		return false;
	case IO_WANT_READ: /* TLS: reading goes on anyway */
		session_hold(c->session);
		return false;
	case IO_EOF:
		err_set(&e, ERR_LOST, 0, "peer closed the connection");
		note_write_error(c, &e);
		return false;
	case IO_FAIL:
		note_write_error(c, &e);
		return false;
	}
	return false;
}

void conn_flush_locked(struct conn *c)
{
	bool was_blocked = c->wants_write || c->write_error;

	if (c->phase < CONN_LOGIN || was_blocked) {
		commit(c);
		return;
	}
	while (!session_is_settled(c->session) && write_once(c, clock_boot()))
		;
	/* The loop has to watch for room, or to find out what happened; in
	 * the middle of receiving it will anyway. */
	if ((c->wants_write || c->write_error) &&
	    !(loop_is_current(c->loop) && c->is_receiving))
		loop_post(c->loop, &c->task);
	if (c->ops->on_room_locked)
		c->ops->on_room_locked(c);
}

void conn_prefetch(const struct conn *c)
{
	session_prefetch(c->session);
	prefetch(c->stream, sizeof(*c->stream));
}

void conn_kick(struct conn *c)
{
	loop_post(c->loop, &c->task);
}

struct batch {
	struct event events[EVENT_BATCH];
	size_t count;
	enum feed end; /* FEED_MORE: nothing left; FEED_EVENT: batch full */
};

/* The connection changes with a CONNACK or DISCONNECT; the topic of a message
 * that came by alias lives only until the next packet is read. */
static bool ends_batch(const struct event *ev)
{
	return ev->type == EVENT_CONNACK || ev->type == EVENT_DISCONNECT ||
	       (ev->type == EVENT_MESSAGE && ev->message.packet.alias);
}

/* Fills a batch from the in buffer. */
static void fill_batch(struct conn *c, struct batch *b, size_t *used)
	REQUIRES(c->lock)
{
	struct bytes in = buf_view(&c->in);
	uint64_t now = loop_now(c->loop);
	struct event *ev;
	size_t n;

	b->count = 0;
	do {
		ev = &b->events[b->count];
		n = 0;
		b->end = session_feed(c->session,
				      bytes_of(in.p + *used, in.n - *used), now,
				      &n, ev);
		*used += n;
		if (b->end == FEED_MORE || b->end == FEED_FAIL)
			return;
		if (b->end == FEED_NONE)
			continue;
		b->count++;
		if (ends_batch(ev))
			return;
	} while (b->count < EVENT_BATCH);
	b->end = FEED_EVENT;
}

static void come_up(struct conn *c, const struct event_connack *ack)
{
	mutex_lock(c->lock);
	c->phase = CONN_UP;
	mutex_unlock(c->lock);
	loop_stop_timer(c->loop, &c->timer);
	c->ops->on_up(c, ack);
}

/* Gives the events out; RX_GONE when the connection ended with one. */
static enum rx hand_out(struct conn *c, struct batch *b)
{
	const struct event *last;

	if (!b->count)
		return RX_MORE;
	last = &b->events[b->count - 1];
	if (last->type == EVENT_CONNACK) {
		if (b->count > 1)
			c->ops->on_events(c, b->events, b->count - 1);
		if (last->connack.packet.reason != 0) {
			conn_fail_refused(c, &last->connack.packet);
			return RX_GONE;
		}
		come_up(c, &last->connack);
		return RX_MORE;
	}
	c->ops->on_events(c, b->events, b->count);
	if (last->type != EVENT_DISCONNECT)
		return RX_MORE;
	conn_fail_disconnected(c, &last->disconnect);
	return RX_GONE;
}

/* Takes all whole packets out of the in buffer. */
static enum rx parse(struct conn *c)
{
	struct batch b;
	size_t used = 0;

	if (c->phase == CONN_CLOSING) {
		buf_clear(&c->in);
		return RX_MORE;
	}
	do {
		mutex_lock(c->lock);
		fill_batch(c, &b, &used);
		mutex_unlock(c->lock);
		if (hand_out(c, &b) == RX_GONE)
			return RX_GONE;
		if (b.end == FEED_FAIL) {
			conn_fail_protocol(c);
			return RX_GONE;
		}
	} while (b.end != FEED_MORE && c->phase != CONN_CLOSING);
	buf_consume(&c->in, used);
	/* The next long message takes the place of this one. */
	if (used > READ_LONG)
		buf_compact(&c->in);
	return RX_MORE;
}

/* While acknowledgements are due the next answer is microseconds away. */
static void spin_for_acks(struct conn *c) REQUIRES(c->lock)
{
	struct session_stats st;

	session_stats(c->session, &st);
	if (st.queued && st.awaiting_ack + st.awaiting_comp)
		loop_spin(c->loop, SPIN_NS);
}

/* A read that gave no bytes. */
static enum rx no_bytes(struct conn *c, enum io io, struct err *e)
{
	if (io == IO_WANT_READ || io == IO_WANT_WRITE)
		return RX_DRY;
	if (c->phase == CONN_CLOSING)
		conn_fail(c, NULL);
	else if (io == IO_EOF)
		conn_fail_eof(c);
	else
		conn_fail_read(c, e);
	return RX_GONE;
}

static enum rx read_once(struct conn *c)
{
	uint8_t *room = buf_reserve(&c->in, READ_MIN);
	size_t room_size = buf_room(&c->in);
	/* More at once would touch memory that a long message needs no
	 * more. */
	size_t n = 0, size = room_size < READ_MAX ? room_size : READ_MAX;
	bool has_pending;
	struct err e;
	enum io io;

	if (!room) {
		err_nomem(&e);
		conn_fail(c, &e);
		return RX_GONE;
	}
	mutex_lock(c->lock);
	io = stream_read(c->stream, room, size, &n, &e);
	has_pending = stream_has_pending(c->stream);
	if (io == IO_WANT_WRITE)
		c->wants_write = c->read_wants_write = true;
	if (io == IO_OK)
		session_heard(c->session, loop_now(c->loop));
	if (io == IO_OK && c->trace)
		trace_received(c->trace, bytes_of(room, n));
	mutex_unlock(c->lock);
	if (io != IO_OK)
		return no_bytes(c, io, &e);
	buf_commit(&c->in, n);
	if (parse(c) == RX_GONE)
		return RX_GONE;
	return n == size || has_pending ? RX_MORE : RX_DRY;
}

/* Large storage is lent by the loop, so that idle connections cost none. */
static void borrow_input(struct conn *c)
{
	if (!c->in.data)
		c->in = loop_take_scratch(c->loop);
}

static void return_input(struct conn *c)
{
	struct buf small = { 0 };
	size_t n = buf_len(&c->in);

	if (n > READ_KEEP)
		return;
	if (n && buf_append(&small, buf_view(&c->in)) < 0)
		return;
	loop_give_scratch(c->loop, &c->in);
	c->in = small;
}

/* Everything is written: tell the peer, then wait for its end. */
static void shut_down(struct conn *c)
{
	struct err e;

	mutex_lock(c->lock);
	c->is_shut = stream_shutdown(c->stream, &e) != IO_WANT_WRITE;
	c->wants_write = !c->is_shut;
	mutex_unlock(c->lock);
}

enum rx conn_flush_on_loop(struct conn *c)
{
	bool is_done, has_failed;

	mutex_lock(c->lock);
	conn_flush_locked(c);
	has_failed = c->write_error != NULL;
	is_done = c->phase == CONN_CLOSING &&
		  session_output_len(c->session) == 0;
	if (c->phase == CONN_UP && !c->is_paused)
		spin_for_acks(c);
	mutex_unlock(c->lock);
	if (has_failed) {
		conn_fail_write(c);
		return RX_GONE;
	}
	if (is_done && !c->is_shut)
		shut_down(c);
	if (c->is_shut && c->closes_at_once) {
		conn_fail(c, NULL);
		return RX_GONE;
	}
	conn_arm(c);
	return RX_DRY;
}

void conn_receive(struct conn *c)
{
	int turns = READ_TURNS;
	enum rx rx;

	c->is_receiving = true;
	session_prefetch(c->session);
	borrow_input(c);
	do
		rx = read_once(c);
	while (rx == RX_MORE && --turns && !c->is_paused);
	if (rx == RX_GONE)
		return;
	c->is_receiving = false;
	return_input(c);
	/* More may wait inside a stream, where epoll cannot see it. */
	if (rx == RX_MORE && !c->is_paused)
		loop_post(c->loop, &c->task);
	if (c->phase == CONN_UP && c->ops->on_batch_end)
		c->ops->on_batch_end(c);
	(void)conn_flush_on_loop(c);
}
