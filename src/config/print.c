/* SPDX-License-Identifier: MIT */
#include "config/option.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"

#define MASK "***"

static int print_number(const struct option *o, uint64_t n, struct buf *out)
{
	for (const struct choice *c = o->choices; c && c->name; c++)
		if (c->value == n)
			return buf_append_str(out, c->name);
	return buf_printf(out, "%" PRIu64, n);
}

/* In the largest unit that leaves a whole number. */
static int print_duration(uint64_t ns, struct buf *out)
{
	static const struct {
		uint64_t ns;
		const char *name;
	} units[] = {
		{ CLOCK_SEC, "s" },
		{ CLOCK_MSEC, "ms" },
		{ 1000, "us" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (ns % units[i].ns == 0)
			return buf_printf(out, "%" PRIu64 "%s",
					  ns / units[i].ns, units[i].name);
	return buf_printf(out, "%" PRIu64 "ns", ns);
}

static int print_text(const struct option *o, const char *text, struct buf *out)
{
	AUTO(buf_release) struct buf copy = { 0 };

	if (!text)
		return 0;
	if (o->flags & OPTION_SECRET)
		return buf_append_str(out, MASK);
	if (!(o->flags & OPTION_URL))
		return buf_append_str(out, text);
	if (buf_append_str(&copy, text) || !buf_cstr(&copy))
		return -1;
	secret_overwrite(o, (char *)copy.data);
	return buf_append(out, buf_view(&copy));
}

static int print_binary(const struct option *o, struct bytes b, struct buf *out)
{
	bool is_text = text_is_utf8(b) && !(b.n && memchr(b.p, 0, b.n));

	if (!bytes_is_set(b))
		return 0;
	if (o->flags & OPTION_SECRET)
		return buf_append_str(out, MASK);
	if (buf_append_str(out, is_text ? "text:" : "hex:"))
		return -1;
	return is_text ? buf_append(out, b) : text_hex(out, b, false);
}

int option_print(const struct settings *s, const struct option *o,
		 struct buf *out)
{
	const void *field = (const char *)s + o->offset;

	switch (o->type) {
	case OPTION_FLAG:
	case OPTION_YES_NO:
		return buf_append_str(out, *(const bool *)field ? "yes" : "no");
	case OPTION_UINT:
	case OPTION_SECONDS:
	case OPTION_SIZE:
	case OPTION_CHOICE:
		return print_number(o, *(const uint32_t *)field, out);
	case OPTION_COUNT:
		return print_number(o, *(const uint64_t *)field, out);
	case OPTION_DURATION:
		return print_duration(*(const uint64_t *)field, out);
	case OPTION_PERCENT:
		return buf_printf(out, "%g", *(const double *)field);
	case OPTION_TEXT:
	case OPTION_STRING:
	case OPTION_TOPIC:
	case OPTION_PATH:
		return print_text(o, *(const char *const *)field, out);
	case OPTION_BINARY:
	case OPTION_HEX:
		return print_binary(o, *(const struct bytes *)field, out);
	default: /* lists: see show_option() */
		break;
	}
	return 0;
}
