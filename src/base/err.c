/* SPDX-License-Identifier: MIT */
#include "base/err.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* What the header says to the analyzer is for callers only. */
#undef err_set
#undef err_vset
#undef err_sys
#undef err_prefix
#undef err_nomem

int err_vset(struct err *e, enum err_kind kind, int code, const char *fmt,
	     va_list ap)
{
	if (!e)
		return -1;
	e->kind = kind;
	e->code = code;
	vsnprintf(e->text, sizeof(e->text), fmt, ap);
	return -1;
}

int err_set(struct err *e, enum err_kind kind, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	err_vset(e, kind, code, fmt, ap);
	va_end(ap);
	return -1;
}

int err_sys(struct err *e, enum err_kind kind, const char *fmt, ...)
{
	int code = errno;
	char reason[128];
	size_t n;
	va_list ap;

	va_start(ap, fmt);
	err_vset(e, kind, code, fmt, ap);
	va_end(ap);
	if (!e)
		return -1;
	n = strlen(e->text);
	snprintf(e->text + n, sizeof(e->text) - n, ": %s",
		 strerror_r(code, reason, sizeof(reason)));
	return -1;
}

int err_prefix(struct err *e, const char *fmt, ...)
{
	char rest[ERR_TEXT_MAX];
	size_t n;
	va_list ap;

	if (!e)
		return -1;
	memcpy(rest, e->text, sizeof(rest));
	va_start(ap, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	n = strlen(e->text);
	snprintf(e->text + n, sizeof(e->text) - n, ": %s", rest);
	return -1;
}

int err_nomem(struct err *e)
{
	return err_set(e, ERR_LOCAL, ENOMEM, "out of memory");
}

void err_clear(struct err *e)
{
	if (!e)
		return;
	e->kind = ERR_NONE;
	e->code = 0;
	e->text[0] = '\0';
}

int err_exit_status(enum err_kind kind)
{
	/* A call in the wrong state is a fault on this side of the wire. */
	return kind == ERR_STATE ? ERR_LOCAL : (int)kind;
}
