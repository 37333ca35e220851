/* SPDX-License-Identifier: MIT */
/*
 * A generator that only receives and is slow at it: what is late then is not
 * the broker's fault, and the verdict says so. The load comes from another
 * process, which is never slowed.
 */
#include "test.h"

#include <signal.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "bench_run.h"

#define DELAY (100 * CLOCK_MSEC) /* of the peer: what is to be measured */
#define SLOWNESS (400 * CLOCK_MSEC)

static atomic_bool is_slow;

/* A processor that needs so long for what has arrived; see local.mk. */
ssize_t __real_recv(int fd, void *p, size_t n, int flags);
ssize_t __wrap_recv(int fd, void *p, size_t n, int flags);

ssize_t __wrap_recv(int fd, void *p, size_t n, int flags)
{
	uint64_t end = clock_boot() + SLOWNESS;

	while (atomic_load(&is_slow) && clock_boot() < end)
		;
	return __real_recv(fd, p, n, flags);
}

static struct trial listener(void)
{
	return (struct trial){
		.yaml = "name: listener\n"
			"phases: {measure: 4s, drain: 1s}\n"
			"groups:\n"
			"  - {name: s, clients: 1, subscribe: [{filter: a}]}\n",
		.faults = "delay=100ms",
		.threads = 1,
		.epoch = 1,
	};
}

/* Publishes until it is killed. */
static pid_t publish(const struct trial *to)
{
	struct trial t = {
		.yaml = "name: publisher\n"
			"phases: {measure: 60s}\n"
			"groups:\n"
			"  - name: p\n"
			"    clients: 1\n"
			"    publish: [{topic: a, qos: 0, rate: 1000/s}]\n",
		.epoch = 1,
	};
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	if (trial_load(&t) == 0) {
		t.peer = to->peer;
		trial_execute(&t);
	}
	_exit(1);
}

static void listen_to(struct trial *t, bool slowly)
{
	pid_t pid;

	if (trial_begin(t) < 0)
		return;
	pid = publish(t);
	atomic_store(&is_slow, slowly);
	trial_execute(t);
	atomic_store(&is_slow, false);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	peer_stop(&t->peer);
	is_int(t->status, 0, "%s", t->err.text);
	ok(trial_value(t, "e2e.p50") >= (double)DELAY);
	trial_tell(t);
}

/* The reason that a verdict gives for what receiving took; NULL: none. */
static const struct verdict_reason *blamed_turns(const struct trial *t)
{
	const struct verdict *v = &t->result.verdict;

	for (size_t i = 0; i < v->count; i++)
		if (strstr(v->reasons[i].text, "a turn of a receive loop p"))
			return &v->reasons[i];
	return NULL;
}

static void slow_receiver_is_found_out(void)
{
	struct trial t = listener();
	const struct verdict_reason *why;

	listen_to(&t, true);
	why = blamed_turns(&t);
	ok(why != NULL);
	ok(t.result.verdict.trust != TRUST_VALID);
	/* It had no processor time left, unless others took it. */
	if (t.result.threads[0].cpu >= 0.9) {
		is_int(why ? why->trust : TRUST_VALID, TRUST_INVALID);
		is_int(t.result.verdict.bound, BOUND_GENERATOR);
	}
	trial_release(&t);
}

static void same_receiver_is_not_blamed_when_it_is_not_slow(void)
{
	struct trial t = listener();

	listen_to(&t, false);
	ok(blamed_turns(&t) == NULL);
	trial_release(&t);
}

TEST_MAIN(T(slow_receiver_is_found_out),
	  T(same_receiver_is_not_blamed_when_it_is_not_slow))
