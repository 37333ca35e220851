/* SPDX-License-Identifier: MIT */
/* The receive loop: watches, timers, tasks, wake-ups, across threads too. */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/clock.h"
#include "client/loop.h"
#include "test.h"

struct end {
	struct watch watch;
	struct loop *loop;
	int calls;
	uint32_t last;
	struct end *victim; /* to be unwatched in the callback */
};

static void count_ready(struct watch *w, uint32_t events)
{
	struct end *e = CONTAINER_OF(w, struct end, watch);

	e->calls++;
	e->last = events;
	if (e->victim)
		loop_unwatch(e->loop, &e->victim->watch);
}

static struct loop *new_loop(void)
{
	struct err e;
	struct loop *l = loop_new("test", &e);

	ok(l != NULL);
	return l;
}

static void watch_end(struct loop *l, struct end *e, int fd, uint32_t events)
{
	e->watch.on_ready = count_ready;
	e->watch.fd = -1;
	e->loop = l;
	is_int(loop_watch(l, &e->watch, fd, events, NULL), 0);
}

static uint64_t soon(void)
{
	return clock_boot() + 20 * CLOCK_MSEC;
}

static void events_are_reported_and_masks_followed(void)
{
	struct loop *l = new_loop();
	struct end e = { 0 };
	int p[2];

	is_int(pipe(p), 0);
	watch_end(l, &e, p[0], EPOLLIN);
	loop_turn(l, soon());
	is_int(e.calls, 0);
	is_int(write(p[1], "x", 1), 1);
	loop_turn(l, soon());
	is_int(e.calls, 1);
	ok(e.last & EPOLLIN);
	loop_rewatch(l, &e.watch, 0);
	loop_turn(l, soon());
	is_int(e.calls, 1, "nothing while the mask is empty");
	loop_rewatch(l, &e.watch, EPOLLIN);
	loop_turn(l, soon());
	is_int(e.calls, 2);
	close(p[1]);
	loop_rewatch(l, &e.watch, 0);
	loop_turn(l, soon());
	is_int(e.calls, 3, "a hang-up is told whatever the mask");
	loop_unwatch(l, &e.watch);
	loop_unwatch(l, &e.watch);
	close(p[0]);
	loop_free(l);
}

/* 003: removed inside a callback of the same turn: no event after that. */
static void removed_watches_are_silent_in_the_same_turn(void)
{
	struct loop *l = new_loop();
	struct end a = { 0 }, b = { 0 };
	int p[2], q[2];

	is_int(pipe(p), 0);
	is_int(pipe(q), 0);
	watch_end(l, &a, p[0], EPOLLIN);
	watch_end(l, &b, q[0], EPOLLIN);
	a.victim = &b;
	b.victim = &a;
	is_int(write(p[1], "x", 1), 1);
	is_int(write(q[1], "x", 1), 1);
	loop_turn(l, soon());
	is_int(a.calls + b.calls, 1);
	loop_free(l);
	close(p[0]), close(p[1]), close(q[0]), close(q[1]);
}

/* 003: a descriptor number closed and opened again behind our back. */
static void a_recycled_descriptor_is_watched_again(void)
{
	struct loop *l = new_loop();
	struct end e = { 0 };
	int p[2], q[2], fd;

	is_int(pipe(p), 0);
	is_int(pipe(q), 0);
	watch_end(l, &e, p[0], 0);
	fd = p[0];
	close(p[0]);
	is_int(dup2(q[0], fd), fd);
	loop_rewatch(l, &e.watch, EPOLLIN);
	is_int(write(q[1], "x", 1), 1);
	loop_turn(l, soon());
	is_int(e.calls, 1);
	loop_unwatch(l, &e.watch);
	loop_free(l);
	close(fd), close(p[1]), close(q[0]), close(q[1]);
}

static char order[16];
static size_t order_len;

struct ticker {
	struct timer timer;
	char name;
};

static void tick(struct timer *t, uint64_t now)
{
	(void)now;
	order[order_len++] = CONTAINER_OF(t, struct ticker, timer)->name;
	order[order_len] = '\0';
}

static void timers_come_in_order_and_equal_ones_as_set(void)
{
	struct loop *l = new_loop();
	struct ticker t[4] = { 0 };
	uint64_t at = clock_boot() + CLOCK_MSEC;

	order_len = 0;
	for (int i = 0; i < 4; i++) {
		t[i].timer.on_due = tick;
		t[i].name = (char)('a' + i);
	}
	is_int(loop_set_timer(l, &t[3].timer, at + CLOCK_MSEC), 0);
	is_int(loop_set_timer(l, &t[0].timer, at), 0);
	is_int(loop_set_timer(l, &t[1].timer, at), 0);
	is_int(loop_set_timer(l, &t[2].timer, at), 0);
	is_int(loop_set_timer(l, &t[2].timer, CLOCK_NEVER), 0);
	while (order_len < 3 && clock_boot() < at + CLOCK_SEC)
		loop_turn(l, soon());
	is_str(order, "abd");
	loop_free(l);
}

static atomic_int runs;
static atomic_bool was_current;
static struct loop *task_loop;

static void run(struct task *t)
{
	(void)t;
	atomic_fetch_add(&runs, 1);
	atomic_store(&was_current, loop_is_current(task_loop));
}

static void wait_runs(int want)
{
	uint64_t end = clock_boot() + 5 * CLOCK_SEC;

	while (atomic_load(&runs) < want && clock_boot() < end)
		usleep(100);
}

static void tasks_of_other_threads_run_on_the_loop(void)
{
	struct loop *l = new_loop();
	struct task t = { .run = run };

	task_loop = l;
	atomic_store(&runs, 0);
	is_int(loop_start(l, NULL), 0);
	ok(!loop_is_current(l));
	for (int i = 1; i <= 100; i++) {
		loop_post(l, &t);
		wait_runs(i);
		is_int(atomic_load(&runs), i);
	}
	ok(atomic_load(&was_current));
	loop_stop(l);
	loop_stop(l);
	loop_free(l);
}

static void tasks_posted_before_the_stop_are_run(void)
{
	struct loop *l = new_loop();
	struct task t = { .run = run };

	for (int i = 0; i < 200; i++) {
		atomic_store(&runs, 0);
		task_loop = l = i ? new_loop() : l;
		is_int(loop_start(l, NULL), 0);
		loop_post(l, &t);
		loop_stop(l);
		is_int(atomic_load(&runs), 1);
		loop_free(l);
	}
}

struct storm {
	struct loop *loop;
	struct task tasks[50];
};

static void *post_storm(void *arg)
{
	struct storm *s = arg;

	for (int k = 0; k < 200; k++)
		for (int i = 0; i < 50; i++)
			loop_post(s->loop, &s->tasks[i]);
	return NULL;
}

/* No task is lost or run twice at once, whoever posts. */
static void many_posters_lose_nothing(void)
{
	struct storm s = { .loop = new_loop() };
	pthread_t th[4];

	task_loop = s.loop;
	for (int i = 0; i < 50; i++)
		s.tasks[i].run = run;
	atomic_store(&runs, 0);
	is_int(loop_start(s.loop, NULL), 0);
	for (int i = 0; i < 4; i++)
		is_int(pthread_create(&th[i], NULL, post_storm, &s), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(th[i], NULL);
	loop_stop(s.loop);
	ok(atomic_load(&runs) >= 50, "ran %d", atomic_load(&runs));
	for (int i = 0; i < 50; i++)
		ok(!s.tasks[i].is_posted);
	loop_free(s.loop);
}

static void scratch_is_lent_and_taken_back(void)
{
	struct loop *l = new_loop();
	struct buf a = loop_take_scratch(l), b = loop_take_scratch(l);
	uint8_t *p = a.data;

	ok(a.data && b.data && a.data != b.data);
	loop_give_scratch(l, &a);
	loop_give_scratch(l, &b);
	ok(!a.data && !b.data);
	a = loop_take_scratch(l);
	ok(a.data == p, "the same storage serves again");
	loop_give_scratch(l, &a);
	loop_free(l);
}

static void an_idle_loop_sleeps(void)
{
	struct loop *l = new_loop();
	uint64_t start = clock_boot();

	loop_turn(l, start + 50 * CLOCK_MSEC);
	ok(clock_boot() - start >= 49 * CLOCK_MSEC);
	loop_free(l);
}

TEST_MAIN(T(events_are_reported_and_masks_followed),
	  T(removed_watches_are_silent_in_the_same_turn),
	  T(a_recycled_descriptor_is_watched_again),
	  T(timers_come_in_order_and_equal_ones_as_set),
	  T(tasks_of_other_threads_run_on_the_loop),
	  T(tasks_posted_before_the_stop_are_run), T(many_posters_lose_nothing),
	  T(scratch_is_lent_and_taken_back), T(an_idle_loop_sleeps))
