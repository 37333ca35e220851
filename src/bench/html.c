/* SPDX-License-Identifier: MIT */
#include "bench/html.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define FORMATTED_MAX 1024

void html_put(struct html *h, const char *markup)
{
	h->result |= buf_append_str(h->out, markup);
}

void html_putf(struct html *h, const char *fmt, ...)
{
	char text[FORMATTED_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	html_put(h, text);
}

static void put_char(struct html *h, unsigned char c, bool is_utf8)
{
	switch (c) {
	case '&':
		html_put(h, "&amp;");
		break;
	case '<':
		html_put(h, "&lt;");
		break;
	case '>':
		html_put(h, "&gt;");
		break;
	case '"':
		html_put(h, "&quot;");
		break;
	case '\'':
		html_put(h, "&#39;");
		break;
	default:
		if ((c < ' ' && c != '\n' && c != '\t') || c == 0x7f ||
		    (c >= 0x80 && !is_utf8))
			c = '?';
		h->result |= buf_append_byte(h->out, c);
	}
}

void html_text(struct html *h, const char *text)
{
	bool is_utf8;

	if (!text)
		return;
	is_utf8 = text_is_utf8(bytes_str(text));
	for (; *text; text++)
		put_char(h, (unsigned char)*text, is_utf8);
}

void html_textf(struct html *h, const char *fmt, ...)
{
	char text[FORMATTED_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	html_text(h, text);
}
