/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "base/clock.h"
#include "base/template.h"

static uint32_t dice;

static uint32_t roll(void *ctx)
{
	(void)ctx;
	dice += UINT32_C(0x9e3779b9);
	return dice;
}

static const char *const columns[] = { "site", "key" };

static const struct template_config config = {
	.allowed = ~0u,
	.columns = columns,
	.column_count = 2,
};

static const char *rendered(const char *text)
{
	static struct buf out;
	struct bytes row[] = { BYTES_LIT("north"), BYTES_LIT("k1") };
	struct template_values v = {
		.index = 41,
		.number = 1233,
		.client_id = BYTES_LIT("cl-42"),
		.user = BYTES_LIT("anna"),
		.group = BYTES_LIT("pub"),
		.header = BYTES_LIT("00112233445566778899aabbccddeeff"),
		.time = 1700000000123456789,
		.random = roll,
		.columns = row,
	};
	struct err e = { 0 };
	struct template *t = template_new(text, &config, &e);

	dice = 0;
	buf_clear(&out);
	if (!ok(t != NULL, "%s: %s", text, e.text))
		return NULL;
	is_int(template_render(t, &v, &out), 0);
	template_free(t);
	return buf_cstr(&out);
}

static void placeholders_are_filled_in(void)
{
	is_str(rendered("plain/topic"), "plain/topic");
	is_str(rendered(""), "");
	is_str(rendered("%i"), "42");
	is_str(rendered("a/%i/%c/%u/%g/b"), "a/42/cl-42/anna/pub/b");
	is_str(rendered("%05i-%n-%s"), "00042-1234-1234");
	is_str(rendered("100%%i"), "100%i");
	is_str(rendered("%{i%10}/%{i/10}/%{n%7}/%{n/1000}"), "1/4/1/1");
	is_str(rendered("%{ms} %{us} %{ns} %{time}"),
	       "1700000000123 1700000000123456 1700000000123456789 "
	       "1700000000");
	is_str(rendered("%{site}/%{key}"), "north/k1");
	is_str(rendered("{\"h\":\"%h\"}"),
	       "{\"h\":\"00112233445566778899aabbccddeeff\"}");
	is_str(rendered("%r"), "2654435769");
	is_str(rendered("%{hex:4}"), "93d7");
	is_int(strlen(rendered("%{alnum:300}")), 300);
	is_str(rendered("%{r:7-7}"), "7");
}

static void ranges_are_kept(void)
{
	struct err e = { 0 };
	struct template *t = template_new("%{r:1-6} ", &config, &e);
	struct template_values v = { .random = roll };
	struct buf out = { 0 };
	int seen[10] = { 0 };

	for (int i = 0; i < 600; i++)
		is_int(template_render(t, &v, &out), 0);
	for (size_t i = 0; i < buf_len(&out); i += 2)
		seen[buf_view(&out).p[i] - '0']++;
	for (int i = 1; i <= 6; i++)
		ok(seen[i] > 80, "%d came %d times", i, seen[i]);
	is_int(seen[0] + seen[7], 0);
	template_free(t);
	buf_release(&out);
}

static void mistakes_are_quoted(void)
{
	static const struct {
		const char *text, *want;
	} wrong[] = {
		{ "a/%x", "placeholder '%x': there is no such placeholder "
			  "(%% is a percent sign)" },
		{ "50%", "placeholder '%': the text ends in it (%% is a "
			 "percent sign)" },
		{ "%099i", "placeholder '%099i': '099' is not a whole number "
			   "from 0 to 20" },
		{ "%0000i", "placeholder '%0000i': its width is above 20" },
		{ "%5c", "placeholder '%5c': there is no such placeholder "
			 "(%% is a percent sign)" },
		{ "%{i%10", "placeholder '%{i%10': its '}' is missing" },
		{ "%{nope}", "placeholder '%{nope}': there is no such "
			     "placeholder, and no column of that name" },
		{ "%{i%0}", "placeholder '%{i%0}': '0' is not a whole number "
			    "from 1 to 4294967295" },
		{ "%{r:6-1}", "placeholder '%{r:6-1}': '1' is not a whole "
			      "number from 6 to 4294967295" },
		{ "%{r:6}", "placeholder '%{r:6}': expected a range such as "
			    "%{r:1-6}" },
	};
	struct err e;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		err_clear(&e);
		ok(!template_new(wrong[i].text, &config, &e));
		is_str(e.text, wrong[i].want);
		is_int(e.kind, ERR_USAGE);
		ok(!template_new(wrong[i].text, &config, NULL));
	}
}

static void uses_are_known_and_limited(void)
{
	const struct template_config no_number = { .allowed = TEMPLATE_INDEX };
	struct template *t = template_new("%i", &no_number, NULL);
	struct err e = { 0 };

	is_int(template_uses(t), TEMPLATE_INDEX);
	ok(!bytes_is_set(template_literal(t)));
	template_free(t);
	ok(!template_new("%i/%n", &no_number, &e));
	is_str(e.text, "placeholder '%n': it has no meaning here");
	t = template_new("a%%b", &no_number, &e);
	is_bytes(template_literal(t), BYTES_LIT("a%b"));
	is_int(template_uses(t), 0);
	template_free(t);
	t = template_new("", &no_number, &e);
	ok(bytes_is_set(template_literal(t)), "empty is not absent");
	template_free(t);
}

static void full_buffers_stay_as_they_were(void)
{
	struct template *t = template_new("abc%idef", &config, NULL);
	struct template_values v = { 0 };
	struct buf out = { .max = 8 };

	is_int(buf_append_str(&out, "xy"), 0);
	is_int(template_render(t, &v, &out), -1);
	is_bytes(buf_view(&out), BYTES_LIT("xy"));
	template_free(t);
	buf_release(&out);
}

TEST_MAIN(T(placeholders_are_filled_in), T(ranges_are_kept),
	  T(mistakes_are_quoted), T(uses_are_known_and_limited),
	  T(full_buffers_stay_as_they_were))
