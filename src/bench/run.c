/* SPDX-License-Identifier: MIT */
#include "bench/run_private.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "bench/actor.h"
#include "bench/host.h"

#define POLL (10 * CLOCK_MSEC) /* how often the progress is looked at */
#define CALIBRATION_MAX (2 * CLOCK_SEC)
#define HEAD_START (20 * CLOCK_MSEC) /* for the threads to hear of it */
#define DISCONNECT_MAX (5 * CLOCK_SEC)
#define QUIET CLOCK_SEC       /* nothing came for so long */
#define ALONE (5 * CLOCK_SEC) /* without any connection */
#define TIDY_MAX (30 * CLOCK_SEC)

void run_stop(struct run *r, enum err_kind kind, const char *why)
{
	r->must_stop = true;
	if (r->result->partial)
		return;
	r->result->partial = strdup(why);
	r->result->partial_status = (unsigned)kind;
}

/* One wish to stop is taken, others may follow. */
static void take_interrupt(struct run *r)
{
	event_clear(r->config->interrupt_fd);
	run_stop(r, ERR_NONE, "interrupted");
}

/* Who lost all connections and gets none back has no broker any more. Those
 * that were taken down on purpose do not count. */
static void look_for_broker(struct run *r, struct course *c)
{
	const struct account *a = &r->result->account;
	bool is_alone = RUN_SUM(r, connected) == 0 && a->n[COUNT_CONNECTED] &&
			a->n[COUNT_DISCONNECTS] && r->phase != RUN_CONNECT;

	if (!is_alone)
		c->alone_since = 0;
	else if (!c->alone_since)
		c->alone_since = clock_boot();
	else if (clock_boot() - c->alone_since > ALONE)
		run_stop(r, ERR_LOST,
			 "the broker is gone: all connections "
			 "were lost and none came back");
}

/* Sleeps until then, or until something has to be looked at; intervals are
 * reported on the way. */
static void doze(struct run *r, struct course *c, uint64_t until)
{
	uint64_t now = clock_boot(), wake = until < c->next ? until : c->next;
	struct pollfd p = { .fd = r->config->interrupt_fd, .events = POLLIN };
	struct timespec ts = { 0 };

	if (wake > now) {
		ts.tv_sec = (time_t)((wake - now) / CLOCK_SEC);
		ts.tv_nsec = (long)((wake - now) % CLOCK_SEC);
	}
	if (ppoll(&p, 1, &ts, NULL) > 0)
		take_interrupt(r);
	if (clock_boot() >= c->next) {
		course_collect(r, c);
		look_for_broker(r, c);
	}
}

static void wait_until(struct run *r, struct course *c, uint64_t until)
{
	while (!r->must_stop && clock_boot() < until)
		doze(r, c, until);
}

/* ----------------------------------------------------------------- phases */

static void calibrate(struct run *r)
{
	uint64_t end = clock_boot() + CALIBRATION_MAX;
	struct timespec ts = { .tv_nsec = (long)POLL };
	size_t done = 0;

	run_order(r, worker_calibrate);
	while (done < r->worker_count && clock_boot() < end) {
		if (atomic_load(&r->workers[done].is_calibrated))
			done++;
		else
			nanosleep(&ts, NULL);
	}
}

static void enter(struct run *r, struct course *c, enum run_phase p)
{
	/* The interval that is under way belongs to the old phase. */
	if (clock_boot() > c->last + POLL)
		course_collect(r, c);
	r->phase = p;
}

static uint64_t expected_clients(const struct run *r)
{
	uint64_t n = 0;

	for (size_t i = 0; i < r->crew_count; i++)
		if (!r->crews[i].group->join)
			n += r->crews[i].share.count;
	return n;
}

static const struct cause *most_frequent(const struct run *r, bool of_crowded,
					 enum err_kind *ret_kind)
{
	const struct cause *list, *worst = NULL;
	const struct worker *w;

	for (size_t i = 0; i < r->worker_count; i++) {
		w = &r->workers[i];
		list = of_crowded ? w->crowded : w->causes;
		for (size_t k = 0; k < RESULT_CAUSES; k++) {
			if (list[k].count &&
			    (!worst || list[k].count > worst->count)) {
				worst = &list[k];
				*ret_kind = w->worst_kind;
			}
		}
	}
	return worst;
}

/* The most frequent reason is the one to tell. */
static const struct cause *worst_cause(const struct run *r,
				       enum err_kind *ret_kind)
{
	const struct cause *worst;

	*ret_kind = ERR_CONNECT;
	worst = most_frequent(r, false, ret_kind);
	return worst ? worst : most_frequent(r, true, ret_kind);
}

static int none_connected(const struct run *r, struct err *e)
{
	enum err_kind kind;
	const struct cause *worst = worst_cause(r, &kind);

	if (worst)
		return err_set(e, kind, 0, "%s", worst->text);
	return err_set(e, ERR_CONNECT, 0, "no client could connect in time");
}

static void too_few(struct run *r, uint64_t ready, uint64_t all)
{
	char text[RESULT_TEXT + 80];
	enum err_kind kind;
	const struct cause *worst;

	run_order(r, worker_hand_over);
	worst = worst_cause(r, &kind);
	snprintf(text, sizeof(text), "only %ju of %ju clients connected%s%s",
		 (uintmax_t)ready, (uintmax_t)all, worst ? ": " : "",
		 worst ? worst->text : " in time");
	run_stop(r, kind, text);
}

static int connect_all(struct run *r, struct course *c, struct err *e)
{
	const struct phases *p = &r->scenario->phases;
	uint64_t all = expected_clients(r), ready = 0, gone = 0;
	uint64_t begin = clock_boot(), end = begin + p->start_deadline;
	double rate = r->scenario->connect.rate / r->config->shards;

	r->phase = RUN_CONNECT;
	r->begin = begin;
	for (size_t i = 0; i < r->crew_count; i++)
		if (!r->crews[i].group->join)
			r->crews[i].connect_begin =
				begin +
				(rate <= 0 ? 0
					   : (uint64_t)((double)r->crews[i]
								.first_connect /
							rate *
							(double)CLOCK_SEC));
	run_order(r, worker_start_connecting);
	while (!r->must_stop && clock_boot() < end && ready + gone < all) {
		doze(r, c, clock_boot() + POLL);
		ready = RUN_SUM(r, ready);
		gone = RUN_SUM(r, gone);
	}
	r->result->connect_time = (double)(clock_boot() - begin) /
				  (double)CLOCK_SEC;
	if (all && ready == 0 && !r->must_stop) {
		run_order(r, worker_hand_over);
		return none_connected(r, e);
	}
	if ((double)ready < floor(p->start_share * (double)all) &&
	    !r->must_stop)
		too_few(r, ready, all);
	return 0;
}

static void set_times(struct run *r)
{
	const struct phases *p = &r->scenario->phases;
	uint64_t now = clock_boot(), wall = clock_wall();

	r->send_begin = now + HEAD_START;
	if (r->meeting > now)
		r->send_begin = r->meeting;
	else if (r->config->start_at > wall)
		r->send_begin = now + (r->config->start_at - wall);
	if (!r->meeting && r->config->start_at)
		r->result->late_start = run_lateness(r->config->start_at, wall);
	r->measure_begin = r->send_begin + p->warmup;
	r->measure_end = p->measure ? r->measure_begin + p->measure
				    : CLOCK_NEVER;
	r->send_end = r->measure_end;
	r->result->started = (double)(wall + (r->send_begin - now)) / 1e9;
	for (size_t i = 0; i < r->crew_count; i++)
		if (r->crews[i].group->join)
			r->crews[i].connect_begin = r->send_begin +
						    r->crews[i].group->join;
}

static void wait_for_others(struct run *r, struct course *c)
{
	if (!r->config->may_begin)
		return;
	while (!r->must_stop &&
	       !r->config->may_begin(r->config->ctx, &r->meeting))
		doze(r, c, clock_boot() + POLL);
}

/* Scenarios with limits end when all is sent, not when the time is over. */
static bool has_limit(const struct run *r)
{
	for (size_t i = 0; i < r->entry_count; i++)
		if (r->entries[i].plan->arrival != ARRIVAL_TRACE &&
		    !r->entries[i].plan->count)
			return false;
	return r->entry_count > 0;
}

static bool has_more_to_send(const struct run *r)
{
	return RUN_SUM(r, sources) + RUN_SUM(r, quota) > 0;
}

/* Five messages of 5/s fill a second, though the last leaves before: else
 * they would look like more than 5/s. */
static uint64_t end_of_limits(const struct run *r)
{
	uint64_t longest = 0, length;

	for (size_t i = 0; i < r->entry_count; i++) {
		if (entry_is_closed(&r->entries[i]))
			continue;
		length = schedule_length(&r->entries[i].schedule);
		longest = length > longest ? length : longest;
	}
	return r->send_begin + longest;
}

static void measure(struct run *r, struct course *c)
{
	uint64_t limited = has_limit(r) ? end_of_limits(r) : CLOCK_NEVER;

	wait_until(r, c, clock_earlier(limited, r->measure_end));
	while (!r->must_stop && has_more_to_send(r) &&
	       clock_boot() < r->measure_end)
		doze(r, c, clock_earlier(clock_boot() + POLL, r->measure_end));
}

/* What the machine and the threads had used up at a moment. A thread that is
 * busy keeps the coordinator waiting, so the moment is noted, too. */
struct mark {
	uint64_t at;
	double throttled, steal;
};

static struct mark set_mark(struct run *r, int which)
{
	for (size_t i = 0; i < r->worker_count; i++)
		r->workers[i].cpu_marks[which] = worker_cpu_seconds(
			&r->workers[i]);
	return (struct mark){ clock_boot(), host_throttled_seconds(),
			      host_steal_seconds() };
}

static void compare_marks(struct run *r, const struct mark *a,
			  const struct mark *b)
{
	struct result *res = r->result;

	r->marked = (double)(b->at - a->at) / (double)CLOCK_SEC;
	if (r->marked <= 0)
		return;
	res->throttled = (b->throttled - a->throttled) / r->marked;
	res->steal = (b->steal - a->steal) / r->marked / host_cpus();
}

static void send_all(struct run *r, struct course *c)
{
	struct result *res = r->result;
	struct mark begin, end;

	set_times(r);
	course_align(r, c);
	run_order(r, worker_start_sending);
	enter(r, c, RUN_WARMUP);
	wait_until(r, c, r->measure_begin);
	begin = set_mark(r, 0);
	enter(r, c, RUN_MEASURE);
	measure(r, c);
	if (clock_boot() < r->measure_end)
		r->measure_end = r->send_end = clock_boot();
	end = set_mark(r, 1);
	res->measured = r->measure_end > r->measure_begin
				? (double)(r->measure_end - r->measure_begin) /
					  (double)CLOCK_SEC
				: 0;
	compare_marks(r, &begin, &end);
	res->memory = host_memory();
	run_order(r, worker_stop_sending);
}

static void drain(struct run *r, struct course *c)
{
	uint64_t end = clock_boot() + r->scenario->phases.drain, last = 0;
	uint64_t quiet_since = clock_boot();
	bool was_stopped = r->must_stop, is_quiet = false;

	enter(r, c, RUN_DRAIN);
	/* A second interrupt ends this too. */
	r->must_stop = false;
	while (!r->must_stop && clock_boot() < end &&
	       !run_has_all(r, is_quiet) &&
	       r->result->partial_status != ERR_LOST) {
		doze(r, c, clock_boot() + 5 * POLL);
		if (RUN_SUM(r, unique) != last)
			quiet_since = clock_boot();
		last = RUN_SUM(r, unique);
		is_quiet = clock_boot() - quiet_since > QUIET;
	}
	r->must_stop = r->must_stop || was_stopped;
}

static void count_rest(struct worker *w)
{
	uint64_t now = loop_refresh_now(w->loop);
	struct squad *s;

	sending_skip_rest(w);
	/* So far it was what publishes would be without aliases. */
	w->account.n[COUNT_BYTES_OUT] = 0;
	for (size_t i = 0; i < w->run->crew_count; i++) {
		s = &w->squads[i];
		for (uint32_t k = 0; k < s->share.count; k++) {
			actor_count_rest(&s->actors[k], now);
			actor_drop_requests(&s->actors[k]);
			actor_note_away(&s->actors[k]);
		}
	}
	/* What comes from now on is in no book. */
	w->is_counted = true;
}

/* Waits, but not for ever, and not when somebody is in a hurry. */
static void await(struct run *r, uint64_t within,
		  bool (*is_done)(const struct run *r))
{
	struct pollfd p = { .fd = r->config->interrupt_fd, .events = POLLIN };
	uint64_t end = clock_boot() + within;
	struct timespec ts = { .tv_nsec = (long)POLL };

	while (!is_done(r) && clock_boot() < end)
		if (ppoll(&p, 1, &ts, NULL) > 0) {
			take_interrupt(r);
			break;
		}
}

static bool are_tidy(const struct run *r)
{
	for (size_t i = 0; i < r->worker_count; i++)
		if (!atomic_load(&r->workers[i].progress.is_tidy))
			return false;
	return true;
}

static bool are_gone(const struct run *r)
{
	return RUN_SUM(r, gone) >= r->clients;
}

/* What the run has made at the broker goes with it. */
static void tidy_up(struct run *r)
{
	run_order(r, worker_remove_retained);
	await(r, TIDY_MAX, are_tidy);
	run_order(r, worker_disconnect_all);
	await(r, DISCONNECT_MAX, are_gone);
	run_order(r, worker_end_sessions);
	await(r, TIDY_MAX, are_gone);
	pool_stop(r->pool);
	tidy_count_rest(r);
}

/* ---------------------------------------------------------------- the end */

static int finish(struct run *r, struct course *c, struct err *e)
{
	run_order(r, count_rest);
	course_collect(r, c); /* of the phase that is over with it */
	r->phase = RUN_OVER;
	result_date_course(r->result);
	if (!r->result->memory)
		r->result->memory = host_memory();
	tidy_up(r);
	if (run_take_figures(r) < 0)
		return err_nomem(e);
	if (run_balance(r, e) < 0)
		return -1;
	run_count_late(r);
	return 0;
}

static int carry_out(struct run *r, struct err *e)
{
	struct course c;

	course_begin(r, &c);
	/* Unless it comes to sending, which is dated then. */
	r->result->started = (double)clock_wall() / 1e9;
	r->result->clients = r->clients;
	if (connect_all(r, &c, e) < 0)
		return -1;
	if (!r->must_stop) {
		enter(r, &c, RUN_SETTLE);
		if (run_build_route(r, e) < 0)
			return -1;
		run_note_others(r);
		wait_until(r, &c, clock_boot() + r->scenario->phases.settle);
		wait_for_others(r, &c);
	}
	if (!r->must_stop) {
		send_all(r, &c);
		drain(r, &c);
	}
	return finish(r, &c, e);
}

int run_execute(const struct run_config *config, struct result *res,
		struct err *e)
{
	struct run r = { .config = config,
			 .scenario = config->scenario,
			 .result = res };
	int result = -1;

	if (run_setup(&r, e) == 0) {
		calibrate(&r);
		r.epoch = config->epoch ? config->epoch : clock_boot();
		result = carry_out(&r, e);
	}
	run_teardown(&r);
	return result;
}
