/* SPDX-License-Identifier: MIT */
#include "client/token.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "mqtt/props.h"

#define TEXT_MAX 256

void client_answer_release(struct client_answer *a)
{
	free(a->reasons);
	free(a->text);
	memset(a, 0, sizeof(*a));
}

struct token *token_new(enum token_kind kind)
{
	struct token *t = calloc(1, sizeof(*t));

	if (t)
		t->kind = kind;
	return t;
}

void token_free(struct token *t)
{
	if (!t)
		return;
	client_answer_release(&t->answer);
	free(t);
}

void token_forget(struct token_list *l, struct token *t)
{
	struct token **p;

	for (p = &l->first; *p; p = &(*p)->next) {
		if (*p == t) {
			*p = t->next;
			t->next = NULL;
			return;
		}
	}
}

void token_expect(struct token_list *l, struct token *t, uint64_t key)
{
	token_forget(l, t);
	t->key = key;
	t->next = l->first;
	l->first = t;
}

/* Failing to keep the text loses detail, never the outcome. */
static void fill_answer(struct client_answer *a, struct bytes reasons,
			struct bytes props)
{
	struct bytes text = props_value(props, PROP_REASON_STRING);

	a->reasons = malloc(reasons.n ? reasons.n : 1);
	if (a->reasons) {
		if (reasons.n)
			memcpy(a->reasons, reasons.p, reasons.n);
		a->count = reasons.n;
	}
	if (bytes_is_set(text))
		a->text = malloc(TEXT_MAX);
	if (a->text)
		text_visible(a->text, TEXT_MAX, text);
}

bool token_complete(struct token_list *l, enum token_kind kind, uint64_t key,
		    struct bytes reasons, struct bytes props)
{
	struct token *t;

	for (t = l->first; t; t = t->next)
		if (t->kind == kind && t->key == key)
			break;
	if (!t)
		return false;
	token_forget(l, t);
	fill_answer(&t->answer, reasons, props);
	t->state = TOKEN_DONE;
	return true;
}

void token_fail_all(struct token_list *l, const struct err *why)
{
	struct token *t;

	while ((t = l->first)) {
		token_forget(l, t);
		t->why = *why;
		t->state = TOKEN_FAILED;
	}
}
