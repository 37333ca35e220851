/* SPDX-License-Identifier: MIT */
#include "tools/bench_target.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/transport.h"
#include "tools/bench.h"
#include "tools/bench_self.h"

/* ------------------------------------------------------------- who is meant */

static const char hint[] =
	"no target: name the broker with --target mqtt://HOST, or measure "
	"this machine alone with --target self";

/* emqtt-bench takes several hosts, with commas between. */
static int split_hosts(const struct settings *s, struct text_list *ret,
		       char **ret_text)
{
	char *text = strdup(s->typed.host), *rest = text, *host;
	const char **v = calloc(strlen(s->typed.host) + 1, sizeof(*v));

	*ret_text = text;
	ret->v = v;
	if (!text || !v)
		return -1;
	while ((host = strsep(&rest, ",")))
		if (*host)
			v[ret->n++] = host;
	return 0;
}

static bool has_all_targets(const struct scenario *s)
{
	for (size_t i = 0; !s->common_targets && i < s->group_count; i++)
		if (!s->groups[i].target_count)
			return false;
	return s->target_count > 0;
}

/* Load goes where somebody said that it should go, and nowhere else. */
static int resolve_names(struct bench *b, const struct scenario *s,
			 struct err *e)
{
	struct settings *t = b->settings;
	struct text_list urls = b->options->targets;
	char *text = NULL;
	int r;

	if (urls.n || (b->options->has_target &&
		       !(t->typed.host && strchr(t->typed.host, ','))))
		return settings_resolve_targets(t, &urls, e);
	if (b->options->has_target) {
		r = split_hosts(t, &urls, &text) < 0
			    ? err_nomem(e)
			    : settings_resolve_targets(t, &urls, e);
		free(urls.v);
		free(text);
		return r;
	}
	if (!has_all_targets(s))
		return err_set(e, ERR_USAGE, 0, "%s", hint);
	urls.v = (const char **)s->targets;
	urls.n = s->target_count;
	return settings_resolve_targets(t, &urls, e);
}

/* ---------------------------------------------------------------- addresses */

struct range {
	uint32_t net;
	unsigned bits;
};

static bool is_private_v4(uint32_t a)
{
	static const struct range ranges[] = {
		{ 0x0a000000, 8 },  { 0x7f000000, 8 },  { 0xac100000, 12 },
		{ 0xc0a80000, 16 }, { 0xa9fe0000, 16 }, { 0x64400000, 10 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++)
		if ((a ^ ranges[i].net) >> (32 - ranges[i].bits) == 0)
			return true;
	return false;
}

static bool is_private_v6(const struct in6_addr *a)
{
	if (IN6_IS_ADDR_V4MAPPED(a)) {
		uint32_t v4;

		memcpy(&v4, a->s6_addr + 12, sizeof(v4));
		return is_private_v4(ntohl(v4));
	}
	return IN6_IS_ADDR_LOOPBACK(a) || IN6_IS_ADDR_LINKLOCAL(a) ||
	       (a->s6_addr[0] & 0xfe) == 0xfc;
}

static void note_kind(struct bench_targets *t, const char *host)
{
	struct in_addr v4;
	struct in6_addr v6;
	char text[64];

	if (!host) { /* a Unix socket */
		t->is_loopback = false;
		return;
	}
	snprintf(text, sizeof(text), "%.*s", (int)strcspn(host, "%"), host);
	if (inet_pton(AF_INET, text, &v4) == 1) {
		t->is_loopback &= ntohl(v4.s_addr) >> 24 == 127;
		t->is_private &= is_private_v4(ntohl(v4.s_addr));
		return;
	}
	t->is_loopback = false;
	t->is_private &= inet_pton(AF_INET6, text, &v6) == 1 &&
			 is_private_v6(&v6);
}

/* "[::1]:1883" or "127.0.0.1:1883" without the port. */
static char *address_of(const char *text)
{
	const char *end = strrchr(text, ':');

	if (*text == '[')
		return strndup(text + 1, strcspn(text + 1, "]"));
	return strndup(text, end ? (size_t)(end - text) : strlen(text));
}

/* A name may have several addresses, of which only some answer: connected to
 * once, it is clear which one to load. Until when it was only a name is told
 * apart from that. */
static int look_up(const struct dial_config *c, uint64_t deadline, char **ret,
		   uint64_t *ret_resolved_at, struct err *e)
{
	struct dial *d = dial_new(c, clock_boot(), e);
	enum io state = d ? IO_WANT_WRITE : IO_FAIL;
	struct pollfd p = { .fd = -1 };
	int fd;

	while (state == IO_WANT_READ || state == IO_WANT_WRITE) {
		state = dial_step(d, clock_boot(), e);
		if (state == IO_OK || state == IO_FAIL)
			break;
		if (clock_boot() >= deadline) {
			err_set(e, ERR_CONNECT, 0,
				"no answer in time while "
				"%s",
				dial_phase(d));
			state = IO_FAIL;
			break;
		}
		p.fd = dial_fd(d);
		p.events = state == IO_WANT_READ ? POLLIN : POLLOUT;
		(void)poll(&p, 1,
			   clock_poll_timeout(clock_earlier(deadline,
							    dial_deadline(d)),
					      clock_boot()));
	}
	if (state == IO_OK) {
		*ret = address_of(dial_address(d));
		*ret_resolved_at = dial_resolved_at(d);
		fd = dial_take_fd(d);
		close(fd);
		if (!*ret)
			err_nomem(e);
	}
	dial_free(d);
	return *ret ? 0 : -1;
}

static bool is_numeric(const char *host)
{
	unsigned char ignored[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, host, ignored) == 1 || strchr(host, ':');
}

/* A proxy looks the name up itself, and SRV records name other hosts. */
static bool is_for_others(const struct client_server *s)
{
	return s->transport && (s->transport->proxy || s->transport->srv);
}

static bool looks_up(const struct client_server *s)
{
	const struct transport_config *t = s->transport;

	return t && (t->srv || (t->proxy && !is_numeric(t->proxy->host)));
}

static char *name_of(const struct client_server *s)
{
	struct buf text = { 0 };
	const char *shown = NULL;
	char *copy;

	if ((s->unix_path
		     ? buf_append_str(&text, s->unix_path)
		     : buf_printf(&text,
				  strchr(s->host, ':') ? "[%s]:%u" : "%s:%u",
				  s->host, s->port)) == 0)
		shown = buf_cstr(&text);
	copy = shown ? strdup(shown) : NULL;
	buf_release(&text);
	return copy;
}

static int open_one(struct bench *b, const struct client_server *s,
		    struct bench_targets *t, struct err *e)
{
	const struct client_params *p = &b->settings->client;
	struct run_target *target = &t->v[t->count];
	struct transport_config *tc = &t->transports[t->count];
	const struct dial_config dial = {
		.host = s->host,
		.port = s->port,
		.family = p->family,
		.bind_addresses = p->bind_addresses,
		.bind_count = p->bind_count,
	};
	uint64_t begin = clock_boot(), resolved_at = begin;
	char *host = NULL;

	t->count++;
	if (s->transport)
		*tc = *s->transport;
	*target = (struct run_target){
		.port = s->port,
		.unix_path = s->unix_path,
		.name = t->names[t->count - 1] = name_of(s),
		.transport = tc,
	};
	if (!target->name)
		return err_nomem(e);
	if (s->unix_path) {
		note_kind(t, NULL);
		return 0;
	}
	if (is_numeric(s->host) || is_for_others(s))
		host = strdup(s->host);
	else if (look_up(&dial, clock_add(begin, p->connect_timeout), &host,
			 &resolved_at, e) < 0)
		return -1;
	if (!host)
		return err_nomem(e);
	target->host = host;
	target->looks_up = looks_up(s);
	target->resolve_time = resolved_at - begin;
	if (!tc->server_name)
		tc->server_name = s->host;
	note_kind(t, host);
	t->is_loopback &= !is_for_others(s);
	t->is_tls |= tc->kind == TRANSPORT_TLS || tc->kind == TRANSPORT_WSS;
	return 0;
}

static char *copy(struct bytes b)
{
	return strndup((const char *)b.p, b.n);
}

/* Once for all clients: a password command is not run a thousand times. */
static int load_credentials(struct bench *b, struct bench_targets *t,
			    struct err *e)
{
	const struct client_params *p = &b->settings->client;
	struct bytes user = p->connect.user, password = p->connect.password;

	if (p->credentials.load &&
	    p->credentials.load(p->credentials.ctx, &user, &password, e))
		return -1;
	if ((user.p && !(t->user = copy(user))) ||
	    (password.p && !(t->password = copy(password))))
		return err_nomem(e);
	return 0;
}

/* The target that is no broker; NULL: there is none. It stands alone. */
static int find_self(const struct bench *b, const struct scenario *s,
		     const char **ret, struct err *e)
{
	const char *const *v = b->options->targets.v;
	size_t n = b->options->targets.n;

	*ret = NULL;
	if (!n && !b->options->has_target) {
		v = (const char *const *)s->targets;
		n = s->target_count;
	}
	for (size_t i = 0; i < n; i++)
		if (peer_is_target(v[i]))
			*ret = v[i];
	if (*ret && n > 1)
		return err_set(e, ERR_USAGE, 0,
			       "target 'self' does not go "
			       "with other targets");
	return 0;
}

int bench_targets_open(struct bench *b, const struct scenario *s,
		       struct bench_targets *ret, struct err *e)
{
	const struct client_params *p = &b->settings->client;
	const char *self;

	*ret = (struct bench_targets){ .is_loopback = true,
				       .is_private = true };
	if (find_self(b, s, &self, e) < 0)
		return -1;
	if (self)
		return bench_self_open(self, ret, e);
	ret->by_group = !b->options->targets.n && !b->options->has_target;
	if (resolve_names(b, s, e) < 0)
		return -1;
	ret->v = calloc(p->server_count, sizeof(*ret->v));
	ret->transports = calloc(p->server_count, sizeof(*ret->transports));
	ret->names = calloc(p->server_count, sizeof(*ret->names));
	if (!ret->v || !ret->transports || !ret->names)
		return err_nomem(e);
	for (size_t i = 0; i < p->server_count; i++)
		if (open_one(b, &p->servers[i], ret, e) < 0)
			return -1;
	return load_credentials(b, ret, e);
}

static void wipe(char *text)
{
	if (text)
		explicit_bzero(text, strlen(text));
	free(text);
}

void bench_targets_release(struct bench_targets *t)
{
	for (size_t i = 0; i < t->count; i++) {
		free((char *)(uintptr_t)t->v[i].host);
		if (t->names)
			free(t->names[i]);
	}
	bench_self_close(t);
	free(t->names);
	free(t->v);
	free(t->transports);
	free(t->user);
	wipe(t->password);
	*t = (struct bench_targets){ 0 };
}
