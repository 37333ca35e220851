/* SPDX-License-Identifier: MIT */
#ifndef NET_TLS_COMPAT_H
#define NET_TLS_COMPAT_H

/*
 * Everything in which mbedTLS 2.28 (Debian 12) and 3.6 (Debian 13) differ,
 * so that no other file asks for the version. Only the tls_*.c files include
 * it. Any thread; each function says what it touches.
 */

#include <mbedtls/ssl.h>
#include <mbedtls/version.h>
#include <mbedtls/x509_crt.h>

#include "base/bytes.h"
#include "base/err.h"
#include "net/tls_options.h"

/* 3.x hides members that 2.28 shows and has no functions to ask for. */
#ifndef MBEDTLS_PRIVATE
#define MBEDTLS_PRIVATE(member) member
#endif

/* Prepares the library, once per process. */
int tls_compat_start(struct err *e) MUST_CHECK;

/* Random bytes from the kernel: no state to seed, share or fork. */
int tls_compat_random(void *ctx, unsigned char *out, size_t n);

/* The highest version that the library can speak. */
enum tls_version tls_compat_newest(void);
/* Versions from oldest to newest, both of them known to the library. -1 when
 * it cannot (ERR_USAGE). */
int tls_compat_set_versions(mbedtls_ssl_config *conf, enum tls_version oldest,
			    enum tls_version newest, struct err *e) MUST_CHECK;
/* Of an established connection. */
enum tls_version tls_compat_version(const mbedtls_ssl_context *ssl);

/* A result that says that the server chose one outside that range. */
bool tls_compat_is_version_problem(int result);

/* Session tickets of TLS 1.3 are told by tls_compat_is_ticket(). */
void tls_compat_enable_tickets(mbedtls_ssl_config *conf);
/* A result that is no error: a ticket has come, ask again. */
bool tls_compat_is_ticket(int result);

/* The fast key exchanges first; 2.28 would offer the slowest first. */
void tls_compat_prefer_fast_groups(mbedtls_ssl_config *conf);

/* With a key that PSK negotiation alone may use (TLS 1.3 has modes). */
void tls_compat_psk_only(mbedtls_ssl_config *conf);

/* PEM (with a final NUL that counts) or DER; a library result. */
int tls_compat_parse_key(mbedtls_pk_context *pk, struct bytes key,
			 struct bytes passphrase);
/* 0 when the certificate's public key belongs to the private one. */
int tls_compat_check_pair(const mbedtls_x509_crt *crt,
			  const mbedtls_pk_context *key);

/* Told each secret of a connection with its NSS key log label. */
struct tls_key_sink {
	void (*log)(struct tls_key_sink *sink, const char *label,
		    const uint8_t random[32], struct bytes secret);
};
/* Before the handshake; the sink must outlive both. */
void tls_compat_export_keys(mbedtls_ssl_config *conf, mbedtls_ssl_context *ssl,
			    struct tls_key_sink *sink);

/* Where a handshake has got to. */
/* The server's hello and certificate have been taken in. */
bool tls_compat_is_past_hello(const mbedtls_ssl_context *ssl);
/* After MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE: its description number. */
int tls_compat_alert(const mbedtls_ssl_context *ssl);

mbedtls_md_type_t tls_compat_signature_hash(const mbedtls_x509_crt *crt);

#endif
