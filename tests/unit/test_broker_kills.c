/* SPDX-License-Identifier: MIT */
/* A mosquitto that is killed by SIGKILL and started again under load, 500
 * times under TSan: half of them with persistence on, where our session
 * survives, half without. A log of what each of them took is the oracle: all
 * that we published with QoS 1 and 2 arrived, and all was confirmed in the
 * end. No thread, descriptor or byte is left. SEED=N repeats a run, KILLS=N
 * says how many there are. */
#include <dirent.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "client/client.h"
#include "test.h"

#if defined(__SANITIZE_THREAD__)
enum { KILLS_DEFAULT = 500 };
#else
enum { KILLS_DEFAULT = 40 };
#endif

enum {
	SIDES = 2,
	WARM_UP = 4, /* kills */
	LOAD = 40,   /* confirmed messages, for one kill in four */
	NUMBERS = 400000,
	PORT = 18837,
	BYTES_SLACK = 16 * 1024, /* what stdio and the like may keep */
};

/* An hour, as a property. */
#define SESSION_EXPIRY "\x11\x00\x00\x0e\x10"

/* A broker, its client, and who publishes and kills. */
struct side {
	const char *name;
	bool is_persistent;
	char dir[64], address[32];
	struct client_server server;
	struct client_params params;
	struct client *client;
	pthread_t publisher, killer;
	pid_t broker;
	unsigned seed;
	unsigned kills;   /* to be done */
	unsigned died;    /* by themselves */
	unsigned stalled; /* waits in which nothing came */
	atomic_uint ups, kept, confirmed, messages;
	atomic_bool is_over;
	unsigned sent;
	uint8_t seen[NUMBERS]; /* by the broker */
	const char *failure;   /* which call of the publisher, and why */
	struct err why;
};

static struct side sides[SIDES] = {
	{ .name = "persistent", .is_persistent = true },
	{ .name = "forgetful" },
};
static char top[] = "/tmp/mqtt-kills-XXXXXX";
static unsigned seed, kills;

static unsigned pick(unsigned *state, unsigned below)
{
	return (unsigned)rand_r(state) % below;
}

static uint64_t within(uint64_t sec)
{
	return clock_boot() + sec * CLOCK_SEC;
}

/* --- the broker ------------------------------------------------------- */

/* With limits that mosquitto 2.0 does not reach: after restarts with QoS 2
 * it counts wrong, and refuses what is within them. On an address of its own: a
 * connection to a port that is free for a moment could be one of ours to
 * itself. */
static void write_config(struct side *x)
{
	char path[96];
	FILE *f;

	snprintf(x->dir, sizeof(x->dir), "%s/%s", top, x->name);
	snprintf(x->address, sizeof(x->address), "127.%d.%d.%d",
		 getpid() >> 16 & 127, getpid() >> 8 & 255,
		 x->is_persistent ? 1 : 2);
	snprintf(path, sizeof(path), "%s/conf", x->dir);
	ok(mkdir(x->dir, 0700) == 0);
	f = fopen(path, "w");
	if (!ok(f != NULL))
		return;
	fprintf(f,
		"user root\nlistener %d %s\nallow_anonymous true\n"
		"log_dest stderr\nlog_type debug\n"
		"max_queued_messages 1000000\nmax_inflight_messages 0\n",
		PORT + getpid() % 256, x->address);
	if (x->is_persistent)
		fprintf(f,
			"persistence true\npersistence_location %s/\n"
			"autosave_on_changes true\nautosave_interval 20\n",
			x->dir);
	fclose(f);
}

static pid_t start_broker(const struct side *x)
{
	const char *given = getenv("MOSQUITTO");
	char program[256], option[] = "-c", config[96], log[96];
	char *argv[] = { program, option, config, NULL };
	posix_spawn_file_actions_t files;
	pid_t pid = -1;

	snprintf(program, sizeof(program), "%s",
		 given && *given ? given : "mosquitto");
	snprintf(config, sizeof(config), "%s/conf", x->dir);
	snprintf(log, sizeof(log), "%s/log", x->dir);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 2, log,
					 O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (posix_spawnp(&pid, program, &files, NULL, argv, environ) != 0)
		pid = -1;
	posix_spawn_file_actions_destroy(&files);
	return pid;
}

/* False when it was dead already. */
static bool kill_broker(struct side *x)
{
	int status = 0;

	if (x->broker <= 0)
		return false;
	kill(x->broker, SIGKILL);
	waitpid(x->broker, &status, 0);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

static void wait_for_more(struct side *x, const atomic_uint *count,
			  unsigned than)
{
	uint64_t end = within(30);

	while (atomic_load(count) <= than && clock_boot() < end)
		usleep(1000);
	x->stalled += atomic_load(count) <= than;
}

/* What the broker has answered: what is only queued is no load. */
static void wait_for_load(struct side *x)
{
	wait_for_more(x, &x->confirmed, atomic_load(&x->confirmed) + LOAD);
}

/* One in four dies at any moment of its start, the others at any moment of a
 * connection; one of these after LOAD at least, whatever chance says. */
static void *kill_on(void *arg)
{
	struct side *x = arg;
	unsigned ups = 0;

	for (unsigned i = 0; i < x->kills && !x->stalled; i++) {
		if (i % 4)
			wait_for_more(x, &x->ups, ups);
		if (i % 4 == 1)
			wait_for_load(x);
		usleep(pick(&x->seed, i % 4 ? 150000 : 50000));
		ups = atomic_load(&x->ups);
		x->died += !kill_broker(x);
		x->broker = start_broker(x);
	}
	wait_for_more(x, &x->ups, ups);
	wait_for_load(x);
	atomic_store(&x->is_over, true);
	return NULL;
}

/* "... Received PUBLISH from killed (d0, q1, r0, m7, 'up/42', ..." */
static void read_log(struct side *x)
{
	char path[96], *line = NULL;
	size_t cap = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/log", x->dir);
	f = fopen(path, "r");
	while (f && getline(&line, &cap, f) > 0) {
		const char *at = strstr(line, "Received PUBLISH");
		unsigned long n;

		at = at ? strstr(at, "'up/") : NULL;
		n = at ? strtoul(at + 4, NULL, 10) : NUMBERS;
		if (n < NUMBERS)
			x->seen[n] = 1;
	}
	free(line);
	if (ok(f != NULL))
		fclose(f);
}

/* --- the client ------------------------------------------------------- */

static void on_up(void *ctx, const struct client_up *up)
{
	struct side *x = ctx;

	if (up->connack->packet.session_present)
		atomic_fetch_add(&x->kept, 1);
	atomic_fetch_add(&x->ups, 1);
}

static void on_published(void *ctx, const struct event_published *p)
{
	struct side *x = ctx;

	if (p->reason < 0x80)
		atomic_fetch_add(&x->confirmed, 1);
}

static void on_message(void *ctx, const struct event_message *m)
{
	struct side *x = ctx;

	atomic_fetch_add(&x->messages, 1);
	client_acknowledge(x->client, m->delivery);
}

static struct client *make_client(struct side *x)
{
	struct client_handlers h = { .ctx = x,
				     .on_up = on_up,
				     .on_published = on_published,
				     .on_message = on_message };
	struct err e;

	x->server = (struct client_server){
		.host = x->address, .port = (uint16_t)(PORT + getpid() % 256)
	};
	x->params = (struct client_params){
		.servers = &x->server,
		.server_count = 1,
		.connect_timeout = 10 * CLOCK_SEC,
		.version = MQTT_5,
		.connect = { .keepalive = 60,
			     .client_id = BYTES_LIT("killed"),
			     .props = BYTES_LIT(SESSION_EXPIRY) },
		.session = { .inflight = 20 },
		.queue_count = 200,
		.keep_session = true,
		.reconnect = { .is_enabled = true,
			       .retry_first = true,
			       .retry_refused = true,
			       .delay = 5 * CLOCK_MSEC,
			       .max_delay = 5 * CLOCK_MSEC,
			       .stable_after = 10 * CLOCK_SEC },
	};
	return client_new(&x->params, NULL, &h, &e);
}

static int subscribe(struct side *x, struct err *e)
{
	struct subscription f = { .filter = BYTES_LIT("up/#"), .options = 1 };
	struct subscribe s = { .filters = &f, .count = 1 };
	struct client_answer a = { 0 };
	int ret = client_subscribe(x->client, &s, within(60), &a, e);

	client_answer_release(&a);
	return ret;
}

static int publish_next(struct side *x, struct err *e)
{
	char topic[16];
	struct publish p = { .payload = BYTES_LIT("x"),
			     .qos = x->sent % 2 ? 2 : 1 };
	struct client_batch b = { .messages = &p, .count = 1 };
	size_t done;

	snprintf(topic, sizeof(topic), "up/%u", x->sent);
	p.topic = bytes_str(topic);
	x->sent++;
	return client_publish(x->client, &b, within(60), &done, e);
}

static void fail(struct side *x, const char *what, const struct err *e)
{
	x->failure = what;
	x->why = *e;
}

static void *publish_on(void *arg)
{
	struct side *x = arg;
	struct err e = { 0 };

	if (client_connect(x->client, within(60), &e) < 0)
		fail(x, "connect", &e);
	else if (subscribe(x, &e) < 0)
		fail(x, "subscribe", &e);
	while (!x->failure && !atomic_load(&x->is_over) && x->sent < NUMBERS) {
		if (publish_next(x, &e) < 0)
			fail(x, "publish", &e);
		if (x->sent % 2 == 0)
			usleep(1000);
	}
	if (!x->failure && client_drain(x->client, within(60), &e) < 0)
		fail(x, "drain", &e);
	return NULL;
}

/* --- the test --------------------------------------------------------- */

/* What was subscribed on the first connection still holds on the last. */
static void check_subscription(struct side *x)
{
	unsigned before = atomic_load(&x->messages);
	struct err e = { 0 };

	is_int(publish_next(x, &e), 0, "%s", e.text);
	is_int(client_drain(x->client, within(60), &e), 0, "%s", e.text);
	wait_for_more(x, &x->messages, before);
	ok(atomic_load(&x->messages) > before, "%s", x->name);
}

static void check_side(struct side *x)
{
	unsigned ups = atomic_load(&x->ups), lost = 0;

	ok(!x->failure, "%s: %s: %s", x->name, x->failure ? x->failure : "",
	   x->why.text);
	is_int(x->died, 0, "brokers that were not killed by us");
	is_int(x->stalled, 0, "waits of 30 s for a connection or an answer");
	read_log(x);
	for (unsigned n = 0; n < x->sent; n++)
		lost += !x->seen[n];
	is_int(lost, 0, "%s: of %u", x->name, x->sent);
	is_int(atomic_load(&x->confirmed), x->sent);
	ok(ups > x->kills / 2 && x->sent > 10 * x->kills, "%u ups, %u sent",
	   ups, x->sent);
	if (x->is_persistent) /* the first may be too early to be kept */
		ok(x->kills < 8 || atomic_load(&x->kept) > x->kills / 4);
	else
		is_int(atomic_load(&x->kept), 0);
	printf("# %s: %u kills, %u connections, %u with the session, "
	       "%u messages\n",
	       x->name, x->kills, ups, atomic_load(&x->kept), x->sent);
}

static void begin(struct side *x, unsigned of_them)
{
	x->seed = seed + x->is_persistent;
	x->kills = of_them / SIDES;
	x->died = x->stalled = x->sent = 0;
	x->failure = NULL;
	memset(x->seen, 0, sizeof(x->seen));
	atomic_store(&x->ups, 0);
	atomic_store(&x->kept, 0);
	atomic_store(&x->confirmed, 0);
	atomic_store(&x->messages, 0);
	atomic_store(&x->is_over, false);
	write_config(x);
	x->broker = start_broker(x);
	x->client = make_client(x);
	ok(x->broker > 0 && x->client);
	pthread_create(&x->publisher, NULL, publish_on, x);
	pthread_create(&x->killer, NULL, kill_on, x);
}

static void end(struct side *x)
{
	char command[96];
	struct err e;

	pthread_join(x->killer, NULL);
	pthread_join(x->publisher, NULL);
	check_subscription(x);
	client_disconnect(x->client, NULL, within(10), &e);
	client_free(x->client);
	kill_broker(x);
	check_side(x);
	snprintf(command, sizeof(command), "rm -rf '%s'", x->dir);
	is_int(system(command), 0);
}

static void run(unsigned of_them)
{
	for (int i = 0; i < SIDES; i++)
		begin(&sides[i], of_them);
	for (int i = 0; i < SIDES; i++)
		end(&sides[i]);
}

/* --- what is left ----------------------------------------------------- */

static struct {
	size_t tasks, fds, bytes;
} before;

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

/* A sanitizer has an allocator of its own. */
size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

static size_t bytes_in_use(void)
{
	if (__sanitizer_get_current_allocated_bytes)
		return __sanitizer_get_current_allocated_bytes();
	return mallinfo2().uordblks;
}

/* What is made once, by us or a sanitizer, is there after it. */
static void a_few_kills_to_begin_with(void)
{
	const char *given = getenv("SEED"), *number = getenv("KILLS");

	seed = given ? (unsigned)strtoul(given, NULL, 10)
		     : (unsigned)clock_boot();
	kills = number ? (unsigned)strtoul(number, NULL, 10) : KILLS_DEFAULT;
	printf("# SEED=%u\n", seed);
	ok(mkdtemp(top) != NULL);
	run(WARM_UP);
	before.tasks = count_entries("/proc/self/task");
	before.fds = count_entries("/proc/self/fd");
	before.bytes = bytes_in_use();
	ok(before.tasks > 2 && before.fds > 2 && before.bytes > 0);
}

static void kills_under_load_lose_nothing(void)
{
	run(kills);
}

static void nothing_is_left(void)
{
	uint64_t until = within(10);
	size_t bytes = bytes_in_use();

	while (count_entries("/proc/self/task") > before.tasks &&
	       clock_boot() < until)
		usleep(1000);
	is_int(count_entries("/proc/self/task"), before.tasks);
	is_int(count_entries("/proc/self/fd"), before.fds);
	ok(bytes <= before.bytes + BYTES_SLACK, "%zu, before %zu", bytes,
	   before.bytes);
	printf("# bytes: %zu, before %zu\n", bytes, before.bytes);
	is_int(rmdir(top), 0);
}

TEST_MAIN(T(a_few_kills_to_begin_with), T(kills_under_load_lose_nothing),
	  T(nothing_is_left))
