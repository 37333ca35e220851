/* SPDX-License-Identifier: MIT */
#include "bench/merge.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------- what belongs */

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* Generators may be on unlike machines, connect at their own pace, and each
 * have a broker of its own. */
static int check_settings(const struct merge_part *a,
			  const struct merge_part *b, struct err *e)
{
	static const char *const but[] = { "target", "connects", "needs",
					   NULL };
	struct buf names = { 0 };
	int r = result_name_changes(a->result, b->result, but, &names);
	const char *text = buf_cstr(&names);

	if (r < 0 || !text)
		r = err_nomem(e);
	else if (*text)
		r = err_set(e, ERR_USAGE, 0,
			    "'%s' and '%s' differ in %s: all shards are given "
			    "the same scenario and options",
			    a->name, b->name, text);
	buf_release(&names);
	return r;
}

/* Two files of one run? */
static int check_pair(const struct merge_part *a, const struct merge_part *b,
		      struct err *e)
{
	const struct result *r = a->result, *s = b->result;

	if (r->run_id != s->run_id)
		return err_set(e, ERR_USAGE, 0,
			       "'%s' is of another run than "
			       "'%s': --run-id tells which belong together",
			       b->name, a->name);
	if (!same_text(r->scenario, s->scenario) ||
	    !same_text(r->text, s->text))
		return err_set(e, ERR_USAGE, 0,
			       "'%s' is of another scenario "
			       "than '%s'",
			       b->name, a->name);
	if (r->shards != s->shards)
		return err_set(e, ERR_USAGE, 0,
			       "'%s' is one of %u shards, "
			       "and '%s' one of %u",
			       a->name, r->shards, b->name, s->shards);
	if (r->shard == s->shard)
		return err_set(e, ERR_USAGE, 0,
			       "'%s' and '%s' are both shard "
			       "%u of %u",
			       a->name, b->name, r->shard + 1, r->shards);
	return check_settings(a, b, e);
}

static int check(const struct merge_part *parts, size_t n, struct err *e)
{
	const struct result *r;

	for (size_t i = 0; i < n; i++) {
		r = parts[i].result;
		if (r->shards < 2 || r->is_merged || r->shard >= r->shards)
			return err_set(e, ERR_USAGE, 0,
				       "'%s' is no shard: it "
				       "is a whole result",
				       parts[i].name);
		for (size_t k = 0; k < i; k++)
			if (check_pair(&parts[k], &parts[i], e) < 0)
				return -1;
	}
	return 0;
}

static bool is_there(const struct merge_part *parts, size_t n, uint32_t shard)
{
	for (size_t i = 0; i < n; i++)
		if (parts[i].result->shard == shard)
			return true;
	return false;
}

static int note_missing(const struct merge_part *parts, size_t n,
			struct result *r, struct err *e)
{
	struct result told = { .partial = NULL };
	struct buf text = { 0 };
	int result, named = 0;

	if (n == r->shards)
		return 0;
	result = buf_printf(&text, "of %u shards, %zu %s missing:", r->shards,
			    r->shards - n, r->shards - n == 1 ? "is" : "are");
	for (uint32_t i = 0; i < r->shards; i++)
		if (!is_there(parts, n, i) && ++named <= 10)
			result |= buf_printf(&text, " %u", i + 1);
	if (named > 10)
		result |= buf_append_str(&text, " ...");
	told.partial = (char *)(uintptr_t)(result == 0 ? buf_cstr(&text)
						       : NULL);
	result = told.partial ? result_add_partial(r, &told, e) : err_nomem(e);
	buf_release(&text);
	return result;
}

/* ---------------------------------------------------------------- the course
 */

static uint64_t most(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* Percentiles do not add up: shown is the worst generator's, which that of all
 * is not above. 0 when that of one with messages is not known. */
static uint64_t worst(uint64_t a, uint64_t n, uint64_t b, uint64_t m)
{
	return (n && !a) || (m && !b) ? 0 : most(a, b);
}

static void add_interval(struct interval *dst, const struct interval *src)
{
	uint64_t n = dst->e2e_count, acks = dst->ack_count;

	dst->connected += src->connected;
	dst->connects += src->connects;
	dst->sent += src->sent;
	dst->delivered += src->delivered;
	dst->errors += src->errors;
	interval_add_means(dst, src);
	dst->e2e_p50 = worst(dst->e2e_p50, n, src->e2e_p50, src->e2e_count);
	dst->e2e_p99 = worst(dst->e2e_p99, n, src->e2e_p99, src->e2e_count);
	dst->e2e_max = most(dst->e2e_max, src->e2e_max);
	dst->e2e_count += src->e2e_count;
	dst->ack_p50 = worst(dst->ack_p50, acks, src->ack_p50, src->ack_count);
	dst->ack_p99 = worst(dst->ack_p99, acks, src->ack_p99, src->ack_count);
	dst->ack_count += src->ack_count;
	interval_add_own(&dst->lag, &src->lag);
	interval_add_own(&dst->turn, &src->turn);
	dst->thread_cpu = fmax(dst->thread_cpu, src->thread_cpu);
	dst->throttled = fmax(dst->throttled, src->throttled);
	dst->steal = fmax(dst->steal, src->steal);
	dst->cpu += src->cpu;
	dst->memory += src->memory;
	/* One broker, seen by several. */
	dst->broker_cpu = fmax(dst->broker_cpu, src->broker_cpu);
	dst->broker_memory = most(dst->broker_memory, src->broker_memory);
}

/* The interval of the first n that covers the same time best, within half of
 * its length. */
static struct interval *find_interval(struct result *r, size_t n,
				      const struct interval *i)
{
	struct interval *best = NULL;
	double gap, least = fmax(i->length, 0.1) / 2;

	for (size_t k = 0; k < n; k++) {
		gap = fabs(r->course[k].at - i->at);
		if (gap < least) {
			least = gap;
			best = &r->course[k];
		}
	}
	return best;
}

static int by_time(const void *a, const void *b)
{
	double x = ((const struct interval *)a)->at;
	double y = ((const struct interval *)b)->at;

	return (x > y) - (x < y);
}

static int add_course(struct result *dst, const struct result *src,
		      struct err *e)
{
	double shift = src->started - dst->started;
	size_t known = dst->course_count;
	struct interval i, *same;

	for (size_t k = 0; k < src->course_count; k++) {
		i = src->course[k];
		i.at += shift;
		same = find_interval(dst, known, &i);
		if (same)
			add_interval(same, &i);
		else if (result_add_interval(dst, &i) < 0)
			return err_nomem(e);
	}
	if (dst->course_count)
		qsort(dst->course, dst->course_count, sizeof(*dst->course),
		      by_time);
	return 0;
}

/* ---------------------------------------------------------------- all of it */

/* One line for all machines. */
static int join_hosts(const struct merge_part *parts, size_t n,
		      struct result *r)
{
	struct buf names = { 0 };
	const char *name, *text;
	json_t *host;
	int result = 0;

	for (size_t i = 0; i < n; i++) {
		name = json_string_value(
			json_object_get(parts[i].result->host, "name"));
		text = buf_len(&names) ? buf_cstr(&names) : "";
		if (!name || !text || strstr(text, name))
			continue;
		result |= buf_printf(&names, "%s%s",
				     buf_len(&names) ? ", " : "", name);
	}
	host = json_copy(r->host);
	text = buf_len(&names) ? buf_cstr(&names) : NULL;
	if (host && text)
		result |= json_object_set_new(host, "name", json_string(text));
	if (host) {
		json_decref(r->host);
		r->host = host;
	}
	buf_release(&names);
	return result;
}

/* "connects 2, publishes 500": adds these to what is there by their names. */
static int add_counts(json_t *sums, const char *text)
{
	char name[32];
	uint64_t n;
	size_t len;

	while (*text) {
		len = strcspn(text, " ");
		snprintf(name, sizeof(name), "%.*s", (int)len, text);
		n = strtoull(text + len, NULL, 10) +
		    (uint64_t)json_integer_value(json_object_get(sums, name));
		if (json_object_set_new(sums, name,
					json_integer((json_int_t)n)) < 0)
			return -1;
		text += strcspn(text, ",");
		text += strspn(text, ", ");
	}
	return 0;
}

static int put_peer(struct result *r, json_t *sums)
{
	struct buf text = { 0 };
	json_t *n, *broker = json_copy(r->broker);
	const char *name;
	int result = broker ? 0 : -1;

	json_object_foreach(sums, name, n)
		result |= buf_printf(&text, "%s%s %" JSON_INTEGER_FORMAT,
				     buf_len(&text) ? ", " : "", name,
				     json_integer_value(n));
	name = buf_cstr(&text);
	if (broker && name) {
		result |= json_object_set_new(broker, "peer",
					      json_string(name));
		json_decref(r->broker);
		r->broker = broker;
	}
	buf_release(&text);
	return result;
}

/* Each generator has a counting peer of its own, where there is no broker. */
static int join_peers(const struct merge_part *parts, size_t n,
		      struct result *r)
{
	json_t *sums = json_object();
	const char *text;
	int result = sums ? 0 : -1;

	for (size_t i = 0; i < n; i++) {
		text = json_string_value(
			json_object_get(parts[i].result->broker, "peer"));
		if (text && result == 0)
			result = add_counts(sums, text);
	}
	if (r->broker && json_object_size(sums))
		result |= put_peer(r, sums);
	json_decref(sums);
	return result;
}

/* Deliveries from shards that are missing are no proof of anything. */
static void forget_losses(struct result *r)
{
	uint64_t *n = r->account.n;

	r->late_deliveries -= n[COUNT_LOST];
	n[COUNT_EXPECTED] = n[COUNT_UNIQUE];
	n[COUNT_LOST] = 0;
	snprintf(r->losses_unknown, sizeof(r->losses_unknown),
		 "only all shards together can tell what was lost");
	for (int i = 0; i < RESULT_WORST; i++)
		r->worst[i] = (struct worst){ .lost = 0 };
}

static int add_parts(const struct merge_part *parts, size_t n,
		     struct result *ret, struct err *e)
{
	const struct result **list = calloc(n, sizeof(*list));
	int r;

	if (!list)
		return err_nomem(e);
	for (size_t i = 0; i < n; i++)
		list[i] = parts[i].result;
	r = merge_parts(ret, list, n, e);
	free(list);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = add_course(ret, parts[i].result, e);
	return r;
}

/* What is known of all is as loose as what is known of the loosest. */
static void join_clocks(struct result *r, const struct result *part)
{
	if (part->clock_id != r->clock_id)
		r->clock_id = 0;
	if (part->clock_bound > r->clock_bound)
		r->clock_bound = part->clock_bound;
}

int merge_results(const struct merge_part *parts, size_t n, struct result *ret,
		  struct err *e)
{
	result_init(ret);
	if (n == 0)
		return err_set(e, ERR_USAGE, 0, "there is nothing to merge");
	if (check(parts, n, e) < 0 ||
	    result_describe_as(ret, parts[0].result, e) < 0 ||
	    add_parts(parts, n, ret, e) < 0)
		return -1;
	for (size_t i = 1; i < n; i++)
		join_clocks(ret, parts[i].result);
	if (join_hosts(parts, n, ret) < 0 || join_peers(parts, n, ret) < 0)
		return err_nomem(e);
	if (note_missing(parts, n, ret, e) < 0)
		return -1;
	if (n < ret->shards)
		forget_losses(ret);
	ret->is_merged = n == ret->shards;
	/* No longer one that leaves its losses to be judged by others. */
	ret->shard = ret->is_merged ? 0 : ret->shards;
	return 0;
}
