/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_SAVE_H
#define TOOLS_BENCH_SAVE_H

/*
 * Output of the commands that have more to tell than the result of one run:
 * a text for people and an object for programs. Main thread; blocking.
 */

#include <jansson.h>

#include "tools/bench.h"

/* Prints the text, and writes the object (taken over; NULL: none) to where
 * --json says. Where that is standard output, the text goes to standard
 * error. ERR_LOCAL. */
int bench_print_and_save(struct bench *b, struct bytes text, json_t *o,
			 struct err *e) MUST_CHECK;

#endif
