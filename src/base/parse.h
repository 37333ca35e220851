/* SPDX-License-Identifier: MIT */
#ifndef BASE_PARSE_H
#define BASE_PARSE_H

/*
 * Text to values, strictly: the whole text must be the value, no leading or
 * trailing blanks, no overflow. Any thread; nothing is owned or kept.
 *
 * Each returns 0 and sets the result, or returns -1, leaves it untouched and
 * sets e (ERR_USAGE) to what was expected, without the option's name (the
 * caller prefixes that): "'10x' is not a whole number from 1 to 65535".
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/err.h"

int parse_uint(const char *s, uint64_t min, uint64_t max, uint64_t *ret,
	       struct err *e) MUST_CHECK;
/* "500ms", "1.5s", "2m", "1h", "7d", "250us", "10ns"; a bare number counts
 * in the given unit (ns per unit, e.g. CLOCK_SEC). */
int parse_duration(const char *s, uint64_t bare_unit, uint64_t *ret_ns,
		   struct err *e) MUST_CHECK;
/* Bytes: "100", "64k", "1M", "2G" (powers of 1024; "kB" style accepted). */
int parse_size(const char *s, uint64_t max, uint64_t *ret, struct err *e)
	MUST_CHECK;
/* yes/no, true/false, on/off, 1/0. */
int parse_bool(const char *s, bool *ret, struct err *e) MUST_CHECK;
/* Finite decimal number within [min, max]. */
int parse_double(const char *s, double min, double max, double *ret,
		 struct err *e) MUST_CHECK;
/* 0 to 15, or -1 for what is no hexadecimal digit. */
int parse_hex_digit(uint8_t c);
/* Appends the decoded bytes to out: "0a1B", even count, no separators. */
int parse_hex(const char *s, struct buf *out, struct err *e) MUST_CHECK;
/* RFC 4648 section 4, padding required, appended to out. */
int parse_base64(const char *s, struct buf *out, struct err *e) MUST_CHECK;

#endif
