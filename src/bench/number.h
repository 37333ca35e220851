/* SPDX-License-Identifier: MIT */
#ifndef BENCH_NUMBER_H
#define BENCH_NUMBER_H

/*
 * Numbers with the units of a load test, strictly, as base/parse.h does it:
 * 0, or -1 with the result untouched and e (ERR_USAGE) saying what was
 * expected. Pure; any thread.
 */

#include <stdint.h>

#include "base/err.h"

/* "100", "0.5/s", "20k/s", "1.5M", "60/min", "3600/h": per second. */
int number_rate(const char *s, double *ret, struct err *e) MUST_CHECK;
/* "10%", "+5%", "-2.5%" as a share: 0.1; at least min (a share too). */
int number_percent(const char *s, double min, double *ret, struct err *e)
	MUST_CHECK;
/* "16" or "16-256" or "1k-4k": sizes in bytes up to max. */
int number_sizes(const char *s, uint64_t max, uint64_t ret[2], struct err *e)
	MUST_CHECK;

#endif
