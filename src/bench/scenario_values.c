/* SPDX-License-Identifier: MIT */
#include "bench/scenario.h"

int group_values(const struct group *g, uint32_t client,
		 const struct template *t, struct buf *text,
		 struct template_values *ret)
{
	struct template_values v = { .index = client,
				     .group = bytes_str(g->name) };
	size_t begin = buf_len(text), id_end;

	if (g->from.row_count)
		v.columns = identities_row(&g->from, client);
	*ret = v;
	if (!(template_uses(t) & (TEMPLATE_CLIENT | TEMPLATE_USER)))
		return 0;
	/* The id's own template never asks for the id. */
	if (template_render(g->id, &v, text) < 0)
		return -1;
	id_end = buf_len(text);
	if (g->username && template_render(g->username, &v, text) < 0)
		return -1;
	ret->client_id = bytes_of(buf_view(text).p + begin, id_end - begin);
	ret->user = bytes_of(buf_view(text).p + id_end, buf_len(text) - id_end);
	return 0;
}

int group_render(const struct group *g, uint32_t client,
		 const struct template *t, struct buf *ret)
{
	struct template_values v;
	struct buf text = { 0 };
	int r;

	r = group_values(g, client, t, &text, &v);
	if (r == 0)
		r = template_render(t, &v, ret);
	buf_release(&text);
	return r;
}
