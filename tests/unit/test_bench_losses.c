/* SPDX-License-Identifier: MIT */
/*
 * What was lost, where it is hard to tell: topics that vary, receivers that
 * were away, several processes of which none sees both ends. The counting
 * peer says how many deliveries it has dropped.
 */
#include "test.h"

#include <math.h>

#include "base/clock.h"
#include "bench/report.h"
#include "bench/result_file.h"
#include "bench_run.h"

static const unsigned processes[] = { 1, 3 };

static void is_unknown(const struct trial *t, const char *why)
{
	struct reading r;
	struct metric m;

	is_int(metric_parse("lost", &m, NULL), 0);
	judge_read(&t->result, &m, NULL, &r);
	is_str(r.missing, why);
}

static void check_books(const struct trial *t)
{
	is_int(t->status, 0, "%s", t->err.text);
	is_str(t->result.imbalances, NULL);
}

/* Each subscriber takes all topics of one publisher, and one of every
 * second. */
#define VARYING                                                   \
	"name: varying\n"                                         \
	"phases: {measure: 1s, drain: 1s}\n"                      \
	"groups:\n"                                               \
	"  - name: s\n"                                           \
	"    clients: 20\n"                                       \
	"    subscribe: [{filter: 'a/%i/#', qos: 1}]\n"           \
	"  - name: u\n"                                           \
	"    clients: 2\n"                                        \
	"    subscribe: [{filter: '$share/g/+/3/#'}]\n"           \
	"  - name: p\n"                                           \
	"    clients: 20\n"                                       \
	"    publish: [{topic: 'a/%i/%{n%5}', qos: 1, size: 64, " \
	"rate: 50/s}]\n"

static void topics_that_vary_are_judged(void)
{
	for (int i = 0; i < 2; i++) {
		struct trial t = { .yaml = VARYING,
				   .faults = "drop=50",
				   .processes = processes[i] };

		(void)trial_run(&t);
		check_books(&t);
		is_int(trial_count(&t, COUNT_SENT), 1000);
		/* 1,000, and the 50 of the third publisher to its share. */
		is_int(trial_count(&t, COUNT_EXPECTED), 1050);
		is_int(trial_count(&t, COUNT_LOST), 21);
		is_int(t.peer.counts->dropped, 21);
		is_str(t.result.losses_unknown, "");
		ok(isinf(trial_value(&t, "e2e.p90")) == 0);
		ok(isinf(trial_value(&t, "e2e.max")));
		trial_release(&t);
	}
}

/* Half of the subscribers go away for a moment and come back, without a
 * session. */
#define CHURNING(topic, filter, drain)                                   \
	"name: churning\n"                                               \
	"phases: {measure: 2s, drain: " drain "}\n"                      \
	"groups:\n"                                                      \
	"  - name: s\n"                                                  \
	"    clients: 20\n"                                              \
	"    subscribe: [{filter: '" filter "', qos: 1}]\n"              \
	"    churn: {every: 500ms, share: 50%, how: drop, down: 300ms, " \
	"times: 1}\n"                                                    \
	"  - name: p\n"                                                  \
	"    clients: 20\n"                                              \
	"    publish: [{topic: '" topic "', qos: 1, size: 64, rate: 50/s}]\n"

static void who_was_away_misses_nothing(void)
{
	for (int i = 0; i < 2; i++) {
		struct trial t = { .yaml = CHURNING("a/%i", "a/%i", "60s"),
				   .processes = processes[i] };
		uint64_t begin = clock_boot();

		(void)trial_run(&t);
		check_books(&t);
		ok(trial_count(&t, COUNT_RECONNECTS) >= 5);
		is_int(trial_count(&t, COUNT_SENT), 2000);
		is_int(trial_count(&t, COUNT_LOST), 0);
		ok(trial_count(&t, COUNT_UNIQUE) < 2000);
		ok(trial_count(&t, COUNT_UNIQUE) > 1000);
		is_str(t.result.losses_unknown, "");
		ok(clock_boot() - begin < 40 * CLOCK_SEC,
		   "nobody waits for what can not come");
		trial_release(&t);
	}
}

/* What is dropped just before they go or after they are back is not seen, but
 * no more than that. */
static void who_was_away_sees_gaps(void)
{
	for (int i = 0; i < 2; i++) {
		struct trial t = { .yaml = CHURNING("a/%i", "a/%i", "1s"),
				   .faults = "drop=7",
				   .processes = processes[i] };
		uint64_t dropped;

		(void)trial_run(&t);
		check_books(&t);
		dropped = t.peer.counts->dropped;
		ok(trial_count(&t, COUNT_LOST) <= dropped);
		ok(trial_count(&t, COUNT_LOST) > dropped * 3 / 4,
		   "%d of %d dropped", (int)trial_count(&t, COUNT_LOST),
		   (int)dropped);
		trial_release(&t);
	}
}

static void what_is_not_known_is_not_said(void)
{
	static const char why[] = "topics vary, and clients were away";
	const struct report_style style = { 0 };

	for (int i = 0; i < 2; i++) {
		struct trial t = { .yaml = CHURNING("a/%i/%n", "a/%i/#", "60s"),
				   .processes = processes[i] };
		struct buf text = { 0 };
		struct require r;
		json_t *o;

		(void)trial_run(&t);
		check_books(&t);
		is_unknown(&t, why);
		is_int(require_parse("lost == 0", &r, &t.err), 0);
		is_int(judge_requirements(&t.result, &r, 1, NULL, &t.err), 1);
		is_str(t.result.outcomes[0].text,
		       "lost has no data: topics vary, and clients were away");
		is_int(report_text(&t.result, &style, &text), 0);
		ok(strstr(buf_cstr(&text), " + lost unknown (topics vary"));
		o = result_to_json(&t.result);
		ok(json_is_null(
			json_object_get(json_object_get(o, "counts"), "lost")));
		is_str(json_string_value(json_object_get(o, "losses_unknown")),
		       why);
		json_decref(o);
		buf_release(&text);
		require_release(&r);
		trial_release(&t);
	}
}

/* Everybody receives what everybody sends, or pairs keep to themselves. The
 * peer takes all at once and is silent for longer than anybody would wait that
 * goes by silence. */
#define SILENT(filter, topic)                                    \
	"name: silent\n"                                         \
	"phases: {measure: 1s, drain: 60s}\n"                    \
	"groups:\n"                                              \
	"  - {name: s, clients: 4, subscribe: [{filter: " filter \
	", qos: 1}]}\n"                                          \
	"  - name: p\n"                                          \
	"    clients: 4\n"                                       \
	"    publish: [{topic: '" topic "', qos: 1, size: 64, rate: 25/s}]\n"

static void silence_is_no_end(void)
{
	static const char *const yaml[] = { SILENT("a/#", "a/%i"),
					    SILENT("a/#", "a/%i/%n"),
					    SILENT("a/%i", "a/%i") };
	static const uint64_t wanted[] = { 400, 400, 100 };

	for (int i = 0; i < 3; i++) {
		struct trial t = { .yaml = yaml[i],
				   .faults = "delay=4s",
				   .processes = 2 };

		(void)trial_run(&t);
		check_books(&t);
		is_int(trial_count(&t, COUNT_LOST), 0);
		is_int(trial_count(&t, COUNT_UNIQUE), wanted[i]);
		is_str(t.result.losses_unknown, "");
		/* What is expected is known, so nobody waits for more. */
		ok(t.result.course[t.result.course_count - 1].at < 40);
		trial_release(&t);
	}
}

/* Of shards on other machines nobody here knows when they are done; of what
 * stays within a shard it does. */
static void strangers_are_waited_for(void)
{
	static const char *const yaml[] = {
		"name: strangers\n"
		"phases: {measure: 1s, drain: 6s}\n"
		"groups:\n"
		"  - {name: s, clients: 2, subscribe: [{filter: a/#}]}\n"
		"  - name: p\n"
		"    clients: 2\n"
		"    publish: [{topic: 'a/%i', qos: 1, rate: 50/s}]\n",
		SILENT("a/%i", "a/%i"),
	};

	for (int i = 0; i < 2; i++) {
		struct trial t = { .yaml = yaml[i],
				   .faults = "delay=3s",
				   .shards = 2 };
		double end;

		(void)trial_run(&t);
		check_books(&t);
		is_int(trial_count(&t, COUNT_UNIQUE), 50);
		end = t.result.course[t.result.course_count - 1].at;
		ok(i == 0 ? end >= 7 : end < 40, "%g s", end);
		trial_release(&t);
	}
}

/* Subscribers that give their subscription back for a moment, three times, and
 * stay connected. */
#define RESUBSCRIBING_DRAINED(clients, filter, share, down, drain)       \
	"name: resubscribing\n"                                          \
	"phases: {measure: 2s, drain: " drain "}\n"                      \
	"groups:\n"                                                      \
	"  - name: s\n"                                                  \
	"    clients: " clients "\n"                                     \
	"    subscribe: [{filter: '" filter "', qos: 1}]\n"              \
	"    publish: [{topic: 'b/%i', qos: 1, size: 64, rate: 50/s}]\n" \
	"    churn: {every: 500ms, share: " share                        \
	", how: unsubscribe, down: " down ", times: 3}\n"                \
	"  - name: p\n"                                                  \
	"    clients: 20\n"                                              \
	"    publish: [{topic: 'a/%i', qos: 1, size: 64, rate: 50/s}]\n"

#define RESUBSCRIBING(clients, filter, share, down) \
	RESUBSCRIBING_DRAINED(clients, filter, share, down, "60s")

static void check_requests(const struct trial *t, uint64_t clients,
			   uint64_t times)
{
	check_books(t);
	is_int(trial_count(t, COUNT_DISCONNECTS), 0);
	is_int(trial_count(t, COUNT_UNSUBSCRIBES), times);
	is_int(trial_count(t, COUNT_UNSUBSCRIBED), times);
	is_int(trial_count(t, COUNT_SUBSCRIBED), clients + times);
	is_int(t->result.timings[TIMING_UNSUB_ACK].total, times);
	is_int(t->result.timings[TIMING_SUB_ACK].total, clients + times);
}

static void who_unsubscribed_misses_nothing(void)
{
	for (int i = 0; i < 2; i++) {
		struct trial t = { .yaml = RESUBSCRIBING("24", "a/%i", "50%",
							 "300ms"),
				   .processes = processes[i] };

		(void)trial_run(&t);
		check_requests(&t, 24, 36);
		is_int(trial_count(&t, COUNT_SENT), 4400, "they publish on");
		is_int(trial_count(&t, COUNT_LOST), 0);
		is_int(trial_count(&t, COUNT_UNIQUE), t.peer.counts->deliveries,
		       "all that was delivered is new");
		ok(trial_count(&t, COUNT_UNIQUE) < 1700, "%d came",
		   (int)trial_count(&t, COUNT_UNIQUE));
		ok(trial_count(&t, COUNT_UNIQUE) > 1000);
		is_str(t.result.losses_unknown, "");
		trial_release(&t);
	}
}

/* What the broker had for them comes when they have unsubscribed, and when
 * they have subscribed again: there is a gap behind it. */
static void left_over_messages_count(void)
{
	struct trial t = { .yaml = RESUBSCRIBING("20", "a/%i", "100%", "100ms"),
			   .faults = "delay=200" };
	struct trial last = { .yaml = RESUBSCRIBING("20", "a/%i", "100%",
						    "30s"),
			      .faults = "delay=200" };

	(void)trial_run(&t);
	check_requests(&t, 20, 60);
	is_int(trial_count(&t, COUNT_LOST), 0);
	is_int(trial_count(&t, COUNT_UNIQUE), t.peer.counts->deliveries);
	ok(trial_count(&t, COUNT_UNIQUE) < 2000);
	trial_release(&t);
	(void)trial_run(&last);
	check_books(&last);
	is_int(trial_count(&last, COUNT_UNSUBSCRIBED), 20);
	is_int(trial_count(&last, COUNT_SUBSCRIBED), 20, "not yet again");
	is_int(trial_count(&last, COUNT_LOST), 0);
	ok(trial_count(&last, COUNT_UNIQUE) < 1000);
	trial_release(&last);
}

/* Others of the group get what some do not, unless there are none. */
static void share_groups_miss_what_none_gets(void)
{
	struct trial some = { .yaml = RESUBSCRIBING("4", "$share/g/a/#", "50%",
						    "100ms") };
	struct trial all = { .yaml = RESUBSCRIBING("4", "$share/g/a/#", "100%",
						   "300ms") };

	(void)trial_run(&some);
	check_requests(&some, 4, 6);
	is_int(trial_count(&some, COUNT_UNIQUE), 2000);
	is_int(trial_count(&some, COUNT_EXPECTED), 2000);
	(void)trial_run(&all);
	check_requests(&all, 4, 12);
	is_int(trial_count(&all, COUNT_LOST), 0);
	is_int(trial_count(&all, COUNT_DUPLICATES), 0);
	ok(trial_count(&all, COUNT_UNIQUE) < 1800, "%d came",
	   (int)trial_count(&all, COUNT_UNIQUE));
	trial_release(&some);
	trial_release(&all);
}

/* All of a group go at once, or all who are not in one. */
#define LEAVING(filter, how, down, drain)                                     \
	"name: leaving\n"                                                     \
	"phases: {measure: 2s, drain: " drain "}\n"                           \
	"groups:\n"                                                           \
	"  - name: s\n"                                                       \
	"    clients: 20\n"                                                   \
	"    subscribe: [{filter: '" filter "', qos: 1}]\n"                   \
	"    churn: {every: 500ms, how: " how ", down: " down ", times: 1}\n" \
	"  - name: p\n"                                                       \
	"    clients: 20\n"                                                   \
	"    publish: [{topic: 'a/%i', qos: 1, size: 64, rate: 25/s},\n"      \
	"              {topic: 'a/%i', qos: 0, size: 64, rate: 25/s}]\n"

static void who_left_misses_nothing(void)
{
	static const char *const yaml[] = {
		LEAVING("$share/g/a/#", "drop", "300ms", "5s"),
		LEAVING("$share/g/a/#", "disconnect", "300ms", "5s"),
		/* Not back before the end. */
		LEAVING("$share/g/a/#", "drop", "30s", "1s"),
		LEAVING("a/%i", "drop", "30s", "1s"),
		LEAVING("a/%i", "disconnect", "30s", "1s"),
	};

	for (int i = 0; i < 10; i++) {
		struct trial t = { .yaml = yaml[i / 2],
				   .processes = processes[i % 2] };

		(void)trial_run(&t);
		check_books(&t);
		is_int(trial_count(&t, COUNT_SENT), 2000);
		is_int(trial_count(&t, COUNT_LOST), 0, "%d", i);
		is_int(trial_count(&t, COUNT_RECONNECTS), i < 4 ? 20 : 0);
		ok(trial_count(&t, COUNT_UNIQUE) < (i < 4 ? 1900 : 800));
		ok(trial_count(&t, COUNT_UNIQUE) > 400);
		trial_release(&t);
	}
}

/* Once they are back everything counts, and before they go most of it. */
static void who_left_together_sees_gaps(void)
{
	struct trial t = { .yaml = LEAVING("$share/g/a/#", "drop", "300ms",
					   "1s"),
			   .faults = "drop=7" };
	uint64_t dropped;

	(void)trial_run(&t);
	check_books(&t);
	dropped = t.peer.counts->dropped;
	ok(trial_count(&t, COUNT_LOST) <= dropped);
	ok(trial_count(&t, COUNT_LOST) > dropped / 2, "%d of %d dropped",
	   (int)trial_count(&t, COUNT_LOST), (int)dropped);
	trial_release(&t);
}

/* Nothing is excused but the absence. */
static void who_unsubscribed_sees_gaps(void)
{
	struct trial t = { .yaml = RESUBSCRIBING_DRAINED("20", "a/%i", "50%",
							 "300ms", "1s"),
			   .faults = "drop=7" };
	uint64_t dropped;

	(void)trial_run(&t);
	check_requests(&t, 20, 30);
	dropped = t.peer.counts->dropped;
	ok(trial_count(&t, COUNT_LOST) <= dropped);
	ok(trial_count(&t, COUNT_LOST) > dropped * 3 / 4, "%d of %d dropped",
	   (int)trial_count(&t, COUNT_LOST), (int)dropped);
	trial_release(&t);
}

/* The topics of answers are not given back: requests go on. */
static void requests_go_on_meanwhile(void)
{
	struct trial t = {
		.yaml = "name: asking\n"
			"phases: {measure: 2s, drain: 60s}\n"
			"groups:\n"
			"  - {name: r, clients: 1, respond: 1,\n"
			"     subscribe: [{filter: 'ask/#', qos: 1}]}\n"
			"  - name: s\n"
			"    clients: 10\n"
			"    subscribe: [{filter: 'x/1'}, {filter: 'x/2'}]\n"
			"    publish: [{topic: 'ask/%i', qos: 1, size: 64,\n"
			"               rate: 20/s, reply: 'to/%i'}]\n"
			"    churn: {every: 500ms, how: unsubscribe, times: 2,\n"
			"            down: 200ms}\n",
	};

	(void)trial_run(&t);
	check_books(&t);
	is_int(trial_count(&t, COUNT_SENT), 400);
	is_int(trial_count(&t, COUNT_ECHOED), 400);
	is_int(trial_count(&t, COUNT_LOST), 0);
	is_int(trial_count(&t, COUNT_UNSUBSCRIBED), 2 * 2 * 10);
	is_int(trial_count(&t, COUNT_SUBSCRIBED), 1 + 3 * 10 + 2 * 2 * 10);
	is_int(t.result.timings[TIMING_UNSUB_ACK].total, 2 * 10);
	trial_release(&t);
}

/* Without a header nothing can be counted, and nothing is lost. */
static void what_has_no_header_is_not_expected(void)
{
	struct trial t = {
		.yaml = "name: bare\n"
			"phases: {measure: 500ms, drain: 10s}\n"
			"groups:\n"
			"  - {name: s, clients: 1, subscribe: [{filter: '#'}]}\n"
			"  - name: p\n"
			"    clients: 1\n"
			"    publish: [{topic: 'a/%n', size: 4, rate: 100/s}]\n",
	};

	(void)trial_run(&t);
	check_books(&t);
	is_int(trial_count(&t, COUNT_SENT), 50);
	is_int(trial_count(&t, COUNT_EXPECTED), 0);
	is_unknown(&t, "no delivery was expected");
	trial_release(&t);
}

TEST_MAIN(T(topics_that_vary_are_judged), T(who_was_away_misses_nothing),
	  T(who_was_away_sees_gaps), T(what_is_not_known_is_not_said),
	  T(silence_is_no_end), T(strangers_are_waited_for),
	  T(who_unsubscribed_misses_nothing), T(left_over_messages_count),
	  T(share_groups_miss_what_none_gets), T(who_left_misses_nothing),
	  T(who_left_together_sees_gaps), T(who_unsubscribed_sees_gaps),
	  T(requests_go_on_meanwhile), T(what_has_no_header_is_not_expected))
