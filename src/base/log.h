/* SPDX-License-Identifier: MIT */
#ifndef BASE_LOG_H
#define BASE_LOG_H

/*
 * Trace and status lines on stderr: levels, one write per line, control
 * bytes from the wire made visible. Any thread; lines never mix. It owns the
 * level and the program name, which are set once at start.
 *
 * This is not how errors reach the user: those travel as struct err and are
 * printed by tools/tool.c alone (with log_line).
 */

#include "base/attr.h"

enum log_level { LOG_QUIET, LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* Both before any thread starts. name must outlive the process's use. */
void log_init(const char *name, enum log_level level);
enum log_level log_get_level(void);

/* One line "<name>: <text>"; nothing when level is above the set one. */
void log_line(enum log_level level, const char *fmt, ...) PRINTF(2, 3);

#define log_debug(...)                                    \
	do {                                              \
		if (log_get_level() >= LOG_DEBUG)         \
			log_line(LOG_DEBUG, __VA_ARGS__); \
	} while (0)

#endif
