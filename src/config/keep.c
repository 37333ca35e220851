/* SPDX-License-Identifier: MIT */
#include "config/keep.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct kept {
	struct kept *next;
	size_t size;
	_Alignas(max_align_t) char data[];
};

void *keep_alloc(struct settings *s, size_t n)
{
	struct kept *k = calloc(1, sizeof(*k) + n);

	if (!k)
		return NULL;
	k->size = n;
	k->next = s->kept;
	s->kept = k;
	return k->data;
}

char *keep_bytes(struct settings *s, struct bytes b)
{
	char *copy = keep_alloc(s, b.n + 1);

	if (copy && b.n)
		memcpy(copy, b.p, b.n);
	return copy;
}

char *keep_str(struct settings *s, const char *text)
{
	return keep_bytes(s, bytes_str(text));
}

PRINTF(2, 0)
static char *keep_vprintf(struct settings *s, const char *fmt, va_list ap)
{
	va_list again;
	char *text = NULL;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n >= 0)
		text = keep_alloc(s, (size_t)n + 1);
	if (text)
		vsnprintf(text, (size_t)n + 1, fmt, ap);
	return text;
}

char *keep_printf(struct settings *s, const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	text = keep_vprintf(s, fmt, ap);
	va_end(ap);
	return text;
}

int keep_add(struct settings *s, struct text_list *list, const char *text)
{
	size_t n = list->n;

	/* Full at each power of two; the old array stays behind until the
	 * end, which costs no more than the new one. */
	if ((n & (n - 1)) == 0) {
		const char **v = keep_alloc(s, 2 * (n + 1) * sizeof(*v));

		if (!v)
			return -1;
		if (n)
			memcpy(v, list->v, n * sizeof(*v));
		list->v = v;
	}
	list->v[list->n++] = text;
	return 0;
}

int keep_warning(struct settings *s, struct err *e, const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	text = keep_vprintf(s, fmt, ap);
	va_end(ap);
	if (!text || keep_add(s, &s->warnings, text))
		return err_nomem(e);
	return 0;
}

void keep_release(struct settings *s)
{
	while (s->kept) {
		struct kept *k = s->kept;

		s->kept = k->next;
		explicit_bzero(k->data, k->size);
		free(k);
	}
}
