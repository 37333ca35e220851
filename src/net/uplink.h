/* SPDX-License-Identifier: MIT */
#ifndef NET_UPLINK_H
#define NET_UPLINK_H

/*
 * By which network is this machine connected? "eth0 52:54:00:12:34:56": the
 * interface of the default route and who the gateway is, so that what was
 * learned at home is not believed at work. Any thread; reads small files of
 * the kernel; nothing owned.
 */

#include <stddef.h>

/* proc_net: "/proc/net", or what stands for it in tests. Without a default
 * route "none". */
void uplink_name(const char *proc_net, char *dst, size_t size);

#endif
