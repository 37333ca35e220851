/* SPDX-License-Identifier: MIT */
#ifndef BENCH_FAIRNESS_H
#define BENCH_FAIRNESS_H

/*
 * How evenly the members of share groups were served: for each group how many
 * messages of the measured phase each member got first. All members of a group
 * are in one generator, so that lists of several are simply put together.
 *
 * Plain data of a result, which owns it.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

enum { SHARES_SAID = 10 }; /* by reports; JSON has all */

struct shared {
	char *filter; /* "$share/..." */
	uint32_t members;
	uint64_t *served; /* by member, in order of groups and clients */
};

struct shared_list {
	struct shared *v;
	size_t count;
};

struct evenness {
	uint64_t min, median, max;
	/* Jain's index: 1 when all got the same, 1/members when one got all.
	 * NaN when nobody got anything. */
	double fairness;
};

/* One more member of that group. */
int shared_add_member(struct shared_list *l, const char *filter,
		      uint64_t served) MUST_CHECK;
/* Another run's, by member, or another generator's. */
int shared_add(struct shared_list *dst, const struct shared_list *src)
	MUST_CHECK;
void shared_release(struct shared_list *l);

int shared_evenness(const struct shared *s, struct evenness *ret) MUST_CHECK;
/* For reports; NULL when nobody got anything. */
const char *fairness_text(const struct evenness *e, char *dst, size_t size);
/* That of the least even group; NaN when there is none. */
double shared_fairness(const struct shared_list *l);

#endif
