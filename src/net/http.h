/* SPDX-License-Identifier: MIT */
#ifndef NET_HTTP_H
#define NET_HTTP_H

/*
 * As much of HTTP/1.1 as it takes to upgrade to WebSocket and to ask a proxy
 * for a tunnel: the head of an answer, and basic authentication. Pure; any
 * thread. Views point into the caller's bytes.
 */

#include <stdbool.h>

#include "base/attr.h"
#include "base/buf.h"

/* A head that is longer than this is not waited for. */
#define HTTP_HEAD_MAX (16 * 1024)
/* Room for a status line or a field's value in a message. */
#define HTTP_SHOWN_SIZE 128

struct http_head {
	int status; /* 100 to 599 */
	struct bytes status_line;
	struct bytes fields; /* all lines behind it */
};

/* Bytes up to and with the empty line; 0 when that has not come yet. */
size_t http_head_length(struct bytes in);
/* Whether it can still become the head of an answer, as far as it goes. */
bool http_may_be_head(struct bytes in);
/* -1: this is not HTTP. */
int http_parse(struct bytes head, struct http_head *ret) MUST_CHECK;
/* The value of the first field of that name, without blanks around it;
 * BYTES_NULL when there is none. */
struct bytes http_field(const struct http_head *h, const char *name);
/* Whether one of the comma separated tokens of any field of that name is
 * the given one, whatever its case. */
bool http_has_token(const struct http_head *h, const char *name,
		    const char *token);

/* "HTTP/1.1 302 Found', it points to 'https://..." ready to be put between
 * quotes, safe to show. */
void http_show(const struct http_head *h, char *ret, size_t size);

/* Appends "NAME: Basic ...\r\n"; NULL counts as empty. -1: no memory. */
int http_add_basic(struct buf *out, const char *name, const char *user,
		   const char *password) MUST_CHECK;

#endif
