/* SPDX-License-Identifier: MIT */
#ifndef CLIENT_SETUP_H
#define CLIENT_SETUP_H

/*
 * What the tests of the blocking client have in common: parameters for a
 * peer in a thread (peer_thread.h), handlers that count, calls with a
 * deadline. Included once by each test program; the counters may be read by
 * any thread, the rest belongs to the main thread.
 */

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "client/client.h"
#include "client/state.h"
#include "peer_thread.h"
#include "test.h"

static struct client_server server[3];
static struct client_params params;

static atomic_int messages, downs, ups;
static struct client *current;

static inline void on_message(void *ctx, const struct event_message *m)
{
	(void)ctx;
	atomic_fetch_add(&messages, 1);
	client_acknowledge(current, m->delivery);
}

static inline void on_up(void *ctx, const struct client_up *up)
{
	(void)ctx;
	(void)up;
	atomic_fetch_add(&ups, 1);
}

static inline void on_down(void *ctx, const struct client_down *down)
{
	(void)ctx;
	(void)down;
	atomic_fetch_add(&downs, 1);
}

static struct client_handlers handlers = {
	.on_message = on_message,
	.on_up = on_up,
	.on_down = on_down,
};

static inline uint64_t within(uint64_t ms)
{
	return clock_boot() + ms * CLOCK_MSEC;
}

static inline void usual_params(uint16_t port)
{
	server[0] = (struct client_server){ .host = "127.0.0.1", .port = port };
	params = (struct client_params){
		.servers = server,
		.server_count = 1,
		.connect_timeout = 5 * CLOCK_SEC,
		.version = MQTT_5,
		.connect = { .clean_start = true,
			     .keepalive = 60,
			     .client_id = BYTES_LIT("test") },
		.session = { .inflight = 20 },
		.reconnect = { .is_enabled = true,
			       .delay = 10 * CLOCK_MSEC,
			       .max_delay = 50 * CLOCK_MSEC,
			       .stable_after = 10 * CLOCK_SEC },
	};
	atomic_store(&messages, 0);
	atomic_store(&downs, 0);
	atomic_store(&ups, 0);
}

static inline struct client *new_client(void)
{
	struct err e;

	current = client_new(&params, NULL, &handlers, &e);
	ok(current != NULL);
	return current;
}

static inline void wait_for(atomic_int *what, int want)
{
	uint64_t end = within(10000);

	while (atomic_load(what) < want && clock_boot() < end)
		usleep(500);
}

static inline int publish(struct client *c, const char *payload, uint8_t qos,
			  struct err *e)
{
	struct publish p = { .topic = BYTES_LIT("a/b"),
			     .payload = bytes_str(payload),
			     .qos = qos };
	struct client_batch b = { .messages = &p, .count = 1 };
	size_t done;

	return client_publish(c, &b, within(10000), &done, e);
}

#endif
