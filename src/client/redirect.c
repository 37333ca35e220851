/* SPDX-License-Identifier: MIT */
#include "client/redirect.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "net/transport.h"

/* However long its lists are, nobody is sent around for ever. */
enum { TRIES_MAX = 16, ENTRY_MAX = 300 };

void redirect_start_round(struct redirect *r)
{
	r->is_on &= r->is_permanent || r->is_pending;
	r->is_pending = false;
	r->count = r->tries = 0;
}

void redirect_release(struct redirect *r)
{
	url_release(&r->url);
	buf_release(&r->list);
}

static enum transport_kind kind_of(const struct client_server *s)
{
	return s->transport ? s->transport->kind : TRANSPORT_TCP;
}

/* The word of the list at r->at, as text; false at its end. */
static bool take_word(struct redirect *r, char *dst, size_t size)
{
	struct bytes all = buf_view(&r->list);
	size_t n = 0;

	while (r->at < all.n && all.p[r->at] == ' ')
		r->at++;
	while (r->at < all.n && all.p[r->at] != ' ') {
		if (n + 1 < size)
			dst[n++] = (char)all.p[r->at];
		r->at++;
	}
	dst[n] = '\0';
	return n > 0;
}

static int check_url(const struct url *u, enum transport_kind kind,
		     bool has_scheme, struct err *e)
{
	if (!u->host || (has_scheme && transport_kind_of(u->scheme) != kind))
		return err_set(e, ERR_REFUSED, 0,
			       "it asks for another transport than that in "
			       "use");
	if (u->user || u->password)
		return err_set(e, ERR_REFUSED, 0, "it has a user name");
	return 0;
}

static int read_entry(struct redirect *r, const char *word, struct err *e)
{
	enum transport_kind kind = kind_of(&r->server);
	bool has_scheme = strstr(word, "://") != NULL;
	char text[ENTRY_MAX + 8];
	struct url u = { 0 };

	snprintf(text, sizeof(text), "%s%s", has_scheme ? "" : "mqtt://", word);
	if (url_parse(text, &u, e) < 0)
		return -1;
	if (check_url(&u, kind, has_scheme, e) < 0) {
		url_release(&u);
		return -1;
	}
	url_release(&r->url);
	r->url = u;
	r->server.host = r->url.host;
	r->server.unix_path = NULL;
	r->server.port = u.port ? u.port : transport_default_port(kind);
	return 0;
}

/* A new referral begins; false when one too many. */
static bool begin(struct redirect *r, const struct referral *said, unsigned max,
		  struct err *why)
{
	if (r->count >= max) {
		err_prefix(why, "not followed after %u redirects", max);
		return false;
	}
	buf_clear(&r->list);
	r->at = 0;
	if (buf_append(&r->list, said->text) < 0)
		return false;
	r->count++;
	r->server.transport = said->from->transport;
	r->is_permanent = said->is_permanent;
	return true;
}

bool redirect_next(struct redirect *r, const struct referral *said,
		   unsigned max, struct err *why)
{
	char word[ENTRY_MAX], shown[100];
	bool was_on = r->is_on;
	struct err e;

	r->is_on = false;
	if (!max || (!said->text.n && !was_on))
		return false;
	if (said->text.n && !begin(r, said, max, why))
		return false;
	while (r->tries < TRIES_MAX && take_word(r, word, sizeof(word))) {
		r->tries++;
		r->is_on = read_entry(r, word, &e) == 0;
		if (r->is_on)
			return true;
		err_prefix(why, "'%s' is not followed: %s",
			   text_visible(shown, sizeof(shown), bytes_str(word)),
			   e.text);
	}
	return false;
}
