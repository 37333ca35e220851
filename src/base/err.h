/* SPDX-License-Identifier: MIT */
#ifndef BASE_ERR_H
#define BASE_ERR_H

/*
 * struct err: what went wrong, carried up the layers as the last argument.
 *
 * A value on the caller's stack; no allocation, no thread affinity. The
 * layer where it happens sets kind, code and text; each layer above may add
 * one clause in front with err_prefix(). Only tools/tool.c shows it to the
 * user. kind decides the exit status (see err_exit_status): the numbers of
 * the enumeration are the documented exit statuses.
 *
 * Functions that return -1 with an err always set it. An err pointer may be
 * NULL where the caller does not care.
 */

#include <stdarg.h>

#include "base/attr.h"

enum err_kind {
	ERR_NONE = 0,
	ERR_NO = 1,      /* ran to the end, the answer is "no" */
	ERR_USAGE = 2,   /* bad option, profile or value */
	ERR_RESOLVE = 3, /* host name could not be resolved */
	ERR_CONNECT = 4, /* refused, unreachable, timed out, proxy */
	ERR_TLS = 5,
	ERR_PROTOCOL = 6,    /* the peer broke the protocol */
	ERR_LOST = 7,        /* connection lost and not made again */
	ERR_REFUSED = 8,     /* broker refused, trying again won't help */
	ERR_PUBLISH = 9,     /* broker refused a publish */
	ERR_SUBSCRIBE = 10,  /* broker refused a subscription */
	ERR_INCOMPLETE = 11, /* messages remain unconfirmed */
	ERR_LOCAL = 12,      /* local input, output, store, memory, command */
	ERR_INVALID = 13,    /* measurement invalid */
	ERR_BUSY = 14,       /* broker refused for now */
	ERR_TIMEOUT = 27,    /* --timeout passed before the job was done */
	ERR_STATE = 64,      /* call not legal in this state; never exits */
};

#define ERR_TEXT_MAX 512

struct err {
	enum err_kind kind;
	int code; /* errno, MQTT reason, TLS code... 0 when there is none */
	char text[ERR_TEXT_MAX];
};

/* Sets e (which may be NULL) and returns -1, so that callers can return it.
 * The text has no capital, no full stop, no newline; subjects are quoted. */
int err_set(struct err *e, enum err_kind kind, int code, const char *fmt, ...)
	PRINTF(4, 5);
int err_vset(struct err *e, enum err_kind kind, int code, const char *fmt,
	     va_list ap) PRINTF(4, 0);

/* As err_set with code = errno and ": <text of errno>" at the end. */
int err_sys(struct err *e, enum err_kind kind, const char *fmt, ...)
	PRINTF(3, 4);

/* Puts "<clause>: " in front of the text; returns -1. */
int err_prefix(struct err *e, const char *fmt, ...) PRINTF(2, 3);

/* "out of memory", ERR_LOCAL; returns -1. */
int err_nomem(struct err *e);

void err_clear(struct err *e);

/* The documented exit status of a kind (0..127). */
int err_exit_status(enum err_kind kind);

#ifdef __clang_analyzer__
/* It sees one file at a time, and cannot know what these return. */
#define err_set(...) (err_set(__VA_ARGS__), -1)
#define err_vset(...) (err_vset(__VA_ARGS__), -1)
#define err_sys(...) (err_sys(__VA_ARGS__), -1)
#define err_prefix(...) (err_prefix(__VA_ARGS__), -1)
#define err_nomem(e) (err_nomem(e), -1)
#endif

#endif
