/* SPDX-License-Identifier: MIT */
#include "net/tls_info.h"

#include <mbedtls/base64.h>
#include <mbedtls/pk.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/text.h"
#include "net/tls_layer.h"

static int64_t days_until(const mbedtls_x509_time *t)
{
	struct tm tm = {
		.tm_year = t->year - 1900,
		.tm_mon = t->mon - 1,
		.tm_mday = t->day,
		.tm_hour = t->hour,
		.tm_min = t->min,
		.tm_sec = t->sec,
	};
	int64_t left = (int64_t)timegm(&tm) -
		       (int64_t)(clock_wall() / CLOCK_SEC);
	const int64_t day = 86400;

	/* Rounded down also below 0: expired an hour ago is -1. */
	return left >= 0 ? left / day : -((-left + day - 1) / day);
}

static void set_pin(const mbedtls_x509_crt *crt, struct tls_certificate *ret)
{
	uint8_t pin[TLS_PIN_SIZE];
	unsigned char text[48];
	size_t n = 0;

	if (tls_pin_of(crt, pin) == 0 &&
	    mbedtls_base64_encode(text, sizeof(text), &n, pin, sizeof(pin)) ==
		    0)
		snprintf(ret->pin, sizeof(ret->pin), "sha256//%.*s", (int)n,
			 (const char *)text);
}

static void describe(const mbedtls_x509_crt *crt, struct tls_certificate *ret)
{
	const mbedtls_md_info_t *md = mbedtls_md_info_from_type(
		tls_compat_signature_hash(crt));

	tls_subject(&crt->subject, ret->subject, sizeof(ret->subject));
	tls_subject(&crt->issuer, ret->issuer, sizeof(ret->issuer));
	tls_list_names(crt, ret->names, sizeof(ret->names));
	tls_time(&crt->valid_from, ret->not_before, sizeof(ret->not_before));
	tls_time(&crt->valid_to, ret->not_after, sizeof(ret->not_after));
	ret->days_left = days_until(&crt->valid_to);
	snprintf(ret->key, sizeof(ret->key), "%s %zu",
		 mbedtls_pk_get_name(&crt->pk),
		 mbedtls_pk_get_bitlen(&crt->pk));
	snprintf(ret->signature, sizeof(ret->signature), "%s",
		 md ? mbedtls_md_get_name(md) : "unknown");
	if (mbedtls_x509_serial_gets(ret->serial, sizeof(ret->serial),
				     &crt->serial) < 0)
		ret->serial[0] = '\0';
	set_pin(crt, ret);
}

static int copy_chain(const mbedtls_x509_crt *crt, struct tls_info *ret,
		      struct err *e)
{
	size_t count = 0;

	for (const mbedtls_x509_crt *c = crt; c; c = c->next)
		count++;
	ret->chain = calloc(count ? count : 1, sizeof(*ret->chain));
	if (!ret->chain)
		return err_nomem(e);
	for (; crt; crt = crt->next)
		describe(crt, &ret->chain[ret->chain_count++]);
	return 0;
}

int tls_get_info(const struct stream *top, struct tls_info *ret, struct err *e)
{
	const struct tls_layer *t = tls_find(top);
	struct tls_info info = { 0 };
	const char *alpn;

	if (!t || !t->s.is_up)
		return err_set(e, ERR_STATE, 0, "this connection has no TLS");
	info.version = mbedtls_ssl_get_version(&t->ssl);
	info.suite = mbedtls_ssl_get_ciphersuite(&t->ssl);
	alpn = mbedtls_ssl_get_alpn_protocol(&t->ssl);
	text_visible(info.alpn, sizeof(info.alpn), bytes_str(alpn ? alpn : ""));
	info.is_resumed = tls_is_resumed(t);
	info.is_verified = !t->verify.any_host;
	snprintf(info.problems, sizeof(info.problems), "%s",
		 t->verify.problems);
	if (copy_chain(mbedtls_ssl_get_peer_cert(&t->ssl), &info, e) < 0)
		return -1;
	*ret = info;
	return 0;
}

void tls_info_release(struct tls_info *i)
{
	free(i->chain);
	*i = (struct tls_info){ 0 };
}
