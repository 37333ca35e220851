/* SPDX-License-Identifier: MIT */
/* The blocking client against a peer in a thread: states, connecting, and the
 * defects of other clients that ours must not have. */
#include "client_setup.h"

static atomic_int expected_error;

/* --- a whole life ----------------------------------------------------- */

static void script_life(struct peer *p)
{
	struct packet k;

	peer_accept(p);
	peer_welcome(p, false);
	if (peer_expect(p, PACKET_PUBLISH, &k))
		peer_ack(p, PACKET_PUBACK, k.publish.pid);
	if (peer_expect(p, PACKET_PUBLISH, &k) && k.publish.qos != 0)
		atomic_store(&p->has_failed, true);
	(void)peer_expect(p, PACKET_DISCONNECT, &k);
	if (peer_read(p, &k)) /* [MQTT-3.14.4-1] */
		atomic_store(&p->has_failed, true);
}

static void a_whole_life_in_order(void)
{
	struct peer p;
	struct client *c;
	struct err e;

	peer_start(&p, script_life);
	usual_params(p.port);
	c = new_client();
	is_int(client_state(c), CLIENT_DISCONNECTED);
	is_int(client_connect(c, within(5000), &e), 0);
	is_int(client_state(c), CLIENT_CONNECTED);
	is_int(publish(c, "one", 1, &e), 0);
	is_int(client_drain(c, within(5000), &e), 0);
	is_int(publish(c, "two", 0, &e), 0);
	is_int(client_disconnect(c, NULL, within(5000), &e), 0);
	is_int(client_state(c), CLIENT_CLOSED);
	client_free(c);
	ok(peer_join(&p));
	is_int(atomic_load(&downs), 0, "no 'down' for what was asked for");
}

static void script_hold(struct peer *p)
{
	struct packet k;

	peer_accept(p);
	peer_welcome(p, false);
	while (peer_read(p, &k))
		;
}

static void illegal_calls_have_errors_of_their_own(void)
{
	struct subscription f = { .filter = BYTES_LIT("a") };
	struct subscribe s = { .filters = &f, .count = 1 };
	struct client_answer a = { 0 };
	struct client *c;
	struct peer p;
	struct err e;

	peer_start(&p, script_hold);
	usual_params(p.port);
	c = new_client();
	is_int(client_subscribe(c, &s, within(1000), &a, &e), -1);
	is_int(e.kind, ERR_STATE);
	is_int(e.code, STATE_NEEDS_CONNECTION);
	is_int(client_connect(c, within(5000), &e), 0);
	is_int(client_connect(c, within(5000), &e), -1);
	is_int(e.code, STATE_IS_CONNECTED);
	is_int(client_disconnect(c, NULL, within(5000), &e), 0);
	is_int(client_connect(c, within(5000), &e), -1);
	is_int(e.code, STATE_IS_CLOSED);
	is_int(publish(c, "x", 0, &e), -1);
	is_int(e.kind, ERR_STATE);
	client_free(c);
	ok(peer_join(&p));
}

/* --- handlers --------------------------------------------------------- */

static void script_one_segment(struct peer *p)
{
	struct connack a = { 0 };
	struct publish m = { .topic = BYTES_LIT("t"),
			     .payload = BYTES_LIT("x"),
			     .qos = 1,
			     .pid = 9 };
	struct buf b = { 0 };
	struct packet k;

	peer_accept(p);
	if (!peer_expect(p, PACKET_CONNECT, &k) ||
	    encode_connack(&b, MQTT_5, &a) < 0 ||
	    encode_publish(&b, MQTT_5, &m) < 0)
		return;
	peer_send(p, &b);
	buf_release(&b);
	if (peer_expect(p, PACKET_PUBACK, &k) && k.ack.pid != 9)
		atomic_store(&p->has_failed, true);
	(void)peer_expect(p, PACKET_DISCONNECT, &k);
}

static void a_message_behind_connack_is_not_lost(void)
{
	struct client *c;
	struct peer p;
	struct err e;

	peer_start(&p, script_one_segment);
	usual_params(p.port);
	c = new_client();
	is_int(client_connect(c, within(5000), &e), 0);
	wait_for(&messages, 1);
	is_int(atomic_load(&messages), 1);
	client_disconnect(c, NULL, within(5000), &e);
	client_free(c);
	ok(peer_join(&p));
}

static void drain_in_handler(void *ctx, const struct event_message *m)
{
	struct err e = { 0 };

	(void)ctx;
	if (client_drain(current, within(1000), &e) == 0 ||
	    e.code != STATE_IN_HANDLER ||
	    client_disconnect(current, NULL, within(1000), &e) == 0 ||
	    e.code != STATE_IN_HANDLER)
		atomic_store(&expected_error, -1);
	else
		atomic_fetch_add(&expected_error, 1);
	client_acknowledge(current, m->delivery);
}

static void waiting_in_a_handler_is_refused(void)
{
	struct client *c;
	struct peer p;
	struct err e;

	peer_start(&p, script_one_segment);
	usual_params(p.port);
	handlers.on_message = drain_in_handler;
	c = new_client();
	is_int(client_connect(c, within(5000), &e), 0);
	wait_for(&expected_error, 1);
	is_int(atomic_load(&expected_error), 1);
	client_disconnect(c, NULL, within(5000), &e);
	client_free(c);
	ok(peer_join(&p));
	handlers.on_message = on_message;
}

/* --- connecting ------------------------------------------------------- */

static void script_silent(struct peer *p)
{
	struct packet k;

	peer_accept(p);
	while (peer_read(p, &k))
		;
}

static void a_silent_peer_ends_at_the_deadline(void)
{
	uint64_t start;
	struct client *c;
	struct peer p;
	struct err e;

	peer_start(&p, script_silent);
	usual_params(p.port);
	params.connect_timeout = 200 * CLOCK_MSEC;
	c = new_client();
	start = clock_boot();
	is_int(client_connect(c, CLOCK_NEVER, &e), -1);
	is_int(e.kind, ERR_CONNECT);
	ok(strstr(e.text, "did not answer CONNECT within 0.2 s") != NULL, "%s",
	   e.text);
	ok(clock_boot() - start < 2 * CLOCK_SEC);
	client_free(c);
	ok(peer_join(&p));
}

static void an_overall_deadline_ends_a_connect_that_goes_on(void)
{
	struct client *c;
	struct peer p;
	struct err e;

	peer_start(&p, script_silent);
	usual_params(p.port);
	c = new_client();
	is_int(client_connect(c, within(200), &e), -1);
	is_int(e.kind, ERR_TIMEOUT);
	client_free(c);
	ok(peer_join(&p));
}

static void script_three(struct peer *p)
{
	struct packet k;

	peer_accept(p);
	peer_welcome(p, false);
	(void)peer_expect(p, PACKET_DISCONNECT, &k);
}

static uint16_t dead_port(void)
{
	struct peer p;

	peer_listen(&p);
	close(p.listen_fd);
	return p.port;
}

static void every_server_of_the_list_is_tried(void)
{
	uint16_t dead = dead_port();
	struct client *c;
	struct peer p;
	struct err e;

	peer_start(&p, script_three);
	usual_params(dead);
	server[1] = server[0];
	server[2] = (struct client_server){ .host = "127.0.0.1",
					    .port = p.port };
	params.server_count = 3;
	c = new_client();
	is_int(client_connect(c, within(5000), &e), 0);
	client_disconnect(c, NULL, within(5000), &e);
	client_free(c);
	ok(peer_join(&p));
	usual_params(dead);
	c = new_client();
	is_int(client_connect(c, within(5000), &e), -1);
	is_int(e.kind, ERR_CONNECT);
	ok(strstr(e.text, "refused") != NULL, "%s", e.text);
	client_free(c);
}

/* D3, D5: a first connection that fails is tried again when asked for. */
static void the_first_connection_is_retried_when_asked(void)
{
	struct client *c;
	struct peer p;
	struct err e;

	peer_listen(&p);
	close(p.listen_fd); /* comes back below */
	usual_params(p.port);
	params.reconnect.retry_first = true;
	c = new_client();
	is_int(client_connect(c, within(300), &e), -1);
	is_int(e.kind, ERR_CONNECT, "the cause beats the time-out");
	ok(atomic_load(&downs) >= 3, "%d rounds", atomic_load(&downs));
	client_free(c);
}

static void script_v3_form(struct peer *p)
{
	static const uint8_t refusal[] = { 0x20, 2, 0, 1 };
	struct packet k;

	peer_accept(p);
	if (!peer_expect(p, PACKET_CONNECT, &k) || k.connect.version != MQTT_5)
		atomic_store(&p->has_failed, true);
	(void)!write(p->fd, refusal, sizeof(refusal));
	peer_accept(p);
	peer_welcome(p, false);
	if (p->version != MQTT_3_1_1)
		atomic_store(&p->has_failed, true);
	(void)peer_expect(p, PACKET_DISCONNECT, &k);
}

static void script_hang_up(struct peer *p)
{
	struct packet k;

	peer_accept(p);
	(void)peer_expect(p, PACKET_CONNECT, &k);
	peer_accept(p);
	peer_welcome(p, false);
	if (p->version != MQTT_3_1_1)
		atomic_store(&p->has_failed, true);
	(void)peer_expect(p, PACKET_DISCONNECT, &k);
}

static void connect_auto(void (*script)(struct peer *p))
{
	struct client *c;
	struct peer p;
	struct err e;

	peer_start(&p, script);
	usual_params(p.port);
	params.version = MQTT_AUTO;
	c = new_client();
	is_int(client_connect(c, within(5000), &e), 0, "%s", e.text);
	client_disconnect(c, NULL, within(5000), &e);
	client_free(c);
	ok(peer_join(&p));
}

static void the_version_falls_back_on_proof(void)
{
	connect_auto(script_v3_form);
	connect_auto(script_hang_up);
}

static void script_refuse(struct peer *p)
{
	struct packet k;

	peer_accept(p);
	(void)peer_expect(p, PACKET_CONNECT, &k);
	peer_connack(p, 0x86, false);
	(void)peer_read(p, &k);
}

static void a_refusal_carries_reason_and_kind(void)
{
	struct client *c;
	struct peer p;
	struct err e;

	peer_start(&p, script_refuse);
	usual_params(p.port);
	params.reconnect.retry_first = true; /* but this is permanent */
	c = new_client();
	is_int(client_connect(c, within(5000), &e), -1);
	is_int(e.kind, ERR_REFUSED);
	is_int(e.code, 0x86);
	client_free(c);
	ok(peer_join(&p));
}

TEST_MAIN(T(a_whole_life_in_order), T(illegal_calls_have_errors_of_their_own),
	  T(a_message_behind_connack_is_not_lost),
	  T(waiting_in_a_handler_is_refused),
	  T(a_silent_peer_ends_at_the_deadline),
	  T(an_overall_deadline_ends_a_connect_that_goes_on),
	  T(every_server_of_the_list_is_tried),
	  T(the_first_connection_is_retried_when_asked),
	  T(the_version_falls_back_on_proof),
	  T(a_refusal_carries_reason_and_kind))
