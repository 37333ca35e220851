/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "bench/document.h"

struct item {
	char *name;
	unsigned clients, qos;
};

struct root {
	char *title;
	struct item *items;
	unsigned items_count;
};

static const cyaml_strval_t levels[] = { { "low", 0 },
					 { "mid", 1 },
					 { "high", 2 } };

static const cyaml_schema_field_t item_fields[] = {
	CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, struct item, name, 0,
			       CYAML_UNLIMITED),
	CYAML_FIELD_UINT("clients", CYAML_FLAG_OPTIONAL, struct item, clients),
	CYAML_FIELD_ENUM("level", CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT,
			 struct item, qos, levels, 3),
	CYAML_FIELD_END
};

static const cyaml_schema_value_t item_value = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct item, item_fields),
};

static const cyaml_schema_field_t root_fields[] = {
	CYAML_FIELD_STRING_PTR("title",
			       CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
			       struct root, title, 0, CYAML_UNLIMITED),
	CYAML_FIELD_SEQUENCE("items", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
			     struct root, items, &item_value, 0,
			     CYAML_UNLIMITED),
	CYAML_FIELD_END
};

static const cyaml_schema_value_t schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct root, root_fields),
};

static void documents_are_loaded(void)
{
	struct document_source s = {
		"f.yaml", BYTES_LIT("title: a test\n"
				    "items:\n"
				    "  - name: one\n"
				    "    clients: 7\n"
				    "  - {name: two, level: high}\n")
	};
	void *data = NULL;
	struct err e = { 0 };
	struct root *r;

	if (!ok(document_load(&s, &schema, &data, &e) == 0, "%s", e.text))
		return;
	r = data;
	is_str(r->title, "a test");
	is_int(r->items_count, 2);
	is_int(r->items[0].clients, 7);
	is_int(r->items[1].qos, 2);
	document_free(&schema, data);
	document_free(&schema, NULL);
}

static void mistakes_have_a_place(void)
{
	static const char *const wrong[][2] = {
		{ "title: x\nitems:\n  - name: a\n    clients: ten\n",
		  "f.yaml:4:14: items[0].clients: 'ten' is not a whole number" },
		{ "items:\n  - name: a\n  - name: b\n    clinets: 10\n",
		  "f.yaml:4:5: unknown key 'clinets', did you mean 'clients'?" },
		{ "xyzzy: 1\n", "f.yaml:1:1: unknown key 'xyzzy'" },
		{ "items: 3\n", "f.yaml:1:8: items: expected a list" },
		{ "items: [3]\n", "f.yaml:1:9: items[0]: expected a set of "
				  "'key: value' lines" },
		{ "items:\n  - clients: 3\n", "f.yaml:2:5: 'name' is missing "
					      "here" },
		{ "title: x\nitems: [{level: low}, {clients: 3}]\n",
		  "f.yaml:2:9: 'name' is missing here" },
		{ "[]\n", "f.yaml:1:1: expected a set of 'key: value' lines" },
		{ "title: x\nitems: \xff\n", "f.yaml:2:8: libyaml: invalid "
					     "leading UTF-8 octet" },
		{ "\ttitle: x\n", "f.yaml:1:1: libyaml: found character that "
				  "cannot start any token" },
		{ "title: \"a\\0b\"\n",
		  "f.yaml:1:8: this text has a zero byte in it" },
		{ "title: x\n---\ntitle: y\n",
		  "f.yaml:3:1: a second document begins here, expected one" },
		{ "items:\n - {name: a, level: max}\n",
		  "f.yaml:2:21: items[0].level: max is not low, mid or high" },
		{ "title: a\ntitle: b\n", "f.yaml:2:1: 'title' is here for the "
					  "second time" },
		{ "title: 'a\n", "f.yaml:1:1: libyaml: found unexpected end of "
				 "stream" },
		{ "", "f.yaml: is empty" },
		{ "# only a comment\n", "f.yaml: is empty" },
	};
	void *data = NULL;
	struct err e;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct document_source s = { "f.yaml", bytes_str(wrong[i][0]) };

		err_clear(&e);
		is_int(document_load(&s, &schema, &data, &e), -1);
		is_str(e.text, wrong[i][1]);
		is_int(e.kind, ERR_USAGE);
		ok(!data);
	}
}

static void later_mistakes_have_one_too(void)
{
	struct document_source s = {
		"f.yaml", BYTES_LIT("title: a test\n"
				    "items:\n"
				    "  - name: one\n"
				    "    clients: 7\n"
				    "  - {name: two, level: high}\n")
	};
	static const char *const places[][2] = {
		{ "items[0].clients", "f.yaml:4:14: items[0].clients: bad" },
		{ "items[1].level", "f.yaml:5:24: items[1].level: bad" },
		{ "items[1].name", "f.yaml:5:12: items[1].name: bad" },
		{ "items[1].clients", "f.yaml:5:5: items[1].clients: bad" },
		{ "items[7]", "f.yaml:3:3: items[7]: bad" },
		{ "title", "f.yaml:1:8: title: bad" },
		{ "nothing.of.that", "f.yaml:1:1: nothing.of.that: bad" },
	};
	struct err e;

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		err_set(&e, ERR_USAGE, 0, "bad");
		is_int(document_blame(&s, places[i][0], &e), -1);
		is_str(e.text, places[i][1]);
	}
}

TEST_MAIN(T(documents_are_loaded), T(mistakes_have_a_place),
	  T(later_mistakes_have_one_too))
