/* SPDX-License-Identifier: MIT */
#include "client/client_private.h"

#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "mqtt/topic.h"

static int submit_error(const struct client *c, enum submit why,
			const struct subscribe *s, struct err *e)
{
	const char *text = NULL;
	char filter[160];
	size_t i;

	for (i = 0; i < s->count && !text; i++) {
		text = topic_check_filter(s->filters[i].filter);
		text_visible(filter, sizeof(filter), s->filters[i].filter);
	}
	if (why == SUBMIT_BAD_TOPIC && text)
		return err_set(e, ERR_USAGE, 0, "filter '%s': %s", filter,
			       text);
	switch (why) {
	case SUBMIT_NO_WILDCARD:
		text = "does not allow wildcards in filters";
		break;
	case SUBMIT_NO_SUB_IDS:
		text = "does not allow subscription identifiers";
		break;
	case SUBMIT_NO_SHARED:
		text = "does not allow shared subscriptions";
		break;
	case SUBMIT_SHARED_NO_LOCAL:
		return err_set(e, ERR_USAGE, 0,
			       "a shared subscription "
			       "cannot be combined with no-local");
	case SUBMIT_TOO_LARGE:
		text = "does not take packets this large";
		break;
	case SUBMIT_OFFLINE:
		return state_refuse(e, STATE_NEEDS_CONNECTION, "subscribe",
				    c->state);
	case SUBMIT_NO_PID:
		return err_set(e, ERR_LOCAL, 0, "all packet ids are in use");
	default:
		return err_nomem(e);
	}
	return err_set(e, ERR_SUBSCRIBE, 0, "cannot subscribe: broker '%s' %s",
		       c->name, text);
}

static enum submit issue(struct client *c, struct sub *s) REQUIRES(c->conn.lock)
{
	enum submit r;

	s->pid = 0;
	s->is_waiting = false;
	if (s->is_unsubscribe)
		r = session_unsubscribe(c->conn.session, &s->request, &s->pid);
	else
		r = session_subscribe(c->conn.session, &s->request, &s->pid);
	if (r == SUBMIT_OK && s->token)
		token_expect(&c->tokens, s->token, s->pid);
	return r;
}

static void fail_issue(struct client *c, struct sub *s, enum submit why)
	REQUIRES(c->conn.lock)
{
	if (s->token) {
		token_forget(&c->tokens, s->token);
		(void)submit_error(c, why, &s->request, &s->token->why);
		s->token->state = TOKEN_FAILED;
	}
	subs_remove(&c->subs, s);
}

/* A server that still has the session needs only what it never answered. */
void subscribe_again_locked(struct client *c, bool session_present)
{
	struct sub *s, *next;
	enum submit r;

	for (s = c->subs.first; s; s = next) {
		next = s->next;
		if (session_present && !s->pid && !s->is_waiting)
			continue;
		r = issue(c, s);
		if (r != SUBMIT_OK)
			fail_issue(c, s, r);
	}
}

void subscribe_answer(struct client *c, const struct suback *a,
		      bool is_unsubscribe)
{
	enum token_kind kind = is_unsubscribe ? TOKEN_UNSUBSCRIBE
					      : TOKEN_SUBSCRIBE;
	bool was_awaited;
	struct sub *s;

	mutex_lock(c->conn.lock);
	s = subs_find(&c->subs, a->pid, is_unsubscribe);
	if (s)
		subs_answered(&c->subs, s, a->reasons);
	was_awaited = token_complete(&c->tokens, kind, a->pid, a->reasons,
				     a->props);
	if (was_awaited)
		cond_broadcast(&c->changed);
	mutex_unlock(c->conn.lock);
	if (!was_awaited && !is_unsubscribe && c->handlers.on_resubscribed)
		c->handlers.on_resubscribed(c->handlers.ctx, a);
}

/* Between two connections a request waits for the next one. The session
 * knows of a loss before the state does. */
static bool is_between(const struct client *c) REQUIRES(c->conn.lock)
{
	return c->was_up && !c->wants_bye && c->state != CLIENT_CLOSED &&
	       (c->state != CLIENT_CONNECTED ||
		!session_is_online(c->conn.session));
}

static int check_connected(struct client *c, struct err *e)
	REQUIRES(c->conn.lock)
{
	enum state_error r;

	if (c->has_failed)
		return client_failed_locked(c, e);
	if (is_between(c))
		return 0;
	r = state_apply(&c->state, STATE_CALL_PUBLISH);
	return r == STATE_IGNORED ? 0
				  : state_refuse(e, r, "subscribe", c->state);
}

/* Issues s now, or leaves it to subscribe_again_locked(). */
static enum submit issue_soon(struct client *c, struct sub *s)
	REQUIRES(c->conn.lock)
{
	if (!is_between(c))
		return issue(c, s);
	s->is_waiting = true;
	token_expect(&c->tokens, s->token, 0); /* no packet id is 0 */
	return SUBMIT_OK;
}

static struct token *request(struct client *c, const struct subscribe *p,
			     bool is_unsubscribe, struct err *e)
	REQUIRES(c->conn.lock)
{
	struct token *t;
	struct sub *s;
	enum submit r;

	if (check_connected(c, e) < 0)
		return NULL;
	t = token_new(is_unsubscribe ? TOKEN_UNSUBSCRIBE : TOKEN_SUBSCRIBE);
	s = t ? subs_add(&c->subs, p, is_unsubscribe, e) : NULL;
	if (!s) {
		token_free(t);
		err_nomem(e);
		return NULL;
	}
	s->token = t;
	c->has_subscribed = true;
	r = issue_soon(c, s);
	if (r != SUBMIT_OK) {
		(void)submit_error(c, r, p, e);
		subs_remove(&c->subs, s);
		token_free(t);
		return NULL;
	}
	conn_flush_locked(&c->conn);
	return t;
}

struct token *client_start_subscribe(struct client *c,
				     const struct subscribe *s, struct err *e)
{
	struct token *t;

	mutex_lock(c->conn.lock);
	t = request(c, s, false, e);
	mutex_unlock(c->conn.lock);
	return t;
}

struct token *client_start_unsubscribe(struct client *c,
				       const struct subscribe *s, struct err *e)
{
	struct token *t;

	mutex_lock(c->conn.lock);
	t = request(c, s, true, e);
	mutex_unlock(c->conn.lock);
	return t;
}

struct token *client_start_publish(struct client *c, const struct publish *p,
				   struct err *e)
{
	struct token *t = token_new(TOKEN_PUBLISH);
	enum submit r = SUBMIT_NO_MEMORY;
	uint64_t seq = 0;

	if (!t) {
		err_nomem(e);
		return NULL;
	}
	mutex_lock(c->conn.lock);
	if (c->has_failed)
		(void)client_failed_locked(c, e);
	else
		r = session_publish(c->conn.session, p, 0, clock_boot(), &seq);
	if (r == SUBMIT_OK && seq == 0)
		t->state = TOKEN_DONE; /* QoS 0: no answer will come */
	else if (r == SUBMIT_OK)
		token_expect(&c->tokens, t, seq);
	else if (!c->has_failed)
		(void)publish_refused(c, r, p, e);
	conn_flush_locked(&c->conn);
	mutex_unlock(c->conn.lock);
	if (r == SUBMIT_OK)
		return t;
	token_free(t);
	return NULL;
}

enum client_wait client_wait_token(struct client *c, struct token *t,
				   uint64_t deadline, struct client_answer *ret,
				   struct err *e)
{
	enum client_wait result = CLIENT_WAIT_TIMEOUT;

	if (client_check_thread(c, "an answer", e) < 0)
		return CLIENT_WAIT_FAILED;
	mutex_lock(c->conn.lock);
	while (t->state == TOKEN_PENDING && !c->is_interrupted &&
	       clock_boot() < deadline)
		cond_wait(&c->changed, c->conn.lock, deadline);
	if (t->state == TOKEN_DONE) {
		result = CLIENT_WAIT_DONE;
		*ret = t->answer;
		memset(&t->answer, 0, sizeof(t->answer));
	} else if (t->state == TOKEN_FAILED) {
		result = CLIENT_WAIT_FAILED;
		if (e)
			*e = t->why;
	} else if (c->is_interrupted) {
		result = CLIENT_WAIT_FAILED;
		(void)client_interrupted(e);
	}
	mutex_unlock(c->conn.lock);
	return result;
}

void client_free_token(struct client *c, struct token *t)
{
	if (!t)
		return;
	mutex_lock(c->conn.lock);
	token_forget(&c->tokens, t);
	subs_forget_token(&c->subs, t);
	mutex_unlock(c->conn.lock);
	token_free(t);
}

static int finish(struct client *c, struct token *t, uint64_t deadline,
		  struct client_answer *ret, struct err *e)
{
	enum client_wait w;

	if (!t)
		return -1;
	w = client_wait_token(c, t, deadline, ret, e);
	client_free_token(c, t);
	if (w == CLIENT_WAIT_TIMEOUT)
		return err_set(e, ERR_TIMEOUT, 0,
			       "broker '%s' did not answer in time", c->name);
	return w == CLIENT_WAIT_DONE ? 0 : -1;
}

int client_subscribe(struct client *c, const struct subscribe *s,
		     uint64_t deadline, struct client_answer *ret,
		     struct err *e)
{
	if (client_check_thread(c, "subscribe", e) < 0)
		return -1;
	return finish(c, client_start_subscribe(c, s, e), deadline, ret, e);
}

int client_unsubscribe(struct client *c, const struct subscribe *s,
		       uint64_t deadline, struct client_answer *ret,
		       struct err *e)
{
	if (client_check_thread(c, "unsubscribe", e) < 0)
		return -1;
	return finish(c, client_start_unsubscribe(c, s, e), deadline, ret, e);
}
