/* SPDX-License-Identifier: MIT */
#include "config/profile_file.h"

#include <cyaml/cyaml.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "config/keep.h"
#include "config/resolve.h"

enum { SHOWN_MAX = 80, NAMES_MAX = 1024, FILE_MAX = 1 << 20 };

int profile_keys(struct settings *s, struct profile_keys *ret, struct err *e)
{
	size_t most = option_count * (OPTION_ALIASES + 1) + 1, n = 0;
	struct profile_key *keys = keep_alloc(s, most * sizeof(*keys));

	if (!keys)
		return err_nomem(e);
	keys[n++].name = "extends";
	for (size_t i = 0; i < option_count; i++) {
		const struct option *o = &options[i];

		/* A name that two tools use is still one key. */
		if ((o->flags & OPTION_NO_PROFILE) ||
		    (option_find(o->name, 0) != o &&
		     !(option_find(o->name, 0)->flags & OPTION_NO_PROFILE)))
			continue;
		keys[n++] = (struct profile_key){ o->name, o };
		for (size_t a = 0; a < OPTION_ALIASES && o->alias[a]; a++)
			keys[n++] = (struct profile_key){ o->alias[a], o };
	}
	*ret = (struct profile_keys){ keys, n };
	return 0;
}

static const cyaml_schema_value_t text_schema = {
	CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 0, CYAML_UNLIMITED),
};

static cyaml_schema_field_t field_of(const struct profile_key *key, size_t slot)
{
	size_t at = slot * sizeof(struct profile_slot);
	cyaml_schema_field_t f = {
		.key = key->name,
		.data_offset = (uint32_t)(at +
					  offsetof(struct profile_slot, text)),
		.value = text_schema,
	};

	f.value.flags |= CYAML_FLAG_OPTIONAL;
	if (!key->option || !option_is_list(key->option))
		return f;
	f.data_offset = (uint32_t)(at + offsetof(struct profile_slot, items));
	f.count_offset = (uint32_t)(at + offsetof(struct profile_slot, n));
	f.count_size = sizeof(((struct profile_slot *)NULL)->n);
	f.value = (cyaml_schema_value_t){
		CYAML_VALUE_SEQUENCE(CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
				     char *, &text_schema, 0, CYAML_UNLIMITED),
	};
	return f;
}

/* The schema of one profile. */
static const cyaml_schema_field_t *make_fields(struct settings *s,
					       const struct profile_keys *keys)
{
	cyaml_schema_field_t *fields = keep_alloc(s, (keys->n + 1) *
							     sizeof(*fields));

	for (size_t i = 0; fields && i < keys->n; i++)
		fields[i] = field_of(&keys->v[i], i);
	return fields;
}

/* The schema of the file: one profile, or one under each of its names. */
static const cyaml_schema_value_t *make_schema(struct settings *s,
					       const struct profile_file *f,
					       const struct profile_keys *keys)
{
	uint32_t size = (uint32_t)(keys->n * sizeof(struct profile_slot));
	const cyaml_schema_field_t *inner = make_fields(s, keys);
	cyaml_schema_field_t *outer = keep_alloc(s, (f->count + 1) *
							    sizeof(*outer));
	cyaml_schema_value_t *schema = keep_alloc(s, sizeof(*schema));

	if (!inner || !outer || !schema)
		return NULL;
	for (size_t i = 0; f->names && i < f->count; i++) {
		outer[i].key = f->names[i];
		outer[i].data_offset = (uint32_t)i * size;
		outer[i].value.type = CYAML_MAPPING;
		outer[i].value.flags = CYAML_FLAG_OPTIONAL;
		outer[i].value.data_size = size;
		outer[i].value.mapping.fields = inner;
	}
	schema->type = CYAML_MAPPING;
	schema->flags = CYAML_FLAG_POINTER;
	schema->data_size = size * (uint32_t)f->count;
	schema->mapping.fields = f->names ? outer : inner;
	return schema;
}

/* The first line that libcyaml logs says what was wrong, the second where. */
struct complaint {
	char what[200];
	unsigned line, column;
};

PRINTF(3, 0)
static void listen(cyaml_log_t level UNUSED, void *ctx, const char *fmt,
		   va_list ap)
{
	struct complaint *c = ctx;
	char text[sizeof(c->what)];
	const char *where;

	vsnprintf(text, sizeof(text), fmt, ap);
	text[strcspn(text, "\n")] = '\0';
	if (!c->what[0])
		snprintf(c->what, sizeof(c->what), "%s", text);
	where = strstr(text, "(line: ");
	if (where && !c->line)
		sscanf(where, "(line: %u, column: %u)", &c->line, &c->column);
}

static void *allocate(void *ctx UNUSED, void *p, size_t n)
{
	if (n)
		return realloc(p, n);
	free(p);
	return NULL;
}

static cyaml_config_t config_for(struct complaint *c)
{
	return (cyaml_config_t){
		.log_fn = listen,
		.log_ctx = c,
		.mem_fn = allocate,
		.log_level = CYAML_LOG_ERROR,
	};
}

static int fill(struct profile_file *f, struct bytes text, struct err *e)
{
	struct complaint c = { .what = "" };
	cyaml_config_t config = config_for(&c);
	void *data = NULL;
	cyaml_err_t rc = cyaml_load_data(text.p, text.n, &config, f->schema,
					 &data, NULL);

	f->slots = data;
	if (rc == CYAML_OK)
		return 0;
	if (rc == CYAML_ERR_OOM)
		return err_nomem(e);
	return err_set(e, ERR_USAGE, 0, "%s:%u:%u: %s (%s)", f->path, c.line,
		       c.column, cyaml_strerror(rc), c.what);
}

void profile_file_release(struct profile_file *f)
{
	struct complaint ignored = { .what = "" };
	cyaml_config_t config = config_for(&ignored);

	if (f->slots)
		cyaml_free(&config, f->schema, f->slots, 0);
	f->slots = NULL;
}

static int fail_at(const struct profile_file *f, size_t line, size_t column,
		   struct err *e)
{
	return err_prefix(e, "%s:%zu:%zu", f->path, line, column);
}

static int unknown_key(const char *key, const struct profile_keys *keys,
		       struct err *e)
{
	const struct option *o = option_find(key, 0);
	const char *names[NAMES_MAX], *nearest;
	char shown[SHOWN_MAX];
	size_t n = 0;

	text_visible(shown, sizeof(shown), bytes_str(key));
	if (o && (o->flags & OPTION_NO_PROFILE))
		return err_set(e, ERR_USAGE, 0,
			       "'%s' belongs to a single run, not to a profile",
			       shown);
	if (!strcmp(key, "<<"))
		return err_set(e, ERR_USAGE, 0,
			       "'<<' is not supported; use extends: NAME");
	for (; n < keys->n && n < NAMES_MAX; n++)
		names[n] = keys->v[n].name;
	nearest = text_nearest(key, names, n);
	if (nearest)
		return err_set(e, ERR_USAGE, 0,
			       "unknown key '%s'; did you mean '%s'?", shown,
			       nearest);
	return err_set(e, ERR_USAGE, 0, "unknown key '%s'", shown);
}

static const struct profile_key *find_key(const struct profile_keys *keys,
					  const char *name)
{
	for (size_t i = 0; i < keys->n; i++)
		if (!strcmp(keys->v[i].name, name))
			return &keys->v[i];
	return NULL;
}

static bool is_same(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

/* Whether an earlier item is for the same profile and option. */
static const struct outline_item *find_earlier(const struct outline *o,
					       const struct outline_item *item,
					       const struct profile_keys *keys)
{
	const struct profile_key *k = item->key ? find_key(keys, item->key)
						: NULL;

	for (const struct outline_item *i = o->v; i < item; i++) {
		const struct profile_key *other;

		if (!is_same(i->profile, item->profile) || i->item ||
		    !i->key != !item->key)
			continue;
		if (!item->key)
			return i;
		other = find_key(keys, i->key);
		if (k && other &&
		    (k == other || (k->option && k->option == other->option)))
			return i;
	}
	return NULL;
}

static int check_item(const struct outline_item *i, const struct profile_key *k,
		      struct err *e)
{
	bool wants_list = k->option && option_is_list(k->option);

	if (i->is_null)
		return err_set(e, ERR_USAGE, 0, "'%s' has no value", i->key);
	if (i->shape == OUTLINE_LIST && !wants_list && !i->item)
		return err_set(e, ERR_USAGE, 0,
			       "'%s' is a list, expected one value", i->key);
	if (i->shape == OUTLINE_SCALAR && wants_list && !i->item)
		return err_set(e, ERR_USAGE, 0,
			       "'%s' is one value, expected a list "
			       "('- item' lines or [a, b])",
			       i->key);
	return 0;
}

static int check_outline(const struct profile_file *f,
			 const struct profile_keys *keys, struct err *e)
{
	for (size_t x = 0; x < f->outline.n; x++) {
		const struct outline_item *i = &f->outline.v[x];
		const struct outline_item *earlier;
		const struct profile_key *k;

		earlier = i->item ? NULL : find_earlier(&f->outline, i, keys);
		if (earlier) {
			err_set(e, ERR_USAGE, 0,
				"'%s' is given twice, first in line %zu",
				i->key ? i->key : i->profile,
				earlier->key_line);
			return fail_at(f, i->key_line, i->key_column, e);
		}
		if (!i->key)
			continue;
		k = find_key(keys, i->key);
		if (!k) {
			unknown_key(i->key, keys, e);
			return fail_at(f, i->key_line, i->key_column, e);
		}
		if (check_item(i, k, e))
			return fail_at(f, i->line, i->column, e);
	}
	return 0;
}

static int find_names(struct settings *s, struct profile_file *f, struct err *e)
{
	f->count = 1;
	if (!f->outline.n || !f->outline.v[0].profile)
		return 0;
	f->count = 0;
	f->names = keep_alloc(s, f->outline.n * sizeof(*f->names));
	if (!f->names)
		return err_nomem(e);
	for (size_t i = 0; i < f->outline.n; i++)
		if (!f->outline.v[i].key)
			f->names[f->count++] = f->outline.v[i].profile;
	return 0;
}

static int load(struct settings *s, const struct profile_keys *keys,
		struct profile_file *f, struct err *e)
{
	struct bytes text;

	if (resolve_file(s, f->path, FILE_MAX, &text, e) ||
	    outline_read(s, text, &f->outline, e) || find_names(s, f, e) ||
	    check_outline(f, keys, e))
		return -1;
	if (!f->outline.n)
		return 0;
	f->schema = make_schema(s, f, keys);
	return f->schema ? fill(f, text, e) : err_nomem(e);
}

bool profile_file_exists(const char *path)
{
	return *path &&
	       (!access(path, F_OK) || (errno != ENOENT && errno != ENOTDIR));
}

int profile_file_load(struct settings *s, const struct profile_keys *keys,
		      const char *path, struct profile_file *ret, struct err *e)
{
	struct profile_file f = { .path = keep_str(s, path) };
	const char *slash = strrchr(path, '/');

	f.dir = keep_bytes(s,
			   bytes_of(path, slash ? (size_t)(slash - path) : 0));
	if (!f.path || !f.dir)
		return err_nomem(e);
	f.outline.path = f.path;
	if (load(s, keys, &f, e)) {
		profile_file_release(&f);
		return -1;
	}
	*ret = f;
	return 0;
}
