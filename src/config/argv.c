/* SPDX-License-Identifier: MIT */
#include "config/argv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "config/keep.h"

enum { SHOWN_MAX = 80, LINE_WORDS = 5 };

/* One run over some words. */
struct reader {
	struct settings *s;
	char **next;
	const char *where; /* "FILE:LINE", NULL for the command line */
	struct setting_list *list;
};

static int usage(const struct reader *r, struct err *e)
{
	return r->where ? err_prefix(e, "%s", r->where) : -1;
}

/* Notes a value; name is the option as typed. The text is copied, since it
 * may be overwritten next. */
static int note(struct reader *r, const struct setting *v, const char *name,
		struct err *e)
{
	struct setting copy = *v;
	char *text = NULL;

	if (v->text) {
		text = keep_str(r->s, v->text);
		if (!text)
			return err_nomem(e);
		copy.text = text;
	}
	copy.origin.kind = r->where ? ORIGIN_OPTIONS_FILE : ORIGIN_ARGV;
	copy.origin.where = r->where ? keep_printf(r->s, "%s: option '%s'",
						   r->where, name)
				     : keep_str(r->s, name);
	if (!copy.origin.where)
		return err_nomem(e);
	return setting_add(r->s, r->list, &copy, e);
}

static int note_secretly(struct reader *r, const struct setting *v,
			 const char *name, char *typed, struct err *e)
{
	if (note(r, v, name, e))
		return -1;
	secret_overwrite(v->option, typed);
	return 0;
}

static int needs_value(const struct reader *r, const struct option *o,
		       const char *name, struct err *e)
{
	err_set(e, ERR_USAGE, 0, "option '%s' needs a value: %s", name,
		o->metavar);
	return usage(r, e);
}

static int unknown_property(const struct reader *r, char **words, struct err *e)
{
	const char *names[64], *nearest;
	size_t n = 0, length = strlen(words[0]);
	char command[SHOWN_MAX], name[SHOWN_MAX];

	text_visible(command, sizeof(command), bytes_str(words[0]));
	text_visible(name, sizeof(name), bytes_str(words[1]));
	for (size_t i = 0; i < option_count && n < ARRAY_SIZE(names); i++) {
		const char *p = options[i].property;

		if ((options[i].tools & r->s->tool) && p &&
		    !strncmp(p, words[0], length) && p[length] == ' ')
			names[n++] = p + length + 1;
	}
	if (!n)
		err_set(e, ERR_USAGE, 0,
			"option '-D': '%s' is not a packet that %s can give "
			"properties",
			command, tool_name(r->s->tool));
	else if ((nearest = text_nearest(words[1], names, n)))
		err_set(e, ERR_USAGE, 0,
			"option '-D': '%s' has no property '%s'; did you mean "
			"'%s'?",
			command, name, nearest);
	else
		err_set(e, ERR_USAGE, 0,
			"option '-D': '%s' has no property '%s'", command,
			name);
	return usage(r, e);
}

/* -D COMMAND NAME [KEY] VALUE sets the row that this property has. */
static int read_property(struct reader *r, const struct option *property,
			 const char *name, struct err *e)
{
	char **words = r->next, label[200];
	struct setting v = { 0 };

	if (!words[0] || !words[1])
		return needs_value(r, property, name, e);
	v.option = option_find_property(words[0], words[1], r->s->tool);
	if (!v.option)
		return unknown_property(r, words, e);
	r->next += 2;
	if (v.option->type == OPTION_PAIRS) {
		v.key = *r->next ? keep_str(r->s, *r->next) : NULL;
		if (*r->next && !v.key)
			return err_nomem(e);
		r->next += *r->next != NULL;
	}
	if (!*r->next)
		return needs_value(r, property, name, e);
	v.text = *r->next;
	snprintf(label, sizeof(label), "%s %s", name, v.option->property);
	return note_secretly(r, &v, label, *r->next++, e);
}

static int read_value(struct reader *r, const struct option *o,
		      const char *name, char *attached, struct err *e)
{
	struct setting v = { .option = o };
	char *text;

	if (o->type == OPTION_PROPERTY && !attached)
		return read_property(r, o, name, e);
	if (!option_takes_value(o) && !attached)
		return note(r, &v, name, e);
	if (!attached && !*r->next)
		return needs_value(r, o, name, e);
	v.text = text = attached ? attached : *r->next++;
	return note_secretly(r, &v, name, text, e);
}

static int unknown_long(const struct reader *r, const char *name, struct err *e)
{
	const struct option *other = option_find(name, 0);
	const char *nearest = option_nearest(name, r->s->tool);
	char text[SHOWN_MAX];

	text_visible(text, sizeof(text), bytes_str(name));
	if (other)
		err_set(e, ERR_USAGE, 0,
			"option '--%s' is one of %s, not of %s", text,
			tool_name(other->tools & -other->tools),
			tool_name(r->s->tool));
	else if (nearest)
		err_set(e, ERR_USAGE, 0,
			"unknown option '--%s'; did you mean '--%s'?", text,
			nearest);
	else
		err_set(e, ERR_USAGE, 0, "unknown option '--%s'", text);
	return usage(r, e);
}

/* --no-NAME of something that is on or off; NULL when it is not that. */
static const struct option *find_negated(const char *name, enum tool tool)
{
	const struct option *o;

	if (strncmp(name, "no-", 3) != 0)
		return NULL;
	o = option_find(name + 3, tool);
	if (o && (o->type == OPTION_FLAG || o->type == OPTION_YES_NO))
		return o;
	return NULL;
}

static int read_long(struct reader *r, char *word, struct err *e)
{
	char *value = strchr(word, '='), *name;
	const struct option *o;
	struct setting v = { .text = "no" };

	name = keep_bytes(r->s, bytes_of(word, value ? (size_t)(value - word)
						     : strlen(word)));
	if (!name)
		return err_nomem(e);
	o = option_find(name + 2, r->s->tool);
	if (o)
		return read_value(r, o, name, value ? value + 1 : NULL, e);
	v.option = find_negated(name + 2, r->s->tool);
	if (!v.option)
		return unknown_long(r, name + 2, e);
	if (!value)
		return note(r, &v, name, e);
	err_set(e, ERR_USAGE, 0, "option '%s' takes no value", name);
	return usage(r, e);
}

/* -v, -vN (bundled), -q1 (value attached). */
static int read_short(struct reader *r, char *word, struct err *e)
{
	while (*++word) {
		const struct option *o = option_find_letter(*word, r->s->tool);
		char name[] = { '-', *word, '\0' }, text[8];

		if (!o) {
			err_set(e, ERR_USAGE, 0, "unknown option '-%s'",
				text_visible(text, sizeof(text),
					     bytes_of(word, 1)));
			return usage(r, e);
		}
		if (option_takes_value(o))
			return read_value(r, o, name, word[1] ? word + 1 : NULL,
					  e);
		if (read_value(r, o, name, NULL, e))
			return -1;
	}
	return 0;
}

static int unexpected(const struct reader *r, const char *word, struct err *e)
{
	char text[SHOWN_MAX];

	err_set(e, ERR_USAGE, 0, "unexpected argument '%s'",
		text_visible(text, sizeof(text), bytes_str(word)));
	return usage(r, e);
}

/* A word that is no option: a command, a file. */
static int read_operand(struct reader *r, const char *word, struct err *e)
{
	const char *copy;

	if (r->where || !(r->s->tool & (TOOL_BENCH | TOOL_CHECK)))
		return unexpected(r, word, e);
	copy = keep_str(r->s, word);
	if (!copy || keep_add(r->s, &r->s->operands, copy))
		return err_nomem(e);
	return 0;
}

static int read_words(struct reader *r, struct err *e)
{
	bool is_over = false;

	while (*r->next) {
		char *word = *r->next++;
		int rc;

		if (!is_over && !strcmp(word, "--")) {
			is_over = true;
			continue;
		}
		if (is_over || word[0] != '-' || !word[1])
			rc = read_operand(r, word, e);
		else
			rc = word[1] == '-' ? read_long(r, word, e)
					    : read_short(r, word, e);
		if (rc)
			return -1;
	}
	return 0;
}

int argv_read(struct settings *s, char **argv, struct setting_list *ret,
	      struct err *e)
{
	struct reader r = { .s = s, .next = argv, .list = ret };

	return read_words(&r, e);
}

static const struct option *find_typed(const char *word, enum tool tool)
{
	if (word[0] != '-' || !word[1])
		return NULL;
	return word[1] == '-' ? option_find(word + 2, tool)
			      : option_find_letter(word[1], tool);
}

/* How many words the line has, as far as can be told from the first n. */
static size_t words_of_line(const struct settings *s, char **words, size_t n)
{
	const struct option *o = find_typed(words[0], s->tool);

	if (!o || o->type != OPTION_PROPERTY)
		return 2;
	if (n < 3)
		return LINE_WORDS;
	return strcmp(words[2], "user-property") ? 4 : 5;
}

/* Splits a line into the option and its value, the rest of the line. */
static void split_line(const struct settings *s, char *line, char **words)
{
	size_t n = 0;

	while (*line) {
		words[n++] = line;
		if (n == words_of_line(s, words, n))
			break;
		line += strcspn(line, " \t");
		if (*line)
			*line++ = '\0';
		line += strspn(line, " \t");
	}
	words[n] = NULL;
}

static int read_line(struct reader *r, char *line, struct err *e)
{
	char *words[LINE_WORDS + 1];
	int status;

	line[strcspn(line, "\r\n")] = '\0';
	if (*line == '#' || !line[strspn(line, " \t")])
		return 0;
	split_line(r->s, line, words);
	r->next = words;
	status = read_words(r, e);
	r->next = NULL;
	return status;
}

static void close_file(FILE **f)
{
	if (*f)
		fclose(*f);
}

static void free_line(char **line)
{
	free(*line);
}

int options_file_read(struct settings *s, const char *path,
		      struct setting_list *ret, struct err *e)
{
	AUTO(close_file) FILE *f = fopen(path, "re");
	AUTO(free_line) char *line = NULL;
	struct reader r = { .s = s, .list = ret };
	size_t size = 0;

	if (!f)
		return err_sys(e, ERR_USAGE, "option '-o': cannot read '%s'",
			       path);
	for (unsigned n = 1; getline(&line, &size, f) >= 0; n++) {
		r.where = keep_printf(s, "%s:%u", path, n);
		if (!r.where)
			return err_nomem(e);
		if (read_line(&r, line, e))
			return -1;
	}
	if (ferror(f))
		return err_sys(e, ERR_LOCAL, "option '-o': cannot read '%s'",
			       path);
	return 0;
}
