/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "bench_run.h"

/* What any healthy run must look like, and what the peer must have seen. */
static void check_clean(const struct trial *t, uint64_t fan)
{
	uint64_t sent = trial_count(t, COUNT_SENT);

	is_int(t->status, 0, "%s", t->err.text);
	ok(t->result.partial == NULL, "%s", t->result.partial);
	ok(t->result.imbalances == NULL, "%s", t->result.imbalances);
	ok(sent > 0);
	is_int(trial_count(t, COUNT_SCHEDULED), sent);
	is_int(t->peer.counts->publishes, sent);
	is_int(t->peer.counts->deliveries, sent * fan);
	is_int(trial_count(t, COUNT_EXPECTED), sent * fan);
	is_int(trial_count(t, COUNT_UNIQUE), sent * fan);
	is_int(trial_count(t, COUNT_LOST), 0);
	is_int(trial_count(t, COUNT_DUPLICATES), 0);
	is_int(trial_count(t, COUNT_REORDERED), 0);
	is_int(trial_count(t, COUNT_CORRUPTED), 0);
	is_int(trial_count(t, COUNT_FOREIGN), 0);
	is_int(trial_count(t, COUNT_CONNECTED), t->result.clients);
	is_int(t->peer.counts->connects, t->result.clients);
	if (t->result.imbalances)
		trial_tell(t);
}

static void open_model_of_every_qos(void)
{
	static const char yaml[] =
		"name: open\n"
		"phases: {measure: 1s, drain: 5s}\n"
		"groups:\n"
		"  - {name: s, clients: 3, subscribe: [{filter: 'a/#', qos: 1}]}\n"
		"  - name: p\n"
		"    clients: 20\n"
		"    publish:\n"
		"      - {topic: a/%i, qos: 0, size: 16, rate: 10/s}\n"
		"      - {topic: a/%i, qos: 1, size: 64, rate: 10/s}\n"
		"      - {topic: a/%i, qos: 2, size: 200, rate: 10/s}\n";
	struct trial t = { .yaml = yaml };

	(void)trial_run(&t);
	check_clean(&t, 3);
	is_int(trial_count(&t, COUNT_SENT), 600);
	is_int(trial_count(&t, COUNT_SENT_QOS0), 200);
	is_int(trial_count(&t, COUNT_ACKED), 400);
	is_int(t.result.measured_sent, 600);
	trial_release(&t);
}

static void closed_model(void)
{
	static const char yaml[] =
		"name: closed\n"
		"phases: {measure: 1s, drain: 10s}\n"
		"groups:\n"
		"  - {name: s, clients: 1, subscribe: [{filter: 'a/#', qos: 1}]}\n"
		"  - name: p\n"
		"    clients: 10\n"
		"    publish: [{topic: a/%i, qos: 1, size: 64}]\n";
	struct trial t = { .yaml = yaml };

	(void)trial_run(&t);
	check_clean(&t, 1);
	ok(!t.result.is_open);
	diag("%d sent", (int)trial_count(&t, COUNT_SENT));
	trial_release(&t);
}

/* What a part of the clients was asked for is nothing that all of them could
 * reach. */
static void rate_beside_none(void)
{
	static const char yaml[] =
		"name: both\n"
		"phases: {measure: 1s, drain: 10s}\n"
		"groups:\n"
		"  - name: open\n"
		"    clients: 1\n"
		"    publish: [{topic: a, rate: 100/s}]\n"
		"  - name: closed\n"
		"    clients: 1\n"
		"    publish: [{topic: b, qos: 1, count: 500}]\n";
	struct trial t = { .yaml = yaml };

	(void)trial_run(&t);
	ok(!t.result.is_open);
	ok(t.result.asked <= 0, "%f", t.result.asked);
	trial_release(&t);
}

/* Else its clients would be late with what they could never have sent. */
static void who_joins_late_has_nothing_to_send_before(void)
{
	static const char yaml[] =
		"name: late\n"
		"phases: {measure: 3s, drain: 10s}\n"
		"groups:\n"
		"  - {name: s, clients: 1, subscribe: [{filter: a, qos: 1}]}\n"
		"  - name: p\n"
		"    clients: 2\n"
		"    join: 1s\n"
		"    publish: [{topic: a, qos: 1, rate: 50/s, count: 100}]\n";
	struct trial t = { .yaml = yaml };

	(void)trial_run(&t);
	check_clean(&t, 1);
	is_int(trial_count(&t, COUNT_SENT), 100);
	ok(t.result.measured > 1.9, "%f", t.result.measured);
	is_int(t.result.sent_in_time, 100);
	ok(hist_percentile(&t.result.timings[TIMING_E2E], 50, 0) <
	   100 * CLOCK_MSEC);
	trial_release(&t);
}

static void shared_subscription(void)
{
	static const char yaml[] =
		"name: shared\n"
		"phases: {measure: 1s, drain: 5s}\n"
		"groups:\n"
		"  - name: s\n"
		"    clients: 4\n"
		"    subscribe: [{filter: $share/g/a/#, qos: 1}]\n"
		"  - name: p\n"
		"    clients: 10\n"
		"    publish: [{topic: a/%i, qos: 1, size: 64, rate: 50/s}]\n";
	struct trial t = { .yaml = yaml };

	(void)trial_run(&t);
	check_clean(&t, 1);
	is_int(trial_count(&t, COUNT_SENT), 500);
	trial_release(&t);
}

TEST_MAIN(T(open_model_of_every_qos), T(closed_model), T(rate_beside_none),
	  T(who_joins_late_has_nothing_to_send_before), T(shared_subscription))
