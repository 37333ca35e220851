/* SPDX-License-Identifier: MIT */
/* What the kernel's tables say about the way out. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "net/uplink.h"
#include "test.h"

static char dir[] = "/tmp/mqtt-uplink-XXXXXX";

static void put(const char *name, const char *text)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	ok(f && fputs(text, f) >= 0);
	if (f)
		fclose(f);
}

static void clear(void)
{
	static const char *const names[] = { "route", "arp", "ipv6_route" };
	char path[128];

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		(void)unlink(path);
	}
}

#define HEAD "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\n"
#define LAN "eth0\t0002A8C0\t00000000\t0001\t0\t0\t0\n"

static void the_gateways_address_names_the_network(void)
{
	char name[128];

	ok(mkdtemp(dir) != NULL);
	uplink_name(dir, name, sizeof(name));
	is_str(name, "none");
	put("route", HEAD LAN);
	uplink_name(dir, name, sizeof(name));
	is_str(name, "none", "a local network leads nowhere");
	put("route", HEAD LAN "wlan0\t00000000\t0102A8C0\t0003\t0\t0\t0\n");
	uplink_name(dir, name, sizeof(name));
	is_str(name, "wlan0 192.168.2.1");
	put("arp", "IP address HW type Flags HW address Mask Device\n"
		   "192.168.2.7 0x1 0x2 52:54:00:00:00:07 * wlan0\n"
		   "192.168.2.1 0x1 0x2 52:54:00:12:34:56 * wlan0\n");
	uplink_name(dir, name, sizeof(name));
	is_str(name, "wlan0 52:54:00:12:34:56");
	put("arp", "192.168.2.1 0x1 0x0 00:00:00:00:00:00 * wlan0\n");
	uplink_name(dir, name, sizeof(name));
	is_str(name, "wlan0 192.168.2.1", "not resolved");
	clear();
}

#define ZERO "00000000000000000000000000000000"

static void without_ipv4_the_next_hop_of_ipv6_does(void)
{
	char name[128];

	put("ipv6_route",
	    ZERO " 00 " ZERO " 00 " ZERO " ffffffff 1 0 00200200 lo\n"
		 "fe800000000000000000000000000000 40 " ZERO " 00 " ZERO
		 " 00000100 1 0 00000001 eth0\n" ZERO " 00 " ZERO
		 " 00 fe800000000000000000000000000001"
		 " 00000400 1 0 00000003 eth0\n");
	uplink_name(dir, name, sizeof(name));
	is_str(name, "eth0 fe800000000000000000000000000001");
	put("ipv6_route", "nonsense\n");
	uplink_name(dir, name, sizeof(name));
	is_str(name, "none");
	clear();
	ok(rmdir(dir) == 0);
}

TEST_MAIN(T(the_gateways_address_names_the_network),
	  T(without_ipv4_the_next_hop_of_ipv6_does))
