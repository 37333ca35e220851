/* SPDX-License-Identifier: MIT */
#ifndef BENCH_DOCUMENT_H
#define BENCH_DOCUMENT_H

/*
 * YAML by a libcyaml schema, with mistakes told as "file:line:column: what
 * was wrong, what was expected": libcyaml says the first half only to its
 * log, and knows nothing of values that are checked later (durations, rates,
 * templates). libcyaml takes any text for a boolean: schemas here have an
 * enumeration instead. Blocking, one thread; what is loaded belongs to the
 * caller.
 */

#include <cyaml/cyaml.h>

#include "base/bytes.h"
#include "base/err.h"

/* A text and the name that errors call it by. */
struct document_source {
	const char *name;
	struct bytes text;
};

/* *ret is a structure as the schema (a mapping by pointer) describes it; an
 * empty document is an error. ERR_USAGE in e. */
int document_load(const struct document_source *s,
		  const cyaml_schema_value_t *schema, void **ret, struct err *e)
	MUST_CHECK;
void document_free(const cyaml_schema_value_t *schema, void *data);

/* Puts "file:line:column: path: " in front of e, for a value that turned out
 * to be wrong: path as in "groups[0].publish[2].rate". Without such a node
 * the position of its nearest ancestor. Returns -1. */
int document_blame(const struct document_source *s, const char *path,
		   struct err *e);

#endif
