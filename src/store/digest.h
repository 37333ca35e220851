/* SPDX-License-Identifier: MIT */
#ifndef STORE_DIGEST_H
#define STORE_DIGEST_H

/*
 * SHA-256, as far as a store needs it: to know an input again. Pure
 * functions, any thread, nothing owned.
 */

#include <stdint.h>

#include "base/bytes.h"

enum { DIGEST_SIZE = 32 };

void digest_of(struct bytes b, uint8_t ret[DIGEST_SIZE]);
/* A running digest over records, their borders included. Starts as zeros. */
void digest_chain(uint8_t chain[DIGEST_SIZE], struct bytes record);

#endif
