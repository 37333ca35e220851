/* SPDX-License-Identifier: MIT */
#ifndef CLIENT_POOL_H
#define CLIENT_POOL_H

/*
 * A pool of receive threads for programs with many connections: each
 * connection is pinned to one loop when it is created, round robin.
 *
 * Made, used and freed by one thread (main). It owns the loops; connections
 * must be down before they are freed.
 */

#include <stddef.h>

#include "base/err.h"
#include "client/loop.h"

struct pool;

/* Starts n threads "NAME-0"...; all or none. NULL with e. */
struct pool *pool_new(const char *name, size_t n, struct err *e);
/* Stops and joins every thread, then frees the loops. NULL is fine. */
void pool_free(struct pool *p);
/* Stops and joins every thread; the loops stay until pool_free(), so that
 * connections can be taken down by the calling thread. */
void pool_stop(struct pool *p);
/* The loop for the next connection. */
struct loop *pool_next(struct pool *p);
struct loop *pool_loop(struct pool *p, size_t i);
size_t pool_size(const struct pool *p);

#endif
