/* SPDX-License-Identifier: MIT */
#ifndef CONFIG_COMMAND_H
#define CONFIG_COMMAND_H

/*
 * The commands of the tools that have some: a table like that of the options,
 * for --help, the man page and the completions. Constants; any thread.
 */

#include "config/settings.h"

struct command {
	const char *name;
	const char *operands; /* "FILE|NAME"; "": none */
	const char *help;     /* one line, no full stop */
};

/* Ends with a NULL name; none for tools without commands. */
const struct command *command_list(enum tool tool);

#endif
