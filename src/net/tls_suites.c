/* SPDX-License-Identifier: MIT */
#include "net/tls_suites.h"

#include <ctype.h>
#include <mbedtls/ssl.h>
#include <stdlib.h>
#include <strings.h>

#include "base/text.h"

enum { SUITE_NAME_SIZE = 80 };

/* How much of what a name begins with says nothing. */
static size_t noise_length(const char *name)
{
	static const char *const noise[] = { "TLS1-3", "TLS", "WITH", "CBC" };

	for (size_t k = 0; k < ARRAY_SIZE(noise); k++)
		if (strncasecmp(name, noise[k], strlen(noise[k])) == 0)
			return strlen(noise[k]);
	return 0;
}

/* A function of its own: glibc's macro would count as three levels of nesting.
 */
static char upper(char c)
{
	return (char)toupper((unsigned char)c);
}

/* Drops what the three ways of writing do not agree on: separators, "TLS",
 * "TLS1-3", "WITH", "CBC", and the hash that ChaCha always has. */
static void normalise(const char *name, size_t n, char ret[SUITE_NAME_SIZE])
{
	static const char chacha[] = "POLY1305";
	size_t used = 0;
	char *end;

	for (size_t i = 0; i < n && used < SUITE_NAME_SIZE - 1;) {
		size_t len = noise_length(name + i);

		if (!len && name[i] != '-' && name[i] != '_')
			ret[used++] = upper(name[i]);
		i += len ? len : 1;
	}
	ret[used] = '\0';
	end = strstr(ret, chacha);
	if (end)
		end[strlen(chacha)] = '\0';
}

static size_t count_all(void)
{
	const int *all = mbedtls_ssl_list_ciphersuites();
	size_t n = 0;

	while (all[n])
		n++;
	return n;
}

static int unknown(const char *name, size_t n, struct err *e)
{
	size_t count = count_all();
	const char **names = calloc(count, sizeof(*names)), *near;
	char shown[SUITE_NAME_SIZE];

	if (!names)
		return err_nomem(e);
	for (size_t i = 0; i < count; i++)
		names[i] = mbedtls_ssl_get_ciphersuite_name(
			mbedtls_ssl_list_ciphersuites()[i]);
	text_visible(shown, sizeof(shown), bytes_of(name, n));
	near = text_nearest(shown, names, count);
	free(names);
	return err_set(e, ERR_USAGE, 0, "cipher suite '%s' is not known%s%s",
		       shown, near ? "; did you mean " : "", near ? near : "");
}

/* The suite's number, or 0. */
static int find(const char *name, size_t n)
{
	char want[SUITE_NAME_SIZE], have[SUITE_NAME_SIZE];

	normalise(name, n, want);
	for (const int *s = mbedtls_ssl_list_ciphersuites(); *s; s++) {
		const char *text = mbedtls_ssl_get_ciphersuite_name(*s);

		normalise(text, strlen(text), have);
		if (strcmp(want, have) == 0)
			return *s;
	}
	return 0;
}

int *tls_suites_parse(const char *names, struct err *e)
{
	/* A suite takes at least one byte and one separator. */
	int *list = calloc(strlen(names) / 2 + 2, sizeof(*list));
	size_t count = 0;

	if (!list) {
		err_nomem(e);
		return NULL;
	}
	while (*names) {
		size_t n = strcspn(names, ":, ");
		int suite = find(names, n);

		if (n && !suite) {
			unknown(names, n, e);
			free(list);
			return NULL;
		}
		if (n)
			list[count++] = suite;
		names += n + (names[n] != '\0');
	}
	if (!count) {
		err_set(e, ERR_USAGE, 0, "no cipher suite is named");
		free(list);
		return NULL;
	}
	return list;
}

int *tls_suites_psk(struct err *e)
{
	int *list = calloc(count_all() + 1, sizeof(*list));
	size_t count = 0;

	if (!list) {
		err_nomem(e);
		return NULL;
	}
	for (const int *s = mbedtls_ssl_list_ciphersuites(); *s; s++) {
		const char *name = mbedtls_ssl_get_ciphersuite_name(*s);

		if (strncmp(name, "TLS1-3-", 7) == 0 ||
		    (strstr(name, "-PSK-") && !strstr(name, "-RSA-PSK-")))
			list[count++] = *s;
	}
	return list;
}
