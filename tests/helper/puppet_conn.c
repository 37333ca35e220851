/* SPDX-License-Identifier: MIT */
#include "puppet.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dump.h"

enum { READ_SIZE = 64 * 1024 };

struct conn *conn_new(struct puppet *p, int fd)
{
	struct conn *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->puppet = p;
	c->fd = fd;
	c->tail = &c->first;
	c->next_pid = 1;
	return c;
}

void entry_free(struct entry *e)
{
	if (!e)
		return;
	buf_release(&e->line);
	buf_release(&e->raw);
	free(e);
}

static void outgoing_free(struct outgoing *o)
{
	buf_release(&o->bytes);
	free(o);
}

void conn_free(struct conn *c)
{
	struct outgoing *next;

	if (c->fd >= 0)
		close(c->fd);
	while (c->first)
		entry_free(conn_take(c));
	for (struct outgoing *o = c->later; o; o = next) {
		next = o->next;
		outgoing_free(o);
	}
	for (size_t i = 0; i <= ALIASES_MAX; i++)
		buf_release(&c->aliases[i]);
	buf_release(&c->grants);
	buf_release(&c->in);
	buf_release(&c->out);
	free(c);
}

struct entry *conn_take(struct conn *c)
{
	struct entry *e = c->first;

	if (!e)
		return NULL;
	c->first = e->next;
	if (!c->first)
		c->tail = &c->first;
	c->queued--;
	return e;
}

static void note_end(struct conn *c, enum conn_end end)
{
	c->end = end;
	if (c->is_shut)
		return;
	puppet_log(c->puppet, "%u %s peak-in-flight=%llu", c->number,
		   end == CONN_RESET ? "reset" : "closed",
		   (unsigned long long)c->peak_flights);
	broker_forget(c);
}

static void note_shut(struct conn *c, bool with_reset)
{
	c->is_shut = true;
	puppet_log(c->puppet, "%u %s by us peak-in-flight=%llu", c->number,
		   with_reset ? "reset" : "closed",
		   (unsigned long long)c->peak_flights);
	broker_forget(c);
}

void conn_shut(struct conn *c, bool with_reset)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };

	if (c->fd < 0)
		return;
	if (!c->is_shut && c->end == CONN_OPEN)
		note_shut(c, with_reset);
	if (!with_reset && c->end == CONN_OPEN) {
		shutdown(c->fd, SHUT_WR);
		return;
	}
	if (with_reset)
		setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(c->fd);
	c->fd = -1;
}

/* ------------------------------------------------------------- output */

/* One line for what has gone out, from its own bytes. */
static void log_sent(const struct conn *c, struct bytes raw)
{
	struct decoder d = { .version = c->version ? c->version : MQTT_5,
			     .side = DECODE_FROM_SERVER };
	struct decode_result r;
	struct buf line = { 0 };
	const char *text;

	if (decode_packet(&d, raw, &r) == DECODE_OK && r.used == raw.n &&
	    dump_packet(&line, d.version, &r.packet) == 0 &&
	    (text = buf_cstr(&line)) != NULL)
		puppet_log(c->puppet, "%u send %s", c->number, text);
	else
		puppet_log(c->puppet, "%u send bytes n=%zu", c->number, raw.n);
	buf_release(&line);
}

static void put_out(struct conn *c, struct outgoing *o)
{
	log_sent(c, buf_view(&o->bytes));
	if (buf_append(&c->out, buf_view(&o->bytes)) < 0)
		conn_shut(c, true);
	if (o->ends_flight && c->flights)
		c->flights--;
	outgoing_free(o);
}

static void post_due(struct conn *c, uint64_t now)
{
	struct outgoing *o;

	while (!c->is_shut && c->later && c->later->due <= now) {
		o = c->later;
		c->later = o->next;
		put_out(c, o);
	}
}

static size_t piece(const struct conn *c)
{
	size_t n = buf_len(&c->out);

	return c->fragment && c->fragment < n ? c->fragment : n;
}

void conn_flush(struct conn *c, uint64_t now)
{
	ssize_t n;

	post_due(c, now);
	while (!c->is_shut && buf_len(&c->out) && !c->is_corked &&
	       c->next_write <= now) {
		n = send(c->fd, buf_view(&c->out).p, piece(c),
			 MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n < 0) {
			buf_clear(&c->out);
			return;
		}
		buf_consume(&c->out, (size_t)n);
		if (c->fragment)
			c->next_write = now + c->pace;
		if (c->pace)
			return;
	}
	if (c->is_ending && !buf_len(&c->out) && !c->later)
		conn_shut(c, false);
}

void conn_post(struct conn *c, struct outgoing *o)
{
	struct outgoing **at = &c->later;

	while (*at && (*at)->due <= o->due)
		at = &(*at)->next;
	o->next = *at;
	*at = o;
	conn_flush(c, clock_now());
}

void conn_release_held(struct conn *c)
{
	for (struct outgoing *o = c->later; o; o = o->next)
		if (o->due == CLOCK_NEVER)
			o->due = 0;
	conn_flush(c, clock_now());
}

uint64_t conn_due(const struct conn *c)
{
	uint64_t due = c->later ? c->later->due : CLOCK_NEVER;

	if (c->is_shut)
		return CLOCK_NEVER;
	if (buf_len(&c->out) && !c->is_corked && c->next_write < due)
		due = c->next_write;
	return due;
}

/* -------------------------------------------------------------- input */

/* What the broker and the defaults of "send" need to know of it. */
static void note_packet(struct conn *c, const struct packet *p)
{
	struct subscription s;
	size_t pos = 0;

	c->received[p->type]++;
	if (p->type == PACKET_CONNECT)
		c->version = p->connect.version;
	else if (p->type == PACKET_PUBLISH)
		c->last_pid = p->publish.pid;
	else if (p->type >= PACKET_PUBACK && p->type <= PACKET_PUBCOMP)
		c->last_pid = p->ack.pid;
	if (p->type != PACKET_SUBSCRIBE && p->type != PACKET_UNSUBSCRIBE)
		return;
	c->last_pid = p->subscribe.pid;
	buf_clear(&c->grants);
	while (decode_next_filter(p, &pos, &s))
		if (buf_append_byte(&c->grants, p->type == PACKET_SUBSCRIBE
							? s.options & 3
							: 0) < 0)
			return;
}

static void queue_packet(struct conn *c, const struct packet *p,
			 struct bytes raw)
{
	struct entry *e = calloc(1, sizeof(*e));
	const char *text = NULL;

	if (e && buf_append(&e->raw, raw) == 0 &&
	    dump_packet(&e->line, c->version, p) == 0)
		text = buf_cstr(&e->line);
	if (!text) {
		entry_free(e);
		return;
	}
	puppet_log(c->puppet, "%u recv %s", c->number, text);
	e->type = p->type;
	*c->tail = e;
	c->tail = &e->next;
	if (++c->queued > QUEUE_MAX && c->is_auto)
		entry_free(conn_take(c));
}

/* Runs what the script wants to happen when this packet comes. Returns
 * false when the broker is not to see it. */
static bool obey_rules(struct conn *c, enum packet_type type)
{
	const struct rule *r;
	bool is_handled = true;
	size_t pos = 0;
	struct err e;

	while ((r = rule_next(c, false, type, &pos)) != NULL) {
		if (!strcmp(r->action[0], "ignore"))
			is_handled = false;
		else if (script_act(c, r->action, &e) < 0)
			puppet_log(c->puppet, "%u error %s", c->number, e.text);
	}
	return is_handled && !c->is_mute && !c->is_shut;
}

static void receive_packet(struct conn *c, const struct decode_result *r,
			   struct bytes raw)
{
	note_packet(c, &r->packet);
	queue_packet(c, &r->packet, raw);
	if (c->is_auto && obey_rules(c, r->packet.type))
		broker_handle(c, &r->packet);
}

/* Bytes that are no packet: nothing after them can be read. */
static void receive_garbage(struct conn *c, const struct decode_result *r)
{
	puppet_log(c->puppet, "%u recv malformed reason=0x%02x why=%s",
		   c->number, (unsigned)r->reason, r->why);
	c->is_garbled = true;
	buf_clear(&c->in);
}

static void decode_all(struct conn *c)
{
	struct decoder d = { .side = DECODE_FROM_CLIENT };
	struct decode_result r;
	struct bytes in;

	while (buf_len(&c->in) && !c->is_garbled && !c->is_shut) {
		in = buf_view(&c->in);
		d.version = c->version ? c->version : MQTT_5;
		switch (decode_packet(&d, in, &r)) {
		case DECODE_MORE:
			return;
		case DECODE_BAD:
			receive_garbage(c, &r);
			return;
		default:
			receive_packet(c, &r, bytes_of(in.p, r.used));
			buf_consume(&c->in, r.used);
		}
	}
}

void conn_receive(struct conn *c)
{
	uint8_t *to = buf_reserve(&c->in, READ_SIZE);
	ssize_t n;

	if (!to) {
		conn_shut(c, true);
		return;
	}
	n = recv(c->fd, to, READ_SIZE, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		note_end(c, n == 0 ? CONN_CLOSED : CONN_RESET);
		return;
	}
	if (c->is_garbled || c->is_shut)
		return;
	buf_commit(&c->in, (size_t)n);
	decode_all(c);
	if (c->is_auto)
		numbered_settle(c);
}
