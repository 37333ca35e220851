/* SPDX-License-Identifier: MIT */
#ifndef BENCH_BUILTIN_H
#define BENCH_BUILTIN_H

/*
 * The scenarios that come with the program: the texts of src/bench/scenarios
 * as a table that the build makes (builtin.awk). Constants; any thread.
 */

#include <stddef.h>

#include "base/err.h"

struct builtin {
	const char *name;
	const char *text; /* YAML */
};

extern const struct builtin builtins[];
extern const size_t builtin_count;

/* By name, upper or lower case. NULL with e, which names the nearest. */
const struct builtin *builtin_find(const char *name, struct err *e);

#endif
