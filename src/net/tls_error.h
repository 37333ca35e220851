/* SPDX-License-Identifier: MIT */
#ifndef NET_TLS_ERROR_H
#define NET_TLS_ERROR_H

/*
 * What a failed TLS connection means, in words: the alert of the peer by
 * name, the check that failed, a port that does not speak TLS at all, a
 * client certificate that is missing. Pure; any thread. Only the tls*.c
 * files include it.
 */

#include <stdbool.h>

#include "base/bytes.h"
#include "base/err.h"

struct tls_failure {
	int result;          /* of the library, below 0; 0: bare end of file */
	int alert;           /* its number, or -1 */
	bool is_past_hello;  /* the server has accepted version and suite */
	bool is_established; /* the handshake was over */
	bool has_data;       /* and something came through */
	bool is_tls13;       /* a client's certificate is judged after that */
	bool has_cert, has_psk; /* what we could show */
	const char *problems;   /* of its certificates; "" when none */
	const char *advice;     /* what to try about them; "" when nothing */
	struct bytes first;     /* what came first, as it was on the wire */
};

/* Always -1; e is ERR_TLS, or ERR_LOST for what ends an established
 * connection without being about TLS. */
int tls_explain(const struct tls_failure *f, struct err *e);

/* "unknown CA (alert 48)" */
void tls_alert_name(int alert, char *ret, size_t size);

/* The stream below failed and e says how: adds what that means for TLS. e
 * may be NULL. */
void tls_explain_below(const struct tls_failure *f, struct err *e);

#endif
