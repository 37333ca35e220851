/* SPDX-License-Identifier: MIT */
#include "bench/document.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/text.h"

#define DEPTH_MAX 8

/* What libcyaml said when it gave up: the complaint, then a backtrace from
 * the innermost field outwards. */
struct complaint {
	char text[200];
	char path[DEPTH_MAX][48]; /* "groups", "[0]", "clients"; inner first */
	int depth;
	unsigned line, column; /* of the innermost */
};

static void add_step(struct complaint *c, const char *said)
{
	unsigned entry;
	char *step;

	if (c->depth == DEPTH_MAX)
		return;
	step = c->path[c->depth];
	if (sscanf(said, "  in mapping field '%47[^']'", step) == 1)
		c->depth++;
	else if (sscanf(said, "  in sequence entry '%u'", &entry) == 1)
		snprintf(c->path[c->depth++], sizeof(c->path[0]), "[%u]",
			 entry - 1);
}

PRINTF(3, 0)
static void listen(cyaml_log_t level, void *ctx, const char *fmt, va_list ap)
{
	struct complaint *c = ctx;
	char said[200];
	unsigned line, column;
	char *where;

	(void)level;
	vsnprintf(said, sizeof(said), fmt, ap);
	said[strcspn(said, "\n")] = '\0';
	where = strstr(said, "(line: ");
	if (!where && !c->text[0] && strncmp(said, "Load: ", 6) == 0)
		snprintf(c->text, sizeof(c->text), "%s", said + 6);
	if (!where ||
	    sscanf(where, "(line: %u, column: %u)", &line, &column) != 2)
		return;
	if (c->line == 0) {
		c->line = line;
		c->column = column;
	}
	add_step(c, said);
}

static const cyaml_schema_field_t *field_of(const cyaml_schema_value_t *v,
					    const char *key)
{
	const cyaml_schema_field_t *f = v->mapping.fields;

	if (v->type != CYAML_MAPPING)
		return NULL;
	while (f->key && strcmp(f->key, key) != 0)
		f++;
	return f->key ? f : NULL;
}

/* The schema of the value that the backtrace leads to. */
static const cyaml_schema_value_t *schema_at(const cyaml_schema_value_t *v,
					     const struct complaint *c)
{
	const cyaml_schema_field_t *f;

	for (int i = c->depth; v && i-- > 0;) {
		if (c->path[i][0] == '[') {
			v = v->type == CYAML_SEQUENCE ? v->sequence.entry
						      : NULL;
			continue;
		}
		f = field_of(v, c->path[i]);
		v = f ? &f->value : NULL;
	}
	return v;
}

static void append_choices(struct buf *out, const cyaml_schema_value_t *v)
{
	uint32_t n = v->enumeration.count;

	for (uint32_t i = 0; i < n; i++)
		if (buf_printf(out, "%s%s",
			       i == 0       ? ""
			       : i == n - 1 ? " or "
					    : ", ",
			       v->enumeration.strings[i].str) < 0)
			return;
}

static const char *expected(const cyaml_schema_value_t *v, struct buf *out)
{
	buf_clear(out);
	switch (v->type) {
	case CYAML_UINT:
		return "a whole number";
	case CYAML_FLOAT:
		return "a number";
	case CYAML_STRING:
		return "a text";
	case CYAML_SEQUENCE:
		return "a list";
	case CYAML_MAPPING:
		return "a set of 'key: value' lines";
	case CYAML_ENUM:
		append_choices(out, v);
		return buf_cstr(out);
	default:
		return NULL;
	}
}

static const char *nearest_key(const cyaml_schema_value_t *v, const char *key)
{
	const char *keys[64];
	size_t n = 0;

	if (!v || v->type != CYAML_MAPPING)
		return NULL;
	for (const cyaml_schema_field_t *f = v->mapping.fields;
	     f->key && n < ARRAY_SIZE(keys); f++)
		keys[n++] = f->key;
	return text_nearest(key, keys, n);
}

static void explain_key(const char *key, const cyaml_schema_value_t *v,
			struct err *e)
{
	const char *near = nearest_key(v, key);

	if (near)
		err_set(e, ERR_USAGE, 0, "unknown key '%s', did you mean '%s'?",
			key, near);
	else
		err_set(e, ERR_USAGE, 0, "unknown key '%s'", key);
}

static const char *path_of(const struct complaint *c, char *dst, size_t size)
{
	size_t n = 0;

	*dst = '\0';
	for (int i = c->depth; i-- > 0 && n < size;)
		n += (size_t)snprintf(dst + n, size - n, "%s%s",
				      n && c->path[i][0] != '[' ? "." : "",
				      c->path[i]);
	return dst;
}

/* libcyaml's own words, or better ones where they say too little. */
static void explain(const struct complaint *c, const char *path,
		    const cyaml_schema_value_t *schema, struct err *e)
{
	const cyaml_schema_value_t *v = schema_at(schema, c);
	char value[100];
	struct buf spare = { 0 };
	const char *want = v ? expected(v, &spare) : NULL;

	if (sscanf(c->text, "Missing required mapping field: %99s", value) == 1)
		err_set(e, ERR_USAGE, 0, "'%s' is missing here", value);
	else if (sscanf(c->text, "Mapping field already seen: %99s", value) ==
		 1)
		err_set(e, ERR_USAGE, 0, "'%s' is here for the second time",
			value);
	else if (sscanf(c->text, "Invalid %*s value: %99[^\n]", value) == 1 &&
		 want)
		err_set(e, ERR_USAGE, 0, "%s: %s is not %s", path, value, want);
	else if (strncmp(c->text, "STRING length < 1", 17) == 0)
		err_set(e, ERR_USAGE, 0, "%s: is empty", path);
	else if (strncmp(c->text, "Expecting ", 10) == 0 && want)
		err_set(e, ERR_USAGE, 0, "%s%sexpected %s", path,
			*path ? ": " : "", want);
	else
		err_set(e, ERR_USAGE, 0, "%s", c->text);
	buf_release(&spare);
}

/* The n-th pair of a key in a mapping, from 0; NULL when it is not there. */
static yaml_node_pair_t *pair_of(yaml_document_t *doc, const yaml_node_t *node,
				 struct bytes key, int n)
{
	yaml_node_pair_t *p;
	yaml_node_t *k;

	if (node->type != YAML_MAPPING_NODE)
		return NULL;
	for (p = node->data.mapping.pairs.start;
	     p < node->data.mapping.pairs.top; p++) {
		k = yaml_document_get_node(doc, p->key);
		if (k->type == YAML_SCALAR_NODE &&
		    bytes_equal(bytes_of(k->data.scalar.value,
					 k->data.scalar.length),
				key) &&
		    n-- == 0)
			return p;
	}
	return NULL;
}

static yaml_node_t *child_entry(yaml_document_t *doc, const yaml_node_t *node,
				size_t i)
{
	if (node->type != YAML_SEQUENCE_NODE ||
	    i >= (size_t)(node->data.sequence.items.top -
			  node->data.sequence.items.start))
		return NULL;
	return yaml_document_get_node(doc, node->data.sequence.items.start[i]);
}

/* The node of a path, or the last one on the way that is there. */
static yaml_node_t *walk(yaml_document_t *doc, const char *path)
{
	yaml_node_t *node = yaml_document_get_root_node(doc), *next = node;
	yaml_node_pair_t *pair;
	char *end;
	size_t n;

	while (next && *path) {
		node = next;
		if (*path == '[') {
			next = child_entry(doc, node,
					   strtoul(path + 1, &end, 10));
			path = *end ? end + 1 : end;
			continue;
		}
		path += *path == '.';
		n = strcspn(path, ".[");
		pair = pair_of(doc, node, bytes_of(path, n), 0);
		next = pair ? yaml_document_get_node(doc, pair->value) : NULL;
		path += n;
	}
	return next ? next : node;
}

static void take_mark(yaml_mark_t mark, unsigned ret_position[2])
{
	ret_position[0] = (unsigned)mark.line + 1;
	ret_position[1] = (unsigned)mark.column + 1;
}

/* Where the parser gave up; the part of it that decodes counts bytes only. */
static void locate_problem(const yaml_parser_t *parser, struct bytes text,
			   unsigned ret_position[2])
{
	size_t n = parser->problem_offset < text.n ? parser->problem_offset
						   : text.n;
	unsigned line = 1, column = 1;

	if (parser->error != YAML_READER_ERROR) {
		take_mark(parser->problem_mark, ret_position);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		column = text.p[i] == '\n' ? 1 : column + 1;
		line += text.p[i] == '\n';
	}
	ret_position[0] = line;
	ret_position[1] = column;
}

/* Where the value of a path begins, or the n-th of a key in the mapping there,
 * or where the text is no YAML. */
static void locate(const struct document_source *s, const char *path,
		   const char *key, int n, unsigned ret_position[2])
{
	yaml_node_pair_t *pair = NULL;
	yaml_document_t doc;
	yaml_parser_t parser;
	yaml_node_t *node;

	if (!yaml_parser_initialize(&parser))
		return;
	yaml_parser_set_input_string(&parser, s->text.p, s->text.n);
	if (yaml_parser_load(&parser, &doc)) {
		node = walk(&doc, path);
		if (node && key)
			pair = pair_of(&doc, node, bytes_str(key), n);
		if (pair)
			node = yaml_document_get_node(&doc, pair->key);
		if (node && (pair || !key))
			take_mark(node->start_mark, ret_position);
		yaml_document_delete(&doc);
	} else {
		locate_problem(&parser, s->text, ret_position);
	}
	yaml_parser_delete(&parser);
}

int document_blame(const struct document_source *s, const char *path,
		   struct err *e)
{
	unsigned at[2] = { 1, 1 };

	locate(s, path, NULL, 0, at);
	if (*path)
		err_prefix(e, "%s", path);
	return err_prefix(e, "%s:%u:%u", s->name, at[0], at[1]);
}

/* Of a key that is missing or there twice libcyaml names the field read last,
 * if there was one, and not the mapping. */
static void leave_sibling(struct complaint *c,
			  const cyaml_schema_value_t *schema, const char *key)
{
	const cyaml_schema_value_t *v = schema_at(schema, c);

	if (c->depth == 0 || (v && field_of(v, key)))
		return;
	memmove(c->path, c->path + 1, sizeof(c->path) - sizeof(c->path[0]));
	c->depth--;
}

static int explain_all(const struct document_source *s, struct complaint *c,
		       const cyaml_schema_value_t *schema, struct err *e)
{
	unsigned at[2] = { c->line, c->column };
	char path[200], key[64];
	bool is_missing = sscanf(c->text,
				 "Missing required mapping field: %63s",
				 key) == 1;
	bool is_again = sscanf(c->text, "Mapping field already seen: %63s",
			       key) == 1;

	if (is_missing || is_again)
		leave_sibling(c, schema, key);
	path_of(c, path, sizeof(path));
	if (sscanf(c->text, "Unexpected key: %63[^\n]", key) == 1) {
		explain_key(key, schema_at(schema, c), e);
		locate(s, path, key, 0, at);
	} else {
		explain(c, path, schema, e);
	}
	if (is_again)
		locate(s, path, key, 1, at);
	else if (is_missing || c->line == 0)
		locate(s, path, NULL, 0, at);
	return err_prefix(e, "%s:%u:%u", s->name, at[0], at[1]);
}

/* Texts that are cut, and what is there and says nothing. */
static const char *find_lacking(const yaml_node_t *n)
{
	if (n->type == YAML_SCALAR_NODE)
		return memchr(n->data.scalar.value, 0, n->data.scalar.length)
			       ? "this text has a zero byte in it"
			       : NULL;
	if (n->type == YAML_MAPPING_NODE)
		return n->data.mapping.pairs.start == n->data.mapping.pairs.top
			       ? "this set of 'key: value' is empty: fill it "
				 "or leave it out"
			       : NULL;
	return n->data.sequence.items.start == n->data.sequence.items.top
		       ? "this list is empty: fill it or leave it out"
		       : NULL;
}

/* What libcyaml passes over: the end of a text behind a zero byte, what is
 * empty, and all documents but the first. */
static const char *find_passed_over(yaml_document_t *doc, bool is_first,
				    yaml_mark_t *ret_mark)
{
	const yaml_node_t *root = yaml_document_get_root_node(doc);

	if (!is_first) {
		if (!root || (root->type == YAML_SCALAR_NODE &&
			      !root->data.scalar.length))
			return NULL;
		*ret_mark = root->start_mark;
		return "a second document begins here, expected one";
	}
	for (const yaml_node_t *n = doc->nodes.start; n < doc->nodes.top; n++) {
		const char *found = find_lacking(n);

		if (!found)
			continue;
		*ret_mark = n->start_mark;
		return found;
	}
	return NULL;
}

static int check_whole(const struct document_source *s, struct err *e)
{
	const char *found = NULL;
	yaml_document_t doc;
	yaml_parser_t parser;
	yaml_mark_t mark = { 0 };

	if (!yaml_parser_initialize(&parser))
		return err_nomem(e);
	yaml_parser_set_input_string(&parser, s->text.p, s->text.n);
	for (int i = 0; !found && i < 2 && yaml_parser_load(&parser, &doc);
	     i++) {
		found = find_passed_over(&doc, i == 0, &mark);
		yaml_document_delete(&doc);
	}
	yaml_parser_delete(&parser);
	return found ? err_set(e, ERR_USAGE, 0, "%s:%zu:%zu: %s", s->name,
			       mark.line + 1, mark.column + 1, found)
		     : 0;
}

int document_load(const struct document_source *s,
		  const cyaml_schema_value_t *schema, void **ret, struct err *e)
{
	struct complaint c = { 0 };
	cyaml_config_t config = {
		.log_fn = listen,
		.log_ctx = &c,
		.log_level = CYAML_LOG_WARNING,
		.mem_fn = cyaml_mem,
	};
	cyaml_data_t *data = NULL;
	cyaml_err_t r;

	r = cyaml_load_data(s->text.p, s->text.n, &config, schema, &data, NULL);
	if (r == CYAML_OK && data && check_whole(s, e) < 0) {
		document_free(schema, data);
		return -1;
	}
	if (r == CYAML_OK && data) {
		*ret = data;
		return 0;
	}
	if (r == CYAML_OK)
		return err_set(e, ERR_USAGE, 0, "%s: is empty", s->name);
	if (r == CYAML_ERR_OOM)
		return err_nomem(e);
	if (!c.text[0])
		snprintf(c.text, sizeof(c.text), "%s", cyaml_strerror(r));
	return explain_all(s, &c, schema, e);
}

void document_free(const cyaml_schema_value_t *schema, void *data)
{
	const cyaml_config_t config = { .log_level = CYAML_LOG_ERROR,
					.mem_fn = cyaml_mem };

	if (data)
		cyaml_free(&config, schema, data, 0);
}
