/* SPDX-License-Identifier: MIT */
#ifndef CONFIG_ENVIRON_H
#define CONFIG_ENVIRON_H

/*
 * The variables MQTT_TOOLS_*, by the option table. For settings_load() and
 * the tests; main thread only, before other threads are started.
 */

#include "config/option.h"

/*
 * Notes what the variables say and takes them out of env (the array is
 * compacted in place, secrets are overwritten), so that programs started
 * later do not inherit them. Empty ones count as not set. Names that are not
 * known, or not allowed here, become warnings.
 */
int environ_take(struct settings *s, char **env, struct setting_list *ret,
		 struct err *e) MUST_CHECK;

/* Notes ALL_PROXY and its kin, which stay: they are not ours alone. */
void environ_proxies(struct settings *s, char **env);

#endif
