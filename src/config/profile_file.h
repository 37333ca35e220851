/* SPDX-License-Identifier: MIT */
#ifndef CONFIG_PROFILE_FILE_H
#define CONFIG_PROFILE_FILE_H

/*
 * One profile file, loaded by libcyaml with a schema made from the option
 * table: every option a text or a list of texts, whose values are checked
 * later by option_set(). Main thread. It owns what libcyaml allocated.
 */

#include "config/option.h"
#include "config/outline.h"

/* What can stand in a profile, made from the table. */
struct profile_key {
	const char *name;
	const struct option *option; /* NULL: extends, the first key */
};

struct profile_keys {
	const struct profile_key *v; /* kept with the settings */
	size_t n;
};

/* The value of one key; nothing when it is not there. */
struct profile_slot {
	char *text;
	char **items;
	uint32_t n;
};

struct profile_file {
	const char *path, *dir; /* kept with the settings */
	struct outline outline;
	const char **names; /* of the profiles; NULL: it is one */
	size_t count;
	/* A slot per key, profile after profile; NULL: nothing in it. */
	struct profile_slot *slots;
	const void *schema; /* for libcyaml's free */
};

int profile_keys(struct settings *s, struct profile_keys *ret, struct err *e)
	MUST_CHECK;
bool profile_file_exists(const char *path);
int profile_file_load(struct settings *s, const struct profile_keys *keys,
		      const char *path, struct profile_file *ret, struct err *e)
	MUST_CHECK;
void profile_file_release(struct profile_file *f);

#endif
