/* SPDX-License-Identifier: MIT */
/* The client on a store of a real file that is slow, or fails for a while. */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client_setup.h"
#include "store/sqlite.h"

static char dir[] = "/tmp/mqtt-slow-XXXXXX";

/* The file's own operations, with a commit that is as slow as told. */
static const struct store_ops *real_ops;
static struct store_ops slow_ops;
static atomic_int delay_ms, is_broken;

static int slow_commit(struct store *s, struct err *e)
{
	int ms = atomic_exchange(&delay_ms, 0);

	if (atomic_load(&is_broken))
		return err_set(e, ERR_LOCAL, 0, "disk full");
	if (ms)
		usleep((useconds_t)ms * 1000);
	return real_ops->commit(s, e);
}

static struct store *open_slow(void)
{
	struct sqlite_options o = { .use = SQLITE_SEND };
	struct store *s;
	char path[64];
	struct err e = { 0 };

	ok(mkdtemp(dir) != NULL);
	snprintf(path, sizeof(path), "%s/db", dir);
	o.path = path;
	s = sqlite_store_open(&o, clock_boot(), &e);
	if (!ok(s != NULL, "%s", e.text))
		exit(1);
	real_ops = s->ops;
	slow_ops = *real_ops;
	slow_ops.commit = slow_commit;
	s->ops = &slow_ops;
	return s;
}

static void close_slow(struct store *s)
{
	static const char *const names[] = { "db", "db.lock" };
	char path[64];

	s->ops = real_ops;
	s->ops->free(s);
	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		(void)unlink(path);
	}
	ok(rmdir(dir) == 0);
	memcpy(dir + sizeof(dir) - 7, "XXXXXX", 6);
}

static atomic_int slow, failed, works;
static atomic_uint_fast64_t took;

static void on_store(void *ctx, const struct client_store_event *ev)
{
	(void)ctx;
	if (ev->took) {
		atomic_store(&took, ev->took);
		atomic_fetch_add(&slow, 1);
	} else {
		atomic_fetch_add(ev->why ? &failed : &works, 1);
	}
}

static void script_broker(struct peer *p)
{
	struct packet k;

	peer_accept(p);
	peer_welcome(p, false);
	while (peer_read(p, &k) && k.type != PACKET_DISCONNECT)
		if (k.type == PACKET_PUBLISH)
			peer_ack(p, PACKET_PUBACK, k.publish.pid);
}

static struct client *start(struct peer *p, struct store *s)
{
	struct err e = { 0 };

	peer_start(p, script_broker);
	usual_params(p->port);
	handlers.on_store = on_store;
	current = client_new(&params, s, &handlers, &e);
	if (!ok(current != NULL, "%s", e.text))
		exit(1);
	is_int(client_connect(current, within(5000), &e), 0, "%s", e.text);
	return current;
}

static void end(struct peer *p, struct client *c, struct store *s)
{
	struct err e = { 0 };

	is_int(client_drain(c, within(20000), &e), 0, "%s", e.text);
	is_int(atomic_load(&downs), 0, "the connection has lasted");
	client_disconnect(c, NULL, within(5000), &e);
	client_free(c);
	ok(peer_join(p));
	close_slow(s);
}

static void a_commit_that_takes_over_a_second_is_told(void)
{
	struct store *s = open_slow();
	struct err e = { 0 };
	struct client *c;
	struct peer p;

	c = start(&p, s);
	is_int(publish(c, "quick", 1, &e), 0, "%s", e.text);
	is_int(client_drain(c, within(5000), &e), 0);
	is_int(atomic_load(&slow), 0);
	atomic_store(&delay_ms, 1100);
	is_int(publish(c, "slow", 1, &e), 0, "%s", e.text);
	wait_for(&slow, 1);
	is_int(atomic_load(&slow), 1);
	ok(atomic_load(&took) >= 1100 * CLOCK_MSEC);
	is_int(atomic_load(&failed), 0);
	end(&p, c, s);
}

static void a_commit_that_fails_is_told_once_and_tried_again(void)
{
	struct store *s = open_slow();
	struct err e = { 0 };
	struct client *c;
	struct peer p;

	c = start(&p, s);
	is_int(publish(c, "before", 1, &e), 0, "%s", e.text);
	is_int(client_drain(c, within(5000), &e), 0);
	is_int(client_commit(c, within(5000), &e), 0);
	atomic_store(&is_broken, 1);
	is_int(publish(c, "later", 1, &e), 0, "%s", e.text);
	wait_for(&failed, 1);
	usleep(500000); /* it is tried several times */
	is_int(atomic_load(&failed), 1);
	is_int(atomic_load(&works), 0);
	is_int(client_commit(c, within(10), &e), -1);
	is_str(e.text, "disk full");
	atomic_store(&is_broken, 0);
	wait_for(&works, 1);
	is_int(atomic_load(&works), 1);
	end(&p, c, s);
}

TEST_MAIN(T(a_commit_that_takes_over_a_second_is_told),
	  T(a_commit_that_fails_is_told_once_and_tried_again))
