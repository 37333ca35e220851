/* SPDX-License-Identifier: MIT */
#include "config/docgen.h"

#include <stdio.h>
#include <string.h>

static const enum tool tools[] = { TOOL_PUB, TOOL_SUB, TOOL_RR, TOOL_BENCH,
				   TOOL_CHECK };

enum complete docgen_complete(const struct option *o)
{
	if (!strcmp(o->name, "profile") || !strcmp(o->name, "save-profile"))
		return COMPLETE_PROFILE;
	if (o->flags & OPTION_HOST)
		return COMPLETE_HOST;
	switch (o->type) {
	case OPTION_PATH:
		return COMPLETE_FILE;
	case OPTION_YES_NO:
	case OPTION_PROPERTY:
		return COMPLETE_WORDS;
	case OPTION_UINT:
		return o->max < 10 ? COMPLETE_WORDS : COMPLETE_NOTHING;
	default:
		return o->choices ? COMPLETE_WORDS : COMPLETE_NOTHING;
	}
}

/* The packets that a tool can give properties, each once. */
static void put_commands(void (*put)(const char *word))
{
	static const char *const commands[] = {
		"connect",     "publish",    "subscribe",
		"unsubscribe", "disconnect", "will",
	};

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		put(commands[i]);
}

void docgen_words(const struct option *o, void (*put)(const char *word))
{
	if (o->type == OPTION_YES_NO) {
		put("yes");
		put("no");
	} else if (o->type == OPTION_PROPERTY) {
		put_commands(put);
	} else if (o->type == OPTION_UINT && !o->choices) {
		for (uint64_t n = o->min; n <= o->max; n++)
			put((const char[]){ (char)('0' + n), '\0' });
	}
	for (const struct choice *c = o->choices; c && c->name; c++)
		if (!c->is_hidden)
			put(c->name);
}

static enum tool find_tool(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(tools); i++)
		if (!strcmp(tool_name(tools[i]), name))
			return tools[i];
	return 0;
}

static int usage(void)
{
	fprintf(stderr, "usage: docgen man|bash|zsh|fish mqtt-pub|mqtt-sub|... "
			"| docgen man all\n");
	return 2;
}

int main(int argc, char **argv)
{
	enum tool tool = argc == 3 ? find_tool(argv[2]) : 0;
	int rc = 0;

	if (argc != 3 || (!tool && strcmp(argv[2], "all") != 0))
		return usage();
	if (!strcmp(argv[1], "man"))
		rc = docgen_man(tool);
	else if (!strcmp(argv[1], "bash") && tool)
		docgen_bash(tool);
	else if (!strcmp(argv[1], "zsh") && tool)
		docgen_zsh(tool);
	else if (!strcmp(argv[1], "fish") && tool)
		docgen_fish(tool);
	else
		return usage();
	return rc || fflush(stdout) || ferror(stdout);
}
