/* SPDX-License-Identifier: MIT */
#ifndef HELPER_PROXY_H
#define HELPER_PROXY_H

/*
 * The fault proxy in three parts: proxy.c has the connections and the event
 * loop, proxy_flow.c one direction of a connection (what is let through,
 * when, in which pieces, and what was in it), proxy_rule.c the commands.
 * One thread.
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/err.h"
#include "mqtt/types.h"

enum direction { UP, DOWN }; /* from the client, to the client */

enum action {
	ACT_STALL,      /* stop reading: the sender's window fills */
	ACT_BLACK_HOLE, /* read and throw away */
	ACT_HALF_CLOSE, /* end of stream to the receiver, the rest is lost */
	ACT_CUT,        /* close both sides in good order */
	ACT_RESET,      /* RST to both sides */
	ACT_LATENCY,    /* let through after a while */
	ACT_CHUNK,      /* let through in pieces */
	ACT_IDLE,       /* black hole after silence in both directions */
	ACT_RESUME,     /* back to normal */
	ACT_REFUSE,     /* stop listening */
	ACT_ACCEPT,     /* listen again */
};

enum trigger { AT_ONCE, AFTER_BYTES, BEFORE_PACKET };

struct rule {
	unsigned conn;   /* number of the connection; 0: each */
	bool applies[2]; /* by direction */
	enum trigger trigger;
	unsigned type; /* BEFORE_PACKET: packet type, 0: any */
	uint64_t nth;  /* its number from 1 on, or bytes */
	enum action action;
	uint64_t time;    /* ns: latency, pace of pieces, idle time */
	size_t size;      /* of a piece */
	bool is_for_both; /* directions, though it fires in one */
};

enum { RULES_MAX = 64 };

struct rules {
	struct rule all[RULES_MAX];
	size_t count;
};

/* See the top of proxy.c for the language. */
int rule_parse(const char *text, struct rule *ret, struct err *e) MUST_CHECK;

struct chunk;

struct flow {
	enum direction direction;
	unsigned conn;
	int from, to;
	const struct rules *rules;
	uint64_t fired; /* rules that have, one bit each */

	struct buf in;               /* read, not let through */
	struct chunk *first, **tail; /* let through, not written */
	size_t queued;
	uint64_t passed;    /* bytes let through */
	uint64_t begun[16]; /* packets by type; [0]: all of them */
	struct buf header;  /* of the packet whose length is not known */
	uint64_t left;      /* of the packet that is passing */

	bool is_stalled, is_black_hole;
	bool has_ended; /* the sender closed its half */
	bool is_ending; /* tell the receiver, once all is written */
	bool is_shut;   /* the receiver has been told */
	uint64_t latency, pace, next_write;
	size_t piece; /* 0: whatever the socket takes */

	FILE *record;               /* or NULL */
	struct buf packet;          /* being recorded */
	enum mqtt_version *version; /* shared by both directions */
	uint64_t start;             /* of the program, for the record */
};

void flow_init(struct flow *f);
void flow_release(struct flow *f);
/* Does it want to read now? */
bool flow_wants(const struct flow *f);
/* When it has something to write: 0 at once, CLOCK_NEVER nothing. */
uint64_t flow_due(const struct flow *f);

enum flow_result {
	FLOW_OK,
	FLOW_BROKEN, /* a socket failed: reset both sides */
	FLOW_FIRED,  /* a rule for the connection is in *ret_rule */
};

/* Reads once. */
enum flow_result flow_read(struct flow *f);
/* Lets through what rules permit, until one of them fires. */
enum flow_result flow_pass(struct flow *f, uint64_t now,
			   const struct rule **ret_rule);
/* Writes what is due. */
enum flow_result flow_write(struct flow *f, uint64_t now);
/* Applies what concerns a direction alone; false for the other actions. */
bool flow_apply(struct flow *f, const struct rule *r);

#endif
