/* SPDX-License-Identifier: MIT */
#include "config/docgen.h"

#include <stdio.h>
#include <string.h>

#include "config/command.h"

static const char *tool_id(enum tool tool)
{
	static char id[20];
	size_t n = (size_t)snprintf(id, sizeof(id), "%s", tool_name(tool));

	for (size_t i = 0; i < n; i++)
		if (id[i] == '-')
			id[i] = '_';
	return id;
}

/* Switches that are on show the form that makes a change. */
static bool is_on(const struct option *o)
{
	return o->type == OPTION_FLAG && o->fallback;
}

static void put_space_word(const char *word)
{
	printf(" %s", word);
}

static void put_patterns(const struct option *o, enum tool tool)
{
	char letter = option_letter(o, tool);

	printf("  --%s", o->name);
	for (size_t i = 0; i < OPTION_ALIASES && o->alias[i]; i++)
		printf(" | --%s", o->alias[i]);
	if (letter)
		printf(" | -%c", letter);
	puts(")");
}

static void put_bash_values(const struct option *o)
{
	switch (docgen_complete(o)) {
	case COMPLETE_FILE:
		puts("    compopt -o filenames 2> /dev/null\n"
		     "    COMPREPLY=($(compgen -f -- \"$word\"))");
		break;
	case COMPLETE_HOST:
		puts("    COMPREPLY=($(compgen -A hostname -- \"$word\"))");
		break;
	case COMPLETE_PROFILE:
		puts("    compopt -o filenames 2> /dev/null\n"
		     "    COMPREPLY=($(compgen -f -- \"$word\")\n"
		     "      $(compgen -W \"$(_mqtt_tools_profiles)\" -- "
		     "\"$word\"))");
		break;
	case COMPLETE_WORDS:
		fputs("    COMPREPLY=($(compgen -W \"", stdout);
		docgen_words(o, put_space_word);
		puts("\" -- \"$word\"))");
		break;
	case COMPLETE_NOTHING:
		puts("    COMPREPLY=()");
		break;
	}
	puts("    return\n    ;;");
}

static void put_bash_names(enum tool tool)
{
	fputs("    COMPREPLY=($(compgen -W \"", stdout);
	for (size_t i = 0; i < option_count; i++) {
		const struct option *o = &options[i];

		if (!(o->tools & tool))
			continue;
		printf("\n      --%s%s", is_on(o) ? "no-" : "", o->name);
	}
	puts("\" -- \"$word\"))");
}

static void put_bash_profiles(void)
{
	puts("_mqtt_tools_profiles() {\n"
	     "  sed -n 's/^\\([A-Za-z0-9_.-]*\\):.*/\\1/p' \\\n"
	     "    \"${XDG_CONFIG_HOME:-$HOME/.config}/mqtt-tools/"
	     "profiles.yaml\" \\\n"
	     "    /etc/mqtt-tools/profiles.yaml 2> /dev/null\n"
	     "}\n");
}

/* The first word is a command, the others may be files. */
static void put_bash_commands(enum tool tool)
{
	const struct command *c = command_list(tool);

	if (!c->name)
		return;
	fputs("  elif [ \"$COMP_CWORD\" = 1 ]; then\n"
	      "    COMPREPLY=($(compgen -W \"",
	      stdout);
	for (; c->name; c++)
		put_space_word(c->name);
	puts("\" -- \"$word\"))\n"
	     "  else\n"
	     "    compopt -o filenames 2> /dev/null\n"
	     "    COMPREPLY=($(compgen -f -- \"$word\"))");
}

void docgen_bash(enum tool tool)
{
	const char *name = tool_name(tool), *id = tool_id(tool);

	printf("# SPDX-License-Identifier: MIT\n"
	       "# shellcheck shell=bash disable=SC2207\n"
	       "# Completion of %s for bash, made by docgen.\n\n",
	       name);
	put_bash_profiles();
	printf("_%s() {\n"
	       "  local word=${COMP_WORDS[COMP_CWORD]}\n"
	       "  local before=${COMP_WORDS[COMP_CWORD - 1]}\n\n"
	       "  # --opt=value comes as three words\n"
	       "  if [ \"$word\" = \"=\" ]; then\n"
	       "    word=\n"
	       "  elif [ \"$before\" = \"=\" ] && [ \"$COMP_CWORD\" -gt 2 ]; "
	       "then\n"
	       "    before=${COMP_WORDS[COMP_CWORD - 2]}\n"
	       "  fi\n"
	       "  case $before in\n",
	       id);
	for (size_t i = 0; i < option_count; i++) {
		const struct option *o = &options[i];

		if (!(o->tools & tool) || !option_takes_value(o))
			continue;
		put_patterns(o, tool);
		put_bash_values(o);
	}
	puts("  esac\n"
	     "  if [[ $word == -* ]]; then");
	put_bash_names(tool);
	put_bash_commands(tool);
	printf("  fi\n}\n\ncomplete -F _%s %s\n", id, name);
}

/* Inside single quotes, with what _arguments takes apart escaped. */
static void put_zsh_text(const char *text)
{
	for (; *text; text++) {
		if (*text == '\'')
			fputs("'\\''", stdout);
		else if (strchr("[]:\\", *text))
			printf("\\%c", *text);
		else
			putchar(*text);
	}
}

static void put_zsh_values(const struct option *o)
{
	fputs(":", stdout);
	put_zsh_text(o->metavar);
	switch (docgen_complete(o)) {
	case COMPLETE_FILE:
		fputs(":_files", stdout);
		break;
	case COMPLETE_HOST:
		fputs(":_hosts", stdout);
		break;
	case COMPLETE_PROFILE:
		fputs(":_mqtt_tools_profiles", stdout);
		break;
	case COMPLETE_WORDS:
		fputs(":(", stdout);
		docgen_words(o, put_space_word);
		fputs(")", stdout);
		break;
	case COMPLETE_NOTHING:
		fputs(": ", stdout);
		break;
	}
	/* -D takes more words; what they are depends on the first. */
	if (o->type == OPTION_PROPERTY)
		fputs(":NAME: :VALUE: ", stdout);
}

static void put_zsh_option(const struct option *o, enum tool tool)
{
	char letter = option_letter(o, tool);
	const char *star = option_is_list(o) ? "*" : "";

	fputs("    ", stdout);
	if (letter && option_is_list(o))
		printf("'*'{-%c,--%s}'[", letter, o->name);
	else if (letter)
		printf("'(-%c --%s)'{-%c,--%s}'[", letter, o->name, letter,
		       o->name);
	else
		printf("'%s--%s%s[", star, is_on(o) ? "no-" : "", o->name);
	fputs(is_on(o) ? "Do not\\: " : "", stdout);
	put_zsh_text(o->help);
	putchar(']');
	if (option_takes_value(o))
		put_zsh_values(o);
	puts("' \\");
}

static void put_zsh_commands(enum tool tool)
{
	const struct command *c = command_list(tool);

	if (!c->name)
		return;
	fputs("    '1:COMMAND:((", stdout);
	for (; c->name; c++) {
		printf("%s\\:\"", c->name);
		put_zsh_text(c->help);
		fputs(c[1].name ? "\" " : "\"", stdout);
	}
	puts("))' \\\n"
	     "    '*:FILE:_files' \\");
}

void docgen_zsh(enum tool tool)
{
	const char *name = tool_name(tool);

	printf("#compdef %s\n"
	       "# SPDX-License-Identifier: MIT\n"
	       "# Completion of %s for zsh, made by docgen.\n\n"
	       "_mqtt_tools_profiles() {\n"
	       "  local -a names\n"
	       "  names=(${(f)\"$(sed -n "
	       "'s/^\\([A-Za-z0-9_.-]*\\):.*/\\1/p' \\\n"
	       "    \"${XDG_CONFIG_HOME:-$HOME/.config}/mqtt-tools/"
	       "profiles.yaml\" \\\n"
	       "    /etc/mqtt-tools/profiles.yaml 2> /dev/null)\"})\n"
	       "  _alternative 'profiles:profile:($names)' "
	       "'files:file:_files'\n"
	       "}\n\n"
	       "_%s() {\n"
	       "  _arguments -s -S \\\n",
	       name, name, tool_id(tool));
	for (size_t i = 0; i < option_count; i++)
		if (options[i].tools & tool)
			put_zsh_option(&options[i], tool);
	put_zsh_commands(tool);
	printf("    && return 0\n}\n\n_%s \"$@\"\n", tool_id(tool));
}

static void put_fish_text(const char *before, const char *text)
{
	printf("'%s", before);
	for (; *text; text++) {
		if (*text == '\'' || *text == '\\')
			putchar('\\');
		putchar(*text);
	}
	putchar('\'');
}

static void put_fish_values(const struct option *o)
{
	switch (docgen_complete(o)) {
	case COMPLETE_FILE:
		fputs(" -r -F", stdout);
		break;
	case COMPLETE_HOST:
		fputs(" -x -a '(__fish_print_hostnames)'", stdout);
		break;
	case COMPLETE_PROFILE:
		fputs(" -r -F -a '(__mqtt_tools_profiles)'", stdout);
		break;
	case COMPLETE_WORDS:
		fputs(" -x -a '", stdout);
		docgen_words(o, put_space_word);
		fputs("'", stdout);
		break;
	case COMPLETE_NOTHING:
		fputs(" -x", stdout);
		break;
	}
}

static void put_fish_option(const struct option *o, enum tool tool)
{
	char letter = option_letter(o, tool);

	printf("complete -c %s", tool_name(tool));
	if (letter)
		printf(" -s %c", letter);
	printf(" -l %s%s", is_on(o) ? "no-" : "", o->name);
	if (option_takes_value(o))
		put_fish_values(o);
	fputs(" -d ", stdout);
	put_fish_text(is_on(o) ? "Do not: " : "", o->help);
	putchar('\n');
}

static void put_fish_commands(enum tool tool)
{
	const struct command *c = command_list(tool);

	if (c->name)
		printf("complete -c %s -n 'not __fish_use_subcommand' -F\n",
		       tool_name(tool));
	for (; c->name; c++) {
		printf("complete -c %s -n __fish_use_subcommand -a %s -d ",
		       tool_name(tool), c->name);
		put_fish_text("", c->help);
		putchar('\n');
	}
}

void docgen_fish(enum tool tool)
{
	printf("# SPDX-License-Identifier: MIT\n"
	       "# Completion of %s for fish, made by docgen.\n\n"
	       "function __mqtt_tools_profiles\n"
	       "    set -l dir ~/.config\n"
	       "    set -q XDG_CONFIG_HOME; and set dir $XDG_CONFIG_HOME\n"
	       "    sed -n 's/^\\([A-Za-z0-9_.-]*\\):.*/\\1/p' "
	       "$dir/mqtt-tools/profiles.yaml \\\n"
	       "        /etc/mqtt-tools/profiles.yaml 2>/dev/null\n"
	       "end\n\n"
	       "complete -c %s -f\n",
	       tool_name(tool), tool_name(tool));
	put_fish_commands(tool);
	for (size_t i = 0; i < option_count; i++)
		if (options[i].tools & tool)
			put_fish_option(&options[i], tool);
}
