/* SPDX-License-Identifier: MIT */
#include "net/uplink.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { LINE_SIZE = 256, NAME_SIZE = 32, ADDRESS_SIZE = 64 };

struct uplink {
	char interface[NAME_SIZE];
	char gateway[ADDRESS_SIZE];
};

/* Calls fn for each line until it has found what it wants. */
static bool scan(const char *dir, const char *file, struct uplink *u,
		 bool (*fn)(struct uplink *u, const char *line))
{
	char path[LINE_SIZE], line[LINE_SIZE];
	bool is_found = false;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	f = fopen(path, "re");
	while (f && !is_found && fgets(line, sizeof(line), f))
		is_found = fn(u, line);
	if (f)
		fclose(f);
	return is_found;
}

/* Iface Destination Gateway Flags ...; addresses in hexadecimal as they lie
 * in memory. */
static bool is_default_route(struct uplink *u, const char *line)
{
	uint32_t destination, gateway;
	struct in_addr a;

	if (sscanf(line, "%31s %8x %8x", u->interface, &destination,
		   &gateway) != 3 ||
	    destination || !gateway)
		return false;
	a.s_addr = gateway;
	return inet_ntop(AF_INET, &a, u->gateway, sizeof(u->gateway)) != NULL;
}

/* Destination, prefix, source, prefix, next hop, metric, ..., interface. */
static bool is_default_route6(struct uplink *u, const char *line)
{
	char destination[ADDRESS_SIZE];
	unsigned prefix;

	return sscanf(line, "%63s %x %*s %*s %63s %*s %*s %*s %*s %31s",
		      destination, &prefix, u->gateway, u->interface) == 4 &&
	       prefix == 0 && strspn(destination, "0") == 32 &&
	       strspn(u->gateway, "0") != 32;
}

/* IP address, HW type, flags, HW address, mask, device. A MAC names the
 * gateway better than 192.168.0.1 does. */
static bool is_gateway(struct uplink *u, const char *line)
{
	char ip[ADDRESS_SIZE], mac[ADDRESS_SIZE];

	if (sscanf(line, "%63s %*s %*s %63s", ip, mac) != 2 ||
	    strcmp(ip, u->gateway) != 0 || strspn(mac, "0:") == strlen(mac))
		return false;
	memcpy(u->gateway, mac, sizeof(mac));
	return true;
}

void uplink_name(const char *proc_net, char *dst, size_t size)
{
	struct uplink u = { .gateway = "" };

	if (scan(proc_net, "route", &u, is_default_route))
		(void)scan(proc_net, "arp", &u, is_gateway);
	else if (!scan(proc_net, "ipv6_route", &u, is_default_route6)) {
		snprintf(dst, size, "none");
		return;
	}
	snprintf(dst, size, "%s %s", u.interface, u.gateway);
}
