/* SPDX-License-Identifier: MIT */
#include "net/tls_verify.h"

#include <arpa/inet.h>
#include <mbedtls/oid.h>
#include <netinet/in.h>
#include <stdio.h>
#include <strings.h>

#include "base/clock.h"
#include "base/text.h"
#include "net/tls_compat.h"

/* Kinds of GeneralName (RFC 5280 section 4.2.1.6), by tag. */
enum { ALT_DNS = 2, ALT_ADDRESS = 7 };

/* What was asked for, in the form that certificates use. */
struct wanted {
	struct bytes name; /* without a final dot */
	uint8_t address[16];
	size_t address_n; /* 4, 16, or 0 for a name */
};

static struct wanted wanted_of(const char *host)
{
	struct wanted w = { .name = bytes_str(host) };
	char address[INET6_ADDRSTRLEN];

	/* No certificate names a zone: "fe80::1%eth0". */
	snprintf(address, sizeof(address), "%.*s", (int)strcspn(host, "%"),
		 host);
	if (inet_pton(AF_INET, address, w.address) == 1)
		w.address_n = 4;
	else if (inet_pton(AF_INET6, address, w.address) == 1)
		w.address_n = 16;
	if (w.name.n && w.name.p[w.name.n - 1] == '.')
		w.name.n--;
	return w;
}

static bool equal_ignoring_case(struct bytes a, struct bytes b)
{
	return a.n == b.n &&
	       strncasecmp((const char *)a.p, (const char *)b.p, a.n) == 0;
}

/* "*.example.org" stands for one label, and only in front of two others. */
static bool matches_wildcard(struct bytes pattern, struct bytes name)
{
	const uint8_t *dot = memchr(name.p, '.', name.n);
	size_t label = dot ? (size_t)(dot - name.p) : 0;

	if (pattern.n < 4 || pattern.p[0] != '*' || pattern.p[1] != '.' ||
	    !memchr(pattern.p + 2, '.', pattern.n - 2) || !label)
		return false;
	return equal_ignoring_case(bytes_of(pattern.p + 1, pattern.n - 1),
				   bytes_of(name.p + label, name.n - label));
}

static bool matches_dns(struct bytes pattern, struct bytes name)
{
	return equal_ignoring_case(pattern, name) ||
	       matches_wildcard(pattern, name);
}

static int alt_kind(const mbedtls_x509_sequence *alt)
{
	return alt->buf.tag & 0x1f;
}

/* Those that can be compared; other kinds (mail, URI...) do not count. */
static const mbedtls_x509_sequence *next_alt(const mbedtls_x509_sequence *alt)
{
	while (alt && (!alt->buf.p || (alt_kind(alt) != ALT_DNS &&
				       alt_kind(alt) != ALT_ADDRESS)))
		alt = alt->next;
	return alt;
}

static bool matches_alt(const mbedtls_x509_sequence *alt,
			const struct wanted *w)
{
	struct bytes got = bytes_of(alt->buf.p, alt->buf.len);

	if (w->address_n)
		return alt_kind(alt) == ALT_ADDRESS &&
		       bytes_equal(got, bytes_of(w->address, w->address_n));
	return alt_kind(alt) == ALT_DNS && matches_dns(got, w->name);
}

static bool is_common_name(const mbedtls_x509_name *part)
{
	return MBEDTLS_OID_CMP(MBEDTLS_OID_AT_CN, &part->oid) == 0;
}

bool tls_verify_name(const mbedtls_x509_crt *crt, const char *host)
{
	const mbedtls_x509_sequence *alt = next_alt(&crt->subject_alt_names);
	struct wanted w = wanted_of(host);

	if (alt) {
		for (; alt; alt = next_alt(alt->next))
			if (matches_alt(alt, &w))
				return true;
		return false;
	}
	for (const mbedtls_x509_name *n = &crt->subject; n; n = n->next) {
		struct bytes cn = bytes_of(n->val.p, n->val.len);

		if (!is_common_name(n) || !cn.n)
			continue;
		if (w.address_n ? bytes_equal(cn, w.name)
				: matches_dns(cn, w.name))
			return true;
	}
	return false;
}

static void show_alt(const mbedtls_x509_sequence *alt, char *ret, size_t size)
{
	if (alt_kind(alt) == ALT_ADDRESS && alt->buf.len == 4)
		inet_ntop(AF_INET, alt->buf.p, ret, (socklen_t)size);
	else if (alt_kind(alt) == ALT_ADDRESS && alt->buf.len == 16)
		inet_ntop(AF_INET6, alt->buf.p, ret, (socklen_t)size);
	else
		text_visible(ret, size, bytes_of(alt->buf.p, alt->buf.len));
}

/* Adds an item; false when there is no room for it and "and 999 more". */
static bool add_name(char *list, size_t size, struct bytes name)
{
	size_t used = strlen(list);

	if (used + name.n + sizeof(", '' and 9999 more") > size)
		return false;
	snprintf(list + used, size - used, "%s'%.*s'", used ? ", " : "",
		 (int)name.n, (const char *)name.p);
	return true;
}

static void list_common_names(const mbedtls_x509_crt *crt, char *ret,
			      size_t size)
{
	for (const mbedtls_x509_name *n = &crt->subject; n; n = n->next) {
		char shown[TLS_NAME_SIZE];

		if (!is_common_name(n))
			continue;
		text_visible(shown, sizeof(shown),
			     bytes_of(n->val.p, n->val.len));
		if (!add_name(ret, size, bytes_str(shown)))
			return;
	}
}

void tls_list_names(const mbedtls_x509_crt *crt, char *ret, size_t size)
{
	const mbedtls_x509_sequence *alt = next_alt(&crt->subject_alt_names);
	size_t more = 0;

	ret[0] = '\0';
	if (!alt)
		list_common_names(crt, ret, size);
	for (; alt; alt = next_alt(alt->next)) {
		char shown[TLS_NAME_SIZE];

		show_alt(alt, shown, sizeof(shown));
		if (more || !add_name(ret, size, bytes_str(shown)))
			more++;
	}
	if (more) {
		size_t used = strlen(ret);

		snprintf(ret + used, size - used, " and %zu more", more);
	}
	if (!*ret)
		snprintf(ret, size, "no name at all");
}

void tls_subject(const mbedtls_x509_name *name, char *ret, size_t size)
{
	char text[512];
	int n = mbedtls_x509_dn_gets(text, sizeof(text), name);

	if (n < 0)
		snprintf(ret, size, "(very long name)");
	else
		text_visible(ret, size, bytes_of(text, (size_t)n));
}

void tls_time(const mbedtls_x509_time *t, char *ret, size_t size)
{
	snprintf(ret, size, "%04d-%02d-%02d %02d:%02d:%02d UTC", t->year,
		 t->mon, t->day, t->hour, t->min, t->sec);
}

/* ---------------------------------------------------------- what is wrong */

/* The words for one certificate, gathered once. */
struct context {
	struct tls_verify *v;
	const mbedtls_x509_crt *crt;
	char subject[TLS_NAME_SIZE], issuer[TLS_NAME_SIZE];
};

PRINTF(2, 3)
static void add(struct context *c, const char *fmt, ...)
{
	size_t used = strlen(c->v->problems);
	size_t room = sizeof(c->v->problems) - used;
	va_list ap;
	int n;

	n = snprintf(c->v->problems + used, room, "%s", used ? "; " : "");
	if ((size_t)n >= room)
		return;
	va_start(ap, fmt);
	vsnprintf(c->v->problems + used + n, room - (size_t)n, fmt, ap);
	va_end(ap);
}

static void now_text(char *ret, size_t size)
{
	time_t now = (time_t)(clock_wall() / CLOCK_SEC);
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(ret, size, "%Y-%m-%d %H:%M UTC", &tm);
}

static void explain_dates(struct context *c, uint32_t flags)
{
	char from[32], to[32], now[32];

	tls_time(&c->crt->valid_from, from, sizeof(from));
	tls_time(&c->crt->valid_to, to, sizeof(to));
	now_text(now, sizeof(now));
	if (flags & MBEDTLS_X509_BADCERT_EXPIRED)
		add(c,
		    "certificate '%s' by '%s' expired on %s (this "
		    "machine's clock says %s)",
		    c->subject, c->issuer, to, now);
	if (flags & MBEDTLS_X509_BADCERT_FUTURE)
		add(c,
		    "certificate '%s' by '%s' is not valid before %s (this "
		    "machine's clock says %s: is it right?)",
		    c->subject, c->issuer, from, now);
}

static void explain_trust(struct context *c, uint32_t flags)
{
	const mbedtls_x509_buf *s = &c->crt->subject_raw;
	const mbedtls_x509_buf *i = &c->crt->issuer_raw;
	char serial[64];

	if (flags & MBEDTLS_X509_BADCERT_REVOKED) {
		if (mbedtls_x509_serial_gets(serial, sizeof(serial),
					     &c->crt->serial) < 0)
			serial[0] = '\0';
		add(c,
		    "certificate '%s' with serial number %s was revoked "
		    "by '%s'",
		    c->subject, serial, c->issuer);
	}
	if (!(flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED))
		return;
	c->v->is_self_signed = bytes_equal(bytes_of(s->p, s->len),
					   bytes_of(i->p, i->len));
	if (c->v->is_self_signed)
		add(c,
		    "certificate '%s' is self-signed and not among the "
		    "trusted ones (%s)",
		    c->subject, c->v->trust);
	else
		add(c,
		    "certificate '%s' is issued by '%s', which is not "
		    "among the trusted ones (%s) nor sent along",
		    c->subject, c->issuer, c->v->trust);
}

/* The library blames the certificate for its issuer's key as well. */
static void explain_strength(struct context *c, uint32_t flags)
{
	const mbedtls_pk_context *pk = &c->crt->pk;
	const mbedtls_md_info_t *md = mbedtls_md_info_from_type(
		tls_compat_signature_hash(c->crt));

	if (flags & MBEDTLS_X509_BADCERT_BAD_MD)
		add(c,
		    "certificate '%s' by '%s' is signed with %s, which is "
		    "too weak",
		    c->subject, c->issuer,
		    md ? mbedtls_md_get_name(md) : "an unknown hash");
	if (flags &
	    (MBEDTLS_X509_BADCERT_BAD_KEY | MBEDTLS_X509_BADCERT_BAD_PK))
		add(c,
		    "the key of certificate '%s' (%s, %zu bits) or of its "
		    "issuer '%s' is too weak",
		    c->subject, mbedtls_pk_get_name(pk),
		    mbedtls_pk_get_bitlen(pk), c->issuer);
}

static void explain_usage(struct context *c, uint32_t flags)
{
	char names[TLS_NAME_SIZE];

	if (flags & (MBEDTLS_X509_BADCERT_KEY_USAGE |
		     MBEDTLS_X509_BADCERT_EXT_KEY_USAGE |
		     MBEDTLS_X509_BADCERT_NS_CERT_TYPE))
		add(c,
		    "certificate '%s' by '%s' is not meant for a server "
		    "(key usage)",
		    c->subject, c->issuer);
	if (!(flags & MBEDTLS_X509_BADCERT_CN_MISMATCH))
		return;
	tls_list_names(c->crt, names, sizeof(names));
	add(c, "certificate '%s' by '%s' is for %s, not for '%s'", c->subject,
	    c->issuer, names, c->v->host);
}

static void explain_list(struct context *c, uint32_t flags)
{
	if (flags & MBEDTLS_X509_BADCRL_EXPIRED)
		add(c, "the revocation list of '%s' is out of date", c->issuer);
	if (flags & MBEDTLS_X509_BADCRL_FUTURE)
		add(c, "the revocation list of '%s' is from the future",
		    c->issuer);
	if (flags &
	    (MBEDTLS_X509_BADCRL_NOT_TRUSTED | MBEDTLS_X509_BADCRL_BAD_MD |
	     MBEDTLS_X509_BADCRL_BAD_PK | MBEDTLS_X509_BADCRL_BAD_KEY))
		add(c, "the revocation list of '%s' is not properly signed",
		    c->issuer);
}

static void explain(struct tls_verify *v, const mbedtls_x509_crt *crt,
		    uint32_t flags)
{
	struct context c = { .v = v, .crt = crt };
	size_t before = strlen(v->problems);

	tls_subject(&crt->subject, c.subject, sizeof(c.subject));
	tls_subject(&crt->issuer, c.issuer, sizeof(c.issuer));
	explain_dates(&c, flags);
	explain_trust(&c, flags);
	explain_strength(&c, flags);
	explain_usage(&c, flags);
	explain_list(&c, flags);
	if (strlen(v->problems) == before)
		add(&c, "certificate '%s' is not acceptable (0x%x)", c.subject,
		    (unsigned int)flags);
}

int tls_verify_certificate(void *ctx, mbedtls_x509_crt *crt, int depth,
			   uint32_t *flags)
{
	struct tls_verify *v = ctx;

	v->was_asked = true;
	if (depth == 0) {
		*flags &= ~(uint32_t)MBEDTLS_X509_BADCERT_CN_MISMATCH;
		if (!v->any_host && !tls_verify_name(crt, v->host))
			*flags |= MBEDTLS_X509_BADCERT_CN_MISMATCH;
	}
	v->flags |= *flags;
	if (*flags)
		explain(v, crt, *flags);
	return 0;
}

/* The gravest first. What is told about a date names the clock itself. */
static const struct {
	uint32_t flags;
	const char *text;
} advice[] = {
	{ MBEDTLS_X509_BADCERT_REVOKED,
	  "its owner or issuer withdrew it; do not give this server secrets" },
	{ MBEDTLS_X509_BADCERT_NOT_TRUSTED,
	  "if that is the right issuer, add its certificate to those to "
	  "trust, or have the server send it along" },
	{ MBEDTLS_X509_BADCERT_CN_MISMATCH,
	  "if that is the right server, connect to it by such a name" },
	{ MBEDTLS_X509_BADCERT_EXPIRED,
	  "if the clock is right, the server needs a new one" },
	{ MBEDTLS_X509_BADCERT_BAD_MD | MBEDTLS_X509_BADCERT_BAD_KEY |
		  MBEDTLS_X509_BADCERT_BAD_PK,
	  "the server needs a stronger one" },
	{ MBEDTLS_X509_BADCERT_KEY_USAGE | MBEDTLS_X509_BADCERT_EXT_KEY_USAGE |
		  MBEDTLS_X509_BADCERT_NS_CERT_TYPE,
	  "the server needs one for servers" },
	{ MBEDTLS_X509_BADCRL_EXPIRED | MBEDTLS_X509_BADCRL_FUTURE |
		  MBEDTLS_X509_BADCRL_NOT_TRUSTED,
	  "fetch the current list" },
};

const char *tls_verify_advice(const struct tls_verify *v)
{
	if (v->is_self_signed && !(v->flags & MBEDTLS_X509_BADCERT_REVOKED))
		return "if that is the right server, add its certificate to "
		       "those to trust";
	for (size_t i = 0; i < ARRAY_SIZE(advice); i++)
		if (v->flags & advice[i].flags)
			return advice[i].text;
	return "";
}
