/* SPDX-License-Identifier: MIT */
#include "bench/peer_private.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "mqtt/decode.h"
#include "mqtt/encode.h"
#include "mqtt/reason.h"

#define READ_SIZE ((size_t)256 * 1024)
#define OUT_MAX ((size_t)64 << 20)
#define ACCEPTS 64 /* at a time, so that others are served in between */
#define V3_UNAVAILABLE 3

static void count(atomic_uint_fast64_t *n)
{
	atomic_fetch_add_explicit(n, 1, memory_order_relaxed);
}

static void close_conn(struct peer_conn *c)
{
	struct peer_state *p = c->peer;
	int fd = c->watch.fd;

	for (size_t i = 0; i < p->touched_count; i++)
		if (p->touched[i] == c)
			p->touched[i] = NULL;
	loop_unwatch(p->loop, &c->watch);
	close(fd);
	loop_stop_timer(p->loop, &c->held_timer);
	peer_forget(c);
	buf_release(&c->in);
	buf_release(&c->out);
	buf_release(&c->held);
	free(c);
}

void peer_touch(struct peer_conn *c)
{
	struct peer_state *p = c->peer;
	size_t cap = p->touched_cap ? 2 * p->touched_cap : 64;
	struct peer_conn **v;

	if (c->is_touched)
		return;
	if (p->touched_count == p->touched_cap) {
		v = reallocarray(p->touched, cap, sizeof(struct peer_conn *));
		if (!v)
			return; /* written with its next packet */
		p->touched = v;
		p->touched_cap = cap;
	}
	p->touched[p->touched_count++] = c;
	c->is_touched = true;
}

/* Failures show when the connection is read. */
static void write_out(struct peer_conn *c)
{
	struct bytes out = buf_view(&c->out);
	ssize_t n = 0;

	if (out.n)
		n = send(c->watch.fd, out.p, out.n,
			 MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n > 0)
		buf_consume(&c->out, (size_t)n);
	buf_trim(&c->out);
	loop_rewatch(c->peer->loop, &c->watch,
		     buf_len(&c->out) ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

void peer_flush(struct peer_state *p)
{
	struct peer_conn *c;

	for (size_t i = 0; i < p->touched_count; i++) {
		c = p->touched[i];
		if (!c)
			continue;
		c->is_touched = false;
		write_out(c);
	}
	p->touched_count = 0;
}

/* ---------------------------------------------------------------- packets */

static bool on_connect(struct peer_conn *c, const struct connect *in)
{
	struct peer_state *p = c->peer;
	struct connack out = { 0 };
	bool is_refused;

	c->version = (uint8_t)in->version;
	is_refused = p->faults->refuse_connect &&
		     ++p->connects % p->faults->refuse_connect == 0;
	if (is_refused) {
		out.reason = out.return_code = c->version == MQTT_5
						       ? REASON_BUSY
						       : V3_UNAVAILABLE;
		count(&p->counts->refused_connects);
	} else {
		count(&p->counts->connects);
	}
	if (encode_connack(&c->out, c->version, &out) < 0)
		return false;
	if (is_refused)
		write_out(c);
	return !is_refused;
}

static bool answer(struct peer_conn *c, enum packet_type type, uint16_t pid,
		   uint8_t reason)
{
	struct ack a = { .pid = pid, .reason = reason };

	return encode_ack(&c->out, c->version, type, &a) == 0;
}

/* A broker that stands still does not read either; only the end of the
 * parent is noticed. */
static void stall(struct peer_state *p)
{
	struct pollfd parent = { .fd = p->parent.fd, .events = POLLIN };
	struct timespec ts = {
		.tv_sec = (time_t)(p->faults->stall_for / CLOCK_SEC),
		.tv_nsec = (long)(p->faults->stall_for % CLOCK_SEC),
	};
	uint64_t begin = clock_boot();

	p->has_stalled = true;
	peer_flush(p);
	(void)ppoll(&parent, 1, &ts, NULL);
	atomic_fetch_add(&p->counts->stalled, clock_boot() - begin);
}

static bool is_refused(struct peer_conn *c, const struct publish *m)
{
	struct peer_state *p = c->peer;

	return m->qos && c->version == MQTT_5 && p->faults->refuse &&
	       ++p->publishes % p->faults->refuse == 0;
}

static bool is_unacked(struct peer_state *p)
{
	if (!p->faults->unacked || ++p->acks % p->faults->unacked != 0)
		return false;
	count(&p->counts->unacked);
	return true;
}

static bool on_publish(struct peer_conn *c, const struct publish *m)
{
	struct peer_state *p = c->peer;
	uint64_t now = loop_now(p->loop);
	uint8_t reason = 0;

	if (!p->first_publish)
		p->first_publish = now;
	if (p->faults->stall_for && !p->has_stalled &&
	    now - p->first_publish >= p->faults->stall_at)
		stall(p);
	count(&p->counts->publishes);
	if (is_refused(c, m)) {
		reason = REASON_QUOTA;
		count(&p->counts->refused);
	} else {
		peer_route(p, m);
	}
	if (m->qos == 0 || (!reason && is_unacked(p)))
		return true;
	return answer(c, m->qos == 1 ? PACKET_PUBACK : PACKET_PUBREC, m->pid,
		      reason);
}

static bool on_subscribe(struct peer_conn *c, const struct packet *in)
{
	uint8_t reasons[256];
	struct suback out = { .pid = in->subscribe.pid };
	struct subscription s;
	size_t pos = 0, n = 0;

	while (n < sizeof(reasons) && decode_next_filter(in, &pos, &s))
		reasons[n++] = in->type == PACKET_SUBSCRIBE
				       ? peer_subscribe(c, &s)
				       : peer_unsubscribe(c, s.filter);
	out.reasons = bytes_of(reasons, n);
	return encode_suback(&c->out, c->version,
			     in->type == PACKET_SUBSCRIBE ? PACKET_SUBACK
							  : PACKET_UNSUBACK,
			     &out) == 0;
}

static bool on_packet(struct peer_conn *c, const struct packet *in)
{
	switch (in->type) {
	case PACKET_CONNECT:
		return on_connect(c, &in->connect);
	case PACKET_PUBLISH:
		return on_publish(c, &in->publish);
	case PACKET_PUBREL:
		return answer(c, PACKET_PUBCOMP, in->ack.pid, 0);
	case PACKET_SUBSCRIBE:
	case PACKET_UNSUBSCRIBE:
		return on_subscribe(c, in);
	case PACKET_PINGREQ:
		return encode_ping(&c->out, PACKET_PINGRESP) == 0;
	case PACKET_PUBACK:
		return true;
	default:
		return false;
	}
}

/* false when the connection is to be closed. */
static bool parse(struct peer_conn *c)
{
	struct decode_result r;
	struct decoder d = { .side = DECODE_FROM_CLIENT };
	enum decode end;

	do {
		d.version = c->version;
		end = decode_packet(&d, buf_view(&c->in), &r);
		if (end == DECODE_OK && !on_packet(c, &r.packet))
			return false;
		if (end == DECODE_OK)
			buf_consume(&c->in, r.used);
	} while (end == DECODE_OK);
	peer_touch(c);
	return end == DECODE_MORE;
}

/* Input is read into storage that the loop lends; a rest is kept. */
static bool receive(struct peer_conn *c)
{
	struct peer_state *p = c->peer;
	struct buf scratch = loop_take_scratch(p->loop), rest = c->in;
	bool is_open = false;
	uint8_t *room;
	ssize_t n = -1;

	buf_init(&c->in, 0);
	if (buf_append(&scratch, buf_view(&rest)) == 0 &&
	    (room = buf_reserve(&scratch, READ_SIZE / 2))) {
		n = recv(c->watch.fd, room, buf_room(&scratch), MSG_DONTWAIT);
		if (n > 0)
			buf_commit(&scratch, (size_t)n);
	}
	buf_release(&rest);
	rest = c->in;
	c->in = scratch;
	if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)))
		is_open = parse(c);
	scratch = c->in;
	c->in = rest;
	if (is_open && buf_len(&scratch) &&
	    buf_append(&c->in, buf_view(&scratch)) < 0)
		is_open = false;
	loop_give_scratch(p->loop, &scratch);
	return is_open;
}

static void ready(struct watch *w, uint32_t events)
{
	struct peer_conn *c = CONTAINER_OF(w, struct peer_conn, watch);
	struct peer_state *p = c->peer;

	if (events & EPOLLOUT)
		write_out(c);
	if (events & (EPOLLIN | EPOLLERR | EPOLLHUP) && !receive(c))
		close_conn(c);
	peer_flush(p);
}

static void accept_one(struct peer_state *p, int fd)
{
	struct peer_conn *c = calloc(1, sizeof(*c));
	const int on = 1;

	if (!c) {
		close(fd);
		return;
	}
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	c->peer = p;
	c->watch.on_ready = ready;
	c->held_timer.on_due = peer_held_due;
	c->out.max = OUT_MAX;
	if (loop_watch(p->loop, &c->watch, fd, EPOLLIN, NULL) == 0)
		return;
	close(fd);
	free(c);
}

static void accept_ready(struct watch *w, uint32_t events)
{
	struct peer_state *p = CONTAINER_OF(w, struct peer_state, listener);
	int fd;

	(void)events;
	for (int i = 0; i < ACCEPTS; i++) {
		fd = accept4(w->fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0)
			return;
		accept_one(p, fd);
	}
}

int peer_listen(struct peer_state *p, int fd, struct err *e)
{
	p->listener.on_ready = accept_ready;
	return loop_watch(p->loop, &p->listener, fd, EPOLLIN, e);
}
