/* SPDX-License-Identifier: MIT */
#include "net/tls_config.h"

#include <mbedtls/base64.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "net/tls_files.h"
#include "net/tls_keylog.h"
#include "net/tls_suites.h"

/* More servers than this share one set of options only in odd set-ups. */
enum { TLS_SESSIONS_MAX = 16 };

/* What a server gave us to skip most of the next handshake with. */
struct saved_session {
	struct saved_session *next;
	mbedtls_ssl_session session;
	char server[]; /* name and port */
};

struct tls_config {
	atomic_int references;
	mbedtls_ssl_config ssl;
	mbedtls_x509_crt ca, cert;
	mbedtls_x509_crl crl;
	mbedtls_pk_context key;
	struct tls_keylog keylog;
	int *suites;
	char *sni;
	char **alpn; /* NULL at the end */
	uint8_t (*pins)[TLS_PIN_SIZE];
	size_t pin_count;
	char trust[256];
	bool has_cert, has_psk, is_insecure, any_host;
	pthread_mutex_t lock; /* of what follows */
	struct saved_session *sessions;
	size_t session_count;
};

static void free_session(struct saved_session *s)
{
	mbedtls_ssl_session_free(&s->session);
	free(s);
}

static void free_alpn(char **alpn)
{
	for (size_t i = 0; alpn && alpn[i]; i++)
		free(alpn[i]);
	free(alpn);
}

static void config_free(struct tls_config *c)
{
	while (c->sessions) {
		struct saved_session *s = c->sessions;

		c->sessions = s->next;
		free_session(s);
	}
	pthread_mutex_destroy(&c->lock);
	tls_keylog_close(&c->keylog);
	mbedtls_ssl_config_free(&c->ssl);
	mbedtls_x509_crt_free(&c->ca);
	mbedtls_x509_crt_free(&c->cert);
	mbedtls_x509_crl_free(&c->crl);
	mbedtls_pk_free(&c->key);
	free_alpn(c->alpn);
	free(c->suites);
	free(c->sni);
	free(c->pins);
	free(c);
}

static struct tls_config *config_alloc(void)
{
	struct tls_config *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	atomic_store(&c->references, 1);
	pthread_mutex_init(&c->lock, NULL);
	c->keylog.fd = -1;
	mbedtls_ssl_config_init(&c->ssl);
	mbedtls_x509_crt_init(&c->ca);
	mbedtls_x509_crt_init(&c->cert);
	mbedtls_x509_crl_init(&c->crl);
	mbedtls_pk_init(&c->key);
	return c;
}

/* ---------------------------------------------------------------- options */

static int set_trust(struct tls_config *c, const struct tls_options *o,
		     struct err *e)
{
	const char *where = o->ca_file   ? o->ca_file
			    : o->ca_path ? o->ca_path
					 : tls_system_ca();
	int status = 0;

	if (o->ca_file)
		status = tls_load_ca_file(&c->ca, o->ca_file, e);
	if (status == 0 && o->ca_path)
		status = tls_load_ca_path(&c->ca, o->ca_path, e);
	/* Nothing is verified with it: it may just as well be absent. */
	if (!o->ca_file && !o->ca_path && tls_load_system_ca(&c->ca, e) < 0)
		status = o->is_insecure ? 0 : -1;
	snprintf(c->trust, sizeof(c->trust), "%s%s%s", where,
		 o->ca_file && o->ca_path ? " and " : "",
		 o->ca_file && o->ca_path ? o->ca_path : "");
	if (status == 0 && o->crl_file)
		status = tls_load_crl(&c->crl, o->crl_file, e);
	if (status == 0)
		mbedtls_ssl_conf_ca_chain(&c->ssl, &c->ca,
					  o->crl_file ? &c->crl : NULL);
	return status;
}

static int load_key(struct tls_config *c, const struct tls_options *o,
		    struct err *e)
{
	struct bytes passphrase = o->key_passphrase;

	if (o->ask_passphrase.load &&
	    o->ask_passphrase.load(o->ask_passphrase.ctx, &passphrase, e) < 0)
		return -1;
	return tls_load_key(&c->key, o->key_file, passphrase, e);
}

static int set_cert(struct tls_config *c, const struct tls_options *o,
		    struct err *e)
{
	int result;

	if (!o->cert_file && !o->key_file)
		return 0;
	if (!o->cert_file || !o->key_file)
		return err_set(e, ERR_USAGE, 0,
			       "a client certificate and its "
			       "private key belong together: the %s is "
			       "missing",
			       o->cert_file ? "key" : "certificate");
	if (tls_load_cert(&c->cert, o->cert_file, e) < 0 ||
	    load_key(c, o, e) < 0)
		return -1;
	result = tls_compat_check_pair(&c->cert, &c->key);
	if (result == 0)
		result = mbedtls_ssl_conf_own_cert(&c->ssl, &c->cert, &c->key);
	if (result != 0)
		return err_set(e, ERR_TLS, result,
			       "private key '%s' does not "
			       "belong to certificate '%s'",
			       o->key_file, o->cert_file);
	c->has_cert = true;
	return 0;
}

static int set_psk(struct tls_config *c, const struct tls_options *o,
		   struct err *e)
{
	const char *identity = o->psk_identity;
	int result;

	if (!bytes_is_set(o->psk) && !identity)
		return 0;
	if (!o->psk.n || !identity || !*identity)
		return err_set(e, ERR_USAGE, 0,
			       "a pre-shared key and its "
			       "identity belong together: the %s is missing",
			       o->psk.n ? "identity" : "key");
	result = mbedtls_ssl_conf_psk(&c->ssl, o->psk.p, o->psk.n,
				      (const unsigned char *)identity,
				      strlen(identity));
	if (result != 0)
		return err_set(e, ERR_USAGE, result,
			       "the pre-shared key of "
			       "%zu bytes or its identity is too long",
			       o->psk.n);
	tls_compat_psk_only(&c->ssl);
	c->has_psk = true;
	return 0;
}

static int set_suites(struct tls_config *c, const struct tls_options *o,
		      struct err *e)
{
	if (o->ciphers)
		c->suites = tls_suites_parse(o->ciphers, e);
	else if (c->has_psk)
		c->suites = tls_suites_psk(e);
	else
		return 0;
	if (!c->suites)
		return -1;
	mbedtls_ssl_conf_ciphersuites(&c->ssl, c->suites);
	return 0;
}

static int set_alpn(struct tls_config *c, const struct tls_options *o,
		    struct err *e)
{
	if (!o->alpn_count)
		return 0;
	c->alpn = calloc(o->alpn_count + 1, sizeof(*c->alpn));
	if (!c->alpn)
		return err_nomem(e);
	for (size_t i = 0; i < o->alpn_count; i++) {
		size_t n = strlen(o->alpn[i]);

		if (n < 1 || n > 255)
			return err_set(e, ERR_USAGE, 0,
				       "the ALPN protocol "
				       "'%s' is %zu bytes long, expected 1 to "
				       "255",
				       o->alpn[i], n);
		c->alpn[i] = strdup(o->alpn[i]);
		if (!c->alpn[i])
			return err_nomem(e);
	}
	if (mbedtls_ssl_conf_alpn_protocols(&c->ssl, (const char **)c->alpn) !=
	    0)
		return err_set(e, ERR_USAGE, 0,
			       "the list of ALPN protocols "
			       "is too long");
	return 0;
}

static int parse_pin(const char *text, uint8_t ret[TLS_PIN_SIZE], struct err *e)
{
	static const char prefix[] = "sha256//";
	const char *base64 = text;
	size_t n = 0;

	if (strncmp(text, prefix, strlen(prefix)) == 0)
		base64 += strlen(prefix);
	if (mbedtls_base64_decode(ret, TLS_PIN_SIZE, &n,
				  (const unsigned char *)base64,
				  strlen(base64)) != 0 ||
	    n != TLS_PIN_SIZE)
		return err_set(e, ERR_USAGE, 0,
			       "'%s' is not the base64 of a "
			       "SHA-256 (44 characters)",
			       text);
	return 0;
}

static int set_pins(struct tls_config *c, const struct tls_options *o,
		    struct err *e)
{
	if (!o->pin_count)
		return 0;
	c->pins = calloc(o->pin_count, sizeof(*c->pins));
	if (!c->pins)
		return err_nomem(e);
	for (; c->pin_count < o->pin_count; c->pin_count++)
		if (parse_pin(o->pins[c->pin_count], c->pins[c->pin_count], e) <
		    0)
			return -1;
	return 0;
}

static int set_versions(struct tls_config *c, const struct tls_options *o,
			struct err *e)
{
	enum tls_version newest = o->max_version, oldest = o->min_version;

	if (newest == TLS_DEFAULT)
		newest = tls_compat_newest();
	if (oldest == TLS_DEFAULT)
		oldest = newest < TLS_1_2 ? newest : TLS_1_2;
	return tls_compat_set_versions(&c->ssl, oldest, newest, e);
}

static int set_rest(struct tls_config *c, const struct tls_options *o,
		    struct err *e)
{
	/* Without REQUIRED the handshake goes on, and what is wrong is only
	 * written down. */
	mbedtls_ssl_conf_authmode(&c->ssl,
				  o->is_insecure ? MBEDTLS_SSL_VERIFY_OPTIONAL
						 : MBEDTLS_SSL_VERIFY_REQUIRED);
	mbedtls_ssl_conf_rng(&c->ssl, tls_compat_random, NULL);
	tls_compat_prefer_fast_groups(&c->ssl);
	tls_compat_enable_tickets(&c->ssl);
	c->is_insecure = o->is_insecure;
	c->any_host = o->is_insecure || o->no_verify_host;
	if (o->sni && !(c->sni = strdup(o->sni)))
		return err_nomem(e);
	if (o->keylog_file)
		return tls_keylog_open(&c->keylog, o->keylog_file, e);
	return 0;
}

static int config_build(struct tls_config *c, const struct tls_options *o,
			struct err *e)
{
	if (tls_compat_start(e) < 0)
		return -1;
	if (mbedtls_ssl_config_defaults(&c->ssl, MBEDTLS_SSL_IS_CLIENT,
					MBEDTLS_SSL_TRANSPORT_STREAM,
					MBEDTLS_SSL_PRESET_DEFAULT) != 0)
		return err_nomem(e);
	if (set_versions(c, o, e) < 0 || set_cert(c, o, e) < 0 ||
	    set_psk(c, o, e) < 0 || set_suites(c, o, e) < 0 ||
	    set_alpn(c, o, e) < 0 || set_pins(c, o, e) < 0 ||
	    set_rest(c, o, e) < 0)
		return -1;
	/* With a shared key no certificate comes. */
	return c->has_psk ? 0 : set_trust(c, o, e);
}

struct tls_config *tls_config_new(const struct tls_options *o, struct err *e)
{
	struct tls_config *c = config_alloc();

	if (!c) {
		err_nomem(e);
		return NULL;
	}
	if (config_build(c, o, e) < 0) {
		config_free(c);
		return NULL;
	}
	return c;
}

struct tls_config *tls_config_share(struct tls_config *c)
{
	atomic_fetch_add(&c->references, 1);
	return c;
}

void tls_config_release(struct tls_config *c)
{
	if (c && atomic_fetch_sub(&c->references, 1) == 1)
		config_free(c);
}

/* --------------------------------------------------------------- sessions */

static struct saved_session **find_session(struct tls_config *c,
					   const char *server)
{
	struct saved_session **s = &c->sessions;

	while (*s && strcmp((*s)->server, server) != 0)
		s = &(*s)->next;
	return s;
}

static struct saved_session **last_session(struct tls_config *c)
{
	struct saved_session **s = &c->sessions;

	while (*s && (*s)->next)
		s = &(*s)->next;
	return s;
}

bool tls_config_prepare(struct tls_config *c, mbedtls_ssl_context *ssl,
			const char *server)
{
	struct saved_session *s;
	bool is_set;

	if (c->keylog.fd >= 0)
		tls_compat_export_keys(&c->ssl, ssl, &c->keylog.sink);
	pthread_mutex_lock(&c->lock);
	s = *find_session(c, server);
	is_set = s && mbedtls_ssl_set_session(ssl, &s->session) == 0;
	pthread_mutex_unlock(&c->lock);
	return is_set;
}

static struct saved_session *new_session(const mbedtls_ssl_context *ssl,
					 const char *server)
{
	struct saved_session *s = calloc(1, sizeof(*s) + strlen(server) + 1);

	if (!s)
		return NULL;
	memcpy(s->server, server, strlen(server) + 1);
	mbedtls_ssl_session_init(&s->session);
	if (mbedtls_ssl_get_session(ssl, &s->session) == 0)
		return s;
	free_session(s);
	return NULL;
}

/* The newest is first; the oldest goes when there are too many. With a
 * pre-shared key there is nothing to save by resuming, and mosquitto does not
 * know who a resumed session belongs to: it refuses the user. */
void tls_config_remember(struct tls_config *c, const mbedtls_ssl_context *ssl,
			 const char *server)
{
	struct saved_session *s = c->has_psk ? NULL : new_session(ssl, server);
	struct saved_session *old, **place;

	if (!s)
		return;
	pthread_mutex_lock(&c->lock);
	place = find_session(c, server);
	if (!*place && c->session_count == TLS_SESSIONS_MAX)
		place = last_session(c);
	old = *place;
	if (old)
		*place = old->next;
	else
		c->session_count++;
	s->next = c->sessions;
	c->sessions = s;
	pthread_mutex_unlock(&c->lock);
	if (old)
		free_session(old);
}

void tls_config_forget(struct tls_config *c, const char *server)
{
	struct saved_session *s, **place;

	pthread_mutex_lock(&c->lock);
	place = find_session(c, server);
	s = *place;
	if (s) {
		*place = s->next;
		c->session_count--;
	}
	pthread_mutex_unlock(&c->lock);
	if (s)
		free_session(s);
}

/* ------------------------------------------------------------------- pins */

int tls_pin_of(const mbedtls_x509_crt *crt, uint8_t ret[TLS_PIN_SIZE])
{
	const mbedtls_md_info_t *md = mbedtls_md_info_from_type(
		MBEDTLS_MD_SHA256);

	return mbedtls_md(md, crt->pk_raw.p, crt->pk_raw.len, ret) ? -1 : 0;
}

int tls_config_check_pins(const struct tls_config *c,
			  const mbedtls_x509_crt *crt, struct err *e)
{
	uint8_t pin[TLS_PIN_SIZE];
	unsigned char text[64];
	size_t n = 0;

	if (!c->pin_count)
		return 0;
	if (!crt || tls_pin_of(crt, pin) < 0)
		return err_set(e, ERR_TLS, 0,
			       "the server showed no "
			       "certificate whose key could be compared with "
			       "the pinned ones");
	for (size_t i = 0; i < c->pin_count; i++)
		if (memcmp(pin, c->pins[i], sizeof(pin)) == 0)
			return 0;
	(void)mbedtls_base64_encode(text, sizeof(text), &n, pin, sizeof(pin));
	return err_set(e, ERR_TLS, 0,
		       "the server's public key is none of the "
		       "%zu pinned: it is sha256//%.*s",
		       c->pin_count, (int)n, (const char *)text);
}

/* ---------------------------------------------------------------- answers */

const mbedtls_ssl_config *tls_config_ssl(const struct tls_config *c)
{
	return &c->ssl;
}

const char *tls_config_trust(const struct tls_config *c)
{
	return c->trust;
}

bool tls_config_has_client_cert(const struct tls_config *c)
{
	return c->has_cert;
}

bool tls_config_has_psk(const struct tls_config *c)
{
	return c->has_psk;
}

bool tls_config_is_insecure(const struct tls_config *c)
{
	return c->is_insecure;
}

bool tls_config_any_host(const struct tls_config *c)
{
	return c->any_host;
}

const char *tls_config_sni(const struct tls_config *c)
{
	return c->sni;
}
