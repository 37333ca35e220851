/* SPDX-License-Identifier: MIT */
#ifndef CLIENT_LOOP_H
#define CLIENT_LOOP_H

/*
 * A receive thread: epoll over blocking sockets, timers in a heap, tasks
 * posted by other threads. One loop serves one connection or a hundred
 * thousand; a pool has several loops and pins each connection to one.
 *
 * Everything here runs on the loop's own thread unless it says "any thread":
 * watches, timers and their callbacks belong to that thread, and callbacks
 * run with no lock held. Before loop_start() the creating thread counts as
 * the loop's. The loop owns its epoll set and eventfd, never the watches,
 * timers or descriptors it is told of. Remove a watch before its descriptor
 * is closed.
 *
 * Time is clock_boot(): deadlines go on while the machine is suspended.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/heap.h"

struct loop;

struct watch {
	/* events: EPOLLIN, EPOLLOUT, EPOLLERR, EPOLLHUP as reported. The
	 * callback may change or remove any watch, also its own. */
	void (*on_ready)(struct watch *w, uint32_t events);
	int fd;          /* -1 when not watched */
	uint32_t events; /* what is asked for now */
};

struct timer {
	struct heap_node node;
	void (*on_due)(struct timer *t, uint64_t now);
};

/* Work for the loop's thread from another one; lives in its owner and can
 * be posted again once it has started to run. */
struct task {
	struct task *next;
	bool is_posted;
	void (*run)(struct task *t);
};

/* name: thread name, at most 15 characters are kept. NULL with e. */
struct loop *loop_new(const char *name, struct err *e);
/* Starts the thread. All signals are blocked in it. */
int loop_start(struct loop *l, struct err *e) MUST_CHECK;
/* Asks the thread to end after its current turn and joins it. Any other
 * thread; idempotent. Posted tasks that have not run are run first. */
void loop_stop(struct loop *l);
void loop_free(struct loop *l);

bool loop_is_current(const struct loop *l); /* any thread */
uint64_t loop_now(const struct loop *l);    /* clock of this turn */
uint64_t loop_refresh_now(struct loop *l);  /* asks the clock again */

/* events may be 0 (errors and hang-ups are always reported). */
int loop_watch(struct loop *l, struct watch *w, int fd, uint32_t events,
	       struct err *e) MUST_CHECK;
/* No system call when nothing changes. */
void loop_rewatch(struct loop *l, struct watch *w, uint32_t events);
/* Idempotent; no callback of w comes after it, not even in this turn. */
void loop_unwatch(struct loop *l, struct watch *w);

/* Sets or moves a timer; CLOCK_NEVER stops it. -1 when out of memory. */
int loop_set_timer(struct loop *l, struct timer *t, uint64_t deadline);
void loop_stop_timer(struct loop *l, struct timer *t);

/* Any thread. Runs t->run on the loop's thread soon; a task that is already
 * posted is not posted twice. Wakes the loop only when it may sleep. */
void loop_post(struct loop *l, struct task *t);

/* A hint that an answer is due within microseconds: the loop polls for up
 * to `ns` before it sleeps. Used while acknowledgements are awaited. */
void loop_spin(struct loop *l, uint64_t ns);

/* Large scratch storage for one read: take it empty, give it back. */
struct buf loop_take_scratch(struct loop *l);
void loop_give_scratch(struct loop *l, struct buf *b);

/* Is told when each turn's work began and ended: how long a loop keeps what
 * has arrived waiting. NULL ends it. Before loop_start(), or on the loop's
 * thread. Costs nothing but the call. */
void loop_observe(struct loop *l,
		  void (*on_turn)(void *ctx, uint64_t begin, uint64_t end),
		  void *ctx);

/* Runs one turn on the calling thread (tests, and tools without a thread of
 * their own): waits at most until `deadline`. */
void loop_turn(struct loop *l, uint64_t deadline);

#endif
