/* SPDX-License-Identifier: MIT */
#ifndef BASE_CRASH_H
#define BASE_CRASH_H

/*
 * Points where a process may die, for tests of what survives that. In a
 * build with CRASH_POINTS the N-th point that is passed kills the process
 * when MQTT_TOOLS_CRASH_AT=N is in its environment; in any other build there
 * is nothing at all. Any thread.
 */

#ifdef CRASH_POINTS
void crash_point(void);
#else
static inline void crash_point(void)
{
}
#endif

#endif
