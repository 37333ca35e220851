/* SPDX-License-Identifier: MIT */
#ifndef NET_DIAL_H
#define NET_DIAL_H

/*
 * From a name to a connected socket without ever waiting: resolves in a
 * helper thread (numeric addresses and "localhost" at once), then tries all
 * addresses, families interleaved, the next one after 250 ms or at once when
 * one fails; the first that connects wins (RFC 8305). Unix sockets too.
 *
 * A dial belongs to one thread at a time. After dial_new() call dial_step();
 * then watch dial_fd() for the events it asks for, and call it again when
 * they come or at dial_deadline(). dial_fd() is the same from dial_new() to
 * dial_take_fd(); stop watching it before either dial_take_fd() or
 * dial_free(). The dial owns all sockets until dial_take_fd().
 */

#include <stdint.h>

#include "net/stream.h"

struct dial;
struct sockaddr;

enum dial_family { DIAL_ANY, DIAL_IPV4, DIAL_IPV6 };

struct dial_config {
	const char *role; /* NULL, or what host is, for messages:
			   * "proxy" */
	const char *host; /* name or address, no brackets */
	uint16_t port;
	const char *unix_path; /* instead of host and port */
	enum dial_family family;
	const char *const *bind_addresses; /* numeric; tried per family */
	size_t bind_count;
	size_t bind_index; /* which one to start with (round robin) */
	/* NULL, or a service ("mqtt"): host is a domain, and the servers and
	 * ports are those of its DNS SRV records, _mqtt._tcp.host. */
	const char *srv;
	/* NULL, or a name that is looked up as well, for a proxy that wants
	 * an address; see dial_far(). */
	const char *far_host;
	uint16_t far_port;
};

/* Starts; the config's strings must live as long as the dial. NULL with e:
 * ERR_USAGE for a bad address, ERR_RESOLVE, or ERR_CONNECT (also when there
 * are no file descriptors left). */
struct dial *dial_new(const struct dial_config *c, uint64_t now, struct err *e);
/* Cancels and frees at any time; a resolver still at work is left to finish
 * by itself. NULL is fine. */
void dial_free(struct dial *d);

/*
 * IO_OK: connected, take the socket. IO_WANT_READ / IO_WANT_WRITE: wait for
 * that on dial_fd() or until dial_deadline(). IO_FAIL: every address failed;
 * e is ERR_RESOLVE or ERR_CONNECT and names each address with its reason
 * (shortened when there are many).
 */
enum io dial_step(struct dial *d, uint64_t now, struct err *e);
int dial_fd(const struct dial *d);
uint64_t dial_deadline(const struct dial *d);
/* When the addresses were known, on the clock of `now`; 0: not yet. */
uint64_t dial_resolved_at(const struct dial *d);
/* The connected socket (blocking mode); the caller owns it now. */
int dial_take_fd(struct dial *d);
/* Address it got connected to, "127.0.0.1:1883"; static to the dial. */
const char *dial_address(struct dial *d);
/* The first address of far_host, once connected; the dial's own. */
const struct sockaddr *dial_far(const struct dial *d);
/* What it is doing, for time-out messages: "resolving 'h'",
 * "connecting to 192.0.2.1:1883". */
const char *dial_phase(struct dial *d);

#endif
