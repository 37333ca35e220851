/* SPDX-License-Identifier: MIT */
#ifndef CONFIG_DIALOGUE_H
#define CONFIG_DIALOGUE_H

/*
 * Authentication by a method that only the user knows: data as it is, from a
 * file, or a command that answers the broker step by step (--auth-command in
 * the man page has its language). Made and freed on the main thread, used on
 * the receive thread between. All strings are borrowed.
 */

#include <stdint.h>

#include "base/bytes.h"
#include "client/params.h"

struct dialogue_source {
	const char *method;
	const char *told_by; /* what names file or command, for errors */
	const char *command; /* or */
	const char *file;    /* or */
	struct bytes data;   /* also absent */
	uint64_t within;     /* ns for each step */
};

int dialogue_init(struct client_auth *ret, const struct dialogue_source *src,
		  struct err *e) MUST_CHECK;
/* Ends a command that still runs. */
void dialogue_release(struct client_auth *a);

#endif
