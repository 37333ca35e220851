/* SPDX-License-Identifier: MIT */
#include "config/environ.h"

#include <ctype.h>
#include <string.h>

#include "base/text.h"
#include "config/keep.h"

#define PREFIX "MQTT_TOOLS_"

enum { PREFIX_LEN = sizeof(PREFIX) - 1, SHOWN_MAX = 80 };

/* The long name that a variable stands for, "" when it can be none. */
static void long_name(char *dst, const char *variable, size_t n)
{
	if (n >= OPTION_ENV_MAX)
		n = 0;
	for (size_t i = 0; i < n; i++)
		dst[i] = variable[i] == '_'
				 ? '-'
				 : (char)tolower((unsigned char)variable[i]);
	dst[n] = '\0';
}

static int warn(struct settings *s, const char *variable,
		const struct option *o, struct err *e)
{
	const char *names[512], *nearest;
	char shown[SHOWN_MAX], name[OPTION_ENV_MAX];
	size_t n = 0;

	text_visible(shown, sizeof(shown), bytes_str(variable));
	if (o)
		return keep_warning(s, e,
				    "environment variable '%s' is ignored: "
				    "give --%s as an option or in a profile",
				    shown, o->name);
	long_name(name, variable + PREFIX_LEN, strlen(variable) - PREFIX_LEN);
	for (size_t i = 0; i < option_count && n < ARRAY_SIZE(names); i++)
		if (options[i].flags & OPTION_ENV)
			names[n++] = options[i].name;
	nearest = text_nearest(name, names, n);
	if (!nearest)
		return keep_warning(s, e, "unknown environment variable '%s'",
				    shown);
	return keep_warning(s, e,
			    "unknown environment variable '%s'; did "
			    "you mean '%s'?",
			    shown,
			    option_env_name(option_find(nearest, 0), name));
}

static bool has_lower_case(const char *text)
{
	while (*text && !islower((unsigned char)*text))
		text++;
	return *text;
}

static int take(struct settings *s, char *entry, struct setting_list *ret,
		struct err *e)
{
	size_t n = strcspn(entry, "=");
	char *value = entry + n + (entry[n] == '=');
	char name[OPTION_ENV_MAX];
	struct setting v = { .origin.kind = ORIGIN_ENVIRONMENT };
	char *variable = keep_bytes(s, bytes_of(entry, n));

	if (!variable)
		return err_nomem(e);
	long_name(name, entry + PREFIX_LEN, n - PREFIX_LEN);
	if (!has_lower_case(variable))
		v.option = option_find(name, 0);
	if (!v.option || !(v.option->flags & OPTION_ENV))
		return warn(s, variable, v.option, e);
	if (!*value || !(v.option->tools & s->tool))
		return 0;
	v.origin.where = variable;
	v.text = keep_str(s, value);
	if (!v.text)
		return err_nomem(e);
	secret_overwrite(v.option, value);
	return setting_add(s, ret, &v, e);
}

int environ_take(struct settings *s, char **env, struct setting_list *ret,
		 struct err *e)
{
	char **kept = env;
	int rc = 0;

	for (; *env; env++) {
		if (strncmp(*env, PREFIX, PREFIX_LEN) != 0)
			*kept++ = *env;
		else if (!rc)
			rc = take(s, *env, ret, e);
	}
	*kept = NULL;
	return rc;
}

void environ_proxies(struct settings *s, char **env)
{
	static const char *const names[PROXY_VARIABLES] = {
		[PROXY_ALL] = "ALL_PROXY=",
		[PROXY_HTTP] = "HTTP_PROXY=",
		[PROXY_HTTPS] = "HTTPS_PROXY=",
		[PROXY_NOT_FOR] = "NO_PROXY=",
	};

	for (; *env; env++)
		for (size_t i = 0; i < PROXY_VARIABLES; i++)
			if (!strncasecmp(*env, names[i], strlen(names[i])))
				s->typed.proxy_env[i] = *env;
}
