/* SPDX-License-Identifier: MIT */
#include "bench/fairness.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The one of that filter, or a new one; NULL without memory. Members come
 * group by group, so it is the last one as a rule. */
static struct shared *group_of(struct shared_list *l, const char *filter)
{
	struct shared *v;

	for (size_t i = l->count; i-- > 0;)
		if (strcmp(l->v[i].filter, filter) == 0)
			return &l->v[i];
	v = reallocarray(l->v, l->count + 1, sizeof(*v));
	if (!v)
		return NULL;
	l->v = v;
	v += l->count;
	*v = (struct shared){ .filter = strdup(filter) };
	if (!v->filter)
		return NULL;
	l->count++;
	return v;
}

static int add_served(struct shared *s, uint64_t served)
{
	uint64_t *v = s->served;

	/* Room for a power of two each time. */
	if ((s->members & (s->members - 1)) == 0) {
		v = reallocarray(v, s->members ? 2 * (size_t)s->members : 1,
				 sizeof(*v));
		if (!v)
			return -1;
		s->served = v;
	}
	v[s->members++] = served;
	return 0;
}

int shared_add_member(struct shared_list *l, const char *filter,
		      uint64_t served)
{
	struct shared *s = group_of(l, filter);

	return s ? add_served(s, served) : -1;
}

static int add_group(struct shared *dst, const struct shared *src)
{
	for (uint32_t i = 0; i < src->members; i++) {
		if (i < dst->members)
			dst->served[i] += src->served[i];
		else if (add_served(dst, src->served[i]) < 0)
			return -1;
	}
	return 0;
}

int shared_add(struct shared_list *dst, const struct shared_list *src)
{
	struct shared *s;

	for (size_t i = 0; i < src->count; i++) {
		s = group_of(dst, src->v[i].filter);
		if (!s || add_group(s, &src->v[i]) < 0)
			return -1;
	}
	return 0;
}

void shared_release(struct shared_list *l)
{
	for (size_t i = 0; i < l->count; i++) {
		free(l->v[i].filter);
		free(l->v[i].served);
	}
	free(l->v);
	*l = (struct shared_list){ 0 };
}

static double jain(const struct shared *s)
{
	double sum = 0, squares = 0, x;

	for (uint32_t i = 0; i < s->members; i++) {
		x = (double)s->served[i];
		sum += x;
		squares += x * x;
	}
	return squares > 0 ? sum * sum / (s->members * squares) : NAN;
}

static int by_value(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

int shared_evenness(const struct shared *s, struct evenness *ret)
{
	uint32_t n = s->members;
	uint64_t *v = calloc((size_t)n + 1, sizeof(*v));

	if (!v)
		return -1;
	if (n)
		memcpy(v, s->served, n * sizeof(*v));
	qsort(v, n, sizeof(*v), by_value);
	*ret = (struct evenness){ .min = v[0],
				  .median = v[n / 2],
				  .max = v[n ? n - 1 : 0],
				  .fairness = jain(s) };
	free(v);
	return 0;
}

const char *fairness_text(const struct evenness *e, char *dst, size_t size)
{
	if (isnan(e->fairness))
		return NULL;
	snprintf(dst, size, "%.3f", e->fairness);
	return dst;
}

double shared_fairness(const struct shared_list *l)
{
	double least = NAN;

	for (size_t i = 0; i < l->count; i++)
		least = fmin(least, jain(&l->v[i]));
	return least;
}
