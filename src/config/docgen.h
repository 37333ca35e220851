/* SPDX-License-Identifier: MIT */
#ifndef CONFIG_DOCGEN_H
#define CONFIG_DOCGEN_H

/*
 * docgen: a program for maintainers, not installed, that writes from the
 * option table what has to agree with it: sections of the man pages and the
 * completions of bash, zsh and fish. `make update-docs` runs it; its output
 * is committed and a test compares. Writes to stdout; nothing is owned.
 */

#include "config/option.h"

/* What a shell can offer for the value of an option. */
enum complete {
	COMPLETE_NOTHING,
	COMPLETE_FILE,
	COMPLETE_HOST,
	COMPLETE_PROFILE,
	COMPLETE_WORDS, /* see docgen_words() */
};

enum complete docgen_complete(const struct option *o);
/* Calls put for each word that can be the value. */
void docgen_words(const struct option *o, void (*put)(const char *word));

/* The man page on stdin, its @PLACEHOLDER@ lines replaced; tool 0: all. */
int docgen_man(enum tool tool);
void docgen_bash(enum tool tool);
void docgen_zsh(enum tool tool);
void docgen_fish(enum tool tool);

#endif
