/* SPDX-License-Identifier: MIT */
#ifndef NET_TLS_VERIFY_H
#define NET_TLS_VERIFY_H

/*
 * Is this certificate the server's? The name check is our own: mbedTLS 2.28
 * knows no addresses and lets everything pass when it is given no name. And
 * the words for what is wrong: which check failed, on which certificate,
 * what was expected. Only the tls_*.c files include it; a struct tls_verify
 * belongs to one connection.
 */

#include <mbedtls/x509_crt.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* Room for the subject of a certificate or a list of its names. */
#define TLS_NAME_SIZE 160

struct tls_verify {
	const char *host;    /* name or address that was asked for; borrowed */
	const char *trust;   /* what is trusted, for messages; borrowed */
	bool any_host;       /* no name check */
	bool was_asked;      /* a certificate came, and was looked at */
	uint32_t flags;      /* of the library, for the whole chain */
	bool is_self_signed; /* and not trusted */
	/* What was found wrong, top of the chain first, "; " between. */
	char problems[ERR_TEXT_MAX - 64];
};

/* For mbedtls_ssl_set_verify(), with a struct tls_verify as ctx: does the
 * name check and describes every flag that is set. Always 0. */
int tls_verify_certificate(void *ctx, mbedtls_x509_crt *crt, int depth,
			   uint32_t *flags);

/* What a user may try about the gravest of what was found; "" when nothing
 * was, or nothing helps. Static. */
const char *tls_verify_advice(const struct tls_verify *v);

/*
 * Subject alternative names of the right kind, exactly or by a wildcard that
 * is the whole first label of three or more (RFC 6125); the common name only
 * when there are no such names. An address is compared with addresses.
 */
bool tls_verify_name(const mbedtls_x509_crt *crt, const char *host);

/* "'a.example', '192.0.2.1' and 3 more" */
void tls_list_names(const mbedtls_x509_crt *crt, char *ret, size_t size);
/* "CN=h, O=Example", made safe to show. */
void tls_subject(const mbedtls_x509_name *name, char *ret, size_t size);
/* "2026-01-31 23:59:59 UTC" */
void tls_time(const mbedtls_x509_time *t, char *ret, size_t size);

#endif
