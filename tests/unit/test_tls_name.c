/* SPDX-License-Identifier: MIT */
/* Which names and addresses a certificate is for. */
#include "net/tls_verify.h"

#include <mbedtls/x509_crt.h>

#include "base/attr.h"
#include "test.h"

struct made {
	mbedtls_x509_crt crt;
	mbedtls_x509_sequence alt[4];
};

static void set_alt(struct made *m, size_t i, int kind, const char *text,
		    size_t n)
{
	mbedtls_x509_sequence *s = i ? &m->alt[i] : &m->crt.subject_alt_names;

	s->buf.tag = 0x80 | kind;
	s->buf.p = (unsigned char *)(uintptr_t)text;
	s->buf.len = n;
	if (i == 1)
		m->crt.subject_alt_names.next = s;
	else if (i > 1)
		m->alt[i - 1].next = s;
}

static void set_common_name(struct made *m, const char *cn, size_t n)
{
	static unsigned char oid[] = { 0x55, 0x04, 0x03 };

	m->crt.subject.oid.p = oid;
	m->crt.subject.oid.len = sizeof(oid);
	m->crt.subject.val.p = (unsigned char *)(uintptr_t)cn;
	m->crt.subject.val.len = n;
}

static void alternative_names(void)
{
	static const struct {
		const char *alt, *host;
		bool is_match;
	} cases[] = {
		{ "a.example", "a.example", true },
		{ "A.Example", "a.eXAMPLE", true },
		{ "a.example", "a.example.", true },
		{ "a.example", "b.example", false },
		{ "a.example", "x.a.example", false },
		{ "a.example", "example", false },
		{ "*.a.example", "x.a.example", true },
		{ "*.a.example", "X.A.Example.", true },
		{ "*.a.example", "a.example", false },
		{ "*.a.example", "x.y.a.example", false },
		{ "*.a.example", ".a.example", false },
		{ "*.example", "a.example", false },
		{ "*.", "a.", false },
		{ "*", "a", false },
		{ "*", "*", true },
		{ "x*.a.example", "xy.a.example", false },
		{ "x.*.example", "x.y.example", false },
		{ "", "a", false },
		{ "192.0.2.1", "192.0.2.1", false }, /* a DNS name there */
		{ "*.0.2.1", "192.0.2.1", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct made m = { 0 };

		set_alt(&m, 0, 2, cases[i].alt, strlen(cases[i].alt));
		set_common_name(&m, cases[i].host, strlen(cases[i].host));
		is_int(tls_verify_name(&m.crt, cases[i].host),
		       cases[i].is_match, "'%s' for '%s'", cases[i].alt,
		       cases[i].host);
	}
}

static void addresses_in_certificates(void)
{
	static const char v6[] = { 0x20, 1, 0xd, (char)0xb8, 0, 0, 0, 0,
				   0,    0, 0,   0,          0, 0, 0, 1 };
	struct made m = { 0 };
	char list[TLS_NAME_SIZE];

	set_alt(&m, 0, 7, "\xc0\0\2\1", 4);
	set_alt(&m, 1, 7, v6, sizeof(v6));
	set_alt(&m, 2, 2, "a.example", 9);
	set_alt(&m, 3, 6, "mqtt://b.example", 16);
	ok(tls_verify_name(&m.crt, "192.0.2.1"));
	ok(!tls_verify_name(&m.crt, "192.0.2.2"));
	ok(tls_verify_name(&m.crt, "2001:db8::1"));
	ok(tls_verify_name(&m.crt, "2001:DB8:0::0:1"));
	ok(tls_verify_name(&m.crt, "2001:db8::1%eth0"));
	ok(!tls_verify_name(&m.crt, "2001:db8::2"));
	ok(tls_verify_name(&m.crt, "a.example"));
	ok(!tls_verify_name(&m.crt, "mqtt://b.example"));
	tls_list_names(&m.crt, list, sizeof(list));
	is_str(list, "'192.0.2.1', '2001:db8::1', 'a.example'");
}

static void common_names(void)
{
	struct made m = { 0 };
	char list[TLS_NAME_SIZE];

	set_common_name(&m, "a.example", 9);
	ok(tls_verify_name(&m.crt, "a.example"));
	ok(!tls_verify_name(&m.crt, "b.example"));
	set_common_name(&m, "a.example\0.evil", 15);
	ok(!tls_verify_name(&m.crt, "a.example"));
	set_common_name(&m, "192.0.2.1", 9);
	ok(tls_verify_name(&m.crt, "192.0.2.1"));
	/* Mail addresses say nothing about the name of a server. */
	set_alt(&m, 0, 1, "x@a.example", 11);
	ok(tls_verify_name(&m.crt, "192.0.2.1"));
	set_alt(&m, 0, 2, "c.example", 9);
	ok(!tls_verify_name(&m.crt, "192.0.2.1"), "not with a DNS name");
	tls_list_names(&m.crt, list, sizeof(list));
	is_str(list, "'c.example'");
}

static void names_are_safe_to_show(void)
{
	struct made m = { 0 };
	char list[TLS_NAME_SIZE], small[40];

	set_alt(&m, 0, 2, "\x1b[2Ja", 5);
	set_alt(&m, 1, 7, "abc", 3);
	set_alt(&m, 2, 2, "bbbbbbbbbbbbbbbbbbbb", 20);
	tls_list_names(&m.crt, list, sizeof(list));
	is_str(list, "'\\x1B[2Ja', 'abc', 'bbbbbbbbbbbbbbbbbbbb'");
	tls_list_names(&m.crt, small, sizeof(small));
	is_str(small, "'\\x1B[2Ja', 'abc' and 1 more");
	m = (struct made){ 0 };
	tls_list_names(&m.crt, list, sizeof(list));
	is_str(list, "no name at all");
}

TEST_MAIN(T(alternative_names), T(addresses_in_certificates), T(common_names),
	  T(names_are_safe_to_show))
