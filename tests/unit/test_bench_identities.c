/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "bench/identities.h"

static int parse(const char *text, struct identities *ret, struct err *e)
{
	struct buf b = { 0 };

	is_int(buf_append_str(&b, text), 0);
	return identities_parse(&b, ret, e);
}

static void cell_is(const struct identities *i, size_t row, size_t column,
		    const char *want)
{
	is_bytes(identities_row(i, row)[column], bytes_str(want));
}

static void csv_is_read(void)
{
	struct identities i = { 0 };
	struct err e = { 0 };

	if (!ok(parse("id,username,password\r\n"
		      "a1,anna,pa ss\r\n"
		      "\r\n"
		      "\"b,2\",\"say \"\"hi\"\"\",\r\n"
		      "c3,\"two\nlines\",x",
		      &i, &e) == 0,
		"%s", e.text))
		return;
	is_int(i.column_count, 3);
	is_int(i.row_count, 3);
	is_int(identities_column(&i, "password"), 2);
	is_int(identities_column(&i, "site"), -1);
	cell_is(&i, 0, 0, "a1");
	cell_is(&i, 0, 2, "pa ss");
	cell_is(&i, 1, 0, "b,2");
	cell_is(&i, 1, 1, "say \"hi\"");
	cell_is(&i, 1, 2, "");
	cell_is(&i, 2, 1, "two\nlines");
	cell_is(&i, 2, 2, "x");
	is_int(i.lines[0], 2);
	is_int(i.lines[1], 4);
	is_int(i.lines[2], 5);
	identities_release(&i);
}

static void the_mark_of_a_spreadsheet_is_no_name(void)
{
	struct identities i = { 0 };
	struct err e = { 0 };

	ok(parse("\xef\xbb\xbfid,n\na,1\n", &i, &e) == 0, "%s", e.text);
	is_int(identities_column(&i, "id"), 0);
	identities_release(&i);
	ok(parse("\xef\xbb\xbf{\"id\":\"a\"}\n", &i, &e) == 0, "%s", e.text);
	is_int(identities_column(&i, "id"), 0);
	identities_release(&i);
}

static void many_rows_are_kept(void)
{
	struct identities i = { 0 };
	struct buf b = { 0 };
	char want[32];

	is_int(buf_append_str(&b, "id,n\n"), 0);
	for (int k = 0; k < 5000; k++)
		is_int(buf_printf(&b, "client-%d,%d\n", k, k * 7), 0);
	is_int(identities_parse(&b, &i, NULL), 0);
	is_int(i.row_count, 5000);
	for (size_t k = 0; k < 5000; k++) {
		snprintf(want, sizeof(want), "client-%zu", k);
		cell_is(&i, k, 0, want);
	}
	identities_release(&i);
}

static void ndjson_is_read(void)
{
	struct identities i = { 0 };
	struct err e = { 0 };

	if (!ok(parse("{\"id\":\"a\",\"n\":1,\"username\":\"\\u00e4\"}\n"
		      "\n"
		      "{\"n\":-2.5,\"username\":\"\",\"id\":\"b\"}",
		      &i, &e) == 0,
		"%s", e.text))
		return;
	is_int(i.row_count, 2);
	is_int(identities_column(&i, "id"), 0);
	cell_is(&i, 0, (size_t)identities_column(&i, "username"), "\xc3\xa4");
	cell_is(&i, 0, (size_t)identities_column(&i, "n"), "1");
	cell_is(&i, 1, 0, "b");
	cell_is(&i, 1, (size_t)identities_column(&i, "n"), "-2.5");
	identities_release(&i);
}

static void mistakes_have_a_line(void)
{
	static const char *const wrong[][2] = {
		{ "", "is empty" },
		{ "\n\n", "is empty" },
		{ "id,password\n", "has no clients" },
		{ "id,password\na,b\nc\n", "line 3: has 1 fields, expected 2" },
		{ "id\na\nb,c\n", "line 3: has more than 1 fields" },
		{ "id\n\"a\nb\n", "line 4: a quote is not closed" },
		{ "id\n\"a\"b\n", "line 2: text behind a closing quote" },
		{ "id,,x\n", "line 1: a column has no name" },
		{ "id,\na,\n", "line 1: a column has no name" },
		{ "id,x,id\na,b,c\n", "line 1: two columns have one name" },
		{ "\xef\xbb\xbf\n", "is empty" },
		{ "{\"id\":\"a\"}\n{\"id\":1,\"x\":2}\n",
		  "line 2: has other members than the first line" },
		{ "{\"id\":\"a\"}\n{\"no\":1}\n",
		  "line 2: has other members than the first line" },
		{ "{\"id\":[]}\n",
		  "line 1: a value is neither text nor number" },
		{ "{\"id\":\"a\"}\nnonsense\n",
		  "line 2: is not a JSON object" },
		{ "{}\n", "line 1: expected an object with 1 to 32 members" },
	};
	struct identities i = { 0 };
	struct err e;

	for (size_t k = 0; k < ARRAY_SIZE(wrong); k++) {
		err_clear(&e);
		is_int(parse(wrong[k][0], &i, &e), -1);
		is_str(e.text, wrong[k][1]);
		is_int(e.kind, ERR_USAGE);
	}
}

TEST_MAIN(T(csv_is_read), T(many_rows_are_kept), T(ndjson_is_read),
	  T(mistakes_have_a_line), T(the_mark_of_a_spreadsheet_is_no_name))
