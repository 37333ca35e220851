/* SPDX-License-Identifier: MIT */
#include "net/resolve.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "net/socket.h"
#include "net/srv.h"

/* A name server that is down keeps a thread for half a minute or longer;
 * this bounds how many can pile up. */
enum { RESOLVE_THREADS_MAX = 64 };

static atomic_int resolve_threads;

/* Owner and thread hold one reference each; the thread writes everything
 * below `is_done` before it sets that. */
struct resolve {
	atomic_int references;
	char *host;
	char *srv; /* name of SRV records, or NULL */
	uint16_t port;
	enum dial_family family;
	int event_fd;
	atomic_bool is_done;
	struct addresses found;
	struct err err;
};

void addresses_release(struct addresses *a)
{
	free(a->list);
	*a = (struct addresses){ 0 };
}

int addresses_add(struct addresses *a, const struct sockaddr *sa, struct err *e)
{
	struct sockaddr_storage *list;

	list = realloc(a->list, (a->count + 1) * sizeof(*list));
	if (!list)
		return err_nomem(e);
	a->list = list;
	memset(&list[a->count], 0, sizeof(*list));
	memcpy(&list[a->count++], sa, socket_length(sa));
	return 0;
}

void addresses_interleave(struct addresses *a)
{
	for (size_t i = 1; i < a->count; i++) {
		struct sockaddr_storage wanted;
		size_t k = i;

		while (k < a->count &&
		       a->list[k].ss_family == a->list[i - 1].ss_family)
			k++;
		if (k == a->count)
			return;
		wanted = a->list[k];
		memmove(&a->list[i + 1], &a->list[i], (k - i) * sizeof(wanted));
		a->list[i] = wanted;
	}
}

static int native_family(enum dial_family family)
{
	switch (family) {
	case DIAL_IPV4:
		return AF_INET;
	case DIAL_IPV6:
		return AF_INET6;
	default:
		return AF_UNSPEC;
	}
}

static void set_port(struct sockaddr *sa, uint16_t port)
{
	struct sockaddr_in6 in6;
	struct sockaddr_in in;

	if (sa->sa_family == AF_INET6) {
		memcpy(&in6, sa, sizeof(in6));
		in6.sin6_port = htons(port);
		memcpy(sa, &in6, sizeof(in6));
	} else {
		memcpy(&in, sa, sizeof(in));
		in.sin_port = htons(port);
		memcpy(sa, &in, sizeof(in));
	}
}

static int add_all(struct addresses *a, const struct addrinfo *ai,
		   uint16_t port, struct err *e)
{
	for (; ai && a->count < RESOLVE_MAX; ai = ai->ai_next) {
		if (ai->ai_family != AF_INET && ai->ai_family != AF_INET6)
			continue;
		set_port(ai->ai_addr, port);
		if (addresses_add(a, ai->ai_addr, e) < 0)
			return -1;
	}
	return 0;
}

/* 0, or an EAI_ code with errno for EAI_SYSTEM. */
static int look_up(const char *host, int family, int flags,
		   struct addrinfo **ret)
{
	const struct addrinfo hints = {
		.ai_family = family,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = flags,
	};

	return getaddrinfo(host, NULL, &hints, ret);
}

static bool add_numeric(const char *host, const struct dial_config *c,
			struct addresses *ret)
{
	struct addrinfo *ai;
	int status;

	if (look_up(host, native_family(c->family), AI_NUMERICHOST, &ai) != 0)
		return false;
	status = add_all(ret, ai, c->port, NULL);
	freeaddrinfo(ai);
	return status == 0;
}

bool resolve_at_once(const struct dial_config *c, struct addresses *ret)
{
	struct addresses found = { 0 };
	bool is_found;

	if (c->srv)
		return false;
	if (strcasecmp(c->host, "localhost") == 0) {
		is_found = add_numeric("127.0.0.1", c, &found);
		is_found = add_numeric("::1", c, &found) || is_found;
	} else {
		is_found = add_numeric(c->host, c, &found);
	}
	if (is_found)
		*ret = found;
	return is_found;
}

static void drop_reference(struct resolve *r)
{
	if (atomic_fetch_sub(&r->references, 1) != 1)
		return;
	addresses_release(&r->found);
	if (r->event_fd >= 0)
		close(r->event_fd);
	free(r->host);
	free(r->srv);
	free(r);
}

static const char *family_name(enum dial_family family)
{
	switch (family) {
	case DIAL_IPV4:
		return "IPv4 ";
	case DIAL_IPV6:
		return "IPv6 ";
	default:
		return "";
	}
}

static int describe_failure(const struct resolve *r, const char *host,
			    int status, struct err *e)
{
	char why[128];
	int error = errno;

	switch (status) {
	case EAI_NONAME:
		snprintf(why, sizeof(why), "no such name");
		break;
	case EAI_NODATA:
	case EAI_ADDRFAMILY:
		snprintf(why, sizeof(why), "it has no %saddress",
			 family_name(r->family));
		break;
	case EAI_AGAIN:
		snprintf(why, sizeof(why), "no answer from the name server");
		break;
	case EAI_SYSTEM:
		socket_reason(error, why, sizeof(why));
		break;
	default:
		snprintf(why, sizeof(why), "%s", gai_strerror(status));
	}
	return err_set(e, ERR_RESOLVE, status, "cannot resolve '%s': %s", host,
		       why);
}

/* Adds the addresses of one host. */
static int resolve_host(struct resolve *r, const char *host, uint16_t port,
			struct err *e)
{
	size_t before = r->found.count;
	struct addrinfo *ai;
	int status = look_up(host, native_family(r->family), 0, &ai);

	if (status != 0)
		return describe_failure(r, host, status, e);
	status = add_all(&r->found, ai, port, e);
	freeaddrinfo(ai);
	if (status == 0 && r->found.count == before)
		return describe_failure(r, host, EAI_NODATA, e);
	return status;
}

/* The order of the servers matters more than that of the families, and one
 * that is not found does not spoil the others. */
static void resolve_service(struct resolve *r)
{
	struct srv_record list[SRV_MAX];
	int count = srv_query(r->srv, list, &r->err);

	for (int i = 0; i < count; i++)
		(void)resolve_host(r, list[i].host, list[i].port, &r->err);
}

static void resolve_run(struct resolve *r)
{
	if (r->srv) {
		resolve_service(r);
	} else {
		(void)resolve_host(r, r->host, r->port, &r->err);
		addresses_interleave(&r->found);
	}
}

static void *resolve_main(void *arg)
{
	struct resolve *r = arg;
	const uint64_t one = 1;

	resolve_run(r);
	atomic_store(&r->is_done, true);
	/* Cannot fail: the counter is far from its limit. */
	(void)!write(r->event_fd, &one, sizeof(one));
	drop_reference(r);
	atomic_fetch_sub(&resolve_threads, 1);
	return NULL;
}

/* Signals are for the threads that wait for them, never for this one. */
static int start_thread(struct resolve *r, struct err *e)
{
	pthread_attr_t attr;
	sigset_t all, before;
	pthread_t thread;
	int error;

	sigfillset(&all);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&thread, &attr, resolve_main, r);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	if (!error)
		return 0;
	errno = error;
	return err_sys(e, ERR_RESOLVE, "cannot start a resolver thread");
}

static int resolve_start(struct resolve *r, struct err *e)
{
	char why[128];

	r->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (r->event_fd < 0) {
		int error = errno;

		socket_reason(error, why, sizeof(why));
		return err_set(e, ERR_CONNECT, error, "%s", why);
	}
	if (atomic_fetch_add(&resolve_threads, 1) >= RESOLVE_THREADS_MAX) {
		atomic_fetch_sub(&resolve_threads, 1);
		return err_set(e, ERR_RESOLVE, EBUSY,
			       "cannot resolve '%s': %d "
			       "earlier look-ups are still without an answer",
			       r->host, RESOLVE_THREADS_MAX);
	}
	atomic_store(&r->references, 2);
	if (start_thread(r, e) == 0)
		return 0;
	atomic_store(&r->references, 1);
	atomic_fetch_sub(&resolve_threads, 1);
	return -1;
}

static int copy_query(struct resolve *r, const struct dial_config *c)
{
	r->port = c->port;
	r->family = c->family;
	r->host = strdup(c->host);
	if (!r->host)
		return -1;
	if (!c->srv)
		return 0;
	return asprintf(&r->srv, "_%s._tcp.%s", c->srv, c->host) < 0 ? -1 : 0;
}

struct resolve *resolve_new(const struct dial_config *c, struct err *e)
{
	struct resolve *r = calloc(1, sizeof(*r));

	if (!r) {
		err_nomem(e);
		return NULL;
	}
	atomic_store(&r->references, 1);
	r->event_fd = -1;
	if (copy_query(r, c) < 0)
		err_nomem(e);
	else if (resolve_start(r, e) == 0)
		return r;
	drop_reference(r);
	return NULL;
}

int resolve_fd(const struct resolve *r)
{
	return r->event_fd;
}

bool resolve_is_done(const struct resolve *r)
{
	return atomic_load(&r->is_done);
}

int resolve_take(struct resolve *r, struct addresses *ret, struct err *e)
{
	if (!r->found.count) {
		if (e)
			*e = r->err;
		return -1;
	}
	*ret = r->found;
	r->found = (struct addresses){ 0 };
	return 0;
}

void resolve_free(struct resolve *r)
{
	if (r)
		drop_reference(r);
}
