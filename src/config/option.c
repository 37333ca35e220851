/* SPDX-License-Identifier: MIT */
#include "config/option.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

enum { NAMES_MAX = 512 };

static bool is_called(const struct option *o, const char *name)
{
	if (!strcmp(o->name, name))
		return true;
	for (size_t i = 0; i < OPTION_ALIASES && o->alias[i]; i++)
		if (!strcmp(o->alias[i], name))
			return true;
	return false;
}

static bool is_for(const struct option *o, unsigned tool)
{
	return !tool || (o->tools & tool);
}

const struct option *option_find(const char *name, unsigned tool)
{
	for (size_t i = 0; i < option_count; i++)
		if (is_for(&options[i], tool) && is_called(&options[i], name))
			return &options[i];
	return NULL;
}

static size_t tool_number(enum tool tool)
{
	size_t i = 0;

	while (!(tool & (1u << i)))
		i++;
	return i;
}

char option_letter(const struct option *o, enum tool tool)
{
	return o->tools & tool ? o->letter[tool_number(tool)] : 0;
}

const struct option *option_find_letter(char letter, enum tool tool)
{
	for (size_t i = 0; letter && i < option_count; i++)
		if (option_letter(&options[i], tool) == letter)
			return &options[i];
	return NULL;
}

const struct option *option_find_property(const char *command, const char *name,
					  unsigned tool)
{
	size_t n = strlen(command);

	for (size_t i = 0; i < option_count; i++) {
		const struct option *o = &options[i];

		if (is_for(o, tool) && o->property &&
		    !strncmp(o->property, command, n) &&
		    o->property[n] == ' ' && !strcmp(o->property + n + 1, name))
			return o;
	}
	return NULL;
}

const char *option_nearest(const char *name, unsigned tool)
{
	const char *names[NAMES_MAX];
	size_t n = 0;

	for (size_t i = 0; i < option_count; i++) {
		const struct option *o = &options[i];

		if (!is_for(o, tool))
			continue;
		if (n < NAMES_MAX)
			names[n++] = o->name;
		for (size_t a = 0; a < OPTION_ALIASES && o->alias[a]; a++)
			if (n < NAMES_MAX)
				names[n++] = o->alias[a];
	}
	/* Who is used to abbreviations means the rest of the name. */
	for (size_t i = 0; i < n && strlen(name) > 2; i++)
		if (!strncmp(names[i], name, strlen(name)))
			return names[i];
	return text_nearest(name, names, n);
}

const char *option_env_name(const struct option *o, char *dst)
{
	size_t n = (size_t)snprintf(dst, OPTION_ENV_MAX, "MQTT_TOOLS_");

	for (const char *c = o->name; *c && n < OPTION_ENV_MAX - 1; c++)
		dst[n++] = *c == '-' ? '_' : (char)toupper((unsigned char)*c);
	dst[n] = '\0';
	return dst;
}

bool option_takes_value(const struct option *o)
{
	return o->type != OPTION_FLAG;
}

bool option_is_list(const struct option *o)
{
	switch (o->type) {
	case OPTION_LIST:
	case OPTION_PAIRS:
	case OPTION_FILTERS:
	case OPTION_TOPICS:
	case OPTION_SUBSCRIBE:
	case OPTION_PROPERTY:
		return true;
	default:
		return false;
	}
}

const char *tool_name(enum tool tool)
{
	static const char *const names[OPTION_TOOLS] = {
		"mqtt-pub", "mqtt-sub", "mqtt-rr", "mqtt-bench", "mqtt-check",
	};

	return names[tool_number(tool)];
}

const struct origin *settings_origin(const struct settings *s, size_t offset)
{
	static const struct origin unused = { .kind = ORIGIN_DEFAULT };

	for (size_t i = 0; i < option_count; i++)
		if (options[i].offset == offset && is_for(&options[i], s->tool))
			return &s->origins[i];
	return &unused;
}

int origin_compare(const struct origin *a, const struct origin *b)
{
	if (a->kind != b->kind)
		return a->kind > b->kind ? 1 : -1;
	return (a->depth < b->depth) - (a->depth > b->depth);
}

const char *origin_text(char *dst, const struct option *o,
			const struct origin *from)
{
	switch (from->kind) {
	case ORIGIN_ARGV:
		snprintf(dst, ORIGIN_TEXT_MAX, "option '%s'", from->where);
		break;
	case ORIGIN_ENVIRONMENT:
		snprintf(dst, ORIGIN_TEXT_MAX, "environment variable '%s'",
			 from->where);
		break;
	case ORIGIN_PROFILE:
		snprintf(dst, ORIGIN_TEXT_MAX, "%s: '%s'", from->where,
			 o->name);
		break;
	case ORIGIN_OPTIONS_FILE:
		snprintf(dst, ORIGIN_TEXT_MAX, "%s", from->where);
		break;
	case ORIGIN_DEFAULT:
		snprintf(dst, ORIGIN_TEXT_MAX, "default of '%s'", o->name);
		break;
	}
	return dst;
}
