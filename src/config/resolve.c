/* SPDX-License-Identifier: MIT */
#include "config/resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"
#include "config/keep.h"
#include "mqtt/props.h"
#include "mqtt/types.h"

/* How long a session waits for a client that has its half in a store. */
#define STORE_EXPIRY (7 * 86400)

const char *told_by(const struct settings *s, size_t offset)
{
	static char text[2][ORIGIN_TEXT_MAX];
	static unsigned turn;
	const struct origin *from = settings_origin(s, offset);
	size_t i = 0;

	while (options[i].offset != offset || !(options[i].tools & s->tool))
		i++;
	return origin_text(text[turn++ % 2], &options[i], from);
}

static int read_all(int fd, size_t max, struct buf *out)
{
	for (;;) {
		uint8_t *room = buf_reserve(out, 4096);
		ssize_t n;

		if (!room) {
			errno = ENOMEM;
			return -1;
		}
		n = read(fd, room, 4096);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return (int)n;
		buf_commit(out, (size_t)n);
		if (buf_len(out) > max) {
			errno = EFBIG;
			return -1;
		}
	}
}

int resolve_file(struct settings *s, const char *path, size_t max,
		 struct bytes *ret, struct err *e)
{
	AUTO(buf_release) struct buf text = { 0 };
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc, saved;
	const char *copy;

	if (fd < 0)
		return err_sys(e, ERR_USAGE, "cannot read '%s'", path);
	rc = read_all(fd, max, &text);
	saved = errno;
	close(fd);
	errno = saved;
	if (rc)
		return err_sys(e, ERR_USAGE, "cannot read '%s'", path);
	copy = keep_bytes(s, buf_view(&text));
	if (!copy)
		return err_nomem(e);
	*ret = bytes_of(copy, buf_len(&text));
	return 0;
}

/* The first option in use that only MQTT 5 has; NULL when there is none. */
static const struct option *find_v5(const struct settings *s)
{
	for (size_t i = 0; i < option_count; i++)
		if ((options[i].tools & s->tool) &&
		    (options[i].flags & OPTION_V5) &&
		    s->origins[i].kind != ORIGIN_DEFAULT)
			return &options[i];
	return NULL;
}

int resolve_version(struct settings *s, struct err *e)
{
	const struct option *o = find_v5(s);

	s->client.version = (enum mqtt_version)s->typed.version;
	s->client.needs_v5 = o != NULL;
	if (!o || s->client.version == MQTT_AUTO || s->client.version == MQTT_5)
		return 0;
	return err_set(e, ERR_USAGE, 0, "%s needs MQTT 5, but %s says %s",
		       told_by(s, o->offset), TOLD_BY(s, typed.version),
		       s->client.version == MQTT_3_1 ? "3.1" : "3.1.1");
}

/* [MQTT-3.1.3-5] letters and digits, at most 23, suit every server. */
static int random_id(struct settings *s, struct err *e)
{
	static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz"
				     "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	uint8_t noise[14];
	char *id = keep_printf(s, "mqtt%s--------------",
			       tool_name(s->tool) + strlen("mqtt-"));
	size_t n;

	if (!id)
		return err_nomem(e);
	if (getrandom(noise, sizeof(noise), 0) != (ssize_t)sizeof(noise))
		return err_sys(e, ERR_LOCAL, "cannot get random numbers");
	n = strlen(id) - sizeof(noise);
	for (size_t i = 0; i < sizeof(noise); i++)
		id[n + i] = digits[noise[i] % (sizeof(digits) - 1)];
	s->typed.id = id;
	return 0;
}

static int resolve_id(struct settings *s, struct err *e)
{
	struct typed *t = &s->typed;
	int order = origin_compare(ORIGIN_OF(s, typed.id_prefix),
				   ORIGIN_OF(s, typed.id));

	if (t->id && t->id_prefix && !order)
		return err_set(e, ERR_USAGE, 0, "%s and %s exclude each other",
			       TOLD_BY(s, typed.id),
			       TOLD_BY(s, typed.id_prefix));
	if (order > 0) {
		t->id = keep_printf(s, "%s%ld", t->id_prefix, (long)getpid());
		if (!t->id)
			return err_nomem(e);
		if (strlen(t->id) > MQTT_STRING_MAX)
			return err_set(e, ERR_USAGE, 0, "%s is too long",
				       TOLD_BY(s, typed.id_prefix));
	} else if (!t->id) {
		return random_id(s, e);
	}
	return 0;
}

/* A session that outlives the connection belongs to a fixed client id. */
static int resolve_session(struct settings *s, struct err *e)
{
	struct typed *t = &s->typed;
	bool is_endless = IS_SET(s, typed.session_expiry) &&
			  t->session_expiry == MQTT_EXPIRY_NEVER;

	if ((t->keep_session || is_endless) && !s->store.path &&
	    (!IS_SET(s, typed.id) || !*t->id))
		return err_set(e, ERR_USAGE, 0,
			       "%s needs --id: a session belongs to a client "
			       "id",
			       t->keep_session
				       ? TOLD_BY(s, typed.keep_session)
				       : TOLD_BY(s, typed.session_expiry));
	s->client.connect.clean_start = !t->keep_session && !s->store.path;
	s->client.keep_session = t->keep_session || t->session_expiry > 0 ||
				 s->store.path;
	return 0;
}

/* CONNECT's properties that follow from other options; they do not need
 * MQTT 5, they only go along with it. */
static int imply_props(struct settings *s, struct err *e)
{
	struct bytes *list = &s->client.connect.props;
	struct typed *t = &s->typed;

	/* With -C mosquitto_sub announces a receive maximum as small as the
	 * count. Not so here: its own broker (2.0.11) overruns that, and what
	 * is not taken over stays with the broker anyway. */
	if ((!t->keep_session && !s->store.path) ||
	    IS_SET(s, typed.session_expiry))
		return 0;
	t->session_expiry = t->keep_session ? MQTT_EXPIRY_NEVER : STORE_EXPIRY;
	return resolve_implied(s,
			       &(struct implied_prop){ PROP_SESSION_EXPIRY,
						       t->session_expiry },
			       list, e);
}

/* [MQTT-3.1.2-22] a password without a user name is new in MQTT 5. */
static int resolve_user(struct settings *s, struct err *e)
{
	struct typed *t = &s->typed;
	bool has_password = t->password || t->url_password ||
			    t->password_file || t->password_command ||
			    t->password_prompt || IS_SET(s, typed.password_fd);

	s->client.connect.user = bytes_str(t->user);
	if (t->user || !has_password)
		return 0;
	if (t->version == MQTT_3_1 || t->version == MQTT_3_1_1)
		return err_set(e, ERR_USAGE, 0,
			       "a password without --user needs MQTT 5, but "
			       "%s says otherwise",
			       TOLD_BY(s, typed.version));
	s->client.needs_v5 = true;
	return 0;
}

int resolve_connect(struct settings *s, struct err *e)
{
	struct connect *c = &s->client.connect;

	if (resolve_id(s, e) || resolve_session(s, e) || resolve_user(s, e) ||
	    resolve_keepalive(s, e))
		return -1;
	c->client_id = bytes_str(s->typed.id);
	if (resolve_auth(s, e) ||
	    resolve_props(s, "connect", PROP_IN(PACKET_CONNECT), &c->props,
			  e) ||
	    imply_props(s, e))
		return -1;
	return resolve_props(s, "disconnect", PROP_IN(PACKET_DISCONNECT),
			     &s->disconnect.props, e);
}

static void resolve_reconnect(struct settings *s)
{
	struct reconnect_params *r = &s->client.reconnect;
	bool is_stream = s->tool != TOOL_PUB || s->typed.stdin_lines ||
			 s->pub.flush;

	if (!IS_SET(s, typed.reconnect))
		s->typed.reconnect = is_stream;
	/* A single message is sent again to learn its fate, unless the user
	 * said no. */
	r->resend_only = !s->typed.reconnect && !is_stream &&
			 !IS_SET(s, typed.reconnect);
	r->is_enabled = s->typed.reconnect || r->resend_only;
	r->delay = s->typed.reconnect_delay;
	r->max_delay = s->typed.reconnect_max_delay;
	r->max_attempts = s->typed.reconnect_attempts;
	r->max_elapsed = s->typed.reconnect_time;
	r->stable_after = s->typed.reconnect_stable;
	r->retry_refused = s->typed.reconnect_refused;
	r->retry_first = s->typed.reconnect_first;
}

void resolve_log_level(struct settings *s)
{
	s->client.trace = s->typed.debug;
	s->run.log_level = s->typed.debug   ? LOG_DEBUG
			   : s->typed.quiet ? LOG_QUIET
					    : LOG_WARN;
}

int resolve_client(struct settings *s, struct err *e)
{
	if (resolve_store(s, e) || resolve_servers(s, e) ||
	    resolve_version(s, e) || resolve_connect(s, e) ||
	    resolve_will(s, e))
		return -1;
	if (s->typed.reconnect_max_delay < s->typed.reconnect_delay)
		return err_set(e, ERR_USAGE, 0,
			       "%s is longer than --reconnect-max-delay",
			       TOLD_BY(s, typed.reconnect_delay));
	resolve_reconnect(s);
	resolve_log_level(s);
	s->client.connect_timeout = s->typed.connect_timeout;
	s->client.session.inflight = (uint16_t)s->typed.inflight;
	s->client.session.aliases_out = (uint16_t)s->typed.topic_alias;
	return 0;
}
