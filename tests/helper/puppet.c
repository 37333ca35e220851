/* SPDX-License-Identifier: MIT */
/*
 * puppet: an MQTT peer that does what a script says, for what a real broker
 * will not do. README.md beside this file describes the language.
 *
 *	puppet [--deadline TIME] [SCRIPT]      (or the script on stdin)
 *
 * stdout has "port N" for each listening socket, then one line for all that
 * happens on connection C, each with the seconds since the start:
 *
 *	C open | C recv PACKET | C send PACKET | C closed ... | C reset ...
 *
 * Status: 0 the script ran to its end, 1 something was not as expected (one
 * line on stderr says in which line of the script), 2 the script is wrong,
 * 124 the deadline (30 s unless told otherwise) passed.
 */
#include "puppet.h"

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/parse.h"
#include "peer.h"

enum { DEADLINE = 30, FIRST_CONN = 1 + LISTENERS_MAX };

void puppet_log(const struct puppet *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf(" at=%.3f\n", (double)(clock_now() - p->start) / 1e9);
	fflush(stdout);
}

static void accept_all(struct puppet *p, int listener)
{
	struct conn *c;
	int fd;

	while (p->conn_count < CONNS_MAX && (fd = peer_accept(listener)) >= 0) {
		c = conn_new(p, fd);
		if (!c) {
			close(fd);
			return;
		}
		p->conns[p->conn_count++] = c;
		c->number = (unsigned)p->conn_count;
		c->is_auto = p->serves;
		puppet_log(p, "%u open", c->number);
	}
}

static bool may_read(const struct conn *c)
{
	return c->fd >= 0 && c->end == CONN_OPEN && (!c->is_deaf || c->is_shut);
}

/* Waits for descriptors; fills fds in the order stop, listeners, conns. */
static void wait_for_events(struct puppet *p, struct pollfd *fds,
			    uint64_t until)
{
	uint64_t now = clock_now(), due;
	bool is_full = p->conn_count == CONNS_MAX;
	struct conn *c;

	fds[0] = (struct pollfd){ .fd = p->stop_fd, .events = POLLIN };
	for (size_t i = 0; i < LISTENERS_MAX; i++)
		fds[1 + i] = (struct pollfd){
			.fd = i < p->listener_count && !is_full
				      ? p->listeners[i]
				      : -1,
			.events = POLLIN,
		};
	for (size_t i = 0; i < p->conn_count; i++) {
		c = p->conns[i];
		due = conn_due(c);
		fds[FIRST_CONN + i] = (struct pollfd){
			.fd = may_read(c) || due <= now ? c->fd : -1,
			.events = (short)((may_read(c) ? POLLIN : 0) |
					  (due <= now ? POLLOUT : 0)),
		};
		if (due > now && due < until)
			until = due;
	}
	poll(fds, (nfds_t)(FIRST_CONN + p->conn_count),
	     clock_poll_timeout(until, now));
}

static void serve_conn(struct conn *c, short events)
{
	if (events && may_read(c))
		conn_receive(c);
	conn_flush(c, clock_now());
	if ((c->is_auto || c->is_shut) && c->end != CONN_OPEN)
		conn_shut(c, false);
}

int puppet_turn(struct puppet *p, uint64_t until, struct err *e)
{
	static struct pollfd fds[FIRST_CONN + CONNS_MAX];
	size_t count = p->conn_count;

	if (until > p->deadline)
		until = p->deadline;
	wait_for_events(p, fds, until);
	if (fds[0].revents) {
		p->is_stopping = true;
		return err_set(e, ERR_NO, 0, "stopped by a signal");
	}
	for (size_t i = 0; i < p->listener_count; i++)
		if (fds[1 + i].revents)
			accept_all(p, p->listeners[i]);
	for (size_t i = 0; i < count; i++)
		serve_conn(p->conns[i], fds[FIRST_CONN + i].revents);
	if (clock_now() >= p->deadline)
		return err_set(e, ERR_TIMEOUT, 0, "the deadline passed");
	return 0;
}

static int parse_options(struct puppet *p, int argc, char **argv, struct err *e)
{
	static const struct option names[] = {
		{ "deadline", required_argument, NULL, 'd' },
		{ 0 },
	};
	uint64_t deadline = DEADLINE * CLOCK_SEC;
	FILE *in = stdin;
	int opt, rc;

	while ((opt = getopt_long(argc, argv, "", names, NULL)) != -1)
		if (opt != 'd' ||
		    parse_duration(optarg, CLOCK_SEC, &deadline, e) < 0)
			return err_set(e, ERR_USAGE, 0, "see its first lines");
	p->deadline = clock_add(p->start, deadline);
	/* In case the script does not come. */
	peer_deadline(clock_add(deadline, CLOCK_SEC));
	if (optind < argc)
		in = fopen(argv[optind], "re");
	if (!in)
		return err_sys(e, ERR_USAGE, "cannot read '%s'", argv[optind]);
	rc = script_load(p, in, e);
	if (in != stdin)
		fclose(in);
	return rc;
}

static void release(struct puppet *p)
{
	for (size_t i = 0; i < p->conn_count; i++) {
		conn_shut(p->conns[i], false);
		conn_free(p->conns[i]);
	}
	entry_free(p->last);
	broker_release();
	script_release(p);
}

int main(int argc, char **argv)
{
	static struct puppet puppet;
	struct puppet *p = &puppet;
	struct err e = { 0 };
	int rc;

	log_init("puppet", LOG_ERROR);
	p->start = clock_now();
	p->behaviour.session_present = -1;
	p->behaviour.versions = 1u << MQTT_3_1 | 1u << MQTT_3_1_1 |
				1u << MQTT_5;
	p->stop_fd = peer_stop_fd(&e);
	if (p->stop_fd < 0 || parse_options(p, argc, argv, &e) < 0)
		peer_die(&e);
	rc = script_run(p, &e);
	release(p);
	if (rc == 0)
		return 0;
	log_line(LOG_ERROR, "%s", e.text);
	return e.kind == ERR_USAGE     ? 2
	       : e.kind == ERR_TIMEOUT ? PEER_STATUS_LATE
				       : 1;
}
