/* SPDX-License-Identifier: MIT */
#ifndef NET_TLS_FILES_H
#define NET_TLS_FILES_H

/*
 * Certificates, revocation lists and keys from files, with errors that name
 * the file and what it should hold. Blocks as long as reading local files
 * does. Only tls_config.c uses it; any thread.
 */

#include <mbedtls/pk.h>
#include <mbedtls/x509_crl.h>
#include <mbedtls/x509_crt.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"

/* Each adds to an initialised structure and returns 0, or -1 with e:
 * ERR_LOCAL when the file cannot be read, ERR_TLS when it holds something
 * else. */
int tls_load_ca_file(mbedtls_x509_crt *chain, const char *path, struct err *e)
	MUST_CHECK;
int tls_load_ca_path(mbedtls_x509_crt *chain, const char *path, struct err *e)
	MUST_CHECK;
/* Where the system keeps those that it trusts (static): a file or, when
 * there is none, a directory. */
const char *tls_system_ca(void);
int tls_load_system_ca(mbedtls_x509_crt *chain, struct err *e) MUST_CHECK;
int tls_load_crl(mbedtls_x509_crl *crl, const char *path, struct err *e)
	MUST_CHECK;
/* Our own certificate, intermediate ones behind it. */
int tls_load_cert(mbedtls_x509_crt *chain, const char *path, struct err *e)
	MUST_CHECK;
/* And the private key that belongs to it. */
int tls_load_key(mbedtls_pk_context *key, const char *path,
		 struct bytes passphrase, struct err *e) MUST_CHECK;

#endif
