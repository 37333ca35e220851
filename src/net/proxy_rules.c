/* SPDX-License-Identifier: MIT */
#include "net/proxy_rules.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

enum { ITEM_MAX = 256 };

struct address {
	uint8_t bytes[16];
	size_t bits; /* 32, 128, or 0 when the text is no address */
};

static struct address address_of(const char *text)
{
	struct address a = { .bits = 0 };

	if (inet_pton(AF_INET, text, a.bytes) == 1)
		a.bits = 32;
	else if (inet_pton(AF_INET6, text, a.bytes) == 1)
		a.bits = 128;
	return a;
}

static bool is_in_network(const struct address *a, const struct address *net,
			  size_t bits)
{
	size_t whole = bits / 8;
	uint8_t mask = (uint8_t)(0xff00 >> (bits % 8));

	if (a->bits != net->bits || bits > net->bits ||
	    memcmp(a->bytes, net->bytes, whole) != 0)
		return false;
	return bits % 8 == 0 ||
	       ((a->bytes[whole] ^ net->bytes[whole]) & mask) == 0;
}

static bool matches_network(char *item, const struct address *host)
{
	char *slash = strchr(item, '/'), *end;
	struct address net;
	unsigned long bits;

	*slash = '\0';
	net = address_of(item);
	bits = strtoul(slash + 1, &end, 10);
	return net.bits && slash[1] >= '0' && slash[1] <= '9' && !*end &&
	       is_in_network(host, &net, bits);
}

/* Cuts ":port" off; false when it is another port. Colons of an IPv6
 * address without brackets are no port. */
static bool takes_port(char *item, uint16_t port)
{
	char *colon = strrchr(item, ':'), *end;

	if (!colon || (item[0] != '[' && strchr(item, ':') != colon) ||
	    (item[0] == '[' && colon[-1] != ']'))
		return true;
	*colon = '\0';
	return strtoul(colon + 1, &end, 10) == port && !*end;
}

static bool matches_domain(const char *item, const char *host)
{
	size_t n, k;

	if (*item == '.')
		item++;
	n = strlen(host);
	k = strlen(item);
	if (n && host[n - 1] == '.')
		n--;
	return k > 0 && n >= k && strncasecmp(host + n - k, item, k) == 0 &&
	       (n == k || host[n - k - 1] == '.');
}

static bool matches_item(char *item, const char *host, uint16_t port)
{
	struct address a = address_of(host), b;

	if (strcmp(item, "*") == 0)
		return true;
	if (strchr(item, '/'))
		return matches_network(item, &a);
	if (!takes_port(item, port))
		return false;
	if (item[0] == '[' && item[strlen(item) - 1] == ']') {
		item[strlen(item) - 1] = '\0';
		item++;
	}
	b = address_of(item);
	if (a.bits || b.bits)
		return a.bits == b.bits && is_in_network(&a, &b, b.bits);
	return matches_domain(item, host);
}

bool proxy_is_excluded(const char *no_proxy, const char *host, uint16_t port)
{
	const char *p = no_proxy ? no_proxy : "";

	while (*p) {
		size_t n = strcspn(p, ", \t");
		char item[ITEM_MAX];

		/* No host is that long. */
		if (n > 0 && n < sizeof(item)) {
			memcpy(item, p, n);
			item[n] = '\0';
			if (matches_item(item, host, port))
				return true;
		}
		p += n + (p[n] != '\0');
	}
	return false;
}

static bool is_set(const char *value)
{
	return value && *value;
}

const char *proxy_choose(const struct proxy_environment *env,
			 enum transport_kind kind, const char *host,
			 uint16_t port)
{
	if (proxy_is_excluded(env->no_proxy, host, port))
		return NULL;
	if (kind == TRANSPORT_WSS && is_set(env->https_proxy))
		return env->https_proxy;
	if (kind == TRANSPORT_WS && is_set(env->http_proxy))
		return env->http_proxy;
	return is_set(env->all_proxy) ? env->all_proxy : NULL;
}
