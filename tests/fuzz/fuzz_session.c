/* SPDX-License-Identifier: MIT */
/*
 * A client's session with a server that says anything, while its application
 * does anything: nothing crashes, the counters of the session equal its
 * tables after every step, and what it puts out are whole legal packets that
 * the server allows, with nothing after DISCONNECT.
 *
 * Input: two bytes of settings, then steps: one byte says what happens (see
 * enum step), and the bytes after it are its arguments; a server's bytes
 * have their number in front. When they run out, zeros follow.
 */
#include <stdlib.h>

#include "../unit/session_check.h"
#include "base/clock.h"
#include "mqtt/decode.h"
#include "mqtt/encode.h"
#include "mqtt/props.h"
#include "mqtt/reason.h"
#include "store/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 4096, PAYLOAD_MAX = 64 * 1024 + 300 };

enum step {
	STEP_FEED,
	STEP_PUBLISH,
	STEP_PUMP,
	STEP_WRITE,
	STEP_WRITE_ALL,
	STEP_COMMIT,
	STEP_ACCEPT,
	STEP_REFUSE,
	STEP_SUBSCRIBE,
	STEP_UNSUBSCRIBE,
	STEP_PING,
	STEP_TIME,
	STEP_PAUSE,
	STEP_CONNECT,
	STEP_DISCONNECT,
	STEP_AUTH,
	STEP_DROPPED,
	STEP_RESTART,
	STEP_HOLD,
	STEPS,
};

struct world {
	const uint8_t *at, *end;
	struct store *store;
	struct store_ops ops;
	const struct store_ops *real;
	struct session *s;
	struct session_config config;
	struct connect connect;
	struct buf connect_props;
	struct buf in;      /* from the server, not taken yet */
	struct buf out;     /* from the client, not judged yet */
	struct buf offered; /* bytes that the client has to offer again */
	bool has_disconnected;
	uint64_t now;
	uint64_t delivered;
};

static struct world *world; /* for the store, which knows nothing of it */
static uint8_t payload[PAYLOAD_MAX];

static void require(bool holds)
{
	if (!holds)
		abort();
}

static uint8_t take(struct world *w)
{
	return w->at < w->end ? *w->at++ : 0;
}

/* A store that has to be committed, so that output really waits for it. */
static void store_update(struct store *s, struct message *m)
{
	s->is_dirty = true;
	world->real->update(s, m);
}

static void store_remove(struct store *s, struct message *m)
{
	s->is_dirty = true;
	world->real->remove(s, m);
}

static int store_inbound_add(struct store *s, uint16_t pid)
{
	s->is_dirty = true;
	return world->real->inbound_add(s, pid);
}

static void store_inbound_remove(struct store *s, uint16_t pid)
{
	s->is_dirty = true;
	world->real->inbound_remove(s, pid);
}

static int store_commit(struct store *s, struct err *e)
{
	(void)e;
	s->is_dirty = false;
	return 0;
}

static void wrap_store(struct world *w)
{
	w->real = w->store->ops;
	w->ops = *w->real;
	w->ops.update = store_update;
	w->ops.remove = store_remove;
	w->ops.inbound_add = store_inbound_add;
	w->ops.inbound_remove = store_inbound_remove;
	w->ops.commit = store_commit;
	w->store->ops = &w->ops;
}

static void judge_packet(struct world *w, const struct decode_result *r)
{
	const struct session_limits *limits = session_limits(w->s);
	const struct publish *p = &r->packet.publish;

	require(!w->has_disconnected);
	w->has_disconnected = r->packet.type == PACKET_DISCONNECT;
	if (r->packet.type == PACKET_CONNECT)
		return;
	require(!limits->max_packet || r->used <= limits->max_packet);
	if (r->packet.type != PACKET_PUBLISH)
		return;
	require(p->qos <= limits->max_qos);
	require(!p->retain || limits->retain);
	require(p->alias <= limits->topic_alias_max);
}

/* Takes the whole packets out of what the client wrote. */
static void judge_output(struct world *w)
{
	struct decoder d = { .version = w->connect.version,
			     .side = DECODE_FROM_CLIENT };
	struct decode_result r;

	for (;;) {
		switch (decode_packet(&d, buf_view(&w->out), &r)) {
		case DECODE_OK:
			judge_packet(w, &r);
			buf_consume(&w->out, r.used);
			break;
		case DECODE_MORE:
			return;
		case DECODE_BAD:
			abort();
		}
	}
}

/* A stream that takes nothing now, but may have made records already. */
static void do_hold(struct world *w)
{
	struct bytes view = session_output(w->s);

	buf_clear(&w->offered);
	require(buf_append(&w->offered, view) == 0);
	session_hold(w->s);
}

static void do_write(struct world *w, size_t most)
{
	struct bytes view = session_output(w->s);
	size_t same = buf_len(&w->offered);

	require(view.n >= same || w->s->phase == PHASE_OVER);
	require(view.n < same || same == 0 ||
		memcmp(view.p, buf_view(&w->offered).p, same) == 0);
	buf_clear(&w->offered);
	if (view.n > most)
		view.n = most;
	require(buf_append(&w->out, view) == 0);
	session_sent(w->s, view.n, w->now);
	judge_output(w);
}

static void do_write_all(struct world *w)
{
	require(session_commit(w->s, NULL) == 0);
	while (session_output(w->s).n)
		do_write(w, SIZE_MAX);
	require(session_output_len(w->s) == 0);
}

static void take_event(struct world *w, const struct event *e)
{
	if (e->type != EVENT_MESSAGE)
		return;
	require(e->message.delivery == w->delivered + 1);
	require(e->message.packet.topic.n > 0);
	w->delivered++;
}

static void do_feed(struct world *w)
{
	size_t n = take(w), left = (size_t)(w->end - w->at), used = 0;
	enum feed verdict = FEED_NONE;
	struct event e;

	n = n < left ? n : left;
	require(buf_append(&w->in, bytes_of(w->at, n)) == 0);
	w->at += n;
	session_heard(w->s, w->now);
	while (verdict == FEED_NONE || verdict == FEED_EVENT) {
		verdict = session_feed(w->s, buf_view(&w->in), w->now, &used,
				       &e);
		if (verdict == FEED_EVENT)
			take_event(w, &e);
		if (verdict == FEED_FAIL)
			require(session_failure(w->s).why != NULL);
		buf_consume(&w->in, used);
	}
	require(verdict == FEED_FAIL || used == 0);
}

static void do_publish(struct world *w)
{
	static const char *const topics[] = { "t", "topic", "a/topic/b", "#" };
	uint8_t how = take(w), size = take(w);
	struct publish p = {
		.topic = bytes_str(topics[how >> 2 & 3]),
		.payload = bytes_of(payload,
				    size < 250 ? size : PAYLOAD_MAX - size),
		.qos = (uint8_t)((how & 3) % 3),
		.retain = how >> 4 & 1,
		.has_expiry = how >> 5 & 1,
		.expiry = how >> 6,
	};
	uint64_t seq;

	if (session_publish(w->s, &p, how, w->now, &seq) == SUBMIT_OK)
		require(!p.qos == !seq);
}

static void do_request(struct world *w, enum step step)
{
	static const char *const filters[] = { "t", "a/#", "$share/g/+",
					       "bad#" };
	uint8_t how = take(w);
	struct subscription f = { .filter = bytes_str(filters[how & 3]),
				  .options = how >> 2 & 7 };
	struct subscribe p = { .filters = &f, .count = 1 };
	uint16_t pid = 0;
	enum submit verdict;

	if (f.options % 4 == 3)
		f.options = 0;
	if (step == STEP_SUBSCRIBE)
		verdict = session_subscribe(w->s, &p, &pid);
	else
		verdict = session_unsubscribe(w->s, &p, &pid);
	require(verdict == SUBMIT_OK ? pid != 0 : pid == 0);
}

static void do_connect(struct world *w)
{
	session_lost(w->s);
	buf_clear(&w->in);
	buf_clear(&w->out);
	buf_clear(&w->offered);
	w->has_disconnected = false;
	require(session_connect(w->s, &w->connect, w->now) == 0);
}

static void do_restart(struct world *w)
{
	session_free(w->s);
	w->s = session_new(w->store, &w->config);
	require(w->s != NULL);
	w->delivered = 0;
	do_connect(w);
}

static void do_disconnect(struct world *w)
{
	struct disconnect p = { .reason = take(w) & 4 };
	struct buf props = { 0 };

	require(props_put_num(&props, PROP_SESSION_EXPIRY, take(w)) == 0);
	require(props_put_bytes(&props, PROP_REASON_STRING,
				BYTES_LIT("goodbye")) == 0);
	p.props = buf_view(&props);
	session_disconnect(w->s, &p);
	buf_release(&props);
}

static void do_time(struct world *w)
{
	w->now += take(w) * (CLOCK_SEC / 2);
	if (session_deadline(w->s) <= w->now)
		session_tick(w->s, w->now);
}

static void do_link_step(struct world *w, enum step step)
{
	struct event_published dropped;

	switch (step) {
	case STEP_SUBSCRIBE:
	case STEP_UNSUBSCRIBE:
		do_request(w, step);
		break;
	case STEP_PING:
		session_ping(w->s, w->now);
		break;
	case STEP_TIME:
		do_time(w);
		break;
	case STEP_PAUSE:
		session_set_paused(w->s, take(w) & 1, w->now);
		break;
	case STEP_CONNECT:
		do_connect(w);
		break;
	case STEP_DISCONNECT:
		do_disconnect(w);
		break;
	case STEP_AUTH:
		session_auth(w->s, 0x18 + (take(w) & 1), BYTES_NULL);
		break;
	case STEP_DROPPED:
		session_next_dropped(w->s, &dropped);
		break;
	case STEP_RESTART:
		do_restart(w);
		break;
	default:
		break;
	}
}

static void do_step(struct world *w)
{
	enum step step = take(w) % STEPS;

	switch (step) {
	case STEP_FEED:
		do_feed(w);
		break;
	case STEP_PUBLISH:
		do_publish(w);
		break;
	case STEP_PUMP:
		session_pump(w->s, w->now, take(w) * 64u);
		break;
	case STEP_WRITE:
		do_write(w, 1u + take(w));
		break;
	case STEP_HOLD:
		do_hold(w);
		break;
	case STEP_WRITE_ALL:
		do_write_all(w);
		break;
	case STEP_COMMIT:
		require(session_commit(w->s, NULL) == 0);
		break;
	case STEP_ACCEPT:
		session_acknowledge(w->s, take(w));
		break;
	case STEP_REFUSE:
		session_refuse(w->s, take(w), REASON_QUOTA);
		break;
	default:
		do_link_step(w, step);
		break;
	}
}

static void put(struct world *w, enum prop_id id, uint32_t num)
{
	require(props_put_num(&w->connect_props, (uint8_t)id, num) == 0);
}

static void set_up(struct world *w)
{
	static const enum mqtt_version versions[] = { MQTT_5, MQTT_5,
						      MQTT_3_1_1, MQTT_3_1 };
	uint8_t a = take(w), b = take(w);

	w->now = CLOCK_SEC;
	w->connect = (struct connect){
		.version = versions[a & 3],
		.clean_start = a >> 2 & 1,
		.keepalive = a >> 3 & 1 ? 10 : 0,
		.client_id = a >> 4 & 1 ? BYTES_LIT("") : BYTES_LIT("me"),
	};
	w->config = (struct session_config){
		.inflight = a >> 5 & 1 ? 2 : 0,
		.aliases_out = a >> 6 & 1 ? 2 : 0,
		.on_loss = a >> 7 ? SESSION_LOSS_HOLD : SESSION_LOSS_REPUBLISH,
		.strict = b & 1,
	};
	if (b >> 1 & 1)
		put(w, PROP_RECEIVE_MAX, 2);
	if (b >> 2 & 1)
		put(w, PROP_TOPIC_ALIAS_MAX, 2);
	if (b >> 3 & 1)
		put(w, PROP_REQUEST_PROBLEM_INFO, 0);
	if (b >> 4 & 1)
		put(w, PROP_MAX_PACKET, 60);
	if (b >> 5 & 1)
		put(w, PROP_SESSION_EXPIRY, 60);
	if (b >> 6 & 1)
		require(props_put_bytes(&w->connect_props, PROP_AUTH_METHOD,
					BYTES_LIT("M")) == 0);
	w->connect.props = buf_view(&w->connect_props);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world w = { .at = data, .end = data + size };

	if (size > INPUT_MAX)
		return 0;
	world = &w;
	set_up(&w);
	w.store = memory_store_new(0);
	require(w.store != NULL);
	wrap_store(&w);
	w.s = session_new(w.store, &w.config);
	require(w.s != NULL);
	do_connect(&w);
	while (w.at < w.end) {
		do_step(&w);
		require(!session_fault(w.s));
	}
	do_write_all(&w);
	/* Whole packets, unless the server has hung up in the middle. */
	require(buf_len(&w.out) == 0 || w.s->phase == PHASE_OVER);
	session_free(w.s);
	w.store->ops->free(w.store);
	buf_release(&w.in);
	buf_release(&w.out);
	buf_release(&w.offered);
	buf_release(&w.connect_props);
	return 0;
}
