/* SPDX-License-Identifier: MIT */
/* The byte queue: order, the hard maximum, growth, and memory that ends. */
#include "base/buf.h"

#include <stdlib.h>

#include "alloc.h"
#include "test.h"

static void appends_in_order(void)
{
	struct buf b;

	buf_init(&b, 0);
	ok(!bytes_is_set(buf_view(&b)), "no storage before the first byte");
	is_int(buf_append(&b, BYTES_LIT("abc")), 0);
	is_int(buf_append_byte(&b, 'd'), 0);
	is_int(buf_append_str(&b, "ef"), 0);
	is_int(buf_append(&b, BYTES_NULL), 0);
	is_int(buf_printf(&b, "%d-%s", 42, "g"), 0);
	is_bytes(buf_view(&b), BYTES_LIT("abcdef42-g"));
	is_str(buf_cstr(&b), "abcdef42-g");
	is_int(buf_len(&b), 10);
	buf_release(&b);
	is_int(buf_len(&b), 0);
}

static void zeroed_buf_is_valid(void)
{
	struct buf b = { .max = 4 };

	is_int(buf_append_str(&b, "1234"), 0);
	is_int(buf_append_byte(&b, '5'), -1);
	is_bytes(buf_view(&b), BYTES_LIT("1234"));
	buf_release(&b);
	is_int(buf_append_str(&b, "6"), 0, "usable after release");
	is_int(b.max, 4, "release keeps the maximum");
	buf_release(&b);
}

static void consumes_at_the_head(void)
{
	struct buf b;

	buf_init(&b, 0);
	is_int(buf_append_str(&b, "abcdef"), 0);
	buf_consume(&b, 2);
	is_bytes(buf_view(&b), BYTES_LIT("cdef"));
	buf_truncate(&b, 3);
	is_bytes(buf_view(&b), BYTES_LIT("cde"));
	buf_consume(&b, 3);
	is_int(buf_len(&b), 0);
	is_int(b.start, 0, "an empty buffer starts over");
	is_int(buf_append_str(&b, "x"), 0);
	buf_clear(&b);
	is_int(buf_len(&b), 0);
	ok(b.data != NULL, "clear keeps the storage");
	buf_trim(&b);
	ok(b.data == NULL, "trim gives it back");
	is_int(buf_append_str(&b, "y"), 0);
	buf_trim(&b);
	is_bytes(buf_view(&b), BYTES_LIT("y"), "trim spares content");
	buf_release(&b);
}

static void maximum_is_hard(void)
{
	struct buf b;

	for (size_t max = 1; max < 300; max++) {
		buf_init(&b, max);
		for (size_t i = 0; i < max; i++)
			is_int(buf_append_byte(&b, (uint8_t)i), 0);
		is_int(buf_append_byte(&b, 0), -1);
		ok(!buf_reserve(&b, 1));
		is_int(buf_printf(&b, "x"), -1);
		is_int(buf_len(&b), max);
		ok(buf_cstr(&b) != NULL, "the NUL has its own byte");
		buf_consume(&b, 1);
		is_int(buf_append_byte(&b, 0), 0, "room again");
		is_int(buf_append_byte(&b, 0), -1);
		ok(b.cap <= max);
		buf_release(&b);
	}
}

static void printf_fills_to_the_brim(void)
{
	struct buf b;

	buf_init(&b, 10);
	is_int(buf_printf(&b, "%010d", 7), 0);
	is_str(buf_cstr(&b), "0000000007");
	is_int(buf_printf(&b, "%d", 8), -1);
	is_str(buf_cstr(&b), "0000000007");
	buf_release(&b);
}

static void reserve_commits_what_was_written(void)
{
	struct buf b;
	uint8_t *p;

	buf_init(&b, 100);
	p = buf_reserve(&b, 50);
	ok(p != NULL);
	memset(p, 'x', 3);
	is_int(buf_len(&b), 0);
	buf_commit(&b, 3);
	is_bytes(buf_view(&b), BYTES_LIT("xxx"));
	ok(buf_room(&b) >= 47);
	ok(buf_reserve(&b, 0) != NULL, "room for nothing is no failure");
	buf_release(&b);
	buf_init(&b, 0);
	ok(buf_reserve(&b, 0) != NULL, "nor is it in a new buffer");
	buf_release(&b);
}

static void absurd_sizes_are_refused(void)
{
	struct buf b;

	buf_init(&b, 0);
	is_int(buf_append_str(&b, "abc"), 0);
	ok(!buf_reserve(&b, SIZE_MAX));
	ok(!buf_reserve(&b, SIZE_MAX - 3));
	ok(!buf_reserve(&b, (size_t)PTRDIFF_MAX));
	is_bytes(buf_view(&b), BYTES_LIT("abc"));
	buf_release(&b);
}

/* A queue of steady length must neither grow nor be moved each time. */
static void a_steady_queue_stays_small(void)
{
	uint8_t in = 0, out = 0;
	struct buf b;
	bool is_in_order = true;

	buf_init(&b, 0);
	for (int i = 0; i < 1000; i++)
		is_int(buf_append_byte(&b, in++), 0);
	for (int i = 0; i < 100000; i++) {
		is_in_order &= *buf_view(&b).p == out++;
		buf_consume(&b, 1);
		if (buf_append_byte(&b, in++) < 0)
			is_in_order = false;
	}
	ok(is_in_order);
	is_int(buf_len(&b), 1000);
	ok(b.cap < 4 * 1000, "cap %zu", b.cap);
	buf_release(&b);
}

static void grows_by_doubling(void)
{
	size_t cap = 0, times = 0;
	struct buf b;

	buf_init(&b, 0);
	for (int i = 0; i < 1 << 20; i++) {
		if (buf_append_byte(&b, 1) < 0)
			break;
		times += b.cap != cap;
		cap = b.cap;
	}
	is_int(buf_len(&b), 1 << 20);
	ok(times < 20, "%zu growths", times);
	buf_release(&b);
}

static void failure_leaves_the_content(void)
{
	struct buf b;

	buf_init(&b, 0);
	alloc_fail_after(0);
	is_int(buf_append_byte(&b, 1), -1);
	ok(!buf_cstr(&b));
	ok(!buf_reserve(&b, 0));
	alloc_heal();
	is_int(buf_append_str(&b, "abcd"), 0);
	buf_consume(&b, 1);
	alloc_fail_after(0);
	ok(!buf_reserve(&b, 1000));
	is_int(buf_printf(&b, "%1000d", 1), -1);
	alloc_heal();
	is_bytes(buf_view(&b), BYTES_LIT("bcd"));
	buf_release(&b);
}

/* When it could grow to spare moves but may not, it moves. */
static void moves_when_memory_is_short(void)
{
	struct buf b;

	buf_init(&b, 0);
	while (buf_len(&b) < 63)
		is_int(buf_append_byte(&b, (uint8_t)buf_len(&b)), 0);
	is_int(b.cap, 63);
	buf_consume(&b, 10);
	alloc_fail_after(0);
	is_int(buf_append_str(&b, "0123456789"), 0);
	is_int(buf_append_byte(&b, 'x'), -1);
	alloc_heal();
	is_int(buf_len(&b), 63);
	is_int(buf_view(&b).p[0], 10);
	is_int(buf_view(&b).p[62], '9');
	buf_release(&b);
}

static void wiped_is_empty_and_usable(void)
{
	struct buf b;

	buf_init(&b, 100);
	buf_wipe(&b);
	is_int(buf_append_str(&b, "secret"), 0);
	buf_wipe(&b);
	is_int(buf_len(&b), 0);
	ok(!b.data);
	is_int(buf_append_str(&b, "x"), 0);
	buf_release(&b);
}

TEST_MAIN(T(appends_in_order), T(zeroed_buf_is_valid), T(consumes_at_the_head),
	  T(maximum_is_hard), T(printf_fills_to_the_brim),
	  T(reserve_commits_what_was_written), T(absurd_sizes_are_refused),
	  T(a_steady_queue_stays_small), T(grows_by_doubling),
	  T(failure_leaves_the_content), T(moves_when_memory_is_short),
	  T(wiped_is_empty_and_usable))
