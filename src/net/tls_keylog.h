/* SPDX-License-Identifier: MIT */
#ifndef NET_TLS_KEYLOG_H
#define NET_TLS_KEYLOG_H

/*
 * The secrets of connections in NSS key log format, for Wireshark. Owns an
 * open file; lines of several connections and threads never mix, because
 * each is one write at the end of the file. Only tls_config.c uses it.
 */

#include "net/tls_compat.h"

struct tls_keylog {
	struct tls_key_sink sink;
	int fd; /* -1: closed */
};

/* Appends to the file; creates it readable for its owner alone. */
int tls_keylog_open(struct tls_keylog *k, const char *path, struct err *e)
	MUST_CHECK;
void tls_keylog_close(struct tls_keylog *k);

#endif
