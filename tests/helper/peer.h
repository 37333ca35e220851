/* SPDX-License-Identifier: MIT */
#ifndef HELPER_PEER_H
#define HELPER_PEER_H

/*
 * What the peers of the tests have in common: sockets by one spelling of
 * addresses, a life that ends by itself, and error lines. For the programs
 * of tests/helper only; each of them has one thread.
 *
 * An address is "HOST:PORT" with a numeric host ("127.0.0.1:0",
 * "[::1]:1883"), a bare PORT on 127.0.0.1, or "unix:PATH". Descriptors
 * belong to the caller, are close-on-exec and, but for listening ones, block;
 * the programs pass MSG_DONTWAIT where they must not wait.
 */

#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"

/* -1 with e. A stale Unix socket of that name is replaced. */
int peer_listen(const char *address, struct err *e);
/* Waits at most a second or two: only loopback is meant. -1 with e. */
int peer_dial(const char *address, struct err *e);
/* The port a socket is bound to; 0 for a Unix socket. */
uint16_t peer_port(int fd);
/* Small packets leave at once, as from any broker that is worth the name. */
void peer_no_delay(int fd);
/* An accepted connection, or -1 when there is none now. */
int peer_accept(int listener);

/* Ends the program with status 124 and a line on stderr after ns, whatever
 * it is doing, so that no test can leave a peer behind. Later calls replace
 * the earlier deadline. */
void peer_deadline(uint64_t ns);
enum { PEER_STATUS_LATE = 124 };

/* "name: text" on stderr, and status 2. */
NORETURN void peer_die(const struct err *e);

/* A descriptor that becomes readable at SIGTERM and SIGINT, which do nothing
 * else from then on; SIGPIPE is ignored. -1 with e. */
int peer_stop_fd(struct err *e);

#endif
