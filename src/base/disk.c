/* SPDX-License-Identifier: MIT */
#include "base/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int open_directory_of(const char *path)
{
	char *dir = strdup(path), *slash = dir ? strrchr(dir, '/') : NULL;
	int fd = -1, saved;

	if (slash)
		slash[slash == dir ? 1 : 0] = '\0';
	if (dir)
		fd = open(slash ? dir : ".",
			  O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	saved = errno;
	free(dir);
	errno = saved;
	return fd;
}

int disk_sync_entry(const char *path)
{
	int fd = open_directory_of(path), r, saved;

	if (fd < 0)
		return -1;
	r = fsync(fd);
	saved = errno;
	close(fd);
	errno = saved;
	return r < 0 && saved != EINVAL ? -1 : 0;
}
