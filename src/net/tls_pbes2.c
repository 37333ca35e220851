/* SPDX-License-Identifier: MIT */
#include "net/tls_pbes2.h"

#include <mbedtls/aes.h>
#include <mbedtls/asn1.h>
#include <mbedtls/base64.h>
#include <mbedtls/md.h>

enum {
	AES_BLOCK = 16,
	AES_KEY_MAX = 32,
	PBES2_KEY_FILE_MAX = 256 * 1024,
	/* Ten times what anybody uses; more is a mistake or a trap. */
	PBES2_ITERATIONS_MAX = 10 * 1000 * 1000,
};

#define SEQUENCE (MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE)

/* What the key says about its encryption; views into it. */
struct scheme {
	struct bytes salt, iv, data;
	int iterations;
	mbedtls_md_type_t prf;
	size_t key_size;
};

/* A reader over DER; after the first mismatch everything else fails. */
struct reader {
	unsigned char *p, *end;
	bool is_bad;
};

static struct bytes take(struct reader *r, int tag)
{
	struct bytes b = BYTES_NULL;
	size_t n = 0;

	if (r->is_bad || mbedtls_asn1_get_tag(&r->p, r->end, &n, tag) != 0) {
		r->is_bad = true;
		return b;
	}
	b = bytes_of(r->p, n);
	r->p += n;
	return b;
}

static struct reader enter(struct reader *r, int tag)
{
	struct bytes b = take(r, tag);
	/* The library's readers take no const, and change nothing. */
	unsigned char *p = (unsigned char *)(uintptr_t)b.p;

	return (struct reader){ .p = p,
				.end = p ? p + b.n : p,
				.is_bad = r->is_bad };
}

static void expect_oid(struct reader *r, struct bytes want)
{
	if (!bytes_equal(take(r, MBEDTLS_ASN1_OID), want))
		r->is_bad = true;
}

/* hmacWithSHA1 ... hmacWithSHA512: 1.2.840.113549.2.7 to 11. */
static mbedtls_md_type_t prf_of(struct bytes oid)
{
	static const uint8_t prefix[] = { 0x2a, 0x86, 0x48, 0x86,
					  0xf7, 0x0d, 0x02 };
	static const mbedtls_md_type_t types[] = {
		MBEDTLS_MD_SHA1,   MBEDTLS_MD_SHA224, MBEDTLS_MD_SHA256,
		MBEDTLS_MD_SHA384, MBEDTLS_MD_SHA512,
	};

	if (oid.n != sizeof(prefix) + 1 ||
	    memcmp(oid.p, prefix, sizeof(prefix)) != 0 ||
	    oid.p[sizeof(prefix)] < 7 || oid.p[sizeof(prefix)] > 11)
		return MBEDTLS_MD_NONE;
	return types[oid.p[sizeof(prefix)] - 7];
}

/* aes128-CBC, aes192-CBC, aes256-CBC: 2.16.840.1.101.3.4.1.2, 22, 42. */
static size_t key_size_of(struct bytes oid)
{
	static const uint8_t prefix[] = { 0x60, 0x86, 0x48, 0x01,
					  0x65, 0x03, 0x04, 0x01 };

	if (oid.n != sizeof(prefix) + 1 ||
	    memcmp(oid.p, prefix, sizeof(prefix)) != 0)
		return 0;
	switch (oid.p[sizeof(prefix)]) {
	case 2:
		return 16;
	case 22:
		return 24;
	case 42:
		return 32;
	default:
		return 0;
	}
}

static void read_kdf(struct reader *r, struct scheme *ret)
{
	struct reader kdf = enter(r, SEQUENCE), params, prf;

	expect_oid(&kdf, BYTES_LIT("\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0c"));
	params = enter(&kdf, SEQUENCE);
	ret->salt = take(&params, MBEDTLS_ASN1_OCTET_STRING);
	if (params.is_bad ||
	    mbedtls_asn1_get_int(&params.p, params.end, &ret->iterations) != 0)
		r->is_bad = true;
	/* The key's length may follow; the cipher says it too. */
	if (!r->is_bad && params.p < params.end &&
	    *params.p == MBEDTLS_ASN1_INTEGER)
		(void)take(&params, MBEDTLS_ASN1_INTEGER);
	ret->prf = MBEDTLS_MD_SHA1;
	if (!r->is_bad && params.p < params.end) {
		prf = enter(&params, SEQUENCE);
		ret->prf = prf_of(take(&prf, MBEDTLS_ASN1_OID));
	}
}

static struct reader enter_key(struct bytes der)
{
	unsigned char *p = (unsigned char *)(uintptr_t)der.p;
	struct reader r = { .p = p, .end = p + der.n };

	return enter(&r, SEQUENCE);
}

static bool read_scheme(struct bytes der, struct scheme *ret)
{
	struct reader all = enter_key(der), algorithm, params, cipher;

	*ret = (struct scheme){ .iterations = 0 };
	algorithm = enter(&all, SEQUENCE);
	expect_oid(&algorithm,
		   BYTES_LIT("\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0d"));
	params = enter(&algorithm, SEQUENCE);
	read_kdf(&params, ret);
	cipher = enter(&params, SEQUENCE);
	ret->key_size = key_size_of(take(&cipher, MBEDTLS_ASN1_OID));
	ret->iv = take(&cipher, MBEDTLS_ASN1_OCTET_STRING);
	ret->data = take(&all, MBEDTLS_ASN1_OCTET_STRING);
	return !cipher.is_bad && !all.is_bad && ret->key_size &&
	       ret->prf != MBEDTLS_MD_NONE && ret->iv.n == AES_BLOCK &&
	       ret->iterations > 0 && ret->iterations <= PBES2_ITERATIONS_MAX &&
	       ret->data.n > 0 && ret->data.n % AES_BLOCK == 0;
}

static int hmac(mbedtls_md_context_t *md, struct bytes in, struct bytes more,
		uint8_t *ret)
{
	int result = mbedtls_md_hmac_reset(md);

	if (result == 0)
		result = mbedtls_md_hmac_update(md, in.p, in.n);
	if (result == 0 && more.n)
		result = mbedtls_md_hmac_update(md, more.p, more.n);
	return result ? result : mbedtls_md_hmac_finish(md, ret);
}

/* One block of PBKDF2 (RFC 8018 section 5.2), numbered from 1. */
static int derive_block(mbedtls_md_context_t *md, const struct scheme *s,
			uint8_t number, uint8_t ret[MBEDTLS_MD_MAX_SIZE])
{
	const uint8_t index[4] = { 0, 0, 0, number };
	size_t n = mbedtls_md_get_size(mbedtls_md_info_from_type(s->prf));
	uint8_t u[MBEDTLS_MD_MAX_SIZE];
	int result = hmac(md, s->salt, bytes_of(index, sizeof(index)), u);

	memcpy(ret, u, n);
	for (int i = 1; i < s->iterations && result == 0; i++) {
		result = hmac(md, bytes_of(u, n), BYTES_NULL, u);
		for (size_t k = 0; k < n; k++)
			ret[k] ^= u[k];
	}
	explicit_bzero(u, sizeof(u));
	return result;
}

static int derive_key(const struct scheme *s, struct bytes passphrase,
		      uint8_t ret[AES_KEY_MAX])
{
	const mbedtls_md_info_t *info = mbedtls_md_info_from_type(s->prf);
	uint8_t block[MBEDTLS_MD_MAX_SIZE];
	mbedtls_md_context_t md;
	size_t done = 0;
	int result;

	mbedtls_md_init(&md);
	result = mbedtls_md_setup(&md, info, 1);
	if (result == 0)
		result = mbedtls_md_hmac_starts(&md, passphrase.p,
						passphrase.n);
	for (uint8_t i = 1; done < s->key_size && result == 0; i++) {
		size_t n = mbedtls_md_get_size(info);

		if (n > s->key_size - done)
			n = s->key_size - done;
		result = derive_block(&md, s, i, block);
		memcpy(ret + done, block, n);
		done += n;
	}
	explicit_bzero(block, sizeof(block));
	mbedtls_md_free(&md);
	return result;
}

/* Length without the padding of RFC 8018 section 6.1.1; 0 when it is bad. */
static size_t unpadded(const uint8_t *p, size_t n)
{
	uint8_t pad = p[n - 1];

	if (pad < 1 || pad > AES_BLOCK)
		return 0;
	for (size_t i = n - pad; i < n; i++)
		if (p[i] != pad)
			return 0;
	return n - pad;
}

static enum pbes2 decrypt(const struct scheme *s, struct bytes passphrase,
			  struct buf *ret)
{
	uint8_t key[AES_KEY_MAX], iv[AES_BLOCK];
	uint8_t *room = buf_reserve(ret, s->data.n);
	mbedtls_aes_context aes;
	size_t n = 0;

	if (!room || derive_key(s, passphrase, key) != 0)
		return PBES2_OTHER;
	memcpy(iv, s->iv.p, sizeof(iv));
	mbedtls_aes_init(&aes);
	if (mbedtls_aes_setkey_dec(&aes, key, (unsigned int)s->key_size * 8) ==
		    0 &&
	    mbedtls_aes_crypt_cbc(&aes, MBEDTLS_AES_DECRYPT, s->data.n, iv,
				  s->data.p, room) == 0)
		n = unpadded(room, s->data.n);
	mbedtls_aes_free(&aes);
	explicit_bzero(key, sizeof(key));
	buf_commit(ret, n);
	return n ? PBES2_OK : PBES2_WRONG_PASSPHRASE;
}

/* The base64 between the lines of PEM; false when it is not there. */
static bool decode_pem(struct bytes key, struct buf *ret)
{
	static const char head[] = "-----BEGIN ENCRYPTED PRIVATE KEY-----";
	static const char tail[] = "-----END ENCRYPTED PRIVATE KEY-----";
	const uint8_t *from = memmem(key.p, key.n, head, strlen(head)), *to;
	uint8_t *room;
	size_t n = 0;

	if (!from)
		return false;
	from += strlen(head);
	to = memmem(from, key.n - (size_t)(from - key.p), tail, strlen(tail));
	room = buf_reserve(ret, key.n);
	if (!to || !room ||
	    mbedtls_base64_decode(room, key.n, &n, from, (size_t)(to - from)) !=
		    0)
		return false;
	buf_commit(ret, n);
	return true;
}

enum pbes2 pbes2_decrypt(struct bytes key, struct bytes passphrase,
			 struct buf *ret)
{
	enum pbes2 result = PBES2_OTHER;
	struct scheme s;
	struct buf der;

	buf_init(&der, PBES2_KEY_FILE_MAX);
	if (decode_pem(key, &der))
		key = buf_view(&der);
	if (key.n && read_scheme(key, &s))
		result = passphrase.n ? decrypt(&s, passphrase, ret)
				      : PBES2_NEEDS_PASSPHRASE;
	buf_release(&der);
	return result;
}

bool pbes2_is_encrypted(struct bytes key)
{
	struct reader all = { .is_bad = true };
	struct buf der;

	buf_init(&der, PBES2_KEY_FILE_MAX);
	if (decode_pem(key, &der))
		key = buf_view(&der);
	if (key.n)
		all = enter_key(key);
	/* A key in the clear begins with a version; see RFC 5958. */
	(void)take(&all, SEQUENCE);
	(void)take(&all, MBEDTLS_ASN1_OCTET_STRING);
	buf_release(&der);
	return !all.is_bad;
}
