/* SPDX-License-Identifier: MIT */
#include "test.h"

#include <stdlib.h>

#include "base/clock.h"
#include "bench/backlog.h"
#include "bench/hist.h"

#define MS CLOCK_MSEC
#define BEGIN (UINT64_C(12345) * CLOCK_SEC)

static struct backlog *begin(bool is_window)
{
	struct backlog *b = NULL;

	ok(backlog_is_full(b));
	is_int(backlog_grow(&b, is_window, BEGIN), 0);
	return b;
}

static void put(struct backlog **b, uint16_t entry, uint64_t lag, uint64_t at)
{
	const struct waiting m = { .intended = at - lag,
				   .entry = entry,
				   .lag = (uint16_t)hist_slot(lag) };

	if (backlog_is_full(*b))
		is_int(backlog_grow(b, false, at), 0);
	backlog_put(*b, &m, BEGIN + at);
}

/* What the first has waited for the window, at that time. */
static double window(const struct backlog *b, uint64_t at)
{
	const struct waiting *m = backlog_first(b);
	uint64_t waited = at - m->intended - hist_slot_low(m->lag);

	return (double)backlog_window(b, waited, BEGIN + at) / (double)MS;
}

static void each_obstacle_has_its_part(void)
{
	struct backlog *b = begin(true);

	put(&b, 0, 0, 10 * MS);
	put(&b, 1, 0, 60 * MS);
	backlog_switch(b, false, BEGIN + 110 * MS);
	put(&b, 2, 0, 112 * MS);
	ok(window(b, 115 * MS) > 99.9 && window(b, 115 * MS) < 100.1);
	backlog_drop_first(b);
	ok(window(b, 115 * MS) > 49.9 && window(b, 115 * MS) < 50.1);
	backlog_drop_first(b);
	is_int(backlog_first(b)->entry, 2);
	ok(window(b, 115 * MS) == 0);
	backlog_switch(b, true, BEGIN + 115 * MS);
	ok(window(b, 135 * MS) > 19.9 && window(b, 135 * MS) < 20.1);
	free(b);
}

/* Of one obstacle nothing falls to the other, whatever is rounded. */
static void one_obstacle_has_all(void)
{
	for (int is_window = 0; is_window <= 1; is_window++) {
		for (uint64_t lag = 0; lag < 50 * MS; lag = lag * 3 / 2 + 777) {
			struct backlog *b = begin(is_window);
			const struct waiting *m;
			uint64_t at = lag + 3 * MS, to = at + lag / 7 + 1500;

			put(&b, 0, lag, at);
			m = backlog_first(b);
			is_int(backlog_window(b,
					      to - m->intended -
						      hist_slot_low(m->lag),
					      BEGIN + to),
			       is_window ? to - m->intended -
						   hist_slot_low(m->lag)
					 : 0,
			       "lag %d", (int)lag);
			free(b);
		}
	}
}

static void it_grows_in_order_up_to_a_limit(void)
{
	struct backlog *b = begin(true);
	uint32_t n = 0;

	put(&b, 7, 0, MS);
	put(&b, 7, 0, MS);
	backlog_drop_first(b);
	backlog_drop_first(b);
	while (!backlog_is_full(b) || backlog_grow(&b, false, BEGIN) == 0)
		put(&b, (uint16_t)(n++ % 1000), 0, MS);
	is_int(n, 1 << 16);
	ok(b->is_window, "as before");
	for (n = 0; b->count; n++) {
		is_int(backlog_first(b)->entry, n % 1000);
		backlog_drop_first(b);
	}
	is_int(n, 1 << 16);
	free(b);
}

TEST_MAIN(T(each_obstacle_has_its_part), T(one_obstacle_has_all),
	  T(it_grows_in_order_up_to_a_limit))
