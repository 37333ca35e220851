/* SPDX-License-Identifier: MIT */
/*
 * limit: the least a client can do, which makes it the most this machine
 * can do. With a window it depends on who sleeps when, so measure with and
 * without --spin and take the better. Packets are made before the clock starts
 *and sent in large writes; what comes back is counted in bulk and not looked
 *at.
 *
 *	limit pub ADDRESS [--count N] [--size BYTES] [--qos Q] [--window W]
 *			  [--spin]
 *	limit sub ADDRESS [--count N] [--size BYTES]
 *
 * The peer must be the counter: it answers in order and with acks of four
 * bytes. It prints "result seconds=S rate=R"; the counter says what arrived.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/parse.h"
#include "mqtt/encode.h"
#include "peer.h"

enum {
	BLOCK_SIZE = 256 * 1024,
	READ_SIZE = 256 * 1024,
	ACK_SIZE = 4,
	PUBREC_BYTE = 0x50,
	DEADLINE = 60,
	SPIN_TIME = 50 * 1000, /* ns */
};

struct limit {
	int fd;
	uint64_t count, size, qos, window;
	bool spins;
	struct buf block;    /* messages, ids 1, 2 ... in turn */
	struct buf releases; /* as many PUBRELs */
	uint64_t copies;     /* messages in the block */
	size_t packet;       /* bytes of one of them */
	uint8_t in[READ_SIZE];
};

static int send_all(int fd, const uint8_t *p, size_t n, struct err *e)
{
	ssize_t sent;

	for (; n; p += sent, n -= (size_t)sent) {
		sent = send(fd, p, n, MSG_NOSIGNAL);
		if (sent < 0)
			return err_sys(e, ERR_LOST, "send");
	}
	return 0;
}

static ssize_t receive(struct limit *l, struct err *e)
{
	ssize_t n = recv(l->fd, l->in, READ_SIZE, 0);

	if (n < 0)
		return err_sys(e, ERR_LOST, "recv");
	if (n == 0)
		return err_set(e, ERR_LOST, 0, "the peer closed");
	return n;
}

/* Exactly n bytes, whatever they are. */
static int receive_exactly(struct limit *l, size_t n, struct err *e)
{
	ssize_t got;

	for (; n; n -= (size_t)got) {
		got = recv(l->fd, l->in, n, MSG_WAITALL);
		if (got <= 0)
			return err_set(e, ERR_LOST, errno, "no answer");
	}
	return 0;
}

static int fill_block(struct limit *l, const uint8_t *payload)
{
	struct publish p = { .topic = BYTES_LIT("limit/topic"),
			     .payload = bytes_of(payload, l->size),
			     .qos = (uint8_t)l->qos };
	struct ack release = { 0 };
	size_t max = encode_publish_size(MQTT_3_1_1, &p);

	max = max < BLOCK_SIZE ? BLOCK_SIZE / max : 1;
	l->copies = l->qos ? l->window : max;
	for (uint64_t i = 0; i < l->copies; i++) {
		release.pid = (uint16_t)(i + 1);
		p.pid = l->qos ? release.pid : 0;
		if (encode_publish(&l->block, MQTT_3_1_1, &p) < 0 ||
		    encode_ack(&l->releases, MQTT_3_1_1, PACKET_PUBREL,
			       &release) < 0)
			return -1;
	}
	l->packet = buf_len(&l->block) / l->copies;
	return 0;
}

static int make_block(struct limit *l, struct err *e)
{
	uint8_t *payload = malloc(l->size + 1);
	int rc = -1;

	if (payload) {
		memset(payload, 'x', l->size);
		rc = fill_block(l, payload);
	}
	free(payload);
	return rc < 0 ? err_nomem(e) : 0;
}

/* Items from..to of a ring of l->copies items of that many bytes. */
static int send_items(struct limit *l, const struct buf *ring, uint64_t from,
		      uint64_t to, struct err *e)
{
	size_t item = buf_len(ring) / l->copies;
	uint64_t first, n;

	for (; from < to; from += n) {
		first = from % l->copies;
		n = l->copies - first;
		n = n < to - from ? n : to - from;
		if (send_all(l->fd, buf_view(ring).p + first * item, n * item,
			     e) < 0)
			return -1;
	}
	return 0;
}

/* The answer is due within microseconds, and going to sleep for it may cost
 * more than that: with --spin it asks for a while before it waits. */
static ssize_t receive_soon(struct limit *l, size_t at)
{
	uint64_t end = clock_now() + (l->spins ? SPIN_TIME : 0);
	ssize_t n;

	do {
		n = recv(l->fd, l->in + at, READ_SIZE - at, MSG_DONTWAIT);
		if (n >= 0 || errno != EAGAIN)
			return n;
	} while (clock_now() < end);
	return recv(l->fd, l->in + at, READ_SIZE - at, 0);
}

/* A window of messages on the way, in order: counting them is enough. */
static int publish_acked(struct limit *l, struct err *e)
{
	uint64_t sent = 0, recs = 0, released = 0, done = 0, to;
	size_t kept = 0, n, at;
	ssize_t got;

	while (done < l->count) {
		to = done + l->window < l->count ? done + l->window : l->count;
		if (send_items(l, &l->releases, released, recs, e) < 0 ||
		    send_items(l, &l->block, sent, to, e) < 0)
			return -1;
		released = recs;
		sent = to;
		got = receive_soon(l, kept);
		if (got <= 0)
			return err_set(e, ERR_LOST, errno, "no acks");
		n = kept + (size_t)got;
		for (at = 0; n - at >= ACK_SIZE; at += ACK_SIZE)
			if (l->in[at] == PUBREC_BYTE)
				recs++;
			else
				done++;
		kept = n - at;
		memmove(l->in, l->in + at, kept);
	}
	return 0;
}

static int publish(struct limit *l, struct err *e)
{
	if (make_block(l, e) < 0)
		return -1;
	return l->qos ? publish_acked(l, e)
		      : send_items(l, &l->block, 0, l->count, e);
}

/* Reads until as many bytes came as the messages have. */
static int subscribe(struct limit *l, struct err *e)
{
	char filter[64];
	struct subscription s = { .filter = BYTES_NULL };
	struct subscribe p = { .pid = 1, .filters = &s, .count = 1 };
	struct publish message = { .payload = bytes_of(NULL, l->size) };
	struct buf out = { 0 };
	uint64_t left;
	ssize_t n;
	int rc;

	snprintf(filter, sizeof(filter), "flood/%" PRIu64 "/%" PRIu64, l->count,
		 l->size);
	message.topic = s.filter = bytes_str(filter);
	rc = encode_subscribe(&out, MQTT_3_1_1, &p) < 0
		     ? err_nomem(e)
		     : send_all(l->fd, buf_view(&out).p, buf_len(&out), e);
	buf_release(&out);
	if (rc < 0 || receive_exactly(l, 5, e) < 0)
		return -1;
	left = l->count * encode_publish_size(MQTT_3_1_1, &message);
	for (; left; left -= (uint64_t)n) {
		n = receive(l, e);
		if (n < 0)
			return -1;
	}
	return 0;
}

static int log_in(struct limit *l, struct err *e)
{
	struct connect c = { .version = MQTT_3_1_1,
			     .clean_start = true,
			     .client_id = BYTES_LIT("limit") };
	struct buf out = { 0 };
	int rc;

	rc = encode_connect(&out, &c) < 0
		     ? err_nomem(e)
		     : send_all(l->fd, buf_view(&out).p, buf_len(&out), e);
	buf_release(&out);
	return rc < 0 ? -1 : receive_exactly(l, 4, e);
}

static int log_out(struct limit *l, struct err *e)
{
	static const uint8_t packet[] = { 0xE0, 0 };
	int rc = send_all(l->fd, packet, sizeof(packet), e);

	/* The peer closes once it has read everything. */
	shutdown(l->fd, SHUT_WR);
	while (rc == 0 && recv(l->fd, l->in, READ_SIZE, 0) > 0)
		;
	return rc;
}

static int parse_options(struct limit *l, int argc, char **argv, struct err *e)
{
	static const struct option names[] = {
		{ "count", required_argument, NULL, 'n' },
		{ "size", required_argument, NULL, 's' },
		{ "qos", required_argument, NULL, 'q' },
		{ "window", required_argument, NULL, 'w' },
		{ "spin", no_argument, NULL, 'p' },
		{ 0 },
	};
	int opt, rc = 0;

	while (rc == 0 &&
	       (opt = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (opt == 'n')
			rc = parse_uint(optarg, 1, UINT32_MAX, &l->count, e);
		else if (opt == 's')
			rc = parse_uint(optarg, 0, 1 << 24, &l->size, e);
		else if (opt == 'q')
			rc = parse_uint(optarg, 0, 2, &l->qos, e);
		else if (opt == 'w')
			rc = parse_uint(optarg, 1, MQTT_PID_MAX, &l->window, e);
		else if (opt == 'p')
			l->spins = true;
		else
			rc = err_set(e, ERR_USAGE, 0, "see its first lines");
	}
	if (rc == 0 && argc - optind != 2)
		rc = err_set(e, ERR_USAGE, 0, "expected pub or sub, ADDRESS");
	return rc;
}

int main(int argc, char **argv)
{
	static struct limit limit; /* too large for a stack */
	struct limit *l = &limit;
	struct err e = { 0 };
	uint64_t start;
	double time;
	int rc;

	log_init("limit", LOG_ERROR);
	l->count = 1000000;
	l->size = 64;
	l->window = 100;
	peer_deadline(DEADLINE * CLOCK_SEC);
	if (parse_options(l, argc, argv, &e) < 0)
		peer_die(&e);
	l->fd = peer_dial(argv[optind + 1], &e);
	if (l->fd < 0 || log_in(l, &e) < 0)
		peer_die(&e);
	start = clock_now();
	rc = strcmp(argv[optind], "sub") ? publish(l, &e) : subscribe(l, &e);
	time = (double)(clock_now() - start) / 1e9;
	if (rc < 0 || log_out(l, &e) < 0)
		peer_die(&e);
	close(l->fd);
	buf_release(&l->block);
	buf_release(&l->releases);
	printf("result seconds=%.6f rate=%.0f\n", time,
	       (double)l->count / time);
	return 0;
}
