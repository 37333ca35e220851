/* SPDX-License-Identifier: MIT */
#ifndef NET_TLS_INFO_H
#define NET_TLS_INFO_H

/*
 * What a TLS connection turned out to be, for the user to read and for
 * checks to test. Call it under whatever protects the stream; the result is
 * a copy that its holder owns.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/stream.h"

struct tls_certificate {
	char subject[160], issuer[160];
	char names[160]; /* "'a.example', '192.0.2.1' and 3 more" */
	char not_before[32], not_after[32]; /* "2026-01-31 23:59:59 UTC" */
	int64_t days_left;  /* whole days; below 0 when expired */
	char key[32];       /* "RSA 2048" */
	char signature[32]; /* "SHA256" */
	char serial[80];    /* "01:AF" */
	char pin[64];       /* "sha256//..." of the public key */
};

struct tls_info {
	const char *version; /* "TLSv1.3"; static */
	const char *suite;   /* name; static */
	char alpn[256];      /* "" when none was agreed on */
	bool is_resumed;     /* a short handshake: no chain was sent */
	bool is_verified;    /* false with options that trust anybody */
	char problems[448];  /* what they let pass, as an error would */
	struct tls_certificate *chain; /* the server's own one first */
	size_t chain_count;
};

/* Of the TLS layer in the stack, after its handshake. -1 with e when there
 * is none or memory is short. */
int tls_get_info(const struct stream *top, struct tls_info *ret, struct err *e)
	MUST_CHECK;
void tls_info_release(struct tls_info *i);

#endif
