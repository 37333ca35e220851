/* SPDX-License-Identifier: MIT */
/* Adding up results, for shards of one run and for repetitions alike. */
#include "bench/merge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int copy_text(char **dst, const char *src)
{
	if (!src)
		return 0;
	*dst = strdup(src);
	return *dst ? 0 : -1;
}

int result_describe_as(struct result *dst, const struct result *src,
		       struct err *e)
{
	if (copy_text(&dst->scenario, src->scenario) < 0 ||
	    copy_text(&dst->text, src->text) < 0 ||
	    copy_text(&dst->title, src->title) < 0)
		return err_nomem(e);
	dst->settings = json_incref(src->settings);
	dst->host = json_incref(src->host);
	dst->broker = json_incref(src->broker);
	dst->started = src->started;
	dst->seed = src->seed;
	dst->run_id = src->run_id;
	dst->clock_id = src->clock_id;
	dst->clock_bound = src->clock_bound;
	dst->shard = src->shard;
	dst->shards = src->shards;
	dst->is_open = src->is_open;
	dst->is_self = src->is_self;
	return 0;
}

static int add_hist(struct hist *dst, const struct hist *src)
{
	if (src->total == 0)
		return 0;
	if (!dst->counts && hist_init(dst) < 0)
		return -1;
	hist_merge(dst, src);
	return 0;
}

static int add_threads(struct result *dst, const struct result *src,
		       const char *prefix)
{
	struct thread_load *t;

	t = reallocarray(dst->threads,
			 dst->thread_count + src->thread_count + 1, sizeof(*t));
	if (!t)
		return -1;
	dst->threads = t;
	for (size_t i = 0; i < src->thread_count; i++) {
		t = &dst->threads[dst->thread_count++];
		*t = src->threads[i];
		snprintf(t->name, sizeof(t->name), "%.5s%.10s", prefix,
			 src->threads[i].name);
	}
	return 0;
}

static void add_lists(struct result *dst, const struct result *src)
{
	for (int i = 0; i < RESULT_CAUSES; i++)
		if (src->causes[i].count)
			result_count_cause(dst->causes, src->causes[i].text,
					   src->causes[i].count);
	for (int i = 0; i < RESULT_WORST; i++)
		result_add_worst(dst, src->worst[i].text, src->worst[i].lost);
}

static double larger(double a, double b)
{
	return a > b ? a : b;
}

uint32_t result_least(uint32_t a, uint32_t b)
{
	if (!a || !b)
		return a | b;
	return a < b ? a : b;
}

int result_add(struct result *dst, const struct result *src, const char *prefix,
	       struct err *e)
{
	double sent = (double)dst->measured_sent;
	double more = (double)src->measured_sent;

	for (enum timing t = 0; t < TIMING_COUNT; t++)
		if (add_hist(&dst->timings[t], &src->timings[t]) < 0)
			return err_nomem(e);
	if (add_hist(&dst->floor, &src->floor) < 0 ||
	    add_threads(dst, src, prefix) < 0 ||
	    shared_add(&dst->shares, &src->shares) < 0)
		return err_nomem(e);
	account_add(&dst->account, &src->account);
	add_lists(dst, src);
	if (sent + more > 0)
		dst->waited = (dst->waited * sent + src->waited * more) /
			      (sent + more);
	dst->window = result_least(dst->window, src->window);
	dst->measured_sent += src->measured_sent;
	dst->measured_delivered += src->measured_delivered;
	dst->sent_in_time += src->sent_in_time;
	dst->delivered_in_time += src->delivered_in_time;
	dst->late_publishes += src->late_publishes;
	dst->late_acks += src->late_acks;
	dst->late_recs += src->late_recs;
	dst->late_comps += src->late_comps;
	dst->late_deliveries += src->late_deliveries;
	dst->late_echoes += src->late_echoes;
	dst->cpu += src->cpu;
	dst->untracked += src->untracked;
	dst->late_start = larger(dst->late_start, src->late_start);
	dst->varying_expected += src->varying_expected;
	if (*src->varying_blind)
		memcpy(dst->varying_blind, src->varying_blind, RESULT_TEXT);
	if (*src->losses_unknown)
		memcpy(dst->losses_unknown, src->losses_unknown, RESULT_TEXT);
	if (*src->e2e_gap)
		memcpy(dst->e2e_gap, src->e2e_gap, RESULT_TEXT);
	if (*src->raw_gap)
		memcpy(dst->raw_gap, src->raw_gap, RESULT_TEXT);
	dst->throttled = larger(dst->throttled, src->throttled);
	dst->steal = larger(dst->steal, src->steal);
	return 0;
}

int result_add_partial(struct result *dst, const struct result *src,
		       struct err *e)
{
	struct buf all = { 0 };
	const char *s = NULL;

	if (!src->partial)
		return 0;
	if (src->partial_status > dst->partial_status)
		dst->partial_status = src->partial_status;
	if (!dst->partial)
		return copy_text(&dst->partial, src->partial) < 0 ? err_nomem(e)
								  : 0;
	if (strstr(dst->partial, src->partial))
		return 0;
	if (buf_printf(&all, "%s; %s", dst->partial, src->partial) == 0)
		s = buf_cstr(&all);
	free(dst->partial);
	dst->partial = s ? strdup(s) : NULL;
	buf_release(&all);
	return dst->partial ? 0 : err_nomem(e);
}

/* ----------------------------------------------------------------- tallies */

static int copy_tally(struct tally *dst, const struct tally *src)
{
	size_t n = (size_t)src->clients + 1;

	*dst = (struct tally){ .first_stream = src->first_stream,
			       .clients = src->clients,
			       .varies = src->varies };
	dst->sent = calloc(n, sizeof(*dst->sent));
	dst->unaccepted = calloc(n, sizeof(*dst->unaccepted));
	dst->unique = calloc(n, sizeof(*dst->unique));
	dst->settled = calloc(n, sizeof(*dst->settled));
	dst->receivers = calloc(n, sizeof(*dst->receivers));
	if (!dst->sent || !dst->unaccepted || !dst->unique || !dst->settled ||
	    !dst->receivers || copy_text(&dst->group, src->group) < 0)
		return -1;
	return copy_text(&dst->topic, src->topic);
}

static void add_tally(struct tally *dst, const struct tally *src)
{
	dst->varies = dst->varies || src->varies;
	for (uint32_t i = 0; i < dst->clients; i++) {
		dst->sent[i] += src->sent[i];
		dst->unaccepted[i] += src->unaccepted[i];
		dst->unique[i] += src->unique[i];
		dst->settled[i] += src->settled[i];
		dst->receivers[i] += src->receivers[i];
	}
}

int result_add_tallies(struct result *dst, const struct result *src,
		       struct err *e)
{
	bool is_new = !dst->tallies;

	if (is_new)
		dst->tallies = calloc(src->tally_count + 1,
				      sizeof(*dst->tallies));
	if (!dst->tallies)
		return err_nomem(e);
	if (!is_new && dst->tally_count != src->tally_count)
		return err_set(e, ERR_USAGE, 0, "has other publishers");
	for (size_t i = 0; i < src->tally_count; i++) {
		struct tally *t = &dst->tallies[i];

		if (is_new) {
			dst->tally_count++;
			if (copy_tally(t, &src->tallies[i]) < 0)
				return err_nomem(e);
		} else if (t->clients != src->tallies[i].clients) {
			return err_set(e, ERR_USAGE, 0, "has other publishers");
		}
		add_tally(t, &src->tallies[i]);
	}
	return 0;
}
