/* SPDX-License-Identifier: MIT */
#ifndef BENCH_RESULT_FILE_H
#define BENCH_RESULT_FILE_H

/*
 * Results as JSON: nothing that matters is lost, histograms included, so that
 * reports can be made and results be merged and compared at any later time.
 *
 * "schema" is the name and version of the form; readers refuse a newer major
 * version. Fields are only ever added within one. Main thread; blocking.
 */

#include <stdio.h>

#include "bench/result.h"

#define RESULT_SCHEMA "mqtt-bench/1"

/* A new object; NULL when out of memory. */
json_t *result_to_json(const struct result *r);
/* r must be initialised and is to be released either way. e names the member
 * that is wrong (ERR_USAGE). */
int result_from_json(json_t *root, struct result *r, struct err *e) MUST_CHECK;

/* Writes a temporary file beside it, syncs and renames it, so that a full
 * disk leaves no half result; "-" is stdout. */
int result_save(const struct result *r, const char *path, struct err *e)
	MUST_CHECK;
int result_load(const char *path, struct result *r, struct err *e) MUST_CHECK;

/* One line of NDJSON about an interval of a run, with its final newline. */
int interval_to_ndjson(const struct result *of, const struct interval *i,
		       struct buf *out) MUST_CHECK;

/* Writes a whole file the same safe way. */
int file_save(const char *path, struct bytes content, struct err *e) MUST_CHECK;
/* Could that be done now? Leaves nothing behind, and what is there alone. */
int file_check(const char *path, struct err *e) MUST_CHECK;
/* A pipe or a device, which is written as it is. */
bool file_is_special(const char *path);

#endif
