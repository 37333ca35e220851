/* SPDX-License-Identifier: MIT */
#ifndef CONFIG_OUTLINE_H
#define CONFIG_OUTLINE_H

/*
 * What stands where in a profile file: its profiles and keys with their
 * lines and columns, from libyaml's events. libcyaml fills structures and
 * does not say where a value stood; this does, and it tells beforehand which
 * profiles the schema must have. The file is either one profile or a mapping
 * of names to profiles. Main thread; everything is kept with the settings.
 */

#include <stddef.h>

#include "config/settings.h"

enum outline_shape { OUTLINE_SCALAR, OUTLINE_LIST, OUTLINE_MAP };

struct outline_item {
	const char *profile; /* NULL: the file is one profile */
	const char *key;     /* NULL: the profile itself */
	const char *item;    /* text of a list's item; NULL: no item */
	enum outline_shape shape;
	bool is_null;                /* nothing, ~ or null as the value */
	size_t key_line, key_column; /* from 1 */
	size_t line, column;         /* of the value */
};

struct outline {
	const char *path;
	struct outline_item *v;
	size_t n;
};

/* Takes the file's text apart; ret->path is what errors call it and has to
 * be set. e is "PATH:LINE:COLUMN: ..." when it is no such file. */
int outline_read(struct settings *s, struct bytes text, struct outline *ret,
		 struct err *e) MUST_CHECK;

/* "PATH:LINE:COLUMN" of the value of a key, or of the n-th item of its list;
 * kept with the settings; NULL when out of memory. */
const char *outline_where(struct settings *s, const struct outline *o,
			  const struct outline_item *at) MUST_CHECK;

#endif
