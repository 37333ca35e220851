/* SPDX-License-Identifier: MIT */
#include "bench/builtin.h"

#include <strings.h>

#include "base/text.h"

#define MANY 128

const struct builtin *builtin_find(const char *name, struct err *e)
{
	const char *names[MANY], *near;
	size_t n = 0;

	for (size_t i = 0; i < builtin_count; i++) {
		if (strcasecmp(builtins[i].name, name) == 0)
			return &builtins[i];
		if (n < MANY)
			names[n++] = builtins[i].name;
	}
	near = text_nearest(name, names, n);
	if (near)
		err_set(e, ERR_USAGE, 0,
			"there is no scenario '%s', did you "
			"mean '%s'?",
			name, near);
	else
		err_set(e, ERR_USAGE, 0,
			"there is no scenario '%s': see "
			"'mqtt-bench list', or name a file with a '/' in it",
			name);
	return NULL;
}
