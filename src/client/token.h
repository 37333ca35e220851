/* SPDX-License-Identifier: MIT */
#ifndef CLIENT_TOKEN_H
#define CLIENT_TOKEN_H

/*
 * A token stands for one answer of the broker: SUBACK, UNSUBACK, or the end
 * of a QoS 1/2 publish. It completes exactly once, with the broker's reasons
 * and text or with what ended the connection; a wait that times out leaves
 * it alive, and a later wait may still find it done.
 *
 * All functions want the mutex that guards the list (the connection's).
 * Tokens belong to whoever asked for them; the list only refers to them.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "client/client.h"

enum token_kind { TOKEN_SUBSCRIBE, TOKEN_UNSUBSCRIBE, TOKEN_PUBLISH };
enum token_state { TOKEN_PENDING, TOKEN_DONE, TOKEN_FAILED };

struct token {
	struct token *next;
	enum token_kind kind;
	enum token_state state;
	uint64_t key;                /* packet id, or seq of the message */
	struct client_answer answer; /* TOKEN_DONE */
	struct err why;              /* TOKEN_FAILED */
};

struct token_list {
	struct token *first;
};

/* NULL when out of memory. */
struct token *token_new(enum token_kind kind);
/* Must have been taken off the list. NULL is fine. */
void token_free(struct token *t);

/* Waits for `key` from now on; again after a request was issued anew. */
void token_expect(struct token_list *l, struct token *t, uint64_t key);
void token_forget(struct token_list *l, struct token *t);
/* Completes the token of that kind and key; false when there is none. */
bool token_complete(struct token_list *l, enum token_kind kind, uint64_t key,
		    struct bytes reasons, struct bytes props);
/* Fails every pending token. */
void token_fail_all(struct token_list *l, const struct err *why);

#endif
