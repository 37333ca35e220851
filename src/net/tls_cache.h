/* SPDX-License-Identifier: MIT */
#ifndef NET_TLS_CACHE_H
#define NET_TLS_CACHE_H

/*
 * TLS options ready for use, kept between connections: certificates and keys
 * are read anew for a connection attempt only when a file has changed since
 * (or an option has), so that rotation needs no restart and a thousand
 * connections do not parse the system's certificates a thousand times. The
 * sessions that servers offer to resume live as long as the options do.
 *
 * Any thread; it has a lock of its own. One cache serves one set of options
 * well; with another set it starts anew.
 */

#include "net/tls_options.h"

struct err;
struct tls_cache;
struct tls_config;

/* NULL when out of memory. */
struct tls_cache *tls_cache_new(void);
/* NULL is fine. Connections may outlive it. */
void tls_cache_free(struct tls_cache *c);

/* A reference for the caller (tls_config_release); errors are those of
 * tls_config_new(). c NULL: nothing is kept. */
struct tls_config *tls_cache_get(struct tls_cache *c,
				 const struct tls_options *o, struct err *e);

#endif
