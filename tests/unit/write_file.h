/* SPDX-License-Identifier: MIT */
#ifndef TEST_WRITE_FILE_H
#define TEST_WRITE_FILE_H

/*
 * A file for what reads one: text as a whole, in a directory that the test has
 * made and removes again. For unit tests; a failure is one of the test.
 */

#include <stdio.h>

#include "test.h"

static inline void write_file(const char *dir, const char *name,
			      const char *text)
{
	char path[300];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	if (ok(f != NULL)) {
		fputs(text, f);
		fclose(f);
	}
}

#endif
