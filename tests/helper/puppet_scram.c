/* SPDX-License-Identifier: MIT */
#include <mbedtls/md.h>
#include <stdlib.h>

#include "base/parse.h"
#include "base/text.h"
#include "mqtt/props.h"
#include "mqtt/reason.h"
#include "puppet_step.h"

/* The server's side of SCRAM (RFC 5802), worked out on its own: nothing of
 * it is shared with the client that it is to judge. */

#define HASH_MAX 64
#define GS2_HEADER "n,,"
#define SALT "puppet's salt"

struct talk {
	const mbedtls_md_info_t *md;
	struct buf method;
	struct buf nonce;   /* the client's, and ours behind it */
	struct buf message; /* AuthMessage, as far as it is known */
	bool is_again;      /* on a live connection */

	/* The statement's words. */
	const char *user, *password, *cheat;
	uint64_t iterations;
};

static void talk_release(struct talk *t)
{
	buf_release(&t->method);
	buf_release(&t->nonce);
	buf_release(&t->message);
}

static bool cheats(const struct talk *t, const char *how)
{
	return t->cheat && !strcmp(t->cheat, how);
}

static const mbedtls_md_info_t *hash_of(const char *method)
{
	if (!method)
		return NULL;
	if (!strcmp(method, "SCRAM-SHA-1"))
		return mbedtls_md_info_from_type(MBEDTLS_MD_SHA1);
	if (!strcmp(method, "SCRAM-SHA-256"))
		return mbedtls_md_info_from_type(MBEDTLS_MD_SHA256);
	if (!strcmp(method, "SCRAM-SHA-512"))
		return mbedtls_md_info_from_type(MBEDTLS_MD_SHA512);
	return NULL;
}

/* scram USER PASSWORD [iterations=N] [cheat=HOW] */
static int read_words(const struct run *r, struct talk *t, struct err *e)
{
	char **word = r->args;

	if (!word[0] || !word[1])
		return err_set(e, ERR_USAGE, 0, "expected USER PASSWORD");
	t->user = *word++;
	t->password = *word++;
	for (; *word; word++) {
		if (!strncmp(*word, "cheat=", 6))
			t->cheat = *word + 6;
		else if (strncmp(*word, "iterations=", 11) != 0 ||
			 parse_uint(*word + 11, 1, UINT32_MAX, &t->iterations,
				    e) < 0)
			return err_set(e, ERR_USAGE, 0,
				       "'%s' is no word of "
				       "scram",
				       *word);
	}
	return 0;
}

/* Views into the entry. */
static int read_props(const struct entry *entry, struct bytes *ret,
		      struct err *e)
{
	struct decoder d = { .side = DECODE_FROM_CLIENT, .version = MQTT_5 };
	struct decode_result result;

	if (!entry ||
	    (entry->type != PACKET_CONNECT && entry->type != PACKET_AUTH) ||
	    decode_packet(&d, buf_view(&entry->raw), &result) != DECODE_OK)
		return step_failed(e, "no CONNECT or AUTH of MQTT 5 came last");
	*ret = entry->type == PACKET_AUTH ? result.packet.auth.props
					  : result.packet.connect.props;
	return 0;
}

/* "n,,n=USER,r=NONCE" */
static int read_first(struct talk *t, const struct entry *entry, struct err *e)
{
	char wanted[200];
	struct bytes props, data;
	size_t n;

	if (read_props(entry, &props, e) < 0)
		return -1;
	t->is_again = entry->type == PACKET_AUTH;
	data = props_value(props, PROP_AUTH_DATA);
	n = (size_t)snprintf(wanted, sizeof(wanted),
			     GS2_HEADER "n=%s,r=", t->user);
	if (data.n <= n || memcmp(data.p, wanted, n) != 0)
		return step_failed(e, "the first message is not '%s...'",
				   wanted);
	if (buf_append(&t->method, props_value(props, PROP_AUTH_METHOD)) < 0 ||
	    buf_append(&t->nonce, bytes_of(data.p + n, data.n - n)) < 0 ||
	    buf_append_str(&t->nonce, "puppet") < 0 ||
	    buf_append(&t->message, bytes_of(data.p + strlen(GS2_HEADER),
					     data.n - strlen(GS2_HEADER))) < 0)
		return err_nomem(e);
	t->md = hash_of(buf_cstr(&t->method));
	return t->md ? 0 : step_failed(e, "that is no method of SCRAM");
}

static int send_packet(struct conn *c, const struct talk *t,
		       enum packet_type type, uint8_t reason, struct bytes data,
		       struct err *e)
{
	struct outgoing *o = calloc(1, sizeof(*o));
	struct fields f = { .reason = reason };
	int rc = -1;

	if (o &&
	    (type == PACKET_DISCONNECT ||
	     props_put_bytes(&f.props, PROP_AUTH_METHOD,
			     buf_view(&t->method)) == 0) &&
	    (!data.n || props_put_bytes(&f.props, PROP_AUTH_DATA, data) == 0))
		rc = build_packet(&o->bytes, MQTT_5, type, &f, e);
	fields_release(&f);
	if (rc == 0) {
		conn_post(c, o);
		conn_flush(c, clock_now());
		return 0;
	}
	free(o);
	return -1;
}

/* "r=NONCE,s=SALT,i=COUNT" */
static int send_challenge(struct conn *c, struct talk *t, struct err *e)
{
	struct buf text AUTO(buf_release) = { 0 };

	if (buf_append_str(&text, "r=") < 0 ||
	    buf_append(&text, buf_view(&t->nonce)) < 0 ||
	    buf_append_str(&text, ",s=") < 0 ||
	    text_base64(&text, BYTES_LIT(SALT)) < 0 ||
	    buf_printf(&text, ",i=%ju", (uintmax_t)t->iterations) < 0 ||
	    buf_append_byte(&t->message, ',') < 0 ||
	    buf_append(&t->message, buf_view(&text)) < 0)
		return err_nomem(e);
	return send_packet(c, t, PACKET_AUTH, REASON_CONTINUE_AUTH,
			   buf_view(&text), e);
}

/* Other packets go on meanwhile. */
static int await_auth(struct run *r, struct entry **ret, struct err *e)
{
	while (step_take(r, ret, e) == 0) {
		if ((*ret)->type == PACKET_AUTH)
			return 0;
		entry_free(*ret);
	}
	return -1;
}

static int hmac(const struct talk *t, const uint8_t *key, struct bytes in,
		uint8_t *ret)
{
	return mbedtls_md_hmac(t->md, key, mbedtls_md_get_size(t->md), in.p,
			       in.n, ret);
}

/* PBKDF2 for as much as one hash gives. By hand, because the library's own
 * has another name in each version. */
static int salt_password(const struct talk *t, uint8_t *ret)
{
	const uint8_t *password = (const uint8_t *)t->password;
	size_t size = mbedtls_md_get_size(t->md), n = strlen(t->password);
	static const uint8_t first[] = SALT "\0\0\0\1"; /* block 1 */
	uint8_t u[HASH_MAX];
	int rc = mbedtls_md_hmac(t->md, password, n, first, sizeof(first) - 1,
				 u);

	memcpy(ret, u, size);
	for (uint64_t i = 1; rc == 0 && i < t->iterations; i++) {
		rc = mbedtls_md_hmac(t->md, password, n, u, size, u);
		for (size_t k = 0; k < size; k++)
			ret[k] ^= u[k];
	}
	return rc;
}

/* What the client has to show, and what we then show, both in base64. */
static int compute(const struct talk *t, struct buf *ret_proof,
		   struct buf *ret_signature, struct err *e)
{
	uint8_t salted[HASH_MAX], key[HASH_MAX], stored[HASH_MAX];
	uint8_t proof[HASH_MAX], signature[HASH_MAX];
	size_t size = mbedtls_md_get_size(t->md);
	struct bytes message = buf_view(&t->message);
	int rc = salt_password(t, salted);

	if (rc == 0)
		rc = hmac(t, salted, BYTES_LIT("Client Key"), key) |
		     mbedtls_md(t->md, key, size, stored) |
		     hmac(t, stored, message, proof);
	if (rc != 0)
		return err_set(e, ERR_LOCAL, rc, "hashing failed");
	for (size_t i = 0; i < size; i++)
		proof[i] ^= key[i];
	rc = hmac(t, salted, BYTES_LIT("Server Key"), key) |
	     hmac(t, key, message, signature);
	if (cheats(t, "signature"))
		signature[0] ^= 1;
	if (rc != 0 || text_base64(ret_proof, bytes_of(proof, size)) < 0 ||
	    buf_append_str(ret_signature, "v=") < 0 ||
	    text_base64(ret_signature, bytes_of(signature, size)) < 0)
		return err_nomem(e);
	return 0;
}

static bool ends_with(struct bytes text, struct bytes end)
{
	return text.n >= end.n &&
	       memcmp(text.p + text.n - end.n, end.p, end.n) == 0;
}

/* "c=biws,r=NONCE,p=PROOF": is the proof right? What is in front of it is
 * part of what it proves. */
static int judge(struct talk *t, const struct entry *entry, bool *ret,
		 struct buf *ret_signature, struct err *e)
{
	struct buf front AUTO(buf_release) = { 0 };
	struct buf proof AUTO(buf_release) = { 0 };
	struct bytes props, data, wanted;

	if (read_props(entry, &props, e) < 0)
		return -1;
	data = props_value(props, PROP_AUTH_DATA);
	if (buf_append_str(&front, "c=biws,r=") < 0 ||
	    buf_append(&front, buf_view(&t->nonce)) < 0 ||
	    buf_append_byte(&t->message, ',') < 0 ||
	    buf_append(&t->message, buf_view(&front)) < 0 ||
	    buf_append_str(&front, ",p=") < 0)
		return err_nomem(e);
	wanted = buf_view(&front);
	if (data.n < wanted.n || memcmp(data.p, wanted.p, wanted.n) != 0)
		return step_failed(e, "the final message is malformed");
	if (compute(t, &proof, ret_signature, e) < 0)
		return -1;
	*ret = data.n == wanted.n + buf_len(&proof) &&
	       ends_with(data, buf_view(&proof));
	return 0;
}

static int send_verdict(struct conn *c, const struct talk *t, bool is_right,
			struct bytes signature, struct err *e)
{
	if (cheats(t, "silence"))
		signature = BYTES_NULL;
	if (is_right)
		return send_packet(c, t,
				   t->is_again ? PACKET_AUTH : PACKET_CONNACK,
				   REASON_SUCCESS, signature, e);
	return send_packet(c, t,
			   t->is_again ? PACKET_DISCONNECT : PACKET_CONNACK,
			   REASON_NOT_AUTHORIZED, BYTES_NULL, e);
}

static int converse(struct run *r, struct talk *t, struct err *e)
{
	struct buf signature AUTO(buf_release) = { 0 };
	struct conn *c = r->p->current;
	struct entry *entry = NULL;
	bool is_right = false;
	int rc;

	if (read_first(t, r->p->last, e) < 0)
		return -1;
	if (cheats(t, "proof"))
		return send_verdict(c, t, true, BYTES_LIT("v=AAAA"), e);
	if (send_challenge(c, t, e) < 0)
		return -1;
	if (cheats(t, "challenge"))
		return 0;
	if (await_auth(r, &entry, e) < 0)
		return -1;
	rc = judge(t, entry, &is_right, &signature, e);
	entry_free(entry);
	if (rc == 0)
		rc = send_verdict(c, t, is_right, buf_view(&signature), e);
	return rc;
}

static int run_scram(struct run *r, struct err *e)
{
	struct talk t = { .iterations = 4096 };
	int rc;

	if (step_need_current(r, e) < 0 || read_words(r, &t, e) < 0)
		return -1;
	rc = converse(r, &t, e);
	talk_release(&t);
	return rc;
}

const struct step scram_steps[] = { { "scram", run_scram }, { 0 } };
