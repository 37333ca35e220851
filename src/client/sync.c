/* SPDX-License-Identifier: MIT */
#include "client/sync.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

void mutex_init(struct mutex *m)
{
	pthread_mutex_init(&m->m, NULL);
}

void mutex_release(struct mutex *m)
{
	pthread_mutex_destroy(&m->m);
}

void cond_init(struct cond *c)
{
	pthread_condattr_t a;

	pthread_condattr_init(&a);
	pthread_condattr_setclock(&a, CLOCK_MONOTONIC);
	pthread_cond_init(&c->c, &a);
	pthread_condattr_destroy(&a);
}

void cond_release(struct cond *c)
{
	pthread_cond_destroy(&c->c);
}

void cond_broadcast(struct cond *c)
{
	pthread_cond_broadcast(&c->c);
}

void cond_wait(struct cond *c, struct mutex *m, uint64_t deadline)
{
	uint64_t boot, mono;
	struct timespec ts;

	if (deadline == CLOCK_NEVER) {
		pthread_cond_wait(&c->c, &m->m);
		return;
	}
	boot = clock_boot();
	if (deadline <= boot)
		return;
	mono = deadline - boot < CLOCK_NAP ? deadline - boot : CLOCK_NAP;
	mono = clock_add(clock_now(), mono);
	ts.tv_sec = (time_t)(mono / CLOCK_SEC);
	ts.tv_nsec = (long)(mono % CLOCK_SEC);
	pthread_cond_timedwait(&c->c, &m->m, &ts);
}

int event_new(struct err *e)
{
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	if (fd < 0)
		return err_sys(e, ERR_LOCAL, "cannot create an eventfd");
	return fd;
}

void event_raise(int fd)
{
	uint64_t one = 1;
	ssize_t n;

	/* EAGAIN means that it is raised already. */
	do
		n = write(fd, &one, sizeof(one));
	while (n < 0 && errno == EINTR);
}

void event_clear(int fd)
{
	uint64_t count;
	ssize_t n;

	do
		n = read(fd, &count, sizeof(count));
	while (n < 0 && errno == EINTR);
}
