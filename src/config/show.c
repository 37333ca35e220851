/* SPDX-License-Identifier: MIT */
#include "config/show.h"

#include <ctype.h>
#include <string.h>

#include "base/text.h"

/* Whether YAML reads it as the text it is, without quotes. */
static bool is_plain(struct bytes b)
{
	static const char inside[] = "/_.+-:=@,%";
	const char *text = (const char *)b.p;

	if (!b.n || (!isalnum(*b.p) && *text != '/'))
		return false;
	for (size_t i = 0; i < b.n; i++)
		if (!isascii(b.p[i]) ||
		    (!isalnum(b.p[i]) &&
		     !memchr(inside, text[i], sizeof(inside) - 1)))
			return false;
	return text[b.n - 1] != ':' &&
	       !(b.n == 4 && !strncasecmp(text, "null", 4));
}

static int put_escaped(uint8_t c, struct buf *out)
{
	switch (c) {
	case '"':
	case '\\':
		return buf_printf(out, "\\%c", c);
	case '\n':
		return buf_append_str(out, "\\n");
	case '\t':
		return buf_append_str(out, "\\t");
	default:
		return c < ' ' || c == 0x7f ? buf_printf(out, "\\x%02x", c)
					    : buf_append_byte(out, c);
	}
}

int show_scalar(struct bytes text, struct buf *out)
{
	if (is_plain(text))
		return buf_append(out, text);
	if (buf_append_byte(out, '"'))
		return -1;
	for (size_t i = 0; i < text.n; i++)
		if (put_escaped(text.p[i], out))
			return -1;
	return buf_append_byte(out, '"');
}

static int put_comment(const char *comment, struct buf *out)
{
	if (comment && buf_printf(out, "  # %s", comment))
		return -1;
	return buf_append_byte(out, '\n');
}

static int put_items(const struct text_list *list, size_t step,
		     const struct show_style *style, struct buf *out)
{
	for (size_t i = 0; i + step <= list->n; i += step) {
		AUTO(buf_release) struct buf item = { 0 };

		if (buf_append_str(&item, list->v[i]) ||
		    (step == 2 && (buf_append_byte(&item, '=') ||
				   buf_append_str(&item, list->v[i + 1]))))
			return -1;
		if (buf_printf(out, "%*s  - ", (int)style->indent, "") ||
		    show_scalar(buf_view(&item), out) ||
		    buf_append_byte(out, '\n'))
			return -1;
	}
	return 0;
}

int show_option(const struct settings *s, const struct option *o,
		const struct show_style *style, struct buf *out)
{
	AUTO(buf_release) struct buf value = { 0 };

	if (buf_printf(out, "%*s%s:", (int)style->indent, "", o->name))
		return -1;
	if (option_is_list(o)) {
		const void *field = (const char *)s + o->offset;

		if (put_comment(style->comment, out))
			return -1;
		return put_items(field, o->type == OPTION_PAIRS ? 2 : 1, style,
				 out);
	}
	if (option_print(s, o, &value) || buf_append_byte(out, ' ') ||
	    show_scalar(buf_view(&value), out))
		return -1;
	return put_comment(style->comment, out);
}

/* Nothing was said and nothing follows: there is no value to show. */
static bool has_value(const struct settings *s, size_t i)
{
	static const struct text_list none;
	const struct option *o = &options[i];
	const void *field = (const char *)s + o->offset;

	if (s->origins[i].kind != ORIGIN_DEFAULT || o->fallback)
		return true;
	if (option_is_list(o))
		return ((const struct text_list *)field)->n != none.n;
	switch (o->type) {
	case OPTION_FLAG:
	case OPTION_YES_NO:
		return *(const bool *)field;
	case OPTION_UINT:
	case OPTION_SECONDS:
	case OPTION_SIZE:
	case OPTION_CHOICE:
		return *(const uint32_t *)field;
	case OPTION_COUNT:
	case OPTION_DURATION:
		return *(const uint64_t *)field;
	default:
		return *(const char *const *)field;
	}
}

static const char *comment_of(char *dst, size_t size, const struct origin *from)
{
	static const char *const kinds[] = {
		[ORIGIN_DEFAULT] = "default",
		[ORIGIN_PROFILE] = "profile",
		[ORIGIN_ENVIRONMENT] = "environment",
		[ORIGIN_OPTIONS_FILE] = "options file",
		[ORIGIN_ARGV] = "command line",
	};
	const char *where = from->where ? from->where : "";

	snprintf(dst, size, "%s%s%s", kinds[from->kind], *where ? " " : "",
		 where);
	return dst;
}

int show_config(const struct settings *s, struct buf *out)
{
	char comment[ORIGIN_TEXT_MAX];

	for (size_t i = 0; i < option_count; i++) {
		const struct option *o = &options[i];
		struct show_style style = { .comment = comment };

		if (!(o->tools & s->tool) || o->type == OPTION_PROPERTY ||
		    !has_value(s, i) ||
		    o->offset == offsetof(struct settings, typed.show_config))
			continue;
		comment_of(comment, sizeof(comment), &s->origins[i]);
		if (show_option(s, o, &style, out))
			return -1;
	}
	return 0;
}
