/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "bench/account.h"

/* Books that balance. */
static const struct account good = {
	.n = {
		[COUNT_SCHEDULED] = 100, [COUNT_SENT] = 90,
		[COUNT_SKIPPED] = 7, [COUNT_BACKLOG] = 3,
		[COUNT_SENT_QOS0] = 40, [COUNT_ACKED] = 44,
		[COUNT_REFUSED] = 3, [COUNT_TIMED_OUT] = 2,
		[COUNT_IN_FLIGHT] = 1, [COUNT_EXPECTED] = 200,
		[COUNT_UNIQUE] = 198, [COUNT_LOST] = 2,
		[COUNT_RECEIVED] = 205, [COUNT_DUPLICATES] = 6,
		[COUNT_UNCERTAIN] = 1, [COUNT_CONNECTS] = 12,
		[COUNT_CONNECTED] = 9, [COUNT_CONN_REFUSED] = 1,
		[COUNT_CONN_FAILED] = 1, [COUNT_CONN_TIMED_OUT] = 1,
		[COUNT_SUBSCRIBES] = 7, [COUNT_SUBSCRIBED] = 4,
		[COUNT_SUB_REFUSED] = 2, [COUNT_SUB_UNANSWERED] = 1,
		[COUNT_UNSUBSCRIBES] = 9, [COUNT_UNSUBSCRIBED] = 5,
		[COUNT_UNSUB_REFUSED] = 1, [COUNT_UNSUB_UNANSWERED] = 3,
	},
	.publish_reasons = { [0x97] = 3 },
	.unsubscribe_reasons = { [0x83] = 1 },
};

static void balanced_books_say_nothing(void)
{
	struct buf out = { 0 };

	is_int(account_check(&good, &out), 0);
	is_int(buf_len(&out), 0);
	buf_release(&out);
}

static void each_imbalance_is_named(void)
{
	struct account a = good;
	struct buf out = { 0 };

	a.n[COUNT_SENT]--;
	is_int(account_check(&a, &out), 2, "sent stands in two lines");
	is_str(buf_cstr(&out),
	       "scheduled 100 is not sent 89 + skipped 7 + backlog 3\n"
	       "sent 89 is not acked 44 + sent_qos0 40 + refused 3 + "
	       "timed_out 2 + in_flight 1");
	buf_clear(&out);
	a = good;
	a.n[COUNT_UNIQUE]++;
	is_int(account_check(&a, &out), 2);
	a = good;
	a.n[COUNT_CONNECTS]++;
	is_int(account_check(&a, &out), 1);
	a = good;
	a.n[COUNT_SUBSCRIBED]--;
	is_int(account_check(&a, &out), 1);
	buf_clear(&out);
	a = good;
	a.n[COUNT_UNSUB_UNANSWERED]--;
	is_int(account_check(&a, &out), 1);
	is_str(buf_cstr(&out), "unsubscribes 9 is not unsubscribed 5 + "
			       "unsub_refused 1 + unsub_unanswered 2");
	buf_release(&out);
}

static void accounts_add_up(void)
{
	struct account a = good;
	struct buf out = { 0 };

	account_add(&a, &good);
	is_int(a.n[COUNT_UNIQUE], 396);
	is_int(a.publish_reasons[0x97], 6);
	is_int(a.unsubscribe_reasons[0x83], 2);
	is_int(account_check(&a, &out), 0);
	buf_release(&out);
}

static void names_go_both_ways(void)
{
	for (enum count c = 0; c < COUNT_COUNT; c++)
		if (ok(count_name(c) != NULL, "count %d", (int)c))
			is_int(count_by_name(count_name(c)), c);
	is_int(count_by_name("loss"), COUNT_COUNT);
}

TEST_MAIN(T(balanced_books_say_nothing), T(each_imbalance_is_named),
	  T(accounts_add_up), T(names_go_both_ways))
