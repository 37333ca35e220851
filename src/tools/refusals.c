/* SPDX-License-Identifier: MIT */
#include "tools/refusals.h"

#include <stdlib.h>

#include "base/text.h"
#include "mqtt/props.h"
#include "mqtt/reason.h"
#include "tools/tool.h"

#define TEXT_MAX 200

void refusals_init(struct refusals *r)
{
	*r = (struct refusals){ 0 };
	mutex_init(&r->lock);
}

void refusals_release(struct refusals *r)
{
	for (size_t i = 0; i < ARRAY_SIZE(r->texts); i++)
		free(r->texts[i]);
	mutex_release(&r->lock);
}

static void note(struct refusals *r, uint8_t reason, struct bytes text)
{
	char shown[TEXT_MAX];

	mutex_lock(&r->lock);
	r->total++;
	r->counts[reason]++;
	if (text.n && !r->texts[reason])
		r->texts[reason] = strdup(
			text_visible(shown, sizeof(shown), text));
	mutex_unlock(&r->lock);
}

void refusals_add(struct refusals *r, uint8_t reason, struct bytes props)
{
	note(r, reason, props_value(props, PROP_REASON_STRING));
}

void refusals_add_local(struct refusals *r, const char *text)
{
	note(r, REFUSED_LOCALLY, bytes_str(text));
}

static void describe(const struct refusals *r, uint8_t reason,
		     const char *server, const char *topic, struct err *e)
{
	uint64_t n = r->counts[reason];
	const char *text = r->texts[reason] ? r->texts[reason] : "";
	char count[40] = "";

	if (n > 1)
		snprintf(count, sizeof(count), "%ju messages ", (uintmax_t)n);
	if (reason == REFUSED_LOCALLY)
		err_set(e, ERR_PUBLISH, 0, "%s%s", count, text);
	else
		err_set(e, ERR_PUBLISH, reason,
			"cannot publish %sto '%s': broker '%s' refused %s: %s (0x%02x)%s%s",
			count, topic, server, n > 1 ? "them" : "it",
			reason_text(reason), reason, *text ? ": " : "", text);
}

int refusals_report(struct refusals *r, const char *server, const char *topic,
		    struct err *e)
{
	bool has_one = false;

	mutex_lock(&r->lock);
	for (size_t i = 0; i < ARRAY_SIZE(r->counts); i++) {
		if (!r->counts[i])
			continue;
		if (has_one)
			tool_report(e);
		describe(r, (uint8_t)i, server, topic, e);
		has_one = true;
	}
	mutex_unlock(&r->lock);
	return has_one ? -1 : 0;
}
