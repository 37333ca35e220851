/* SPDX-License-Identifier: MIT */
#include "bench/actor.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>

#include "base/clock.h"

#define PROBE_EVERY CLOCK_SEC
#define WATCH_EVERY (10 * CLOCK_MSEC)
#define CALIBRATIONS 200
#define CALIBRATION_GAP UINT64_C(470123)

static void connect_due(struct timer *t, uint64_t now);
static void probe_due(struct timer *t, uint64_t now);
static void watch_due(struct timer *t, uint64_t now);
static void carry_out(struct task *t);
static void feed_hungry(struct task *t);

void worker_init(struct worker *w, struct run *r, unsigned number)
{
	w->run = r;
	w->number = number;
	w->connect_timer.on_due = connect_due;
	sending_init(w);
	w->probe_timer.on_due = probe_due;
	w->watch_timer.on_due = watch_due;
	w->task.run = carry_out;
	w->hungry_task.run = feed_hungry;
	heap_init(&w->due);
	pcg_init(&w->random, r->config->seed, number + 1);
}

void run_order(struct run *r, void (*order)(struct worker *w))
{
	size_t done = 0;

	for (size_t i = 0; i < r->worker_count; i++) {
		r->workers[i].order = order;
		r->workers[i].is_done = false;
		loop_post(r->workers[i].loop, &r->workers[i].task);
	}
	mutex_lock(&r->lock);
	while (done < r->worker_count) {
		if (r->workers[done].is_done)
			done++;
		else
			cond_wait(&r->done, &r->lock, CLOCK_NEVER);
	}
	mutex_unlock(&r->lock);
}

static void carry_out(struct task *t)
{
	struct worker *w = CONTAINER_OF(t, struct worker, task);

	w->order(w);
	mutex_lock(&w->run->lock);
	w->is_done = true;
	cond_broadcast(&w->run->done);
	mutex_unlock(&w->run->lock);
}

/* A list that cannot grow drops nothing that matters for long: a touched
 * connection is flushed with its next message, a hungry one is fed with its
 * next acknowledgement. */
static bool list_add(struct actor_list *l, struct actor *a)
{
	size_t cap = l->cap ? 2 * l->cap : 64;
	struct actor **v;

	if (l->count == l->cap) {
		v = reallocarray(l->v, cap, sizeof(*v));
		if (!v)
			return false;
		l->v = v;
		l->cap = cap;
	}
	l->v[l->count++] = a;
	return true;
}

/* ------------------------------------------------------------ connecting */

/* When the n-th client of this process's part of a crew is to connect. */
static uint64_t connect_time(const struct crew *c, uint64_t n)
{
	const struct run *r = c->run;
	double rate = r->scenario->connect.rate / r->config->shards;

	if (rate <= 0 || c->connect_begin == CLOCK_NEVER)
		return c->connect_begin;
	return c->connect_begin +
	       (uint64_t)((double)n / rate * (double)CLOCK_SEC);
}

/* The next client of the ramp, and when it is due; NULL at the end. Groups
 * that join later do not hold up those behind them. */
static struct actor *next_of_ramp(struct worker *w, uint64_t *ret_due)
{
	struct actor *a, *first = NULL;
	uint64_t due, earliest = CLOCK_NEVER;
	struct squad *s;

	for (size_t i = 0; i < w->run->crew_count; i++) {
		s = &w->squads[i];
		if (s->ramp_place == s->share.count)
			continue;
		a = &s->actors[s->ramp_place];
		due = connect_time(s->crew,
				   (actor_client(a) - s->crew->share.first) /
					   s->crew->share.step);
		if (first && due >= earliest)
			continue;
		first = a;
		earliest = due;
	}
	*ret_due = earliest;
	return first;
}

static void connect_more(struct worker *w)
{
	struct actor *a;
	uint64_t due;

	while (w->pending < w->pending_max) {
		if (w->queue_head < w->queue.count) {
			a = w->queue.v[w->queue_head++];
			if (w->queue_head == w->queue.count)
				w->queue_head = w->queue.count = 0;
			actor_connect(a, a->since);
			continue;
		}
		if (w->is_over)
			return;
		a = next_of_ramp(w, &due);
		if (!a || due > loop_refresh_now(w->loop)) {
			(void)loop_set_timer(w->loop, &w->connect_timer,
					     a ? due : CLOCK_NEVER);
			return;
		}
		a->squad->ramp_place++;
		actor_connect(a, due);
	}
}

void worker_connect_over(struct worker *w)
{
	if (w->pending-- == w->pending_max)
		w->room_since = loop_refresh_now(w->loop);
	connect_more(w);
}

/* Late by our doing is what was due before our timer came late, until it did,
 * and what could have begun and did not; the rest it waited for room. */
void worker_record_connect(struct worker *w, uint64_t due, uint64_t now)
{
	uint64_t could = w->room_since > due ? w->room_since : due;
	uint64_t lag = now > could ? now - could : 0;

	if (due >= w->ramp_late.from && due < w->ramp_late.to &&
	    could >= w->ramp_late.to)
		lag += w->ramp_late.to - due;
	hist_record(&w->timings[TIMING_LAG_CONNECT], lag);
	hist_record(&w->timings[TIMING_LAG_PENDING],
		    now > due + lag ? now - due - lag : 0);
	hist_record(&w->briefs[BRIEF_LAG], lag);
}

static void connect_due(struct timer *t, uint64_t now)
{
	struct worker *w = CONTAINER_OF(t, struct worker, connect_timer);

	w->ramp_late.from = t->node.deadline;
	w->ramp_late.to = now;
	connect_more(w);
}

void worker_reconnect(struct worker *w, struct actor *a, uint64_t due)
{
	a->since = due;
	if (w->is_over && !a->is_cleaner)
		return;
	if (w->pending < w->pending_max || !list_add(&w->queue, a))
		actor_connect(a, due);
}

static void observe_turn(void *ctx, uint64_t begin, uint64_t end)
{
	struct worker *w = ctx;

	w->busy += end - begin;
	worker_settle_handed(w);
	hist_record(&w->briefs[BRIEF_TURN], end - begin);
	if (w->sending_until)
		hist_record(&w->timings[TIMING_TURN], end - begin);
}

/* Times that are no multiples of a timer tick. */
static void calibrate_due(struct timer *t, uint64_t now)
{
	struct worker *w = CONTAINER_OF(t, struct worker, send_timer);

	now = loop_refresh_now(w->loop);
	hist_record(&w->floor, now - t->node.deadline);
	if (w->floor.total < CALIBRATIONS) {
		(void)loop_set_timer(w->loop, t, now + CALIBRATION_GAP);
		return;
	}
	sending_init(w);
	atomic_store(&w->is_calibrated, true);
}

void worker_calibrate(struct worker *w)
{
	(void)pthread_getcpuclockid(pthread_self(), &w->cpu_clock);
	/* The kernel may delay timers by 50 us unless told otherwise. */
	(void)prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
	w->send_timer.on_due = calibrate_due;
	(void)loop_set_timer(w->loop, &w->send_timer,
			     loop_refresh_now(w->loop) + CALIBRATION_GAP);
}

void worker_start_connecting(struct worker *w)
{
	loop_observe(w->loop, observe_turn, w);
	connect_more(w);
}

/* --------------------------------------------------------------- sending */

void worker_flush(struct worker *w)
{
	struct actor *a;

	for (size_t i = 0; i < w->touched.count; i++) {
		a = w->touched.v[i];
		a->is_touched = false;
		mutex_lock(a->conn.lock);
		conn_flush_locked(&a->conn);
		mutex_unlock(a->conn.lock);
	}
	w->touched.count = 0;
}

void worker_touch(struct worker *w, struct actor *a)
{
	if (!a->is_touched)
		a->is_touched = list_add(&w->touched, a);
}

static void start_closed(struct worker *w, struct squad *s)
{
	for (uint32_t i = 0; i < s->share.count; i++)
		worker_feed(w, &s->actors[i]);
}

/* The closed model knows on and off only: its stages switch it. */
static void stage_due(struct timer *t, uint64_t now)
{
	struct squad *s = CONTAINER_OF(t, struct squad, stage_timer);
	const struct run *r = s->worker->run;
	const struct stages *stages = scenario_stages(r->scenario,
						      s->crew->group);
	uint64_t at = now - r->send_begin, next = CLOCK_NEVER;

	s->may_send = now < r->send_end;
	if (stages && s->may_send) {
		s->may_send = stages_factor(stages, at) > 0;
		for (size_t i = stages->count; i-- > 0;)
			if (stages->list[i].begin + stages->list[i].duration >
			    at)
				next = r->send_begin + stages->list[i].begin +
				       stages->list[i].duration;
	}
	if (next > r->send_end && now < r->send_end)
		next = r->send_end;
	(void)loop_set_timer(s->worker->loop, t, next);
	if (s->may_send)
		start_closed(s->worker, s);
}

/* Who sends has timers that tell how late this thread is. One that only
 * receives lets messages wait just as long while it is kept from running, and
 * needs a timer to see that. */
static bool only_receives(const struct worker *w)
{
	const struct crew *c;
	bool receives = false;

	for (size_t i = 0; i < w->run->crew_count; i++) {
		c = w->squads[i].crew;
		if (w->squads[i].share.count == 0)
			continue;
		if (c->group->publish_count)
			return false;
		receives |= c->receives;
	}
	return receives;
}

/* Each time that was missed counts, as each message would; by itself, for
 * many of these would hide how late a few messages left. */
static void watch_due(struct timer *t, uint64_t now)
{
	struct worker *w = CONTAINER_OF(t, struct worker, watch_timer);
	uint64_t due = t->node.deadline;

	now = loop_refresh_now(w->loop);
	for (; due <= now; due += WATCH_EVERY)
		worker_record(w, TIMING_LAG_RECEIVE, due - w->run->epoch,
			      now - due);
	(void)loop_set_timer(w->loop, t, due);
}

static void begin_receiving(struct squad *s)
{
	for (uint32_t i = 0; i < s->share.count; i++)
		if (s->actors[i].receiver)
			receiver_begin(s->actors[i].receiver);
}

void worker_start_sending(struct worker *w)
{
	struct run *r = w->run;
	struct squad *s;

	w->has_begun = true;
	for (size_t i = 0; i < r->crew_count; i++)
		begin_receiving(&w->squads[i]);
	w->sending_until = r->send_end;
	sending_start(w);
	for (size_t i = 0; i < r->crew_count; i++) {
		s = &w->squads[i];
		s->stage_timer.on_due = stage_due;
		if (s->crew->is_closed && s->share.count)
			(void)loop_set_timer(w->loop, &s->stage_timer,
					     r->send_begin);
		churn_start(s);
	}
	(void)loop_set_timer(w->loop, &w->probe_timer,
			     r->send_begin + PROBE_EVERY);
	if (only_receives(w))
		(void)loop_set_timer(w->loop, &w->watch_timer, r->send_begin);
	connect_more(w); /* those who join now */
}

void worker_stop_sending(struct worker *w)
{
	struct run *r = w->run;

	sending_stop(w);
	loop_stop_timer(w->loop, &w->probe_timer);
	loop_stop_timer(w->loop, &w->watch_timer);
	w->sending_until = 0;
	for (size_t i = 0; i < r->crew_count; i++) {
		w->squads[i].may_send = false;
		loop_stop_timer(w->loop, &w->squads[i].stage_timer);
		churn_stop(&w->squads[i]);
	}
}

void worker_feed(struct worker *w, struct actor *a)
{
	if (a->is_hungry)
		return;
	a->is_hungry = list_add(&w->hungry, a);
	loop_post(w->loop, &w->hungry_task);
}

/* Each gets a helping; who could take more stands in line again. */
static void feed_hungry(struct task *t)
{
	struct worker *w = CONTAINER_OF(t, struct worker, hungry_task);
	size_t n = w->hungry.count;
	struct actor *a;

	for (size_t i = 0; i < n; i++) {
		a = w->hungry.v[i];
		a->is_hungry = false;
		actor_go_on(a);
		worker_touch(w, a);
	}
	w->hungry.count -= n;
	memmove(w->hungry.v, w->hungry.v + n,
		w->hungry.count * sizeof(*w->hungry.v));
	if (w->tidy.is_going)
		tidy_go_on(w);
	worker_flush(w);
}

/* -------------------------------------------------------------- figures */

void worker_record(struct worker *w, enum timing t, uint64_t intended,
		   uint64_t ns)
{
	if (run_measures(w->run, intended))
		hist_record(&w->timings[t], ns);
	if (t == TIMING_E2E)
		hist_record(&w->briefs[BRIEF_E2E], ns);
	else if (t == TIMING_PUB_ACK || t == TIMING_PUB_TOTAL)
		hist_record(&w->briefs[BRIEF_ACK], ns);
	else if (t == TIMING_LAG_TIMER || t == TIMING_LAG_RECEIVE)
		hist_record(&w->briefs[BRIEF_LAG], ns);
}

/* Kinds are worth telling apart only by their words; the server's name and
 * numbers in them would make each one different. */
void worker_add_cause(struct worker *w, const struct err *why)
{
	bool is_crowded = why->kind == ERR_RESOLVE && why->code == EBUSY;

	result_count_cause(is_crowded ? w->crowded : w->causes, why->text, 1);
	w->worst_kind = why->kind;
}

/* One idle connection a second is pinged: an answer that takes long tells of
 * a broker that stalls as a whole. */
static void probe_due(struct timer *t, uint64_t now)
{
	struct worker *w = CONTAINER_OF(t, struct worker, probe_timer);
	size_t crew = pcg_below(&w->random, (uint32_t)w->run->crew_count);
	struct squad *s = &w->squads[crew];
	struct actor *a;

	(void)loop_set_timer(w->loop, t, now + PROBE_EVERY);
	if (s->share.count == 0 || w->probed)
		return;
	a = &s->actors[pcg_below(&w->random, s->share.count)];
	if (a->state != ACTOR_READY || a->in_flight)
		return;
	w->probed = a;
	w->probed_at = loop_refresh_now(w->loop);
	mutex_lock(a->conn.lock);
	session_ping(a->conn.session, w->probed_at);
	conn_flush_locked(&a->conn);
	mutex_unlock(a->conn.lock);
	w->account.n[COUNT_PINGS]++;
}

static double thread_seconds(void)
{
	struct rusage u;

	getrusage(RUSAGE_THREAD, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

/* From outside: a thread that is busy would do so too late. */
double worker_cpu_seconds(const struct worker *w)
{
	struct timespec t;

	if (clock_gettime(w->cpu_clock, &t) < 0)
		return 0;
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

void worker_hand_over(struct worker *w)
{
	struct hist full;

	w->handover.account = w->account;
	for (int i = 0; i < BRIEF_COUNT; i++) {
		full = w->briefs[i];
		w->briefs[i] = w->handover.briefs[i];
		w->handover.briefs[i] = full;
		hist_clear(&w->briefs[i]);
	}
	w->handover.cpu = thread_seconds();
	w->handover.busy = w->busy;
}

void worker_disconnect_all(struct worker *w)
{
	struct squad *s;

	w->is_over = true;
	w->queue_head = w->queue.count = 0;
	loop_stop_timer(w->loop, &w->connect_timer);
	for (size_t i = 0; i < w->run->crew_count; i++) {
		s = &w->squads[i];
		for (uint32_t k = 0; k < s->share.count; k++)
			actor_leave(&s->actors[k], CHURN_DISCONNECT);
	}
}
