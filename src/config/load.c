/* SPDX-License-Identifier: MIT */
#include "config/settings.h"

#include <stdlib.h>

#include "config/argv.h"
#include "config/environ.h"
#include "config/help.h"
#include "config/keep.h"
#include "config/profile.h"
#include "config/resolve.h"
#include "config/show.h"

/* What was said, source by source. */
struct said {
	struct setting_list env, file, argv;
};

static int apply_defaults(struct settings *s, struct err *e)
{
	for (size_t i = 0; i < option_count; i++) {
		const struct option *o = &options[i];
		struct setting v = { .option = o, .text = o->fallback };

		if ((o->tools & s->tool) && o->fallback && option_set(s, &v, e))
			return -1;
	}
	return 0;
}

static bool is_asked(const struct said *said, size_t offset)
{
	return setting_find(&said->argv, offset) ||
	       setting_find(&said->file, offset);
}

#define IS_ASKED(said, field) is_asked((said), offsetof(struct settings, field))

static int read_options_file(struct settings *s, struct said *said,
			     struct err *e)
{
	const struct setting *v = setting_find(
		&said->argv, offsetof(struct settings, typed.options_file));

	return v ? options_file_read(s, v->text, &said->file, e) : 0;
}

static int apply_profile(struct settings *s, const struct said *said,
			 struct err *e)
{
	const size_t field = offsetof(struct settings, typed.profile);
	const struct setting *v = setting_find(&said->argv, field);

	if (!v)
		v = setting_find(&said->file, field);
	if (!v)
		v = setting_find(&said->env, field);
	return profile_apply(s, v, e);
}

/* From the weakest source to the strongest. */
static int apply(struct settings *s, const struct said *said, struct err *e)
{
	if (apply_profile(s, said, e) || option_set_all(s, &said->env, e) ||
	    option_set_all(s, &said->file, e))
		return -1;
	return option_set_all(s, &said->argv, e);
}

/* After these the program has nothing more to do. */
static int print(struct settings *s, int rc, struct err *e)
{
	s->action = SETTINGS_PRINT;
	return rc && e && !e->kind ? err_nomem(e) : rc;
}

static int resolve_tool(struct settings *s, struct err *e)
{
	switch (s->tool) {
	case TOOL_PUB:
		return resolve_pub(s, e);
	case TOOL_SUB:
		return resolve_sub(s, e);
	default:
		return 0;
	}
}

int settings_load(struct settings *s, const struct settings_input *in,
		  struct err *e)
{
	struct said said = { 0 };

	*s = (struct settings){ .tool = in->tool };
	s->origins = calloc(option_count, sizeof(*s->origins));
	if (!s->origins)
		return err_nomem(e);
	if (apply_defaults(s, e) || argv_read(s, in->argv + 1, &said.argv, e) ||
	    environ_take(s, in->env, &said.env, e))
		return -1;
	environ_proxies(s, in->env);
	if (IS_ASKED(&said, typed.help))
		return print(s, help_text(s->tool, &s->text), e);
	if (IS_ASKED(&said, typed.version_asked))
		return print(s, version_text(s->tool, &s->text), e);
	if (read_options_file(s, &said, e) || apply(s, &said, e))
		return -1;
	/* A scenario may name the brokers: see settings_resolve_targets(). */
	if (s->tool == TOOL_BENCH && resolve_bench(s, e))
		return -1;
	if (s->tool == TOOL_BENCH && !s->typed.show_config &&
	    !s->typed.save_profile)
		return 0;
	if (resolve_client(s, e))
		return -1;
	if (s->typed.show_config)
		return print(s, show_config(s, &s->text), e);
	if (s->typed.save_profile)
		return print(s, profile_save(s, e), e);
	if (resolve_tool(s, e))
		return -1;
	return resolve_password(s, e);
}

void settings_release(struct settings *s)
{
	buf_release(&s->text);
	free(s->origins);
	release_auth(s);
	release_transports(s);
	keep_release(s);
	*s = (struct settings){ 0 };
}
