/* SPDX-License-Identifier: MIT */
/*
 * limit-many: the least that a load generator with many connections can do,
 * which makes it the most this machine can do. One thread; QoS 1 packets
 * made before the clock starts; acks of four bytes, counted in bulk and not
 * looked at; 16 bytes of state for each connection.
 *
 *	limit-many [--connections N] [--count N] [--size BYTES] [--window W]
 *		   [--rate R] ADDRESS...
 *
 * With a rate (messages a second of all together) a tick of a millisecond
 * serves the connections in turn; without one each keeps its window full.
 * With --count 0 they only connect. The peer must be the counter; with
 * several addresses they take turns. One line is printed:
 *
 *	result connects=C idle_bytes=B rate=R
 *
 * where C is connects a second and B the resident memory of a connection.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/parse.h"
#include "mqtt/encode.h"
#include "peer.h"

enum {
	READ_SIZE = 64 * 1024,
	EVENTS = 256,
	PENDING = 64, /* CONNECTs on their way */
	CONNACK_SIZE = 4,
	ACK_SIZE = 4,
	DEADLINE = 120,
};

#define TICK CLOCK_MSEC

struct client {
	int fd;
	uint32_t sent;  /* messages */
	uint32_t bytes; /* of acks */
	bool is_up;
};

static struct {
	uint64_t connections, count, size, window, rate;
	char **addresses;
	int address_count;
	int epoll, timer;
	struct client *clients;
	struct buf connect, block; /* block: a window of messages */
	size_t packet;
	uint64_t up, sent, acked;
	uint8_t in[READ_SIZE];
} all = { .connections = 1000, .count = 1000000, .size = 64, .window = 20 };

static void must(int rc, const char *what)
{
	struct err e;

	if (rc >= 0)
		return;
	err_sys(&e, ERR_LOCAL, "%s", what);
	peer_die(&e);
}

static void make_packets(void)
{
	const struct connect c = { .version = MQTT_3_1_1,
				   .clean_start = true,
				   .client_id = BYTES_LIT("") };
	struct publish p = { .topic = BYTES_LIT("limit/topic"), .qos = 1 };
	uint8_t *payload = calloc(1, all.size + 1);

	p.payload = bytes_of(payload, all.size);
	must(payload ? encode_connect(&all.connect, &c) : -1, "CONNECT");
	for (uint64_t i = 0; i < all.window; i++) {
		p.pid = (uint16_t)(i + 1);
		must(encode_publish(&all.block, MQTT_3_1_1, &p), "PUBLISH");
	}
	all.packet = buf_len(&all.block) / all.window;
	free(payload);
}

static void send_all(const struct client *c, const uint8_t *p, size_t n)
{
	must(send(c->fd, p, n, MSG_NOSIGNAL) == (ssize_t)n ? 0 : -1, "send");
}

static void open_client(uint64_t i)
{
	struct client *c = &all.clients[i];
	struct epoll_event ev = { .events = EPOLLIN, .data.u64 = i };
	struct err e;

	c->fd = peer_dial(all.addresses[i % (uint64_t)all.address_count], &e);
	if (c->fd < 0)
		peer_die(&e);
	send_all(c, buf_view(&all.connect).p, buf_len(&all.connect));
	must(epoll_ctl(all.epoll, EPOLL_CTL_ADD, c->fd, &ev), "epoll");
}

/* n messages, which the ring of the block has in turn. */
static void publish(struct client *c, uint64_t n)
{
	uint64_t at, some;

	if (all.sent + n > all.count)
		n = all.count - all.sent;
	all.sent += n;
	for (; n; n -= some, c->sent += (uint32_t)some) {
		at = c->sent % all.window;
		some = n < all.window - at ? n : all.window - at;
		send_all(c, buf_view(&all.block).p + at * all.packet,
			 some * all.packet);
	}
}

static void receive(struct client *c)
{
	ssize_t n = recv(c->fd, all.in, READ_SIZE, MSG_DONTWAIT);
	uint32_t before = c->bytes / ACK_SIZE, acks;

	if (n < 0 && errno == EAGAIN)
		return;
	must(n > 0 ? 0 : -1, "recv");
	c->bytes += (uint32_t)n;
	acks = c->bytes / ACK_SIZE - before;
	if (!c->is_up && c->bytes >= CONNACK_SIZE) {
		c->is_up = true;
		c->bytes -= CONNACK_SIZE;
		acks = c->bytes / ACK_SIZE;
		all.up++;
	}
	if (!c->is_up)
		return;
	all.acked += acks;
	if (!all.rate && all.sent)
		publish(c, acks);
}

/* Handles what has come; true when the clock has ticked. */
static bool turn(void)
{
	struct epoll_event ev[EVENTS];
	int n = epoll_wait(all.epoll, ev, EVENTS, -1);
	bool has_ticked = false;
	uint64_t ticks;

	for (int i = 0; i < n; i++) {
		if (ev[i].data.u64 < all.connections)
			receive(&all.clients[ev[i].data.u64]);
		else if (read(all.timer, &ticks, sizeof(ticks)) > 0)
			has_ticked = true;
	}
	return has_ticked;
}

static double connect_all(void)
{
	uint64_t begin = clock_now(), started = 0;

	while (all.up < all.connections) {
		while (started < all.connections && started - all.up < PENDING)
			open_client(started++);
		(void)turn();
	}
	return (double)(clock_now() - begin) / 1e9;
}

static void start_ticking(void)
{
	const struct itimerspec its = { .it_value.tv_nsec = (long)TICK,
					.it_interval.tv_nsec = (long)TICK };
	struct epoll_event ev = { .events = EPOLLIN, .data.u64 = UINT64_MAX };

	all.timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	must(all.timer, "timer");
	must(timerfd_settime(all.timer, 0, &its, NULL), "timer");
	must(epoll_ctl(all.epoll, EPOLL_CTL_ADD, all.timer, &ev), "epoll");
}

static double send_messages(void)
{
	uint64_t begin = clock_now(), due;

	if (all.rate)
		start_ticking();
	for (uint64_t i = 0; !all.rate && i < all.connections; i++)
		publish(&all.clients[i], all.window);
	while (all.acked < all.count) {
		if (!turn())
			continue;
		due = (uint64_t)((double)(clock_now() - begin) / 1e9 *
				 (double)all.rate);
		while (all.sent < due && all.sent < all.count)
			publish(&all.clients[all.sent % all.connections], 1);
	}
	return (double)(clock_now() - begin) / 1e9;
}

static uint64_t resident(void)
{
	uint64_t pages = 0;
	FILE *f = fopen("/proc/self/statm", "re");

	if (f) {
		if (fscanf(f, "%*u %" SCNu64, &pages) != 1)
			pages = 0;
		fclose(f);
	}
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void close_all(void)
{
	static const uint8_t disconnect[] = { 0xE0, 0 };

	for (uint64_t i = 0; i < all.connections; i++) {
		send_all(&all.clients[i], disconnect, sizeof(disconnect));
		close(all.clients[i].fd);
	}
	free(all.clients);
	buf_release(&all.connect);
	buf_release(&all.block);
}

static int parse_options(int argc, char **argv, struct err *e)
{
	static const struct option names[] = {
		{ "connections", required_argument, NULL, 'c' },
		{ "count", required_argument, NULL, 'n' },
		{ "size", required_argument, NULL, 's' },
		{ "window", required_argument, NULL, 'w' },
		{ "rate", required_argument, NULL, 'r' },
		{ 0 },
	};
	int opt, rc = 0;

	while (rc == 0 &&
	       (opt = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (opt == 'c')
			rc = parse_uint(optarg, 1, 1000000, &all.connections,
					e);
		else if (opt == 'n')
			rc = parse_uint(optarg, 0, UINT32_MAX, &all.count, e);
		else if (opt == 's')
			rc = parse_uint(optarg, 0, 1 << 16, &all.size, e);
		else if (opt == 'w')
			rc = parse_uint(optarg, 1, MQTT_PID_MAX, &all.window,
					e);
		else if (opt == 'r')
			rc = parse_uint(optarg, 1, 10000000, &all.rate, e);
		else
			rc = err_set(e, ERR_USAGE, 0, "see its first lines");
	}
	all.addresses = argv + optind;
	all.address_count = argc - optind;
	if (rc == 0 && all.address_count == 0)
		rc = err_set(e, ERR_USAGE, 0, "expected an ADDRESS");
	return rc;
}

int main(int argc, char **argv)
{
	struct rlimit r = { 0 };
	struct err e = { 0 };
	uint64_t before;
	double time;

	log_init("limit-many", LOG_ERROR);
	peer_deadline(DEADLINE * CLOCK_SEC);
	if (parse_options(argc, argv, &e) < 0)
		peer_die(&e);
	getrlimit(RLIMIT_NOFILE, &r);
	r.rlim_cur = r.rlim_max;
	setrlimit(RLIMIT_NOFILE, &r);
	make_packets();
	all.epoll = epoll_create1(EPOLL_CLOEXEC);
	before = resident();
	all.clients = calloc(all.connections, sizeof(*all.clients));
	must(all.epoll >= 0 && all.clients ? 0 : -1, "memory");
	time = connect_all();
	printf("result connects=%.0f idle_bytes=%" PRIu64,
	       (double)all.connections / time,
	       (resident() - before) / all.connections);
	time = all.count ? send_messages() : 0;
	printf(" rate=%.0f\n", time > 0 ? (double)all.count / time : 0);
	close_all();
	return 0;
}
