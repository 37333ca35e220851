/* SPDX-License-Identifier: MIT */
/* Every part of a URL, decoded, and what is said when one is wrong. */
#include "net/url.h"

#include "test.h"

static const struct {
	const char *text;
	enum url_scheme scheme;
	const char *user, *password, *host;
	unsigned int port;
	const char *path;
} good[] = {
	{ "mqtt://h", URL_MQTT, NULL, NULL, "h", 0, NULL },
	{ "mqtt://h/", URL_MQTT, NULL, NULL, "h", 0, "/" },
	{ "mqtt://h:1", URL_MQTT, NULL, NULL, "h", 1, NULL },
	{ "mqtt://h:65535", URL_MQTT, NULL, NULL, "h", 65535, NULL },
	{ "mqtt://h:01883", URL_MQTT, NULL, NULL, "h", 1883, NULL },
	{ "tcp://h", URL_MQTT, NULL, NULL, "h", 0, NULL },
	{ "MQTT://Host.Example", URL_MQTT, NULL, NULL, "Host.Example", 0,
	  NULL },
	{ "mqtts://h:8884", URL_MQTTS, NULL, NULL, "h", 8884, NULL },
	{ "ssl://h", URL_MQTTS, NULL, NULL, "h", 0, NULL },
	{ "tls://h", URL_MQTTS, NULL, NULL, "h", 0, NULL },
	{ "mqtt://h/a/b", URL_MQTT, NULL, NULL, "h", 0, "/a/b" },
	{ "mqtt://h//a", URL_MQTT, NULL, NULL, "h", 0, "//a" },
	{ "mqtt://h/a/+/#", URL_MQTT, NULL, NULL, "h", 0, "/a/+/#" },
	{ "mqtt://h/$share/g/a?b", URL_MQTT, NULL, NULL, "h", 0,
	  "/$share/g/a?b" },
	{ "mqtt://h/a%20b%2Fc", URL_MQTT, NULL, NULL, "h", 0, "/a b/c" },
	{ "mqtt://h/u@v:w", URL_MQTT, NULL, NULL, "h", 0, "/u@v:w" },
	{ "mqtt://h/\xc3\xa9", URL_MQTT, NULL, NULL, "h", 0, "/\xc3\xa9" },
	{ "mqtt://u@h", URL_MQTT, "u", NULL, "h", 0, NULL },
	{ "mqtt://u:p@h", URL_MQTT, "u", "p", "h", 0, NULL },
	{ "mqtt://u:@h", URL_MQTT, "u", "", "h", 0, NULL },
	{ "mqtt://:p@h", URL_MQTT, NULL, "p", "h", 0, NULL },
	{ "mqtt://@h", URL_MQTT, "", NULL, "h", 0, NULL },
	{ "mqtt://u:p:q@h", URL_MQTT, "u", "p:q", "h", 0, NULL },
	{ "mqtt://u%40v:p%3a%2F%25@h:2/t", URL_MQTT, "u@v", "p:/%", "h", 2,
	  "/t" },
	{ "mqtt://127.0.0.1:1883", URL_MQTT, NULL, NULL, "127.0.0.1", 1883,
	  NULL },
	{ "mqtt://[::1]", URL_MQTT, NULL, NULL, "::1", 0, NULL },
	{ "mqtt://[::1]:1883/t", URL_MQTT, NULL, NULL, "::1", 1883, "/t" },
	{ "mqtt://u:p@[2001:DB8::1]:1", URL_MQTT, "u", "p", "2001:DB8::1", 1,
	  NULL },
	{ "mqtt://[::ffff:192.0.2.1]", URL_MQTT, NULL, NULL, "::ffff:192.0.2.1",
	  0, NULL },
	{ "mqtt://[fe80::1%25eth0]:1", URL_MQTT, NULL, NULL, "fe80::1%eth0", 1,
	  NULL },
	{ "mqtt://[fe80::1%eth0]", URL_MQTT, NULL, NULL, "fe80::1%eth0", 0,
	  NULL },
	{ "mqtt://a%2Db", URL_MQTT, NULL, NULL, "a-b", 0, NULL },
	{ "mqtt://h\xc3\xa9", URL_MQTT, NULL, NULL, "h\xc3\xa9", 0, NULL },
	{ "ws://h", URL_WS, NULL, NULL, "h", 0, NULL },
	{ "ws://h:9001/mqtt", URL_WS, NULL, NULL, "h", 9001, "/mqtt" },
	{ "ws://h/a%2Fb?t=%20&x", URL_WS, NULL, NULL, "h", 0,
	  "/a%2Fb?t=%20&x" },
	{ "wss://u:p@h:443/mqtt", URL_WSS, "u", "p", "h", 443, "/mqtt" },
	{ "unix:/run/m.sock", URL_UNIX, NULL, NULL, NULL, 0, "/run/m.sock" },
	{ "unix:///run/m.sock", URL_UNIX, NULL, NULL, NULL, 0, "/run/m.sock" },
	{ "unix:/a%20b%23", URL_UNIX, NULL, NULL, NULL, 0, "/a b#" },
	{ "socks5://p", URL_SOCKS5, NULL, NULL, "p", 0, NULL },
	{ "socks5h://u:p%40@p:1080/", URL_SOCKS5H, "u", "p@", "p", 1080, NULL },
	{ "http://[::1]:3128", URL_HTTP, NULL, NULL, "::1", 3128, NULL },
};

static void good_urls(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		const char *t = good[i].text;
		struct err e = { 0 };
		struct url u;

		if (!ok(url_parse(t, &u, &e) == 0, "%s: %s", t, e.text))
			continue;
		is_int(u.scheme, good[i].scheme, "%s", t);
		is_str(u.user, good[i].user, "%s", t);
		is_str(u.password, good[i].password, "%s", t);
		is_str(u.host, good[i].host, "%s", t);
		is_int(u.port, good[i].port, "%s", t);
		is_str(u.path, good[i].path, "%s", t);
		url_release(&u);
	}
}

/* says: a piece of the error that names the part. */
static const struct {
	const char *text, *says;
} wrong[] = {
	{ "", "scheme is missing" },
	{ "h", "scheme is missing" },
	{ "/a", "scheme is missing" },
	{ "://h", "scheme is missing" },
	{ "//h", "scheme is missing" },
	{ "h:1883", "scheme 'h' is not known" },
	{ "mqt://h", "did you mean 'mqtt'" },
	{ "gopher://h", "expected mqtt, mqtts" },
	{ "mqtt:", "'//' must follow" },
	{ "mqtt:/h", "'//' must follow" },
	{ "mqtt:h", "'//' must follow" },
	{ "mqtt://", "host is missing" },
	{ "mqtt:///t", "host is missing" },
	{ "mqtt://:1883", "host is missing" },
	{ "mqtt://u:p@", "host is missing" },
	{ "mqtt://u:p@:1", "host is missing" },
	{ "mqtt://h:", "port '' is not" },
	{ "mqtt://h:0", "port '0' is not" },
	{ "mqtt://h:65536", "port '65536' is not" },
	{ "mqtt://h:999999999999", "port '999999999999' is not" },
	{ "mqtt://h:-1", "port '-1' is not" },
	{ "mqtt://h:12x", "port '12x' is not" },
	{ "mqtt://h:%31", "port '%31' is not" },
	{ "mqtt://u:se/cret@h", "a '/' in a password" },
	{ "mqtt://::1", "more than one ':'" },
	{ "mqtt://::1:1883", "in brackets: [::1]" },
	{ "mqtt://[::1", "lacks the closing ']'" },
	{ "mqtt://[]", "'' is not an IPv6 address" },
	{ "mqtt://[127.0.0.1]", "'127.0.0.1' is not an IPv6 address" },
	{ "mqtt://[::g]", "'::g' is not an IPv6 address" },
	{ "mqtt://[1:2:3:4:5:6:7:8:9]", "is not an IPv6 address" },
	{ "mqtt://[v1.x]", "is not an IPv6 address" },
	{ "mqtt://[::1]1883", "'1883' is not a ':' and a port" },
	{ "mqtt://[::1]:x", "port 'x' is not" },
	{ "mqtt://[fe80::1%]", "bad zone" },
	{ "mqtt://[fe80::1%25]", "bad zone" },
	{ "mqtt://[fe80::1%a%b]", "bad zone" },
	{ "mqtt://h%", "'%' in the host" },
	{ "mqtt://h%4", "'%' in the host" },
	{ "mqtt://h%zz", "'%' in the host" },
	{ "mqtt://h%00", "'%' in the host" },
	{ "mqtt://h%20i", "no name has" },
	{ "mqtt://h%2Fi", "no name has" },
	{ "mqtt://h]", "no name has" },
	{ "mqtt://u%:p@h", "'%' in the user name" },
	{ "mqtt://u:p%q@h", "'%' in the password" },
	{ "mqtt://u:p%00@h", "'%' in the password" },
	{ "mqtt://u:p@q@h", "more than one '@'" },
	{ "mqtt://h/%", "'%' in the path" },
	{ "mqtt://h/%00", "'%' in the path" },
	{ "mqtt://h?x", "topic '?x' must start with '/'" },
	{ "mqtt://h#x", "topic '#x' must start with '/'" },
	{ "mqtt://u:p?q@h", "'?' before the first '/'" },
	{ "mqtt://u:p#q@h", "'#' before the first '/'" },
	{ "ws://h?x", "path '?x' must start with '/'" },
	{ "ws://h/a#b", "fragment '#b'" },
	{ "ws://h/%4", "two hexadecimal digits" },
	{ "ws://h/\xc3\xa9", "percent-encoded" },
	{ "mqtt://h/a b", "blank or control character at position 11" },
	{ "mqtt://h\n", "position 9" },
	{ "mqtt://\x1b[2J", "position 8" },
	{ "unix:", "is not absolute" },
	{ "unix:a", "'a' is not absolute" },
	{ "unix://host/a", "has a host" },
	{ "unix:/%00", "'%' in the path" },
	{ "socks5://p/x", "a proxy has none" },
	{ "http://p/x", "a proxy has none" },
};

static void wrong_urls(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct err e = { 0 };
		struct url u = { .port = 7 };

		if (!ok(url_parse(wrong[i].text, &u, &e) < 0, "'%s'",
			wrong[i].text)) {
			url_release(&u);
			continue;
		}
		is_int(e.kind, ERR_USAGE, "'%s'", wrong[i].text);
		ok(strstr(e.text, wrong[i].says), "'%s': %s, expected %s",
		   wrong[i].text, e.text, wrong[i].says);
		is_int(u.port, 7, "untouched by '%s'", wrong[i].text);
	}
}

static void passwords_stay_secret(void)
{
	static const char *const urls[] = {
		"mqtt://u:s3cr3t%@h",    "mqtt://u:s3cr3t@h:x",
		"mqtt://u:s3cr3t@h@i",   "mqtt://u:s3cr3t/x@h",
		"mqtt://u:s3cr3t@h/%",   "mqtt://u:s3cr3t@",
		"mqtt://u:s3cr3t@[::x]", "ws://u:s3cr3t@h/#",
		"wss://u:s3cr3t@h?x",    "mqtt://s3cr3t:x:y@h@",
		"mqtt://u:p?s3cr3t@h",
	};

	for (size_t i = 0; i < ARRAY_SIZE(urls); i++) {
		struct err e = { 0 };
		struct url u;

		if (!ok(url_parse(urls[i], &u, &e) < 0, "%s", urls[i]))
			url_release(&u);
		ok(!strstr(e.text, "s3c"), "%s", e.text);
	}
}

static void lengths(void)
{
	char text[400] = "mqtt://";
	struct err e = { 0 };
	struct url u;

	memset(text + 7, 'a', 255);
	ok(url_parse(text, &u, &e) == 0, "%s", e.text);
	url_release(&u);
	memset(text + 7, 'a', 256);
	ok(url_parse(text, &u, &e) < 0);
	ok(strstr(e.text, "256 bytes long"), "%s", e.text);

	memset(text, 0, sizeof(text));
	memcpy(text, "unix:/", 6);
	memset(text + 6, 'a', 106);
	ok(url_parse(text, &u, &e) == 0, "%s", e.text);
	url_release(&u);
	memset(text + 6, 'a', 107);
	ok(url_parse(text, &u, &e) < 0);
	ok(strstr(e.text, "108 bytes long, expected at most 107"), "%s",
	   e.text);
}

static void default_ports(void)
{
	is_int(url_default_port(URL_MQTT), 1883);
	is_int(url_default_port(URL_MQTTS), 8883);
	is_int(url_default_port(URL_WS), 80);
	is_int(url_default_port(URL_WSS), 443);
	is_int(url_default_port(URL_UNIX), 0);
	is_int(url_default_port(URL_SOCKS5), 1080);
	is_int(url_default_port(URL_SOCKS5H), 1080);
	is_int(url_default_port(URL_HTTP), 3128);
}

TEST_MAIN(T(good_urls), T(wrong_urls), T(passwords_stay_secret), T(lengths),
	  T(default_ports))
