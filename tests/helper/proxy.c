/* SPDX-License-Identifier: MIT */
/*
 * proxy: stands between a client and a broker and breaks things.
 *
 *	proxy --to ADDRESS [--listen ADDRESS] [--control FIFO]
 *	      [--record FILE] [--deadline SECONDS] [RULE]...
 *
 * It prints "port N". Each RULE is one argument, and so is each line that is
 * written into FIFO (which the proxy makes):
 *
 *	[conn N] [up|down] [after BYTES | before TYPE N] ACTION [both]
 *
 * conn N    only the Nth connection; without it: each of them
 * up, down  from the client, to the client; without it: both
 * after     when that many bytes have passed
 * before    when the Nth packet of that TYPE is to pass ("publish", or
 *           "packet" for any): it and what follows is still held back
 *
 * Without after or before the action is taken at once: for a RULE at the
 * beginning of a connection, for a line of the FIFO on those that are open.
 * One rule fires once per connection and direction.
 *
 *	stall               stop reading, so that the sender's window fills
 *	black-hole          read and throw away; nobody is told of anything
 *	half-close          end of stream to the receiver, the rest is lost
 *	cut                 close both sides in good order
 *	reset               RST to both sides
 *	latency TIME        let everything through that much later
 *	chunk N [every TIME]  N bytes per write, and a pause between them
 *	idle TIME           black hole once nothing has passed for TIME
 *	resume              as if nothing had happened (black holes forget)
 *	refuse, accept      stop listening, listen again
 *
 * "both" extends what fired in one direction to the other one. TIME is in
 * milliseconds unless it has a unit. The record has a line for each packet
 * that was let through, in the words of dump.h:
 *
 *	1 up connect version=5 clean=1 keepalive=60 client-id=a at=0.003
 */
#include "proxy.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/parse.h"
#include "peer.h"

enum { CONNS_MAX = 256, LINE_MAX_BYTES = 4096, DEADLINE = 60 };

struct conn {
	struct flow flows[2];
	enum mqtt_version version; /* of both, for the record */
	uint64_t idle, last;       /* ns of silence allowed; last traffic */
};

struct proxy {
	const char *address, *to, *fifo;
	char rebind[128];
	int listener, control, stop_fd;
	FILE *record;
	struct rules rules;
	struct conn *conns[CONNS_MAX];
	size_t count;
	unsigned numbered;
	uint64_t start;
	struct buf line; /* of the FIFO, not complete yet */
	struct pollfd fds[3 + 2 * CONNS_MAX];
};

static void note(const struct proxy *p, const struct conn *c, const char *what)
{
	if (!p->record)
		return;
	fprintf(p->record, "%u %s at=%.3f\n", c->flows[UP].conn, what,
		(double)(clock_now() - p->start) / 1e9);
	fflush(p->record);
}

static void reset_on_close(int fd)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

static void drop_conn(struct proxy *p, size_t i, bool with_reset,
		      const char *what)
{
	struct conn *c = p->conns[i];

	note(p, c, what);
	if (with_reset) {
		reset_on_close(c->flows[UP].from);
		reset_on_close(c->flows[UP].to);
	}
	close(c->flows[UP].from);
	close(c->flows[UP].to);
	flow_release(&c->flows[UP]);
	flow_release(&c->flows[DOWN]);
	free(c);
	p->conns[i] = p->conns[--p->count];
}

static int relisten(struct proxy *p, struct err *e)
{
	if (p->listener >= 0)
		return 0;
	p->listener = peer_listen(p->rebind, e);
	return p->listener < 0 ? -1 : 0;
}

static void refuse(struct proxy *p)
{
	if (p->listener >= 0)
		close(p->listener);
	p->listener = -1;
}

/* What was let through before a cut still goes out, if the sockets take it. */
static void write_out(struct conn *c)
{
	for (enum direction d = UP; d <= DOWN; d++) {
		c->flows[d].piece = 0;
		for (size_t left = SIZE_MAX; c->flows[d].queued < left;) {
			left = c->flows[d].queued;
			if (flow_write(&c->flows[d], CLOCK_NEVER) != FLOW_OK)
				break;
		}
	}
}

/* Returns false when the connection (number i) is gone. */
static bool apply(struct proxy *p, size_t i, const struct rule *r,
		  const bool applies[2])
{
	struct conn *c = p->conns[i];
	struct err e;

	switch (r->action) {
	case ACT_CUT:
	case ACT_RESET:
		write_out(c);
		drop_conn(p, i, r->action == ACT_RESET,
			  r->action == ACT_RESET ? "reset" : "cut");
		return false;
	case ACT_IDLE:
		c->idle = r->time;
		return true;
	case ACT_REFUSE:
		refuse(p);
		return true;
	case ACT_ACCEPT:
		if (relisten(p, &e) < 0)
			log_line(LOG_ERROR, "%s", e.text);
		return true;
	default:
		for (enum direction d = UP; d <= DOWN; d++)
			if (applies[d] || r->is_for_both)
				flow_apply(&c->flows[d], r);
		return true;
	}
}

static void init_flow(struct proxy *p, struct conn *c, enum direction d,
		      const int fds[2])
{
	struct flow *f = &c->flows[d];

	*f = (struct flow){
		.direction = d,
		.conn = p->numbered,
		.from = fds[d],
		.to = fds[!d],
		.rules = &p->rules,
		.record = p->record,
		.version = &c->version,
		.start = p->start,
	};
	flow_init(f);
}

/* Rules that hold from the beginning of a connection. */
static void begin_conn(struct proxy *p, size_t i)
{
	const struct rule *r;
	unsigned number = p->conns[i]->flows[UP].conn;

	for (size_t k = 0; k < p->rules.count; k++) {
		r = &p->rules.all[k];
		if (r->trigger == AT_ONCE && (!r->conn || r->conn == number) &&
		    !apply(p, i, r, r->applies))
			return;
	}
}

static void open_conn(struct proxy *p, int client)
{
	struct conn *c = calloc(1, sizeof(*c));
	struct err e;
	int fds[2] = { client, -1 };

	if (c && p->count < CONNS_MAX)
		fds[1] = peer_dial(p->to, &e);
	if (fds[1] < 0) {
		close(client);
		free(c);
		return;
	}
	p->numbered++;
	init_flow(p, c, UP, fds);
	init_flow(p, c, DOWN, fds);
	c->last = clock_now();
	p->conns[p->count++] = c;
	note(p, c, "open");
	begin_conn(p, p->count - 1);
}

/* Returns false when the connection is gone. */
static bool serve_flow(struct proxy *p, size_t i, enum direction d,
		       short events)
{
	struct conn *c = p->conns[i];
	struct flow *f = &c->flows[d];
	const struct rule *r;
	bool applies[2] = { d == UP, d == DOWN };
	uint64_t now = clock_now();
	enum flow_result result = FLOW_OK;

	if (events && flow_wants(f)) {
		result = flow_read(f);
		c->last = now;
	}
	while (result == FLOW_OK) {
		result = flow_pass(f, now, &r);
		if (result != FLOW_FIRED)
			break;
		if (!apply(p, i, r, applies))
			return false;
		result = FLOW_OK;
	}
	if (result == FLOW_OK)
		result = flow_write(f, now);
	if (result == FLOW_BROKEN)
		drop_conn(p, i, true, "broken");
	return result != FLOW_BROKEN;
}

static void check_conn(struct proxy *p, size_t i)
{
	struct conn *c = p->conns[i];

	if (c->flows[UP].is_shut && c->flows[DOWN].is_shut) {
		drop_conn(p, i, false, "closed");
	} else if (c->idle && clock_now() - c->last >= c->idle) {
		c->flows[UP].is_black_hole = true;
		c->flows[DOWN].is_black_hole = true;
	}
}

static int add_rule(struct proxy *p, const char *text, struct err *e)
{
	if (p->rules.count == RULES_MAX)
		return err_set(e, ERR_USAGE, 0, "more than %d rules",
			       RULES_MAX);
	if (rule_parse(text, &p->rules.all[p->rules.count], e) < 0)
		return -1;
	p->rules.count++;
	return 0;
}

static void obey(struct proxy *p, const char *text)
{
	struct rule r;
	struct err e;
	unsigned number;

	if (rule_parse(text, &r, &e) < 0 ||
	    (r.trigger != AT_ONCE && add_rule(p, text, &e) < 0)) {
		log_line(LOG_ERROR, "%s", e.text);
		return;
	}
	if (r.trigger != AT_ONCE)
		return;
	if (r.action == ACT_REFUSE)
		refuse(p);
	if (r.action == ACT_ACCEPT && relisten(p, &e) < 0)
		log_line(LOG_ERROR, "%s", e.text);
	for (size_t i = p->count; i-- > 0;) {
		number = p->conns[i]->flows[UP].conn;
		if (!r.conn || r.conn == number)
			apply(p, i, &r, r.applies);
	}
}

static void read_control(struct proxy *p)
{
	uint8_t *to = buf_reserve(&p->line, LINE_MAX_BYTES), *end;
	ssize_t n = to ? read(p->control, to, LINE_MAX_BYTES) : 0;
	struct bytes b;

	buf_commit(&p->line, n > 0 ? (size_t)n : 0);
	for (;;) {
		b = buf_view(&p->line);
		end = b.n ? memchr(b.p, '\n', b.n) : NULL;
		if (!end)
			return;
		*end = '\0';
		obey(p, (const char *)b.p);
		buf_consume(&p->line, (size_t)(end - b.p) + 1);
	}
}

/* Milliseconds until something is due without any descriptor being ready. */
static int next_timeout(const struct proxy *p)
{
	uint64_t due = CLOCK_NEVER, at;
	const struct conn *c;

	for (size_t i = 0; i < p->count; i++) {
		c = p->conns[i];
		for (enum direction d = UP; d <= DOWN; d++) {
			at = flow_due(&c->flows[d]);
			due = at > clock_now() && at < due ? at : due;
		}
		if (c->idle && c->last + c->idle < due &&
		    !c->flows[UP].is_black_hole)
			due = c->last + c->idle;
	}
	return clock_poll_timeout(due, clock_now());
}

/* A flow whose pieces wait for their time does not wait for the socket. */
static short flow_events(const struct conn *c, enum direction d)
{
	bool wants_out = flow_due(&c->flows[!d]) <= clock_now();

	return (short)((flow_wants(&c->flows[d]) ? POLLIN : 0) |
		       (wants_out ? POLLOUT : 0));
}

static void wait_for_events(struct proxy *p)
{
	struct pollfd *fd = p->fds;

	*fd++ = (struct pollfd){ .fd = p->stop_fd, .events = POLLIN };
	*fd++ = (struct pollfd){ .fd = p->control, .events = POLLIN };
	*fd++ = (struct pollfd){ .fd = p->listener, .events = POLLIN };
	for (size_t i = 0; i < p->count; i++)
		for (enum direction d = UP; d <= DOWN; d++, fd++) {
			*fd = (struct pollfd){
				.events = flow_events(p->conns[i], d),
			};
			/* A stalled side must not wake us by its end. */
			fd->fd = fd->events ? p->conns[i]->flows[d].from : -1;
		}
	poll(p->fds, (nfds_t)(fd - p->fds), next_timeout(p));
}

static void run(struct proxy *p)
{
	const struct pollfd *fds = p->fds;
	size_t i;
	int fd;

	for (;;) {
		wait_for_events(p);
		if (fds[0].revents)
			return;
		/* From the end: a connection that goes is replaced by the
		 * last one, which has had its turn. */
		for (i = p->count; i-- > 0;)
			if (serve_flow(p, i, UP, fds[3 + 2 * i].revents) &&
			    serve_flow(p, i, DOWN, fds[4 + 2 * i].revents))
				check_conn(p, i);
		if (fds[1].revents)
			read_control(p);
		if (fds[2].revents) {
			fd = peer_accept(p->listener);
			if (fd >= 0)
				open_conn(p, fd);
		}
	}
}

static int parse_option(struct proxy *p, int opt, uint64_t *ret_deadline,
			struct err *e)
{
	switch (opt) {
	case 'l':
		p->address = optarg;
		return 0;
	case 't':
		p->to = optarg;
		return 0;
	case 'c':
		p->fifo = optarg;
		return 0;
	case 'r':
		p->record = fopen(optarg, "we");
		return p->record ? 0
				 : err_sys(e, ERR_LOCAL, "cannot write '%s'",
					   optarg);
	case 'd':
		return parse_duration(optarg, CLOCK_SEC, ret_deadline, e);
	default:
		return err_set(e, ERR_USAGE, 0, "see its first lines");
	}
}

static int parse_options(struct proxy *p, int argc, char **argv, struct err *e)
{
	static const struct option names[] = {
		{ "listen", required_argument, NULL, 'l' },
		{ "to", required_argument, NULL, 't' },
		{ "control", required_argument, NULL, 'c' },
		{ "record", required_argument, NULL, 'r' },
		{ "deadline", required_argument, NULL, 'd' },
		{ 0 },
	};
	uint64_t deadline = DEADLINE * CLOCK_SEC;
	int opt, rc = 0;

	while (rc == 0 &&
	       (opt = getopt_long(argc, argv, "", names, NULL)) != -1)
		rc = parse_option(p, opt, &deadline, e);
	peer_deadline(deadline);
	for (; rc == 0 && optind < argc; optind++)
		rc = add_rule(p, argv[optind], e);
	if (rc == 0 && !p->to)
		rc = err_set(e, ERR_USAGE, 0, "--to is missing");
	return rc;
}

/* Opened for both, so that it does not end when a writer goes. */
static int open_control(struct proxy *p, struct err *e)
{
	p->control = -1;
	if (!p->fifo)
		return 0;
	unlink(p->fifo);
	if (mkfifo(p->fifo, 0600) == 0)
		p->control = open(p->fifo, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	return p->control >= 0
		       ? 0
		       : err_sys(e, ERR_LOCAL, "cannot make '%s'", p->fifo);
}

/* The address with the port that port 0 became, to listen there again. */
static void note_address(struct proxy *p)
{
	const char *colon = strrchr(p->address, ':');
	int host = colon ? (int)(colon - p->address) : 0;
	unsigned port = peer_port(p->listener);

	if (port == 0)
		snprintf(p->rebind, sizeof(p->rebind), "%s", p->address);
	else
		snprintf(p->rebind, sizeof(p->rebind), "%.*s%s%u", host,
			 p->address, colon ? ":" : "", port);
	printf("port %u\n", port);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	static struct proxy proxy = { .address = "127.0.0.1:0" };
	struct proxy *p = &proxy;
	struct err e = { 0 };

	log_init("proxy", LOG_ERROR);
	p->start = clock_now();
	if (parse_options(p, argc, argv, &e) < 0)
		peer_die(&e);
	p->listener = peer_listen(p->address, &e);
	p->stop_fd = peer_stop_fd(&e);
	if (p->listener < 0 || p->stop_fd < 0 || open_control(p, &e) < 0)
		peer_die(&e);
	note_address(p);
	run(p);
	while (p->count)
		drop_conn(p, p->count - 1, false, "stopped");
	if (p->record)
		fclose(p->record);
	buf_release(&p->line);
	return 0;
}
