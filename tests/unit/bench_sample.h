/* SPDX-License-Identifier: MIT */
#ifndef TEST_BENCH_SAMPLE_H
#define TEST_BENCH_SAMPLE_H

/*
 * A result as a run might have left it, for the tests of what is made from
 * results: 2 publishers, 2 receivers each, 1000 messages, one of them lost.
 */

#include <stdlib.h>

#include "bench/pcg.h"
#include "bench/result.h"

static inline uint64_t *sample_numbers(uint64_t a, uint64_t b)
{
	uint64_t *v = calloc(2, sizeof(*v));

	v[0] = a;
	v[1] = b;
	return v;
}

static inline void sample_tally(struct result *r)
{
	struct tally *t = r->tallies = calloc(1, sizeof(*t));

	r->tally_count = 1;
	t->group = strdup("pub");
	t->topic = strdup("t/%i");
	t->clients = 2;
	t->sent = sample_numbers(500, 500);
	t->unaccepted = sample_numbers(0, 0);
	t->unique = sample_numbers(1000, 999);
	t->settled = sample_numbers(1000, 999);
	t->receivers = calloc(2, sizeof(*t->receivers));
	t->receivers[0] = t->receivers[1] = 2;
}

static inline void sample_timings(struct result *r, double scale)
{
	static const enum timing used[] = { TIMING_E2E, TIMING_PUB_ACK,
					    TIMING_LAG_TIMER,
					    TIMING_CONN_TOTAL };
	struct pcg p;

	pcg_init(&p, 7, 7);
	for (size_t i = 0; i < ARRAY_SIZE(used); i++)
		for (int k = 0; k < 1999; k++)
			hist_record(
				result_timing(r, used[i]),
				(uint64_t)(scale *
					   (100000 + pcg_below(&p, 900000)) /
					   (used[i] == TIMING_LAG_TIMER ? 100
									: 1)));
	r->floor.counts = NULL;
	if (hist_init(&r->floor) == 0)
		hist_record_many(&r->floor, 3000, 200);
}

static inline void sample_account(struct account *a)
{
	static const uint64_t n[COUNT_COUNT] = {
		[COUNT_SCHEDULED] = 1000,  [COUNT_SENT] = 1000,
		[COUNT_ACKED] = 1000,      [COUNT_EXPECTED] = 2000,
		[COUNT_UNIQUE] = 1999,     [COUNT_RECEIVED] = 2002,
		[COUNT_DUPLICATES] = 3,    [COUNT_LOST] = 1,
		[COUNT_CONNECTS] = 5,      [COUNT_CONNECTED] = 4,
		[COUNT_CONN_REFUSED] = 1,  [COUNT_SUBSCRIBES] = 2,
		[COUNT_SUBSCRIBED] = 2,    [COUNT_BYTES_OUT] = 70000,
		[COUNT_BYTES_IN] = 140000,
	};

	memcpy(a->n, n, sizeof(n));
	a->connect_reasons[0x87] = 1;
}

/* scale: of all durations. */
static inline void sample_result(struct result *r, double scale)
{
	result_init(r);
	r->scenario = strdup("sample");
	r->text = strdup("name: sample\n");
	r->seed = UINT64_C(0xfedcba9876543210);
	r->run_id = 77;
	r->clock_id = 99;
	r->is_open = true;
	r->started = 1700000000;
	r->asked = 100;
	r->measured = 10;
	r->connect_time = 0.5;
	r->clients = 4;
	r->measured_sent = 1000;
	r->measured_delivered = 1999;
	r->sent_in_time = 1000;
	r->delivered_in_time = 1999;
	r->late_deliveries = 1;
	r->memory = 5 << 20;
	r->cpu = 0.75;
	sample_account(&r->account);
	sample_timings(r, scale);
	sample_tally(r);
	for (int i = 0; i < 12; i++) {
		struct interval v = {
			.at = i - 1,
			.length = 1,
			.phase = i == 0   ? RUN_CONNECT
				 : i < 11 ? RUN_MEASURE
					  : RUN_DRAIN,
			.connected = 4,
			.sent = 100,
			.delivered = 200,
			.e2e_count = 200,
			.e2e_p50 = (uint64_t)(500000 * scale),
			.e2e_p99 = (uint64_t)(900000 * scale),
			.e2e_max = (uint64_t)(999999 * scale),
			.lag = { 1000, 40000, 60000 },
			.turn = { 999, 0, 80000 },
			.cpu = 0.1,
			.memory = 5 << 20,
			.broker_cpu = -1,
		};

		if (result_add_interval(r, &v) < 0)
			abort();
	}
	r->threads = calloc(1, sizeof(*r->threads));
	r->thread_count = 1;
	snprintf(r->threads[0].name, sizeof(r->threads[0].name), "bench-0");
	r->threads[0].cpu = 0.08;
	result_count_cause(r->causes, "not authorized", 1);
	result_add_worst(r, "sub 2 from pub 2: 1 of 500", 1);
	r->host = json_pack("{s:s}", "name", "here");
	r->settings = json_pack("{s:s}", "rate", "100/s");
}

#endif
