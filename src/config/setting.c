/* SPDX-License-Identifier: MIT */
#include "config/option.h"

#include <string.h>

#include "config/keep.h"

int setting_add(struct settings *s, struct setting_list *list,
		const struct setting *v, struct err *e)
{
	size_t n = list->n;

	if ((n & (n - 1)) == 0) {
		struct setting *more = keep_alloc(s,
						  2 * (n + 1) * sizeof(*more));

		if (!more)
			return err_nomem(e);
		if (n)
			memcpy(more, list->v, n * sizeof(*more));
		list->v = more;
	}
	list->v[list->n++] = *v;
	return 0;
}

const struct setting *setting_find(const struct setting_list *list,
				   size_t offset)
{
	for (size_t i = list->n; i-- > 0;)
		if (list->v[i].option->offset == offset)
			return &list->v[i];
	return NULL;
}

int option_set_all(struct settings *s, const struct setting_list *list,
		   struct err *e)
{
	for (size_t i = 0; i < list->n; i++)
		if (option_set(s, &list->v[i], e))
			return -1;
	return 0;
}

/* USER:PASSWORD@ follows ://; up to the last '@', in case a '/' in the
 * password was not written as %2F. */
static char *password_of_url(char *url)
{
	char *from = strstr(url, "://"), *colon;

	if (!from || !strchr(from, '@'))
		return NULL;
	colon = strchr(from + 3, ':');
	return colon && colon < strrchr(url, '@') ? colon + 1 : NULL;
}

void secret_overwrite(const struct option *o, char *text)
{
	char *from = o->flags & OPTION_URL ? password_of_url(text) : NULL;

	if (from)
		memset(from, '*', (size_t)(strrchr(text, '@') - from));
	if (o->flags & OPTION_SECRET)
		explicit_bzero(text, strlen(text));
}
