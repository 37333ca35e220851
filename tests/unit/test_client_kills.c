/* SPDX-License-Identifier: MIT */
/* Brokers that keep their sessions for sure, end each connection after any
 * number of packets, also before CONNACK, by FIN or RST, and watch that QoS 2
 * comes once, which a killed mosquitto (test_broker_kills) can't be asked for;
 * and clients that connect, disconnect and are freed at any moment. Nothing is
 * lost or repeated, nothing is left behind. SEED=N repeats a run. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "client/client.h"
#include "peer_thread.h"
#include "test.h"

enum {
	PAIRS = 4,
	KILLS = 30, /* of each pair */
	NUMBERS = 200000,
	PACKETS_MAX = 60, /* of one connection's life */
	ROUNDS = 150,
};

/* A client and its broker. The seen counts belong to the broker's thread. */
struct pair {
	struct peer peer;
	struct client_server server;
	struct client_params params;
	struct client *client;
	pthread_t publisher;
	unsigned seed;
	atomic_int downs, messages;
	atomic_bool is_over; /* the broker dies no more */
	uint8_t open[65536]; /* QoS 2 ids, over all connections */
	uint8_t seen[3][NUMBERS];
	uint32_t sent[3];
	const char *failure; /* which call, and why */
	struct err why;
};

static struct pair pairs[PAIRS];
static unsigned seed;

static unsigned pick(unsigned *state, unsigned below)
{
	return (unsigned)rand_r(state) % below;
}

static uint64_t within(uint64_t sec)
{
	return clock_boot() + sec * CLOCK_SEC;
}

static size_t count_entries(const char *path)
{
	DIR *d = opendir(path);
	size_t n = 0;

	while (d && readdir(d))
		n++;
	if (d)
		closedir(d);
	return n;
}

/* --- the broker ------------------------------------------------------- */

/* What cannot be sent is lost with the connection. */
static void say(struct peer *p, struct buf *b)
{
	(void)!send(p->fd, buf_view(b).p, buf_len(b), MSG_NOSIGNAL);
	buf_release(b);
}

static void say_ack(struct peer *p, enum packet_type type, uint16_t pid)
{
	struct ack a = { .pid = pid };
	struct buf b = { 0 };

	if (encode_ack(&b, p->version, type, &a) == 0)
		say(p, &b);
}

static void say_connack(struct peer *p, bool session_present)
{
	struct connack a = { .session_present = session_present };
	struct buf b = { 0 };

	if (encode_connack(&b, p->version, &a) == 0)
		say(p, &b);
}

static void say_message(struct peer *p, uint8_t qos)
{
	struct publish m = { .topic = BYTES_LIT("down"),
			     .payload = BYTES_LIT("x"),
			     .qos = qos,
			     .pid = (uint16_t)(qos + 1) };
	struct buf b = { 0 };

	if (encode_publish(&b, p->version, &m) == 0)
		say(p, &b);
}

static void note(struct pair *x, const struct publish *m)
{
	uint32_t n;

	if (m->qos == 2 && x->open[m->pid])
		return;
	if (m->qos == 2)
		x->open[m->pid] = 1;
	if (m->payload.n != sizeof(n))
		return;
	memcpy(&n, m->payload.p, sizeof(n));
	if (n < NUMBERS && x->seen[m->qos][n] < UINT8_MAX)
		x->seen[m->qos][n]++;
}

/* Returns false when the client has left. */
static bool answer(struct pair *x, const struct packet *k)
{
	struct peer *p = &x->peer;

	switch (k->type) {
	case PACKET_PUBLISH:
		note(x, &k->publish);
		if (k->publish.qos)
			say_ack(p,
				k->publish.qos == 1 ? PACKET_PUBACK
						    : PACKET_PUBREC,
				k->publish.pid);
		break;
	case PACKET_PUBREL:
		x->open[k->ack.pid] = 0;
		say_ack(p, PACKET_PUBCOMP, k->ack.pid);
		break;
	case PACKET_PUBREC:
		say_ack(p, PACKET_PUBREL, k->ack.pid);
		break;
	case PACKET_DISCONNECT:
		return false;
	default:
		break;
	}
	return true;
}

static void end_connection(struct pair *x)
{
	struct linger at_once = { .l_onoff = 1 };

	if (pick(&x->seed, 2))
		setsockopt(x->peer.fd, SOL_SOCKET, SO_LINGER, &at_once,
			   sizeof(at_once));
	peer_close(&x->peer);
}

/* One connection, until so many packets have come, or the client leaves. */
static void serve(struct pair *x, unsigned packets, bool session_present)
{
	struct peer *p = &x->peer;
	struct packet k;

	for (unsigned n = 0; n < packets && peer_read(p, &k); n++) {
		if (k.type == PACKET_CONNECT) {
			p->version = k.connect.version;
			say_connack(p, session_present);
			for (uint8_t qos = 0; qos < 3; qos++)
				say_message(p, qos);
		} else if (!answer(x, &k)) {
			break;
		}
	}
	end_connection(x);
}

static void script_kills(struct peer *p)
{
	struct pair *x = (struct pair *)p; /* its first member */

	for (int i = 0; i < KILLS; i++) {
		peer_accept(p);
		/* Now and then before CONNECT was read. */
		serve(x, pick(&x->seed, PACKETS_MAX), i > 0);
	}
	atomic_store(&x->is_over, true);
	peer_accept(p);
	serve(x, UINT32_MAX, true);
}

/* --- the client ------------------------------------------------------- */

static void on_down(void *ctx, const struct client_down *down)
{
	struct pair *x = ctx;

	(void)down;
	atomic_fetch_add(&x->downs, 1);
}

static void on_message(void *ctx, const struct event_message *m)
{
	struct pair *x = ctx;

	atomic_fetch_add(&x->messages, 1);
	client_acknowledge(x->client, m->delivery);
}

static void set_params(struct pair *x, uint16_t port)
{
	x->server = (struct client_server){ .host = "127.0.0.1", .port = port };
	x->params = (struct client_params){
		.servers = &x->server,
		.server_count = 1,
		.connect_timeout = 10 * CLOCK_SEC,
		.version = MQTT_5,
		.connect = { .keepalive = 60,
			     .client_id = BYTES_LIT("killed") },
		.session = { .inflight = 20 },
		.keep_session = true,
		.reconnect = { .is_enabled = true,
			       .retry_first = true,
			       .retry_refused = true,
			       .delay = CLOCK_MSEC,
			       .max_delay = CLOCK_MSEC,
			       .stable_after = 10 * CLOCK_SEC },
	};
}

static struct client *make_client(struct pair *x)
{
	struct client_handlers h = { .ctx = x,
				     .on_down = on_down,
				     .on_message = on_message };
	struct err e;

	return client_new(&x->params, NULL, &h, &e);
}

static int publish_number(struct pair *x, uint8_t qos, struct err *e)
{
	uint32_t n = x->sent[qos];
	struct publish p = { .topic = BYTES_LIT("up"),
			     .payload = bytes_of(&n, sizeof(n)),
			     .qos = qos };
	struct client_batch b = { .messages = &p, .count = 1 };
	size_t done;

	x->sent[qos]++;
	return client_publish(x->client, &b, within(60), &done, e);
}

static bool has_room(const struct pair *x)
{
	return x->sent[0] < NUMBERS && x->sent[1] < NUMBERS &&
	       x->sent[2] < NUMBERS;
}

static void fail(struct pair *x, const char *what, const struct err *e)
{
	x->failure = what;
	x->why = *e;
}

static void *publish_on(void *arg)
{
	struct pair *x = arg;
	struct err e = { 0 };

	if (client_connect(x->client, within(60), &e) < 0)
		fail(x, "connect", &e);
	while (!x->failure && !atomic_load(&x->is_over) && has_room(x)) {
		if (publish_number(x, (uint8_t)(x->sent[1] > x->sent[2]) + 1,
				   &e) < 0)
			fail(x, "publish", &e);
		if ((x->sent[1] + x->sent[2]) % 8 == 0)
			usleep(1000);
	}
	if (!x->failure && client_drain(x->client, within(60), &e) < 0)
		fail(x, "drain", &e);
	client_disconnect(x->client, NULL, within(10), &e);
	return NULL;
}

static void check_pair(const struct pair *x)
{
	size_t lost = 0, repeated = 0;

	ok(!x->failure, "%s: %s", x->failure ? x->failure : "", x->why.text);
	for (uint32_t n = 0; n < x->sent[1]; n++)
		lost += x->seen[1][n] == 0;
	for (uint32_t n = 0; n < x->sent[2]; n++) {
		lost += x->seen[2][n] == 0;
		repeated += x->seen[2][n] > 1;
	}
	is_int(lost, 0, "of %u and %u", x->sent[1], x->sent[2]);
	is_int(repeated, 0);
	ok(x->sent[1] > KILLS && x->sent[2] > KILLS, "there was a load");
	is_int(atomic_load(&x->downs), KILLS);
	ok(atomic_load(&x->messages) > 0);
}

static void kills_under_load_lose_and_repeat_nothing(void)
{
	for (unsigned i = 0; i < PAIRS; i++) {
		pairs[i].seed = seed + i;
		peer_start(&pairs[i].peer, script_kills);
		set_params(&pairs[i], pairs[i].peer.port);
		pairs[i].client = make_client(&pairs[i]);
		ok(pairs[i].client != NULL);
		pthread_create(&pairs[i].publisher, NULL, publish_on,
			       &pairs[i]);
	}
	for (unsigned i = 0; i < PAIRS; i++) {
		pthread_join(pairs[i].publisher, NULL);
		client_free(pairs[i].client);
		ok(peer_join(&pairs[i].peer));
		check_pair(&pairs[i]);
	}
}

/* --- random instants -------------------------------------------------- */

static void script_random(struct peer *p)
{
	struct pair *x = (struct pair *)p;

	for (;;) {
		peer_accept(p);
		if (atomic_load(&x->is_over))
			return;
		serve(x, pick(&x->seed, 12), false);
	}
}

static void *disconnect_now(void *arg)
{
	struct pair *x = arg;
	struct err e;

	usleep(pick(&x->seed, 3000));
	client_disconnect(x->client, NULL, within(10), &e);
	return NULL;
}

static void *interrupt_now(void *arg)
{
	struct pair *x = arg;

	usleep(pick(&x->seed, 3000));
	client_interrupt(x->client);
	return NULL;
}

/* Whatever the calls say: they return, and nothing is left. */
static void live_once(struct pair *x, unsigned *state)
{
	static void *(*const others[])(void *) = { disconnect_now,
						   interrupt_now };
	unsigned way = pick(state, 3);
	struct err e;
	pthread_t other;

	x->sent[0] = x->sent[1] = x->sent[2] = 0;
	x->client = make_client(x);
	if (way < 2)
		pthread_create(&other, NULL, others[way], x);
	if (pick(state, 2))
		(void)!client_connect(
			x->client, clock_boot() + pick(state, 5000) * 1000, &e);
	else
		(void)!client_start_connect(x->client, &e);
	for (unsigned i = pick(state, 20); i; i--)
		(void)!client_post(
			x->client,
			&(struct publish){ .topic = BYTES_LIT("up"),
					   .payload = BYTES_LIT("x"),
					   .qos = (uint8_t)pick(state, 3) },
			&e);
	usleep(pick(state, 3000));
	if (way < 2)
		pthread_join(other, NULL);
	client_free(x->client);
}

static void wake(uint16_t port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons(port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ok(connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0);
	close(fd);
}

static void clients_may_end_at_any_instant(void)
{
	static struct pair x;
	unsigned state = seed;

	x.seed = seed;
	peer_start(&x.peer, script_random);
	set_params(&x, x.peer.port);
	for (int i = 0; i < ROUNDS; i++)
		live_once(&x, &state);
	atomic_store(&x.is_over, true);
	wake(x.peer.port);
	ok(peer_join(&x.peer));
}

/* --- what is left ----------------------------------------------------- */

static size_t tasks_before, fds_before;

static void *do_nothing(void *arg)
{
	return arg;
}

/* A sanitizer may start a thread of its own with the first of ours. */
static void look_around(void)
{
	const char *given = getenv("SEED");
	pthread_t first;

	seed = given ? (unsigned)strtoul(given, NULL, 10)
		     : (unsigned)clock_boot();
	printf("# SEED=%u\n", seed);
	pthread_create(&first, NULL, do_nothing, NULL);
	pthread_join(first, NULL);
	tasks_before = count_entries("/proc/self/task");
	fds_before = count_entries("/proc/self/fd");
	ok(tasks_before > 2 && fds_before > 2);
}

/* Bytes are the sanitizer's to count. A detached thread may need a moment. */
static void no_thread_and_no_descriptor_is_left(void)
{
	uint64_t end = within(10);

	while (count_entries("/proc/self/task") > tasks_before &&
	       clock_boot() < end)
		usleep(1000);
	is_int(count_entries("/proc/self/task"), tasks_before);
	is_int(count_entries("/proc/self/fd"), fds_before);
}

TEST_MAIN(T(look_around), T(kills_under_load_lose_and_repeat_nothing),
	  T(clients_may_end_at_any_instant),
	  T(no_thread_and_no_descriptor_is_left))
