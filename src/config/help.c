/* SPDX-License-Identifier: MIT */
#include "config/help.h"

#include <string.h>

#include "config/command.h"
#include "config/option.h"

enum { HELP_COLUMN = 32, HELP_WIDTH = 80 };

struct tool_text {
	enum tool tool;
	const char *synopsis, *purpose;
};

static const struct tool_text texts[] = {
	{ TOOL_PUB, "-t TOPIC (-m TEXT | -f FILE | -n | -s | -l) [OPTION...]",
	  "Publish messages to an MQTT broker" },
	{ TOOL_SUB, "-t FILTER [-t FILTER...] [OPTION...]",
	  "Subscribe to topics of an MQTT broker and print the messages" },
	{ TOOL_RR, "-t TOPIC -e TOPIC -m TEXT [OPTION...]",
	  "Send a request over MQTT and print the answer" },
	{ TOOL_BENCH, "COMMAND [OPTION...]", "Measure an MQTT broker" },
	{ TOOL_CHECK, "SUITE [OPTION...]",
	  "Check what an MQTT broker's configuration does" },
};

static const struct tool_text *text_of(enum tool tool)
{
	const struct tool_text *t = texts;

	while (t->tool != tool)
		t++;
	return t;
}

const char *help_synopsis(enum tool tool)
{
	return text_of(tool)->synopsis;
}

const char *help_purpose(enum tool tool)
{
	return text_of(tool)->purpose;
}

/* "  -k, --keepalive SECONDS"; "[no-]" where only that makes a change. */
static int put_names(const struct option *o, enum tool tool, struct buf *out)
{
	bool is_on = o->type == OPTION_FLAG && o->fallback;
	char letter = option_letter(o, tool);

	if (letter ? buf_printf(out, "  -%c, ", letter)
		   : buf_append_str(out, "      "))
		return -1;
	if (buf_printf(out, "--%s%s", is_on ? "[no-]" : "", o->name))
		return -1;
	return o->metavar ? buf_printf(out, " %s", o->metavar) : 0;
}

/* What a reader wants beside the help text: names of values, default. */
static int put_text(const struct option *o, struct buf *out)
{
	const char *separator = " (";

	if (buf_append_str(out, o->help))
		return -1;
	if (o->type == OPTION_CHOICE) {
		for (const struct choice *c = o->choices; c->name; c++) {
			if (c->is_hidden)
				continue;
			if (buf_printf(out, "%s%s", separator, c->name))
				return -1;
			separator = ", ";
		}
	}
	if (o->fallback && option_takes_value(o)) {
		if (buf_printf(out, "%s%s%s",
			       o->type == OPTION_CHOICE ? "; " : " (",
			       "default ", o->fallback))
			return -1;
		separator = "";
	}
	return *separator == ' ' ? 0 : buf_append_byte(out, ')');
}

static int put_spaces(size_t n, struct buf *out)
{
	return buf_printf(out, "%*s", (int)n, "");
}

/* Words of text from column HELP_COLUMN on; the line already has `used`
 * columns. */
static int put_wrapped(const char *text, size_t used, struct buf *out)
{
	if (used + 2 > HELP_COLUMN) {
		if (buf_append_byte(out, '\n'))
			return -1;
		used = 0;
	}
	if (put_spaces(HELP_COLUMN - used, out))
		return -1;
	for (size_t column = HELP_COLUMN; *text;) {
		size_t n = strcspn(text, " ");

		if (column > HELP_COLUMN && column + 1 + n > HELP_WIDTH) {
			if (buf_append_byte(out, '\n') ||
			    put_spaces(HELP_COLUMN, out))
				return -1;
			column = HELP_COLUMN;
		} else if (column > HELP_COLUMN) {
			if (buf_append_byte(out, ' '))
				return -1;
			column++;
		}
		if (buf_append(out, bytes_of(text, n)))
			return -1;
		column += n;
		text += n + (text[n] == ' ');
	}
	return buf_append_byte(out, '\n');
}

static int put_option(const struct option *o, enum tool tool, struct buf *out)
{
	AUTO(buf_release) struct buf text = { 0 };
	size_t before = buf_len(out);

	if (put_names(o, tool, out) || put_text(o, &text) || !buf_cstr(&text))
		return -1;
	return put_wrapped((const char *)text.data, buf_len(out) - before, out);
}

static int put_group(enum option_group group, enum tool tool, struct buf *out)
{
	bool is_first = true;

	for (size_t i = 0; i < option_count; i++) {
		const struct option *o = &options[i];

		if (o->group != group || !(o->tools & tool))
			continue;
		if (is_first &&
		    buf_printf(out, "\n%s:\n", option_group_titles[group]))
			return -1;
		is_first = false;
		if (put_option(o, tool, out))
			return -1;
	}
	return 0;
}

static int put_commands(enum tool tool, struct buf *out)
{
	const struct command *c = command_list(tool);

	if (c->name && buf_append_str(out, "\nCommands:\n"))
		return -1;
	for (; c->name; c++) {
		size_t before = buf_len(out);

		if (buf_printf(out, "  %s %s", c->name, c->operands) ||
		    put_wrapped(c->help, buf_len(out) - before, out))
			return -1;
	}
	return 0;
}

int help_text(enum tool tool, struct buf *out)
{
	if (buf_printf(out, "Usage: %s %s\n\n%s.\n", tool_name(tool),
		       help_synopsis(tool), help_purpose(tool)) ||
	    put_commands(tool, out))
		return -1;
	for (enum option_group g = 0; g < OPTION_GROUPS; g++)
		if (put_group(g, tool, out))
			return -1;
	return buf_printf(out,
			  "\nTIME is in seconds unless it has a unit: 500ms, "
			  "1.5s, 2m, 1h.\n--no-NAME switches "
			  "a flag off. More in %s(1).\n",
			  tool_name(tool));
}

int version_text(enum tool tool, struct buf *out)
{
	return buf_printf(out, "%s (mqtt-tools) %s\n", tool_name(tool),
			  PACKAGE_VERSION);
}
