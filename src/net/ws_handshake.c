/* SPDX-License-Identifier: MIT */
#include "net/ws_handshake.h"

#include <mbedtls/md.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "net/http.h"

enum { SHA1_SIZE = 20 };

int ws_accept_of(const char *key, char ret[WS_ACCEPT_SIZE])
{
	static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
	uint8_t digest[SHA1_SIZE];
	char text[WS_KEY_SIZE + sizeof(guid)];
	struct buf out;
	int n = snprintf(text, sizeof(text), "%s%s", key, guid);
	int status = -1;

	buf_init(&out, WS_ACCEPT_SIZE);
	if (n > 0 && (size_t)n < sizeof(text) &&
	    mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_SHA1),
		       (const uint8_t *)text, (size_t)n, digest) == 0 &&
	    text_base64(&out, bytes_of(digest, sizeof(digest))) == 0) {
		snprintf(ret, WS_ACCEPT_SIZE, "%.*s", (int)buf_len(&out),
			 (const char *)buf_view(&out).p);
		status = 0;
	}
	buf_release(&out);
	return status;
}

/* ----------------------------------------------------------------- request */

/* A header's name ends at the colon; 0 when it is none (RFC 9110, token). */
static size_t name_length(const char *header)
{
	static const char token[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789!#$%&'*+-.^_`|~";
	size_t n = strspn(header, token);

	return header[n] == ':' ? n : 0;
}

static bool is_named(const char *header, const char *name)
{
	size_t n = strlen(name);

	return strncasecmp(header, name, n) == 0 && header[n] == ':';
}

/* Nothing may end the line early or drive a terminal. */
static bool is_line(const char *text)
{
	for (; *text; text++)
		if (((unsigned char)*text < ' ' && *text != '\t') ||
		    *text == 0x7f)
			return false;
	return true;
}

static int check_header(const char *header, struct err *e)
{
	static const char *const ours[] = {
		"Upgrade",
		"Connection",
		"Sec-WebSocket-Key",
		"Sec-WebSocket-Version",
		"Sec-WebSocket-Protocol",
		"Sec-WebSocket-Extensions",
		"Content-Length",
		"Transfer-Encoding",
	};
	char shown[64];

	text_visible(shown, sizeof(shown), bytes_str(header));
	if (!name_length(header) || !is_line(header))
		return err_set(e, ERR_USAGE, 0,
			       "WebSocket header '%s' is not "
			       "of the form 'Name: value'",
			       shown);
	for (size_t i = 0; i < ARRAY_SIZE(ours); i++)
		if (is_named(header, ours[i]))
			return err_set(e, ERR_USAGE, 0,
				       "the WebSocket header "
				       "%s cannot be set: the protocol needs "
				       "it",
				       ours[i]);
	return 0;
}

static int check_options(const struct ws_options *o, const char *path,
			 struct err *e)
{
	char shown[64];

	for (size_t i = 0; i < o->header_count; i++)
		if (check_header(o->headers[i], e) < 0)
			return -1;
	text_visible(shown, sizeof(shown), bytes_str(path));
	for (const char *c = path; *c; c++)
		if ((unsigned char)*c <= ' ' || (unsigned char)*c >= 0x7f)
			return err_set(e, ERR_USAGE, 0,
				       "WebSocket path '%s' "
				       "has characters that must be "
				       "percent-encoded",
				       shown);
	if (path[0] != '/')
		return err_set(e, ERR_USAGE, 0,
			       "WebSocket path '%s' does not "
			       "start with '/'",
			       shown);
	if (!is_line(o->origin ? o->origin : "") ||
	    !is_line(o->subprotocol ? o->subprotocol : ""))
		return err_set(e, ERR_USAGE, 0,
			       "the WebSocket origin or "
			       "subprotocol has control characters");
	return 0;
}

static bool has_own(const struct ws_options *o, const char *name)
{
	for (size_t i = 0; i < o->header_count; i++)
		if (is_named(o->headers[i], name))
			return true;
	return false;
}

static int put_host(struct buf *out, const struct ws_peer *peer)
{
	bool is_v6 = strchr(peer->host, ':') != NULL;

	if (buf_printf(out, "Host: %s%s%s", is_v6 ? "[" : "", peer->host,
		       is_v6 ? "]" : "") < 0)
		return -1;
	if (peer->port != peer->default_port &&
	    buf_printf(out, ":%u", (unsigned int)peer->port) < 0)
		return -1;
	return buf_append_str(out, "\r\n");
}

static int put_optional(struct buf *out, const struct ws_options *o)
{
	const char *subprotocol = o->subprotocol ? o->subprotocol : "mqtt";

	if (*subprotocol &&
	    buf_printf(out, "Sec-WebSocket-Protocol: %s\r\n", subprotocol) < 0)
		return -1;
	if (o->origin && !has_own(o, "Origin") &&
	    buf_printf(out, "Origin: %s\r\n", o->origin) < 0)
		return -1;
	if ((o->user || o->password) && !has_own(o, "Authorization") &&
	    http_add_basic(out, "Authorization", o->user, o->password) < 0)
		return -1;
	for (size_t i = 0; i < o->header_count; i++)
		if (buf_printf(out, "%s\r\n", o->headers[i]) < 0)
			return -1;
	return 0;
}

static int put_request(struct buf *out, const struct ws_options *o,
		       const struct ws_peer *peer, const char *key)
{
	if (buf_printf(out, "GET %s HTTP/1.1\r\n",
		       o->path ? o->path : "/mqtt") < 0 ||
	    (!has_own(o, "Host") && put_host(out, peer) < 0) ||
	    buf_printf(out,
		       "Upgrade: websocket\r\nConnection: Upgrade\r\n"
		       "Sec-WebSocket-Key: %s\r\n"
		       "Sec-WebSocket-Version: 13\r\n",
		       key) < 0 ||
	    put_optional(out, o) < 0)
		return -1;
	return buf_append_str(out, "\r\n");
}

int ws_compose_request(struct buf *out, const struct ws_options *o,
		       const struct ws_peer *peer, const char *key,
		       struct err *e)
{
	if (check_options(o, o->path ? o->path : "/mqtt", e) < 0)
		return -1;
	if (!is_line(peer->host) || strchr(peer->host, ' '))
		return err_set(e, ERR_USAGE, 0,
			       "the host name has a blank or "
			       "control character");
	return put_request(out, o, peer, key) < 0 ? err_nomem(e) : 0;
}

/* ---------------------------------------------------------------- response */

static int refuse(const struct http_head *h, struct err *e)
{
	bool is_login = h->status == 401 || h->status == 403;
	char shown[2 * HTTP_SHOWN_SIZE + 32];

	http_show(h, shown, sizeof(shown));
	return err_set(e, is_login ? ERR_REFUSED : ERR_CONNECT, h->status,
		       "the server refused the WebSocket upgrade: '%s'", shown);
}

static int bad_upgrade(const struct http_head *h, const char *what,
		       struct err *e)
{
	char shown[HTTP_SHOWN_SIZE];

	http_show(h, shown, sizeof(shown));
	return err_set(e, ERR_PROTOCOL, h->status,
		       "the server's WebSocket "
		       "upgrade '%s' %s",
		       shown, what);
}

/* The server must choose the one protocol that was offered [MQTT-6.0.0-4]. */
static int check_subprotocol(const struct http_head *h, const char *wanted,
			     struct err *e)
{
	struct bytes got = http_field(h, "Sec-WebSocket-Protocol");
	char shown[64], what[160];

	if (bytes_equal(got, bytes_str(wanted)))
		return 0;
	text_visible(shown, sizeof(shown), got);
	snprintf(what, sizeof(what), "chose the subprotocol '%s', not '%s'",
		 shown, wanted);
	return bad_upgrade(h, what, e);
}

int ws_check_response(struct bytes head, const char *key,
		      const char *subprotocol, struct err *e)
{
	char accept[WS_ACCEPT_SIZE], shown[64];
	struct http_head h;

	if (http_parse(head, &h) < 0) {
		text_visible(shown, sizeof(shown), head);
		return err_set(e, ERR_PROTOCOL, 0,
			       "this port does not speak "
			       "WebSocket: it answered '%s'",
			       shown);
	}
	if (h.status != 101)
		return refuse(&h, e);
	if (!http_has_token(&h, "Upgrade", "websocket") ||
	    !http_has_token(&h, "Connection", "upgrade"))
		return bad_upgrade(&h, "is not one to WebSocket", e);
	if (ws_accept_of(key, accept) < 0)
		return err_nomem(e);
	if (!bytes_equal(http_field(&h, "Sec-WebSocket-Accept"),
			 bytes_str(accept)))
		return bad_upgrade(&h,
				   "does not prove that it is one "
				   "(Sec-WebSocket-Accept)",
				   e);
	if (bytes_is_set(http_field(&h, "Sec-WebSocket-Extensions")))
		return bad_upgrade(&h,
				   "has extensions that were not asked "
				   "for",
				   e);
	return check_subprotocol(&h, subprotocol, e);
}
