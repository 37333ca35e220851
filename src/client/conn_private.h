/* SPDX-License-Identifier: MIT */
#ifndef CLIENT_CONN_PRIVATE_H
#define CLIENT_CONN_PRIVATE_H

/*
 * What the files of a connection share: conn.c (life: start, establishment,
 * end, what the loop calls), conn_io.c (reading, handing out, writing) and
 * conn_fail.c (the error lines). Nobody else includes it. Everything here
 * runs on the loop's thread without the lock.
 */

#include "client/conn.h"

/* Has the connection ended in the call? Then c may be gone. */
enum rx { RX_DRY, RX_MORE, RX_GONE };

/* conn.c: tears down and reports; c must not be touched afterwards. */
void conn_fail(struct conn *c, const struct err *why);
/* Brings watch and timer in line with what is wanted now. */
void conn_arm(struct conn *c);

/* conn_io.c */
void conn_receive(struct conn *c);
enum rx conn_flush_on_loop(struct conn *c);

/* conn_fail.c: one per way to end, each with its error line. */
void conn_forget_referral(struct conn *c);
void conn_fail_write(struct conn *c);
void conn_fail_read(struct conn *c, struct err *e);
void conn_fail_eof(struct conn *c);
void conn_fail_protocol(struct conn *c);
void conn_fail_refused(struct conn *c, const struct connack *p);
void conn_fail_disconnected(struct conn *c, const struct disconnect *p);
void conn_fail_tick(struct conn *c, enum tick why);
void conn_fail_timeout(struct conn *c);

#endif
