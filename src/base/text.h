/* SPDX-License-Identifier: MIT */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

/*
 * Text helpers that more than one layer needs: UTF-8, base64 and hex output,
 * making bytes from the wire safe to show, and guessing at misspelt names.
 * Any thread; results go to the caller's buffers.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/bytes.h"

/* Well-formed UTF-8: no overlong forms, no surrogates, nothing above
 * U+10FFFF. U+0000 is well-formed here; MQTT strings refuse it elsewhere. */
bool text_is_utf8(struct bytes b);

int text_base64(struct buf *out, struct bytes data) MUST_CHECK;
/* Lower or upper case, no separators. */
int text_hex(struct buf *out, struct bytes data, bool upper) MUST_CHECK;

/* Writes at most size-1 bytes plus NUL: b with control characters, DEL, C1
 * controls and malformed UTF-8 shown as \xHH, so that nothing from the wire
 * can drive a terminal. A cut text ends in "...". Returns dst. */
char *text_visible(char *dst, size_t size, struct bytes b);
/* The same of any length, where line ends and tabs are fine: they stay. */
int text_append_visible(struct buf *out, struct bytes b) MUST_CHECK;

/* The best "did you mean" for word among n names (edit distance at most a
 * third of its length), or NULL. */
const char *text_nearest(const char *word, const char *const *names, size_t n);

#endif
