/* SPDX-License-Identifier: MIT */
#ifndef MQTT_TOPIC_H
#define MQTT_TOPIC_H

/*
 * Topic names and topic filters: legal form and matching [MQTT-4.7, 4.8].
 * Pure and thread-free; nothing is allocated.
 */

#include <stdbool.h>

#include "base/bytes.h"

/* NULL when legal, else a static text for "topic 'x': <text>". */
const char *topic_check_name(struct bytes name);
const char *topic_check_filter(struct bytes filter);

/* $share/GROUP/FILTER: true, and the two parts; both legal only if
 * topic_check_filter() accepted the whole [MQTT-4.8.2-1,-2]. */
bool topic_is_shared(struct bytes filter, struct bytes *ret_group,
		     struct bytes *ret_filter);

bool topic_has_wildcard(struct bytes filter);

/* Does the (unshared) filter match the name? Names that begin with '$' are
 * not matched by a leading wildcard [MQTT-4.7.2-1]. */
bool topic_matches(struct bytes filter, struct bytes name);

#endif
