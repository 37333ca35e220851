/* SPDX-License-Identifier: MIT */
/* What a failed TLS connection means, in words. */
#include "net/tls_error.h"

#include <mbedtls/ssl.h>

#include "base/attr.h"
#include "net/tls_compat.h"
#include "test.h"

enum { ALERT = MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE };

#define TLS_BYTES BYTES_LIT("\x16\3\3")

static const struct {
	struct tls_failure f;
	enum err_kind kind;
	const char *says;
} cases[] = {
	{ { .result = ALERT, .alert = 40, .first = TLS_BYTES },
	  ERR_TLS,
	  "the server ended the handshake with the TLS alert: handshake "
	  "failure (alert 40): no TLS version or cipher suite in common, it "
	  "seems" },
	{ { .result = ALERT, .alert = 40, .is_past_hello = true },
	  ERR_TLS,
	  "it wants a client certificate, it seems" },
	{ { .result = ALERT, .alert = 40, .has_psk = true },
	  ERR_TLS,
	  "does it know the PSK identity?" },
	{ { .result = ALERT, .alert = 42, .has_cert = true },
	  ERR_TLS,
	  "bad certificate (alert 42): it does not accept our certificate" },
	{ { .result = ALERT, .alert = 45, .has_cert = true },
	  ERR_TLS,
	  "certificate expired (alert 45): our certificate has expired" },
	{ { .result = ALERT, .alert = 46 },
	  ERR_TLS,
	  "it wants a client certificate, it seems" },
	{ { .result = ALERT,
	    .alert = 48,
	    .has_cert = true,
	    .is_established = true },
	  ERR_TLS,
	  "the server ended the connection with the TLS alert: unknown CA "
	  "(alert 48): it does not trust the issuer of our certificate" },
	{ { .result = ALERT, .alert = 51, .has_psk = true },
	  ERR_TLS,
	  "decrypt error (alert 51): the pre-shared key is not the server's" },
	{ { .result = ALERT, .alert = 70 },
	  ERR_TLS,
	  "it takes none of the TLS versions offered" },
	{ { .result = ALERT, .alert = 80 },
	  ERR_TLS,
	  "internal error (alert 80)" },
	{ { .result = ALERT, .alert = 80, .is_established = true },
	  ERR_LOST,
	  "internal error (alert 80)" },
	{ { .result = ALERT,
	    .alert = 40,
	    .is_established = true,
	    .has_data = true,
	    .is_past_hello = true },
	  ERR_LOST,
	  "it wanted another handshake, it seems" },
	{ { .result = ALERT, .alert = 112 },
	  ERR_TLS,
	  "it has no certificate for this server name" },
	{ { .result = ALERT, .alert = 115 },
	  ERR_TLS,
	  "unknown PSK identity (alert 115): it does not know" },
	{ { .result = ALERT,
	    .alert = 116,
	    .is_established = true,
	    .is_past_hello = true },
	  ERR_TLS,
	  "certificate required (alert 116): it wants a client certificate" },
	{ { .result = ALERT, .alert = 120 },
	  ERR_TLS,
	  "it takes none of the ALPN protocols offered" },
	{ { .result = ALERT, .alert = 200 },
	  ERR_TLS,
	  "the TLS alert: unknown (alert 200)" },
	{ { .result = MBEDTLS_ERR_X509_CERT_VERIFY_FAILED,
	    .problems = "certificate 'x' is old" },
	  ERR_TLS,
	  "certificate 'x' is old" },
	{ { .result = MBEDTLS_ERR_X509_CERT_VERIFY_FAILED,
	    .problems = "certificate 'x' is old",
	    .advice = "burn it" },
	  ERR_TLS,
	  "certificate 'x' is old: burn it" },
	{ { .result = MBEDTLS_ERR_SSL_CONN_EOF },
	  ERR_TLS,
	  "the server closed the connection when it was spoken to in TLS: "
	  "does this port speak TLS?" },
	{ { .result = 0, .first = TLS_BYTES },
	  ERR_TLS,
	  "the server closed the connection in the middle of the TLS "
	  "handshake" },
	{ { .result = 0, .first = TLS_BYTES, .is_past_hello = true },
	  ERR_TLS,
	  "handshake (it may want a client certificate)" },
	{ { .result = 0,
	    .is_established = true,
	    .is_past_hello = true,
	    .has_cert = true },
	  ERR_LOST,
	  "the connection ended without the goodbye of TLS: it was cut, or "
	  "the server is careless" },
	{ { .result = 0,
	    .is_established = true,
	    .is_past_hello = true,
	    .is_tls13 = true },
	  ERR_LOST,
	  "careless (it may want a client certificate)" },
	{ { .result = MBEDTLS_ERR_SSL_INVALID_RECORD,
	    .first = BYTES_LIT("220 mail.example\x07") },
	  ERR_TLS,
	  "this port does not speak TLS: it answered '220 "
	  "mail.example\\x07'" },
	{ { .result = MBEDTLS_ERR_SSL_INVALID_RECORD, .first = TLS_BYTES },
	  ERR_TLS,
	  "the TLS handshake failed: " },
	{ { .result = MBEDTLS_ERR_SSL_INVALID_MAC, .is_established = true },
	  ERR_TLS,
	  "the server broke the TLS protocol: " },
	{ { .result = MBEDTLS_ERR_SSL_UNEXPECTED_MESSAGE,
	    .is_established = true },
	  ERR_LOST,
	  "the server wanted to change the TLS keys, it seems" },
	{ { .result = -0x6E80, .first = TLS_BYTES },
	  ERR_TLS,
	  "the server chose a TLS version outside the allowed range" },
};

static void failures(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct tls_failure f = cases[i].f;
		struct err e = { 0 };

		f.problems = f.problems ? f.problems : "";
		f.advice = f.advice ? f.advice : "";
		is_int(tls_explain(&f, &e), -1);
		is_int(e.kind, cases[i].kind, "%s", e.text);
		ok(strstr(e.text, cases[i].says), "%s, expected %s", e.text,
		   cases[i].says);
	}
}

/* The hint at a missing certificate is for those who showed none. */
static void hints_have_reasons(void)
{
	static const struct tls_failure none[] = {
		{ .is_established = true,
		  .is_past_hello = true,
		  .problems = "" },
		{ .is_established = true,
		  .is_past_hello = true,
		  .is_tls13 = true,
		  .has_cert = true,
		  .problems = "" },
		{ .is_established = true,
		  .is_past_hello = true,
		  .is_tls13 = true,
		  .has_psk = true,
		  .problems = "" },
		{ .is_established = true,
		  .is_past_hello = true,
		  .is_tls13 = true,
		  .has_data = true,
		  .problems = "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(none); i++) {
		struct err e = { 0 };

		is_int(tls_explain(&none[i], &e), -1);
		ok(!strstr(e.text, "client certificate"), "%s", e.text);
	}
}

static void failures_below(void)
{
	struct tls_failure f = { .alert = -1, .problems = "" };
	struct err e = { .kind = ERR_LOST, .text = "reset" };

	tls_explain_below(&f, &e);
	is_str(e.text, "reset: does this port speak TLS?");
	f.first = TLS_BYTES;
	f.is_past_hello = true;
	e = (struct err){ .kind = ERR_LOST, .text = "reset" };
	tls_explain_below(&f, &e);
	is_str(e.text, "reset (it may want a client certificate)");
	f.has_data = true;
	e = (struct err){ .kind = ERR_LOST, .text = "reset" };
	tls_explain_below(&f, &e);
	is_str(e.text, "reset");
	tls_explain_below(&f, NULL);
}

TEST_MAIN(T(failures), T(hints_have_reasons), T(failures_below))
