/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a profile file: an error or settings, never more. The file
 * goes through memory, since everything reads it by its path.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "config/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *memory_file(const uint8_t *data, size_t size)
{
	static char path[40];
	static int fd = -1;

	if (fd < 0)
		fd = memfd_create("profile", MFD_CLOEXEC);
	if (fd < 0 || ftruncate(fd, 0) ||
	    pwrite(fd, data, size, 0) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return path;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char name[] = "mqtt-sub", option[] = "--profile",
		    show[] = "--show-config";
	char path[40];
	char *argv[] = { name, option, path, show, NULL };
	char *env[] = { NULL };
	struct settings_input in = { TOOL_SUB, argv, env };
	struct settings s;
	struct err e = { .kind = ERR_NONE };

	snprintf(path, sizeof(path), "%s", memory_file(data, size));
	if (settings_load(&s, &in, &e) &&
	    ((e.kind != ERR_USAGE && e.kind != ERR_LOCAL) || !*e.text))
		abort();
	settings_release(&s);
	return 0;
}
