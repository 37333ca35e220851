/* SPDX-License-Identifier: MIT */
#include "config/option.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/parse.h"
#include "base/text.h"
#include "config/keep.h"
#include "config/subscribe.h"
#include "mqtt/topic.h"
#include "mqtt/types.h"

enum { SHOWN_MAX = 80 };

static void *field_of(struct settings *s, const struct option *o)
{
	return (char *)s + o->offset;
}

/* 'text', shortened and made safe to show, as the subject of an error. */
static const char *shown(char *dst, const char *text)
{
	return text_visible(dst, SHOWN_MAX, bytes_str(text));
}

static const struct choice *find_choice(const struct choice *c,
					const char *name)
{
	for (; c && c->name; c++)
		if (!strcmp(c->name, name))
			return c;
	return NULL;
}

/* "a, b or c" of the advertised names. */
static void list_choices(char *dst, size_t size, const struct choice *c)
{
	size_t n = 0;

	dst[0] = '\0';
	for (; c->name && n < size; c++) {
		const struct choice *next = c + 1;
		bool is_last;

		if (c->is_hidden)
			continue;
		while (next->name && next->is_hidden)
			next++;
		is_last = !next->name;
		n += (size_t)snprintf(dst + n, size - n, "%s%s",
				      n == 0    ? ""
				      : is_last ? " or "
						: ", ",
				      c->name);
	}
}

static int set_bool(struct settings *s, const struct setting *v, struct err *e)
{
	bool is_on = true;

	/* A flag on the command line comes without text. */
	if (v->text && parse_bool(v->text, &is_on, e))
		return -1;
	*(bool *)field_of(s, v->option) = is_on;
	return 0;
}

/* A number, or the name of one. */
static int parse_number(const struct setting *v, uint64_t *ret, struct err *e)
{
	const struct option *o = v->option;
	const struct choice *c = find_choice(o->choices, v->text);

	if (!c)
		return parse_uint(v->text, o->min, o->max, ret, e);
	*ret = c->value;
	return 0;
}

static int set_uint(struct settings *s, const struct setting *v, struct err *e)
{
	uint64_t n;

	if (parse_number(v, &n, e))
		return -1;
	*(uint32_t *)field_of(s, v->option) = (uint32_t)n;
	return 0;
}

static int set_count(struct settings *s, const struct setting *v, struct err *e)
{
	return parse_number(v, field_of(s, v->option), e);
}

static int set_seconds(struct settings *s, const struct setting *v,
		       struct err *e)
{
	const struct option *o = v->option;
	bool is_plain = !v->text[strspn(v->text, "0123456789")];
	uint64_t n;

	if (is_plain || find_choice(o->choices, v->text)) {
		if (parse_number(v, &n, e))
			return -1;
	} else if (parse_duration(v->text, CLOCK_SEC, &n, NULL) ||
		   n % CLOCK_SEC || n / CLOCK_SEC < o->min ||
		   n / CLOCK_SEC > o->max) {
		char text[SHOWN_MAX];

		return err_set(e, ERR_USAGE, 0,
			       "'%s' is not a whole number from %llu to %llu "
			       "(seconds), nor a time like 5m or 2h%s%s",
			       shown(text, v->text), (unsigned long long)o->min,
			       (unsigned long long)o->max,
			       o->choices ? ", nor " : "",
			       o->choices ? o->choices->name : "");
	} else {
		n /= CLOCK_SEC;
	}
	*(uint32_t *)field_of(s, o) = (uint32_t)n;
	return 0;
}

static int set_duration(struct settings *s, const struct setting *v,
			struct err *e)
{
	const struct option *o = v->option;
	uint64_t n, unit = o->min < CLOCK_MSEC ? CLOCK_MSEC / 1000 : CLOCK_MSEC;
	char text[SHOWN_MAX];

	if (parse_duration(v->text, CLOCK_SEC, &n, e))
		return -1;
	if (n < o->min)
		return err_set(e, ERR_USAGE, 0,
			       "'%s' is too short a time, expected at least "
			       "%llu %s",
			       shown(text, v->text),
			       (unsigned long long)(o->min / unit),
			       unit == CLOCK_MSEC ? "ms" : "us");
	if (n > o->max)
		return err_set(e, ERR_USAGE, 0, "'%s' is too long a time",
			       shown(text, v->text));
	*(uint64_t *)field_of(s, o) = n;
	return 0;
}

static int set_size(struct settings *s, const struct setting *v, struct err *e)
{
	const struct option *o = v->option;
	char text[SHOWN_MAX];
	uint64_t n;

	if (parse_size(v->text, o->max, &n, e))
		return -1;
	if (n < o->min)
		return err_set(e, ERR_USAGE, 0,
			       "'%s' is too small, expected at least %llu",
			       shown(text, v->text),
			       (unsigned long long)o->min);
	*(uint32_t *)field_of(s, o) = (uint32_t)n;
	return 0;
}

static int set_percent(struct settings *s, const struct setting *v,
		       struct err *e)
{
	const struct option *o = v->option;

	return parse_double(v->text, (double)o->min / 1000,
			    (double)o->max / 1000, field_of(s, o), e);
}

static int set_choice(struct settings *s, const struct setting *v,
		      struct err *e)
{
	const struct choice *c = find_choice(v->option->choices, v->text);
	char text[SHOWN_MAX], list[200];

	if (!c) {
		list_choices(list, sizeof(list), v->option->choices);
		return err_set(e, ERR_USAGE, 0, "'%s' is not one of %s",
			       shown(text, v->text), list);
	}
	*(unsigned *)field_of(s, v->option) = c->value;
	return 0;
}

static int store(struct settings *s, const struct option *o, const char *text,
		 struct err *e)
{
	const char *copy = keep_str(s, text);

	if (!copy)
		return err_nomem(e);
	*(const char **)field_of(s, o) = copy;
	return 0;
}

static int set_text(struct settings *s, const struct setting *v, struct err *e)
{
	return store(s, v->option, v->text, e);
}

/* [MQTT-1.5.4-1] well-formed UTF-8, at most 65,535 bytes. */
static int check_string(const char *text, struct err *e)
{
	struct bytes b = bytes_str(text);
	char part[SHOWN_MAX];

	if (!text_is_utf8(b))
		return err_set(e, ERR_USAGE, 0, "'%s' is not UTF-8 text",
			       shown(part, text));
	if (b.n > MQTT_STRING_MAX)
		return err_set(e, ERR_USAGE, 0,
			       "'%s' is too long: %zu bytes, and MQTT allows "
			       "%u",
			       shown(part, text), b.n, MQTT_STRING_MAX);
	return 0;
}

static int set_string(struct settings *s, const struct setting *v,
		      struct err *e)
{
	if (check_string(v->text, e))
		return -1;
	return store(s, v->option, v->text, e);
}

static int check_with(const char *(*check)(struct bytes), const char *text,
		      struct err *e)
{
	const char *why = check(bytes_str(text));
	char part[SHOWN_MAX];

	if (why)
		return err_set(e, ERR_USAGE, 0, "'%s' %s", shown(part, text),
			       why);
	return 0;
}

static int set_topic(struct settings *s, const struct setting *v, struct err *e)
{
	if (check_with(topic_check_name, v->text, e))
		return -1;
	return store(s, v->option, v->text, e);
}

/* Paths in a profile start at the profile's directory. */
static int set_path(struct settings *s, const struct setting *v, struct err *e)
{
	const char *home = getenv("HOME"), *path = v->text;

	if (!*path)
		return err_set(e, ERR_USAGE, 0, "'' is not a file name");
	if (!v->base_dir || path[0] == '/')
		return store(s, v->option, path, e);
	if (home && !strncmp(path, "~/", 2))
		path = keep_printf(s, "%s/%s", home, path + 2);
	else
		path = keep_printf(s, "%s/%s", v->base_dir, path);
	if (!path)
		return err_nomem(e);
	*(const char **)field_of(s, v->option) = path;
	return 0;
}

static int decode(const char *text, struct buf *out, struct err *e)
{
	if (!strncmp(text, "hex:", 4))
		return parse_hex(text + 4, out, e);
	if (!strncmp(text, "base64:", 7))
		return parse_base64(text + 7, out, e);
	if (!strncmp(text, "text:", 5))
		text += 5;
	return buf_append_str(out, text) ? err_nomem(e) : 0;
}

static int set_binary(struct settings *s, const struct setting *v,
		      struct err *e)
{
	struct bytes *field = field_of(s, v->option);
	AUTO(buf_release) struct buf out = { .max = MQTT_STRING_MAX };
	const char *copy;

	if (strlen(v->text) > 2 * MQTT_STRING_MAX + 8)
		return err_set(e, ERR_USAGE, 0,
			       "the value is longer than the %u bytes that "
			       "MQTT allows",
			       MQTT_STRING_MAX);
	if (decode(v->text, &out, e))
		return -1;
	copy = keep_bytes(s, buf_view(&out));
	if (!copy)
		return err_nomem(e);
	*field = bytes_of(copy, buf_len(&out));
	return 0;
}

static int set_hex(struct settings *s, const struct setting *v, struct err *e)
{
	struct bytes *field = field_of(s, v->option);
	AUTO(buf_release) struct buf out = { .max = MQTT_STRING_MAX };
	const char *copy;

	if (parse_hex(v->text, &out, e))
		return -1;
	copy = keep_bytes(s, buf_view(&out));
	if (!copy)
		return err_nomem(e);
	*field = bytes_of(copy, buf_len(&out));
	return 0;
}

static int add(struct settings *s, const struct option *o, const char *text,
	       struct err *e)
{
	const char *copy = keep_str(s, text);

	if (!copy || keep_add(s, field_of(s, o), copy))
		return err_nomem(e);
	return 0;
}

static int add_text(struct settings *s, const struct setting *v, struct err *e)
{
	char *copy, *word, *rest = NULL;

	if (v->origin.kind != ORIGIN_ENVIRONMENT)
		return add(s, v->option, v->text, e);
	copy = keep_str(s, v->text);
	if (!copy)
		return err_nomem(e);
	for (word = strtok_r(copy, " ", &rest); word;
	     word = strtok_r(NULL, " ", &rest))
		if (keep_add(s, field_of(s, v->option), word))
			return err_nomem(e);
	return 0;
}

static int add_pair(struct settings *s, const struct setting *v, struct err *e)
{
	const char *key = v->key, *value = v->text;
	char text[SHOWN_MAX];

	if (!key) {
		const char *equals = strchr(v->text, '=');

		if (!equals)
			return err_set(e, ERR_USAGE, 0,
				       "'%s' is not NAME=VALUE",
				       shown(text, v->text));
		key = keep_bytes(s,
				 bytes_of(v->text, (size_t)(equals - v->text)));
		value = equals + 1;
	}
	if (!key)
		return err_nomem(e);
	if (check_string(key, e) || check_string(value, e))
		return -1;
	if (add(s, v->option, key, e))
		return -1;
	return add(s, v->option, value, e);
}

static int add_filter(struct settings *s, const struct setting *v,
		      struct err *e)
{
	if (check_with(topic_check_filter, v->text, e))
		return -1;
	return add(s, v->option, v->text, e);
}

/* A filter of -t remembers whether -q came before it on the same command
 * line, so that several can have their own. */
static int add_topic(struct settings *s, const struct setting *v, struct err *e)
{
	struct filter_list *list = field_of(s, v->option);
	const struct origin *qos_from = ORIGIN_OF(s, typed.qos);
	uint8_t *qos;

	if (check_with(topic_check_filter, v->text, e))
		return -1;
	qos = keep_alloc(s, list->names.n + 1);
	if (!qos)
		return err_nomem(e);
	if (list->names.n)
		memcpy(qos, list->qos, list->names.n);
	qos[list->names.n] = qos_from->kind >= ORIGIN_OPTIONS_FILE
				     ? (uint8_t)s->typed.qos
				     : FILTER_QOS_OPEN;
	list->qos = qos;
	return add(s, v->option, v->text, e);
}

static int add_subscribe(struct settings *s, const struct setting *v,
			 struct err *e)
{
	struct subscribe_spec spec;

	if (subscribe_parse(v->text, &spec, e))
		return -1;
	return add(s, v->option, v->text, e);
}

/* -D is taken apart by the command line parser, which sets the row meant. */
static int set_property(struct settings *s UNUSED,
			const struct setting *v UNUSED, struct err *e)
{
	return err_set(e, ERR_USAGE, 0, "expected COMMAND NAME [KEY] VALUE");
}

static int (*const setters[OPTION_TYPES])(struct settings *s,
					  const struct setting *v,
					  struct err *e) = {
	[OPTION_FLAG] = set_bool,         [OPTION_YES_NO] = set_bool,
	[OPTION_UINT] = set_uint,         [OPTION_COUNT] = set_count,
	[OPTION_SECONDS] = set_seconds,   [OPTION_DURATION] = set_duration,
	[OPTION_SIZE] = set_size,         [OPTION_PERCENT] = set_percent,
	[OPTION_CHOICE] = set_choice,     [OPTION_TEXT] = set_text,
	[OPTION_STRING] = set_string,     [OPTION_TOPIC] = set_topic,
	[OPTION_PATH] = set_path,         [OPTION_BINARY] = set_binary,
	[OPTION_HEX] = set_hex,           [OPTION_LIST] = add_text,
	[OPTION_PAIRS] = add_pair,        [OPTION_FILTERS] = add_filter,
	[OPTION_TOPICS] = add_topic,      [OPTION_SUBSCRIBE] = add_subscribe,
	[OPTION_PROPERTY] = set_property,
};

static int fail(const struct setting *v, struct err *e)
{
	char from[ORIGIN_TEXT_MAX];

	if (e && e->kind == ERR_USAGE && (v->option->flags & OPTION_SECRET))
		err_set(e, ERR_USAGE, 0, "the value (not shown) is not valid");
	return err_prefix(e, "%s", origin_text(from, v->option, &v->origin));
}

int option_set(struct settings *s, const struct setting *v, struct err *e)
{
	const struct option *o = v->option;
	struct origin *was = &s->origins[o - options];

	if ((o->flags & OPTION_ONCE) && was->kind == v->origin.kind &&
	    v->origin.kind >= ORIGIN_OPTIONS_FILE) {
		err_set(e, ERR_USAGE, 0, "given twice");
		return fail(v, e);
	}
	if (option_is_list(o) && was->kind < v->origin.kind &&
	    o->type != OPTION_PROPERTY)
		((struct text_list *)field_of(s, o))->n = 0;
	if (setters[o->type](s, v, e))
		return fail(v, e);
	*was = v->origin;
	return 0;
}
