/* SPDX-License-Identifier: MIT */
#include "mqtt/arrivals.h"

#include "alloc.h"
#include "test.h"

static int add(struct arrivals *a, enum arrival_kind kind, uint16_t pid,
	       uint64_t delivery)
{
	struct arrival arrival = { .delivery = delivery,
				   .pid = pid,
				   .kind = (uint8_t)kind };

	return arrivals_add(a, &arrival);
}

static void leave_in_order(void)
{
	struct arrivals *a = arrivals_new();
	uint64_t next = 1;

	ok(arrivals_first(a) == NULL);
	for (uint16_t i = 1; i <= 100; i++)
		ok(add(a, i % 2 ? ARRIVAL_QOS1 : ARRIVAL_QOS2, i, i) == 0);
	while (!arrivals_is_empty(a)) {
		is_int(arrivals_first(a)->delivery, next);
		is_int(arrivals_first(a)->pid, next);
		arrivals_pop(a);
		next++;
	}
	is_int(next, 101);
	arrivals_free(a);
}

static void qos2_is_found_by_its_id(void)
{
	struct arrivals *a = arrivals_new();

	add(a, ARRIVAL_QOS1, 5, 1);
	add(a, ARRIVAL_QOS2, 6, 2);
	add(a, ARRIVAL_REPEAT, 7, 2);
	is_int(arrivals_state(a, 5), IN_NEW, "QoS 1 has no state");
	is_int(arrivals_state(a, 6), IN_PENDING);
	is_int(arrivals_state(a, 7), IN_NEW, "that one is in the store");
	arrivals_pop(a);
	is_int(arrivals_state(a, 6), IN_PENDING);
	arrivals_pop(a);
	is_int(arrivals_state(a, 6), IN_NEW);
	arrivals_free(a);
}

static void only_qos2_survives_the_connection(void)
{
	struct arrivals *a = arrivals_new();

	for (uint16_t i = 1; i <= 30; i++)
		add(a, i % 3 == 0 ? ARRIVAL_QOS2 : ARRIVAL_QOS1, i, i);
	arrivals_pop(a);
	arrivals_pop(a);
	arrivals_pop(a);
	arrivals_lose_connection(a);
	for (uint16_t i = 6; i <= 30; i += 3)
		is_int(arrivals_state(a, i), IN_STALE, "id %d", i);
	arrivals_adopt(a, 9);
	is_int(arrivals_state(a, 9), IN_PENDING);
	add(a, ARRIVAL_QOS2, 99, 31);
	for (uint16_t i = 6; i <= 30; i += 3) {
		is_int(arrivals_first(a)->pid, i);
		is_int(arrivals_first(a)->is_stale, i != 9);
		arrivals_pop(a);
	}
	is_int(arrivals_first(a)->pid, 99);
	is_int(arrivals_state(a, 99), IN_PENDING);
	arrivals_lose_connection(a);
	arrivals_lose_connection(a);
	is_int(arrivals_state(a, 99), IN_STALE);
	arrivals_clear(a);
	ok(arrivals_is_empty(a));
	is_int(arrivals_state(a, 99), IN_NEW);
	ok(add(a, ARRIVAL_QOS2, 99, 40) == 0);
	is_int(arrivals_state(a, 99), IN_PENDING);
	arrivals_free(a);
}

static void memory_runs_out(void)
{
	struct arrivals *a;

	alloc_fail_after(0);
	ok(arrivals_new() == NULL);
	alloc_heal();
	a = arrivals_new();
	for (size_t n = 0; n < 2; n++) {
		alloc_fail_after(n);
		ok(add(a, ARRIVAL_QOS2, 1, 1) < 0, "after %zu", n);
		alloc_heal();
		ok(arrivals_is_empty(a));
		is_int(arrivals_state(a, 1), IN_NEW);
	}
	ok(add(a, ARRIVAL_QOS2, 1, 1) == 0);
	arrivals_free(a);
	arrivals_free(NULL);
}

TEST_MAIN(T(leave_in_order), T(qos2_is_found_by_its_id),
	  T(only_qos2_survives_the_connection), T(memory_runs_out))
