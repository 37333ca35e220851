/* SPDX-License-Identifier: MIT */
#include "net/tls_error.h"

#include <mbedtls/error.h>
#include <mbedtls/ssl.h>
#include <stdio.h>

#include "base/text.h"
#include "net/tls_compat.h"

/* RFC 8446 section 6 and RFC 5246 section 7.2. */
enum {
	ALERT_BAD_RECORD_MAC = 20,
	ALERT_HANDSHAKE_FAILURE = 40,
	ALERT_BAD_CERTIFICATE = 42,
	ALERT_CERTIFICATE_EXPIRED = 45,
	ALERT_CERTIFICATE_UNKNOWN = 46,
	ALERT_UNKNOWN_CA = 48,
	ALERT_ACCESS_DENIED = 49,
	ALERT_DECRYPT_ERROR = 51,
	ALERT_PROTOCOL_VERSION = 70,
	ALERT_UNKNOWN_PSK_IDENTITY = 115,
	ALERT_CERTIFICATE_REQUIRED = 116,
};

static const struct {
	int number;
	const char *name;
} alerts[] = {
	{ 0, "close notify" },
	{ 10, "unexpected message" },
	{ ALERT_BAD_RECORD_MAC, "bad record MAC" },
	{ 21, "decryption failed" },
	{ 22, "record overflow" },
	{ ALERT_HANDSHAKE_FAILURE, "handshake failure" },
	{ ALERT_BAD_CERTIFICATE, "bad certificate" },
	{ 43, "unsupported certificate" },
	{ 44, "certificate revoked" },
	{ ALERT_CERTIFICATE_EXPIRED, "certificate expired" },
	{ ALERT_CERTIFICATE_UNKNOWN, "certificate unknown" },
	{ 47, "illegal parameter" },
	{ ALERT_UNKNOWN_CA, "unknown CA" },
	{ ALERT_ACCESS_DENIED, "access denied" },
	{ 50, "decode error" },
	{ ALERT_DECRYPT_ERROR, "decrypt error" },
	{ ALERT_PROTOCOL_VERSION, "protocol version" },
	{ 71, "insufficient security" },
	{ 80, "internal error" },
	{ 86, "inappropriate fallback" },
	{ 90, "user cancelled" },
	{ 100, "no renegotiation" },
	{ 109, "missing extension" },
	{ 110, "unsupported extension" },
	{ 112, "unrecognized name" },
	{ 113, "bad certificate status response" },
	{ ALERT_UNKNOWN_PSK_IDENTITY, "unknown PSK identity" },
	{ ALERT_CERTIFICATE_REQUIRED, "certificate required" },
	{ 120, "no application protocol" },
};

void tls_alert_name(int alert, char *ret, size_t size)
{
	const char *name = "unknown";

	for (size_t i = 0; i < ARRAY_SIZE(alerts); i++)
		if (alerts[i].number == alert)
			name = alerts[i].name;
	snprintf(ret, size, "%s (alert %d)", name, alert);
}

static bool is_about_certificate(int alert)
{
	return (alert >= ALERT_BAD_CERTIFICATE &&
		alert <= ALERT_ACCESS_DENIED && alert != 47) ||
	       alert == ALERT_CERTIFICATE_REQUIRED;
}

/* What the user can do about an alert, or what it means here. */
static const char *alert_advice(const struct tls_failure *f)
{
	switch (f->alert) {
	case ALERT_CERTIFICATE_REQUIRED:
		return ": it wants a client certificate";
	case ALERT_PROTOCOL_VERSION:
		return ": it takes none of the TLS versions offered";
	case ALERT_UNKNOWN_PSK_IDENTITY:
		return ": it does not know the PSK identity";
	case 112:
		return ": it has no certificate for this server name";
	case 120:
		return ": it takes none of the ALPN protocols offered";
	case ALERT_BAD_RECORD_MAC:
	case ALERT_DECRYPT_ERROR:
		return f->has_psk ? ": the pre-shared key is not the "
				    "server's, it seems"
				  : "";
	case ALERT_HANDSHAKE_FAILURE:
		if (f->has_data)
			return ": it wanted another handshake, it seems";
		if (!f->is_past_hello)
			return f->has_psk
				       ? ": does it know the PSK identity?"
				       : ": no TLS version or cipher suite in common, "
					 "it seems";
		return f->has_cert ? ""
				   : ": it wants a client certificate, "
				     "it seems";
	case ALERT_UNKNOWN_CA:
		return f->has_cert ? ": it does not trust the issuer of our "
				     "certificate"
				   : "";
	case ALERT_CERTIFICATE_EXPIRED:
		return f->has_cert ? ": our certificate has expired" : "";
	default:
		break;
	}
	if (!is_about_certificate(f->alert))
		return "";
	return f->has_cert ? ": it does not accept our certificate"
			   : ": it wants a client certificate, it seems";
}

static int explain_alert(const struct tls_failure *f, struct err *e)
{
	bool is_tls = !f->is_established || is_about_certificate(f->alert);
	char name[64];

	tls_alert_name(f->alert, name, sizeof(name));
	return err_set(e, is_tls ? ERR_TLS : ERR_LOST, f->alert,
		       "the server ended %s with the TLS alert: %s%s",
		       f->is_established ? "the connection" : "the handshake",
		       name, alert_advice(f));
}

/* An end or a reset after the server's hello, with nothing to show. */
static const char *hint_cert(const struct tls_failure *f)
{
	if (f->has_psk || f->has_data || !f->is_past_hello ||
	    (f->is_established && !f->is_tls13))
		return "";
	return f->has_cert ? " (it may not accept our certificate)"
			   : " (it may want a client certificate)";
}

static int explain_end(const struct tls_failure *f, struct err *e)
{
	const char *hint = hint_cert(f);

	if (f->is_established)
		return err_set(e, ERR_LOST, 0,
			       "the connection ended without "
			       "the goodbye of TLS: it was cut, or the server "
			       "is careless%s",
			       hint);
	if (!f->first.n)
		return err_set(e, ERR_TLS, 0,
			       "the server closed the "
			       "connection when it was spoken to in TLS: "
			       "does this port speak TLS?");
	return err_set(e, ERR_TLS, 0,
		       "the server closed the connection in "
		       "the middle of the TLS handshake%s",
		       hint);
}

/* A record has a type of 20 to 24 and major version 3. */
static bool is_tls(struct bytes first)
{
	return first.n > 0 && first.p[0] >= 20 && first.p[0] <= 24 &&
	       (first.n < 2 || first.p[1] == 3);
}

static int explain_other(const struct tls_failure *f, struct err *e)
{
	char text[160];

	/* mbedTLS has no KeyUpdate (RFC 8446 section 4.6.3). */
	if (f->is_established &&
	    f->result == MBEDTLS_ERR_SSL_UNEXPECTED_MESSAGE)
		return err_set(e, ERR_LOST, f->result,
			       "the server wanted to "
			       "change the TLS keys, it seems, which this "
			       "build cannot");
	mbedtls_strerror(f->result, text, sizeof(text));
	return err_set(e, ERR_TLS, f->result, "%s: %s",
		       f->is_established ? "the server broke the TLS protocol"
					 : "the TLS handshake failed",
		       text);
}

int tls_explain(const struct tls_failure *f, struct err *e)
{
	char shown[48];

	if (f->result == MBEDTLS_ERR_X509_CERT_VERIFY_FAILED && *f->problems)
		return err_set(e, ERR_TLS, f->result, "%s%s%s", f->problems,
			       *f->advice ? ": " : "", f->advice);
	if (f->result == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE)
		return explain_alert(f, e);
	if (!f->is_established && f->first.n && !is_tls(f->first)) {
		text_visible(shown, sizeof(shown), f->first);
		return err_set(e, ERR_TLS, 0,
			       "this port does not speak TLS: "
			       "it answered '%s'",
			       shown);
	}
	if (f->result == 0 || f->result == MBEDTLS_ERR_SSL_CONN_EOF)
		return explain_end(f, e);
	if (tls_compat_is_version_problem(f->result))
		return err_set(e, ERR_TLS, f->result,
			       "the server chose a TLS "
			       "version outside the allowed range");
	return explain_other(f, e);
}

void tls_explain_below(const struct tls_failure *f, struct err *e)
{
	size_t used;

	if (!e)
		return;
	/* A reset destroys an alert that was under way. */
	used = strlen(e->text);
	snprintf(e->text + used, sizeof(e->text) - used, "%s",
		 !f->first.n ? ": does this port speak TLS?" : hint_cert(f));
}
