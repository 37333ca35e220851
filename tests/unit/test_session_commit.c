/* SPDX-License-Identifier: MIT */
/* No byte that tells of a change leaves before the change is committed:
 * section 7.2 and 7.3, with a store that writes down what it is asked. */
#include "session_peer.h"

static struct {
	const struct store_ops *real;
	struct store_ops ops;
	char log[4096]; /* one letter per operation */
	bool is_broken; /* commits fail */
} spy;

static void note(char what)
{
	size_t n = strlen(spy.log);

	if (n < sizeof(spy.log) - 1)
		spy.log[n] = what;
}

static struct message *spy_put(struct store *s, const struct publish *p,
			       uint64_t tag, uint64_t now, struct err *e)
{
	note('P');
	s->is_dirty = true;
	return spy.real->put(s, p, tag, now, e);
}

static void spy_update(struct store *s, struct message *m)
{
	note(m->state == MESSAGE_SENT       ? 'S'
	     : m->state == MESSAGE_RELEASED ? 'R'
					    : 'Q');
	s->is_dirty = true;
	spy.real->update(s, m);
}

static void spy_remove(struct store *s, struct message *m)
{
	note('D');
	s->is_dirty = true;
	spy.real->remove(s, m);
}

static int spy_inbound_add(struct store *s, uint16_t pid)
{
	note('i');
	s->is_dirty = true;
	return spy.real->inbound_add(s, pid);
}

static void spy_inbound_remove(struct store *s, uint16_t pid)
{
	note('o');
	s->is_dirty = true;
	spy.real->inbound_remove(s, pid);
}

static int spy_commit(struct store *s, struct err *e)
{
	if (spy.is_broken)
		return err_set(e, ERR_LOCAL, 0, "disk full");
	note('C');
	s->is_dirty = false;
	return spy.real->commit(s, e);
}

static struct peer peer_spied(void)
{
	struct peer p;

	peer_init(&p, MQTT_5);
	p.connect->clean_start = false;
	spy.real = p.store->ops;
	spy.ops = *spy.real;
	spy.ops.put = spy_put;
	spy.ops.update = spy_update;
	spy.ops.remove = spy_remove;
	spy.ops.inbound_add = spy_inbound_add;
	spy.ops.inbound_remove = spy_inbound_remove;
	spy.ops.commit = spy_commit;
	spy.is_broken = false;
	p.store->ops = &spy.ops;
	peer_open(&p);
	reconnect(&p, false);
	flush(&p);
	memset(spy.log, 0, sizeof(spy.log));
	return p;
}

/* Notes the packet types that leave, without committing. */
static void write_out(struct peer *p)
{
	struct decoder d = { .version = MQTT_5, .side = DECODE_FROM_CLIENT };
	struct decode_result r;
	struct bytes view;

	while ((view = session_output(p->s)).n) {
		struct bytes rest = view;

		while (decode_packet(&d, rest, &r) == DECODE_OK) {
			note((char)('0' + r.packet.type % 10));
			rest = bytes_of(rest.p + r.used, rest.n - r.used);
		}
		is_int(rest.n, 0);
		session_sent(p->s, view.n, p->now);
	}
}

static void turn(struct peer *p)
{
	write_out(p); /* too early: must be nothing */
	is_int(session_commit(p->s, NULL), 0);
	write_out(p);
}

/* 3 PUBLISH, 4 PUBACK, 5 PUBREC, 6 PUBREL, 7 PUBCOMP, 2 PINGREQ */
static void sender_rows(void)
{
	struct peer p = peer_spied();

	publish(&p, 2, "a");
	turn(&p);
	is_str(spy.log, "PSC3");
	ack(&p, PACKET_PUBREC, 1, 0);
	turn(&p);
	is_str(spy.log, "PSC3RC6");
	is_int(ack(&p, PACKET_PUBCOMP, 1, 0), FEED_EVENT);
	turn(&p);
	is_str(spy.log, "PSC3RC6DC");
	peer_down(&p);
}

static void receiver_rows(void)
{
	struct peer p = peer_spied();

	arrive(&p, 2, 9, false);
	turn(&p);
	is_str(spy.log, "");
	session_acknowledge(p.s, 1);
	turn(&p);
	is_str(spy.log, "iC5");
	ack(&p, PACKET_PUBREL, 9, 0);
	turn(&p);
	is_str(spy.log, "iC5oC7");
	arrive(&p, 1, 9, false);
	session_acknowledge(p.s, 2);
	turn(&p);
	is_str(spy.log, "iC5oC74", "QoS 1 changes nothing");
	peer_down(&p);
}

/* 7.5: what one read brought shares one transaction. */
static void one_commit_for_many_changes(void)
{
	struct peer p = peer_spied();

	for (int i = 0; i < 3; i++)
		publish(&p, 2, "a");
	turn(&p);
	is_str(spy.log, "PSPSPSC333");
	for (uint16_t i = 1; i <= 3; i++)
		ack(&p, PACKET_PUBREC, i, 0);
	turn(&p);
	is_str(spy.log, "PSPSPSC333RRRC666");
	peer_down(&p);
}

static void nothing_to_commit_costs_nothing(void)
{
	struct peer p = peer_spied();

	publish(&p, 0, "a");
	session_ping(p.s, p.now);
	turn(&p);
	is_str(spy.log, "23");
	peer_down(&p);
}

/* 7.6: a full disk stops what it concerns, not the connection. */
static void a_store_that_fails_for_a_while(void)
{
	struct peer p = peer_spied();
	struct err e = { 0 };

	publish(&p, 0, "before");
	write_out(&p);
	spy.is_broken = true;
	publish(&p, 1, "a");
	publish(&p, 0, "b");
	arrive(&p, 1, 5, false);
	session_acknowledge(p.s, 1);
	is_int(session_commit(p.s, &e), -1);
	is_str(e.text, "disk full");
	write_out(&p);
	for (int i = 0; i < 3; i++) {
		p.now += 54 * CLOCK_SEC;
		is_int(session_tick(p.s, p.now), TICK_OK, "not a stall");
		is_int(session_commit(p.s, NULL), -1);
		write_out(&p);
		feed_bytes(&p, BYTES_LIT("\xd0\x00"));
	}
	is_str(spy.log, "3PS222");
	spy.is_broken = false;
	is_int(session_commit(p.s, NULL), 0);
	write_out(&p);
	is_str(spy.log, "3PS222C433");
	peer_down(&p);
}

static struct message *put_nothing(struct store *s, const struct publish *p,
				   uint64_t tag, uint64_t now, struct err *e)
{
	(void)s;
	(void)p;
	(void)tag;
	(void)now;
	if (spy.is_broken)
		err_set(e, ERR_LOCAL, 0, "the outbox is full");
	else
		err_nomem(e);
	return NULL;
}

static void a_full_store_is_no_lack_of_memory(void)
{
	struct peer p = peer_spied();
	struct publish m = { .topic = BYTES_LIT("t"), .qos = 1 };
	uint64_t seq = 77;

	spy.ops.put = put_nothing;
	is_int(session_publish(p.s, &m, 0, p.now, &seq), SUBMIT_NO_MEMORY);
	spy.is_broken = true;
	is_int(session_publish(p.s, &m, 0, p.now, &seq), SUBMIT_STORE);
	is_int(seq, 77, "untouched");
	spy.is_broken = false;
	peer_down(&p);
}

/* A publish that has begun to leave is finished. */
static void half_a_packet_is_finished_though_a_commit_fails(void)
{
	struct peer p = peer_spied();
	size_t rest;

	publish(&p, 0, "before");
	rest = session_output(p.s).n - 3;
	session_sent(p.s, 3, p.now);
	spy.is_broken = true;
	publish(&p, 1, "a");
	arrive(&p, 1, 5, false);
	session_acknowledge(p.s, 1);
	session_ping(p.s, p.now);
	is_int(session_output(p.s).n, rest);
	session_sent(p.s, rest, p.now);
	write_out(&p);
	is_str(spy.log, "PS2");
	peer_down(&p);
}

/* D10: the change of a resumed session is one transaction too. */
static void a_lost_session_is_one_transaction(void)
{
	struct peer p = peer_spied();
	struct event_published done;

	publish(&p, 2, "a");
	publish(&p, 2, "b");
	turn(&p);
	ack(&p, PACKET_PUBREC, 1, 0);
	session_lost(p.s);
	memset(spy.log, 0, sizeof(spy.log));
	is_int(session_connect(p.s, p.connect, p.now), 0);
	turn(&p);
	is_str(spy.log, "C1");
	connack(&p, false, 0);
	pump(&p);
	turn(&p);
	is_str(spy.log, "C1DQSC3");
	ok(session_next_dropped(p.s, &done));
	peer_down(&p);
}

TEST_MAIN({ "7.2, D10 the sender commits before it tells", sender_rows },
	  { "7.3 the receiver commits before PUBREC and PUBCOMP",
	    receiver_rows },
	  { "7.5 one commit for many changes", one_commit_for_many_changes },
	  T(nothing_to_commit_costs_nothing),
	  { "7.6 a store that fails for a while",
	    a_store_that_fails_for_a_while },
	  T(a_full_store_is_no_lack_of_memory),
	  T(half_a_packet_is_finished_though_a_commit_fails),
	  { "7.2 a lost session is one transaction",
	    a_lost_session_is_one_transaction })
