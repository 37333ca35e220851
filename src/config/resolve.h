/* SPDX-License-Identifier: MIT */
#ifndef CONFIG_RESOLVE_H
#define CONFIG_RESOLVE_H

/*
 * From what was typed to what is to be done: cross checks, values that
 * follow from others, client parameters, property lists. The parts of
 * settings_load(), called once every source has been read; main thread only.
 * Each fails with one line that names the options concerned (ERR_USAGE).
 */

#include "config/option.h"

/* Servers, session, credentials, will: what all tools have. */
int resolve_client(struct settings *s, struct err *e) MUST_CHECK;
/* What the tool is to do: payload mode, filters ... */
int resolve_pub(struct settings *s, struct err *e) MUST_CHECK;
int resolve_sub(struct settings *s, struct err *e) MUST_CHECK;
int resolve_bench(struct settings *s, struct err *e) MUST_CHECK;
/* --quiet and --debug; resolve_client() does it too. */
void resolve_log_level(struct settings *s);
/* Opens the source of the password: it may ask on the terminal. */
int resolve_password(struct settings *s, struct err *e) MUST_CHECK;

/* Parts of resolve_client(). */
int resolve_store(struct settings *s, struct err *e) MUST_CHECK;
int resolve_servers(struct settings *s, struct err *e) MUST_CHECK;
int resolve_version(struct settings *s, struct err *e) MUST_CHECK;
int resolve_connect(struct settings *s, struct err *e) MUST_CHECK;
int resolve_will(struct settings *s, struct err *e) MUST_CHECK;
/* The kernel's part in noticing a dead peer; its own probes only when MQTT
 * has none. */
struct socket_options;
void resolve_socket(const struct settings *s, struct socket_options *ret);
int resolve_keepalive(struct settings *s, struct err *e) MUST_CHECK;
/* mqtt-sub, once the filters are known. */
int check_heartbeat(const struct settings *s, struct err *e) MUST_CHECK;
/* Enhanced authentication; released with the settings. */
int resolve_auth(struct settings *s, struct err *e) MUST_CHECK;
void release_auth(struct settings *s);
/* How to reach a server: u says which scheme, port and path (0 and NULL for
 * what is not said); server->host is set. Fills in transport and port. */
struct url;
int resolve_transport(struct settings *s, const struct url *u,
		      struct client_server *server, struct err *e) MUST_CHECK;
/* What resolve_transport() has made; harmless before. */
void release_transports(struct settings *s);
/* TLS and WebSocket, once all servers are known. */
int check_transports(struct settings *s, struct err *e) MUST_CHECK;

/*
 * The property list of a packet, from the rows of the tool whose property
 * begins with its name ("publish"); rows that were not set are left out, and
 * so are those that struct publish carries by itself. Checked for the packet
 * (PROP_IN_...). The list is kept with the settings.
 */
int resolve_props(struct settings *s, const char *command, uint32_t packet,
		  struct bytes *ret, struct err *e) MUST_CHECK;

/* Adds a numeric property that follows from other options to a list. */
struct implied_prop {
	uint8_t id;
	uint32_t num;
};
int resolve_implied(struct settings *s, const struct implied_prop *p,
		    struct bytes *list, struct err *e) MUST_CHECK;

/* Checks a topic or filter that came with --url. */
int resolve_url_topic(const struct settings *s,
		      const char *(*check)(struct bytes), struct err *e)
	MUST_CHECK;

/* "option '-c'" ...: how a field was set, for messages; static storage, two
 * can be used at once. */
const char *told_by(const struct settings *s, size_t offset);
#define TOLD_BY(s, field) told_by((s), offsetof(struct settings, field))
/* The whole of a file, at most max bytes, kept with the settings. */
int resolve_file(struct settings *s, const char *path, size_t max,
		 struct bytes *ret, struct err *e) MUST_CHECK;

#endif
