/* SPDX-License-Identifier: MIT */
/* A session and a faithful server on a line that breaks at any byte, with
 * clients that die and acknowledge when they like. At the end every QoS 2
 * message has arrived once, every QoS 1 message at least once, in order. */
#include "session_check.h"
#include "session_peer.h"

enum { MESSAGES = 300, SERVER_WINDOW = 7, DELIVERIES = 65536 };

enum progress { WAITING, PUBLISHED, RELEASED, DONE };

struct server {
	struct buf in, out; /* the line, both directions */
	bool is_up;
	/* From the client. */
	bool received[65536]; /* QoS 2 ids between PUBLISH and PUBREL */
	int got[MESSAGES];    /* how often each message came */
	int last_new;         /* highest number seen so far */
	/* To the client: message i has id i % 1000 + 1. */
	enum progress sent[MESSAGES];
	int next;
};

struct world {
	struct peer p;
	struct server server;
	uint32_t random;
	int published;          /* by the client */
	int number[DELIVERIES]; /* message by delivery, for the client */
	uint64_t handed_over;   /* deliveries of this run */
	uint64_t accepted;
	int got[MESSAGES];     /* accepted by the application */
	int offered[MESSAGES]; /* handed over, in the life of one client */
};

static uint32_t pick(struct world *w, uint32_t n)
{
	w->random = w->random * 1664525u + 1013904223u;
	return (w->random >> 8) % n;
}

static uint8_t qos_of(int message)
{
	return message % 3 ? 2 : 1;
}

static struct bytes payload_of(int *message)
{
	return bytes_of(message, sizeof(*message));
}

static int message_in(struct bytes payload)
{
	int message = -1;

	if (is_int(payload.n, sizeof(message)))
		memcpy(&message, payload.p, sizeof(message));
	return message >= 0 && message < MESSAGES ? message : 0;
}

static void reply(struct world *w, enum packet_type type, uint16_t pid)
{
	struct ack packet = { .pid = pid };

	ok(encode_ack(&w->server.out, MQTT_5, type, &packet) == 0);
}

static void send_message(struct world *w, int message, bool dup)
{
	struct publish packet = { .topic = BYTES_LIT("down"),
				  .payload = payload_of(&message),
				  .qos = qos_of(message),
				  .pid = (uint16_t)(message % 1000 + 1),
				  .dup = dup };

	ok(encode_publish(&w->server.out, MQTT_5, &packet) == 0);
	w->server.sent[message] = PUBLISHED;
}

/* The server's window moves on; messages are sent in order. */
static void fill_window(struct world *w)
{
	struct server *v = &w->server;
	int open = 0;

	for (int i = 0; i < v->next; i++)
		open += v->sent[i] != DONE;
	while (v->next < MESSAGES && open < SERVER_WINDOW) {
		send_message(w, v->next++, false);
		open++;
	}
}

static void take_publish(struct world *w, const struct publish *p)
{
	struct server *v = &w->server;
	int message = message_in(p->payload);

	is_int(p->qos, qos_of(message));
	if (p->qos == 2 && v->received[p->pid]) {
		ok(p->dup, "a repeat says so");
		reply(w, PACKET_PUBREC, p->pid);
		return;
	}
	if (v->got[message]++ == 0) {
		ok(message > v->last_new, "message %d after %d", message,
		   v->last_new);
		v->last_new = message;
	}
	if (p->qos == 2)
		v->received[p->pid] = true;
	reply(w, p->qos == 2 ? PACKET_PUBREC : PACKET_PUBACK, p->pid);
}

/* The message that an id of ours means: the oldest that is not done. */
static int message_of(const struct server *v, uint16_t pid)
{
	for (int i = 0; i < v->next; i++)
		if (i % 1000 + 1 == pid && v->sent[i] != DONE)
			return i;
	ok(false, "an answer for id %d", pid);
	return 0;
}

static void take_packet(struct world *w, const struct packet *p)
{
	struct server *v = &w->server;

	switch (p->type) {
	case PACKET_PUBLISH:
		take_publish(w, &p->publish);
		break;
	case PACKET_PUBREL:
		v->received[p->ack.pid] = false;
		reply(w, PACKET_PUBCOMP, p->ack.pid);
		break;
	case PACKET_PUBREC:
		v->sent[message_of(v, p->ack.pid)] = RELEASED;
		reply(w, PACKET_PUBREL, p->ack.pid);
		break;
	case PACKET_PUBACK:
	case PACKET_PUBCOMP:
		v->sent[message_of(v, p->ack.pid)] = DONE;
		break;
	default:
		ok(false, "packet type %d", p->type);
	}
}

static void server_turn(struct world *w)
{
	struct decoder d = { .version = MQTT_5, .side = DECODE_FROM_CLIENT };
	struct decode_result r;

	while (decode_packet(&d, buf_view(&w->server.in), &r) == DECODE_OK) {
		take_packet(w, &r.packet);
		buf_consume(&w->server.in, r.used);
	}
	fill_window(w);
}

/* Some of what the client wants to say gets on the line. */
static void client_writes(struct world *w)
{
	struct bytes view;

	ok(session_commit(w->p.s, NULL) == 0);
	view = session_output(w->p.s);
	if (view.n > 1 && pick(w, 2))
		view.n = 1 + pick(w, (uint32_t)view.n);
	ok(buf_append(&w->server.in, view) == 0);
	session_sent(w->p.s, view.n, w->p.now);
}

static void take_event(struct world *w, const struct event *e)
{
	int message;

	if (e->type != EVENT_MESSAGE)
		return;
	message = message_in(e->message.packet.payload);
	is_int(e->message.delivery, w->handed_over + 1);
	w->number[++w->handed_over % DELIVERIES] = message;
	if (e->message.packet.qos == 2)
		is_int(w->offered[message]++, 0, "message %d", message);
}

/* Some of what the server said arrives. */
static void client_reads(struct world *w)
{
	struct buf *line = &w->server.out;
	size_t n = buf_len(line), used;
	struct event e;

	if (n > 1 && pick(w, 2))
		n = 1 + pick(w, (uint32_t)n);
	for (;;) {
		struct bytes in = bytes_of(buf_view(line).p, n);
		enum feed verdict = session_feed(w->p.s, in, w->p.now, &used,
						 &e);

		if (verdict == FEED_MORE || !ok(verdict != FEED_FAIL))
			break;
		if (verdict == FEED_EVENT)
			take_event(w, &e);
		buf_consume(line, used);
		n -= used;
		if (n == 0)
			break;
	}
}

static void client_publishes(struct world *w)
{
	struct publish packet = { .topic = BYTES_LIT("up"),
				  .payload = payload_of(&w->published),
				  .qos = qos_of(w->published) };
	uint64_t seq;

	if (w->published == MESSAGES)
		return;
	is_int(session_publish(w->p.s, &packet, 0, w->p.now, &seq), SUBMIT_OK);
	w->published++;
}

static void client_accepts(struct world *w)
{
	uint64_t upto = w->accepted;

	if (w->handed_over > upto)
		upto += 1 + pick(w, (uint32_t)(w->handed_over - upto));
	while (w->accepted < upto)
		w->got[w->number[++w->accepted % DELIVERIES]]++;
	session_acknowledge(w->p.s, upto);
}

static void line_breaks(struct world *w)
{
	session_lost(w->p.s);
	/* What the kernel of the other side had, it may still read. */
	if (pick(w, 2))
		server_turn(w);
	buf_clear(&w->server.in);
	buf_clear(&w->server.out);
	w->server.is_up = false;
}

/* The process dies; the store stays. What was handed over but not accepted
 * the application has forgotten. */
static void client_dies(struct world *w)
{
	line_breaks(w);
	ok(session_commit(w->p.s, NULL) == 0);
	session_free(w->p.s);
	peer_open(&w->p);
	memset(w->offered, 0, sizeof(w->offered));
	for (int i = 0; i < MESSAGES; i++)
		w->offered[i] = w->got[i] && qos_of(i) == 2;
	w->handed_over = w->accepted = 0;
}

static void line_is_made(struct world *w)
{
	struct connack packet = { .session_present = true };
	struct server *v = &w->server;
	struct decode_result r;
	struct decoder d = { .version = MQTT_5, .side = DECODE_FROM_CLIENT };

	is_int(session_connect(w->p.s, w->p.connect, w->p.now), 0);
	ok(session_commit(w->p.s, NULL) == 0);
	ok(buf_append(&v->in, session_output(w->p.s)) == 0);
	session_sent(w->p.s, buf_len(&v->in), w->p.now);
	ok(decode_packet(&d, buf_view(&v->in), &r) == DECODE_OK);
	is_int(r.packet.type, PACKET_CONNECT);
	buf_clear(&v->in);
	ok(encode_connack(&v->out, MQTT_5, &packet) == 0);
	for (int i = 0; i < v->next; i++) {
		if (v->sent[i] == RELEASED)
			reply(w, PACKET_PUBREL, (uint16_t)(i % 1000 + 1));
		else if (v->sent[i] == PUBLISHED)
			send_message(w, i, true);
	}
	v->is_up = true;
}

static void step(struct world *w, uint32_t troubles)
{
	w->p.now += pick(w, 3) * CLOCK_MSEC;
	if (!w->server.is_up && pick(w, 3) == 0)
		line_is_made(w);
	if (pick(w, 4) == 0)
		client_publishes(w);
	session_pump(w->p.s, w->p.now, pick(w, 2) ? ROOM : pick(w, 300));
	if (w->server.is_up) {
		client_writes(w);
		if (pick(w, 2))
			server_turn(w);
		if (pick(w, 2))
			client_reads(w);
	}
	if (pick(w, 3) == 0)
		client_accepts(w);
	if (w->server.is_up && pick(w, 1000) < troubles)
		line_breaks(w);
	if (pick(w, 3000) < troubles)
		client_dies(w);
}

static bool is_finished(const struct world *w)
{
	if (w->published < MESSAGES || !session_is_idle(w->p.s))
		return false;
	for (int i = 0; i < MESSAGES; i++)
		if (w->server.sent[i] != DONE)
			return false;
	return w->accepted == w->handed_over;
}

static void run(uint32_t seed, uint32_t troubles)
{
	struct world *w = calloc(1, sizeof(*w));
	const char *fault = NULL;
	int steps = 0;

	w->random = seed;
	w->server.last_new = -1;
	peer_init(&w->p, MQTT_5);
	w->p.connect->clean_start = false;
	w->p.config.inflight = (uint16_t)(1 + seed % 9);
	peer_open(&w->p);
	while (!is_finished(w) && !fault && steps++ < 100000) {
		step(w, troubles);
		fault = session_fault(w->p.s);
	}
	is_str(fault, NULL, "seed %u step %d", seed, steps);
	ok(is_finished(w), "seed %u", seed);
	for (int i = 0; i < MESSAGES; i++) {
		if (qos_of(i) == 2) {
			is_int(w->server.got[i], 1, "up %d seed %u", i, seed);
			is_int(w->got[i], 1, "down %d seed %u", i, seed);
		} else {
			ok(w->server.got[i] >= 1, "up %d seed %u", i, seed);
			ok(w->got[i] >= 1, "down %d seed %u", i, seed);
		}
	}
	buf_release(&w->server.in);
	buf_release(&w->server.out);
	peer_down(&w->p);
	free(w);
}

static void a_good_line(void)
{
	for (uint32_t seed = 1; seed <= 10; seed++)
		run(seed, 0);
}

static void a_line_that_breaks(void)
{
	for (uint32_t seed = 1; seed <= 40; seed++)
		run(seed, 20);
}

static void a_line_that_hardly_works(void)
{
	for (uint32_t seed = 1; seed <= 10; seed++)
		run(seed, 100);
}

TEST_MAIN(T(a_good_line),
	  { "7, D8, D9, D17 exactly once on a line that breaks",
	    a_line_that_breaks },
	  T(a_line_that_hardly_works))
