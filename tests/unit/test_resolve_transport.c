/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "config_load.h"

#include "net/transport.h"

static const struct transport_config *transport(const struct loaded *l)
{
	return l->s.client.servers[0].transport;
}

static void kinds_and_ports(void)
{
	static const struct {
		const char *args;
		enum transport_kind kind;
		uint16_t port;
	} cases[] = {
		{ "-h|h", TRANSPORT_TCP, 1883 },
		{ "-h|h|--tls", TRANSPORT_TLS, 8883 },
		{ "-h|h|--cafile|x", TRANSPORT_TLS, 8883 },
		{ "-h|h|--capath|x", TRANSPORT_TLS, 8883 },
		{ "-h|h|--tls-use-os-certs", TRANSPORT_TLS, 8883 },
		{ "-h|h|--psk|00ff|--psk-identity|i", TRANSPORT_TLS, 8883 },
		{ "-h|h|--cert|c|--key|k|-p|1", TRANSPORT_TLS, 1 },
		{ "-h|h|-p|8883", TRANSPORT_TLS, 8883 },
		{ "-h|h|-p|8883|--no-tls", TRANSPORT_TCP, 8883 },
		{ "-h|h|--cafile|x|--no-tls", TRANSPORT_TCP, 1883 },
		{ "-h|h|--ws", TRANSPORT_WS, 80 },
		{ "-h|h|--ws|--tls", TRANSPORT_WSS, 443 },
		{ "-h|h|--ws|-p|9", TRANSPORT_WS, 9 },
		{ "-L|mqtt://h", TRANSPORT_TCP, 1883 },
		{ "-L|mqtt://h:8883", TRANSPORT_TLS, 8883 },
		{ "-L|mqtts://h", TRANSPORT_TLS, 8883 },
		{ "-L|mqtts://h|--no-tls", TRANSPORT_TCP, 1883 },
		{ "-L|ssl://h:7", TRANSPORT_TLS, 7 },
		{ "-L|ws://h", TRANSPORT_WS, 80 },
		{ "-L|wss://h", TRANSPORT_WSS, 443 },
		{ "-L|ws://h|--cafile|x", TRANSPORT_WSS, 443 },
		{ "--unix|/s", TRANSPORT_TCP, 0 },
		{ "--unix|/s|--tls", TRANSPORT_TLS, 0 },
		{ "--server|mqtts://h", TRANSPORT_TLS, 8883 },
		{ "--server|h|--tls", TRANSPORT_TLS, 8883 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char args[100];
		struct loaded l;

		snprintf(args, sizeof(args), "-t|t|-n|%s", cases[i].args);
		load(&l, TOOL_PUB, args);
		if (is_int(l.rc, 0, "%s: %s", args, l.e.text)) {
			is_int(transport(&l)->kind, cases[i].kind, "%s", args);
			is_int(l.s.client.servers[0].port, cases[i].port, "%s",
			       args);
		}
		unload(&l);
	}
}

/* 6.6: five seconds after the session would have given up; the kernel's own
 * probes only without a keepalive. */
static void the_kernel_notices_dead_peers_too(void)
{
	static const struct {
		const char *args;
		uint32_t timeout_ms;
		bool probes;
	} cases[] = {
		{ "-h|h", 35000, false },
		{ "-h|h|-k|10", 15000, false },
		{ "-h|h|-k|3600", 35000, false },
		{ "-h|h|-k|auto", 35000, false },
		{ "-h|h|-k|0", 35000, true },
		{ "-L|wss://h|-k|0", 35000, true },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char args[100];
		struct loaded l;

		snprintf(args, sizeof(args), "-t|t|-n|%s", cases[i].args);
		load(&l, TOOL_PUB, args);
		if (is_int(l.rc, 0, "%s: %s", args, l.e.text)) {
			const struct socket_options *o = &transport(&l)->socket;

			is_int(o->user_timeout_ms, cases[i].timeout_ms, "%s",
			       args);
			is_int(o->keepalive, cases[i].probes, "%s", args);
		}
		unload(&l);
	}
}

static void servers_have_their_own(void)
{
	struct loaded l;

	load(&l, TOOL_PUB,
	     "-t|t|-n|--server|a|--server|wss://b/p|--server|unix:/s");
	is_int(l.rc, 0, "%s", l.e.text);
	is_int(l.s.client.servers[0].transport->kind, TRANSPORT_TCP);
	is_int(l.s.client.servers[1].transport->kind, TRANSPORT_WSS);
	is_str(l.s.client.servers[1].transport->ws.path, "/p");
	is_str(l.s.client.servers[2].unix_path, "/s");
	unload(&l);
}

static void tls_options_are_handed_on(void)
{
	const struct tls_options *o;
	struct loaded l;

	load(&l, TOOL_PUB,
	     "-t|t|-n|--tls-ca|ca|--tls-ca-path|dir|--tls-crl|crl|"
	     "--tls-cert|c|--tls-key|k|--tls-alpn|a|--tls-alpn|b|--tls-sni|n|"
	     "--tls-version|tlsv1.2|--tls-max-version|1.3|--ciphers|X:Y|"
	     "--tls-pin|p|--tls-keylog|log|--tls-no-verify-host|"
	     "--tls-key-passphrase|pass");
	is_int(l.rc, 0, "%s", l.e.text);
	o = &transport(&l)->tls;
	is_str(o->ca_file, "ca");
	is_str(o->ca_path, "dir");
	is_str(o->crl_file, "crl");
	is_str(o->cert_file, "c");
	is_str(o->key_file, "k");
	is_int(o->alpn_count, 2);
	is_str(o->alpn[1], "b");
	is_str(o->sni, "n");
	is_int(o->min_version, TLS_1_2);
	is_int(o->max_version, TLS_1_3);
	is_str(o->ciphers, "X:Y");
	is_int(o->pin_count, 1);
	is_str(o->keylog_file, "log");
	ok(o->no_verify_host && !o->is_insecure);
	is_bytes(o->key_passphrase, BYTES_LIT("pass"));
	unload(&l);
	load(&l, TOOL_PUB, "-t|t|-n|--psk|00fF|--psk-identity|me");
	is_bytes(transport(&l)->tls.psk, BYTES_LIT("\x00\xff"));
	is_str(transport(&l)->tls.psk_identity, "me");
	unload(&l);
}

static void tls_mistakes(void)
{
	fails(TOOL_PUB, "--cert|x", "option '--cert' needs --tls-key");
	fails(TOOL_PUB, "--tls|--key|x", "option '--key' needs --tls-cert");
	fails(TOOL_PUB, "--psk|00", "option '--psk' needs --tls-psk-identity");
	fails(TOOL_PUB, "--tls|--psk-identity|i",
	      "option '--psk-identity' needs --tls-psk");
	fails(TOOL_PUB, "--psk|00|--psk-identity|i|--cafile|x",
	      "option '--psk' and option '--cafile' exclude each other");
	fails(TOOL_PUB, "--psk|xyz",
	      "option '--psk': the value (not shown) is not valid");
	fails(TOOL_PUB, "--tls|--tls-min-version|1.3|--tls-max-version|1.2",
	      "option '--tls-min-version' is above option "
	      "'--tls-max-version'");
	fails(TOOL_PUB, "--tls-sni|x",
	      "option '--tls-sni' means nothing without TLS (--tls)");
	fails(TOOL_PUB, "--keyform|engine",
	      "option '--keyform': 'engine' is not one of pem");
	fails(TOOL_PUB,
	      "-t|t|-n|--tls|--tls-key-passphrase|a|"
	      "--tls-key-passphrase-command|b",
	      "option '--tls-key-passphrase' and option "
	      "'--tls-key-passphrase-command' both give a passphrase, expected "
	      "one of them");
}

static void insecure_is_loud(void)
{
	struct loaded l;

	load(&l, TOOL_PUB, "-t|t|-n|--tls|--insecure");
	is_int(l.rc, 0, "%s", l.e.text);
	ok(transport(&l)->tls.is_insecure);
	is_int(l.s.warnings.n, 1);
	is_str(l.s.warnings.v[0],
	       "TLS does not check who the broker is "
	       "(option '--insecure'): anybody can be in between");
	unload(&l);
}

static void unused_options_of_profiles_do_no_harm(void)
{
	struct loaded l;

	make_home();
	write_home(PROFILES, "default: {tls-sni: x, ws-path: /y}\n");
	load(&l, TOOL_PUB, "-t|t|-n");
	is_int(l.rc, 0, "%s", l.e.text);
	is_int(transport(&l)->kind, TRANSPORT_TCP);
	unload(&l);
	remove_home();
}

/* Asked for anew, as each attempt to connect does. */
static struct bytes passphrase_of(struct loaded *l)
{
	const struct tls_passphrase *ask = &transport(l)->tls.ask_passphrase;
	struct bytes found = BYTES_NULL;

	if (!ask->load || ask->load(ask->ctx, &found, &l->e))
		return BYTES_NULL;
	return found;
}

static void passphrases_from_elsewhere(void)
{
	struct loaded l;

	make_home();
	write_home("pass", "sesame\n");
	load(&l, TOOL_PUB,
	     with_home("-t|t|-n|--cert|c|--key|k|"
		       "--tls-key-passphrase-file|@/pass"));
	is_int(l.rc, 0, "%s", l.e.text);
	is_bytes(passphrase_of(&l), BYTES_LIT("sesame"));
	write_home("pass", "another\n");
	is_bytes(passphrase_of(&l), BYTES_LIT("another"));
	ok(!l.s.client.credentials.load, "not the password's");
	unload(&l);
	load(&l, TOOL_PUB,
	     "-t|t|-n|--cert|c|--key|k|"
	     "--tls-key-passphrase-command|echo open");
	is_bytes(passphrase_of(&l), BYTES_LIT("open"));
	unload(&l);
	remove_home();
}

static void websocket_options(void)
{
	const struct ws_options *o;
	struct loaded l;

	load(&l, TOOL_PUB,
	     "-t|t|-n|-L|ws://h/a/b?c|--ws-header|X: y|"
	     "--ws-origin|http://o|--ws-user|u|--ws-password|p|"
	     "--ws-subprotocol|");
	is_int(l.rc, 0, "%s", l.e.text);
	o = &transport(&l)->ws;
	is_str(o->path, "/a/b?c");
	is_int(o->header_count, 1);
	is_str(o->origin, "http://o");
	is_str(o->subprotocol, "");
	is_str(o->user, "u");
	is_str(o->password, "p");
	unload(&l);
	load(&l, TOOL_PUB, "-t|t|-n|-L|ws://h/a|--ws-path|/b");
	is_str(transport(&l)->ws.path, "/b");
	unload(&l);
	fails(TOOL_PUB, "--ws|--ws-path|x",
	      "option '--ws-path': 'x' is not a path such as /mqtt");
	fails(TOOL_PUB, "--ws|--ws-header|novalue",
	      "option '--ws-header': "
	      "'novalue' is not of the form 'Name: value'");
	fails(TOOL_PUB, "--ws|--ws-header|a: b\r\nc: d",
	      "option "
	      "'--ws-header': 'a: b\\x0D\\x0Ac: d' is not of the form 'Name: "
	      "value'");
	fails(TOOL_PUB, "--ws|--ws-password|x",
	      "option '--ws-password' needs --ws-user");
	fails(TOOL_PUB, "--ws-path|/x",
	      "option '--ws-path' means nothing without WebSocket (--ws)");
}

static void proxy_option(void)
{
	const struct url *u;
	struct loaded l;

	load(&l, TOOL_PUB, "-t|t|-n|--proxy|socks5h://u%40:p@p.example:9");
	is_int(l.rc, 0, "%s", l.e.text);
	u = transport(&l)->proxy;
	is_int(u->scheme, URL_SOCKS5H);
	is_str(u->host, "p.example");
	is_int(u->port, 9);
	is_str(u->user, "u@");
	is_str(u->password, "p");
	ok(!strstr(l.argv[5], ":p@"), "wiped: %s", l.argv[5]);
	unload(&l);
	fails(TOOL_PUB, "--proxy|mqtt://h",
	      "option '--proxy': expected a URL "
	      "that begins with socks5://, socks5h:// or http://");
	load_with(&l, TOOL_PUB, "-t|t|-n|--proxy|", "ALL_PROXY=http://a");
	is_int(l.rc, 0, "%s", l.e.text);
	ok(!transport(&l)->proxy, "switched off");
	unload(&l);
}

static void proxies_of_the_environment(void)
{
	static const struct {
		const char *args, *env, *host;
	} cases[] = {
		{ "-h|h", "ALL_PROXY=socks5://a", "a" },
		{ "-h|h", "all_proxy=a:1", "a" },
		{ "-h|h", "ALL_PROXY=", NULL },
		{ "-h|h", "HTTP_PROXY=a|HTTPS_PROXY=b", NULL },
		{ "-L|ws://h", "HTTP_PROXY=a|HTTPS_PROXY=b", "a" },
		{ "-L|wss://h", "HTTP_PROXY=a|HTTPS_PROXY=b", "b" },
		{ "-L|wss://h", "HTTPS_PROXY=|ALL_PROXY=c", "c" },
		{ "-h|h", "ALL_PROXY=a|NO_PROXY=*", NULL },
		{ "-h|h", "ALL_PROXY=a|NO_PROXY=x, H ,y", NULL },
		{ "-h|b.h", "ALL_PROXY=a|NO_PROXY=h", NULL },
		{ "-h|b.h", "ALL_PROXY=a|NO_PROXY=.h", NULL },
		{ "-h|bh", "ALL_PROXY=a|NO_PROXY=h", "a" },
		{ "-h|h", "ALL_PROXY=a|NO_PROXY=b.h", "a" },
		{ "-h|10.1.2.3", "ALL_PROXY=a|NO_PROXY=10.0.0.0/8", NULL },
		{ "-h|h", "ALL_PROXY=a|NO_PROXY=h:1883", NULL },
		{ "-h|h|-p|1884", "ALL_PROXY=a|NO_PROXY=h:1883", "a" },
		{ "-h|127.0.0.1", "ALL_PROXY=a", "a" },
		{ "--unix|/s", "ALL_PROXY=a", NULL },
		{ "-h|h", "MQTT_TOOLS_PROXY=http://m|ALL_PROXY=a", "m" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char args[100];
		const struct url *u;
		struct loaded l;

		snprintf(args, sizeof(args), "-t|t|-n|%s", cases[i].args);
		load_with(&l, TOOL_PUB, args, cases[i].env);
		if (is_int(l.rc, 0, "%s", l.e.text)) {
			u = transport(&l)->proxy;
			is_str(u ? u->host : NULL, cases[i].host, "%s, %s",
			       args, cases[i].env);
		}
		unload(&l);
	}
}

static void bad_proxies_of_the_environment(void)
{
	struct loaded l;

	load_with(&l, TOOL_PUB, "-t|t|-n", "ALL_PROXY=ws://h");
	is_int(l.rc, -1);
	is_str(l.e.text, "environment variable 'ALL_PROXY': expected a URL "
			 "that begins with socks5://, socks5h:// or http://");
	unload(&l);
}

static void balancers(void)
{
	struct loaded l;

	load(&l, TOOL_PUB,
	     "-t|t|-n|-S|--proxy-protocol|v2|"
	     "--proxy-protocol-source|192.0.2.1:5|"
	     "--proxy-protocol-destination|192.0.2.2:6");
	is_int(l.rc, 0, "%s", l.e.text);
	ok(transport(&l)->srv);
	is_int(transport(&l)->proxy_header.version, PROXY_HEADER_V2);
	is_str(transport(&l)->proxy_header.source, "192.0.2.1:5");
	is_str(transport(&l)->proxy_header.destination, "192.0.2.2:6");
	unload(&l);
}

TEST_MAIN(T(kinds_and_ports), T(the_kernel_notices_dead_peers_too),
	  T(servers_have_their_own), T(tls_options_are_handed_on),
	  T(tls_mistakes), T(insecure_is_loud),
	  T(unused_options_of_profiles_do_no_harm),
	  T(passphrases_from_elsewhere), T(websocket_options), T(proxy_option),
	  T(proxies_of_the_environment), T(bad_proxies_of_the_environment),
	  T(balancers))
