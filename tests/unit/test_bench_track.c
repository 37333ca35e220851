/* SPDX-License-Identifier: MIT */
#include "test.h"

#include <stdlib.h>

#include "bench/pcg.h"
#include "bench/track.h"

static void order_is_new(void)
{
	struct track t = { 0 };
	uint64_t first;

	for (uint64_t i = 0; i < 1000; i++)
		is_int(track_see(&t, 7, i), TRACK_NEW);
	is_int(track_lost(&t, 7, 1000, &first), 0);
	is_int(track_lost(&t, 7, 1003, &first), 3, "the end is missing");
	is_int(first, 1000);
	is_int(track_lost(&t, 8, 5, &first), 5, "nothing of that one");
	is_int(first, 0);
	track_release(&t);
}

static void gaps_are_lost_until_filled(void)
{
	struct track t = { 0 };
	uint64_t first = 0;

	is_int(track_see(&t, 1, 0), TRACK_NEW);
	is_int(track_see(&t, 1, 10), TRACK_NEW);
	is_int(track_lost(&t, 1, 11, &first), 9);
	is_int(first, 1);
	is_int(track_see(&t, 1, 5), TRACK_LATE, "splits the gap");
	is_int(track_see(&t, 1, 5), TRACK_DUPLICATE);
	is_int(track_see(&t, 1, 1), TRACK_LATE, "at its begin");
	is_int(track_see(&t, 1, 9), TRACK_LATE, "at its end");
	is_int(track_see(&t, 1, 0), TRACK_DUPLICATE);
	is_int(track_see(&t, 1, 10), TRACK_DUPLICATE);
	is_int(track_lost(&t, 1, 11, &first), 6);
	is_int(first, 2);
	for (uint64_t i = 2; i < 9; i++)
		is_int(track_see(&t, 1, i),
		       i == 5 ? TRACK_DUPLICATE : TRACK_LATE, "%d", (int)i);
	is_int(track_lost(&t, 1, 11, &first), 0);
	is_int(track_see(&t, 1, 12), TRACK_NEW);
	is_int(track_lost(&t, 1, 13, &first), 1);
	is_int(first, 11);
	track_release(&t);
}

static void publishers_do_not_mix(void)
{
	enum { N = 5000 };
	struct track t = { 0 };
	uint64_t first;

	for (uint64_t round = 0; round < 3; round++)
		for (uint32_t p = 0; p < N; p++)
			if (p % 100 != 99 || round != 1)
				is_int(track_see(&t, p * 977, round),
				       TRACK_NEW);
	for (uint32_t p = 0; p < N; p++)
		is_int(track_lost(&t, p * 977, 3, &first), p % 100 == 99);
	ok(t.cap <= 8192, "%u slots for %d", t.cap, N);
	track_release(&t);
}

static void one_publisher_takes_one_slot(void)
{
	struct track t = { 0 };

	is_int(track_see(&t, 0, 0), TRACK_NEW);
	is_int(t.cap, 1);
	is_int(track_see(&t, 1, 0), TRACK_NEW);
	is_int(track_see(&t, 0, 1), TRACK_NEW);
	track_release(&t);
}

/* Against the plain truth: an array of counts. */
static void random_faults_are_told_exactly(void)
{
	enum { N = 3000, SENT = 20000 };
	static uint32_t got[N];
	struct track t = { 0 };
	uint64_t lost = 0, missing, first, want_first = N;
	uint32_t highest = 0;
	struct pcg r;

	pcg_init(&r, 5, 5);
	for (int i = 0; i < SENT / 4; i++) {
		uint32_t n = pcg_below(&r, N - 2);
		enum track_result want = got[n]              ? TRACK_DUPLICATE
					 : n > highest || !i ? TRACK_NEW
							     : TRACK_LATE;

		if (!is_int(track_see(&t, 3, n), want, "step %d: %u", i, n))
			break;
		got[n]++;
		if (n > highest)
			highest = n;
	}
	for (uint32_t n = N; n-- > 0;) {
		lost += !got[n];
		if (!got[n])
			want_first = n;
	}
	missing = track_lost(&t, 3, N, &first);
	is_int(missing, lost);
	is_int(first, want_first);
	ok(lost > 100, "the test lost %d", (int)lost);
	track_release(&t);
}

static void memory_is_bounded(void)
{
	struct track t = { 0 };
	uint64_t first;

	/* Every other message is dropped: 100,000 gaps. */
	for (uint64_t i = 0; i < 200000; i += 2)
		is_int(track_see(&t, 1, i), TRACK_NEW);
	is_int(track_lost(&t, 1, 200000, &first), 100000, "still counted");
	is_int(first, 1);
	is_int(track_see(&t, 1, 1), TRACK_OLD);
	is_int(track_see(&t, 1, 199997), TRACK_LATE);
	is_int(track_lost(&t, 1, 200000, &first), 99999);
	track_release(&t);
}

static void full_list_still_splits(void)
{
	struct track t = { 0 };
	uint64_t first, i;

	for (i = 0; i <= 16384; i++)
		track_see(&t, 1, i * 4);
	is_int(track_see(&t, 1, 40002), TRACK_LATE, "in the middle of a gap");
	is_int(track_see(&t, 1, 40001), TRACK_LATE);
	is_int(track_see(&t, 1, 40003), TRACK_LATE);
	is_int(track_see(&t, 1, 40005), TRACK_LATE);
	is_int(track_lost(&t, 1, 16384 * 4, &first), 16384 * 3 - 4);
	is_int(first, 1);
	for (; i <= 16386; i++) /* full again */
		track_see(&t, 1, i * 4);
	is_int(track_lost(&t, 1, 16386 * 4, &first), 16386 * 3 - 4);
	is_int(track_see(&t, 1, 14), TRACK_LATE, "in the oldest gap");
	is_int(track_lost(&t, 1, 16386 * 4, &first), 16386 * 3 - 5);
	track_release(&t);
}

static void restart_forgives_absence(void)
{
	struct track t = { 0 };
	uint64_t first;

	is_int(track_see(&t, 1, 0), TRACK_NEW);
	track_restart(&t);
	is_int(track_lost(&t, 1, 100, &first), 0, "still away");
	is_int(track_see(&t, 1, 50), TRACK_NEW);
	is_int(track_see(&t, 1, 52), TRACK_NEW);
	is_int(track_lost(&t, 1, 53, &first), 1);
	is_int(first, 51);
	is_int(track_lost(&t, 9, 53, &first), 0, "not seen since");
	is_int(track_see(&t, 9, 30), TRACK_NEW, "a new one begins anywhere");
	is_int(track_lost(&t, 9, 31, &first), 0);
	track_release(&t);
}

/* Between the members of a share group, the first that comes after an absence
 * need not be the first that was sent. */
static void absence_ends_in_any_order(void)
{
	struct track t = { 0 };
	uint64_t first;

	is_int(track_see(&t, 1, 0), TRACK_NEW);
	track_restart(&t);
	is_int(track_see(&t, 1, 0), TRACK_DUPLICATE, "of before");
	is_int(track_lost(&t, 1, 100, &first), 0);
	is_int(track_see(&t, 1, 52), TRACK_NEW);
	is_int(track_see(&t, 1, 50), TRACK_LATE);
	is_int(track_see(&t, 1, 50), TRACK_DUPLICATE);
	is_int(track_lost(&t, 1, 53, &first), 0, "51 may have been before");
	is_int(track_see(&t, 1, 54), TRACK_NEW);
	is_int(track_lost(&t, 1, 55, &first), 1);
	is_int(first, 53);
	is_int(track_see(&t, 9, 30), TRACK_NEW, "the first of another");
	is_int(track_see(&t, 9, 29), TRACK_LATE);
	is_int(track_lost(&t, 9, 31, &first), 0);
	track_release(&t);
}

static void one_publisher_is_restarted(void)
{
	struct track t = { 0 };
	uint64_t first;

	track_restart_one(&t, 1);
	is_int(track_see(&t, 1, 2), TRACK_NEW);
	is_int(track_see(&t, 2, 0), TRACK_NEW);
	is_int(track_see_sparse(&t, 3, 70), TRACK_NEW);
	for (uint32_t p = 1; p <= 3; p++)
		track_restart_one(&t, p);
	track_restart_one(&t, 4);
	is_int(track_lost(&t, 1, 9, &first), 2, "what was lost stays lost");
	is_int(track_lost(&t, 2, 9, &first), 0);
	is_int(track_lost(&t, 4, 9, &first), 9);
	is_int(track_see(&t, 1, 6), TRACK_NEW);
	is_int(track_see(&t, 1, 1), TRACK_LATE);
	is_int(track_lost(&t, 1, 9, &first), 3);
	is_int(first, 0);
	is_int(track_see_sparse(&t, 3, 70), TRACK_DUPLICATE);
	track_release(&t);
}

/* However many absences there were, memory is bounded, and they are not
 * counted when they are forgotten. */
static void old_absences_are_forgotten(void)
{
	struct track t = { 0 };
	uint64_t first, i;

	for (i = 0; i < 20000; i++) {
		is_int(track_see(&t, 1, i * 4), TRACK_NEW);
		if (i % 100)
			track_restart(&t);
	}
	is_int(track_lost(&t, 1, i * 4, &first), 200 * 3, "away again");
	is_int(track_see(&t, 1, i * 4), TRACK_NEW);
	is_int(track_lost(&t, 1, i * 4 + 1, &first), 200 * 3);
	is_int(first, 1);
	is_int(track_see(&t, 1, i * 4 - 1), TRACK_LATE);
	is_int(track_see(&t, 1, 1), TRACK_OLD);
	track_release(&t);
}

static void sparse_publishers_have_no_gaps(void)
{
	struct track t = { 0 };

	is_int(track_see_sparse(&t, 1, 100), TRACK_NEW);
	is_int(track_see_sparse(&t, 1, 100), TRACK_DUPLICATE);
	is_int(track_see_sparse(&t, 1, 130), TRACK_NEW);
	is_int(track_see_sparse(&t, 1, 120), TRACK_LATE);
	is_int(track_see_sparse(&t, 1, 120), TRACK_DUPLICATE);
	is_int(track_see_sparse(&t, 1, 100), TRACK_DUPLICATE);
	is_int(track_see_sparse(&t, 1, 67), TRACK_OLD);
	is_int(track_see_sparse(&t, 1, 1000), TRACK_NEW);
	is_int(track_see_sparse(&t, 1, 130), TRACK_OLD);
	is_int(track_see(&t, 2, 0), TRACK_NEW, "an ordinary one beside it");
	is_int(track_see(&t, 2, 2), TRACK_NEW);
	track_release(&t);
}

static void publishers_can_be_listed(void)
{
	struct track t = { 0 };
	uint32_t at = 0, p = 0, sum = 0, n = 0;

	ok(!track_next(&t, &at, &p), "none yet");
	for (uint32_t i = 1; i <= 100; i++)
		is_int(track_see(&t, i * 1000, 0), TRACK_NEW);
	for (at = 0; track_next(&t, &at, &p); n++)
		sum += p;
	is_int(n, 100);
	is_int(sum, 5050 * 1000);
	track_release(&t);
}

static void the_last_gaps_are_excused(void)
{
	struct track t = { 0 };
	uint64_t first = 0;

	for (uint64_t i = 0; i < 100; i++)
		if (i != 50 && i != 90 && i != 97)
			is_int(track_see(&t, 1, i), TRACK_NEW);
	is_int(track_lost(&t, 1, 100, &first), 3);
	track_excuse_last(&t, 16);
	is_int(track_lost(&t, 1, 100, &first), 1);
	is_int(first, 50);
	is_int(track_see(&t, 1, 97), TRACK_LATE, "it may still come");
	is_int(track_see(&t, 1, 101), TRACK_NEW);
	is_int(track_lost(&t, 1, 102, &first), 2, "later ones are missed");
	track_release(&t);
}

TEST_MAIN(T(the_last_gaps_are_excused), T(order_is_new),
	  T(gaps_are_lost_until_filled), T(publishers_do_not_mix),
	  T(one_publisher_takes_one_slot), T(random_faults_are_told_exactly),
	  T(memory_is_bounded), T(full_list_still_splits),
	  T(restart_forgives_absence), T(absence_ends_in_any_order),
	  T(one_publisher_is_restarted), T(old_absences_are_forgotten),
	  T(sparse_publishers_have_no_gaps), T(publishers_can_be_listed))
