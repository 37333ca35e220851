/* SPDX-License-Identifier: MIT */
#include "client/scram.h"

#include <mbedtls/md.h>
#include <mbedtls/platform_util.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/parse.h"
#include "base/text.h"

#define HASH_MAX 64
#define NONCE_BYTES 18 /* 24 characters of base64 */
#define ITERATIONS_MIN 4096
#define ITERATIONS_MAX 1000000
#define GS2_HEADER "n,,"  /* no channel binding, no other identity */
#define GS2_BASE64 "biws" /* the same in base64 */

struct scram {
	const mbedtls_md_info_t *md;
	size_t size; /* of a hash */
	struct buf password;
	struct buf nonce;
	struct buf bare; /* client-first-message-bare */
	struct buf auth; /* AuthMessage */
	uint8_t server_signature[HASH_MAX];
	bool is_expecting_signature;
};

static mbedtls_md_type_t hash_of(const char *method)
{
	if (strcmp(method, "SCRAM-SHA-1") == 0)
		return MBEDTLS_MD_SHA1;
	if (strcmp(method, "SCRAM-SHA-256") == 0)
		return MBEDTLS_MD_SHA256;
	if (strcmp(method, "SCRAM-SHA-512") == 0)
		return MBEDTLS_MD_SHA512;
	return MBEDTLS_MD_NONE;
}

bool scram_knows(const char *method)
{
	return hash_of(method) != MBEDTLS_MD_NONE;
}

static void wipe(struct buf *b)
{
	if (b->data)
		mbedtls_platform_zeroize(b->data, b->cap);
	buf_release(b);
}

void scram_free(struct scram *s)
{
	if (!s)
		return;
	wipe(&s->password);
	buf_release(&s->nonce);
	buf_release(&s->bare);
	buf_release(&s->auth);
	mbedtls_platform_zeroize(s, sizeof(*s));
	free(s);
}

static int check_ascii(const char *what, struct bytes b, struct err *e)
{
	size_t i;

	for (i = 0; i < b.n; i++)
		if (b.p[i] < 0x20 || b.p[i] > 0x7e)
			return err_set(e, ERR_USAGE, 0,
				       "the %s for SCRAM has characters "
				       "outside printable ASCII",
				       what);
	return b.n ? 0 : err_set(e, ERR_USAGE, 0, "SCRAM needs a %s", what);
}

/* "," and "=" separate fields, so they are written as =2C and =3D. */
static int add_name(struct buf *out, struct bytes user)
{
	size_t i;
	int r = 0;

	for (i = 0; i < user.n && r == 0; i++) {
		if (user.p[i] == ',')
			r = buf_append_str(out, "=2C");
		else if (user.p[i] == '=')
			r = buf_append_str(out, "=3D");
		else
			r = buf_append_byte(out, user.p[i]);
	}
	return r;
}

static int make_nonce(struct buf *out, const char *given)
{
	uint8_t random[NONCE_BYTES];

	if (given)
		return buf_append_str(out, given);
	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return -1;
	return text_base64(out, bytes_of(random, sizeof(random)));
}

static int fill(struct scram *s, struct bytes user, struct bytes password,
		const char *nonce)
{
	if (buf_append(&s->password, password) < 0 ||
	    make_nonce(&s->nonce, nonce) < 0 ||
	    buf_append_str(&s->bare, "n=") < 0 ||
	    add_name(&s->bare, user) < 0 || buf_append_str(&s->bare, ",r=") < 0)
		return -1;
	return buf_append(&s->bare, buf_view(&s->nonce));
}

struct scram *scram_new(const char *method, struct bytes user,
			struct bytes password, const char *nonce, struct err *e)
{
	struct scram *s;

	if (!scram_knows(method)) {
		err_set(e, ERR_USAGE, 0, "unknown SCRAM method '%s'", method);
		return NULL;
	}
	if (check_ascii("user name", user, e) < 0 ||
	    check_ascii("password", password, e) < 0)
		return NULL;
	s = calloc(1, sizeof(*s));
	if (s) {
		s->md = mbedtls_md_info_from_type(hash_of(method));
		s->size = mbedtls_md_get_size(s->md);
	}
	if (!s || fill(s, user, password, nonce) < 0) {
		scram_free(s);
		err_nomem(e);
		return NULL;
	}
	return s;
}

int scram_first(struct scram *s, struct buf *ret, struct err *e)
{
	if (buf_append_str(ret, GS2_HEADER) < 0 ||
	    buf_append(ret, buf_view(&s->bare)) < 0)
		return err_nomem(e);
	return 0;
}

/* --- arithmetic ------------------------------------------------------ */

static int hmac(const struct scram *s, const uint8_t *key, struct bytes in,
		uint8_t *ret)
{
	return mbedtls_md_hmac(s->md, key, s->size, in.p, in.n, ret);
}

static void xor_into(uint8_t *to, const uint8_t *from, size_t n)
{
	while (n--)
		to[n] ^= from[n];
}

/* Hi() of RFC 5802: PBKDF2 with one block of output. */
static int salt_password(const struct scram *s, struct bytes salt,
			 uint64_t iterations, uint8_t *ret)
{
	static const uint8_t one[4] = { 0, 0, 0, 1 };
	struct bytes pw = buf_view(&s->password);
	uint8_t u[HASH_MAX] = { 0 };
	mbedtls_md_context_t md;
	int r;

	mbedtls_md_init(&md);
	r = mbedtls_md_setup(&md, s->md, 1);
	if (r == 0)
		r = mbedtls_md_hmac_starts(&md, pw.p, pw.n) |
		    mbedtls_md_hmac_update(&md, salt.p, salt.n) |
		    mbedtls_md_hmac_update(&md, one, sizeof(one)) |
		    mbedtls_md_hmac_finish(&md, u);
	memcpy(ret, u, s->size);
	while (r == 0 && --iterations) {
		r = mbedtls_md_hmac_reset(&md) |
		    mbedtls_md_hmac_update(&md, u, s->size) |
		    mbedtls_md_hmac_finish(&md, u);
		xor_into(ret, u, s->size);
	}
	mbedtls_md_free(&md);
	mbedtls_platform_zeroize(u, sizeof(u));
	return r;
}

/* The client's proof, and the signature the server will have to show. */
static int prove(struct scram *s, struct bytes salt, uint64_t iterations,
		 uint8_t *ret_proof)
{
	uint8_t salted[HASH_MAX], stored[HASH_MAX], key[HASH_MAX];
	struct bytes message = buf_view(&s->auth);
	int r;

	r = salt_password(s, salt, iterations, salted);
	if (r == 0)
		r = hmac(s, salted, BYTES_LIT("Client Key"), ret_proof) |
		    mbedtls_md(s->md, ret_proof, s->size, stored) |
		    hmac(s, stored, message, key);
	if (r == 0)
		xor_into(ret_proof, key, s->size);
	if (r == 0)
		r = hmac(s, salted, BYTES_LIT("Server Key"), key) |
		    hmac(s, key, message, s->server_signature);
	mbedtls_platform_zeroize(salted, sizeof(salted));
	mbedtls_platform_zeroize(key, sizeof(key));
	return r;
}

/* --- the server's messages ------------------------------------------- */

/* Takes "x=value" from the front, up to a comma. False: something else. */
static bool take_field(struct bytes *in, char name, struct bytes *ret)
{
	const uint8_t *comma;
	size_t n;

	if (in->n < 2 || in->p[0] != (uint8_t)name || in->p[1] != '=')
		return false;
	comma = memchr(in->p, ',', in->n);
	n = comma ? (size_t)(comma - in->p) : in->n;
	*ret = bytes_of(in->p + 2, n - 2);
	*in = bytes_of(in->p + n, in->n - n);
	if (comma)
		*in = bytes_of(in->p + 1, in->n - 1);
	return true;
}

static int nonsense(const char *what, struct err *e)
{
	return err_set(e, ERR_PROTOCOL, 0, "SCRAM: %s", what);
}

/* The server may say why it refuses instead of what is next. */
static int refused(struct bytes in, struct err *e)
{
	struct bytes why;
	char shown[100];

	if (!take_field(&in, 'e', &why))
		return 0;
	return err_set(e, ERR_REFUSED, 0, "SCRAM: the server refused: '%s'",
		       text_visible(shown, sizeof(shown), why));
}

static int field_text(struct bytes field, struct buf *copy, const char **ret)
{
	if (buf_append(copy, field) < 0)
		return -1;
	*ret = buf_cstr(copy);
	return *ret ? 0 : -1;
}

static int read_iterations(struct bytes field, uint64_t *ret, struct err *e)
{
	struct buf copy AUTO(buf_release) = { 0 };
	const char *text;

	if (field_text(field, &copy, &text) < 0)
		return err_nomem(e);
	if (parse_uint(text, ITERATIONS_MIN, ITERATIONS_MAX, ret, NULL) < 0)
		return nonsense("the number of iterations is not one from "
				"4096 to 1000000",
				e);
	return 0;
}

static int read_base64(struct bytes field, struct buf *ret, struct err *e)
{
	struct buf copy AUTO(buf_release) = { 0 };
	const char *text;

	if (field_text(field, &copy, &text) < 0)
		return err_nomem(e);
	if (parse_base64(text, ret, NULL) < 0 || buf_len(ret) == 0)
		return nonsense("a field is not base64", e);
	return 0;
}

struct challenge {
	struct bytes nonce;
	struct buf salt;
	uint64_t iterations;
};

static int read_challenge(const struct scram *s, struct bytes in,
			  struct challenge *c, struct err *e)
{
	struct bytes own = buf_view(&s->nonce), salt, count;

	if (refused(in, e) < 0)
		return -1;
	if (!take_field(&in, 'r', &c->nonce) || !take_field(&in, 's', &salt) ||
	    !take_field(&in, 'i', &count))
		return nonsense("the server's first message is malformed", e);
	/* A nonce that does not extend ours is a replay. */
	if (c->nonce.n <= own.n || memcmp(c->nonce.p, own.p, own.n) != 0)
		return nonsense("the server's nonce does not extend ours", e);
	if (read_base64(salt, &c->salt, e) < 0)
		return -1;
	return read_iterations(count, &c->iterations, e);
}

static int answer(struct scram *s, struct bytes in, struct challenge *c,
		  struct buf *ret, struct err *e)
{
	struct buf final AUTO(buf_release) = { 0 };
	uint8_t proof[HASH_MAX];

	if (buf_append_str(&final, "c=" GS2_BASE64 ",r=") < 0 ||
	    buf_append(&final, c->nonce) < 0 ||
	    buf_append(&s->auth, buf_view(&s->bare)) < 0 ||
	    buf_append_byte(&s->auth, ',') < 0 ||
	    buf_append(&s->auth, in) < 0 ||
	    buf_append_byte(&s->auth, ',') < 0 ||
	    buf_append(&s->auth, buf_view(&final)) < 0)
		return err_nomem(e);
	if (prove(s, buf_view(&c->salt), c->iterations, proof) != 0)
		return err_set(e, ERR_LOCAL, 0, "SCRAM: hashing failed");
	s->is_expecting_signature = true;
	if (buf_append(ret, buf_view(&final)) < 0 ||
	    buf_append_str(ret, ",p=") < 0 ||
	    text_base64(ret, bytes_of(proof, s->size)) < 0)
		return err_nomem(e);
	return 0;
}

int scram_final(struct scram *s, struct bytes server_first, struct buf *ret,
		struct err *e)
{
	struct challenge c = { 0 };
	int r;

	if (s->is_expecting_signature)
		return nonsense("a second challenge", e);
	r = read_challenge(s, server_first, &c, e);
	if (r == 0)
		r = answer(s, server_first, &c, ret, e);
	buf_release(&c.salt);
	return r;
}

static bool is_same(const uint8_t *a, const uint8_t *b, size_t n)
{
	uint8_t difference = 0;

	while (n--)
		difference |= (uint8_t)(a[n] ^ b[n]);
	return difference == 0;
}

int scram_verify(struct scram *s, struct bytes server_final, struct err *e)
{
	struct buf signature AUTO(buf_release) = { 0 };
	struct bytes field, got;

	if (refused(server_final, e) < 0)
		return -1;
	if (!s->is_expecting_signature ||
	    !take_field(&server_final, 'v', &field))
		return err_set(e, ERR_REFUSED, 0,
			       "SCRAM: the server did not "
			       "prove that it knows the password");
	if (read_base64(field, &signature, e) < 0)
		return -1;
	got = buf_view(&signature);
	if (got.n != s->size || !is_same(got.p, s->server_signature, s->size))
		return err_set(e, ERR_REFUSED, 0,
			       "SCRAM: the server's "
			       "signature is wrong: it does not know the "
			       "password");
	return 0;
}
