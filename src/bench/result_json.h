/* SPDX-License-Identifier: MIT */
#ifndef BENCH_RESULT_JSON_H
#define BENCH_RESULT_JSON_H

/*
 * The JSON forms of a result's parts: result_write.c makes them,
 * result_read.c takes them apart. Private to these and result_file.c.
 */

#include <jansson.h>

#include "bench/result.h"

/* {"count":n, "min":ns, "max":ns, "over":n, "buckets":[gap, count, ...]}:
 * each gap is how many slots lie between this used one and the one before. */
json_t *hist_to_json(const struct hist *h);
int hist_from_json(json_t *o, struct hist *h, struct err *e) MUST_CHECK;

#endif
