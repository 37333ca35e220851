/* SPDX-License-Identifier: MIT */
#ifndef CONFIG_HELP_H
#define CONFIG_HELP_H

/* What --help and --version print, from the option table. Main thread; the
 * text is appended to the caller's buffer; -1 when out of memory. */

#include "base/buf.h"
#include "config/settings.h"

int help_text(enum tool tool, struct buf *out) MUST_CHECK;
int version_text(enum tool tool, struct buf *out) MUST_CHECK;
/* "-t TOPIC (-m TEXT | -f FILE | -n | -s | -l) [OPTION...]" */
const char *help_synopsis(enum tool tool);
/* "Publish messages to an MQTT broker" */
const char *help_purpose(enum tool tool);

#endif
