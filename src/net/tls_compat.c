/* SPDX-License-Identifier: MIT */
#include "net/tls_compat.h"

#include <errno.h>
#include <pthread.h>
#include <sys/random.h>

#define IS_V3 (MBEDTLS_VERSION_NUMBER >= 0x03000000)

#if IS_V3
#include <psa/crypto.h>
#endif

int tls_compat_random(void *ctx UNUSED, unsigned char *out, size_t n)
{
	while (n > 0) {
		ssize_t got = getrandom(out, n, 0);

		if (got < 0 && errno != EINTR)
			return -1;
		if (got > 0) {
			out += got;
			n -= (size_t)got;
		}
	}
	return 0;
}

#if IS_V3

static pthread_once_t psa_once = PTHREAD_ONCE_INIT;
static psa_status_t psa_status;

static void start_psa(void)
{
	psa_status = psa_crypto_init();
}

/* TLS 1.3 uses PSA cryptography whether the program does or not. */
int tls_compat_start(struct err *e)
{
	pthread_once(&psa_once, start_psa);
	if (psa_status == PSA_SUCCESS)
		return 0;
	return err_set(e, ERR_LOCAL, (int)psa_status,
		       "cannot start the "
		       "cryptography of mbedTLS (PSA error %d)",
		       (int)psa_status);
}

enum tls_version tls_compat_newest(void)
{
#ifdef MBEDTLS_SSL_PROTO_TLS1_3
	return TLS_1_3;
#else
	return TLS_1_2;
#endif
}

static mbedtls_ssl_protocol_version native_version(enum tls_version v)
{
	return v == TLS_1_3 ? MBEDTLS_SSL_VERSION_TLS1_3
			    : MBEDTLS_SSL_VERSION_TLS1_2;
}

static bool is_known(enum tls_version v)
{
	return v >= TLS_1_2 && v <= tls_compat_newest();
}

static void set_versions(mbedtls_ssl_config *conf, enum tls_version oldest,
			 enum tls_version newest)
{
	mbedtls_ssl_conf_min_tls_version(conf, native_version(oldest));
	mbedtls_ssl_conf_max_tls_version(conf, native_version(newest));
}

enum tls_version tls_compat_version(const mbedtls_ssl_context *ssl)
{
	return mbedtls_ssl_get_version_number(ssl) == MBEDTLS_SSL_VERSION_TLS1_3
		       ? TLS_1_3
		       : TLS_1_2;
}

/* 3.6.1 hides the tickets of TLS 1.3 unless asked. */
static void signal_tickets(mbedtls_ssl_config *conf UNUSED)
{
#if MBEDTLS_VERSION_NUMBER >= 0x03060100 && defined(MBEDTLS_SSL_PROTO_TLS1_3)
	mbedtls_ssl_conf_tls13_enable_signal_new_session_tickets(
		conf, MBEDTLS_SSL_TLS1_3_SIGNAL_NEW_SESSION_TICKETS_ENABLED);
#endif
}

bool tls_compat_is_version_problem(int result)
{
	return result == MBEDTLS_ERR_SSL_BAD_PROTOCOL_VERSION;
}

bool tls_compat_is_ticket(int result)
{
	return result == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET;
}

void tls_compat_prefer_fast_groups(mbedtls_ssl_config *conf UNUSED)
{
}

void tls_compat_psk_only(mbedtls_ssl_config *conf)
{
#ifdef MBEDTLS_SSL_PROTO_TLS1_3
	mbedtls_ssl_conf_tls13_key_exchange_modes(
		conf, MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_PSK_ALL);
#else
	(void)conf;
#endif
}

int tls_compat_parse_key(mbedtls_pk_context *pk, struct bytes key,
			 struct bytes passphrase)
{
	return mbedtls_pk_parse_key(pk, key.p, key.n, passphrase.p,
				    passphrase.n, tls_compat_random, NULL);
}

int tls_compat_check_pair(const mbedtls_x509_crt *crt,
			  const mbedtls_pk_context *key)
{
	return mbedtls_pk_check_pair(&crt->pk, key, tls_compat_random, NULL);
}

static const char *key_label(mbedtls_ssl_key_export_type type)
{
	switch (type) {
	case MBEDTLS_SSL_KEY_EXPORT_TLS12_MASTER_SECRET:
		return "CLIENT_RANDOM";
#ifdef MBEDTLS_SSL_PROTO_TLS1_3
	case MBEDTLS_SSL_KEY_EXPORT_TLS1_3_CLIENT_HANDSHAKE_TRAFFIC_SECRET:
		return "CLIENT_HANDSHAKE_TRAFFIC_SECRET";
	case MBEDTLS_SSL_KEY_EXPORT_TLS1_3_SERVER_HANDSHAKE_TRAFFIC_SECRET:
		return "SERVER_HANDSHAKE_TRAFFIC_SECRET";
	case MBEDTLS_SSL_KEY_EXPORT_TLS1_3_CLIENT_APPLICATION_TRAFFIC_SECRET:
		return "CLIENT_TRAFFIC_SECRET_0";
	case MBEDTLS_SSL_KEY_EXPORT_TLS1_3_SERVER_APPLICATION_TRAFFIC_SECRET:
		return "SERVER_TRAFFIC_SECRET_0";
#endif
	default:
		return NULL; /* early data, which is not used */
	}
}

static void export_key(void *ctx, mbedtls_ssl_key_export_type type,
		       const unsigned char *secret, size_t n,
		       const unsigned char client_random[32],
		       const unsigned char server_random[32] UNUSED,
		       mbedtls_tls_prf_types prf UNUSED)
{
	struct tls_key_sink *sink = ctx;
	const char *label = key_label(type);

	if (label)
		sink->log(sink, label, client_random, bytes_of(secret, n));
}

void tls_compat_export_keys(mbedtls_ssl_config *conf UNUSED,
			    mbedtls_ssl_context *ssl, struct tls_key_sink *sink)
{
	mbedtls_ssl_set_export_keys_cb(ssl, export_key, sink);
}

#else /* 2.28 */

int tls_compat_start(struct err *e UNUSED)
{
	return 0;
}

/* Its TLS 1.3 is an experiment that distributions leave out. */
enum tls_version tls_compat_newest(void)
{
	return TLS_1_2;
}

static int minor_version(enum tls_version v)
{
	switch (v) {
	case TLS_1_0:
		return MBEDTLS_SSL_MINOR_VERSION_1;
	case TLS_1_1:
		return MBEDTLS_SSL_MINOR_VERSION_2;
	default:
		return MBEDTLS_SSL_MINOR_VERSION_3;
	}
}

static bool is_known(enum tls_version v)
{
#ifndef MBEDTLS_SSL_PROTO_TLS1
	if (v == TLS_1_0)
		return false;
#endif
#ifndef MBEDTLS_SSL_PROTO_TLS1_1
	if (v == TLS_1_1)
		return false;
#endif
	return v <= TLS_1_2;
}

static void set_versions(mbedtls_ssl_config *conf, enum tls_version oldest,
			 enum tls_version newest)
{
	mbedtls_ssl_conf_min_version(conf, MBEDTLS_SSL_MAJOR_VERSION_3,
				     minor_version(oldest));
	mbedtls_ssl_conf_max_version(conf, MBEDTLS_SSL_MAJOR_VERSION_3,
				     minor_version(newest));
}

enum tls_version tls_compat_version(const mbedtls_ssl_context *ssl)
{
	switch (ssl->minor_ver) {
	case MBEDTLS_SSL_MINOR_VERSION_1:
		return TLS_1_0;
	case MBEDTLS_SSL_MINOR_VERSION_2:
		return TLS_1_1;
	default:
		return TLS_1_2;
	}
}

static void signal_tickets(mbedtls_ssl_config *conf UNUSED)
{
}

bool tls_compat_is_version_problem(int result)
{
	return result == MBEDTLS_ERR_SSL_BAD_HS_PROTOCOL_VERSION;
}

bool tls_compat_is_ticket(int result UNUSED)
{
	return false;
}

/* Also the curves that certificates may have. */
void tls_compat_prefer_fast_groups(mbedtls_ssl_config *conf)
{
	static const mbedtls_ecp_group_id groups[] = {
		MBEDTLS_ECP_DP_CURVE25519, MBEDTLS_ECP_DP_SECP256R1,
		MBEDTLS_ECP_DP_SECP384R1,  MBEDTLS_ECP_DP_SECP521R1,
		MBEDTLS_ECP_DP_BP256R1,    MBEDTLS_ECP_DP_BP384R1,
		MBEDTLS_ECP_DP_BP512R1,    MBEDTLS_ECP_DP_SECP256K1,
		MBEDTLS_ECP_DP_NONE,
	};

	mbedtls_ssl_conf_curves(conf, groups);
}

void tls_compat_psk_only(mbedtls_ssl_config *conf UNUSED)
{
}

int tls_compat_parse_key(mbedtls_pk_context *pk, struct bytes key,
			 struct bytes passphrase)
{
	return mbedtls_pk_parse_key(pk, key.p, key.n, passphrase.p,
				    passphrase.n);
}

int tls_compat_check_pair(const mbedtls_x509_crt *crt,
			  const mbedtls_pk_context *key)
{
	return mbedtls_pk_check_pair(&crt->pk, key);
}

/* As the library calls it. NOLINTNEXTLINE(readability-function-size) */
static int export_key(void *ctx, const unsigned char *secret,
		      const unsigned char *block UNUSED, size_t mac UNUSED,
		      size_t key UNUSED, size_t iv UNUSED,
		      const unsigned char client_random[32],
		      const unsigned char server_random[32] UNUSED,
		      mbedtls_tls_prf_types prf UNUSED)
{
	struct tls_key_sink *sink = ctx;

	/* The length of a master secret is fixed. */
	sink->log(sink, "CLIENT_RANDOM", client_random, bytes_of(secret, 48));
	return 0;
}

void tls_compat_export_keys(mbedtls_ssl_config *conf,
			    mbedtls_ssl_context *ssl UNUSED,
			    struct tls_key_sink *sink)
{
	mbedtls_ssl_conf_export_keys_ext_cb(conf, export_key, sink);
}

#endif

int tls_compat_set_versions(mbedtls_ssl_config *conf, enum tls_version oldest,
			    enum tls_version newest, struct err *e)
{
	static const char *const names[] = {
		[TLS_1_0] = "1.0",
		[TLS_1_1] = "1.1",
		[TLS_1_2] = "1.2",
		[TLS_1_3] = "1.3",
	};
	enum tls_version bad = is_known(oldest) ? newest : oldest;

	if (!is_known(oldest) || !is_known(newest))
		return err_set(e, ERR_USAGE, 0,
			       "TLS %s is not in this build "
			       "(mbedTLS " MBEDTLS_VERSION_STRING ")",
			       names[bad]);
	if (oldest > newest)
		return err_set(e, ERR_USAGE, 0,
			       "the lowest TLS version (%s) "
			       "is above the highest (%s)",
			       names[oldest], names[newest]);
	set_versions(conf, oldest, newest);
	return 0;
}

void tls_compat_enable_tickets(mbedtls_ssl_config *conf)
{
	mbedtls_ssl_conf_session_tickets(conf,
					 MBEDTLS_SSL_SESSION_TICKETS_ENABLED);
	signal_tickets(conf);
}

bool tls_compat_is_past_hello(const mbedtls_ssl_context *ssl)
{
	return ssl->MBEDTLS_PRIVATE(state) > MBEDTLS_SSL_SERVER_HELLO_DONE;
}

int tls_compat_alert(const mbedtls_ssl_context *ssl)
{
	return ssl->MBEDTLS_PRIVATE(in_msg)[1];
}

mbedtls_md_type_t tls_compat_signature_hash(const mbedtls_x509_crt *crt)
{
	return crt->MBEDTLS_PRIVATE(sig_md);
}
