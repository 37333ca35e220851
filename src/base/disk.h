/* SPDX-License-Identifier: MIT */
#ifndef BASE_DISK_H
#define BASE_DISK_H

/*
 * What has to be on the disk before a power cut, besides what fsync(2) does
 * for a file. Any thread; waits for the disk; owns nothing.
 */

#include "base/attr.h"

/* A file that is new or was renamed lasts once its directory is on the disk.
 * path must not be a symbolic link. -1 with errno; a file system that has no
 * such thing is no failure. */
int disk_sync_entry(const char *path) MUST_CHECK;

#endif
