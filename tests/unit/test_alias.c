/* SPDX-License-Identifier: MIT */
#include "mqtt/alias.h"

#include "alloc.h"
#include "test.h"

static struct bytes topic_of(int i)
{
	static char text[32];
	int n = snprintf(text, sizeof(text), "topic/%d", i);

	return bytes_of(text, (size_t)n);
}

static void first_come_first_served(void)
{
	struct alias_out *t = alias_out_new(2);

	is_int(alias_out_find(t, BYTES_LIT("a")), 0);
	is_int(alias_out_add(t, BYTES_LIT("a")), 1);
	is_int(alias_out_add(t, BYTES_LIT("b")), 2);
	is_int(alias_out_add(t, BYTES_LIT("c")), 0, "none is left");
	is_int(alias_out_find(t, BYTES_LIT("a")), 1);
	is_int(alias_out_find(t, BYTES_LIT("a")), 1);
	is_int(alias_out_find(t, BYTES_LIT("b")), 2);
	is_int(alias_out_find(t, BYTES_LIT("c")), 0);
	is_int(alias_out_find(t, BYTES_LIT("")), 0);
	alias_out_free(t);
}

static void all_numbers_can_be_used(void)
{
	struct alias_out *t = alias_out_new(65535);

	for (int i = 1; i <= 65535; i++)
		if (!is_int(alias_out_add(t, topic_of(i)), i))
			break;
	is_int(alias_out_add(t, topic_of(0)), 0);
	for (int i = 1; i <= 65535; i++)
		if (!is_int(alias_out_find(t, topic_of(i)), i))
			break;
	alias_out_free(t);
}

static void undo_takes_the_last_one_back(void)
{
	struct alias_out *t = alias_out_new(10);

	alias_out_add(t, BYTES_LIT("a"));
	alias_out_add(t, BYTES_LIT("b"));
	alias_out_undo(t);
	is_int(alias_out_find(t, BYTES_LIT("b")), 0);
	is_int(alias_out_find(t, BYTES_LIT("a")), 1);
	is_int(alias_out_add(t, BYTES_LIT("c")), 2, "its number is free");
	is_int(alias_out_find(t, BYTES_LIT("c")), 2);
	alias_out_free(t);
}

static void outgoing_memory_runs_out(void)
{
	struct alias_out *t;

	alloc_fail_after(0);
	ok(alias_out_new(5) == NULL);
	alloc_heal();
	t = alias_out_new(5);
	for (size_t n = 0; n < 3; n++) {
		alloc_fail_after(n);
		is_int(alias_out_add(t, BYTES_LIT("a")), 0, "after %zu", n);
		alloc_heal();
		is_int(alias_out_find(t, BYTES_LIT("a")), 0);
	}
	is_int(alias_out_add(t, BYTES_LIT("a")), 1);
	alias_out_free(t);
	alias_out_free(NULL);
}

static void incoming_follows_the_server(void)
{
	struct alias_in *t = alias_in_new();

	ok(!bytes_is_set(alias_in_get(t, 1)));
	ok(alias_in_set(t, 7, BYTES_LIT("seven")) == 0);
	is_bytes(alias_in_get(t, 7), BYTES_LIT("seven"));
	ok(alias_in_set(t, 7, BYTES_LIT("other")) == 0);
	is_bytes(alias_in_get(t, 7), BYTES_LIT("other"));
	ok(alias_in_set(t, 7, BYTES_LIT("other")) == 0);
	is_bytes(alias_in_get(t, 7), BYTES_LIT("other"));
	ok(!bytes_is_set(alias_in_get(t, 6)));
	ok(!bytes_is_set(alias_in_get(t, 0)));
	ok(alias_in_set(t, 65535, BYTES_LIT("last")) == 0);
	is_bytes(alias_in_get(t, 65535), BYTES_LIT("last"));
	is_bytes(alias_in_get(t, 7), BYTES_LIT("other"));
	alias_in_free(t);
}

static void incoming_memory_runs_out(void)
{
	struct alias_in *t;

	alloc_fail_after(0);
	ok(alias_in_new() == NULL);
	alloc_heal();
	t = alias_in_new();
	for (size_t n = 0; n < 2; n++) {
		alloc_fail_after(n);
		ok(alias_in_set(t, 3, BYTES_LIT("a")) < 0, "after %zu", n);
		alloc_heal();
		ok(!bytes_is_set(alias_in_get(t, 3)));
	}
	ok(alias_in_set(t, 3, BYTES_LIT("a")) == 0);
	alloc_fail_after(0);
	ok(alias_in_set(t, 3, BYTES_LIT("b")) < 0);
	alloc_heal();
	is_bytes(alias_in_get(t, 3), BYTES_LIT("a"), "the old one stays");
	alias_in_free(t);
	alias_in_free(NULL);
}

TEST_MAIN(T(first_come_first_served), T(all_numbers_can_be_used),
	  T(undo_takes_the_last_one_back), T(outgoing_memory_runs_out),
	  T(incoming_follows_the_server), T(incoming_memory_runs_out))
