/* SPDX-License-Identifier: MIT */
#include "config/outline.h"

#include <string.h>
#include <yaml.h>

#include "base/text.h"
#include "config/keep.h"

enum { SHOWN_MAX = 80 };

struct walk {
	struct settings *s;
	struct outline *o;
	struct bytes text;
	yaml_parser_t parser;
	yaml_event_t event;
	struct err *e;
};

static int fail_at(struct walk *w, yaml_mark_t at, const char *what,
		   const char *expected)
{
	return err_set(w->e, ERR_USAGE, 0, "%s:%zu:%zu: %s%s", w->o->path,
		       at.line + 1, at.column + 1, what, expected);
}

/* libyaml counts bytes, not lines, when it cannot even decode the text. */
static yaml_mark_t mark_of_problem(const struct walk *w)
{
	yaml_mark_t at = w->parser.problem_mark;
	size_t end = w->parser.problem_offset;

	if (w->parser.error != YAML_READER_ERROR)
		return at;
	at.line = at.column = 0;
	for (size_t i = 0; i < end && i < w->text.n; i++) {
		bool is_end = w->text.p[i] == '\n';

		at.line += is_end;
		at.column = is_end ? 0 : at.column + 1;
	}
	return at;
}

/* The next event replaces the last. */
static int next(struct walk *w)
{
	yaml_event_delete(&w->event);
	if (yaml_parser_parse(&w->parser, &w->event))
		return 0;
	if (w->parser.error == YAML_MEMORY_ERROR)
		return err_nomem(w->e);
	return fail_at(
		w, mark_of_problem(w),
		w->parser.problem ? w->parser.problem : "this is not YAML", "");
}

static char *text_of(struct walk *w)
{
	return keep_bytes(w->s, bytes_of(w->event.data.scalar.value,
					 w->event.data.scalar.length));
}

static bool is_null(const yaml_event_t *event)
{
	const char *text = (const char *)event->data.scalar.value;

	return event->type == YAML_SCALAR_EVENT &&
	       event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
	       (!*text || !strcmp(text, "~") || !strcasecmp(text, "null"));
}

static int add(struct walk *w, const struct outline_item *item)
{
	struct outline *o = w->o;

	if ((o->n & (o->n - 1)) == 0) {
		struct outline_item *more = keep_alloc(
			w->s, 2 * (o->n + 1) * sizeof(*more));

		if (!more)
			return err_nomem(w->e);
		if (o->n)
			memcpy(more, o->v, o->n * sizeof(*more));
		o->v = more;
	}
	o->v[o->n] = *item;
	o->v[o->n].line = w->event.start_mark.line + 1;
	o->v[o->n].column = w->event.start_mark.column + 1;
	o->v[o->n].is_null = is_null(&w->event);
	o->n++;
	return 0;
}

/* What stands in a list: texts only. */
static int walk_list(struct walk *w, struct outline_item item)
{
	for (;;) {
		if (next(w))
			return -1;
		switch (w->event.type) {
		case YAML_SEQUENCE_END_EVENT:
			return 0;
		case YAML_SCALAR_EVENT:
			item.item = text_of(w);
			if (!item.item)
				return err_nomem(w->e);
			break;
		case YAML_ALIAS_EVENT:
			item.item = "";
			break;
		default:
			return fail_at(w, w->event.start_mark,
				       "expected a text in this list", "");
		}
		item.shape = OUTLINE_SCALAR;
		if (add(w, &item))
			return -1;
	}
}

/* The value whose first event is there. */
static int walk_value(struct walk *w, struct outline_item item)
{
	char shown[SHOWN_MAX];

	item.shape = w->event.type == YAML_SEQUENCE_START_EVENT
			     ? OUTLINE_LIST
			     : OUTLINE_SCALAR;
	if (w->event.type == YAML_MAPPING_START_EVENT) {
		text_visible(shown, sizeof(shown), bytes_str(item.key));
		return err_set(w->e, ERR_USAGE, 0,
			       "%s:%zu:%zu: '%s' is a mapping, expected a "
			       "value",
			       w->o->path, w->event.start_mark.line + 1,
			       w->event.start_mark.column + 1, shown);
	}
	if (add(w, &item))
		return -1;
	return item.shape == OUTLINE_LIST ? walk_list(w, item) : 0;
}

/* Reads a key; 1 when there is one, 0 at the end of the mapping. */
static int walk_key(struct walk *w, struct outline_item *item, const char **ret)
{
	if (next(w))
		return -1;
	if (w->event.type == YAML_MAPPING_END_EVENT)
		return 0;
	if (w->event.type != YAML_SCALAR_EVENT)
		return fail_at(w, w->event.start_mark,
			       "expected the name of an option", "");
	item->key_line = w->event.start_mark.line + 1;
	item->key_column = w->event.start_mark.column + 1;
	*ret = text_of(w);
	if (!*ret)
		return err_nomem(w->e);
	return next(w) ? -1 : 1;
}

static int walk_profile(struct walk *w, struct outline_item item)
{
	int more;

	item.shape = OUTLINE_MAP;
	if (add(w, &item))
		return -1;
	while ((more = walk_key(w, &item, &item.key)) > 0)
		if (walk_value(w, item))
			return -1;
	return more;
}

static int walk_top(struct walk *w)
{
	struct outline_item item = { 0 };
	const char *key;
	int more, profiles = -1;

	while ((more = walk_key(w, &item, &key)) > 0) {
		int is_profile = w->event.type == YAML_MAPPING_START_EVENT;
		struct outline_item at = item;

		if (profiles >= 0 && is_profile != profiles)
			return fail_at(w, w->event.start_mark,
				       "profiles and single options are "
				       "mixed: ",
				       is_profile ? "expected a value"
						  : "expected a profile (a "
						    "mapping)");
		profiles = is_profile;
		at.profile = is_profile ? key : NULL;
		at.key = is_profile ? NULL : key;
		if (is_profile ? walk_profile(w, at) : walk_value(w, at))
			return -1;
	}
	return more;
}

static int walk_file(struct walk *w)
{
	/* The stream's start, the document's.
	 * NOLINTNEXTLINE(misc-redundant-*) */
	if (next(w) || next(w))
		return -1;
	if (w->event.type == YAML_STREAM_END_EVENT)
		return 0; /* nothing but comments */
	if (next(w))
		return -1;
	if (is_null(&w->event))
		return 0;
	if (w->event.type != YAML_MAPPING_START_EVENT)
		return fail_at(w, w->event.start_mark,
			       "expected lines of the form 'option: value'",
			       "");
	if (walk_top(w) || next(w) || next(w))
		return -1;
	if (w->event.type == YAML_STREAM_END_EVENT)
		return 0;
	return fail_at(w, w->event.start_mark,
		       "expected one YAML document, this is a second", "");
}

int outline_read(struct settings *s, struct bytes text, struct outline *ret,
		 struct err *e)
{
	struct walk w = { .s = s, .o = ret, .text = text, .e = e };
	int rc;

	if (!yaml_parser_initialize(&w.parser))
		return err_nomem(e);
	yaml_parser_set_input_string(&w.parser, text.p, text.n);
	rc = walk_file(&w);
	yaml_event_delete(&w.event);
	yaml_parser_delete(&w.parser);
	return rc;
}

const char *outline_where(struct settings *s, const struct outline *o,
			  const struct outline_item *at)
{
	return keep_printf(s, "%s:%zu:%zu", o->path, at->line, at->column);
}
