/* SPDX-License-Identifier: MIT */
#ifndef CLIENT_SYNC_H
#define CLIENT_SYNC_H

/*
 * Mutex and condition with lock annotations, and a coalescing eventfd. The
 * only place that calls pthread's locking functions. Any thread; each object
 * is owned by the module that embeds it.
 *
 * Nobody blocks in the kernel while holding a mutex: waiting is done on a
 * condition (which releases it) or in epoll_wait without it.
 */

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"

struct CAPABILITY("mutex") mutex {
	pthread_mutex_t m;
};

struct cond {
	pthread_cond_t c;
};

void mutex_init(struct mutex *m);
void mutex_release(struct mutex *m);
/* NULL: what it would guard is one thread's alone. */
static inline void mutex_lock(struct mutex *m) ACQUIRE(m) NO_LOCK_CHECK
{
	if (m)
		pthread_mutex_lock(&m->m);
}
static inline void mutex_unlock(struct mutex *m) RELEASE(m) NO_LOCK_CHECK
{
	if (m)
		pthread_mutex_unlock(&m->m);
}

void cond_init(struct cond *c);
void cond_release(struct cond *c);
void cond_broadcast(struct cond *c);
/* Waits until woken or until `deadline` of clock_boot() (CLOCK_NEVER: no
 * limit). Wakes up without cause too, every CLOCK_NAP at least: always call it
 * in a loop. */
void cond_wait(struct cond *c, struct mutex *m, uint64_t deadline) REQUIRES(m);

/* A new non-blocking, close-on-exec eventfd; -1 with e (ERR_LOCAL). */
int event_new(struct err *e);
void event_raise(int fd);
void event_clear(int fd);

#endif
