/* SPDX-License-Identifier: MIT */
#ifndef NET_RESOLVE_H
#define NET_RESOLVE_H

/*
 * Names to addresses. getaddrinfo() blocks and cannot be cancelled, so it
 * runs in a detached thread of its own that shares its query with the owner
 * by reference count: an owner that goes away early leaves the thread to
 * finish by itself and its answer is dropped. Only net/dial.c uses this; a
 * struct resolve belongs to one thread at a time besides the one inside.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "net/dial.h"

/* More addresses than this are not tried. */
#define RESOLVE_MAX 32

/* Owned by its holder; a zeroed one is empty. */
struct addresses {
	struct sockaddr_storage *list;
	size_t count;
};

void addresses_release(struct addresses *a);
int addresses_add(struct addresses *a, const struct sockaddr *sa, struct err *e)
	MUST_CHECK;
/* Families alternate afterwards, starting with that of the first one; the
 * order within a family stays (RFC 8305 section 4). */
void addresses_interleave(struct addresses *a);

/* Numeric addresses and "localhost", at once: fills ret and returns true;
 * false when host is something else. Ports are those of the query. */
bool resolve_at_once(const struct dial_config *c, struct addresses *ret);

struct resolve;

/* Starts looking up host, or the servers that c->srv names for it; c's
 * strings are copied. NULL with e, whose code is EBUSY when it is only for
 * earlier ones without an answer. */
struct resolve *resolve_new(const struct dial_config *c, struct err *e);
/* Readable once the answer is there. */
int resolve_fd(const struct resolve *r);
bool resolve_is_done(const struct resolve *r);
/* When done: moves the answer to ret, 0; or -1 with e (ERR_RESOLVE). */
int resolve_take(struct resolve *r, struct addresses *ret, struct err *e)
	MUST_CHECK;
/* At any time; NULL is fine. */
void resolve_free(struct resolve *r);

#endif
