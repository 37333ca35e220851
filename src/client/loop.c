/* SPDX-License-Identifier: MIT */
#include "client/loop.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/prefetch.h"
#include "client/sync.h"

#define LOOP_EVENTS 256
#define WATCH_AROUND 128
#define LOOP_SCRATCH ((size_t)256 * 1024)
/* epoll's timeout stands still while the machine is suspended; deadlines
 * farther away than this are backed by a timer of the boot clock. */
#define LOOP_SHORT (CLOCK_SEC)

struct loop {
	int epoll_fd, event_fd, timer_fd;
	uint64_t now;
	uint64_t woken; /* when this turn's work began; 0: no turn yet */
	void (*on_turn)(void *ctx, uint64_t begin, uint64_t end);
	void *turn_ctx;
	uint64_t timer_armed; /* deadline in timer_fd; CLOCK_NEVER: none */
	uint64_t spin_until;
	struct heap timers;
	struct buf scratch;
	struct epoll_event events[LOOP_EVENTS];
	int event_count, event_index; /* of the turn under way */

	pthread_t thread;
	bool has_thread;
	char name[16];
	atomic_bool is_stopping;
	atomic_bool is_running; /* thread is set and valid */

	struct mutex lock; /* posted tasks, is_asleep */
	struct task *first_task, **last_task;
	bool is_asleep;
};

static int watch_own(struct loop *l, int fd, struct err *e)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = NULL };

	if (epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, fd, &ev) < 0)
		return err_sys(e, ERR_LOCAL, "cannot watch a descriptor");
	return 0;
}

static int open_fds(struct loop *l, struct err *e)
{
	l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (l->epoll_fd < 0)
		return err_sys(e, ERR_LOCAL, "cannot create an epoll set");
	l->event_fd = event_new(e);
	if (l->event_fd < 0)
		return -1;
	l->timer_fd = timerfd_create(CLOCK_BOOTTIME,
				     TFD_NONBLOCK | TFD_CLOEXEC);
	if (l->timer_fd < 0)
		return err_sys(e, ERR_LOCAL, "cannot create a timer");
	if (watch_own(l, l->event_fd, e) < 0)
		return -1;
	return watch_own(l, l->timer_fd, e);
}

struct loop *loop_new(const char *name, struct err *e)
{
	struct loop *l = calloc(1, sizeof(*l));

	if (!l) {
		err_nomem(e);
		return NULL;
	}
	l->epoll_fd = l->event_fd = l->timer_fd = -1;
	l->timer_armed = CLOCK_NEVER;
	l->last_task = &l->first_task;
	l->now = clock_boot();
	heap_init(&l->timers);
	buf_init(&l->scratch, 0);
	mutex_init(&l->lock);
	memcpy(l->name, name, strnlen(name, sizeof(l->name) - 1));
	if (open_fds(l, e) < 0) {
		loop_free(l);
		return NULL;
	}
	return l;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

void loop_free(struct loop *l)
{
	if (!l)
		return;
	loop_stop(l);
	close_fd(l->timer_fd);
	close_fd(l->event_fd);
	close_fd(l->epoll_fd);
	heap_release(&l->timers);
	buf_release(&l->scratch);
	mutex_release(&l->lock);
	free(l);
}

bool loop_is_current(const struct loop *l)
{
	return !atomic_load(&l->is_running) ||
	       pthread_equal(l->thread, pthread_self());
}

uint64_t loop_now(const struct loop *l)
{
	return l->now;
}

uint64_t loop_refresh_now(struct loop *l)
{
	l->now = clock_boot();
	return l->now;
}

int loop_watch(struct loop *l, struct watch *w, int fd, uint32_t events,
	       struct err *e)
{
	struct epoll_event ev = { .events = events, .data.ptr = w };

	if (epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, fd, &ev) < 0)
		return err_sys(e, ERR_LOCAL, "cannot watch descriptor %d", fd);
	w->fd = fd;
	w->events = events;
	return 0;
}

void loop_rewatch(struct loop *l, struct watch *w, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = w };

	if (w->fd < 0 || w->events == events)
		return;
	w->events = events;
	/* ENOENT: the number was closed and opened again behind our back;
	 * the new descriptor takes the old one's place. */
	if (epoll_ctl(l->epoll_fd, EPOLL_CTL_MOD, w->fd, &ev) < 0 &&
	    errno == ENOENT)
		(void)epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, w->fd, &ev);
}

void loop_unwatch(struct loop *l, struct watch *w)
{
	int i;

	if (w->fd < 0)
		return;
	(void)epoll_ctl(l->epoll_fd, EPOLL_CTL_DEL, w->fd, NULL);
	w->fd = -1;
	w->events = 0;
	/* Events of this turn that were reported but not yet handled. */
	for (i = l->event_index; i < l->event_count; i++)
		if (l->events[i].data.ptr == w)
			l->events[i].data.ptr = NULL;
}

int loop_set_timer(struct loop *l, struct timer *t, uint64_t deadline)
{
	if (deadline == CLOCK_NEVER) {
		heap_remove(&l->timers, &t->node);
		return 0;
	}
	if (!heap_has(&t->node))
		return heap_insert(&l->timers, &t->node, deadline);
	if (t->node.deadline != deadline)
		heap_update(&l->timers, &t->node, deadline);
	return 0;
}

void loop_stop_timer(struct loop *l, struct timer *t)
{
	heap_remove(&l->timers, &t->node);
}

void loop_post(struct loop *l, struct task *t)
{
	bool must_wake = false;

	mutex_lock(&l->lock);
	if (!t->is_posted) {
		t->is_posted = true;
		t->next = NULL;
		*l->last_task = t;
		l->last_task = &t->next;
		must_wake = l->is_asleep;
		l->is_asleep = false; /* one wake is enough */
	}
	mutex_unlock(&l->lock);
	if (must_wake)
		event_raise(l->event_fd);
}

void loop_spin(struct loop *l, uint64_t ns)
{
	l->spin_until = clock_add(l->now, ns);
}

struct buf loop_take_scratch(struct loop *l)
{
	struct buf b = l->scratch;

	memset(&l->scratch, 0, sizeof(l->scratch));
	if (!b.data && !buf_reserve(&b, LOOP_SCRATCH))
		buf_init(&b, 0);
	return b;
}

void loop_give_scratch(struct loop *l, struct buf *b)
{
	buf_clear(b);
	/* Much larger storage was for one long message. */
	if (!l->scratch.data && b->cap >= LOOP_SCRATCH &&
	    b->cap <= 4 * LOOP_SCRATCH) {
		l->scratch = *b;
		memset(b, 0, sizeof(*b));
		return;
	}
	buf_release(b);
}

static void run_tasks(struct loop *l)
{
	struct task *t;

	for (;;) {
		mutex_lock(&l->lock);
		l->is_asleep = false;
		t = l->first_task;
		if (t) {
			l->first_task = t->next;
			if (!l->first_task)
				l->last_task = &l->first_task;
			t->is_posted = false;
		}
		mutex_unlock(&l->lock);
		if (!t)
			return;
		t->run(t);
	}
}

static void run_timers(struct loop *l)
{
	struct heap_node *n;
	struct timer *t;

	while ((n = heap_first(&l->timers)) && n->deadline <= l->now) {
		heap_remove(&l->timers, n);
		t = CONTAINER_OF(n, struct timer, node);
		t->on_due(t, l->now);
	}
}

/* What a watch belongs to lies around it. */
static void prefetch_owner(const struct watch *w)
{
	if (w)
		prefetch((const void *)((uintptr_t)w - WATCH_AROUND),
			 2 * WATCH_AROUND);
}

static void run_events(struct loop *l)
{
	struct watch *w;

	while (l->event_index < l->event_count) {
		struct epoll_event *ev = &l->events[l->event_index++];

		if (l->event_index < l->event_count)
			prefetch_owner(ev[1].data.ptr);
		w = ev->data.ptr;
		if (w)
			w->on_ready(w, ev->events);
	}
	l->event_index = l->event_count = 0;
}

/* Keeps the boot clock's timer on the head of the heap when that is far. */
static void arm_timer(struct loop *l, uint64_t deadline)
{
	struct itimerspec its = { 0 };

	if (deadline == CLOCK_NEVER || deadline - l->now < LOOP_SHORT ||
	    l->timer_armed == deadline)
		return;
	its.it_value.tv_sec = (time_t)(deadline / CLOCK_SEC);
	its.it_value.tv_nsec = (long)(deadline % CLOCK_SEC);
	if (timerfd_settime(l->timer_fd, TFD_TIMER_ABSTIME, &its, NULL) == 0)
		l->timer_armed = deadline;
}

/* Is there work already? If not, posters must wake us from now on. */
static bool fall_asleep(struct loop *l)
{
	bool is_idle;

	mutex_lock(&l->lock);
	is_idle = !l->first_task;
	l->is_asleep = is_idle;
	mutex_unlock(&l->lock);
	return is_idle && !atomic_load(&l->is_stopping);
}

static int wait_events(struct loop *l, uint64_t until)
{
	struct timespec ts = { 0 };
	struct timespec *timeout = &ts;
	int n;

	if (l->spin_until) {
		n = epoll_wait(l->epoll_fd, l->events, LOOP_EVENTS, 0);
		if (n != 0 || clock_boot() < l->spin_until)
			return n;
		l->spin_until = 0;
	}
	if (fall_asleep(l)) {
		if (until == CLOCK_NEVER) {
			timeout = NULL;
		} else if (until > l->now) {
			ts.tv_sec = (time_t)((until - l->now) / CLOCK_SEC);
			ts.tv_nsec = (long)((until - l->now) % CLOCK_SEC);
		}
	}
	return epoll_pwait2(l->epoll_fd, l->events, LOOP_EVENTS, timeout, NULL);
}

/* Our own descriptors carry no watch; they only end the sleep. */
static void clear_own(struct loop *l)
{
	int i;

	for (i = 0; i < l->event_count; i++) {
		if (l->events[i].data.ptr)
			continue;
		event_clear(l->event_fd);
		event_clear(l->timer_fd);
		return;
	}
}

void loop_observe(struct loop *l,
		  void (*on_turn)(void *ctx, uint64_t begin, uint64_t end),
		  void *ctx)
{
	l->on_turn = on_turn;
	l->turn_ctx = ctx;
}

void loop_turn(struct loop *l, uint64_t deadline)
{
	struct heap_node *head;
	uint64_t until = deadline;
	int n;

	run_tasks(l);
	head = heap_first(&l->timers);
	if (head && head->deadline < until)
		until = head->deadline;
	loop_refresh_now(l);
	if (l->on_turn && l->woken)
		l->on_turn(l->turn_ctx, l->woken, l->now);
	arm_timer(l, until);
	n = wait_events(l, until);
	l->woken = loop_refresh_now(l);
	if (l->timer_armed <= l->now)
		l->timer_armed = CLOCK_NEVER;
	l->event_count = n > 0 ? n : 0;
	l->event_index = 0;
	clear_own(l);
	run_events(l);
	run_timers(l);
}

static void *loop_main(void *arg)
{
	struct loop *l = arg;

	pthread_setname_np(pthread_self(), l->name);
	while (!atomic_load(&l->is_stopping))
		loop_turn(l, CLOCK_NEVER);
	run_tasks(l);
	return NULL;
}

int loop_start(struct loop *l, struct err *e)
{
	sigset_t all, old;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	/* The thread must find l->thread set when it asks who it is. */
	mutex_lock(&l->lock);
	r = pthread_create(&l->thread, NULL, loop_main, l);
	l->has_thread = r == 0;
	atomic_store(&l->is_running, r == 0);
	mutex_unlock(&l->lock);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (r != 0) {
		errno = r;
		return err_sys(e, ERR_LOCAL, "cannot start a thread");
	}
	return 0;
}

void loop_stop(struct loop *l)
{
	if (!l->has_thread)
		return;
	atomic_store(&l->is_stopping, true);
	event_raise(l->event_fd);
	pthread_join(l->thread, NULL);
	l->has_thread = false;
	atomic_store(&l->is_running, false);
}
