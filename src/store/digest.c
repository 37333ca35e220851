/* SPDX-License-Identifier: MIT */
#include "store/digest.h"

#include <string.h>

#include <mbedtls/md.h>

/* Neither can fail: the digest is always there, and nothing is allocated
 * that could not be. A zero digest would be noticed as a wrong one. */
void digest_of(struct bytes b, uint8_t ret[DIGEST_SIZE])
{
	const mbedtls_md_info_t *sha = mbedtls_md_info_from_type(
		MBEDTLS_MD_SHA256);

	if (mbedtls_md(sha, b.p, b.n, ret) != 0)
		memset(ret, 0, DIGEST_SIZE);
}

/* What came before is the key, so that no two rows of records look alike. */
void digest_chain(uint8_t chain[DIGEST_SIZE], struct bytes record)
{
	const mbedtls_md_info_t *sha = mbedtls_md_info_from_type(
		MBEDTLS_MD_SHA256);
	uint8_t next[DIGEST_SIZE] = { 0 };

	if (mbedtls_md_hmac(sha, chain, DIGEST_SIZE, record.p, record.n,
			    next) != 0)
		memset(next, 0, DIGEST_SIZE);
	memcpy(chain, next, DIGEST_SIZE);
}
