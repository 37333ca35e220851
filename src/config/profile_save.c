/* SPDX-License-Identifier: MIT */
#include "config/profile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/disk.h"
#include "base/text.h"
#include "base/write_all.h"
#include "config/keep.h"
#include "config/profile_file.h"
#include "config/resolve.h"
#include "config/show.h"

enum { FILE_MAX = 1 << 20 };

/* A profile on its way to its file. */
struct saving {
	struct settings *s;
	const char *path; /* with symbolic links followed */
	const char *name; /* NULL: the file is the profile */
	struct buf block; /* the profile */
	size_t count;     /* options in it */
	struct buf text;  /* the new file */
	struct profile_keys keys;
};

/* "mqtt://user:secret@host" without ":secret"; the copy is kept. */
static const char *without_password(struct settings *s, const char *url)
{
	const char *from = strstr(url, "://"), *at, *colon;

	if (!from)
		return url;
	from += 3;
	at = memrchr(from, '@', strcspn(from, "/?#"));
	colon = at ? memchr(from, ':', (size_t)(at - from)) : NULL;
	return colon ? keep_printf(s, "%.*s%s", (int)(colon - url), url, at)
		     : url;
}

/* Relative paths would start at the profile's directory later. */
static const char *absolute(struct settings *s, const char *path)
{
	char *here = path[0] == '/' ? NULL : getcwd(NULL, 0);
	const char *whole = here ? keep_printf(s, "%s/%s", here, path) : path;

	free(here);
	return whole;
}

/* Changes the value to what can be saved: the program ends after this. */
static int make_portable(struct settings *s, const struct option *o,
			 struct err *e)
{
	const char **field = (const char **)((char *)s + o->offset), *was;

	if (o->type != OPTION_PATH && !(o->flags & OPTION_URL))
		return 0;
	was = *field;
	*field = o->type == OPTION_PATH ? absolute(s, was)
					: without_password(s, was);
	if (!*field)
		return err_nomem(e);
	if (o->type == OPTION_PATH || *field == was)
		return 0;
	return keep_warning(s, e, "the password in --%s is not saved", o->name);
}

static int put_option(struct saving *w, const struct option *o, struct err *e)
{
	const struct show_style style = { .indent = w->name ? 2 : 0 };

	if (o->flags & OPTION_SECRET)
		return keep_warning(
			w->s, e, "--%s is not saved: it is a secret", o->name);
	if (make_portable(w->s, o, e))
		return -1;
	w->count++;
	return show_option(w->s, o, &style, &w->block) ? err_nomem(e) : 0;
}

static int put_profile(struct saving *w, struct err *e)
{
	const struct settings *s = w->s;

	if (w->name && (show_scalar(bytes_str(w->name), &w->block) ||
			buf_append_str(&w->block, ":\n")))
		return err_nomem(e);
	for (size_t i = 0; i < option_count; i++) {
		const struct option *o = &options[i];

		if ((o->tools & s->tool) && !(o->flags & OPTION_NO_PROFILE) &&
		    s->origins[i].kind != ORIGIN_DEFAULT && put_option(w, o, e))
			return -1;
	}
	if (!w->count)
		return err_set(e, ERR_USAGE, 0,
			       "there is nothing to save: "
			       "all settings are at their defaults");
	if (!text_is_utf8(buf_view(&w->block)))
		return err_set(e, ERR_USAGE, 0,
			       "a value is not UTF-8 text, "
			       "which a profile cannot hold");
	return 0;
}

static size_t line_start(struct bytes text, size_t line)
{
	size_t at = 0;

	while (--line && at < text.n) {
		const uint8_t *end = memchr(text.p + at, '\n', text.n - at);

		at = end ? (size_t)(end - text.p) + 1 : text.n;
	}
	return at;
}

/* Comments and empty lines before the next profile belong to that. */
static size_t without_comments(struct bytes text, size_t from, size_t end)
{
	size_t keep = end;

	while (keep > from) {
		size_t start = keep - 1;

		while (start > from && text.p[start - 1] != '\n')
			start--;
		if (text.p[start] != '#' && text.p[start] != '\n')
			break;
		keep = start;
	}
	return keep;
}

/* Where the profile stands in the text; at its end when it does not. */
static int find_place(const struct saving *w, const struct outline *o,
		      struct bytes text, size_t *ret_from, size_t *ret_end,
		      struct err *e)
{
	bool is_next = false;

	*ret_from = *ret_end = text.n;
	for (size_t i = 0; i < o->n; i++) {
		const struct outline_item *at = &o->v[i];

		if (!at->profile)
			return err_set(e, ERR_USAGE, 0,
				       "'%s' is itself one profile and has no "
				       "room for a named one",
				       w->path);
		if (at->key)
			continue;
		if (at->key_column != 1)
			return err_set(e, ERR_USAGE, 0,
				       "%s:%zu:%zu: this profile does not "
				       "begin at the start of a line, so the "
				       "file cannot be changed here",
				       w->path, at->key_line, at->key_column);
		if (is_next)
			*ret_end = without_comments(text, *ret_from,
						    line_start(text,
							       at->key_line));
		is_next = !strcmp(at->profile, w->name);
		if (is_next)
			*ret_from = line_start(text, at->key_line);
	}
	return 0;
}

/* Where the old file has what is to be replaced. A file that is no good is
 * not touched. */
static int read_file(struct saving *w, struct bytes *ret_text, size_t *ret_from,
		     size_t *ret_end, struct err *e)
{
	struct profile_file f;
	int rc;

	if (resolve_file(w->s, w->path, FILE_MAX, ret_text, e) ||
	    profile_file_load(w->s, &w->keys, w->path, &f, e))
		return -1;
	rc = find_place(w, &f.outline, *ret_text, ret_from, ret_end, e);
	profile_file_release(&f);
	return rc;
}

static int put_file(struct saving *w, struct err *e)
{
	struct bytes text = bytes_str("");
	size_t from = 0, end = 0;

	if (w->name && profile_file_exists(w->path) &&
	    read_file(w, &text, &from, &end, e))
		return -1;
	if (buf_append(&w->text, bytes_of(text.p, from)) ||
	    (from && text.p[from - 1] != '\n' &&
	     buf_append_byte(&w->text, '\n')) ||
	    buf_append(&w->text, buf_view(&w->block)) ||
	    buf_append(&w->text, bytes_of(text.p + end, text.n - end)))
		return err_nomem(e);
	return 0;
}

/* The new file is read before it takes the place of the old one: what we
 * write, we must be able to read. */
static int check_file(struct saving *w, const char *path, struct err *e)
{
	struct profile_file f;

	if (profile_file_load(w->s, &w->keys, path, &f, e))
		return -1;
	profile_file_release(&f);
	return 0;
}

static int write_file(struct saving *w, char *temporary, struct err *e)
{
	int fd = mkostemp(temporary, O_CLOEXEC), saved; /* mode 0600 */
	int rc;

	if (fd < 0)
		return err_sys(e, ERR_LOCAL, "cannot write '%s'", temporary);
	rc = write_all(fd, buf_view(&w->text)) || fsync(fd);
	saved = errno;
	close(fd);
	errno = saved;
	if (rc)
		rc = err_sys(e, ERR_LOCAL, "cannot write '%s'", temporary);
	if (!rc)
		rc = check_file(w, temporary, e);
	if (!rc && rename(temporary, w->path))
		rc = err_sys(e, ERR_LOCAL, "cannot write '%s'", w->path);
	if (rc)
		unlink(temporary);
	return rc;
}

/* ~/.config and what is below it, as XDG has it: for the user alone. */
static int make_directory(char *dir, struct err *e)
{
	for (char *c = dir + 1; *c; c++) {
		if (*c != '/')
			continue;
		*c = '\0';
		if (mkdir(dir, 0700) && errno != EEXIST)
			return err_sys(e, ERR_LOCAL, "cannot make '%s'", dir);
		*c = '/';
	}
	if (mkdir(dir, 0700) && errno != EEXIST)
		return err_sys(e, ERR_LOCAL, "cannot make '%s'", dir);
	return 0;
}

static int find_path(struct saving *w, struct err *e)
{
	const char *target = w->s->typed.save_profile;
	char real[PATH_MAX];

	w->path = target;
	if (!strchr(target, '/')) {
		w->name = target;
		w->path = profile_user_file(w->s);
		if (!w->path)
			return err_nomem(e);
		if (!*w->path)
			return err_set(e, ERR_USAGE, 0,
				       "there is no home "
				       "directory for named profiles");
	}
	if (realpath(w->path, real)) {
		w->path = keep_str(w->s, real);
		if (!w->path)
			return err_nomem(e);
	}
	return 0;
}

static int save(struct saving *w, struct err *e)
{
	char *dir, *temporary;

	if (!*w->s->typed.save_profile)
		return err_set(e, ERR_USAGE, 0, "the name is empty");
	if (profile_keys(w->s, &w->keys, e) || find_path(w, e) ||
	    put_profile(w, e) || put_file(w, e))
		return -1;
	dir = keep_bytes(w->s,
			 bytes_of(w->path,
				  (size_t)(strrchr(w->path, '/') - w->path)));
	temporary = keep_printf(w->s, "%s.XXXXXX", w->path);
	if (!dir || !temporary)
		return err_nomem(e);
	if ((w->name && make_directory(dir, e)) || write_file(w, temporary, e))
		return -1;
	if (disk_sync_entry(w->path))
		return err_sys(e, ERR_LOCAL, "cannot write '%s'", w->path);
	return keep_warning(w->s, e, "saved in '%s'", w->path);
}

int profile_save(struct settings *s, struct err *e)
{
	struct saving w = { .s = s };
	int rc = save(&w, e);

	buf_release(&w.block);
	buf_release(&w.text);
	return rc ? err_prefix(e, "%s", TOLD_BY(s, typed.save_profile)) : 0;
}
