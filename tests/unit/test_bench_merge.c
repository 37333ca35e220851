/* SPDX-License-Identifier: MIT */
#include "test.h"

#include <math.h>

#include "bench/judge.h"
#include "bench/merge.h"
#include "bench/repeat.h"
#include "bench/result_file.h"
#include "bench_sample.h"

/* The sample as two generators saw it: publisher 1 on the first, 2 on the
 * second, a receiver of both on each. Messages lost come on top. */
static void make_shards(struct result r[2], uint64_t lost)
{
	for (uint32_t i = 0; i < 2; i++) {
		struct account *a = &r[i].account;

		sample_result(&r[i], i ? 3 : 1);
		r[i].shard = i;
		r[i].shards = 2;
		r[i].clients = 2;
		r[i].late_deliveries = 0;
		r[i].worst[0] = (struct worst){ .lost = 0 };
		r[i].tallies[0].sent[1 - i] = 0;
		r[i].tallies[0].unique[0] = 500;
		r[i].tallies[0].unique[1] = i ? 500 - lost : 500;
		r[i].tallies[0].settled[0] = 500;
		r[i].tallies[0].settled[1] = i ? 500 - lost : 500;
		snprintf(r[i].losses_unknown, RESULT_TEXT, "a shard");
		r[i].tallies[0].receivers[0] = 1;
		r[i].tallies[0].receivers[1] = 1;
		a->n[COUNT_SCHEDULED] = a->n[COUNT_SENT] = 500;
		a->n[COUNT_ACKED] = 500;
		a->n[COUNT_UNIQUE] = a->n[COUNT_EXPECTED] = 1000 -
							    (i ? lost : 0);
		a->n[COUNT_RECEIVED] = a->n[COUNT_UNIQUE];
		a->n[COUNT_DUPLICATES] = a->n[COUNT_LOST] = 0;
	}
}

static int merge(struct result r[2], struct result *ret, struct err *e)
{
	struct merge_part parts[] = { { &r[0], "a.json" },
				      { &r[1], "b.json" } };

	return merge_results(parts, 2, ret, e);
}

static void release(struct result r[2], struct result *all)
{
	result_release(&r[0]);
	result_release(&r[1]);
	result_release(all);
}

static void histograms_and_counts_add_up_exactly(void)
{
	struct result r[2], all;
	const struct hist *h;
	struct err e = { 0 };
	bool same = true;

	make_shards(r, 0);
	ok(merge(r, &all, &e) == 0, "%s", e.text);
	h = &all.timings[TIMING_E2E];
	for (uint32_t i = 0; i < HIST_SLOTS; i++)
		same &= h->counts[i] ==
			r[0].timings[TIMING_E2E].counts[i] +
				r[1].timings[TIMING_E2E].counts[i];
	ok(same, "every slot is the sum");
	is_int(h->total, 2 * 1999);
	is_int(h->max, r[1].timings[TIMING_E2E].max);
	is_int(h->min, r[0].timings[TIMING_E2E].min);
	is_int(all.account.n[COUNT_SENT], 1000);
	is_int(all.account.n[COUNT_UNIQUE], 2000);
	is_int(all.account.n[COUNT_LOST], 0);
	is_int(all.clients, 4);
	is_int(all.course_count, 12);
	is_int(all.course[5].sent, 200);
	is_int(all.course[5].e2e_p99, r[1].course[5].e2e_p99);
	is_int(all.course[5].lag.p99, 40000);
	is_int(all.course[5].lag.count, 2000);
	is_int(all.course[5].turn.p99, 0, "nobody had enough");
	is_int(all.course[5].turn.max, 80000);
	is_int(all.thread_count, 2);
	is_str(all.threads[1].name, "2/bench-0");
	ok(all.is_merged && !all.partial);
	is_int(judge_result(&all, &e), 0);
	ok(!all.imbalances, "%s", all.imbalances ? all.imbalances : "");
	release(r, &all);
}

/* What one shard cannot tell, all together cannot. */
static void percentiles_of_intervals_need_all_shards(void)
{
	struct result r[2], all;
	struct err e = { 0 };

	make_shards(r, 0);
	for (int i = 0; i < 2; i++)
		for (size_t k = 0; k < r[i].course_count; k++)
			r[i].course[k].sent = r[i].course[k].e2e_count = 900;
	r[0].course[5].e2e_p99 = r[1].course[6].e2e_p99 = 0;
	r[0].course[7].e2e_count = r[0].course[7].e2e_p99 = 0;
	r[0].course[5].lag = (struct own_delay){ 999, 0, 70000 };
	r[1].course[6].lag = (struct own_delay){ 999, 0, 70000 };
	r[0].course[7].lag = (struct own_delay){ 0 };
	ok(merge(r, &all, &e) == 0, "%s", e.text);
	ok(judge_interval_has(&all.course[4], true, 99));
	ok(judge_interval_has(&all.course[5], true, 50));
	ok(!judge_interval_has(&all.course[5], true, 99));
	ok(!judge_interval_has(&all.course[6], true, 99));
	is_int(all.course[5].lag.p99, 0);
	is_int(all.course[5].lag.max, 70000);
	is_int(all.course[6].lag.p99, 0);
	is_int(all.course[7].lag.p99, 40000);
	is_int(all.course[7].e2e_p99, r[1].course[7].e2e_p99,
	       "who has none has no say");
	release(r, &all);
}

/* 10 publishes of the first shard have no acknowledgement; of each of the two
 * receivers, `came` of them have arrived all the same. */
static void merge_unacked(struct result *all, uint64_t came, bool is_refused)
{
	struct result r[2];
	struct err e = { 0 };

	make_shards(r, 0);
	r[0].account.n[COUNT_ACKED] = 490;
	r[0].account.n[is_refused ? COUNT_REFUSED : COUNT_TIMED_OUT] = 10;
	r[0].late_publishes = r[0].late_acks = is_refused ? 0 : 10;
	r[0].tallies[0].unaccepted[0] = 10;
	for (int i = 0; i < 2; i++) {
		r[i].tallies[0].unique[0] = 490 + came;
		r[i].tallies[0].settled[0] = 490 + came;
		r[i].account.n[COUNT_UNIQUE] = 990 + came;
		r[i].account.n[COUNT_RECEIVED] = 990 + came;
	}
	ok(merge(r, all, &e) == 0, "%s", e.text);
	is_int(all->account.n[COUNT_LOST], 0);
	result_release(&r[0]);
	result_release(&r[1]);
}

static void only_what_did_not_come_is_late(void)
{
	struct result all;

	merge_unacked(&all, 10, false);
	is_int(all.late_deliveries, 0, "all arrived");
	is_int(all.late_publishes, 10);
	result_release(&all);
	merge_unacked(&all, 3, false);
	is_int(all.late_deliveries, 2 * 7);
	result_release(&all);
	merge_unacked(&all, 0, true);
	is_int(all.late_deliveries, 0, "the broker has said so");
	result_release(&all);
}

static void losses_are_judged_over_all(void)
{
	struct metric lost;
	struct reading m;
	struct result r[2], all;
	struct err e = { 0 };

	is_int(metric_parse("lost", &lost, NULL), 0);
	make_shards(r, 7);
	judge_read(&r[1], &lost, NULL, &m);
	ok(m.missing != NULL, "a shard alone cannot tell");
	is_int(merge(r, &all, &e), 0);
	judge_read(&all, &lost, NULL, &m);
	ok(!m.missing);
	ok(fabs(m.value - 7) < 0.5, "7 lost");
	is_int(all.late_deliveries, 7);
	is_int(all.account.n[COUNT_EXPECTED], 2000);
	is_str(all.worst[0].text, "from pub 2: 7 of 1000");
	is_int(judge_result(&all, &e), 0);
	ok(!all.imbalances);
	release(r, &all);
}

/* Its generator says what it was not expected to get. */
static void who_was_away_has_lost_nothing(void)
{
	struct result r[2], all;
	struct err e = { 0 };

	make_shards(r, 7);
	r[1].tallies[0].settled[1] += 5;
	is_int(merge(r, &all, &e), 0);
	is_int(all.account.n[COUNT_LOST], 2);
	is_str(all.losses_unknown, "");
	release(r, &all);
}

static void topics_that_vary_are_judged_by_their_sum(void)
{
	struct metric lost;
	struct reading m;
	struct result r[2], all;
	struct err e = { 0 };

	is_int(metric_parse("lost", &lost, NULL), 0);
	make_shards(r, 7);
	for (int i = 0; i < 2; i++) {
		r[i].tallies[0].varies = true;
		r[i].varying_expected = 1000;
	}
	is_int(merge(r, &all, &e), 0);
	is_int(all.account.n[COUNT_LOST], 7);
	is_int(judge_result(&all, &e), 0);
	is_str(all.imbalances, NULL);
	result_release(&all);
	/* Unless one of them does not know who was there. */
	snprintf(r[1].varying_blind, RESULT_TEXT, "clients were away");
	is_int(merge(r, &all, &e), 0);
	judge_read(&all, &lost, NULL, &m);
	is_str(m.missing, "topics vary, and clients were away");
	is_int(all.account.n[COUNT_LOST], 0);
	result_release(&all);
	/* Or what is missing may be what was not accepted. */
	r[1].varying_blind[0] = '\0';
	r[0].tallies[0].unaccepted[0] = 1;
	is_int(merge(r, &all, &e), 0);
	judge_read(&all, &lost, NULL, &m);
	is_str(m.missing, "topics vary, and not all messages were accepted");
	release(r, &all);
}

static void missing_shards_are_told(void)
{
	struct result r[2], all;
	struct err e = { 0 };

	make_shards(r, 0);
	r[0].shards = r[1].shards = 5;
	r[1].shard = 3;
	is_int(merge(r, &all, &e), 0);
	is_str(all.partial, "of 5 shards, 3 are missing: 2 3 5");
	ok(!all.is_merged);
	release(r, &all);
}

static void strangers_are_refused(void)
{
	struct result r[2], all;
	struct err e = { 0 };

	make_shards(r, 0);
	r[1].shard = 0;
	is_int(merge(r, &all, &e), -1);
	is_str(e.text, "'a.json' and 'b.json' are both shard 1 of 2");
	result_release(&all);
	r[1].shard = 1;
	r[1].run_id++;
	is_int(merge(r, &all, &e), -1);
	is_str(e.text, "'b.json' is of another run than 'a.json': --run-id "
		       "tells which belong together");
	result_release(&all);
	r[1].run_id--;
	r[1].text[0] = 'N';
	is_int(merge(r, &all, &e), -1);
	is_str(e.text, "'b.json' is of another scenario than 'a.json'");
	result_release(&all);
	r[1].text[0] = 'n';
	json_object_set_new(r[1].settings, "rate", json_string("200/s"));
	is_int(merge(r, &all, &e), -1);
	is_str(e.text, "'a.json' and 'b.json' differ in rate: all shards "
		       "are given the same scenario and options");
	result_release(&all);
	r[1].shards = 1;
	is_int(merge(r, &all, &e), -1);
	is_int(e.kind, ERR_USAGE);
	result_release(&all);
	r[0].shards = 1;
	is_int(merge(r, &all, &e), -1);
	is_str(e.text, "'a.json' is no shard: it is a whole result");
	release(r, &all);
}

/* What depends on the machine may differ. */
static void shards_may_be_on_unlike_machines(void)
{
	struct result r[2], all;
	struct err e = { 0 };

	make_shards(r, 0);
	json_object_set_new(r[0].settings, "needs", json_string("1 process"));
	json_object_set_new(r[1].settings, "needs", json_string("2 processes"));
	json_object_set_new(r[0].settings, "target", json_string("node1"));
	json_object_set_new(r[1].settings, "target", json_string("node2"));
	ok(merge(r, &all, &e) == 0, "%s", e.text);
	release(r, &all);
}

/* One that was done earlier has not asked for more than it had to send. */
static void what_was_asked_for_is_of_the_whole_time(void)
{
	struct result r[2], all;
	struct err e = { 0 };

	make_shards(r, 0);
	r[1].measured = 5;
	r[1].sent_in_time = 500;
	ok(merge(r, &all, &e) == 0, "%s", e.text);
	ok(fabs(all.measured - 10) < 1e-9);
	ok(fabs(all.asked - 150) < 1e-9, "%f", all.asked);
	is_int(all.sent_in_time, 1500);
	release(r, &all);
}

/* Each generator has had a counting peer of its own. */
static void counts_of_peers_add_up(void)
{
	struct result r[2], all;
	struct err e = { 0 };

	make_shards(r, 0);
	r[0].broker = json_pack("{s:s}", "peer",
				"connects 2, publishes 500, deliveries 1000");
	r[1].broker = json_pack("{s:s}", "peer",
				"connects 3, publishes 400, deliveries 800, "
				"dropped 7");
	ok(merge(r, &all, &e) == 0, "%s", e.text);
	is_str(json_string_value(json_object_get(all.broker, "peer")),
	       "connects 5, publishes 900, deliveries 1800, dropped 7");
	is_str(json_string_value(json_object_get(r[0].broker, "peer")),
	       "connects 2, publishes 500, deliveries 1000");
	release(r, &all);
}

/* ------------------------------------------------------------- repetitions */

static void pool(struct result *ret, const double *scales, size_t n)
{
	struct result *runs = calloc(n, sizeof(*runs));
	struct err e = { 0 };

	for (size_t i = 0; i < n; i++) {
		sample_result(&runs[i], scales[i]);
		runs[i].started += 20 * (double)i;
		runs[i].broker = json_pack("{s:i}", "messages",
					   1000 * ((int)i + 1));
		is_int(judge_result(&runs[i], &e), 0);
	}
	ok(repeat_pool(runs, n, ret, &e) == 0, "%s", e.text);
}

static double read_metric(const struct result *r, const char *name,
			  const struct result *base, struct reading *ret)
{
	struct metric m;

	is_int(metric_parse(name, &m, NULL), 0);
	judge_read(r, &m, base, ret);
	ok(!ret->missing, "%s: %s", name, ret->missing ? ret->missing : "");
	return ret->value;
}

static void repetitions_have_a_median_and_a_spread(void)
{
	static const double scales[] = { 1, 1.2, 1.1 };
	struct result all, middle;
	struct repeat_value v;
	struct reading m, n;
	struct metric p99;

	pool(&all, scales, 3);
	sample_result(&middle, 1.1);
	ok(fabs(read_metric(&all, "e2e.p50", NULL, &m) -
		read_metric(&middle, "e2e.p50", NULL, &n)) < 0.5,
	   "median");
	is_int(metric_parse("e2e.p50", &p99, NULL), 0);
	is_int(repeat_read(&all, &p99, &v), 0);
	ok(fabs(v.spread - 0.1 / 1.1) < 0.01, "spread %f", v.spread);
	ok(fabs(read_metric(&all, "lost", NULL, &m) - 3) < 0.5,
	   "losses of all runs count");
	is_int(json_integer_value(json_object_get(all.broker, "messages")),
	       3000);
	is_int(all.course_count, 36);
	ok(fabs(all.course[12].at - 19) < 0.1);
	is_int(all.tallies[0].receivers[0], 2);
	result_release(&middle);
	result_release(&all);
}

/* What was due of all of them, in the time of all of them. */
static void repetitions_may_be_unlike_in_length(void)
{
	struct result *runs = calloc(2, sizeof(*runs)), all;
	struct err e = { 0 };

	sample_result(&runs[0], 1);
	sample_result(&runs[1], 1);
	runs[1].measured = 30;
	runs[1].asked = 60;
	ok(repeat_pool(runs, 2, &all, &e) == 0, "%s", e.text);
	ok(fabs(all.measured - 40) < 1e-9);
	ok(fabs(all.asked - 70) < 1e-9, "%f", all.asked);
	result_release(&all);
}

/* 10 % more is none when the runs lie further apart than that. */
static void comparisons_use_the_spread(void)
{
	static const double still[] = { 1, 1, 1 }, up[] = { 1.15, 1.15, 1.15 };
	static const double wild[] = { 0.8, 1.15, 1.3 };
	struct result base, a, b;
	struct reading m;
	struct require r;
	char text[200];

	pool(&base, still, 3);
	pool(&a, up, 3);
	pool(&b, wild, 3);
	is_int(require_parse("e2e.p50 <= +10%", &r, NULL), 0);
	(void)read_metric(&a, "e2e.p50", &base, &m);
	ok(!require_check(&r, &m, text, sizeof(text)), "%s", text);
	(void)read_metric(&b, "e2e.p50", &base, &m);
	ok(require_check(&r, &m, text, sizeof(text)), "%s", text);
	require_release(&r);
	result_release(&base);
	result_release(&a);
	result_release(&b);
}

static void repetitions_survive_a_file(void)
{
	static const double scales[] = { 1, 2 };
	char *before, *after;
	struct result all, back;
	struct err e = { 0 };
	json_t *o, *max;

	pool(&all, scales, 2);
	o = result_to_json(&all);
	before = json_dumps(o, JSON_INDENT(1));
	result_init(&back);
	ok(result_from_json(o, &back, &e) == 0, "%s", e.text);
	ok(json_object_get(json_object_get(o, "repeats"), "e2e.p99") != NULL);
	/* One was lost in each of them. */
	max = json_object_get(json_object_get(o, "repeats"), "e2e.max");
	is_str(json_string_value(json_object_get(max, "median")), "never");
	ok(!json_object_get(max, "spread"));
	json_decref(o);
	o = result_to_json(&back);
	after = json_dumps(o, JSON_INDENT(1));
	is_str(after, before);
	is_int(back.run_count, 2);
	free(before);
	free(after);
	json_decref(o);
	result_release(&all);
	result_release(&back);
}

TEST_MAIN(T(histograms_and_counts_add_up_exactly),
	  T(percentiles_of_intervals_need_all_shards),
	  T(only_what_did_not_come_is_late), T(losses_are_judged_over_all),
	  T(who_was_away_has_lost_nothing),
	  T(topics_that_vary_are_judged_by_their_sum),
	  T(missing_shards_are_told), T(strangers_are_refused),
	  T(shards_may_be_on_unlike_machines), T(counts_of_peers_add_up),
	  T(what_was_asked_for_is_of_the_whole_time),
	  T(repetitions_have_a_median_and_a_spread),
	  T(repetitions_may_be_unlike_in_length), T(comparisons_use_the_spread),
	  T(repetitions_survive_a_file))
