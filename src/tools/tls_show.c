/* SPDX-License-Identifier: MIT */
#include "tools/tls_show.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>

#include "base/clock.h"
#include "net/tls_info.h"
#include "net/transport.h"

/* 0 when something came or the time for a next try has; -1 with e when the
 * whole has taken too long. */
static int await(int fd, enum io what, uint64_t next, uint64_t deadline)
{
	struct pollfd p = { .fd = fd,
			    .events = what == IO_WANT_WRITE ? POLLOUT
							    : POLLIN };
	uint64_t now = clock_boot();

	if (now >= deadline)
		return -1;
	(void)!poll(&p, 1,
		    clock_poll_timeout(next < deadline ? next : deadline, now));
	return 0;
}

static int too_late(struct err *e, enum err_kind kind, const char *what)
{
	return err_set(e, kind, ETIMEDOUT, "not finished in time: %s", what);
}

static int finish_dial(struct dial *d, uint64_t deadline, struct err *e)
{
	for (;;) {
		enum io io = dial_step(d, clock_boot(), e);

		if (io == IO_OK)
			return 0;
		if (io == IO_FAIL || io == IO_EOF)
			return -1;
		if (await(dial_fd(d), io, dial_deadline(d), deadline))
			return too_late(e, ERR_CONNECT, dial_phase(d));
	}
}

static int finish_stream(struct stream *s, uint64_t deadline, struct err *e)
{
	for (;;) {
		enum io io = stream_step(s, e);

		if (io == IO_OK)
			return 0;
		if (io == IO_FAIL || io == IO_EOF)
			return -1;
		if (await(s->fd, io, CLOCK_NEVER, deadline)) {
			const struct stream_ops *at = stream_unfinished(s);

			return too_late(e, at->failure, at->phase);
		}
	}
}

static struct stream *open_stream(const struct settings *s, struct err *e)
{
	const struct client_server *server = &s->client.servers[0];
	uint64_t deadline = clock_add(clock_boot(), s->client.connect_timeout);
	const struct dial_config to = {
		.host = server->host,
		.port = server->port,
		.unix_path = server->unix_path,
		.family = s->client.family,
		.bind_addresses = s->client.bind_addresses,
		.bind_count = s->client.bind_count,
	};
	struct stream *top;
	struct dial *d = transport_dial(server->transport, &to, clock_boot(),
					e);

	if (!d || finish_dial(d, deadline, e)) {
		dial_free(d);
		return NULL; /* it has said to what it cannot connect */
	}
	top = transport_open(server->transport, &to, d, e);
	dial_free(d);
	if (!top || finish_stream(top, deadline, e)) {
		stream_free(top);
		err_prefix(e, "cannot connect to '%s:%u'", server->host,
			   server->port);
		return NULL;
	}
	return top;
}

static int print_certificate(struct buf *out, size_t i,
			     const struct tls_certificate *c)
{
	int rc = buf_printf(out,
			    "certificate  %zu: %s\n"
			    "  issuer     %s\n"
			    "  names      %s\n"
			    "  valid      %s to %s (%lld days left)\n"
			    "  key        %s, signed with %s\n"
			    "  serial     %s\n"
			    "  pin        %s\n",
			    i, c->subject, c->issuer,
			    c->names[0] ? c->names : "-", c->not_before,
			    c->not_after, (long long)c->days_left, c->key,
			    c->signature, c->serial, c->pin);

	return rc < 0 ? -1 : 0;
}

static int print_info(struct buf *out, const struct tls_info *i)
{
	if (buf_printf(out, "version      %s\nsuite        %s\n", i->version,
		       i->suite) < 0 ||
	    (i->alpn[0] && buf_printf(out, "alpn         %s\n", i->alpn) < 0))
		return -1;
	if (buf_printf(out, "verified     %s%s%s\n",
		       i->is_verified ? "yes" : "no",
		       i->problems[0] ? ": " : "", i->problems) < 0)
		return -1;
	for (size_t n = 0; n < i->chain_count; n++)
		if (print_certificate(out, n, &i->chain[n]))
			return -1;
	return 0;
}

int tls_show(const struct settings *s, struct buf *ret, struct err *e)
{
	struct stream *top = open_stream(s, e);
	struct tls_info info = { 0 };
	struct err ignored;
	int rc;

	if (!top)
		return -1;
	rc = tls_get_info(top, &info, e);
	if (!rc && print_info(ret, &info))
		rc = err_nomem(e);
	tls_info_release(&info);
	(void)stream_shutdown(top, &ignored);
	stream_free(top);
	return rc;
}
