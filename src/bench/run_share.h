/* SPDX-License-Identifier: MIT */
#ifndef BENCH_RUN_SHARE_H
#define BENCH_RUN_SHARE_H

/*
 * Which clients of a scenario are members of which share group. The clients of
 * one crew may be in one or in many, and those of several crews in the same:
 * these crews have to be in one place, see struct receiver. Worked out from
 * the scenario alone, so that all shards come to the same. Main thread.
 */

#include "bench/run_private.h"

struct membership {
	uint64_t share; /* stands for name and filter */
	uint32_t crew, client;
};

/* All memberships, those of one share group side by side, the first one first;
 * one for a crew whose clients have the same filter. To be freed. */
int run_list_memberships(const struct run *r, struct membership **ret,
			 size_t *ret_count) MUST_CHECK;

/* Gives crews that meet in share groups the same share_group. */
int run_join_shares(struct run *r) MUST_CHECK;

#endif
