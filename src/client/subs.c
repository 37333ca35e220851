/* SPDX-License-Identifier: MIT */
#include "client/subs.h"

#include <stdlib.h>
#include <string.h>

static struct bytes copy_bytes(uint8_t **at, struct bytes b)
{
	struct bytes copy = bytes_of(*at, b.n);

	if (b.n)
		memcpy(*at, b.p, b.n);
	*at += b.n;
	return copy;
}

static size_t bytes_needed(const struct subscribe *s)
{
	size_t n = s->props.n, i;

	for (i = 0; i < s->count; i++)
		n += s->filters[i].filter.n;
	return n;
}

struct sub *subs_add(struct subs *l, const struct subscribe *s,
		     bool is_unsubscribe, struct err *e)
{
	size_t table = s->count * sizeof(struct subscription), i;
	struct subscription *filters;
	struct sub *n, **end;
	uint8_t *at;

	n = calloc(1, sizeof(*n) + table + bytes_needed(s));
	if (!n) {
		err_nomem(e);
		return NULL;
	}
	filters = (struct subscription *)(void *)(n + 1);
	at = (uint8_t *)(filters + s->count);
	for (i = 0; i < s->count; i++) {
		filters[i].options = s->filters[i].options;
		filters[i].filter = copy_bytes(&at, s->filters[i].filter);
	}
	n->request.filters = filters;
	n->request.count = s->count;
	n->request.props = copy_bytes(&at, s->props);
	n->is_unsubscribe = is_unsubscribe;
	for (end = &l->first; *end; end = &(*end)->next)
		;
	*end = n;
	return n;
}

void subs_remove(struct subs *l, struct sub *s)
{
	struct sub **p;

	for (p = &l->first; *p; p = &(*p)->next) {
		if (*p == s) {
			*p = s->next;
			free(s);
			return;
		}
	}
}

void subs_release(struct subs *l)
{
	while (l->first)
		subs_remove(l, l->first);
}

struct sub *subs_find(struct subs *l, uint16_t pid, bool is_unsubscribe)
{
	struct sub *s;

	for (s = l->first; s; s = s->next)
		if (s->pid == pid && pid && s->is_unsubscribe == is_unsubscribe)
			return s;
	return NULL;
}

/* Takes one filter out of every remembered subscription. */
static void drop_filter(struct subs *l, struct bytes filter)
{
	struct sub *s, *next;

	for (s = l->first; s; s = next) {
		struct subscription *f = (struct subscription *)(void *)(s + 1);
		size_t i, kept = 0;

		next = s->next;
		if (s->is_unsubscribe)
			continue;
		for (i = 0; i < s->request.count; i++)
			if (!bytes_equal(f[i].filter, filter))
				f[kept++] = f[i];
		s->request.count = kept;
		if (!kept && !s->pid)
			subs_remove(l, s);
	}
}

void subs_answered(struct subs *l, struct sub *s, struct bytes reasons)
{
	size_t i;

	s->pid = 0;
	s->token = NULL;
	if (s->is_unsubscribe) {
		for (i = 0; i < s->request.count; i++)
			drop_filter(l, s->request.filters[i].filter);
		subs_remove(l, s);
		return;
	}
	s->is_granted = false;
	for (i = 0; i < reasons.n; i++)
		if (reasons.p[i] < 0x80)
			s->is_granted = true;
	if (!s->is_granted)
		subs_remove(l, s);
}

void subs_forget_token(struct subs *l, const struct token *t)
{
	struct sub *s;

	for (s = l->first; s; s = s->next)
		if (s->token == t)
			s->token = NULL;
}
