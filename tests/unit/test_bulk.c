/* SPDX-License-Identifier: MIT */
/*
 * Bulk both ways at once through the whole client: QoS 1 messages published
 * by the main thread, others received and acknowledged on the receive thread,
 * so that both threads write to one TLS connection all the time; through TLS,
 * and through WebSocket over TLS.  A third thread is the server.
 *
 * TEST_MIB in the environment says how much each way; without it 1 GiB where
 * TSan looks on, and less elsewhere.
 */
#include "client_setup.h"
#include "net/transport.h"
#include "net/ws_frame.h"
#include "tls_server.h"

enum {
	BLOCK = 65536,  /* bytes of a payload */
	WINDOW = 100,   /* messages on their way, each way */
	OUT = 1 << 18,  /* bytes that the server gathers */
	RECORD = 16000, /* less than fits into a record */
	PATIENCE_MS = 60000,
};

#ifdef __SANITIZE_THREAD__
#define DEFAULT_MIB 1024
#else
#define DEFAULT_MIB 64
#endif

static uint64_t total;           /* messages each way */
static uint8_t reference[BLOCK]; /* what they hold behind a number */

static void fill_reference(void)
{
	for (size_t i = 0; i < sizeof(reference); i++)
		reference[i] = (uint8_t)(i * 7 + i / 253);
}

static void number(uint8_t *block, uint64_t n)
{
	memcpy(block, &n, sizeof(n));
}

static bool is_right(struct bytes payload, uint64_t n)
{
	return payload.n == BLOCK && memcmp(payload.p, &n, sizeof(n)) == 0 &&
	       memcmp(payload.p + sizeof(n), reference + sizeof(n),
		      BLOCK - sizeof(n)) == 0;
}

/* ----------------------------------------------------------------- server */

struct bulk {
	struct server v;
	struct peer p;
	bool has_ws, is_over, is_good;
	struct buf raw, in, out, one;
	size_t record_n; /* bytes of a record that has not left in full */
	uint8_t block[BLOCK];
	uint64_t sent, acked, received;
};

/* The packet in b->one, in a frame of its own if need be. */
static bool put_packet(struct bulk *b)
{
	size_t n = buf_len(&b->one);
	uint8_t head[10] = { 0x80 | WS_BINARY, 127 };
	int rc = 0;

	if (b->has_ws && n < 126) {
		head[1] = (uint8_t)n;
		rc = buf_append(&b->out, bytes_of(head, 2));
	} else if (b->has_ws) {
		for (size_t i = 0; i < 8; i++)
			head[2 + i] = (uint8_t)((uint64_t)n >> (56 - 8 * i));
		rc = buf_append(&b->out, bytes_of(head, sizeof(head)));
	}
	if (rc == 0)
		rc = buf_append(&b->out, buf_view(&b->one));
	buf_clear(&b->one);
	return rc == 0;
}

static bool put_connack(struct bulk *b)
{
	struct connack a = { 0 };

	return encode_connack(&b->one, MQTT_5, &a) == 0 && put_packet(b);
}

static bool put_ack(struct bulk *b, uint16_t pid)
{
	struct ack a = { .pid = pid };

	return encode_ack(&b->one, MQTT_5, PACKET_PUBACK, &a) == 0 &&
	       put_packet(b);
}

static bool put_pong(struct bulk *b)
{
	static const uint8_t pong[] = { PACKET_PINGRESP << 4, 0 };

	return buf_append(&b->one, bytes_of(pong, sizeof(pong))) == 0 &&
	       put_packet(b);
}

static bool put_messages(struct bulk *b)
{
	bool is_good = true;

	while (is_good && b->sent < total && b->sent - b->acked < WINDOW &&
	       buf_len(&b->out) < OUT) {
		struct publish m = {
			.topic = BYTES_LIT("down"),
			.payload = bytes_of(b->block, BLOCK),
			.qos = 1,
			.pid = (uint16_t)(b->sent % WINDOW + 1),
		};

		number(b->block, b->sent++);
		is_good = encode_publish(&b->one, MQTT_5, &m) == 0 &&
			  put_packet(b);
	}
	return is_good;
}

/* The library wants to be called again with the length it was given. */
static bool write_out(struct bulk *b)
{
	while (buf_len(&b->out) > 0) {
		size_t n = buf_len(&b->out);
		int result;

		if (!b->record_n)
			b->record_n = n < RECORD ? n : RECORD;
		result = mbedtls_ssl_write(&b->v.ssl, buf_view(&b->out).p,
					   b->record_n);
		if (result == MBEDTLS_ERR_SSL_WANT_WRITE ||
		    result == MBEDTLS_ERR_SSL_WANT_READ)
			return true;
		if (result <= 0)
			return false;
		buf_consume(&b->out, (size_t)result);
		b->record_n = 0;
	}
	return true;
}

static bool take_frame(struct bulk *b)
{
	const uint8_t *p = buf_view(&b->raw).p;
	size_t have = buf_len(&b->raw), n, more;
	uint8_t *room;

	if (have < 2)
		return false;
	n = p[1] & 0x7f;
	more = n < 126 ? 0 : n == 126 ? 2 : 8;
	if (have < 2 + more)
		return false;
	for (size_t i = 0, k = 0; i < more; i++)
		n = k = k << 8 | p[2 + i];
	if (have < 2 + more + 4 + n)
		return false;
	room = buf_reserve(&b->in, n);
	if (!room)
		return false;
	ws_mask(room, p + 2 + more + 4, n, p + 2 + more);
	if ((p[0] & 0x0f) == WS_BINARY)
		buf_commit(&b->in, n);
	buf_consume(&b->raw, 2 + more + 4 + n);
	return true;
}

static bool take_packet(struct bulk *b, const struct packet *k)
{
	switch (k->type) {
	case PACKET_CONNECT:
		return put_connack(b);
	case PACKET_PUBLISH:
		return is_right(k->publish.payload, b->received++) &&
		       put_ack(b, k->publish.pid);
	case PACKET_PUBACK:
		b->acked++;
		return true;
	case PACKET_PINGREQ: /* on a machine with no time for us */
		return put_pong(b);
	case PACKET_DISCONNECT:
		b->is_over = true;
		return true;
	default:
		return false;
	}
}

static bool take_packets(struct bulk *b)
{
	struct decoder d = { MQTT_5, DECODE_FROM_CLIENT, 0 };
	struct decode_result r;
	enum decode rc;

	while (b->has_ws && take_frame(b))
		;
	while ((rc = decode_packet(&d, buf_view(&b->in), &r)) == DECODE_OK) {
		if (!take_packet(b, &r.packet))
			return false;
		buf_consume(&b->in, r.used);
	}
	return rc == DECODE_MORE;
}

/* What has come; false when no more will. */
static bool read_in(struct bulk *b, size_t *ret_n)
{
	struct buf *in = b->has_ws ? &b->raw : &b->in;
	uint8_t *room = buf_reserve(in, OUT);
	int result;

	if (!room)
		return false;
	result = server_read(&b->v, room, OUT, ret_n);
	buf_commit(in, *ret_n);
	return *ret_n > 0 || result == MBEDTLS_ERR_SSL_WANT_READ ||
	       result == MBEDTLS_ERR_SSL_WANT_WRITE;
}

static bool serve(struct bulk *b)
{
	while (!b->is_over) {
		short events = POLLIN;
		size_t n = 0;

		if (!read_in(b, &n) || !take_packets(b))
			return false;
		if (b->received > 0 && !put_messages(b))
			return false;
		if (!write_out(b))
			return false;
		if (buf_len(&b->out) > 0)
			events |= POLLOUT;
		if (n == 0 && !wait_for_fd(b->v.fd, events))
			return false;
	}
	return true;
}

static void *bulk_main(void *arg)
{
	struct bulk *b = arg;
	int result = -1;

	peer_accept(&b->p);
	if (b->p.fd < 0)
		return NULL;
	server_open(&b->v, b->p.fd);
	do
		result = mbedtls_ssl_handshake(&b->v.ssl);
	while (result < 0 && server_wait(&b->v, result));
	b->is_good = result == 0 && (!b->has_ws || server_upgrade(&b->v)) &&
		     serve(b);
	if (b->is_good)
		(void)mbedtls_ssl_close_notify(&b->v.ssl);
	server_close(&b->v);
	return NULL;
}

static void bulk_start(struct bulk *b, bool has_ws)
{
	b->has_ws = has_ws;
	memcpy(b->block, reference, BLOCK);
	buf_init(&b->raw, SIZE_MAX);
	buf_init(&b->in, SIZE_MAX);
	buf_init(&b->out, SIZE_MAX);
	buf_init(&b->one, SIZE_MAX);
	server_init(&b->v, "server.crt", "server.key");
	peer_listen(&b->p);
	pthread_create(&b->p.thread, NULL, bulk_main, b);
}

static void bulk_end(struct bulk *b)
{
	pthread_join(b->p.thread, NULL);
	close(b->p.listen_fd);
	ok(b->is_good, "to the DISCONNECT");
	is_int((intmax_t)b->received, (intmax_t)total, "received in order");
	is_int((intmax_t)b->acked, (intmax_t)total, "acknowledged");
	server_release(&b->v);
	buf_release(&b->raw);
	buf_release(&b->in);
	buf_release(&b->out);
	buf_release(&b->one);
	buf_release(&b->p.in);
}

/* ------------------------------------------------------------------ client */

static atomic_bool is_wrong;

static void check_message(void *ctx, const struct event_message *m)
{
	uint64_t n = (uint64_t)atomic_load(&messages);

	(void)ctx;
	if (!is_right(m->packet.payload, n))
		atomic_store(&is_wrong, true);
	atomic_store(&messages, (int)n + 1);
	client_acknowledge(current, m->delivery);
}

static int publish_all(struct client *c, struct err *e)
{
	static uint8_t block[BLOCK];
	int rc = 0;

	memcpy(block, reference, BLOCK);
	for (uint64_t i = 0; rc == 0 && i < total; i++) {
		struct publish p = { .topic = BYTES_LIT("up"),
				     .payload = bytes_of(block, BLOCK),
				     .qos = 1 };
		struct client_batch b = { .messages = &p, .count = 1 };
		size_t done;

		number(block, i);
		rc = client_publish(c, &b, within(PATIENCE_MS), &done, e);
	}
	return rc;
}

/* Until all have come, or nothing comes any more. */
static void await_messages(void)
{
	int last = -1, now;

	while ((now = atomic_load(&messages)) < (int)total && now != last) {
		uint64_t end = within(PATIENCE_MS);

		last = now;
		while (atomic_load(&messages) == last && clock_boot() < end)
			usleep(1000);
	}
}

static void both_ways_at_once(bool has_ws)
{
	struct transport_config t = {
		.kind = has_ws ? TRANSPORT_WSS : TRANSPORT_TLS,
		.tls = { .ca_file = cert("ca.crt") },
	};
	static struct bulk b;
	uint64_t began = clock_now();
	struct client *c;
	struct err e = { 0 };

	b = (struct bulk){ 0 };
	bulk_start(&b, has_ws);
	usual_params(b.p.port);
	server[0].transport = &t;
	params.session.inflight = WINDOW;
	params.reconnect.is_enabled = false;
	params.connect_timeout = 60 * CLOCK_SEC;
	handlers.on_message = check_message;
	c = new_client();
	is_int(client_connect(c, within(PATIENCE_MS), &e), 0, "%s", e.text);
	is_int(publish_all(c, &e), 0, "%s", e.text);
	is_int(client_drain(c, within(PATIENCE_MS), &e), 0, "%s", e.text);
	await_messages();
	is_int(client_disconnect(c, NULL, within(PATIENCE_MS), &e), 0, "%s",
	       e.text);
	client_free(c);
	bulk_end(&b);
	is_int(atomic_load(&messages), (intmax_t)total);
	ok(!atomic_load(&is_wrong), "each whole and in order");
	diag("%.1f s", (double)(clock_now() - began) / 1e9);
}

static void through_tls(void)
{
	both_ways_at_once(false);
}

static void through_websocket_over_tls(void)
{
	both_ways_at_once(true);
}

static void set_up(void)
{
	const char *mib = getenv("TEST_MIB");

	fill_reference();
	total = (mib ? strtoul(mib, NULL, 10) : DEFAULT_MIB) * 1048576 / BLOCK;
	ok(total > 0 && total < INT32_MAX);
}

TEST_MAIN(T(set_up), T(through_tls), T(through_websocket_over_tls))
