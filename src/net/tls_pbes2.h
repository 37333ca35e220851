/* SPDX-License-Identifier: MIT */
#ifndef NET_TLS_PBES2_H
#define NET_TLS_PBES2_H

/*
 * Private keys encrypted by a passphrase the way OpenSSL 3 does by default:
 * PKCS #8 with PBES2, PBKDF2 and AES in CBC mode (RFC 8018). mbedTLS 2.28
 * reads only those with DES. Pure; only tls_files.c uses it.
 */

#include "base/attr.h"
#include "base/buf.h"

enum pbes2 {
	PBES2_OK,
	PBES2_OTHER, /* not encrypted, or in another way */
	PBES2_NEEDS_PASSPHRASE,
	PBES2_WRONG_PASSPHRASE,
};

/* key: PEM or DER. Appends the key, still PKCS #8 but in the clear, to
 * ret, which the caller wipes. */
enum pbes2 pbes2_decrypt(struct bytes key, struct bytes passphrase,
			 struct buf *ret) MUST_CHECK;
/* Is that PKCS #8, PEM or DER, encrypted by PBES2 or in another way? */
bool pbes2_is_encrypted(struct bytes key);

#endif
