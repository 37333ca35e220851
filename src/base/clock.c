/* SPDX-License-Identifier: MIT */
#include "base/clock.h"

#include <time.h>

static uint64_t clock_read(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * CLOCK_SEC + (uint64_t)t.tv_nsec;
}

uint64_t clock_now(void)
{
	return clock_read(CLOCK_MONOTONIC);
}

uint64_t clock_boot(void)
{
	return clock_read(CLOCK_BOOTTIME);
}

uint64_t clock_wall(void)
{
	return clock_read(CLOCK_REALTIME);
}

int clock_poll_timeout(uint64_t deadline, uint64_t now)
{
	uint64_t left;

	if (deadline == CLOCK_NEVER)
		return -1;
	if (deadline <= now)
		return 0;
	left = deadline - now < CLOCK_NAP ? deadline - now : CLOCK_NAP;
	return (int)((left - 1) / CLOCK_MSEC + 1);
}

uint64_t clock_add(uint64_t now, uint64_t ns)
{
	return ns > CLOCK_NEVER - now ? CLOCK_NEVER : now + ns;
}
