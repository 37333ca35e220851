/* SPDX-License-Identifier: MIT */
/*
 * For the tests of src/config: settings as a program would get them, from
 * words and variables given as text. Profiles of the machine are kept out:
 * HOME and XDG_CONFIG_HOME point to a directory of the test's own.
 */
#ifndef CONFIG_LOAD_H
#define CONFIG_LOAD_H

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/option.h"

enum { LOAD_WORDS = 40 };

struct loaded {
	struct settings s;
	struct err e;
	int rc;
	char *argv[LOAD_WORDS + 2], *env[LOAD_WORDS + 1];
	char *argv_text, *env_text;
};

/* A directory that is removed by remove_dir(); becomes home. */
static char home[64];

static inline void make_home(void)
{
	snprintf(home, sizeof(home), "/tmp/test-config-XXXXXX");
	if (!mkdtemp(home))
		abort();
	setenv("HOME", home, 1);
	unsetenv("XDG_CONFIG_HOME");
}

static inline void remove_home(void)
{
	char command[100];

	snprintf(command, sizeof(command), "rm -rf '%s'", home);
	if (system(command))
		abort();
	home[0] = '\0';
}

/* Words are separated by '|'; "" is none. */
static inline char *split(const char *text, char **words, size_t n)
{
	char *copy = strdup(text), *next = copy;

	while (copy && *text && next && n < LOAD_WORDS + 1) {
		words[n++] = next;
		next = strchr(next, '|');
		if (next)
			*next++ = '\0';
	}
	words[n] = NULL;
	return copy;
}

static inline void prepare(struct loaded *l, const char *args, const char *env)
{
	static char name[] = "program";

	if (!home[0]) {
		setenv("HOME", "/nonexistent", 1);
		unsetenv("XDG_CONFIG_HOME");
	}
	memset(l, 0, sizeof(*l));
	l->argv[0] = name;
	l->argv_text = split(args, l->argv, 1);
	l->env_text = split(env, l->env, 0);
}

static inline void load_with(struct loaded *l, enum tool tool, const char *args,
			     const char *env)
{
	struct settings_input in = { tool, l->argv, l->env };

	prepare(l, args, env);
	l->rc = settings_load(&l->s, &in, &l->e);
}

static inline void load(struct loaded *l, enum tool tool, const char *args)
{
	load_with(l, tool, args, "");
}

static inline void unload(struct loaded *l)
{
	settings_release(&l->s);
	free(l->argv_text);
	free(l->env_text);
	l->argv_text = l->env_text = NULL;
}

/* Loads, expects this error, and lets go. */
static inline void fails(enum tool tool, const char *args, const char *want)
{
	struct loaded l;

	load(&l, tool, args);
	is_int(l.rc, -1, "for '%s'", args);
	is_int(l.e.kind, ERR_USAGE, "for '%s'", args);
	is_str(l.e.text, want);
	unload(&l);
}

/* Writes HOME/name; directories on the way are made. */
static inline void write_home(const char *name, const char *text)
{
	char path[200];
	FILE *f;

	for (const char *c = name; (c = strchr(c, '/')); c++) {
		snprintf(path, sizeof(path), "%s/%.*s", home, (int)(c - name),
			 name);
		mkdir(path, 0700);
	}
	snprintf(path, sizeof(path), "%s/%s", home, name);
	f = fopen(path, "w");
	if (!f || fputs(text, f) < 0 || fclose(f))
		abort();
}

#define PROFILES ".config/mqtt-tools/profiles.yaml"

/* Text with every '@' replaced by the home directory. */
static inline const char *with_home(const char *text)
{
	static char out[4][1024];
	static unsigned turn;
	char *dst = out[++turn % 4];
	size_t n = 0;

	for (; *text && n < sizeof(out[0]) - 80; text++) {
		if (*text == '@')
			n += (size_t)snprintf(dst + n, sizeof(out[0]) - n, "%s",
					      home);
		else
			dst[n++] = *text;
	}
	dst[n] = '\0';
	return dst;
}

#endif
