/* SPDX-License-Identifier: MIT */
/* Which part of the load is this generator's: from --shard, or from whatever
 * has started many of us. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/parse.h"
#include "tools/bench.h"

#define SHARDS_MAX 100000u

/* What tells the members of a crowd apart: variables with the number of the
 * member, which numbers are the first and the last and the step between them,
 * how many there are, and what they have in common. `sign` is what makes it
 * one: Slurm numbers the script of a batch job too, which is alone. The
 * innermost comes first: mpirun starts those that srun has one of on each node.
 */
struct crowd {
	const char *sign, *number, *first, *last, *step, *count, *name;
	uint64_t first_number; /* when there is no variable for it */
	bool spans_next;       /* the members of the next are not ours */
};

static const struct crowd crowds[] = {
	/* Does not say how many: --shard N has to. */
	{ "PARALLEL_SEQ", "PARALLEL_SEQ", NULL, NULL, NULL, NULL,
	  "PARALLEL_PID", 1, false },
	{ "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_RANK", NULL, NULL, NULL,
	  "OMPI_COMM_WORLD_SIZE", "PMIX_NAMESPACE", 0, true },
	{ "SLURM_STEP_NUM_TASKS", "SLURM_PROCID", NULL, NULL, NULL,
	  "SLURM_STEP_NUM_TASKS", "SLURM_JOB_ID", 0, false },
	{ "SLURM_ARRAY_TASK_COUNT", "SLURM_ARRAY_TASK_ID",
	  "SLURM_ARRAY_TASK_MIN", "SLURM_ARRAY_TASK_MAX",
	  "SLURM_ARRAY_TASK_STEP", "SLURM_ARRAY_TASK_COUNT",
	  "SLURM_ARRAY_JOB_ID", 0, false },
	{ "JOB_COMPLETION_INDEX", "JOB_COMPLETION_INDEX", NULL, NULL, NULL,
	  "JOB_COMPLETIONS", "JOB_NAME", 0, false },
};

/* The next one from c on that this process is a member of; NULL: none. Who is
 * alone in it is in none. */
static const struct crowd *find_crowd(const struct crowd *c)
{
	const char *count;

	for (; c < crowds + ARRAY_SIZE(crowds); c++) {
		count = c->count ? getenv(c->count) : NULL;
		if (getenv(c->sign) && !(count && strcmp(count, "1") == 0))
			return c;
	}
	return NULL;
}

static int read_variable(const char *name, uint64_t min, uint64_t max,
			 uint64_t *ret, struct err *e)
{
	const char *text = getenv(name);

	if (parse_uint(text ? text : "", min, max, ret, e) == 0)
		return 0;
	err_prefix(e, "%s", name);
	return -1;
}

static int set_shard(struct bench_load *l, uint64_t number, uint64_t count)
{
	l->shard = (uint32_t)number;
	l->shards = (uint32_t)count;
	return 0;
}

/* It stays as it is where there is no such variable. */
static int read_optional(const char *name, uint64_t min, uint64_t *ret,
			 struct err *e)
{
	if (!name || !getenv(name))
		return 0;
	return read_variable(name, min, UINT32_MAX, ret, e);
}

/* Slurm takes any list of numbers, and only of a regular one can it be told
 * where a number stands. */
static int check_gaps(const struct crowd *c, uint64_t first, uint64_t step,
		      struct err *e)
{
	uint64_t last = 0, count = 1;

	if (!c->last || !getenv(c->last))
		return 0;
	if (read_optional(c->count, 1, &count, e) < 0 ||
	    read_optional(c->last, first, &last, e) < 0)
		return -1;
	if (last == first + (count - 1) * step)
		return 0;
	return err_set(
		e, ERR_USAGE, 0,
		"the %llu numbers from %llu to %llu have gaps: say which shard of how many this is with --shard I/N",
		(unsigned long long)count, (unsigned long long)first,
		(unsigned long long)last);
}

/* One of `count`; the crowd knows which. */
static int take_number(struct bench_load *l, const struct crowd *c,
		       uint64_t count, struct err *e)
{
	uint64_t number, first = c->first_number, step = 1;

	if (read_optional(c->first, 0, &first, e) < 0 ||
	    read_optional(c->step, 1, &step, e) < 0 ||
	    check_gaps(c, first, step, e) < 0 ||
	    read_variable(c->number, first, first + (count - 1) * step, &number,
			  e) < 0)
		return -1;
	return set_shard(l, (number - first) / step, count);
}

static int parse_shard(struct bench_load *l, const char *text, struct err *e)
{
	const struct crowd *c = find_crowd(crowds);
	const char *slash = strchr(text, '/');
	char first[16];
	uint64_t number, count;

	if (parse_uint(slash ? slash + 1 : text, 1, SHARDS_MAX, &count, e) < 0)
		return -1;
	if (slash) {
		snprintf(first, sizeof(first), "%.*s", (int)(slash - text),
			 text);
		if (parse_uint(first, 1, count, &number, e) < 0)
			return -1;
		return set_shard(l, number - 1, count);
	}
	if (count == 1)
		return set_shard(l, 0, 1);
	if (!c)
		return err_set(e, ERR_USAGE, 0,
			       "'%s' does not say which one: "
			       "write I/%s, or start it by Kubernetes, Slurm, "
			       "Open MPI or GNU parallel",
			       text, text);
	return take_number(l, c, count, e);
}

/* Without --shard a crowd that says how many it is shares the load. Crowds of
 * crowds could mean anything. */
static int look_around(struct bench_load *l, struct err *e)
{
	const struct crowd *c = find_crowd(crowds), *other;
	uint64_t n;

	if (!c)
		return 0;
	other = find_crowd(c + 1 + c->spans_next);
	if (other)
		return err_set(
			e, ERR_USAGE, 0,
			"both %s and %s are set: say which shard of how many this is with --shard I/N",
			c->sign, other->sign);
	if (!c->count)
		return 0;
	if (!getenv(c->count))
		return err_set(e, ERR_USAGE, 0,
			       "%s is set and %s is not: say "
			       "of how many with --shard N, or --shard 1/1 "
			       "for all of the load",
			       c->sign, c->count);
	if (read_variable(c->count, 1, SHARDS_MAX, &n, e) < 0)
		return -1;
	return take_number(l, c, n, e);
}

/* "1764300000", "1764300000.5", or "+10s" from now. */
static int parse_start(const char *text, uint64_t *ret, struct err *e)
{
	uint64_t ns;
	double at;

	if (*text == '+') {
		if (parse_duration(text + 1, CLOCK_SEC, &ns, e) < 0)
			return -1;
		*ret = clock_wall() + ns;
		return 0;
	}
	if (parse_double(text, 0, 1e10, &at, e) < 0)
		return -1;
	*ret = (uint64_t)(at * 1e9);
	if (*ret <= clock_wall())
		return err_set(e, ERR_USAGE, 0, "'%s' has passed", text);
	return 0;
}

int bench_shard_choose(struct bench *b, struct bench_load *l, struct err *e)
{
	const struct bench_settings *o = b->options;
	int r = o->shard ? parse_shard(l, o->shard, e) : look_around(l, e);

	if (r < 0 && o->shard)
		err_prefix(e, "--shard");
	if (r == 0 && o->start_at) {
		r = parse_start(o->start_at, &l->start_at, e);
		if (r < 0)
			err_prefix(e, "--start-at");
	}
	/* Those on one machine count from the same moment, by its clock;
	 * what matters are differences. */
	if (o->clock_bound) /* the wall clock's zero, on ours */
		l->epoch = clock_boot() - clock_wall();
	else if (l->shards > 1)
		l->epoch = 1;
	return r;
}

/* FNV-1a */
static uint64_t hash(uint64_t h, const char *text)
{
	for (; text && *text; text++)
		h = (h ^ (uint8_t)*text) * UINT64_C(1099511628211);
	return h;
}

uint64_t bench_shard_run_id(const struct bench *b, const struct bench_load *l)
{
	const struct bench_settings *o = b->options;
	const struct crowd *c = find_crowd(crowds);
	uint64_t h = UINT64_C(14695981039346656037);

	if (o->run_id)
		return hash(h, o->run_id);
	h = hash(h, c ? getenv(c->name) : NULL);
	h = hash(h, o->start_at && *o->start_at != '+' ? o->start_at : NULL);
	return hash(h, l->scenario.text);
}
