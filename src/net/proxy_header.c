/* SPDX-License-Identifier: MIT */
#include "net/proxy_header.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "net/resolve.h"

enum {
	HEADER_MAX = 256,
	V2_PROXY = 0x21, /* version 2, on behalf of somebody */
	V2_LOCAL = 0x20, /* version 2, the balancer itself */
	V2_TCP4 = 0x11,
	V2_TCP6 = 0x21,
};

struct proxy_header {
	struct stream s;
	struct buf out;
};

static struct proxy_header *self(struct stream *s)
{
	return CONTAINER_OF(s, struct proxy_header, s);
}

static enum io proxy_header_step(struct stream *s, struct err *e)
{
	return stream_write_buf(s->below, &self(s)->out, e);
}

static void proxy_header_free(struct stream *s)
{
	buf_release(&self(s)->out);
	free(self(s));
}

static const struct stream_ops proxy_header_ops = {
	.name = "proxy-header",
	.phase = "sending the PROXY header",
	.failure = ERR_CONNECT,
	.step = proxy_header_step,
	.free = proxy_header_free,
};

/* ------------------------------------------------------------- the header */

/* One end: family 0 when it is none that the header can tell. */
struct end {
	int family;
	uint8_t address[16];
	size_t n;
	uint16_t port;
};

static struct end end_of(const struct sockaddr_storage *sa)
{
	struct end end = { .family = 0 };
	struct sockaddr_in6 in6;
	struct sockaddr_in in;

	memcpy(&in, sa, sizeof(in));
	memcpy(&in6, sa, sizeof(in6));
	if (sa->ss_family == AF_INET) {
		end = (struct end){ .family = AF_INET,
				    .n = 4,
				    .port = ntohs(in.sin_port) };
		memcpy(end.address, &in.sin_addr, end.n);
	} else if (sa->ss_family == AF_INET6) {
		end = (struct end){ .family = AF_INET6,
				    .n = 16,
				    .port = ntohs(in6.sin6_port) };
		memcpy(end.address, &in6.sin6_addr, end.n);
	}
	return end;
}

static int bad_address(const char *text, struct err *e)
{
	return err_set(e, ERR_USAGE, 0,
		       "'%s' is not a numeric address with "
		       "a port, as 192.0.2.1:1234 or [::1]:1234",
		       text);
}

/* The last colon is in front of the port. */
static int parse_end(const char *text, struct end *ret, struct err *e)
{
	const char *colon = strrchr(text, ':');
	bool is_v6 = text[0] == '[';
	char host[INET6_ADDRSTRLEN], *stop;
	struct dial_config c = { .host = host };
	struct addresses found;
	unsigned long port;
	size_t n;

	if (!colon || (is_v6 && (colon < text + 2 || colon[-1] != ']')))
		return bad_address(text, e);
	n = (size_t)(colon - text) - (is_v6 ? 2 : 0);
	if (!n || n >= sizeof(host) || colon[1] < '0' || colon[1] > '9')
		return bad_address(text, e);
	memcpy(host, text + is_v6, n);
	host[n] = '\0';
	port = strtoul(colon + 1, &stop, 10);
	c.family = is_v6 ? DIAL_IPV6 : DIAL_IPV4;
	if (*stop || port > 65535 || !resolve_at_once(&c, &found))
		return bad_address(text, e);
	*ret = end_of(&found.list[0]);
	ret->port = (uint16_t)port;
	addresses_release(&found);
	return 0;
}

typedef int name_getter(int, struct sockaddr *, socklen_t *);

static int find_end(const char *text, int fd, name_getter *get, struct end *ret,
		    struct err *e)
{
	struct sockaddr_storage sa = { .ss_family = AF_UNSPEC };
	socklen_t size = sizeof(sa);

	if (text)
		return parse_end(text, ret, e);
	(void)get(fd, (struct sockaddr *)&sa, &size);
	*ret = end_of(&sa);
	return 0;
}

static int compose_v1(struct buf *out, const struct end *from,
		      const struct end *to)
{
	char a[INET6_ADDRSTRLEN], b[INET6_ADDRSTRLEN];

	if (!from->family)
		return buf_append_str(out, "PROXY UNKNOWN\r\n");
	inet_ntop(from->family, from->address, a, sizeof(a));
	inet_ntop(to->family, to->address, b, sizeof(b));
	return buf_printf(out, "PROXY TCP%c %s %s %u %u\r\n",
			  from->family == AF_INET ? '4' : '6', a, b,
			  (unsigned int)from->port, (unsigned int)to->port);
}

static int put_u16(struct buf *out, size_t n)
{
	const uint8_t bytes[] = { (uint8_t)(n >> 8), (uint8_t)(n & 0xff) };

	return buf_append(out, bytes_of(bytes, sizeof(bytes)));
}

static int compose_v2(struct buf *out, const struct end *from,
		      const struct end *to)
{
	static const uint8_t start[] = { 0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d,
					 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a };
	const uint8_t kind[] = {
		from->family ? V2_PROXY : V2_LOCAL,
		from->family == AF_INET    ? V2_TCP4
		: from->family == AF_INET6 ? V2_TCP6
					   : 0,
	};

	if (buf_append(out, bytes_of(start, sizeof(start))) < 0 ||
	    buf_append(out, bytes_of(kind, sizeof(kind))) < 0)
		return -1;
	if (!from->family)
		return put_u16(out, 0);
	if (put_u16(out, 2 * from->n + 4) < 0 ||
	    buf_append(out, bytes_of(from->address, from->n)) < 0 ||
	    buf_append(out, bytes_of(to->address, to->n)) < 0 ||
	    put_u16(out, from->port) < 0)
		return -1;
	return put_u16(out, to->port);
}

static int compose(struct proxy_header *k, const struct proxy_header_options *o,
		   struct err *e)
{
	struct end from, to;
	int status;

	if (find_end(o->source, k->s.fd, getsockname, &from, e) < 0 ||
	    find_end(o->destination, k->s.fd, getpeername, &to, e) < 0)
		return -1;
	if (from.family != to.family)
		return err_set(e, ERR_USAGE, 0,
			       "the two addresses of the "
			       "PROXY header are not of one family");
	status = o->version == PROXY_HEADER_V1
			 ? compose_v1(&k->out, &from, &to)
			 : compose_v2(&k->out, &from, &to);
	return status < 0 ? err_nomem(e) : 0;
}

struct stream *proxy_header_stream_new(struct stream *below,
				       const struct proxy_header_options *o,
				       struct err *e)
{
	struct proxy_header *k = calloc(1, sizeof(*k));

	if (!k) {
		err_nomem(e);
		stream_free(below);
		return NULL;
	}
	k->s = (struct stream){ .ops = &proxy_header_ops,
				.below = below,
				.fd = below->fd };
	buf_init(&k->out, HEADER_MAX);
	if (compose(k, o, e) < 0) {
		stream_free(&k->s);
		return NULL;
	}
	return &k->s;
}
