/* SPDX-License-Identifier: MIT */
#ifndef BENCH_SHARDS_PRIVATE_H
#define BENCH_SHARDS_PRIVATE_H

/*
 * The inside of a run in several processes: shards.c (the caller's process),
 * shard_child.c (the others), shards_course.c (one course from many). What
 * the processes tell each other goes through one pipe for each, from child
 * to parent, in frames; through a page of shared memory, where the parent
 * says when to begin; through struct run_common; and through an eventfd for
 * each, which stands for a signal. All of it is the same program, so structs
 * travel as they are.
 */

#include <stdatomic.h>

#include "base/buf.h"
#include "bench/shards.h"

enum frame_type {
	FRAME_INTERVAL, /* struct shard_report */
	FRAME_READY,    /* no content: could send now */
	FRAME_RESULT,   /* JSON */
	FRAME_ERROR,    /* struct err: run_execute() failed */
};

struct frame {
	uint32_t type, size; /* of what follows */
};

/* The result so far is its account: no more is known before the end. */
struct shard_report {
	struct interval interval;
	struct account account;
};

struct shard_page {
	atomic_uint_fast64_t begin; /* clock_boot(); 0: not yet */
};

/* shard_child.c */
struct shard_child {
	const struct run_config *config; /* of this shard */
	struct shard_page *page;
	int pipe_fd;
	bool is_ready;
};
/* Carries out its part, tells the parent, and ends the process. r is what
 * the caller of shards_execute() had put into its result. */
NORETURN void shard_child_run(struct shard_child *c, struct result *r);

/* shards_course.c: the course of the whole. Once all of them send, intervals
 * are told apart by their number: each shard ends them at the same moments.
 * What came before is added up until everybody has said something. */
struct shard_stand {
	struct interval last; /* what it said last */
	bool has_said;        /* something since it was last told */
	bool has_ended;
};
struct shards_course {
	double length; /* of an interval, seconds */
	struct shard_stand *stands;
	size_t count;           /* of them */
	struct interval before; /* length 0: nothing */
	struct interval *bins;  /* by number; length 0: nothing */
	size_t bin_count;
	size_t next; /* to be told */
};
int shards_course_init(struct shards_course *c, size_t shards, double length)
	MUST_CHECK;
void shards_course_release(struct shards_course *c);
int shards_course_add(struct shards_course *c, size_t shard,
		      const struct interval *i) MUST_CHECK;
/* A shard that has ended holds nothing up. */
void shards_course_end(struct shards_course *c, size_t shard);
/* The next interval that all shards have been through; false: none. */
bool shards_course_next(struct shards_course *c, struct interval *ret);

#endif
