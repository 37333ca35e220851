/* SPDX-License-Identifier: MIT */
#ifndef NET_TLS_OPTIONS_H
#define NET_TLS_OPTIONS_H

/*
 * What a user may ask of TLS, as plain data: filled in by the configuration
 * layer, read for each connection attempt. All pointers are borrowed.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"
#include "base/err.h"

/* The highest the library can do, and 1.2 at least, by default. */
enum tls_version { TLS_DEFAULT, TLS_1_0, TLS_1_1, TLS_1_2, TLS_1_3 };

/* Supplies a passphrase each time the key is read, so that both can be
 * replaced without a restart. On the thread that connects, one call at a
 * time for each tls_cache; may block as long as a local program takes. The
 * view lives until the next call. -1 with e ends the attempt. */
struct tls_passphrase {
	int (*load)(void *ctx, struct bytes *ret, struct err *e);
	void *ctx;
};

struct tls_options {
	/* Trusted certificates: a file, a directory of files, or (both NULL)
	 * the system's store. */
	const char *ca_file, *ca_path;
	const char *crl_file;
	const char *cert_file, *key_file;     /* ours; both or neither */
	struct bytes key_passphrase;          /* BYTES_NULL: none */
	struct tls_passphrase ask_passphrase; /* load NULL: as above */
	struct bytes psk;                     /* instead of certificates */
	const char *psk_identity;
	const char *const *alpn; /* in order of preference */
	size_t alpn_count;
	const char *sni; /* NULL: the server's name */
	enum tls_version min_version, max_version;
	const char *ciphers; /* names with ':' between; NULL: a good list */
	/* Base64 of the SHA-256 of public keys (SubjectPublicKeyInfo), also
	 * with "sha256//" in front: the server must have one of them. */
	const char *const *pins;
	size_t pin_count;
	bool no_verify_host;     /* any name, but a trusted certificate */
	bool is_insecure;        /* any certificate (pins still hold) */
	const char *keylog_file; /* NSS key log, appended to */
};

#endif
