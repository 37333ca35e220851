/* SPDX-License-Identifier: MIT */
#include "net/tls_cache.h"

#include <mbedtls/md.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "net/tls_config.h"
#include "net/tls_files.h"

enum { PRINT_SIZE = 32 }; /* SHA-256 */

struct tls_cache {
	pthread_mutex_t lock;
	struct tls_config *config; /* NULL before the first use */
	uint8_t print[PRINT_SIZE]; /* of the options it was made from */
};

/* A hash, so that no secret is kept only to compare it. */
struct printer {
	mbedtls_md_context_t md;
	int result; /* first failure of the library, or 0 */
};

static void add_bytes(struct printer *p, struct bytes b)
{
	const uint64_t n = bytes_is_set(b) ? b.n : UINT64_MAX;

	if (p->result == 0)
		p->result = mbedtls_md_update(&p->md, (const uint8_t *)&n,
					      sizeof(n));
	if (p->result == 0 && b.n)
		p->result = mbedtls_md_update(&p->md, b.p, b.n);
}

static void add_text(struct printer *p, const char *s)
{
	add_bytes(p, bytes_str(s));
}

/* Replaced, written to or touched: one of these changes. */
static void add_file(struct printer *p, const char *path)
{
	struct stat st;
	uint64_t facts[7] = { 0 };

	add_text(p, path);
	if (path && stat(path, &st) == 0) {
		facts[0] = (uint64_t)st.st_dev;
		facts[1] = (uint64_t)st.st_ino;
		facts[2] = (uint64_t)st.st_size;
		facts[3] = (uint64_t)st.st_mtim.tv_sec;
		facts[4] = (uint64_t)st.st_mtim.tv_nsec;
		facts[5] = (uint64_t)st.st_ctim.tv_sec;
		facts[6] = (uint64_t)st.st_ctim.tv_nsec;
	}
	add_bytes(p, bytes_of(facts, sizeof(facts)));
}

static void add_options(struct printer *p, const struct tls_options *o)
{
	const uint8_t flags[] = { (uint8_t)o->min_version,
				  (uint8_t)o->max_version, o->no_verify_host,
				  o->is_insecure };

	add_file(p, o->ca_file);
	add_file(p, o->ca_path);
	if (!o->ca_file && !o->ca_path)
		add_file(p, tls_system_ca());
	add_file(p, o->crl_file);
	add_file(p, o->cert_file);
	add_file(p, o->key_file);
	add_bytes(p, o->key_passphrase);
	add_bytes(p, o->psk);
	add_text(p, o->psk_identity);
	add_text(p, o->sni);
	add_text(p, o->ciphers);
	add_text(p, o->keylog_file);
	for (size_t i = 0; i < o->alpn_count; i++)
		add_text(p, o->alpn[i]);
	add_text(p, NULL);
	for (size_t i = 0; i < o->pin_count; i++)
		add_text(p, o->pins[i]);
	add_bytes(p, bytes_of(flags, sizeof(flags)));
}

static int print_options(const struct tls_options *o, uint8_t ret[PRINT_SIZE],
			 struct err *e)
{
	struct printer p = { .result = 0 };

	mbedtls_md_init(&p.md);
	p.result = mbedtls_md_setup(
		&p.md, mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), 0);
	if (p.result == 0)
		p.result = mbedtls_md_starts(&p.md);
	add_options(&p, o);
	if (p.result == 0)
		p.result = mbedtls_md_finish(&p.md, ret);
	mbedtls_md_free(&p.md);
	return p.result == 0 ? 0 : err_nomem(e);
}

struct tls_cache *tls_cache_new(void)
{
	struct tls_cache *c = calloc(1, sizeof(*c));

	if (c)
		pthread_mutex_init(&c->lock, NULL);
	return c;
}

void tls_cache_free(struct tls_cache *c)
{
	if (!c)
		return;
	tls_config_release(c->config);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

/* Under the lock also while files are read: the others would only read the
 * same files. */
static struct tls_config *get_locked(struct tls_cache *c,
				     const struct tls_options *o, struct err *e)
{
	uint8_t print[PRINT_SIZE];
	struct tls_config *fresh;

	if (print_options(o, print, e) < 0)
		return NULL;
	if (c->config && memcmp(print, c->print, sizeof(print)) == 0)
		return tls_config_share(c->config);
	fresh = tls_config_new(o, e);
	if (!fresh)
		return NULL;
	tls_config_release(c->config);
	c->config = fresh;
	memcpy(c->print, print, sizeof(print));
	return tls_config_share(fresh);
}

struct tls_config *tls_cache_get(struct tls_cache *c,
				 const struct tls_options *o, struct err *e)
{
	struct tls_config *config;

	if (!c)
		return tls_config_new(o, e);
	pthread_mutex_lock(&c->lock);
	config = get_locked(c, o, e);
	pthread_mutex_unlock(&c->lock);
	return config;
}
