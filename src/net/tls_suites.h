/* SPDX-License-Identifier: MIT */
#ifndef NET_TLS_SUITES_H
#define NET_TLS_SUITES_H

/*
 * Cipher suites by name: as IANA writes them (TLS_AES_128_GCM_SHA256), as
 * mbedTLS does (TLS-ECDHE-RSA-WITH-AES-128-GCM-SHA256), or as OpenSSL does
 * (ECDHE-RSA-AES128-GCM-SHA256). Pure but for the library's own tables; any
 * thread. Only tls_config.c uses it.
 */

#include "base/attr.h"
#include "base/err.h"

/* "A:B,C" to the numbers that the library wants, 0 at the end; the caller
 * frees them. NULL with e (ERR_USAGE) that names the unknown one. */
int *tls_suites_parse(const char *names, struct err *e) MUST_CHECK;
/* Those that a key shared beforehand can use without any certificate. */
int *tls_suites_psk(struct err *e) MUST_CHECK;

#endif
