/* SPDX-License-Identifier: MIT */
/* A disk that has only what was synced, for the programs of the crash tests.
 * With MQTT_TOOLS_POWER=DIR the directory that the program runs in is such a
 * disk, and what would be left of it is kept in DIR: NAME.data is a file as it
 * was when it was synced last, NAME.name is there if the directory was synced
 * with that name in it. What is in it at the start is there for sure. Each
 * sync is a point of base/crash.h before anything is kept; a test that makes
 * the directory anew of DIR after a kill has cut the power. */
#ifndef CRASH_POINTS
#define CRASH_POINTS
#endif
#include "base/crash.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int disk = -1; /* DIR */

static bool copy_all(int from, int to)
{
	char block[65536];
	off_t at = 0;
	ssize_t n;

	while ((n = pread(from, block, sizeof(block), at)) > 0) {
		if (pwrite(to, block, (size_t)n, at) != n)
			return false;
		at += n;
	}
	return n == 0;
}

static void fail(const char *what)
{
	perror(what);
	abort();
}

/* Another thread may kill us at any moment: all of it, or nothing. */
static void keep_data(const char *file, const char *name)
{
	char kept[NAME_MAX + 8], temp[NAME_MAX + 8];
	int from = open(file, O_RDONLY | O_CLOEXEC), to;

	snprintf(kept, sizeof(kept), "%s.data", name);
	snprintf(temp, sizeof(temp), "%s.temp", name);
	to = openat(disk, temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (from < 0 || to < 0 || !copy_all(from, to) ||
	    renameat(disk, temp, disk, kept) < 0)
		fail(name);
	close(from);
	close(to);
}

static void keep_name(const char *name)
{
	char kept[NAME_MAX + 8];
	int fd;

	snprintf(kept, sizeof(kept), "%s.name", name);
	fd = openat(disk, kept, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		fail(kept);
	close(fd);
}

/* Calls fn with what names in that directory have before the suffix. */
static void each_name(const char *dir, const char *suffix,
		      void (*fn)(const char *name))
{
	DIR *d = opendir(dir);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		size_t n = strlen(e->d_name), tail = strlen(suffix);

		if (*e->d_name == '.' || n < tail ||
		    strcmp(e->d_name + n - tail, suffix) != 0)
			continue;
		e->d_name[n - tail] = '\0';
		fn(e->d_name);
	}
	if (d)
		closedir(d);
}

static void forget_if_gone(const char *name)
{
	static const char *const suffixes[] = { "data", "name" };
	char kept[NAME_MAX + 8];

	if (access(name, F_OK) == 0)
		return;
	for (size_t i = 0; i < 2; i++) {
		snprintf(kept, sizeof(kept), "%s.%s", name, suffixes[i]);
		(void)unlinkat(disk, kept, 0);
	}
}

static void keep_names(void)
{
	char path[64];

	each_name(".", "", keep_name);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", disk);
	each_name(path, ".name", forget_if_gone);
}

static void keep_file(int fd)
{
	char link[64], path[PATH_MAX];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	if (n < 0)
		fail(link);
	path[n] = '\0';
	keep_data(link, strrchr(path, '/') + 1);
}

static void keep_at_start(const char *name)
{
	keep_data(name, name);
	keep_name(name);
}

__attribute__((constructor)) static void find_disk(void)
{
	const char *dir = getenv("MQTT_TOOLS_POWER");

	if (!dir)
		return;
	disk = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (disk < 0)
		fail(dir);
	unsetenv("MQTT_TOOLS_POWER");
	each_name(".", "", keep_at_start);
}

static int sync_by(long call, int fd)
{
	struct stat st;
	int r;

	if (disk < 0)
		return (int)syscall(call, fd);
	crash_point();
	r = fstat(fd, &st);
	if (r == 0 && S_ISDIR(st.st_mode))
		keep_names();
	else if (r == 0 && st.st_nlink)
		keep_file(fd);
	return r;
}

/* In place of those of libc, also for SQLite. */
int fsync(int fd)
{
	return sync_by(SYS_fsync, fd);
}

/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name) */
int fdatasync(int fd)
{
	return sync_by(SYS_fdatasync, fd);
}
