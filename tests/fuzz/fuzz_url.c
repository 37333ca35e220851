/* SPDX-License-Identifier: MIT */
/* url_parse() on any text: it accepts or says why not, and what it accepts
 * keeps the promises of the header. */
#include "net/url.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void check(const struct url *u)
{
	bool is_unix = u->scheme == URL_UNIX;

	require(is_unix == !u->host);
	require(is_unix == (url_default_port(u->scheme) == 0));
	require(!is_unix || (u->path && !u->user && !u->password));
	require(!u->host || (*u->host && strlen(u->host) <= 255));
	require(!u->path || u->path[0] == '/');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct err e = { 0 };
	struct url u;

	if (!text)
		return 0;
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	if (url_parse(text, &u, &e) == 0) {
		check(&u);
		url_release(&u);
	} else {
		require(e.kind == ERR_USAGE && *e.text);
	}
	free(text);
	return 0;
}
