/* SPDX-License-Identifier: MIT */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

/*
 * The only place that asks the system for the time. Any thread may call it;
 * it owns nothing. All times of the project are unsigned 64-bit nanoseconds.
 *
 * clock_now() is monotonic and is what deadlines and measurements use.
 * clock_boot() goes on while the machine sleeps: keepalive and reconnect
 * deadlines use it so that a suspended laptop finds out at once.
 */

#include <stdint.h>

#define CLOCK_MSEC UINT64_C(1000000)
#define CLOCK_SEC UINT64_C(1000000000)
#define CLOCK_NEVER UINT64_MAX

uint64_t clock_now(void);  /* CLOCK_MONOTONIC */
uint64_t clock_boot(void); /* CLOCK_BOOTTIME */
uint64_t clock_wall(void); /* CLOCK_REALTIME, ns since 1970 */

/* poll() and conditions wait on a clock that stands still while the machine
 * sleeps. Who has a deadline waits no longer than this at once, and looks
 * again: what passed in a suspend is seen that soon after it. */
#define CLOCK_NAP (10 * CLOCK_SEC)

/* deadline - now in milliseconds for poll(), rounded up, but no more than
 * CLOCK_NAP: call it in a loop. -1 for NEVER. */
int clock_poll_timeout(uint64_t deadline, uint64_t now);

/* now + ns without wrapping; CLOCK_NEVER stays CLOCK_NEVER. */
uint64_t clock_add(uint64_t now, uint64_t ns);

static inline uint64_t clock_earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

#endif
