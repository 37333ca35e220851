/* SPDX-License-Identifier: MIT */
#include "base/template.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/parse.h"

#define NAME_MAX_LEN 63
#define RANDOM_CHARS_MAX 65535u
#define WIDTH_MAX 20u

enum op_kind {
	OP_LITERAL, /* a: offset in the text, b: length */
	OP_INDEX,
	OP_NUMBER,
	OP_RANDOM, /* a: width */
	OP_INDEX_REST,
	OP_NUMBER_REST, /* a: divisor */
	OP_INDEX_PART,
	OP_NUMBER_PART, /* a: divisor */
	OP_CLIENT,
	OP_USER,
	OP_GROUP,
	OP_HEADER,
	OP_RANGE, /* a: least, b: number of values; b 0: 2^32 */
	OP_HEX,
	OP_ALNUM,  /* a: characters */
	OP_TIME,   /* a: ns per unit */
	OP_COLUMN, /* a: which */
};

struct op {
	enum op_kind kind;
	uint32_t a, b;
};

struct template
{
	struct op *ops;
	size_t count;
	unsigned uses;
	struct buf text; /* of all literals */
};

/* What is being compiled. */
struct compiler {
	struct template *t;
	const struct template_config *config;
	struct err *e;
};

static int add(struct compiler *c, enum template_use use, struct op op)
{
	struct op *ops;

	if (use && !(c->config->allowed & use))
		return err_set(c->e, ERR_USAGE, 0, "it has no meaning here");
	ops = reallocarray(c->t->ops, c->t->count + 1, sizeof(*ops));
	if (!ops)
		return err_nomem(c->e);
	c->t->ops = ops;
	c->t->uses |= use;
	ops[c->t->count++] = op;
	return 0;
}

static int add_literal(struct compiler *c, struct bytes s)
{
	struct template *t = c->t;
	struct op *last = t->count ? &t->ops[t->count - 1] : NULL;
	size_t at = buf_len(&t->text);

	if (buf_append(&t->text, s) < 0)
		return err_nomem(c->e);
	if (last && last->kind == OP_LITERAL) {
		last->b += (uint32_t)s.n;
		return 0;
	}
	return add(c, 0,
		   (struct op){ OP_LITERAL, (uint32_t)at, (uint32_t)s.n });
}

/* %i and the like; width from "%05i". */
static int add_letter(struct compiler *c, char letter, uint32_t width)
{
	static const struct {
		char letter;
		bool has_width;
		enum template_use use;
		enum op_kind kind;
	} letters[] = {
		{ 'i', true, TEMPLATE_INDEX, OP_INDEX },
		{ 'n', true, TEMPLATE_NUMBER, OP_NUMBER },
		{ 's', true, TEMPLATE_NUMBER, OP_NUMBER },
		{ 'r', true, TEMPLATE_RANDOM, OP_RANDOM },
		{ 'c', false, TEMPLATE_CLIENT, OP_CLIENT },
		{ 'u', false, TEMPLATE_USER, OP_USER },
		{ 'g', false, TEMPLATE_GROUP, OP_GROUP },
		{ 'h', false, TEMPLATE_HEADER, OP_HEADER },
	};

	for (size_t i = 0; i < ARRAY_SIZE(letters); i++)
		if (letters[i].letter == letter &&
		    (letters[i].has_width || !width))
			return add(c, letters[i].use,
				   (struct op){ letters[i].kind, width, 0 });
	return err_set(c->e, ERR_USAGE, 0,
		       "there is no such placeholder (%%%% is a percent "
		       "sign)");
}

/* "i%10", "n/4": the client's or message's number, divided. */
static int add_division(struct compiler *c, const char *s)
{
	bool is_index = *s == 'i';
	enum op_kind kind;
	uint64_t n;

	if (parse_uint(s + 2, 1, UINT32_MAX, &n, c->e) < 0)
		return -1;
	if (s[1] == '%')
		kind = is_index ? OP_INDEX_REST : OP_NUMBER_REST;
	else
		kind = is_index ? OP_INDEX_PART : OP_NUMBER_PART;
	return add(c, is_index ? TEMPLATE_INDEX : TEMPLATE_NUMBER,
		   (struct op){ kind, (uint32_t)n, 0 });
}

static int add_range(struct compiler *c, char *s)
{
	char *dash = strchr(s, '-');
	uint64_t low, high;

	if (!dash)
		return err_set(c->e, ERR_USAGE, 0,
			       "expected a range such as %%{r:1-6}");
	*dash = '\0';
	if (parse_uint(s, 0, UINT32_MAX, &low, c->e) < 0 ||
	    parse_uint(dash + 1, low, UINT32_MAX, &high, c->e) < 0)
		return -1;
	return add(c, TEMPLATE_RANDOM,
		   (struct op){ OP_RANGE, (uint32_t)low,
				(uint32_t)(high - low + 1) });
}

static int add_chars(struct compiler *c, enum op_kind kind, const char *s)
{
	uint64_t n;

	if (parse_uint(s, 1, RANDOM_CHARS_MAX, &n, c->e) < 0)
		return -1;
	return add(c, TEMPLATE_RANDOM, (struct op){ kind, (uint32_t)n, 0 });
}

static int add_column(struct compiler *c, const char *name)
{
	for (size_t i = 0; i < c->config->column_count; i++)
		if (strcmp(c->config->columns[i], name) == 0)
			return add(c, TEMPLATE_COLUMN,
				   (struct op){ OP_COLUMN, (uint32_t)i, 0 });
	if (c->config->column_count)
		return err_set(c->e, ERR_USAGE, 0,
			       "there is no such placeholder, and no column "
			       "of that name");
	return err_set(c->e, ERR_USAGE, 0, "there is no such placeholder");
}

/* What stands between the braces. */
static int add_braced(struct compiler *c, char *s)
{
	static const struct {
		const char *name;
		uint32_t unit;
	} times[] = { { "ns", 1 },
		      { "us", 1000 },
		      { "ms", 1000000 },
		      { "time", 1000000000 } };

	for (size_t i = 0; i < ARRAY_SIZE(times); i++)
		if (strcmp(s, times[i].name) == 0)
			return add(c, TEMPLATE_TIME,
				   (struct op){ OP_TIME, times[i].unit, 0 });
	if ((*s == 'i' || *s == 'n') && (s[1] == '%' || s[1] == '/'))
		return add_division(c, s);
	if (strncmp(s, "r:", 2) == 0)
		return add_range(c, s + 2);
	if (strncmp(s, "hex:", 4) == 0)
		return add_chars(c, OP_HEX, s + 4);
	if (strncmp(s, "alnum:", 6) == 0)
		return add_chars(c, OP_ALNUM, s + 6);
	return add_column(c, s);
}

/* "05i" and the like: the width and the letter behind it. */
static int add_short(struct compiler *c, const char *s, size_t digits)
{
	uint64_t width = 0;
	char number[4];

	if (s[digits] == '\0')
		return err_set(c->e, ERR_USAGE, 0,
			       "the text ends in it (%%%% is a percent sign)");
	if (digits >= sizeof(number))
		return err_set(c->e, ERR_USAGE, 0, "its width is above %u",
			       WIDTH_MAX);
	memcpy(number, s, digits);
	number[digits] = '\0';
	if (digits && parse_uint(number, 0, WIDTH_MAX, &width, c->e) < 0)
		return -1;
	return add_letter(c, s[digits], (uint32_t)width);
}

/* Behind "%": *ret_len is how long the placeholder is, also on failure. */
static int add_placeholder(struct compiler *c, const char *s, size_t *ret_len)
{
	size_t len = strcspn(s, "}");
	char name[NAME_MAX_LEN + 1];

	if (*s == '%') {
		*ret_len = 1;
		return add_literal(c, bytes_of(s, 1));
	}
	if (*s != '{') {
		len = strspn(s, "0123456789");
		*ret_len = len + (s[len] != '\0');
		return add_short(c, s, len);
	}
	*ret_len = len + (s[len] != '\0');
	if (s[len] == '\0' || len > NAME_MAX_LEN)
		return err_set(c->e, ERR_USAGE, 0, "its '}' is missing");
	memcpy(name, s + 1, len - 1);
	name[len - 1] = '\0';
	return add_braced(c, name);
}

static int compile(struct compiler *c, const char *text)
{
	size_t n;

	while (*text) {
		n = strcspn(text, "%");
		if (n && add_literal(c, bytes_of(text, n)) < 0)
			return -1;
		text += n;
		if (*text == '\0')
			break;
		if (add_placeholder(c, ++text, &n) < 0)
			return err_prefix(c->e, "placeholder '%%%.*s'", (int)n,
					  text);
		text += n;
	}
	return 0;
}

struct template *template_new(const char *text,
			      const struct template_config *config,
			      struct err *e)
{
	struct compiler c = { .config = config, .e = e };

	c.t = calloc(1, sizeof(*c.t));
	if (!c.t) {
		err_nomem(e);
		return NULL;
	}
	if (strlen(text) >= UINT32_MAX)
		err_set(e, ERR_USAGE, 0, "template is too long");
	else if (compile(&c, text) == 0)
		return c.t;
	template_free(c.t);
	return NULL;
}

void template_free(struct template *t)
{
	if (!t)
		return;
	free(t->ops);
	buf_release(&t->text);
	free(t);
}

unsigned template_uses(const struct template *t)
{
	return t->uses;
}

struct bytes template_literal(const struct template *t)
{
	if (t->count > 1 || (t->count == 1 && t->ops[0].kind != OP_LITERAL))
		return BYTES_NULL;
	if (t->count == 0)
		return BYTES_LIT("");
	return buf_view(&t->text);
}

static int put_number(struct buf *out, uint64_t v, uint32_t width)
{
	char digits[24];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + v % 10);
		v /= 10;
	} while (v || sizeof(digits) - at < width);
	return buf_append(out, bytes_of(digits + at, sizeof(digits) - at));
}

/* Even enough for test data: the bias of the multiplication is below
 * 2^-32 times the number of values. */
static uint32_t random_below(const struct template_values *v, uint32_t n)
{
	return (uint32_t)((uint64_t)v->random(v->random_ctx) * n >> 32);
}

static int put_chars(struct buf *out, const struct template_values *v,
		     uint32_t count, uint32_t base)
{
	static const char set[] = "0123456789abcdefghijklmnopqrstuvwxyz"
				  "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	uint8_t *p = buf_reserve(out, count);

	if (!p)
		return -1;
	for (uint32_t i = 0; i < count; i++)
		p[i] = (uint8_t)set[random_below(v, base)];
	buf_commit(out, count);
	return 0;
}

static int render_op(const struct template *t, const struct op *op,
		     const struct template_values *v, struct buf *out)
{
	switch (op->kind) {
	case OP_LITERAL:
		return buf_append(out, bytes_of(buf_view(&t->text).p + op->a,
						op->b));
	case OP_INDEX:
		return put_number(out, v->index + 1, op->a);
	case OP_NUMBER:
		return put_number(out, v->number + 1, op->a);
	case OP_RANDOM:
		return put_number(out, v->random(v->random_ctx), op->a);
	case OP_INDEX_REST:
		return put_number(out, v->index % op->a, 0);
	case OP_NUMBER_REST:
		return put_number(out, v->number % op->a, 0);
	case OP_INDEX_PART:
		return put_number(out, v->index / op->a, 0);
	case OP_NUMBER_PART:
		return put_number(out, v->number / op->a, 0);
	case OP_CLIENT:
		return buf_append(out, v->client_id);
	case OP_USER:
		return buf_append(out, v->user);
	case OP_GROUP:
		return buf_append(out, v->group);
	case OP_HEADER:
		return buf_append(out, v->header);
	case OP_RANGE:
		return put_number(out,
				  op->a + (op->b ? random_below(v, op->b)
						 : v->random(v->random_ctx)),
				  0);
	case OP_HEX:
		return put_chars(out, v, op->a, 16);
	case OP_ALNUM:
		return put_chars(out, v, op->a, 62);
	case OP_TIME:
		return put_number(out, v->time / op->a, 0);
	case OP_COLUMN:
		return buf_append(out, v->columns[op->a]);
	}
	return -1;
}

int template_render(const struct template *t, const struct template_values *v,
		    struct buf *out)
{
	size_t start = buf_len(out);

	for (size_t i = 0; i < t->count; i++) {
		if (render_op(t, &t->ops[i], v, out) == 0)
			continue;
		buf_truncate(out, start);
		return -1;
	}
	return 0;
}
