/* SPDX-License-Identifier: MIT */
#include "config/profile.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "config/keep.h"
#include "config/profile_file.h"

#define SYSTEM_FILE "/etc/mqtt-tools/profiles.yaml"

enum { SHOWN_MAX = 80, CHAIN_MAX = 16, FILES_MAX = CHAIN_MAX + 4 };

/* One profile of a file. */
struct found {
	const struct profile_file *file;
	size_t number;
};

/* One search: the files read so far, and the chain of extends, the profile
 * that was asked for first. */
struct search {
	struct settings *s;
	const char *user_file; /* or NULL */
	struct profile_file files[FILES_MAX];
	size_t file_count;
	struct found chain[CHAIN_MAX];
	size_t chain_count;
	struct profile_keys keys; /* once there is a file */
};

const char *profile_user_file(struct settings *s)
{
	const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

	/* Relative paths are to be ignored, says the XDG specification. */
	if (xdg && xdg[0] == '/')
		return keep_printf(s, "%s/mqtt-tools/profiles.yaml", xdg);
	if (home && home[0] == '/')
		return keep_printf(s, "%s/.config/mqtt-tools/profiles.yaml",
				   home);
	return "";
}

/* 1 with the file, read before or now; 0 when it does not exist. */
static int open_file(struct search *q, const char *path,
		     const struct profile_file **ret, struct err *e)
{
	struct profile_file *f = &q->files[q->file_count];

	for (size_t i = 0; i < q->file_count; i++) {
		if (!strcmp(q->files[i].path, path)) {
			*ret = &q->files[i];
			return 1;
		}
	}
	if (!profile_file_exists(path))
		return 0;
	if ((!q->keys.n && profile_keys(q->s, &q->keys, e)) ||
	    profile_file_load(q->s, &q->keys, path, f, e))
		return -1;
	q->file_count++;
	*ret = f;
	return 1;
}

static bool find_in(const struct profile_file *f, const char *name,
		    struct found *ret)
{
	for (size_t i = 0; f->names && i < f->count; i++) {
		if (strcmp(f->names[i], name) != 0)
			continue;
		*ret = (struct found){ f, i };
		return true;
	}
	return false;
}

/* These return 1 when the profile was found, 0 with e when it was not, and
 * -1 with e when a file is no good. */

static int not_found(struct search *q, const char *name, struct err *e)
{
	const char *names[256], *nearest;
	char shown[SHOWN_MAX];
	size_t n = 0;

	text_visible(shown, sizeof(shown), bytes_str(name));
	for (size_t i = 0; i < q->file_count; i++)
		for (size_t k = 0; q->files[i].names && k < q->files[i].count;
		     k++)
			if (n < ARRAY_SIZE(names))
				names[n++] = q->files[i].names[k];
	nearest = text_nearest(name, names, n);
	if (nearest)
		err_set(e, ERR_USAGE, 0,
			"there is no profile '%s'; did you mean '%s'?", shown,
			nearest);
	else
		err_set(e, ERR_USAGE, 0,
			"there is no profile '%s' in %s%s" SYSTEM_FILE, shown,
			q->user_file, *q->user_file ? " or " : "");
	return 0;
}

/* from: the profile that extends it, whose file comes first. */
static int find_name(struct search *q, const char *name,
		     const struct found *from, struct found *ret, struct err *e)
{
	const char *paths[] = { q->user_file, SYSTEM_FILE };

	if (from && find_in(from->file, name, ret))
		return 1;
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		const struct profile_file *f;
		int rc = open_file(q, paths[i], &f, e);

		if (rc < 0)
			return -1;
		if (rc && find_in(f, name, ret))
			return 1;
	}
	return not_found(q, name, e);
}

static int find_path(struct search *q, const char *path, struct found *ret,
		     struct err *e)
{
	const struct profile_file *f;
	int rc = open_file(q, path, &f, e);

	if (rc < 0)
		return -1;
	if (!rc) {
		err_set(e, ERR_USAGE, 0, "there is no file '%s'", path);
		return 0;
	}
	*ret = (struct found){ f, 0 };
	if (!f->names || find_in(f, "default", ret))
		return 1;
	err_set(e, ERR_USAGE, 0,
		"'%s' has several profiles, and none of them is 'default'",
		path);
	return 0;
}

/* The text says NAME or FILE. */
static int find(struct search *q, const char *text, const struct found *from,
		struct found *ret, struct err *e)
{
	const char *path = text;

	if (!strchr(text, '/'))
		return find_name(q, text, from, ret, e);
	if (from && text[0] != '/')
		path = keep_printf(q->s, "%s/%s", from->file->dir, text);
	if (!path)
		return err_nomem(e);
	return find_path(q, path, ret, e);
}

static const struct profile_slot *slot_of(const struct search *q,
					  const struct found *p, size_t key)
{
	return &p->file->slots[p->number * q->keys.n + key];
}

/* The outline's item for a key, or for the n-th item of its list. */
static const struct outline_item *locate(const struct found *p, const char *key,
					 size_t nth, bool is_item)
{
	const struct outline *o = &p->file->outline;
	const char *name = p->file->names ? p->file->names[p->number] : NULL;

	for (size_t i = 0; i < o->n; i++) {
		const struct outline_item *at = &o->v[i];

		if (!at->key || strcmp(at->key, key) != 0 ||
		    (name && strcmp(at->profile, name) != 0) ||
		    !at->item == is_item)
			continue;
		if (!nth--)
			return at;
	}
	return NULL;
}

static int set_text(struct search *q, const struct found *p,
		    const struct outline_item *at, struct setting *v,
		    struct err *e)
{
	v->origin.kind = ORIGIN_PROFILE;
	v->origin.depth = (unsigned)(p - q->chain);
	v->origin.where = outline_where(q->s, &p->file->outline, at);
	v->base_dir = *p->file->dir ? p->file->dir : "/";
	if (!v->origin.where)
		return err_nomem(e);
	return option_set(q->s, v, e);
}

static int set_key(struct search *q, const struct found *p, size_t key,
		   struct err *e)
{
	const struct profile_slot *slot = slot_of(q, p, key);
	const char *name = q->keys.v[key].name;
	struct setting v = { .option = option_find(name, q->s->tool) };

	if (slot->text) {
		v.text = slot->text;
		return set_text(q, p, locate(p, name, 0, false), &v, e);
	}
	for (size_t i = 0; i < slot->n; i++) {
		v.text = slot->items[i];
		if (set_text(q, p, locate(p, name, i, true), &v, e))
			return -1;
	}
	return 0;
}

/* Whether the profile says something about the option of a key; *ret is the
 * key by which it does (it may be an alias). */
static bool says(const struct search *q, const struct found *p,
		 const struct option *o, size_t *ret)
{
	for (size_t k = 0; k < q->keys.n; k++) {
		const struct profile_slot *slot = slot_of(q, p, k);

		if (!slot->text && !slot->items)
			continue;
		if (option_find(q->keys.v[k].name, q->s->tool) != o)
			continue;
		*ret = k;
		return true;
	}
	return false;
}

/* Each option as the first profile of the chain has it. */
static int apply(struct search *q, struct err *e)
{
	for (size_t i = 0; i < option_count; i++) {
		const struct option *o = &options[i];
		size_t key;

		if (!(o->tools & q->s->tool) || (o->flags & OPTION_NO_PROFILE))
			continue;
		for (size_t c = 0; c < q->chain_count; c++) {
			if (!q->chain[c].file->slots ||
			    !says(q, &q->chain[c], o, &key))
				continue;
			if (set_key(q, &q->chain[c], key, e))
				return -1;
			break;
		}
	}
	return 0;
}

static bool is_in_chain(const struct search *q, const struct found *p)
{
	for (size_t i = 0; i < q->chain_count; i++)
		if (q->chain[i].file == p->file &&
		    q->chain[i].number == p->number)
			return true;
	return false;
}

/* Finds the profile that p extends: 1, or 0 with e. */
static int find_parent(struct search *q, const struct found *p,
		       const char *text, struct found *ret, struct err *e)
{
	int rc = find(q, text, p, ret, e);

	if (rc <= 0)
		return rc;
	if (is_in_chain(q, ret)) {
		err_set(e, ERR_USAGE, 0, "'%s' leads back to itself", text);
		return 0;
	}
	if (q->chain_count < CHAIN_MAX)
		return 1;
	err_set(e, ERR_USAGE, 0, "more than %d profiles in a row", CHAIN_MAX);
	return 0;
}

/* Adds what the last profile of the chain extends; 0 at the end. */
static int extend(struct search *q, struct err *e)
{
	const struct found *p = &q->chain[q->chain_count - 1];
	const char *where, *text;
	struct found parent;
	int rc;

	text = p->file->slots ? slot_of(q, p, 0)->text : NULL;
	if (!text)
		return 0;
	rc = find_parent(q, p, text, &parent, e);
	if (rc > 0)
		q->chain[q->chain_count++] = parent;
	if (rc)
		return rc;
	where = outline_where(q->s, &p->file->outline,
			      locate(p, "extends", 0, false));
	return where ? err_prefix(e, "%s: 'extends'", where) : err_nomem(e);
}

static int run(struct search *q, const struct setting *v, struct err *e)
{
	char by[ORIGIN_TEXT_MAX];
	int rc = find(q, v ? v->text : "default", NULL, &q->chain[0], e);

	if (rc < 0)
		return -1;
	if (!rc && v)
		return err_prefix(e, "%s",
				  origin_text(by, v->option, &v->origin));
	err_clear(e);
	if (!rc)
		return 0;
	q->chain_count = 1;
	while ((rc = extend(q, e)) > 0)
		;
	return rc < 0 ? -1 : apply(q, e);
}

int profile_apply(struct settings *s, const struct setting *v, struct err *e)
{
	struct search q = { .s = s };
	int rc;

	if (v && !*v->text)
		return 0; /* --profile '': none, not even the default one */
	q.user_file = profile_user_file(s);
	if (!q.user_file)
		return err_nomem(e);
	rc = run(&q, v, e);
	while (q.file_count)
		profile_file_release(&q.files[--q.file_count]);
	return rc;
}
