/* SPDX-License-Identifier: MIT */
#include "tools/format_ops.h"

#include <stdlib.h>

#include "mqtt/props.h"

/* Wide enough for any table, and no way to fill the memory. */
#define MAX_WIDTH 10000
#define MAX_DECIMALS 99

struct parse {
	struct format *f;
	const char *whole;
	const char *p; /* the next character */
	uint8_t *free; /* the next free byte of the literals */
	const struct json_style *json;
	struct err *e;
};

static const struct field {
	char letter;
	uint8_t kind;
	uint8_t prop;
} fields[] = {
	{ 'A', OP_PROP_NUM, PROP_TOPIC_ALIAS },
	{ 'C', OP_PROP_BYTES, PROP_CONTENT_TYPE },
	{ 'D', OP_PROP_BYTES, PROP_CORRELATION_DATA },
	{ 'E', OP_PROP_NUM, PROP_MESSAGE_EXPIRY },
	{ 'F', OP_PROP_NUM, PROP_PAYLOAD_FORMAT },
	{ 'I', OP_STAMP, 0 },
	{ 'J', OP_JSON, 0 },
	{ 'P', OP_USER_PROPS, 0 },
	{ 'R', OP_PROP_BYTES, PROP_RESPONSE_TOPIC },
	{ 'S', OP_PROP_NUM, PROP_SUBSCRIPTION_ID },
	{ 'U', OP_UNIX_TIME, 0 },
	{ 'X', OP_HEX, 0 },
	{ 'd', OP_DOUBLE, 0 },
	{ 'f', OP_FLOAT, 0 },
	{ 'j', OP_JSON, 0 },
	{ 'l', OP_PAYLOAD_LEN, 0 },
	{ 'm', OP_MID, 0 },
	{ 'p', OP_PAYLOAD, 0 },
	{ 'q', OP_QOS, 0 },
	{ 'r', OP_RETAIN, 0 },
	{ 't', OP_TOPIC, 0 },
	{ 'x', OP_HEX, 0 },
};

static int fail(struct parse *s, const char *from, const char *why)
{
	return err_set(s->e, ERR_USAGE, 0,
		       "format '%s': '%.*s' at character %zu %s", s->whole,
		       (int)(s->p - from), from, (size_t)(from - s->whole) + 1,
		       why);
}

/* Literal bytes join those right before them. */
static int add_literal(struct parse *s, char c)
{
	struct format *f = s->f;
	struct op *last = f->count ? &f->ops[f->count - 1] : NULL;

	if (!last || last->kind != OP_TEXT) {
		last = format_add_op(f, OP_TEXT, s->e);
		if (!last)
			return -1;
		last->text = bytes_of(s->free, 0);
	}
	*s->free++ = (uint8_t)c;
	last->text.n++;
	return 0;
}

/* fmt has two characters. */
static int add_stamp(struct op *op, struct parse *s, const char *fmt)
{
	memcpy(s->free, fmt, 3);
	stamp_init(&op->stamp, (const char *)s->free, false);
	s->free += 3;
	return 0;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Digits, as far as they go; no digit is 0. -1 above the maximum. */
static int parse_count(struct parse *s, size_t *ret)
{
	size_t n = 0;

	for (; is_digit(*s->p); s->p++) {
		n = n * 10 + (size_t)(*s->p - '0');
		if (n > MAX_WIDTH)
			return -1;
	}
	*ret = n;
	return 0;
}

/* [-0][WIDTH][.PRECISION[SEPARATOR]] */
static int parse_flags(struct parse *s, const char *from, struct op *op)
{
	for (; *s->p == '-' || *s->p == '0'; s->p++) {
		if (*s->p == '-')
			op->is_left = true;
		else
			op->is_zero = true;
	}
	if (parse_count(s, &op->width))
		return fail(s, from, "is too wide");
	if (*s->p != '.')
		return 0;
	s->p++;
	op->has_precision = true;
	op->separator = ' ';
	if (parse_count(s, &op->precision))
		return fail(s, from, "is too precise");
	if (*s->p && !is_letter(*s->p) && (s->p[1] == 'x' || s->p[1] == 'X'))
		op->separator = *s->p++;
	return 0;
}

static const struct field *find_field(char letter)
{
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		if (fields[i].letter == letter)
			return &fields[i];
	return NULL;
}

static int complete_op(struct parse *s, const char *from, struct op *op)
{
	char letter = s->p[-1];

	switch (op->kind) {
	case OP_HEX:
		op->is_upper = letter == 'X';
		break;
	case OP_FLOAT:
	case OP_DOUBLE:
		if (op->precision > MAX_DECIMALS)
			return fail(s, from, "is too precise");
		break;
	case OP_STAMP:
		s->f->shows_time = true;
		stamp_init(&op->stamp, "%FT%T%z", false);
		break;
	case OP_UNIX_TIME:
		s->f->shows_time = true;
		break;
	default:
		break;
	}
	if (op->is_left)
		op->is_zero = false;
	return 0;
}

static int parse_json_field(struct parse *s, char letter)
{
	struct json_style style = *s->json;

	if (letter == 'J')
		style.payload = JSON_PAYLOAD_JSON;
	return format_add_json(s->f, &style, s->e);
}

static int parse_field(struct parse *s)
{
	const char *from = s->p++;
	struct op flags = { 0 }, *op;
	const struct field *field;

	if (*s->p == '%')
		return add_literal(s, *s->p++);
	if (parse_flags(s, from, &flags))
		return -1;
	if (!*s->p)
		return fail(s, from, "has no end");
	field = find_field(*s->p++);
	if (!field)
		return fail(s, from, "is not a field of a message");
	if (field->kind == OP_JSON)
		return parse_json_field(s, field->letter);
	op = format_add_op(s->f, field->kind, s->e);
	if (!op)
		return -1;
	flags.kind = field->kind;
	flags.prop = field->prop;
	*op = flags;
	return complete_op(s, from, op);
}

static int parse_time(struct parse *s)
{
	const char *from = s->p++;
	char letter = *s->p;
	struct op *op;

	if (!letter)
		return fail(s, from, "has no end");
	s->p++;
	if (letter == '@')
		return add_literal(s, '@');
	/* Others would be flags of strftime, which wants a letter then. */
	if (!is_letter(letter) || letter == 'E' || letter == 'O')
		return fail(s, from, "is not a part of the time");
	op = format_add_op(s->f, letter == 'N' ? OP_NANOSECONDS : OP_STAMP,
			   s->e);
	if (!op)
		return -1;
	s->f->shows_time = true;
	if (letter == 'N')
		return 0;
	return add_stamp(op, s, (const char[]){ '%', letter, '\0' });
}

static int parse_escape(struct parse *s)
{
	static const char names[] = "\\0aenrtv";
	static const char values[] = "\\\0\a\033\n\r\t\v";
	const char *from = s->p++, *found;

	if (!*s->p)
		return fail(s, from, "has no end");
	found = strchr(names, *s->p++);
	if (!found)
		return fail(s, from, "is not an escape sequence");
	return add_literal(s, values[found - names]);
}

static int parse_item(struct parse *s)
{
	switch (*s->p) {
	case '%':
		return parse_field(s);
	case '@':
		return parse_time(s);
	case '\\':
		return parse_escape(s);
	default:
		return add_literal(s, *s->p++);
	}
}

int format_parse(struct format *f, const char *text,
		 const struct json_style *json, struct err *e)
{
	struct parse s = {
		.f = f, .whole = text, .p = text, .json = json, .e = e
	};

	/* "@X" becomes "%X" and a NUL; nothing else gets longer. */
	f->literals = malloc(strlen(text) * 3 + 1);
	if (!f->literals)
		return err_nomem(e);
	s.free = f->literals;
	while (*s.p)
		if (parse_item(&s))
			return -1;
	return 0;
}
