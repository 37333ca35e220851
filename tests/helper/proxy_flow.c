/* SPDX-License-Identifier: MIT */
#include "proxy.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "dump.h"
#include "mqtt/decode.h"
#include "mqtt/wire.h"

enum {
	READ_SIZE = 64 * 1024,
	QUEUE_MAX = 256 * 1024,
	RECORD_MAX = 1024 * 1024, /* longer packets: a line without content */
};

/* Bytes on their way, to be written from due on. */
struct chunk {
	struct chunk *next;
	uint64_t due;
	size_t n, at;
	uint8_t data[];
};

void flow_init(struct flow *f)
{
	f->tail = &f->first;
}

static void drop_first(struct flow *f)
{
	struct chunk *c = f->first;

	f->queued -= c->n - c->at;
	f->first = c->next;
	if (!f->first)
		f->tail = &f->first;
	free(c);
}

void flow_release(struct flow *f)
{
	while (f->first)
		drop_first(f);
	buf_release(&f->in);
	buf_release(&f->header);
	buf_release(&f->packet);
}

bool flow_wants(const struct flow *f)
{
	return !f->has_ended && !f->is_stalled &&
	       buf_len(&f->in) + f->queued < QUEUE_MAX;
}

uint64_t flow_due(const struct flow *f)
{
	if (!f->first)
		return CLOCK_NEVER;
	return f->first->due > f->next_write ? f->first->due : f->next_write;
}

enum flow_result flow_read(struct flow *f)
{
	uint8_t *to = buf_reserve(&f->in, READ_SIZE);
	ssize_t n;

	if (!to)
		return FLOW_BROKEN;
	n = recv(f->from, to, READ_SIZE, MSG_DONTWAIT);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? FLOW_OK
							 : FLOW_BROKEN;
	f->has_ended = n == 0;
	buf_commit(&f->in, (size_t)n);
	return FLOW_OK;
}

static bool is_border(const struct flow *f)
{
	return f->left == 0 && buf_len(&f->header) == 0;
}

static void record_line(const struct flow *f, const char *text)
{
	fprintf(f->record, "%u %s %s%s at=%.3f\n", f->conn,
		f->direction == UP ? "up" : "down", text,
		f->is_black_hole ? " lost=1" : "",
		(double)(clock_now() - f->start) / 1e9);
	fflush(f->record);
}

/* A packet has passed to its last byte. */
static void record_packet(struct flow *f)
{
	struct decoder d = { .version = *f->version ? *f->version : MQTT_5,
			     .side = f->direction == UP ? DECODE_FROM_CLIENT
							: DECODE_FROM_SERVER };
	struct decode_result r = { .why = "incomplete" };
	struct buf line = { 0 };
	const char *text;
	int rc;

	if (decode_packet(&d, buf_view(&f->packet), &r) == DECODE_OK) {
		if (r.packet.type == PACKET_CONNECT)
			*f->version = r.packet.connect.version;
		rc = dump_packet(&line, *f->version, &r.packet);
	} else {
		rc = buf_printf(&line, "unreadable why=%s", r.why);
	}
	text = buf_cstr(&line);
	if (rc == 0 && text)
		record_line(f, text);
	buf_release(&line);
	buf_clear(&f->packet);
}

static void record(struct flow *f, struct bytes part)
{
	if (!f->record)
		return;
	if (buf_len(&f->packet) + part.n <= RECORD_MAX &&
	    buf_append(&f->packet, part) < 0)
		buf_clear(&f->packet);
	if (is_border(f))
		record_packet(f);
}

/* The length of the packet is known once its header is whole. */
static enum flow_result begin_packet(struct flow *f, uint8_t byte)
{
	struct bytes b;
	uint32_t len;
	size_t used;

	if (buf_append_byte(&f->header, byte) < 0)
		return FLOW_BROKEN;
	b = buf_view(&f->header);
	switch (wire_peek_varint(bytes_of(b.p + 1, b.n - 1), &len, &used)) {
	case VARINT_OK:
		f->left = len;
		buf_clear(&f->header);
		break;
	case VARINT_BAD: /* no packets any more: one without an end */
		f->left = UINT64_MAX;
		buf_clear(&f->header);
		break;
	default:
		break;
	}
	return FLOW_OK;
}

static bool is_due(const struct flow *f, const struct rule *r, unsigned type)
{
	if (r->trigger == AFTER_BYTES)
		return f->passed >= r->nth;
	if (r->trigger != BEFORE_PACKET || !is_border(f) || !type)
		return false;
	return (!r->type || r->type == type) && f->begun[r->type] + 1 >= r->nth;
}

/* The rule that fires here, before a byte that may begin a packet. */
static const struct rule *find_rule(struct flow *f, unsigned type)
{
	const struct rule *r;

	for (size_t i = 0; i < f->rules->count; i++) {
		r = &f->rules->all[i];
		if (f->fired >> i & 1 || !r->applies[f->direction] ||
		    (r->conn && r->conn != f->conn) || !is_due(f, r, type))
			continue;
		f->fired |= UINT64_C(1) << i;
		return r;
	}
	return NULL;
}

/* Up to where nothing can happen that a rule would fire at. */
static size_t safe_length(const struct flow *f, size_t n)
{
	const struct rule *r;

	n = f->left && f->left < n ? (size_t)f->left : n;
	if (!f->left)
		n = 1;
	for (size_t i = 0; i < f->rules->count; i++) {
		r = &f->rules->all[i];
		if (r->trigger == AFTER_BYTES && r->nth > f->passed &&
		    r->nth - f->passed < n)
			n = (size_t)(r->nth - f->passed);
	}
	return n;
}

/* Moves the first n bytes on, or nowhere. */
static enum flow_result move(struct flow *f, size_t n, uint64_t now)
{
	struct chunk *c;

	if (!f->is_black_hole && n) {
		c = malloc(sizeof(*c) + n);
		if (!c)
			return FLOW_BROKEN;
		*c = (struct chunk){ .due = now + f->latency, .n = n };
		memcpy(c->data, buf_view(&f->in).p, n);
		*f->tail = c;
		f->tail = &c->next;
		f->queued += n;
	}
	buf_consume(&f->in, n);
	return FLOW_OK;
}

/* Goes over one packet, header or body, as far as it is there. */
static enum flow_result advance(struct flow *f, struct bytes in, size_t *ret_n)
{
	size_t n = safe_length(f, in.n);
	unsigned type = in.p[0] >> 4;
	enum flow_result result = FLOW_OK;

	if (is_border(f)) {
		f->begun[0]++;
		f->begun[type] += type != 0;
	}
	if (f->left)
		f->left -= n;
	else
		result = begin_packet(f, in.p[0]);
	f->passed += n;
	record(f, bytes_of(in.p, n));
	*ret_n = n;
	return result;
}

enum flow_result flow_pass(struct flow *f, uint64_t now,
			   const struct rule **ret_rule)
{
	struct bytes in = buf_view(&f->in);
	const struct rule *r = NULL;
	enum flow_result result;
	size_t at = 0, n;

	while (!f->is_stalled) {
		r = find_rule(f, at < in.n ? in.p[at] >> 4 : 0);
		if (r || at == in.n)
			break;
		if (advance(f, bytes_of(in.p + at, in.n - at), &n) != FLOW_OK)
			return FLOW_BROKEN;
		at += n;
	}
	result = move(f, at, now);
	if (f->has_ended && !buf_len(&f->in) && !f->is_black_hole)
		f->is_ending = true;
	if (result != FLOW_OK || !r)
		return result;
	*ret_rule = r;
	return FLOW_FIRED;
}

static enum flow_result write_first(struct flow *f, uint64_t now)
{
	struct chunk *c = f->first;
	size_t n = c->n - c->at;
	ssize_t sent;

	n = f->piece && f->piece < n ? f->piece : n;
	sent = send(f->to, c->data + c->at, n, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (sent < 0)
		return errno == EAGAIN || errno == EINTR ? FLOW_OK
							 : FLOW_BROKEN;
	c->at += (size_t)sent;
	f->queued -= (size_t)sent;
	f->next_write = f->piece ? now + f->pace : 0;
	if (c->at == c->n)
		drop_first(f);
	return FLOW_OK;
}

enum flow_result flow_write(struct flow *f, uint64_t now)
{
	if (f->first && flow_due(f) <= now && write_first(f, now) != FLOW_OK)
		return FLOW_BROKEN;
	if (f->is_ending && !f->first && !f->is_shut) {
		f->is_shut = true;
		shutdown(f->to, SHUT_WR);
	}
	return FLOW_OK;
}

static void resume(struct flow *f)
{
	f->is_stalled = f->is_black_hole = false;
	f->latency = f->pace = f->next_write = 0;
	f->piece = 0;
}

bool flow_apply(struct flow *f, const struct rule *r)
{
	switch (r->action) {
	case ACT_STALL:
		f->is_stalled = true;
		return true;
	case ACT_BLACK_HOLE:
		f->is_black_hole = true;
		return true;
	case ACT_HALF_CLOSE:
		f->has_ended = f->is_ending = true;
		buf_clear(&f->in);
		return true;
	case ACT_LATENCY:
		f->latency = r->time;
		return true;
	case ACT_CHUNK:
		f->piece = r->size;
		f->pace = r->time;
		return true;
	case ACT_RESUME:
		resume(f);
		return true;
	default:
		return false;
	}
}
