/* SPDX-License-Identifier: MIT */
#ifndef NET_TLS_CONFIG_H
#define NET_TLS_CONFIG_H

/*
 * The options of a user made ready for use: files read and parsed, versions
 * and suites chosen. Shared by all connections with the same options through
 * a reference count; after tls_config_new() nothing in it changes but the
 * sessions to resume, which have a lock of their own, so that connections on
 * several threads may use it. Only the tls*.c files include it.
 */

#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>

#include "net/tls_compat.h"
#include "net/tls_options.h"

enum { TLS_PIN_SIZE = 32 }; /* SHA-256 */

struct tls_config;

/* Reads all files. NULL with e: ERR_LOCAL when one cannot be read, ERR_TLS
 * when it holds something else, ERR_USAGE for bad values. */
struct tls_config *tls_config_new(const struct tls_options *o, struct err *e);
struct tls_config *tls_config_share(struct tls_config *c);
/* Drops a reference; NULL is fine. */
void tls_config_release(struct tls_config *c);

const mbedtls_ssl_config *tls_config_ssl(const struct tls_config *c);
/* Before the handshake: sets up the key log, and the session to resume; true
 * when there is one. */
bool tls_config_prepare(struct tls_config *c, mbedtls_ssl_context *ssl,
			const char *server);
/* After the handshake, and when a ticket has come. */
void tls_config_remember(struct tls_config *c, const mbedtls_ssl_context *ssl,
			 const char *server);

/* When the server did not like the session. */
void tls_config_forget(struct tls_config *c, const char *server);

/* Where the trusted certificates are from, for messages. */
const char *tls_config_trust(const struct tls_config *c);
bool tls_config_has_client_cert(const struct tls_config *c);
bool tls_config_has_psk(const struct tls_config *c);
bool tls_config_is_insecure(const struct tls_config *c);
bool tls_config_any_host(const struct tls_config *c);
/* Copied from the options; NULL: the name of the server. */
const char *tls_config_sni(const struct tls_config *c);
/* -1 with e when the certificate's key is none of the pinned ones. */
int tls_config_check_pins(const struct tls_config *c,
			  const mbedtls_x509_crt *crt, struct err *e)
	MUST_CHECK;

/* SHA-256 of the public key, as pins have it. */
int tls_pin_of(const mbedtls_x509_crt *crt, uint8_t ret[TLS_PIN_SIZE])
	MUST_CHECK;

#endif
