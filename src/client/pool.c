/* SPDX-License-Identifier: MIT */
#include "client/pool.h"

#include <stdio.h>
#include <stdlib.h>

struct pool {
	size_t count, next;
	struct loop *loops[];
};

static int start_all(struct pool *p, const char *name, size_t n, struct err *e)
{
	char thread[32];

	for (; p->count < n; p->count++) {
		snprintf(thread, sizeof(thread), "%.10s-%zu", name, p->count);
		p->loops[p->count] = loop_new(thread, e);
		if (!p->loops[p->count])
			return -1;
		if (loop_start(p->loops[p->count], e) < 0) {
			loop_free(p->loops[p->count]);
			return -1;
		}
	}
	return 0;
}

struct pool *pool_new(const char *name, size_t n, struct err *e)
{
	struct pool *p = calloc(1, sizeof(*p) + n * sizeof(p->loops[0]));

	if (!p) {
		err_nomem(e);
		return NULL;
	}
	if (start_all(p, name, n, e) < 0) {
		pool_free(p);
		return NULL;
	}
	return p;
}

void pool_stop(struct pool *p)
{
	size_t i;

	for (i = 0; i < p->count; i++)
		loop_stop(p->loops[i]);
}

void pool_free(struct pool *p)
{
	size_t i;

	if (!p)
		return;
	pool_stop(p);
	for (i = 0; i < p->count; i++)
		loop_free(p->loops[i]);
	free(p);
}

struct loop *pool_next(struct pool *p)
{
	return p->loops[p->next++ % p->count];
}

struct loop *pool_loop(struct pool *p, size_t i)
{
	return p->loops[i];
}

size_t pool_size(const struct pool *p)
{
	return p->count;
}
