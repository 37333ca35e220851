/* SPDX-License-Identifier: MIT */
#include "counter.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "mqtt/encode.h"

enum {
	BLOCK_SIZE = 256 * 1024,
	BATCH_SIZE = 64 * 1024, /* built at once, when they are built */
	TURN_WRITES = 16,       /* then the other connections have a turn */
	NUMBER_DIGITS = 10,
	TOPIC_SIZE = 64,
	WINDOW_MAX = 1000,
	PAYLOAD_MAX = 64 * 1024 * 1024,
};

/* Copies of one QoS 0 message, shared by all who asked for the same. */
struct block {
	struct block *next;
	char topic[TOPIC_SIZE];
	enum mqtt_version version;
	size_t packet; /* bytes of one copy */
	struct buf bytes;
};

struct flood {
	const struct block *block; /* NULL: messages are built one by one */
	uint64_t count;            /* messages to hand out */
	uint64_t number;           /* of them built */
	uint64_t at;               /* bytes sent, with a block */
	size_t size;               /* of a payload */
	uint16_t pid, in_flight, window;
	uint8_t qos;
	bool is_numbered;
	char topic[TOPIC_SIZE];
};

static struct block *blocks;

/* "1000/64" or "1000/64/1" after the kind. */
static bool parse_request(const char *text, struct flood *f)
{
	unsigned qos = 0;
	int end = 0;

	if (sscanf(text, "%10" SCNu64 "/%8zu%n/%1u%n", &f->count, &f->size,
		   &end, &qos, &end) < 2 ||
	    text[end] || qos > 2)
		return false;
	f->qos = (uint8_t)qos;
	return f->size <= PAYLOAD_MAX;
}

static bool parse_filter(struct bytes filter, struct flood *f)
{
	if (filter.n >= TOPIC_SIZE)
		return false;
	memcpy(f->topic, filter.p, filter.n);
	if (!strncmp(f->topic, "flood/", 6))
		return parse_request(f->topic + 6, f);
	if (strncmp(f->topic, "numbered/", 9) != 0)
		return false;
	f->is_numbered = true;
	return parse_request(f->topic + 9, f) && f->size >= NUMBER_DIGITS;
}

static void write_number(uint8_t *to, uint64_t number)
{
	for (int i = NUMBER_DIGITS - 1; i >= 0; i--, number /= 10)
		to[i] = (uint8_t)('0' + number % 10);
}

/* Appends one message: text without a line end, then its number if asked. */
static int build(struct buf *out, enum mqtt_version v, struct flood *f)
{
	static const uint8_t *text;
	struct publish p = { .topic = bytes_str(f->topic), .qos = f->qos };
	uint8_t *fill;

	if (!text) {
		fill = malloc(PAYLOAD_MAX);
		if (!fill)
			return -1;
		for (size_t i = 0; i < PAYLOAD_MAX; i++)
			fill[i] = (uint8_t)('a' + i % 26);
		text = fill;
	}
	if (f->qos) {
		f->pid = f->pid == MQTT_PID_MAX ? 1 : (uint16_t)(f->pid + 1);
		p.pid = f->pid;
	}
	p.payload = bytes_of(text, f->size);
	if (encode_publish(out, v, &p) < 0)
		return -1;
	f->number++;
	if (f->is_numbered)
		write_number(out->data + out->end - f->size, f->number);
	return 0;
}

static struct block *block_new(const struct conn *c, struct flood *f)
{
	struct block *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	memcpy(b->topic, f->topic, TOPIC_SIZE);
	b->version = c->version;
	do {
		if (build(&b->bytes, c->version, f) < 0) {
			buf_release(&b->bytes);
			free(b);
			return NULL;
		}
		b->packet = buf_len(&b->bytes) / f->number;
	} while (buf_len(&b->bytes) + b->packet <= BLOCK_SIZE);
	f->number = 0;
	b->next = blocks;
	blocks = b;
	return b;
}

static const struct block *find_block(const struct conn *c, struct flood *f)
{
	for (const struct block *b = blocks; b; b = b->next)
		if (b->version == c->version && !strcmp(b->topic, f->topic))
			return b;
	return block_new(c, f);
}

bool flood_begin(struct conn *c, struct bytes filter, uint8_t max_qos)
{
	struct flood *f = calloc(1, sizeof(*f));

	if (!f || !parse_filter(filter, f)) {
		free(f);
		return false;
	}
	f->qos = f->qos < max_qos ? f->qos : max_qos;
	f->window = c->receive_max < WINDOW_MAX ? c->receive_max : WINDOW_MAX;
	if (f->qos == 0 && !f->is_numbered)
		f->block = find_block(c, f);
	flood_free(c->flood);
	c->flood = f;
	if (!c->counter->tally.first_out)
		c->counter->tally.first_out = clock_now();
	return true;
}

void flood_free(struct flood *f)
{
	free(f);
}

void flood_acked(struct conn *c)
{
	if (!c->flood || !c->flood->in_flight)
		return;
	c->flood->in_flight--;
	c->counter->tally.acked++;
	c->counter->tally.last_out = c->counter->now;
}

/* As send(), with 0 for "not now". */
static ssize_t send_now(int fd, const uint8_t *p, size_t n)
{
	ssize_t sent;

	do
		sent = send(fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent < 0 && errno == EAGAIN ? 0 : sent;
}

int conn_flush(struct conn *c)
{
	ssize_t n;

	while (buf_len(&c->out)) {
		n = send_now(c->fd, buf_view(&c->out).p, buf_len(&c->out));
		if (n <= 0)
			return n < 0 ? -1 : 1;
		buf_consume(&c->out, (size_t)n);
	}
	return 0;
}

/* As conn_flush(): the next n bytes of the block, which do not wrap. */
static int send_block(struct conn *c, struct flood *f, size_t n)
{
	const struct block *b = f->block;
	struct bytes all = buf_view(&b->bytes);
	ssize_t sent = send_now(c->fd, all.p + f->at % all.n, n);

	if (sent < 0)
		return -1;
	f->at += (uint64_t)sent;
	c->counter->tally.sent += f->at / b->packet - f->number;
	f->number = f->at / b->packet;
	return (size_t)sent < n;
}

static int pump_block(struct conn *c, struct flood *f)
{
	uint64_t total = f->count * f->block->packet;
	size_t size = buf_len(&f->block->bytes), n;
	int left;

	for (int i = 0; i < TURN_WRITES && f->at < total; i++) {
		n = size - f->at % size;
		n = total - f->at < n ? (size_t)(total - f->at) : n;
		left = send_block(c, f, n);
		if (left)
			return left;
	}
	return f->at < total;
}

/* Answers must not come between the bytes of a message. */
static int finish_message(struct conn *c, struct flood *f)
{
	size_t sent = f->block ? f->at % f->block->packet : 0;

	return sent ? send_block(c, f, f->block->packet - sent) : 0;
}

static int pump_built(struct conn *c, struct flood *f)
{
	int left;

	for (int i = 0; i < TURN_WRITES; i++) {
		while (f->number < f->count && buf_len(&c->out) < BATCH_SIZE &&
		       (!f->qos || f->in_flight < f->window)) {
			if (build(&c->out, c->version, f) < 0)
				return -1;
			if (f->qos)
				f->in_flight++;
			c->counter->tally.sent++;
		}
		if (!buf_len(&c->out))
			return 0;
		left = conn_flush(c);
		if (left)
			return left;
	}
	return f->number < f->count && (!f->qos || f->in_flight < f->window);
}

int flood_pump(struct conn *c)
{
	int left = c->flood ? finish_message(c, c->flood) : 0;

	if (!left)
		left = conn_flush(c);
	if (left || !c->flood)
		return left;
	return c->flood->block ? pump_block(c, c->flood)
			       : pump_built(c, c->flood);
}
