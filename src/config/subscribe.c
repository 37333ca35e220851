/* SPDX-License-Identifier: MIT */
#include "config/subscribe.h"

#include <string.h>

#include "base/parse.h"
#include "base/text.h"
#include "mqtt/topic.h"
#include "mqtt/types.h"

enum { WORD_MAX = 64, SHOWN_MAX = 80 };

static int parse_handling(const char *value, struct subscribe_spec *spec,
			  struct err *e)
{
	static const char *const names[] = { "always", "new", "never" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(value, names[i]) != 0)
			continue;
		spec->has_retain_handling = true;
		spec->retain_handling = (uint8_t)i;
		return 0;
	}
	return err_set(e, ERR_USAGE, 0,
		       "retain-handling: '%s' is not always, new or never",
		       value);
}

static int parse_value(const char *name, const char *value,
		       struct subscribe_spec *spec, struct err *e)
{
	uint64_t n;

	if (!strcmp(name, "retain-handling"))
		return parse_handling(value, spec, e);
	if (!strcmp(name, "qos")) {
		if (parse_uint(value, 0, 2, &n, e))
			return err_prefix(e, "qos");
		spec->has_qos = true;
		spec->qos = (uint8_t)n;
		return 0;
	}
	if (parse_uint(value, 1, MQTT_VARINT_MAX, &n, e))
		return err_prefix(e, "id");
	spec->id = (uint32_t)n;
	return 0;
}

static int parse_flag(const char *name, const char *value,
		      struct subscribe_spec *spec, struct err *e)
{
	bool is_on = true;

	if (value && parse_bool(value, &is_on, e))
		return err_prefix(e, "%s", name);
	if (!strcmp(name, "no-local")) {
		spec->has_no_local = true;
		spec->no_local = is_on;
	} else {
		spec->has_retain_as_published = true;
		spec->retain_as_published = is_on;
	}
	return 0;
}

static int parse_word(char *word, struct subscribe_spec *spec, struct err *e)
{
	static const char *const names[] = {
		"qos",      "retain-handling",     "id",
		"no-local", "retain-as-published", "rap",
	};
	enum { VALUES = 3 };
	char *value = strchr(word, '=');
	const char *nearest;
	size_t i = 0;

	if (value)
		*value++ = '\0';
	while (i < ARRAY_SIZE(names) && strcmp(word, names[i]) != 0)
		i++;
	if (i < VALUES && !value)
		return err_set(e, ERR_USAGE, 0, "'%s' needs a value: %s=...",
			       word, word);
	if (i < VALUES)
		return parse_value(word, value, spec, e);
	if (i < ARRAY_SIZE(names))
		return parse_flag(word, value, spec, e);
	nearest = text_nearest(word, names, ARRAY_SIZE(names));
	if (nearest)
		return err_set(e, ERR_USAGE, 0,
			       "unknown subscription option '%s'; did you "
			       "mean '%s'?",
			       word, nearest);
	return err_set(e, ERR_USAGE, 0,
		       "unknown subscription option '%s', expected qos=, "
		       "no-local, retain-as-published, retain-handling= or "
		       "id=",
		       word);
}

/* Options are short: one that does not fit is none we know. */
static int parse_words(const char *text, struct subscribe_spec *spec,
		       struct err *e)
{
	char word[WORD_MAX], visible[SHOWN_MAX];

	while (*text == ',') {
		size_t n = strcspn(++text, ",");
		struct bytes part = bytes_of(text, n);

		text_visible(visible, sizeof(visible), part);
		if (n >= sizeof(word) || strlen(visible) != n)
			return err_set(e, ERR_USAGE, 0,
				       "unknown subscription option '%s'",
				       visible);
		memcpy(word, text, n);
		word[n] = '\0';
		if (parse_word(word, spec, e))
			return -1;
		text += n;
	}
	return 0;
}

int subscribe_parse(const char *text, struct subscribe_spec *ret, struct err *e)
{
	struct subscribe_spec spec = { .filter = bytes_of(text,
							  strcspn(text, ",")) };
	const char *why = topic_check_filter(spec.filter);
	char visible[SHOWN_MAX];

	if (why)
		return err_set(e, ERR_USAGE, 0, "'%s' %s",
			       text_visible(visible, sizeof(visible),
					    spec.filter),
			       why);
	if (parse_words(text + spec.filter.n, &spec, e))
		return -1;
	*ret = spec;
	return 0;
}
