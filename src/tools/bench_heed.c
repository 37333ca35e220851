/* SPDX-License-Identifier: MIT */
/* Which options a command has no use for: one that was typed and is not
 * heeded is a mistake, and --plan of all things must not be passed over. */
#include <string.h>

#include "config/option.h"
#include "tools/bench.h"

#define OF_A_RESULT "json", "ndjson", "html", "hgrm", "title", "require"
#define OF_A_SEARCH "vary", "from", "to"

/* Only these, or all but these, of the options that no other tool has. */
static const struct heed {
	const char *command;
	bool is_all_but;
	const char *names[8];
} heeds[] = {
	{ "run", true, { OF_A_SEARCH } },
	{ "conn", true, { OF_A_SEARCH } },
	{ "pub", true, { OF_A_SEARCH } },
	{ "sub", true, { OF_A_SEARCH } },
	{ "search", true, { "html", "hgrm", "title", "plan", "repeat" } },
	{ "selftest",
	  false,
	  { "json", "ndjson", "metrics", "report-every", "duration", "threads",
	    "target" } },
	{ "report", false, { OF_A_RESULT } },
	{ "merge", false, { OF_A_RESULT } },
	{ "compare", false, { "require" } },
	{ "list", false, { NULL } },
	{ "show", false, { NULL } },
	{ "validate", false, { NULL } },
};

/* Nothing to be shown is shown by all of them as it was asked for. */
static bool is_heeded(const struct heed *h, const char *option)
{
	if (strcmp(option, "progress") == 0)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(h->names) && h->names[i]; i++)
		if (strcmp(h->names[i], option) == 0)
			return !h->is_all_but;
	return h->is_all_but;
}

int bench_check_heed(const struct bench *b, struct err *e)
{
	const struct heed *h = heeds;
	const struct option *o;

	while (strcmp(h->command, b->command) != 0)
		h++;
	for (size_t i = 0; i < option_count; i++) {
		o = &options[i];
		if (o->tools == TOOL_BENCH && bench_given(b, &o->name, 1) &&
		    !is_heeded(h, o->name))
			return err_set(e, ERR_USAGE, 0,
				       "'%s' has no use for --%s", b->command,
				       o->name);
	}
	return 0;
}
