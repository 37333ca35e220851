/* SPDX-License-Identifier: MIT */
/*
 * mqtt-bench: measures a broker under load. This file only finds the command;
 * see tools/bench.h for the rest.
 */
#include "tools/bench.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

struct command_function {
	const char *name;
	int (*run)(struct bench *b, struct err *e);
};

static const struct command_function commands[] = {
#define BENCH_COMMAND(name, operands, help) { #name, bench_do_##name },
#include "config/bench_commands.inc"
#undef BENCH_COMMAND
};

static const struct command_function *find(const char *name, struct err *e)
{
	const char *names[ARRAY_SIZE(commands)], *near;
	char shown[80];

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		names[i] = commands[i].name;
		if (strcmp(names[i], name) == 0)
			return &commands[i];
	}
	text_visible(shown, sizeof(shown), bytes_str(name));
	near = text_nearest(name, names, ARRAY_SIZE(names));
	if (near)
		err_set(e, ERR_USAGE, 0,
			"there is no command '%s', did you "
			"mean '%s'?",
			shown, near);
	else
		err_set(e, ERR_USAGE, 0,
			"there is no command '%s': see "
			"mqtt-bench --help",
			shown);
	return NULL;
}

/* Intervals that are not where they belong make a success none. */
static int finish(struct bench *b, int r, struct err *e)
{
	if (b->ndjson_fd >= 0 && b->ndjson_fd != STDOUT_FILENO &&
	    close(b->ndjson_fd) < 0 && !b->output.kind)
		err_sys(&b->output, ERR_LOCAL, "cannot write to '%s'",
			b->options->ndjson);
	if (r < 0 || !b->output.kind)
		return r;
	*e = b->output;
	return -1;
}

static int run(struct tool_run *t, struct err *e)
{
	struct settings *s = &t->settings;
	struct bench b = {
		.tool = t, .settings = s, .options = &s->bench, .ndjson_fd = -1
	};
	const struct command_function *c;

	if (s->operands.n == 0)
		return err_set(e, ERR_USAGE, 0,
			       "a command is missing, such "
			       "as 'run', 'pub' or 'list': see mqtt-bench "
			       "--help");
	c = find(s->operands.v[0], e);
	if (!c)
		return -1;
	b.command = c->name;
	b.words.v = s->operands.v + 1;
	b.words.n = s->operands.n - 1;
	if (bench_check_heed(&b, e) < 0 || bench_check_outputs(&b, e) < 0)
		return -1;
	return finish(&b, c->run(&b, e), e);
}

int main(int argc, char **argv)
{
	static const struct tool_program bench = { TOOL_BENCH, "mqtt-bench",
						   run };

	(void)argc;
	return tool_main(&bench, argv);
}
