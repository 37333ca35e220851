/* SPDX-License-Identifier: MIT */
/*
 * counter: an MQTT peer that counts. It accepts every connection, grants
 * every subscription, acknowledges every message, and counts what arrives
 * to its last byte; whoever subscribes to flood/COUNT/SIZE gets that many
 * ready-made messages as fast as the socket takes them (counter.h).
 *
 *	counter [--listen ADDRESS]... [--clients N] [--check-numbers]
 *		[--deadline SECONDS]
 *
 * It prints "port N" for each listening socket (0 for a Unix socket), and
 * one line "result key=value ..." when N clients have come and gone, or at
 * SIGTERM. Its status is 1 when a client broke the protocol.
 */
#include "counter.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/parse.h"
#include "peer.h"

enum {
	LISTENERS_MAX = 8,
	EVENTS_MAX = 256,
	CARRY_MAX = 512 * 1024, /* a packet that is not complete */
	READ_SIZE = 256 * 1024,
	OUT_MAX = 1024 * 1024, /* then reading waits for the client */
	DEADLINE = 60,
};

struct server {
	struct counter counter;
	int epoll, stop_fd;
	int listeners[LISTENERS_MAX];
	size_t listener_count;
	uint64_t clients; /* to wait for; 0: until SIGTERM */
	uint64_t opened, closed;
	bool is_stopping;
	uint8_t scratch[CARRY_MAX + READ_SIZE];
};

/* Stand-ins for what an event can belong to besides a connection. */
static char listener_tag, stop_tag;

static void watch_other(struct server *s, int fd, char *tag)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = tag };

	epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &ev);
}

static void watch(struct server *s, struct conn *c, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = c };

	if (c->events == events)
		return;
	epoll_ctl(s->epoll, c->events ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, c->fd,
		  &ev);
	c->events = events;
}

static void open_conn(struct server *s, int fd)
{
	struct conn *c = calloc(1, sizeof(*c));

	if (!c) {
		close(fd);
		return;
	}
	c->counter = &s->counter;
	c->fd = fd;
	s->opened++;
	watch(s, c, EPOLLIN);
}

static void close_conn(struct server *s, struct conn *c)
{
	struct tally *t = &s->counter.tally;

	if (c->flood)
		t->last_out = clock_now();
	t->lost += c->version != MQTT_AUTO && !c->is_closing;
	close(c->fd);
	buf_release(&c->in);
	buf_release(&c->out);
	flood_free(c->flood);
	conn_release_ids(c);
	free(c);
	s->closed++;
}

static int keep_rest(struct conn *c, struct bytes rest, struct err *e)
{
	if (rest.n > CARRY_MAX)
		return err_set(e, ERR_PROTOCOL, 0,
			       "a control packet of more "
			       "than %d bytes",
			       CARRY_MAX);
	buf_clear(&c->in);
	if (rest.n && buf_append(&c->in, rest) < 0)
		return err_nomem(e);
	buf_trim(&c->in);
	return 0;
}

/* One read: what was kept, what came, what is to be kept. Returns 0 at the
 * end of the connection. */
static ssize_t read_conn(struct server *s, struct conn *c, struct err *e)
{
	size_t kept = buf_len(&c->in), used = 0;
	ssize_t n;

	if (kept)
		memcpy(s->scratch, buf_view(&c->in).p, kept);
	n = recv(c->fd, s->scratch + kept, READ_SIZE, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 1;
	if (n <= 0)
		return 0;
	s->counter.now = clock_now();
	kept += (size_t)n;
	if (conn_take(c, bytes_of(s->scratch, kept), &used, e) < 0 ||
	    keep_rest(c, bytes_of(s->scratch + used, kept - used), e) < 0)
		return -1;
	return n;
}

static void serve_conn(struct server *s, struct conn *c, uint32_t events)
{
	struct err e = { 0 };
	ssize_t n = 1;
	int left;

	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		n = read_conn(s, c, &e);
	if (n < 0) {
		s->counter.tally.errors++;
		log_line(LOG_ERROR, "connection: %s", e.text);
	}
	left = n > 0 ? flood_pump(c) : -1;
	if (left < 0) {
		close_conn(s, c);
		return;
	}
	watch(s, c,
	      (left ? EPOLLOUT : 0u) |
		      (buf_len(&c->out) < OUT_MAX ? EPOLLIN : 0u));
}

static void accept_all(struct server *s)
{
	int fd;

	for (size_t i = 0; i < s->listener_count; i++) {
		while ((fd = peer_accept(s->listeners[i])) >= 0)
			open_conn(s, fd);
		if (errno == EMFILE || errno == ENFILE) {
			log_line(LOG_ERROR, "no descriptor for a connection");
			s->is_stopping = true;
		}
	}
}

static void run(struct server *s)
{
	struct epoll_event events[EVENTS_MAX];
	void *ptr;
	int n;

	while (!s->is_stopping && (!s->clients || s->closed < s->clients)) {
		n = epoll_wait(s->epoll, events, EVENTS_MAX, -1);
		for (int i = 0; i < n; i++) {
			ptr = events[i].data.ptr;
			if (ptr == &stop_tag)
				s->is_stopping = true;
			else if (ptr == &listener_tag)
				accept_all(s);
			else
				serve_conn(s, ptr, events[i].events);
		}
	}
}

static double seconds(uint64_t from, uint64_t to)
{
	return to > from ? (double)(to - from) / 1e9 : 0;
}

static double rate(uint64_t count, double time)
{
	return time > 0 ? (double)count / time : 0;
}

static void report(const struct server *s)
{
	const struct tally *t = &s->counter.tally;
	uint64_t in = t->received[0] + t->received[1] + t->received[2];
	double in_time = seconds(t->first_in, t->last_in);
	double out_time = seconds(t->first_out, t->last_out);

	printf("result connects=%" PRIu64 " lost=%" PRIu64 " errors=%" PRIu64
	       " received=%" PRIu64 " qos0=%" PRIu64 " qos1=%" PRIu64
	       " qos2=%" PRIu64 " payload=%" PRIu64 " repeated=%" PRIu64
	       " misordered=%" PRIu64 " in_seconds=%.6f in_rate=%.0f"
	       " filters=%" PRIu64 " pings=%" PRIu64 " sent=%" PRIu64
	       " acked=%" PRIu64 " out_seconds=%.6f out_rate=%.0f\n",
	       t->connects, t->lost, t->errors, in, t->received[0],
	       t->received[1], t->received[2], t->payload, t->repeated,
	       t->misordered, in_time, rate(in, in_time), t->filters, t->pings,
	       t->sent, t->acked, out_time, rate(t->sent, out_time));
}

static int add_listener(struct server *s, const char *address, struct err *e)
{
	int fd;

	if (s->listener_count == LISTENERS_MAX)
		return err_set(e, ERR_USAGE, 0, "more than %d --listen",
			       LISTENERS_MAX);
	fd = peer_listen(address, e);
	if (fd < 0)
		return -1;
	s->listeners[s->listener_count++] = fd;
	return 0;
}

static int parse_options(struct server *s, int argc, char **argv, struct err *e)
{
	static const struct option names[] = {
		{ "listen", required_argument, NULL, 'l' },
		{ "clients", required_argument, NULL, 'c' },
		{ "check-numbers", no_argument, NULL, 'n' },
		{ "deadline", required_argument, NULL, 'd' },
		{ 0 },
	};
	uint64_t deadline = DEADLINE * CLOCK_SEC;
	int opt, rc = 0;

	while (rc == 0 &&
	       (opt = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (opt == 'l')
			rc = add_listener(s, optarg, e);
		else if (opt == 'c')
			rc = parse_uint(optarg, 1, UINT32_MAX, &s->clients, e);
		else if (opt == 'd')
			rc = parse_duration(optarg, CLOCK_SEC, &deadline, e);
		else if (opt == 'n')
			s->counter.check_numbers = true;
		else
			rc = err_set(e, ERR_USAGE, 0, "see its first lines");
	}
	peer_deadline(deadline);
	return rc == 0 && !s->listener_count ? add_listener(s, "127.0.0.1:0", e)
					     : rc;
}

/* Ten thousand connections need as many descriptors. */
static void raise_limit(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) == 0) {
		r.rlim_cur = r.rlim_max;
		setrlimit(RLIMIT_NOFILE, &r);
	}
}

static void start_serving(struct server *s)
{
	for (size_t i = 0; i < s->listener_count; i++) {
		watch_other(s, s->listeners[i], &listener_tag);
		printf("port %u\n", (unsigned)peer_port(s->listeners[i]));
	}
	watch_other(s, s->stop_fd, &stop_tag);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	static struct server server;
	struct server *s = &server;
	struct err e = { 0 };

	log_init("counter", LOG_ERROR);
	raise_limit();
	if (parse_options(s, argc, argv, &e) < 0)
		peer_die(&e);
	s->epoll = epoll_create1(EPOLL_CLOEXEC);
	s->stop_fd = peer_stop_fd(&e);
	if (s->epoll < 0 || s->stop_fd < 0)
		peer_die(&e);
	start_serving(s);
	run(s);
	report(s);
	return s->counter.tally.errors ? 1 : 0;
}
