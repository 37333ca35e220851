/* SPDX-License-Identifier: MIT */
#ifndef BASE_CRASH_H
#define BASE_CRASH_H

/*
 * Points where a process may die, for tests of what survives that. In a
 * build with CRASH_POINTS the N-th point that is passed kills the process
 * when MQTT_TOOLS_CRASH_AT=N is in its environment; in any other build there
 * is nothing at all. With MQTT_TOOLS_COMMIT_LATE as well every other commit
 * is put off although it is said to be done: what the tests must notice; an
 * odd number there spares the first one. Any thread.
 */

#include <stdbool.h>

#ifdef CRASH_POINTS
void crash_point(void);
bool crash_commits_late(void);
#else
static inline void crash_point(void)
{
}
static inline bool crash_commits_late(void)
{
	return false;
}
#endif

#endif
