/* SPDX-License-Identifier: MIT */
#include "config/command.h"

#define BENCH_COMMAND(name, operands, help) { #name, operands, help },

static const struct command bench_commands[] = {
#include "config/bench_commands.inc"
	{ NULL, NULL, NULL },
};

static const struct command none[] = { { NULL, NULL, NULL } };

const struct command *command_list(enum tool tool)
{
	return tool == TOOL_BENCH ? bench_commands : none;
}
