/* SPDX-License-Identifier: MIT */
/* The other half of base/crash.h, for the programs of the crash tests. */
#ifndef CRASH_POINTS
#define CRASH_POINTS
#endif
#include "base/crash.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

static unsigned long crash_at;
static bool is_late;
static atomic_ulong passed, commits; /* the latter from 0 or 1 */

/* Before main: the tools take variables of theirs out of the environment. */
__attribute__((constructor)) static void read_environment(void)
{
	const char *at = getenv("MQTT_TOOLS_CRASH_AT");
	const char *late = getenv("MQTT_TOOLS_COMMIT_LATE");

	crash_at = at ? strtoul(at, NULL, 10) : 0;
	unsetenv("MQTT_TOOLS_CRASH_AT");
	is_late = late;
	if (late)
		atomic_store(&commits, strtoul(late, NULL, 10) % 2);
	unsetenv("MQTT_TOOLS_COMMIT_LATE");
}

void crash_point(void)
{
	if (crash_at && atomic_fetch_add(&passed, 1) + 1 == crash_at)
		kill(getpid(), SIGKILL);
}

bool crash_commits_late(void)
{
	return is_late && atomic_fetch_add(&commits, 1) % 2 == 0;
}
