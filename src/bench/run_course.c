/* SPDX-License-Identifier: MIT */
#include "bench/run_private.h"

#include <math.h>

#include "base/clock.h"
#include "bench/host.h"

uint64_t run_sum(const struct run *r, size_t offset)
{
	uint64_t n = 0;

	for (size_t i = 0; i < r->worker_count; i++) {
		const char *p = (const char *)&r->workers[i].progress;

		n += atomic_load_explicit(
			(const atomic_uint_fast64_t *)(const void *)(p +
								     offset),
			memory_order_relaxed);
	}
	return n;
}

/* Who only listens takes what comes. */
static uint64_t delivered(const struct run *r, const struct account *a)
{
	return a->n[COUNT_UNIQUE] + (r->entry_count ? 0 : a->n[COUNT_UNMARKED]);
}

static struct own_delay own_delay_of(const struct hist *h)
{
	return (struct own_delay){
		.count = h->total,
		.p99 = hist_has_enough(h, 99) ? hist_percentile(h, 99, 0) : 0,
		.max = h->max,
	};
}

static void fill_briefs(struct run *r, struct interval *i)
{
	struct hist *all[BRIEF_COUNT];

	for (int b = 0; b < BRIEF_COUNT; b++) {
		all[b] = &r->workers[0].handover.briefs[b];
		for (size_t w = 1; w < r->worker_count; w++)
			hist_merge(all[b], &r->workers[w].handover.briefs[b]);
	}
	i->e2e_count = all[BRIEF_E2E]->total;
	i->e2e_mean = hist_mean(all[BRIEF_E2E]);
	i->ack_mean = hist_mean(all[BRIEF_ACK]);
	i->e2e_p50 = hist_percentile(all[BRIEF_E2E], 50, 0);
	i->e2e_p99 = hist_percentile(all[BRIEF_E2E], 99, 0);
	i->e2e_max = all[BRIEF_E2E]->max;
	i->ack_count = all[BRIEF_ACK]->total;
	i->ack_p50 = hist_percentile(all[BRIEF_ACK], 50, 0);
	i->ack_p99 = hist_percentile(all[BRIEF_ACK], 99, 0);
	i->lag = own_delay_of(all[BRIEF_LAG]);
	i->turn = own_delay_of(all[BRIEF_TURN]);
	for (int b = 0; b < BRIEF_COUNT; b++)
		for (size_t w = 0; w < r->worker_count; w++)
			hist_clear(&r->workers[w].handover.briefs[b]);
}

/* How this program and its machine fared. */
static void fill_health(struct run *r, struct course *c, struct interval *i)
{
	const double cpu = host_cpu_seconds(0), steal = host_steal_seconds();
	const double throttled = host_throttled_seconds();
	struct worker *w;

	i->memory = host_resident(0);
	if (i->length > 0) {
		i->cpu = (cpu - c->cpu) / i->length;
		i->throttled = (throttled - c->throttled) / i->length;
		i->steal = (steal - c->steal) / i->length / host_cpus();
	}
	for (size_t n = 0; n < r->worker_count; n++) {
		w = &r->workers[n];
		if (i->length > 0)
			i->thread_cpu = fmax(i->thread_cpu,
					     (w->handover.cpu - w->told_cpu) /
						     i->length);
		w->told_cpu = w->handover.cpu;
	}
	c->cpu = cpu;
	c->throttled = throttled;
	c->steal = steal;
}

/* Counted from the begin of sending, which all shards have in common. A
 * remainder is too short for an interval of its own. */
static uint64_t next_interval(const struct run *r, uint64_t now)
{
	uint64_t length = r->config->interval, gone, next;

	if (!r->send_begin)
		return now + length;
	gone = now >= r->send_begin
		       ? (now - r->send_begin) % length
		       : length - 1 - (r->send_begin - now - 1) % length;
	next = now + length - gone;
	return next - now < length / 2 ? next + length : next;
}

void course_begin(const struct run *r, struct course *c)
{
	*c = (struct course){ .last = clock_boot(),
			      .cpu = host_cpu_seconds(0),
			      .throttled = host_throttled_seconds(),
			      .steal = host_steal_seconds() };
	c->next = c->last + r->config->interval;
}

void course_align(const struct run *r, struct course *c)
{
	c->next = next_interval(r, clock_boot());
}

static void count(const struct run *r, const struct course *c,
		  struct interval *i)
{
	const struct account *now = &r->result->account, *then = &c->before;

	i->connected = RUN_SUM(r, connected);
	i->connects = now->n[COUNT_CONNECTED] - then->n[COUNT_CONNECTED];
	i->sent = now->n[COUNT_SENT] - then->n[COUNT_SENT];
	i->delivered = delivered(r, now) - delivered(r, then);
	i->errors = account_errors(now) - account_errors(then);
}

static void tell(struct run *r, const struct interval *i)
{
	const char *stop = NULL;

	if (!r->config->on_interval)
		return;
	r->config->on_interval(r->config->ctx, r->result, i, &stop);
	if (stop)
		run_stop(r, ERR_NO, stop);
}

void course_collect(struct run *r, struct course *c)
{
	uint64_t now = clock_boot();
	struct account *total = &r->result->account;
	struct interval i = {
		.at = r->send_begin ? ((double)now - (double)r->send_begin) /
					      (double)CLOCK_SEC
				    : -1,
		.length = (double)(now - c->last) / (double)CLOCK_SEC,
		.phase = r->phase,
		.broker_cpu = -1,
	};

	run_order(r, worker_hand_over);
	*total = (struct account){ 0 };
	for (size_t w = 0; w < r->worker_count; w++)
		account_add(total, &r->workers[w].handover.account);
	count(r, c, &i);
	fill_health(r, c, &i);
	fill_briefs(r, &i);
	if (r->config->sample_broker)
		r->config->sample_broker(r->config->ctx, &i);
	if (result_add_interval(r->result, &i) < 0)
		r->result->untracked++;
	c->before = *total;
	c->last = now;
	c->next = next_interval(r, now);
	tell(r, &i);
}
