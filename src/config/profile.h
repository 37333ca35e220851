/* SPDX-License-Identifier: MIT */
#ifndef CONFIG_PROFILE_H
#define CONFIG_PROFILE_H

/*
 * Profiles: named sets of options in YAML files.
 *
 * A name is looked up in $XDG_CONFIG_HOME/mqtt-tools/profiles.yaml
 * (~/.config/...), then in /etc/mqtt-tools/profiles.yaml; with a '/' in it,
 * it is a file, whose top level is the profile itself (or holds one named
 * "default"). Keys are the long option names, of any tool; "extends" names
 * the profile to start from. libcyaml reads the files by a schema made from
 * the option table, and is not touched when there is no file. For
 * settings_load() and the tests; main thread only.
 */

#include "config/option.h"

/* Stores the values of the profile v->text; v NULL: of "default", if there
 * is one. e has FILE:LINE:COLUMN where it can be told. */
int profile_apply(struct settings *s, const struct setting *v, struct err *e)
	MUST_CHECK;

/* Writes everything that is not at its default as the profile
 * typed.save_profile: to a new file in place of the old one, mode 0600,
 * other profiles kept as they are. Passwords are left out with a warning. */
int profile_save(struct settings *s, struct err *e) MUST_CHECK;

/* The file of the user's profiles, kept with the settings; "" when there is
 * no home directory, NULL when out of memory. */
const char *profile_user_file(struct settings *s) MUST_CHECK;

#endif
