/* SPDX-License-Identifier: MIT */
#include "bench/run_share.h"

#include <stdlib.h>

#include "mqtt/topic.h"

static uint64_t hash(struct bytes b)
{
	uint64_t h = 14695981039346656037u;

	for (size_t i = 0; i < b.n; i++)
		h = (h ^ b.p[i]) * 1099511628211u;
	return h;
}

static int by_share(const void *a, const void *b)
{
	const struct membership *x = a, *y = b;

	if (x->share != y->share)
		return x->share < y->share ? -1 : 1;
	if (x->crew != y->crew)
		return x->crew < y->crew ? -1 : 1;
	return (x->client > y->client) - (x->client < y->client);
}

/* Those of one crew, as far as they differ. A scenario has no group of which
 * some are shared and others not. */
static int add_crew(const struct run *r, uint32_t crew, struct membership *m,
		    size_t *count)
{
	const struct group *g = &r->scenario->groups[crew];
	struct bytes share, filter;
	struct buf text = { 0 };
	uint32_t clients;
	int result = 0;

	if (g->subscribe_count != 1)
		return 0;
	clients = template_uses(g->subscribe[0].filter) &
				  ~(unsigned)TEMPLATE_GROUP
			  ? g->clients
			  : 1;
	for (uint32_t i = 0; result == 0 && i < clients; i++) {
		buf_clear(&text);
		result = group_render(g, i, g->subscribe[0].filter, &text);
		if (!topic_is_shared(buf_view(&text), &share, &filter))
			break;
		m[(*count)++] = (struct membership){
			.share = hash(buf_view(&text)),
			.crew = crew,
			.client = i,
		};
	}
	buf_release(&text);
	return result;
}

int run_list_memberships(const struct run *r, struct membership **ret,
			 size_t *ret_count)
{
	const struct scenario *s = r->scenario;
	struct membership *m;
	size_t n = 0;
	int result = 0;

	*ret_count = 0;
	for (size_t i = 0; i < s->group_count; i++)
		n += s->groups[i].subscribe_count == 1 ? s->groups[i].clients
						       : 0;
	m = calloc(n + 1, sizeof(*m));
	if (!m)
		return -1;
	for (uint32_t i = 0; result == 0 && i < s->group_count; i++)
		result = add_crew(r, i, m, ret_count);
	if (result < 0) {
		free(m);
		return -1;
	}
	qsort(m, *ret_count, sizeof(*m), by_share);
	*ret = m;
	return 0;
}

static void rename_group(struct run *r, uint32_t from, uint32_t to)
{
	for (size_t i = 0; i < r->scenario->group_count; i++)
		if (r->crews[i].share_group == from)
			r->crews[i].share_group = to;
}

/* 0 is none. */
static uint32_t name_of(uint64_t share)
{
	uint32_t name = (uint32_t)(share ^ share >> 32);

	return name ? name : 1;
}

int run_join_shares(struct run *r)
{
	struct membership *m;
	struct crew *c;
	size_t n;

	if (run_list_memberships(r, &m, &n) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		c = &r->crews[m[i].crew];
		if (!c->share_group)
			c->share_group = name_of(m[i].share);
		if (i > 0 && m[i - 1].share == m[i].share)
			rename_group(r, c->share_group,
				     r->crews[m[i - 1].crew].share_group);
	}
	free(m);
	return 0;
}
