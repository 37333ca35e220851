/* SPDX-License-Identifier: MIT */
#ifndef NET_SRV_H
#define NET_SRV_H

/*
 * DNS SRV records (RFC 2782): which hosts and ports serve a domain. The
 * query blocks, so it runs in the resolver's thread; the rest is pure. Only
 * net/resolve.c uses it.
 */

#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"

/* More servers than this are not tried. */
#define SRV_MAX 16

struct srv_record {
	uint16_t priority, weight, port;
	char host[256];
};

/* Asks for a name like "_mqtt._tcp.example.org", waiting as long as the
 * system's resolver does. The number of records, in the order in which to
 * try them; -1 with e (ERR_RESOLVE), also when there are none. */
int srv_query(const char *name, struct srv_record ret[SRV_MAX], struct err *e)
	MUST_CHECK;

/* Reads an answer as it was on the wire. The number of records (SRV_MAX at
 * most), or -1 when it is malformed. */
int srv_parse(struct bytes answer, struct srv_record ret[SRV_MAX]) MUST_CHECK;

/* Lowest priority first; within one, by chance in proportion to weight.
 * random gives numbers from 0 to a maximum. */
void srv_order(struct srv_record *list, size_t count,
	       uint32_t (*random)(uint32_t max));

#endif
