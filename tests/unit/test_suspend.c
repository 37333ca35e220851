/* SPDX-License-Identifier: MIT */
/*
 * A machine that is suspended and resumed, for the receive loop and the
 * client. It cannot be done for real in a test, so the clock and the timer
 * are between us and the kernel (local.mk: --wrap), and do what the kernel
 * does: CLOCK_BOOTTIME goes on, a timer of that clock is due when the machine
 * wakes up, and all that waits on the monotonic clock, epoll's timeout too,
 * has not noticed anything.
 */
#include <errno.h>
#include <sys/timerfd.h>
#include <time.h>

#include "client/loop.h"
#include "client_setup.h"

enum { TIMERS = 64 };

int __real_clock_gettime(clockid_t id, struct timespec *t);
int __real_timerfd_create(clockid_t id, int flags);
int __real_timerfd_settime(int fd, int flags, const struct itimerspec *new,
			   struct itimerspec *old);
int __wrap_clock_gettime(clockid_t id, struct timespec *t);
int __wrap_timerfd_create(clockid_t id, int flags);
int __wrap_timerfd_settime(int fd, int flags, const struct itimerspec *new,
			   struct itimerspec *old);

int __real_pthread_cond_timedwait(pthread_cond_t *c, pthread_mutex_t *m,
				  const struct timespec *until);
int __wrap_pthread_cond_timedwait(pthread_cond_t *c, pthread_mutex_t *m,
				  const struct timespec *until);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static time_t slept;         /* seconds in all */
static time_t due[TIMERS];   /* by descriptor: what was asked for; 0 */
static bool is_boot[TIMERS]; /* that clock, and no other */

int __wrap_clock_gettime(clockid_t id, struct timespec *t)
{
	int r = __real_clock_gettime(id, t);

	pthread_mutex_lock(&lock);
	if (id == CLOCK_BOOTTIME)
		t->tv_sec += slept;
	pthread_mutex_unlock(&lock);
	return r;
}

int __wrap_timerfd_create(clockid_t id, int flags)
{
	int fd = __real_timerfd_create(id, flags);

	if (ok(fd >= 0 && fd < TIMERS)) {
		is_boot[fd] = id == CLOCK_BOOTTIME;
		due[fd] = 0;
	}
	return fd;
}

static atomic_int longest_wait; /* s, on a condition */

int __wrap_pthread_cond_timedwait(pthread_cond_t *c, pthread_mutex_t *m,
				  const struct timespec *until)
{
	int s = (int)(until->tv_sec - (time_t)(clock_now() / CLOCK_SEC));

	if (s > atomic_load(&longest_wait))
		atomic_store(&longest_wait, s);
	return __real_pthread_cond_timedwait(c, m, until);
}

static int arm(int fd, time_t left_out, long ns)
{
	struct itimerspec t = { .it_value = { left_out, ns } };

	if (t.it_value.tv_sec < 0 || (!t.it_value.tv_sec && !ns))
		t.it_value = (struct timespec){ .tv_nsec = 1 };
	return __real_timerfd_settime(fd, TFD_TIMER_ABSTIME, &t, NULL);
}

int __wrap_timerfd_settime(int fd, int flags, const struct itimerspec *new,
			   struct itimerspec *old)
{
	int r;

	(void)flags;
	(void)old;
	pthread_mutex_lock(&lock);
	due[fd] = new->it_value.tv_sec;
	r = arm(fd, due[fd] - (is_boot[fd] ? slept : 0), new->it_value.tv_nsec);
	pthread_mutex_unlock(&lock);
	return r;
}

static void suspend(time_t seconds)
{
	pthread_mutex_lock(&lock);
	slept += seconds;
	for (int fd = 0; fd < TIMERS; fd++)
		if (is_boot[fd] && due[fd])
			(void)arm(fd, due[fd] - slept, 999999999);
	pthread_mutex_unlock(&lock);
}

/* --- the loop --------------------------------------------------------- */

static atomic_int fired;

static void count_fired(struct timer *t, uint64_t now)
{
	(void)t;
	(void)now;
	atomic_fetch_add(&fired, 1);
}

static struct loop *the_loop;
static struct timer far = { .on_due = count_fired };

static void set_far(struct task *t)
{
	(void)t;
	is_int(loop_set_timer(the_loop, &far, within(60000)), 0);
}

static void a_far_timer_is_due_on_waking_up(void)
{
	struct task task = { .run = set_far };
	struct err e;

	the_loop = loop_new("test", &e);
	is_int(loop_start(the_loop, &e), 0);
	loop_post(the_loop, &task);
	usleep(100000); /* it sleeps by now, or will see the time */
	suspend(30);
	usleep(100000);
	is_int(atomic_load(&fired), 0, "not before its time");
	suspend(40);
	wait_for(&fired, 1);
	is_int(atomic_load(&fired), 1);
	loop_stop(the_loop);
	loop_free(the_loop);
}

/* --- the client ------------------------------------------------------- */

static void script_long(struct peer *p)
{
	struct packet k;

	peer_accept(p);
	peer_welcome(p, false);
	(void)peer_expect(p, PACKET_PUBLISH, &k);
	atomic_store(&p->step, 1);
	/* No PUBACK: and the connection was forgotten meanwhile. */
	if (!peer_ready(p, p->listen_fd))
		return;
	peer_accept(p);
	peer_welcome(p, true);
	if (peer_expect(p, PACKET_PUBLISH, &k) && !k.publish.dup)
		atomic_store(&p->has_failed, true);
	peer_ack(p, PACKET_PUBACK, k.publish.pid);
	(void)peer_expect(p, PACKET_DISCONNECT, &k);
}

static void beyond_the_keepalive_it_connects_again_at_once(void)
{
	struct client *c;
	struct peer p;
	struct err e;

	peer_start(&p, script_long);
	usual_params(p.port);
	params.keep_session = true;
	c = new_client();
	is_int(client_connect(c, within(5000), &e), 0);
	is_int(publish(c, "kept", 1, &e), 0);
	client_flush(c);
	wait_for(&p.step, 1);
	suspend(120); /* more than one and a half of 60 */
	is_int(client_drain(c, within(90000), &e), 0, "%s", e.text);
	/* Had nobody woken us, we would have looked at the time. */
	ok(atomic_load(&longest_wait) <= 11);
	is_int(atomic_load(&ups), 2);
	is_int(atomic_load(&downs), 1);
	client_disconnect(c, NULL, within(5000), &e);
	client_free(c);
	ok(peer_join(&p));
}

static void script_short(struct peer *p)
{
	static const uint8_t pong[] = { 0xD0, 0 };
	struct packet k;

	peer_accept(p);
	peer_welcome(p, false);
	atomic_store(&p->step, 1);
	(void)peer_expect(p, PACKET_PINGREQ, &k);
	(void)!write(p->fd, pong, sizeof(pong));
	atomic_store(&p->step, 2);
	(void)peer_expect(p, PACKET_DISCONNECT, &k);
}

static void within_the_keepalive_it_pings_at_once(void)
{
	struct client *c;
	struct peer p;
	struct err e;

	peer_start(&p, script_short);
	usual_params(p.port);
	c = new_client();
	is_int(client_connect(c, within(5000), &e), 0);
	wait_for(&p.step, 1);
	suspend(80); /* the ping was due long ago: it has its whole time */
	wait_for(&p.step, 2);
	client_disconnect(c, NULL, within(5000), &e);
	is_int(atomic_load(&ups), 1);
	is_int(atomic_load(&downs), 0);
	client_free(c);
	ok(peer_join(&p));
}

static void script_gone(struct peer *p)
{
	struct packet k;

	peer_accept(p);
	peer_welcome(p, false);
	(void)peer_expect(p, PACKET_PUBLISH, &k);
	peer_close(p);
	peer_accept(p);
	peer_welcome(p, false);
	atomic_store(&p->step, 2);
	(void)peer_expect(p, PACKET_DISCONNECT, &k);
}

static void a_delay_passes_in_sleep_too(void)
{
	struct client *c;
	struct peer p;
	struct err e;

	peer_start(&p, script_gone);
	usual_params(p.port);
	params.reconnect.delay = 3600 * CLOCK_SEC;
	params.reconnect.max_delay = 3600 * CLOCK_SEC;
	params.reconnect.seed = 7;
	c = new_client();
	is_int(client_connect(c, within(5000), &e), 0);
	is_int(publish(c, "and gone", 0, &e), 0);
	wait_for(&downs, 1);
	usleep(100000);
	is_int(atomic_load(&ups), 1, "it waits");
	suspend(3600);
	wait_for(&p.step, 2);
	wait_for(&ups, 2);
	is_int(atomic_load(&ups), 2);
	client_disconnect(c, NULL, within(5000), &e);
	client_free(c);
	ok(peer_join(&p));
}

TEST_MAIN(T(a_far_timer_is_due_on_waking_up),
	  T(beyond_the_keepalive_it_connects_again_at_once),
	  T(within_the_keepalive_it_pings_at_once),
	  T(a_delay_passes_in_sleep_too))
