/* SPDX-License-Identifier: MIT */
#include "test.h"

#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "bench/schedule.h"

enum { MANY = 20000 };

struct due {
	uint64_t time;
	uint32_t client;
};

static struct due whole[MANY], parts[MANY];

static struct schedule_config config(enum arrival a)
{
	return (struct schedule_config){
		.arrival = a,
		.phase = PHASE_UNIFORM,
		.rate = 10,
		.clients = 100,
		.burst = 5,
		.seed = 42,
		.stream = 3,
	};
}

static size_t run(const struct schedule_config *c, struct share share,
		  struct due *out, size_t max)
{
	struct schedule s;
	size_t n = 0;

	schedule_init(&s, c, share);
	while (n < max && schedule_next(&s, &out[n].time, &out[n].client))
		n++;
	return n;
}

static int by_time(const void *a, const void *b)
{
	const struct due *x = a, *y = b;

	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	return x->client < y->client ? -1 : x->client > y->client;
}

static void constant_is_even(void)
{
	struct schedule_config c = config(ARRIVAL_CONSTANT);

	is_int(run(&c, share_of(100, 0, 1), whole, 1000), 1000);
	for (uint64_t i = 0; i < 1000; i++) {
		is_int(whole[i].time, i * CLOCK_MSEC, "message %d", (int)i);
		is_int(whole[i].client, i % 100);
	}
}

static void aligned_clients_beat_together(void)
{
	struct schedule_config c = config(ARRIVAL_CONSTANT);

	c.phase = PHASE_ALIGNED;
	run(&c, share_of(100, 0, 1), whole, 300);
	for (uint64_t i = 0; i < 300; i++)
		is_int(whole[i].time, i / 100 * 100 * CLOCK_MSEC);
}

static void odd_rates_do_not_drift(void)
{
	struct schedule_config c = config(ARRIVAL_CONSTANT);
	struct schedule s;
	uint64_t time = 0;
	uint32_t client;

	c.rate = 3; /* a period that is no whole number of ns */
	c.clients = 1;
	schedule_init(&s, &c, share_of(1, 0, 1));
	for (int i = 0; i <= 3000000; i++)
		schedule_next(&s, &time, &client);
	is_int(time, UINT64_C(1000000) * CLOCK_SEC, "a million seconds on");
}

static void bursts_come_at_once(void)
{
	struct schedule_config c = config(ARRIVAL_BURST);

	run(&c, share_of(100, 0, 1), whole, 1000);
	for (uint64_t i = 0; i < 1000; i++) {
		is_int(whole[i].client, i / 5 % 100);
		/* 5 messages each half second: one client's every 5 ms */
		is_int(whole[i].time, i / 5 * 5 * CLOCK_MSEC);
	}
}

static void poisson_has_its_statistics(void)
{
	struct schedule_config c = config(ARRIVAL_POISSON);
	double gap, sum = 0, squares = 0;
	uint32_t per_client[100] = { 0 };

	is_int(run(&c, share_of(100, 0, 1), whole, MANY), MANY);
	for (int i = 1; i < MANY; i++) {
		ok(whole[i].time >= whole[i - 1].time);
		gap = (double)(whole[i].time - whole[i - 1].time) / 1e6;
		sum += gap;
		squares += gap * gap;
		per_client[whole[i].client]++;
	}
	/* Mean 1 ms, standard deviation the same; within 5 sigma. */
	ok(fabs(sum / MANY - 1) < 0.036, "%g", sum / MANY);
	ok(fabs(squares / MANY - 2) < 0.16, "%g", squares / MANY);
	for (int i = 0; i < 100; i++)
		ok(abs((int)per_client[i] - MANY / 100) < 71, "client %d: %u",
		   i, per_client[i]);
}

/* However a group is cut up, the union is the schedule of the whole. */
static void shares_add_up(enum arrival a)
{
	struct schedule_config c = config(a);
	struct share shard, loop;
	size_t n = 0, all;

	c.clients = 37;
	c.limit = 1501;
	all = run(&c, share_of(37, 0, 1), whole, MANY);
	is_int(all, 1501);
	for (uint32_t i = 0; i < 3; i++) {
		shard = share_of(37, i, 3);
		for (uint32_t k = 0; k < 2; k++) {
			loop = share_split(shard, k, 2);
			n += run(&c, loop, parts + n, MANY - n);
		}
	}
	is_int(n, all);
	qsort(parts, n, sizeof(*parts), by_time);
	qsort(whole, all, sizeof(*whole), by_time);
	for (size_t i = 0; i < all; i++) {
		is_int(parts[i].time, whole[i].time, "message %zu", i);
		is_int(parts[i].client, whole[i].client, "message %zu", i);
	}
}

static void constant_shares_add_up(void)
{
	shares_add_up(ARRIVAL_CONSTANT);
}

static void burst_shares_add_up(void)
{
	shares_add_up(ARRIVAL_BURST);
}

static void poisson_shares_add_up(void)
{
	shares_add_up(ARRIVAL_POISSON);
}

static void traces_are_replayed(void)
{
	static const uint64_t times[] = { 5, 7, 7, 90, 1000 };
	struct schedule_config c = config(ARRIVAL_TRACE);

	c.trace = times;
	c.trace_count = 5;
	c.clients = 2;
	is_int(run(&c, share_of(2, 0, 1), whole, MANY), 5);
	for (uint32_t i = 0; i < 5; i++) {
		is_int(whole[i].time, times[i]);
		is_int(whole[i].client, i % 2);
	}
	is_int(run(&c, share_of(2, 1, 2), parts, MANY), 2);
	is_int(parts[1].time, 90);
	c.limit = 3;
	is_int(run(&c, share_of(2, 0, 1), whole, MANY), 3);
	ok(fabs(schedule_expected(&c, 90) - 3) < 1e-9);
}

static void seed_decides(void)
{
	struct schedule_config c = config(ARRIVAL_POISSON);

	run(&c, share_of(100, 0, 1), whole, 500);
	run(&c, share_of(100, 0, 1), parts, 500);
	is_mem(parts, 500 * sizeof(*parts), whole, 500 * sizeof(*whole));
	c.seed++;
	run(&c, share_of(100, 0, 1), parts, 500);
	ok(memcmp(parts, whole, 500 * sizeof(*parts)) != 0, "another seed");
	c.seed--;
	c.stream++;
	run(&c, share_of(100, 0, 1), parts, 500);
	ok(memcmp(parts, whole, 500 * sizeof(*parts)) != 0, "another stream");
}

static void stages_bend_the_schedule(void)
{
	struct schedule_config c = config(ARRIVAL_CONSTANT);
	struct stages stages;
	uint64_t second[3] = { 0 };
	size_t n;

	stages_init(&stages, 0);
	is_int(stages_add(&stages, STAGE_RAMP, 1, 2 * CLOCK_SEC), 0);
	is_int(stages_add(&stages, STAGE_STEP, 3, CLOCK_SEC), 0);
	c.stages = &stages;
	n = run(&c, share_of(100, 0, 1), whole, MANY);
	is_int(n, 4000, "1000/s: 1 s of the ramp, 3 s of the step");
	for (size_t i = 0; i < n; i++)
		second[whole[i].time / CLOCK_SEC]++;
	ok(second[0] >= 249 && second[0] <= 251, "%d", (int)second[0]);
	is_int(second[2], 3000);
	ok(fabs(schedule_expected(&c, 5 * CLOCK_SEC) - 4000) < 1e-6);
	ok(fabs(schedule_expected(&c, CLOCK_SEC) - 250) < 1e-6);
	stages_release(&stages);
}

static void ticks_gather_messages(void)
{
	struct schedule_config c = config(ARRIVAL_CONSTANT);

	c.tick = 10 * CLOCK_MSEC;
	run(&c, share_of(100, 0, 1), whole, 1000);
	for (uint64_t i = 0; i < 1000; i++)
		is_int(whole[i].time, i / 10 * c.tick);
}

static void limits_have_a_length(void)
{
	struct schedule_config c = config(ARRIVAL_CONSTANT);
	struct stages stages;

	is_int(schedule_length(&c), 0);
	c.limit = 5000;
	is_int(schedule_length(&c), 5 * CLOCK_SEC);
	stages_init(&stages, 0);
	is_int(stages_add(&stages, STAGE_STEP, 2, 10 * CLOCK_SEC), 0);
	c.stages = &stages;
	is_int(schedule_length(&c), 2500 * CLOCK_MSEC);
	c.limit = 50000;
	is_int(schedule_length(&c), 10 * CLOCK_SEC, "not all are sent");
	c.arrival = ARRIVAL_TRACE;
	is_int(schedule_length(&c), 0);
	stages_release(&stages);
}

/* Who joins later is asked for nothing before, and for all of a limit. */
static void what_joins_begins_later(void)
{
	static const uint64_t trace[] = { 0, CLOCK_SEC };
	struct schedule_config c = config(ARRIVAL_CONSTANT);
	struct stages stages;

	c.begin = 3 * CLOCK_SEC;
	is_int(run(&c, share_of(100, 0, 1), whole, 2), 2);
	is_int(whole[0].time, 3 * CLOCK_SEC);
	is_int(whole[1].time, 3001 * CLOCK_MSEC);
	ok(fabs(schedule_expected(&c, 5 * CLOCK_SEC) - 2000) < 1e-6);
	ok(schedule_expected(&c, 2 * CLOCK_SEC) <= 0);
	is_int(schedule_length(&c), 0);
	c.limit = 4000;
	is_int(schedule_length(&c), 7 * CLOCK_SEC);
	stages_init(&stages, 0);
	is_int(stages_add(&stages, STAGE_STEP, 2, 10 * CLOCK_SEC), 0);
	c.stages = &stages;
	is_int(schedule_length(&c), 5 * CLOCK_SEC);
	is_int(run(&c, share_of(100, 0, 1), whole, 3), 3);
	is_int(whole[0].time, 3 * CLOCK_SEC);
	is_int(whole[2].time, 3001 * CLOCK_MSEC);
	ok(fabs(schedule_expected(&c, 4 * CLOCK_SEC) - 2000) < 1e-6);
	stages_release(&stages);
	c = config(ARRIVAL_TRACE);
	c.begin = 3 * CLOCK_SEC;
	c.trace = trace;
	c.trace_count = 2;
	is_int(run(&c, share_of(100, 0, 1), whole, 3), 2);
	is_int(whole[1].time, 4 * CLOCK_SEC);
	ok(fabs(schedule_expected(&c, 4 * CLOCK_SEC) - 1) < 1e-6);
}

static void shares_cover_each_client_once(void)
{
	uint32_t seen[41] = { 0 };

	for (uint32_t i = 0; i < 5; i++) {
		struct share shard = share_of(41, i, 5);

		for (uint32_t k = 0; k < 4; k++) {
			struct share s = share_split(shard, k, 4);

			for (uint32_t j = 0; j < s.count; j++)
				seen[s.first + j * s.step]++;
		}
	}
	for (int i = 0; i < 41; i++)
		is_int(seen[i], 1, "client %d", i);
	is_int(share_of(2, 2, 3).count, 0, "more parts than clients");
}

TEST_MAIN(T(constant_is_even), T(aligned_clients_beat_together),
	  T(odd_rates_do_not_drift), T(bursts_come_at_once),
	  T(poisson_has_its_statistics), T(constant_shares_add_up),
	  T(burst_shares_add_up), T(poisson_shares_add_up),
	  T(traces_are_replayed), T(seed_decides), T(stages_bend_the_schedule),
	  T(ticks_gather_messages), T(limits_have_a_length),
	  T(what_joins_begins_later), T(shares_cover_each_client_once))
