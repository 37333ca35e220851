/* SPDX-License-Identifier: MIT */
/*
 * hold10k: ten thousand MQTT 5 connections in one process, through a pool of
 * receive threads (client/pool.h), against the counting peer.
 *
 *	hold10k [--connections N] [--threads N] [--messages N] HOST PORT
 *
 * It connects them all, has each one receive N numbered messages of QoS 1
 * and publish as many at the same time, and disconnects. It prints one line
 *
 *	held connections=... idle_bytes=... used_bytes=... received=...
 *
 * with the resident memory per connection after CONNACK and after the
 * messages, and ends with 0 when every message arrived once and in order on
 * both sides as far as it can see; the counting peer counts the other.
 *
 * Main waits at an eventfd for each stage to be complete. All else happens
 * on the loops' threads: each has a share of the connections to itself.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/parse.h"
#include "client/conn.h"
#include "client/pool.h"
#include "mqtt/props.h"
#include "peer.h"
#include "store/memory.h"

enum {
	DEADLINE = 120,
	STAGE_TIME = 240, /* s that a stage may take */
	ATTEMPTS = 64,    /* connections on their way, per share */
	ADDRESSES = 4,    /* 127.0.0.x to come from: ports are scarce */
	PAYLOAD_SIZE = 16,
	NUMBER_DIGITS = 10,
	OTHER_FDS = 64,
};

/* What a connection needs until CONNACK. */
struct attempt {
	struct conn_target target;
	struct connect connect;
	char id[32];
	bool is_taken;
};

struct hold {
	struct conn conn;
	struct store *store;
	struct share *share;
	struct attempt *attempt;
	uint32_t received, published;
	bool is_disconnecting;
};

/* The connections of one loop; its thread's alone but for task and done. */
struct share {
	struct loop *loop;
	struct task task;
	void (*stage)(struct share *s); /* what the task begins */
	struct hold **holds;
	size_t count, started, finished;
	struct attempt attempts[ATTEMPTS];
	struct connect common; /* instead of an attempt's, after CONNACK */
	atomic_bool is_done;
};

static struct {
	uint64_t connections, threads, messages;
	const char *host;
	uint16_t port;
	char filter[64];
	struct share *shares;
	int event_fd;
	atomic_ullong received, published, misordered;
	atomic_flag is_blamed;
	struct err why;         /* written by whoever blames first, */
	atomic_bool has_failed; /* to be read once this is set */
} all;

/* ------------------------------------------------------------ any thread */

static void fail(const char *text)
{
	if (atomic_flag_test_and_set(&all.is_blamed))
		return;
	err_set(&all.why, ERR_NO, 0, "%s", text);
	atomic_store(&all.has_failed, true);
	event_raise(all.event_fd);
}

/* One connection has got to the end of the stage. */
static void finish(struct share *s)
{
	if (++s->finished < s->count)
		return;
	atomic_store(&s->is_done, true);
	event_raise(all.event_fd);
}

/* ------------------------------------------------------- the loop threads */

static struct attempt *take_attempt(struct share *s)
{
	for (size_t i = 0; i < ATTEMPTS; i++)
		if (!s->attempts[i].is_taken) {
			s->attempts[i].is_taken = true;
			return &s->attempts[i];
		}
	return NULL;
}

static void fill_attempt(struct attempt *a, struct hold *h, size_t number)
{
	static const char *const addresses[ADDRESSES] = {
		"127.0.0.1",
		"127.0.0.2",
		"127.0.0.3",
		"127.0.0.4",
	};
	size_t share = (size_t)(h->share - all.shares);

	snprintf(a->id, sizeof(a->id), "hold-%zu-%zu", share, number);
	a->connect = h->share->common;
	a->connect.client_id = bytes_str(a->id);
	a->target = (struct conn_target){
		.dial = { .host = all.host,
			  .port = all.port,
			  .bind_addresses = &addresses[number % ADDRESSES],
			  .bind_count = 1 },
		.connect = &a->connect,
		.connect_timeout = STAGE_TIME * CLOCK_SEC,
		.name = all.host,
	};
}

static void start_some(struct share *s)
{
	struct attempt *a;
	struct hold *h;

	while (s->started < s->count && (a = take_attempt(s)) != NULL) {
		h = s->holds[s->started];
		fill_attempt(a, h, s->started++);
		h->attempt = a;
		conn_start_on_loop(&h->conn, &a->target);
	}
}

static void on_up(struct conn *c, const struct event_connack *ack)
{
	struct hold *h = CONTAINER_OF(c, struct hold, conn);

	(void)ack;
	mutex_lock(c->lock);
	session_share_connect(c->session, &h->share->common);
	mutex_unlock(c->lock);
	STEAL(h->attempt)->is_taken = false;
	start_some(h->share);
	finish(h->share);
}

static void on_down(struct conn *c, const struct err *why)
{
	struct hold *h = CONTAINER_OF(c, struct hold, conn);

	if (why || !h->is_disconnecting)
		fail(why ? why->text : "a connection ended");
	else
		finish(h->share);
}

static void subscribe(struct hold *h)
{
	struct subscription filter = { .filter = bytes_str(all.filter),
				       .options = 1 };
	struct subscribe s = { .filters = &filter, .count = 1 };
	uint16_t pid;

	mutex_lock(h->conn.lock);
	if (session_subscribe(h->conn.session, &s, &pid) != SUBMIT_OK)
		fail("cannot subscribe");
	conn_flush_locked(&h->conn);
	mutex_unlock(h->conn.lock);
}

/* All at once: the window decides when they leave. */
static void publish(struct hold *h)
{
	struct publish p = { .topic = BYTES_LIT("hold"), .qos = 1 };
	char text[PAYLOAD_SIZE + 1];
	uint64_t seq;

	mutex_lock(h->conn.lock);
	for (uint64_t i = 1; i <= all.messages; i++) {
		snprintf(text, sizeof(text), "%010" PRIu64 "abcdef", i);
		p.payload = bytes_of(text, PAYLOAD_SIZE);
		if (session_publish(h->conn.session, &p, i,
				    loop_now(h->share->loop),
				    &seq) != SUBMIT_OK)
			fail("cannot publish");
	}
	session_pump(h->conn.session, loop_now(h->share->loop),
		     CONN_OUTPUT_HIGH);
	conn_flush_locked(&h->conn);
	mutex_unlock(h->conn.lock);
}

static void take_message(struct hold *h, const struct event_message *m)
{
	char want[NUMBER_DIGITS + 1];

	h->received++;
	snprintf(want, sizeof(want), "%010" PRIu32, h->received);
	if (m->packet.payload.n != PAYLOAD_SIZE ||
	    memcmp(m->packet.payload.p, want, NUMBER_DIGITS) != 0)
		atomic_fetch_add(&all.misordered, 1);
	atomic_fetch_add(&all.received, 1);
	mutex_lock(h->conn.lock);
	session_acknowledge(h->conn.session, m->delivery);
	mutex_unlock(h->conn.lock);
}

static void take_event(struct hold *h, const struct event *ev)
{
	switch (ev->type) {
	case EVENT_SUBACK:
		if (ev->suback.reasons.n != 1 || ev->suback.reasons.p[0] != 1)
			fail("the subscription was not granted");
		publish(h);
		return;
	case EVENT_MESSAGE:
		take_message(h, &ev->message);
		break;
	case EVENT_PUBLISHED:
		if (ev->published.reason)
			fail("a message was refused");
		h->published++;
		atomic_fetch_add(&all.published, 1);
		break;
	default:
		return;
	}
	if (h->received == all.messages && h->published == all.messages)
		finish(h->share);
}

static void on_events(struct conn *c, const struct event *ev, size_t n)
{
	for (size_t i = 0; i < n; i++)
		take_event(CONTAINER_OF(c, struct hold, conn), &ev[i]);
}

static const struct conn_ops ops = {
	.on_up = on_up,
	.on_events = on_events,
	.on_down = on_down,
};

static void subscribe_all(struct share *s)
{
	for (size_t i = 0; i < s->count; i++)
		subscribe(s->holds[i]);
}

static void disconnect_all(struct share *s)
{
	for (size_t i = 0; i < s->count; i++) {
		s->holds[i]->is_disconnecting = true;
		conn_disconnect_on_loop(&s->holds[i]->conn, NULL,
					clock_boot() + STAGE_TIME * CLOCK_SEC);
	}
}

static void begin_stage(struct task *t)
{
	struct share *s = CONTAINER_OF(t, struct share, task);

	s->stage(s);
}

/* ------------------------------------------------------------------- main */

static bool all_done(void)
{
	for (size_t i = 0; i < all.threads; i++)
		if (!atomic_load(&all.shares[i].is_done))
			return false;
	return true;
}

/* Runs a stage on all shares; *ret_time is how many seconds it took. */
static int run_stage(void (*stage)(struct share *s), double *ret_time,
		     struct err *e)
{
	uint64_t start = clock_now(), end = start + STAGE_TIME * CLOCK_SEC;
	struct pollfd fd = { .fd = all.event_fd, .events = POLLIN };

	for (size_t i = 0; i < all.threads; i++) {
		all.shares[i].stage = stage;
		all.shares[i].finished = 0;
		atomic_store(&all.shares[i].is_done, false);
		loop_post(all.shares[i].loop, &all.shares[i].task);
	}
	while (!all_done()) {
		if (atomic_load(&all.has_failed)) {
			*e = all.why;
			return -1;
		}
		if (clock_now() >= end)
			return err_set(e, ERR_TIMEOUT, 0,
				       "a stage took over "
				       "%d seconds",
				       STAGE_TIME);
		poll(&fd, 1, clock_poll_timeout(end, clock_now()));
		event_clear(all.event_fd);
	}
	*ret_time = (double)(clock_now() - start) / 1e9;
	return 0;
}

static uint64_t resident_bytes(void)
{
	unsigned long pages = 0;
	FILE *f = fopen("/proc/self/statm", "re");

	if (!f)
		return 0;
	if (fscanf(f, "%*u %lu", &pages) != 1)
		pages = 0;
	fclose(f);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static struct hold *hold_new(struct share *s)
{
	static const struct session_config config = { .inflight = 20 };
	struct hold *h = calloc(1, sizeof(*h));
	struct session *session = NULL;

	if (!h)
		return NULL;
	h->share = s;
	h->store = memory_store_new(0);
	if (h->store)
		session = session_new(h->store, &config);
	if (!session) {
		if (h->store)
			h->store->ops->free(h->store);
		free(h);
		return NULL;
	}
	conn_init(&h->conn, s->loop, session, &ops, NULL);
	return h;
}

/* After the threads have ended; main stands in for them. */
static void hold_free(struct hold *h)
{
	if (!h)
		return;
	conn_abort_on_loop(&h->conn);
	session_free(h->conn.session);
	conn_release(&h->conn);
	h->store->ops->free(h->store);
	free(h);
}

static int make_share(struct share *s, struct loop *l, size_t count,
		      struct err *e)
{
	s->loop = l;
	s->task.run = begin_stage;
	s->common = (struct connect){ .version = MQTT_5,
				      .clean_start = true,
				      .keepalive = 60 };
	s->holds = calloc(count, sizeof(*s->holds));
	for (; s->holds && s->count < count; s->count++) {
		s->holds[s->count] = hold_new(s);
		if (!s->holds[s->count])
			break;
	}
	return s->count == count ? 0 : err_nomem(e);
}

static int run_all(struct pool *pool, struct err *e)
{
	uint64_t before = resident_bytes(), idle, used, n = all.connections;
	double connecting, talking, leaving;
	size_t count;

	for (size_t i = 0; i < all.threads; i++) {
		count = n / all.threads + (i < n % all.threads);
		if (make_share(&all.shares[i], pool_loop(pool, i), count, e) <
		    0)
			return -1;
	}
	if (run_stage(start_some, &connecting, e) < 0)
		return -1;
	idle = resident_bytes();
	if (run_stage(subscribe_all, &talking, e) < 0)
		return -1;
	used = resident_bytes();
	if (run_stage(disconnect_all, &leaving, e) < 0)
		return -1;
	printf("held connections=%" PRIu64 " threads=%" PRIu64
	       " idle_bytes=%" PRIu64 " used_bytes=%" PRIu64
	       " received=%llu published=%llu misordered=%llu"
	       " connect_rate=%.0f message_rate=%.0f\n",
	       n, all.threads, (idle - before) / n, (used - before) / n,
	       atomic_load(&all.received), atomic_load(&all.published),
	       atomic_load(&all.misordered), (double)n / connecting,
	       (double)(2 * n * all.messages) / talking);
	return atomic_load(&all.misordered)
		       ? err_set(e, ERR_NO, 0, "messages out of order")
		       : 0;
}

static void release_all(struct pool *pool)
{
	pool_stop(pool);
	for (size_t i = 0; i < all.threads; i++) {
		for (size_t k = 0; k < all.shares[i].count; k++)
			hold_free(all.shares[i].holds[k]);
		free(all.shares[i].holds);
	}
	pool_free(pool);
}

static int parse_options(int argc, char **argv, struct err *e)
{
	static const struct option names[] = {
		{ "connections", required_argument, NULL, 'c' },
		{ "threads", required_argument, NULL, 't' },
		{ "messages", required_argument, NULL, 'm' },
		{ 0 },
	};
	uint64_t port = 0;
	int opt, rc = 0;

	all.connections = 10000;
	all.threads = 2;
	all.messages = 10;
	while (rc == 0 &&
	       (opt = getopt_long(argc, argv, "", names, NULL)) != -1)
		rc = opt == '?' ? err_set(e, ERR_USAGE, 0,
					  "see its first "
					  "lines")
				: parse_uint(optarg, 1, 1000000,
					     opt == 'c'   ? &all.connections
					     : opt == 't' ? &all.threads
							  : &all.messages,
					     e);
	if (rc < 0)
		return -1;
	if (argc - optind != 2)
		return err_set(e, ERR_USAGE, 0, "expected HOST PORT");
	all.host = argv[optind];
	if (parse_uint(argv[optind + 1], 1, UINT16_MAX, &port, e) < 0)
		return -1;
	all.port = (uint16_t)port;
	snprintf(all.filter, sizeof(all.filter), "numbered/%" PRIu64 "/%d/1",
		 all.messages, PAYLOAD_SIZE);
	return 0;
}

static int raise_limit(struct err *e)
{
	struct rlimit r = { 0 };

	getrlimit(RLIMIT_NOFILE, &r);
	r.rlim_cur = r.rlim_max;
	if (r.rlim_max < all.connections + OTHER_FDS)
		return err_set(e, ERR_USAGE, 0,
			       "the limit of descriptors is "
			       "%" PRIuMAX,
			       (uintmax_t)r.rlim_max);
	setrlimit(RLIMIT_NOFILE, &r);
	return 0;
}

int main(int argc, char **argv)
{
	struct err e = { 0 };
	struct pool *pool;
	int rc;

	log_init("hold10k", LOG_ERROR);
	peer_deadline(DEADLINE * CLOCK_SEC);
	if (parse_options(argc, argv, &e) < 0 || raise_limit(&e) < 0)
		peer_die(&e);
	all.event_fd = event_new(&e);
	all.shares = calloc(all.threads, sizeof(*all.shares));
	pool = all.shares && all.event_fd >= 0
		       ? pool_new("hold", all.threads, &e)
		       : NULL;
	if (!pool)
		peer_die(&e);
	rc = run_all(pool, &e);
	release_all(pool);
	free(all.shares);
	close(all.event_fd);
	if (rc == 0)
		return 0;
	log_line(LOG_ERROR, "%s", e.text);
	return 1;
}
