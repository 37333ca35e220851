/* SPDX-License-Identifier: MIT */
#include "bench/listener.h"

#include <ctype.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TCP_LISTENING 0x0au
#define NAME_MAX_SIZE 64

/* The inode of a listening socket; 0 when there is none in that table. */
static uint64_t find_inode(const char *table, uint16_t port)
{
	FILE *f = fopen(table, "re");
	uint64_t found = 0, inode;
	unsigned local, state;
	char line[512];

	while (f && !found && fgets(line, sizeof(line), f))
		if (sscanf(line,
			   "%*d: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x "
			   "%*x:%*x %*x:%*x %*x %*u %*u %" SCNu64,
			   &local, &state, &inode) == 3 &&
		    local == port && state == TCP_LISTENING)
			found = inode;
	if (f)
		fclose(f);
	return found;
}

static bool has_socket(const char *pid, const char *name)
{
	char path[NAME_MAX_SIZE], link[NAME_MAX_SIZE];
	struct dirent *entry;
	bool found = false;
	DIR *dir;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%.20s/fd", pid);
	dir = opendir(path);
	while (dir && !found && (entry = readdir(dir))) {
		n = readlinkat(dirfd(dir), entry->d_name, link,
			       sizeof(link) - 1);
		link[n > 0 ? n : 0] = '\0';
		found = strcmp(link, name) == 0;
	}
	if (dir)
		closedir(dir);
	return found;
}

long listener_pid(uint16_t port)
{
	uint64_t inode = find_inode("/proc/net/tcp", port);
	char name[NAME_MAX_SIZE];
	struct dirent *entry;
	long found = 0;
	DIR *dir;

	if (!inode)
		inode = find_inode("/proc/net/tcp6", port);
	if (!inode)
		return 0;
	snprintf(name, sizeof(name), "socket:[%" PRIu64 "]", inode);
	dir = opendir("/proc");
	while (dir && !found && (entry = readdir(dir)))
		if (isdigit((unsigned char)entry->d_name[0]) &&
		    has_socket(entry->d_name, name))
			found = strtol(entry->d_name, NULL, 10);
	if (dir)
		closedir(dir);
	return found;
}
