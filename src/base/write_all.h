/* SPDX-License-Identifier: MIT */
#ifndef BASE_WRITE_ALL_H
#define BASE_WRITE_ALL_H

/*
 * write(2) until all is written, whatever interrupts it. For files and pipes
 * that block; any thread, and no state. The caller says what went wrong: -1
 * leaves errno, and some of the bytes may have been written.
 */

#include "base/attr.h"
#include "base/bytes.h"

int write_all(int fd, struct bytes b) MUST_CHECK;

#endif
