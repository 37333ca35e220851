/* SPDX-License-Identifier: MIT */
#include "config/docgen.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/command.h"
#include "config/help.h"

/* Text that roff takes literally; hyphens are those that can be copied. */
static void put_char(char c)
{
	if (c == '\\')
		fputs("\\e", stdout);
	else if (c == '-')
		fputs("\\-", stdout);
	else
		putchar(c);
}

static void put_text(const char *text)
{
	if (*text == '.' || *text == '\'')
		fputs("\\&", stdout);
	for (; *text; text++)
		put_char(*text);
}

static void put_bold(const char *text)
{
	fputs("\\fB", stdout);
	put_text(text);
	fputs("\\fR", stdout);
}

static bool is_option_word(const char *word, size_t n)
{
	return n > 1 && word[0] == '-' &&
	       (word[1] == '-' ? n > 2
			       : n == 2 && isalnum((unsigned char)word[1]));
}

/* A sentence, with the options in it in bold. */
static void put_prose(const char *text)
{
	static const char name[] = "abcdefghijklmnopqrstuvwxyz0123456789-";

	for (bool at_start = true; *text;) {
		size_t n = *text == '-' ? strspn(text, name) : 0;

		while (n && text[n - 1] == '-')
			n--;
		if (n == 1 && isupper((unsigned char)text[1]))
			n = 2;
		if (at_start && is_option_word(text, n)) {
			char word[64];

			snprintf(word, sizeof(word), "%.*s", (int)n, text);
			put_bold(word);
			text += n;
			continue;
		}
		at_start = *text == ' ' || *text == '(';
		put_char(*text++);
	}
}

/* Help texts and details end differently. */
static void put_sentence(const char *text)
{
	put_prose(text);
	puts(text[strlen(text) - 1] == '.' ? "" : ".");
}

static void put_names(const struct option *o, enum tool tool)
{
	char letter[] = { '-', option_letter(o, tool), '\0' };

	puts(".TP");
	if (letter[1]) {
		put_bold(letter);
		fputs(", ", stdout);
	}
	fputs("\\fB\\-\\-", stdout);
	if (o->type == OPTION_FLAG && o->fallback)
		fputs("\\fR[\\fBno\\-\\fR]\\fB", stdout);
	put_text(o->name);
	fputs("\\fR", stdout);
	if (o->metavar)
		printf(" \\fI%s\\fR", o->metavar);
	putchar('\n');
}

static bool is_first_word;

static void put_word(const char *word)
{
	if (!is_first_word)
		fputs(", ", stdout);
	is_first_word = false;
	put_bold(word);
}

static void put_values(const struct option *o)
{
	if (o->type == OPTION_CHOICE) {
		fputs("One of ", stdout);
		is_first_word = true;
		docgen_words(o, put_word);
		puts(".");
	} else if (o->choices) {
		fputs("A name that is understood: ", stdout);
		is_first_word = true;
		docgen_words(o, put_word);
		puts(".");
	}
	if (o->fallback && option_takes_value(o)) {
		fputs("Default: ", stdout);
		put_text(o->fallback);
		puts(".");
	}
}

static bool has_variable(const struct option *o, enum tool tool)
{
	return (o->flags & OPTION_ENV) &&
	       !(tool == TOOL_BENCH && (o->flags & OPTION_PLACE));
}

/* What else one may have typed for it. */
static void put_other_names(const struct option *o, enum tool tool)
{
	char env[OPTION_ENV_MAX];

	for (size_t i = 0; i < OPTION_ALIASES && o->alias[i]; i++) {
		fputs(i ? ", " : "Also ", stdout);
		fputs("\\fB\\-\\-", stdout);
		put_text(o->alias[i]);
		fputs("\\fR", stdout);
	}
	if (o->alias[0])
		puts(".");
	if (o->property) {
		fputs("As a property: ", stdout);
		fputs("\\fB\\-D ", stdout);
		put_text(o->property);
		puts("\\fR.");
	}
	if (has_variable(o, tool)) {
		fputs("Environment: ", stdout);
		put_bold(option_env_name(o, env));
		puts(".");
	}
	if ((o->flags & OPTION_V5) && !o->property)
		puts("MQTT 5 only.");
}

static void put_option(const struct option *o, enum tool tool)
{
	put_names(o, tool);
	put_sentence(o->help);
	if (o->details)
		put_sentence(o->details);
	put_values(o);
	put_other_names(o, tool);
}

static void put_options(enum tool tool)
{
	for (enum option_group g = 0; g < OPTION_GROUPS; g++) {
		bool is_first = true;

		for (size_t i = 0; i < option_count; i++) {
			if (options[i].group != g || !(options[i].tools & tool))
				continue;
			if (is_first)
				printf(".SS %s\n", option_group_titles[g]);
			is_first = false;
			put_option(&options[i], tool);
		}
	}
}

static void put_environment(enum tool tool)
{
	char env[OPTION_ENV_MAX];

	for (size_t i = 0; i < option_count; i++) {
		const struct option *o = &options[i];

		if (!(o->tools & tool) || !has_variable(o, tool))
			continue;
		puts(".TP");
		put_bold(option_env_name(o, env));
		fputs("\nAs \\fB\\-\\-", stdout);
		put_text(o->name);
		puts("\\fR.");
	}
}

static void put_tools(unsigned mask)
{
	bool is_first = true;

	for (unsigned tool = TOOL_PUB; tool <= TOOL_CHECK; tool <<= 1) {
		if (!(mask & tool))
			continue;
		fputs(is_first ? " (" : ", ", stdout);
		is_first = false;
		put_text(tool_name((enum tool)tool));
	}
	puts(")");
}

static void put_key(const struct option *o)
{
	const struct option *first = option_find(o->name, 0);

	/* The same key of another tool was there already. */
	if (o != first && !(first->flags & OPTION_NO_PROFILE))
		return;
	puts(".TP");
	put_bold(o->name);
	if (option_is_list(o))
		fputs(" (list)", stdout);
	put_tools(o->tools | (first != o ? 0 : first->tools));
	put_sentence(o->help);
}

static void put_profile_keys(void)
{
	for (enum option_group g = 0; g < OPTION_GROUPS; g++) {
		bool is_first = true;

		for (size_t i = 0; i < option_count; i++) {
			const struct option *o = &options[i];

			if (o->group != g || (o->flags & OPTION_NO_PROFILE))
				continue;
			if (is_first)
				printf(".SS %s\n", option_group_titles[g]);
			is_first = false;
			put_key(o);
		}
	}
}

/* Capitals and metavariables in italics, options in bold. */
static void put_synopsis(enum tool tool)
{
	const char *c = help_synopsis(tool);

	put_bold(tool_name(tool));
	putchar(' ');
	while (*c) {
		size_t n = strspn(c, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");

		if (*c == '-') {
			printf("\\fB\\-%c\\fR", c[1]);
			c += 2;
		} else if (n) {
			printf("\\fI%.*s\\fR", (int)n, c);
			c += n;
		} else {
			putchar(*c++);
		}
	}
	putchar('\n');
}

static void put_commands(enum tool tool)
{
	for (const struct command *c = command_list(tool); c->name; c++) {
		puts(".TP");
		put_bold(c->name);
		if (*c->operands) {
			fputs(" \\fI", stdout);
			put_text(c->operands);
			fputs("\\fR", stdout);
		}
		putchar('\n');
		put_sentence(c->help);
	}
}

int docgen_man(enum tool tool)
{
	char *line = NULL;
	size_t size = 0;

	puts(".\\\" Made by docgen from the .in file and the option table:\n"
	     ".\\\" change those and run make update-docs.");
	while (getline(&line, &size, stdin) > 0) {
		if (!strcmp(line, "@OPTIONS@\n"))
			put_options(tool);
		else if (!strcmp(line, "@COMMANDS@\n"))
			put_commands(tool);
		else if (!strcmp(line, "@ENVIRONMENT@\n"))
			put_environment(tool);
		else if (!strcmp(line, "@PROFILE_KEYS@\n"))
			put_profile_keys();
		else if (!strcmp(line, "@SYNOPSIS@\n"))
			put_synopsis(tool);
		else
			fputs(line, stdout);
	}
	free(line);
	return ferror(stdin);
}
