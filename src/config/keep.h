/* SPDX-License-Identifier: MIT */
#ifndef CONFIG_KEEP_H
#define CONFIG_KEEP_H

/*
 * Memory that lives as long as the settings it belongs to: values are copied
 * into it and never freed one by one, so that no field needs an owner of its
 * own. All of it is wiped when it is released, since some of it is secret.
 * For this layer; main thread only.
 */

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"
#include "config/settings.h"

/* n zeroed bytes, aligned for anything; NULL when out of memory. */
void *keep_alloc(struct settings *s, size_t n) MUST_CHECK;
/* A copy with a NUL behind it; NULL when out of memory. */
char *keep_bytes(struct settings *s, struct bytes b) MUST_CHECK;
char *keep_str(struct settings *s, const char *text) MUST_CHECK;
/* The text is kept as it would be printed; NULL when out of memory. */
char *keep_printf(struct settings *s, const char *fmt, ...)
	MUST_CHECK PRINTF(2, 3);

/* Appends text (which is not copied) to a list; -1 when out of memory. */
int keep_add(struct settings *s, struct text_list *list, const char *text)
	MUST_CHECK;
/* A line for the user to see, though nothing has failed. */
int keep_warning(struct settings *s, struct err *e, const char *fmt, ...)
	MUST_CHECK PRINTF(3, 4);

void keep_release(struct settings *s);

#endif
