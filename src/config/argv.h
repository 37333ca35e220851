/* SPDX-License-Identifier: MIT */
#ifndef CONFIG_ARGV_H
#define CONFIG_ARGV_H

/*
 * The command line, and files of options (-o), by the option table:
 * --opt value, --opt=value, --no-flag, bundled short options, --. Options may
 * stand anywhere and long names are never abbreviated. It only finds out what
 * was said; the values are checked and stored later with option_set().
 *
 * For settings_load() and the tests; main thread only.
 */

#include "config/option.h"

/* argv without the program's name, NULL-terminated. Secrets are copied and
 * overwritten in place. */
int argv_read(struct settings *s, char **argv, struct setting_list *ret,
	      struct err *e) MUST_CHECK;

/* One option per line, '#' in the first column for comments; the value is
 * the rest of the line after the blanks (no quotes), as mosquitto has it. */
int options_file_read(struct settings *s, const char *path,
		      struct setting_list *ret, struct err *e) MUST_CHECK;

#endif
