/* SPDX-License-Identifier: MIT */
/* The blocking client when its connection is lost: resuming, take-overs,
 * tokens and subscriptions. */
#include "client_setup.h"

/* --- losing and coming back ------------------------------------------- */

static void script_resume(struct peer *p)
{
	struct packet k;

	peer_accept(p);
	peer_welcome(p, false);
	(void)peer_expect(p, PACKET_PUBLISH, &k);
	peer_accept(p);
	if (peer_expect(p, PACKET_CONNECT, &k) && k.connect.clean_start)
		atomic_store(&p->has_failed, true);
	peer_connack(p, 0, true);
	if (peer_expect(p, PACKET_PUBLISH, &k) && !k.publish.dup)
		atomic_store(&p->has_failed, true);
	peer_ack(p, PACKET_PUBACK, k.publish.pid);
	(void)peer_expect(p, PACKET_DISCONNECT, &k);
}

static void a_lost_connection_resumes_and_resends(void)
{
	struct client *c;
	struct peer p;
	struct err e;

	peer_start(&p, script_resume);
	usual_params(p.port);
	params.keep_session = true;
	c = new_client();
	is_int(client_connect(c, within(5000), &e), 0);
	is_int(publish(c, "kept", 1, &e), 0);
	is_int(client_drain(c, within(5000), &e), 0, "%s", e.text);
	is_int(atomic_load(&ups), 2);
	is_int(atomic_load(&downs), 1);
	client_disconnect(c, NULL, within(5000), &e);
	client_free(c);
	ok(peer_join(&p));
}

static void script_take_over(struct peer *p)
{
	struct disconnect d = { .reason = 0x8E };
	struct buf b = { 0 };
	struct packet k;

	peer_accept(p);
	peer_welcome(p, false);
	if (encode_disconnect(&b, MQTT_5, &d) == 0)
		peer_send(p, &b);
	buf_release(&b);
	(void)peer_read(p, &k);
}

static void a_take_over_is_not_fought(void)
{
	struct client *c;
	struct peer p;
	struct err e = { 0 };

	peer_start(&p, script_take_over);
	usual_params(p.port);
	c = new_client();
	/* It may have come and gone before this returns. */
	(void)!client_connect(c, within(5000), &e);
	wait_for(&downs, 1);
	usleep(100000);
	ok(client_has_failed(c, &e));
	is_int(e.kind, ERR_LOST);
	is_int(e.code, 0x8E);
	is_int(atomic_load(&downs), 1);
	client_free(c);
	ok(peer_join(&p));
}

static void script_kills(struct peer *p)
{
	struct packet k;

	for (int i = 0; i < 50; i++) {
		peer_accept(p);
		peer_welcome(p, i > 0);
		for (int n = 0; n < i % 7; n++)
			if (!peer_read(p, &k))
				break;
		peer_close(p);
	}
	peer_accept(p);
	peer_welcome(p, true);
	atomic_store(&p->step, 1);
	while (peer_read(p, &k) && k.type != PACKET_DISCONNECT)
		if (k.type == PACKET_PUBLISH)
			peer_ack(p, PACKET_PUBACK, k.publish.pid);
}

/* Under TSan: the peer dies in the middle of the load, over and over. */
static void fifty_losses_under_load_lose_nothing(void)
{
	struct client *c;
	struct peer p;
	struct err e;
	int sent = 0;

	peer_start(&p, script_kills);
	usual_params(p.port);
	params.keep_session = true;
	params.reconnect.delay = CLOCK_MSEC;
	params.reconnect.max_delay = CLOCK_MSEC;
	c = new_client();
	is_int(client_connect(c, within(5000), &e), 0);
	while (!atomic_load(&p.step) && sent < 100000 &&
	       publish(c, "load", 1, &e) == 0)
		sent++;
	is_int(client_drain(c, within(20000), &e), 0, "%s", e.text);
	is_int(atomic_load(&downs), 50);
	client_disconnect(c, NULL, within(5000), &e);
	client_free(c);
	ok(peer_join(&p));
}

/* --- tokens ----------------------------------------------------------- */

static void script_late_suback(struct peer *p)
{
	struct suback a = { .reasons = BYTES_LIT("\x01\x87") };
	struct buf b = { 0 };
	struct packet k;

	peer_accept(p);
	peer_welcome(p, false);
	if (!peer_expect(p, PACKET_SUBSCRIBE, &k))
		return;
	a.pid = k.subscribe.pid;
	while (!atomic_load(&p->step))
		usleep(1000);
	if (encode_suback(&b, MQTT_5, PACKET_SUBACK, &a) == 0)
		peer_send(p, &b);
	buf_release(&b);
	(void)peer_expect(p, PACKET_DISCONNECT, &k);
}

static void a_token_outlives_its_time_out(void)
{
	struct subscription f[2] = { { .filter = BYTES_LIT("a") },
				     { .filter = BYTES_LIT("b") } };
	struct subscribe s = { .filters = f, .count = 2 };
	struct client_answer a = { 0 };
	struct client *c;
	struct token *t;
	struct peer p;
	struct err e;

	peer_start(&p, script_late_suback);
	usual_params(p.port);
	c = new_client();
	is_int(client_connect(c, within(5000), &e), 0);
	t = client_start_subscribe(c, &s, &e);
	ok(t != NULL);
	is_int(client_wait_token(c, t, within(50), &a, &e),
	       CLIENT_WAIT_TIMEOUT);
	atomic_store(&p.step, 1);
	is_int(client_wait_token(c, t, within(5000), &a, &e), CLIENT_WAIT_DONE);
	is_int(a.count, 2);
	is_int(a.reasons[0], 1);
	is_int(a.reasons[1], 0x87);
	client_answer_release(&a);
	client_free_token(c, t);
	client_disconnect(c, NULL, within(5000), &e);
	client_free(c);
	ok(peer_join(&p));
}

static void script_drop_suback(struct peer *p)
{
	struct suback a = { .reasons = BYTES_LIT("\x00") };
	struct buf b = { 0 };
	struct packet k;

	peer_accept(p);
	peer_welcome(p, false);
	(void)peer_expect(p, PACKET_SUBSCRIBE, &k);
	peer_accept(p);
	peer_welcome(p, true);
	if (!peer_expect(p, PACKET_SUBSCRIBE, &k))
		return;
	a.pid = k.subscribe.pid;
	if (encode_suback(&b, MQTT_5, PACKET_SUBACK, &a) == 0)
		peer_send(p, &b);
	buf_release(&b);
	peer_accept(p);
	peer_welcome(p, false); /* lost the session: make it again */
	(void)peer_expect(p, PACKET_SUBSCRIBE, &k);
	(void)peer_expect(p, PACKET_DISCONNECT, &k);
}

/* 5.2: an unanswered SUBSCRIBE is issued anew; an answered one only when
 * the broker lost the session. */
static void subscriptions_survive_lost_connections(void)
{
	struct subscription f = { .filter = BYTES_LIT("a") };
	struct subscribe s = { .filters = &f, .count = 1 };
	struct client_answer a = { 0 };
	struct client *c;
	struct peer p;
	struct err e;

	peer_start(&p, script_drop_suback);
	usual_params(p.port);
	params.keep_session = true;
	c = new_client();
	is_int(client_connect(c, within(5000), &e), 0);
	is_int(client_subscribe(c, &s, within(5000), &a, &e), 0, "%s", e.text);
	is_int(a.count, 1);
	client_answer_release(&a);
	wait_for(&ups, 3);
	usleep(50000);
	client_disconnect(c, NULL, within(5000), &e);
	client_free(c);
	ok(peer_join(&p));
}

TEST_MAIN(T(a_lost_connection_resumes_and_resends),
	  T(a_take_over_is_not_fought), T(fifty_losses_under_load_lose_nothing),
	  T(a_token_outlives_its_time_out),
	  T(subscriptions_survive_lost_connections))
