/* SPDX-License-Identifier: MIT */
#ifndef CONFIG_SUBSCRIBE_H
#define CONFIG_SUBSCRIBE_H

/*
 * What --subscribe takes: FILTER[,OPTION...], a topic filter with options of
 * its own. Pure text work; nothing is owned.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/err.h"

/* What the text says; the has_ bits tell what it does not leave open. */
struct subscribe_spec {
	struct bytes filter; /* view into the text */
	bool has_qos, has_no_local, has_retain_as_published;
	bool has_retain_handling;
	uint8_t qos, retain_handling;
	bool no_local, retain_as_published;
	uint32_t id; /* 0: none */
};

/* e names the part that is wrong (ERR_USAGE). */
int subscribe_parse(const char *text, struct subscribe_spec *ret, struct err *e)
	MUST_CHECK;

#endif
