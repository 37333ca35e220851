/* SPDX-License-Identifier: MIT */
#ifndef CLIENT_SCRAM_H
#define CLIENT_SCRAM_H

/*
 * SCRAM-SHA-1, -256 and -512 (RFC 5802, 7677) as a client: three messages in,
 * three out, no I/O. The server proves itself with its signature, so a wrong
 * server is found out even when it lets everybody in.
 *
 * A struct scram is one dialogue; it belongs to whoever made it, on any one
 * thread, and keeps copies of user and password that are wiped when it is
 * freed. No channel binding. Passwords outside ASCII are refused, because
 * without SASLprep two clients would derive different keys from them.
 */

#include "base/buf.h"
#include "base/bytes.h"
#include "base/err.h"

struct scram;

/* Is that the name of a method we know ("SCRAM-SHA-256")? */
bool scram_knows(const char *method);

/* nonce: NULL for a random one (tests give theirs). NULL with e (ERR_USAGE)
 * for an unknown method or what cannot be used as user or password. */
struct scram *scram_new(const char *method, struct bytes user,
			struct bytes password, const char *nonce,
			struct err *e);
void scram_free(struct scram *s);

/* Each appends the message to send to ret. -1 with e: ERR_REFUSED when the
 * server said no or could not prove itself, ERR_PROTOCOL for nonsense. */
int scram_first(struct scram *s, struct buf *ret, struct err *e) MUST_CHECK;
int scram_final(struct scram *s, struct bytes server_first, struct buf *ret,
		struct err *e) MUST_CHECK;
int scram_verify(struct scram *s, struct bytes server_final, struct err *e)
	MUST_CHECK;

#endif
