/* SPDX-License-Identifier: MIT */
/*
 * Is what is reported what happened? The counting peer does something wrong
 * on purpose, and says how often; arithmetic says the rest.
 */
#include "test.h"

#include <math.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "bench/report.h"
#include "bench_run.h"

#define MS 1e6

/* Each subscriber has one publisher: 20 pairs, 1,000 messages in a second. */
#define PAIRS(qos)                                  \
	"name: pairs\n"                             \
	"phases: {measure: 1s, drain: 2s}\n"        \
	"groups:\n"                                 \
	"  - name: s\n"                             \
	"    clients: 20\n"                         \
	"    subscribe: [{filter: a/%i, qos: 1}]\n" \
	"  - name: p\n"                             \
	"    clients: 20\n"                         \
	"    publish: [{topic: a/%i, qos: " #qos ", size: 64, rate: 50/s}]\n"

static void check_books(const struct trial *t)
{
	is_int(t->status, 0, "%s", t->err.text);
	is_str(t->result.imbalances, NULL);
	is_int(trial_count(t, COUNT_SCHEDULED), 1000);
	is_int(trial_count(t, COUNT_SENT), 1000);
	is_int(t->peer.counts->publishes, 1000);
}

/* Everything that can be wrong with deliveries, and nothing else. */
static void check_deliveries(const struct trial *t, uint64_t lost,
			     uint64_t duplicates, uint64_t reordered,
			     uint64_t corrupted)
{
	is_int(trial_count(t, COUNT_EXPECTED), 1000);
	is_int(trial_count(t, COUNT_LOST), lost);
	is_int(trial_count(t, COUNT_UNIQUE), 1000 - lost);
	is_int(trial_count(t, COUNT_DUPLICATES), duplicates);
	is_int(trial_count(t, COUNT_REORDERED), reordered);
	is_int(trial_count(t, COUNT_CORRUPTED), corrupted);
	is_int(trial_count(t, COUNT_RECEIVED), 1000 - lost + duplicates);
	is_int(t->peer.counts->dropped, lost);
	is_int(t->peer.counts->duplicated, duplicates);
	is_int(t->peer.counts->reordered, reordered);
	is_int(t->peer.counts->corrupted, corrupted);
}

static void drops_are_lost(void)
{
	struct trial t = { .yaml = PAIRS(1), .faults = "drop=50" };
	uint64_t blamed = 0;

	(void)trial_run(&t);
	check_books(&t);
	check_deliveries(&t, 20, 0, 0, 0);
	is_int(trial_count(&t, COUNT_ACKED), 1000, "the broker took them all");
	for (int i = 0; i < RESULT_WORST; i++) {
		blamed += t.result.worst[i].lost;
		if (t.result.worst[i].lost)
			ok(strstr(t.result.worst[i].text, " from p "), "%s",
			   t.result.worst[i].text);
	}
	ok(blamed >= 10 && blamed <= 20, "the worst are named: %d",
	   (int)blamed);
	/* 2 % never came, and are later than everything. */
	ok(isinf(trial_value(&t, "e2e.p99")));
	ok(!isinf(trial_value(&t, "e2e.p90")));
	ok(isinf(trial_value(&t, "e2e.max")));
	trial_release(&t);
}

static void duplicates_are_counted(void)
{
	struct trial t = { .yaml = PAIRS(1), .faults = "duplicate=40" };

	(void)trial_run(&t);
	check_books(&t);
	check_deliveries(&t, 0, 25, 0, 0);
	is_int(t.result.timings[TIMING_E2E].total, 1000,
	       "the first copy is measured, the second is not");
	trial_release(&t);
}

static void reordering_is_counted(void)
{
	struct trial t = { .yaml = PAIRS(1), .faults = "reorder=40" };

	(void)trial_run(&t);
	check_books(&t);
	check_deliveries(&t, 0, 0, t.peer.counts->reordered, 0);
	/* At the end of a stream nothing is left to overtake. */
	ok(t.peer.counts->reordered >= 20 && t.peer.counts->reordered <= 25,
	   "%d", (int)t.peer.counts->reordered);
	trial_release(&t);
}

/* Members of a share group are one receiver, but the order between them is
 * nobody's promise. */
static void shared_subscriptions_have_no_order(void)
{
	struct trial t = {
		.yaml = "name: shared\n"
			"phases: {measure: 1s, drain: 2s}\n"
			"groups:\n"
			"  - name: s\n"
			"    clients: 2\n"
			"    subscribe: [{filter: $share/g/a/#, qos: 1}]\n"
			"  - name: p\n"
			"    clients: 20\n"
			"    publish: [{topic: a/%i, qos: 1, size: 64, "
			"rate: 50/s}]\n",
		.faults = "reorder=40,drop=100,duplicate=90",
	};

	(void)trial_run(&t);
	check_books(&t);
	ok(t.peer.counts->reordered > 0);
	is_int(trial_count(&t, COUNT_REORDERED), 0);
	is_int(trial_count(&t, COUNT_LOST), 10);
	is_int(trial_count(&t, COUNT_LOST), t.peer.counts->dropped);
	is_int(trial_count(&t, COUNT_DUPLICATES), t.peer.counts->duplicated);
	trial_release(&t);
}

static void corruption_is_seen(void)
{
	struct trial t = { .yaml = PAIRS(0), .faults = "corrupt=100" };

	(void)trial_run(&t);
	check_books(&t);
	check_deliveries(&t, 0, 0, 0, 10);
	trial_release(&t);
}

static void all_at_once(void)
{
	struct trial t = {
		.yaml = PAIRS(1),
		.faults = "drop=47,duplicate=31,reorder=29,corrupt=37,"
			  "refuse=101,delay=5ms",
	};
	const struct peer_counts *c;

	(void)trial_run(&t);
	c = t.peer.counts;
	check_books(&t);
	is_int(trial_count(&t, COUNT_REFUSED), 9);
	is_int(trial_count(&t, COUNT_REFUSED), c->refused);
	is_int(trial_count(&t, COUNT_EXPECTED), 1000 - 9);
	is_int(trial_count(&t, COUNT_LOST), c->dropped);
	is_int(trial_count(&t, COUNT_DUPLICATES), c->duplicated);
	is_int(trial_count(&t, COUNT_REORDERED), c->reordered);
	/* Also of the second copies, which are not looked at. */
	ok(c->corrupted > 0);
	is_int(trial_count(&t, COUNT_CORRUPTED), c->corrupted);
	is_int(trial_count(&t, COUNT_RECEIVED), c->deliveries + c->duplicated);
	ok(trial_value(&t, "e2e.min") >= 5 * MS);
	trial_release(&t);
}

static void refusals_have_reasons(void)
{
	static const char *const yaml[] = { PAIRS(1), PAIRS(2) };

	for (int i = 0; i < 2; i++) {
		struct trial t = { .yaml = yaml[i], .faults = "refuse=25" };

		(void)trial_run(&t);
		check_books(&t);
		is_int(trial_count(&t, COUNT_REFUSED), 40);
		is_int(t.peer.counts->refused, 40);
		is_int(t.result.account.publish_reasons[0x97], 40);
		is_int(trial_count(&t, COUNT_ACKED), 960);
		is_int(trial_count(&t, COUNT_EXPECTED), 960,
		       "nobody waits for what was refused");
		is_int(trial_count(&t, COUNT_LOST), 0);
		is_int(t.result.late_deliveries, 0);
		trial_release(&t);
	}
}

static void refused_connects_have_reasons(void)
{
	struct trial t = {
		.yaml = "name: refused\n"
			"phases: {measure: 500ms, drain: 2s, start: 50%}\n"
			"groups:\n"
			"  - name: p\n"
			"    clients: 40\n"
			"    publish: [{topic: a/%i, qos: 1, rate: 10/s}]\n",
		.faults = "refuse-connect=8",
	};

	(void)trial_run(&t);
	is_int(t.status, 0, "%s", t.err.text);
	is_str(t.result.imbalances, NULL);
	is_int(t.peer.counts->refused_connects, 5);
	is_int(trial_count(&t, COUNT_CONNECTS), 40);
	is_int(trial_count(&t, COUNT_CONN_REFUSED), 5);
	is_int(trial_count(&t, COUNT_CONNECTED), 35);
	is_int(t.peer.counts->connects, 35);
	is_int(t.result.account.connect_reasons[0x89], 5);
	is_int(t.result.causes[0].count, 5);
	/* Their messages were due all the same. */
	is_int(trial_count(&t, COUNT_SCHEDULED), 200);
	is_int(trial_count(&t, COUNT_SENT), 175);
	is_int(trial_count(&t, COUNT_BACKLOG), 25);
	is_int(t.result.late_publishes, 25);
	trial_release(&t);
}

static void delays_show_in_full(void)
{
	struct trial t = { .yaml = PAIRS(1), .faults = "delay=30ms" };

	trial_run_undisturbed(&t);
	check_books(&t);
	check_deliveries(&t, 0, 0, 0, 0);
	ok(trial_value(&t, "e2e.min") >= 30 * MS);
	ok(trial_value(&t, "e2e.raw.min") >= 30 * MS);
	ok(trial_value(&t, "e2e.p50") < 60 * MS, "%g ms",
	   trial_value(&t, "e2e.p50") / MS);
	ok(trial_value(&t, "pub.ack.min") < 30 * MS,
	   "acknowledgements are not delayed");
	trial_release(&t);
}

static void without_acknowledgement_it_timed_out(void)
{
	struct trial t = {
		.yaml = PAIRS(1),
		.faults = "unacked=100",
		.ack_timeout = 100 * CLOCK_MSEC,
	};

	(void)trial_run(&t);
	check_books(&t);
	is_int(t.peer.counts->unacked, 10);
	is_int(trial_count(&t, COUNT_TIMED_OUT), 10);
	is_int(trial_count(&t, COUNT_IN_FLIGHT), 0);
	is_int(t.result.late_publishes, 10);
	ok(isinf(trial_value(&t, "pub.ack.max")));
	ok(!isinf(trial_value(&t, "pub.ack.p90")));
	/* They were delivered, though. */
	is_int(trial_count(&t, COUNT_UNIQUE), 1000);
	is_int(t.result.late_deliveries, 0);
	trial_release(&t);
}

/* What waited longer than --skip-after is not sent any more, and is as late
 * as can be. */
static void what_is_too_late_is_skipped(void)
{
	struct trial t = {
		.yaml = "name: skip\n"
			"skip-after: 200ms\n"
			"phases: {measure: 2s, drain: 30s}\n"
			"groups:\n"
			"  - {name: s, clients: 1, subscribe: [{filter: a}]}\n"
			"  - name: p\n"
			"    clients: 1\n"
			"    publish: [{topic: a, qos: 1, rate: 500/s}]\n",
		.faults = "stall=1s@500ms",
	};
	uint64_t skipped;

	(void)trial_run(&t);
	is_int(t.status, 0, "%s", t.err.text);
	is_str(t.result.imbalances, NULL);
	skipped = trial_count(&t, COUNT_SKIPPED);
	/* 500 were due, of which 20 were on their way, and the last 100 were
	 * not so late. */
	ok(skipped >= 300, "%llu skipped", (unsigned long long)skipped);
	is_int(trial_count(&t, COUNT_SCHEDULED), 1000);
	is_int(trial_count(&t, COUNT_SENT), 1000 - skipped);
	is_int(t.peer.counts->publishes, 1000 - skipped);
	is_int(trial_count(&t, COUNT_UNIQUE), 1000 - skipped);
	is_int(t.result.late_publishes, skipped);
	is_int(t.result.late_deliveries, skipped);
	ok(isinf(trial_value(&t, "pub.ack.p90")));
	ok(isinf(trial_value(&t, "e2e.p90")));
	trial_release(&t);
}

/* 70,000 at once to a peer that never acknowledges: 20 fill the window, 65,536
 * wait, and the others have no place. */
static void a_backlog_has_an_end(void)
{
	struct trial t = {
		.yaml = "name: burst\n"
			"phases: {measure: 100ms, drain: 5s}\n"
			"groups:\n"
			"  - name: p\n"
			"    clients: 1\n"
			"    publish: [{topic: a, qos: 1, rate: 70k/s, "
			"burst: 70000, phase: aligned}]\n",
		.faults = "unacked=1",
	};

	(void)trial_run(&t);
	is_int(t.status, 0, "%s", t.err.text);
	is_str(t.result.imbalances, NULL);
	is_int(trial_count(&t, COUNT_SCHEDULED), 70000);
	is_int(trial_count(&t, COUNT_SENT), 20);
	is_int(trial_count(&t, COUNT_BACKLOG), 65536);
	is_int(trial_count(&t, COUNT_SKIPPED), 70000 - 65536 - 20);
	is_int(t.result.late_publishes, 70000, "nothing was acknowledged");
	ok(isinf(trial_value(&t, "pub.ack.min")));
	trial_release(&t);
}

TEST_MAIN(T(what_is_too_late_is_skipped), T(a_backlog_has_an_end),
	  T(drops_are_lost), T(duplicates_are_counted),
	  T(reordering_is_counted), T(shared_subscriptions_have_no_order),
	  T(corruption_is_seen), T(all_at_once), T(refusals_have_reasons),
	  T(refused_connects_have_reasons), T(delays_show_in_full),
	  T(without_acknowledgement_it_timed_out))
