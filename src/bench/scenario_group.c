/* SPDX-License-Identifier: MIT */
#include "bench/scenario_build.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "mqtt/topic.h"

#define FILE_SIZE_MAX ((size_t)256 << 20)
#define READ_BLOCK 65536
#define DEFAULT_ID "bench-%g-%i"
#define ID_USES (TEMPLATE_INDEX | TEMPLATE_GROUP | TEMPLATE_COLUMN)
#define WILL_USES (ID_USES | TEMPLATE_CLIENT | TEMPLATE_USER)
#define RECONNECT_DELAY CLOCK_SEC

static int read_all(FILE *f, struct buf *ret)
{
	uint8_t *room;
	size_t n;

	do {
		room = buf_reserve(ret, READ_BLOCK);
		if (!room)
			return -1;
		n = fread(room, 1, READ_BLOCK, f);
		buf_commit(ret, n);
	} while (n);
	return 0;
}

int build_read(struct builder *b, const char *key, const char *name,
	       struct buf *ret)
{
	bool is_relative = b->directory && *name != '/';
	char path[PATH_MAX];
	FILE *f;
	int r = 0;

	snprintf(path, sizeof(path), "%s%s%s", is_relative ? b->directory : "",
		 is_relative ? "/" : "", name);
	buf_init(ret, FILE_SIZE_MAX);
	f = fopen(path, "re");
	if (!f)
		r = err_sys(b->e, ERR_LOCAL, "cannot open '%s'", path);
	else if (read_all(f, ret) < 0)
		r = err_set(b->e, ERR_LOCAL, 0,
			    "'%s' is larger than 256 MiB, "
			    "or memory is short",
			    path);
	else if (ferror(f))
		r = err_sys(b->e, ERR_LOCAL, "cannot read '%s'", path);
	if (f)
		fclose(f);
	if (r == 0)
		return 0;
	buf_release(ret);
	return build_blame(b, key);
}

static int build_identities(struct builder *b, const struct raw_group *raw,
			    struct group *g)
{
	struct buf content;

	if (!raw->clients_from)
		return 0;
	if (build_read(b, "clients-from", raw->clients_from, &content) < 0)
		return -1;
	if (identities_parse(&content, &g->from, b->e) < 0) {
		err_prefix(b->e, "'%s'", raw->clients_from);
		return build_blame(b, "clients-from");
	}
	if (build_copy(b, raw->clients_from, &g->from.name) < 0)
		return -1;
	if (g->from.row_count < g->clients)
		return build_fail(b, "clients-from",
				  "'%s' has %zu clients, "
				  "expected %u",
				  raw->clients_from, g->from.row_count,
				  g->clients);
	return 0;
}

/* An identity comes from its key, else from the column of that name. */
static int build_identity(struct builder *b, const char *key, const char *text,
			  struct group *g, struct template **ret)
{
	const struct template_config config = {
		.allowed = ID_USES,
		.columns = g->from.columns,
		.column_count = g->from.column_count,
	};
	char column[32];

	snprintf(column, sizeof(column), "%%{%s}", key);
	if (!text && identities_column(&g->from, key) >= 0)
		text = column;
	return (ret == &g->password ? build_secret : build_name)(
		b, key, text, &config, g, ret);
}

struct row_id {
	size_t at, row; /* where it begins in the text of all */
	struct bytes id;
};

static int by_id(const void *a, const void *b)
{
	const struct row_id *x = a, *y = b;
	size_t n = x->id.n < y->id.n ? x->id.n : y->id.n;
	int order = n ? memcmp(x->id.p, y->id.p, n) : 0;

	if (!order)
		order = (x->id.n > y->id.n) - (x->id.n < y->id.n);
	return order ? order : (x->row > y->row) - (x->row < y->row);
}

/* Sorted, so that equal ones lie side by side. */
static int list_ids(const struct group *g, struct row_id *ids, struct buf *text)
{
	size_t n = g->from.row_count;

	for (size_t i = 0; i < n; i++) {
		ids[i] = (struct row_id){ .at = buf_len(text), .row = i };
		if (group_render(g, (uint32_t)i, g->id, text) < 0)
			return -1;
		ids[i].id.n = buf_len(text) - ids[i].at;
	}
	for (size_t i = 0; i < n; i++)
		ids[i].id.p = buf_view(text).p + ids[i].at;
	qsort(ids, n, sizeof(*ids), by_id);
	return 0;
}

/* Two clients of one id would throw each other out for as long as they live. */
static int check_ids(struct builder *b, const struct group *g)
{
	const struct identities *f = &g->from;
	struct row_id *ids = calloc(f->row_count + 1, sizeof(*ids));
	struct buf text = { 0 };
	char shown[64];
	int r = 0;

	if (!ids || list_ids(g, ids, &text) < 0)
		r = err_nomem(b->e);
	for (size_t i = 1; r == 0 && i < f->row_count; i++)
		if (ids[i].id.n && bytes_equal(ids[i - 1].id, ids[i].id))
			r = build_fail(b, "id",
				       "'%s' of %.100s:%zu is that of line "
				       "%zu, too",
				       text_visible(shown, sizeof(shown),
						    ids[i].id),
				       f->name, f->lines[ids[i].row],
				       f->lines[ids[i - 1].row]);
	buf_release(&text);
	free(ids);
	return r;
}

static int build_ids(struct builder *b, const struct raw_group *raw,
		     struct group *g)
{
	bool has_column = identities_column(&g->from, "id") >= 0;
	unsigned must = TEMPLATE_INDEX | TEMPLATE_COLUMN;

	if (build_identity(b, "id",
			   raw->id || has_column ? raw->id : DEFAULT_ID, g,
			   &g->id) < 0 ||
	    build_identity(b, "username", raw->username, g, &g->username) < 0 ||
	    build_identity(b, "password", raw->password, g, &g->password) < 0)
		return -1;
	if (g->clients > 1 && !(template_uses(g->id) & must))
		return build_fail(b, "id",
				  "is the same for all %u clients: "
				  "expected %%i in it",
				  g->clients);
	if (g->from.row_count && (template_uses(g->id) & TEMPLATE_COLUMN) &&
	    check_ids(b, g) < 0)
		return -1;
	/* [MQTT-3.1.2-22] */
	if (g->password && !g->username && g->mqtt.version != MQTT_5)
		return build_fail(b, "password",
				  "without a username it needs version: 5");
	return 0;
}

static int build_will(struct builder *b, const struct raw_will *raw,
		      struct group *g)
{
	const struct template_config config = {
		.allowed = WILL_USES,
		.columns = g->from.columns,
		.column_count = g->from.column_count,
	};

	if (!raw)
		return 0;
	g->will.qos = (uint8_t)(raw->qos ? raw->qos - RAW_QOS0 : 0);
	g->will.retain = raw->retain == RAW_YES;
	if (build_topic(b, "will.topic", raw->topic, &config, g,
			&g->will.topic) < 0)
		return -1;
	return build_template(b, "will.payload",
			      raw->payload ? raw->payload : "", &config,
			      &g->will.payload);
}

static int build_subscribe(struct builder *b, const struct raw_subscribe *raw,
			   const struct group *g, struct subscribe_plan *ret)
{
	const struct template_config config = {
		.allowed = WILL_USES,
		.columns = g->from.columns,
		.column_count = g->from.column_count,
	};

	ret->options = (uint8_t)(raw->qos ? raw->qos - RAW_QOS0 : 0);
	if (raw->no_local == RAW_YES && g->mqtt.version != MQTT_5)
		return build_fail(b, "no-local", "needs version: 5");
	if (raw->no_local == RAW_YES)
		ret->options |= MQTT_SUB_NO_LOCAL;
	return build_filter(b, "filter", raw->filter, &config, g, &ret->filter);
}

/* Who asks is subscribed to the answers. */
static int build_replies(struct builder *b, const struct raw_group *raw,
			 struct group *g)
{
	struct raw_subscribe s = { 0 };

	for (size_t i = 0; i < raw->publish_count; i++) {
		if (!raw->publish[i].reply)
			continue;
		s.filter = raw->publish[i].reply;
		s.qos = raw->publish[i].qos;
		g->subscribe_count++;
		if (build_subscribe(b, &s, g,
				    &g->subscribe[g->subscribe_count - 1]) < 0)
			return -1;
	}
	return 0;
}

/* Of how many clients it is a shared subscription; -1 when memory is short.
 * A file may have either for each, rows for more clients included; numbers
 * make no difference. */
static int64_t count_shared(const struct group *g, size_t i, size_t clients)
{
	struct bytes share, filter;
	struct buf text = { 0 };
	int64_t n = 0;

	for (size_t k = 0; n >= 0 && k < clients; k++) {
		buf_clear(&text);
		if (group_render(g, (uint32_t)k, g->subscribe[i].filter,
				 &text) < 0)
			n = -1;
		else
			n += topic_is_shared(buf_view(&text), &share, &filter);
	}
	buf_release(&text);
	return n;
}

/* The members of a share group are one receiver in the books, and another
 * filter would make them several. */
static int check_shared(struct builder *b, const struct group *g, size_t i)
{
	size_t clients = g->from.row_count ? g->from.row_count : 1;
	int64_t is_shared = count_shared(g, i, clients);

	if (is_shared < 0)
		return err_nomem(b->e);
	if (is_shared && is_shared < (int64_t)clients)
		return build_fail(b, "filter",
				  "is a shared subscription of some clients "
				  "only: make another group for the others");
	if (is_shared && g->subscribe_count > 1)
		return build_fail(b, "filter",
				  "a shared subscription has to be the only "
				  "one of its group: make another group");
	if (is_shared && g->subscribe[i].options & MQTT_SUB_NO_LOCAL)
		return build_fail(b, "no-local",
				  "MQTT has none with shared subscriptions");
	return 0;
}

static int check_all_shared(struct builder *b, const struct raw_group *raw,
			    const struct group *g)
{
	size_t len = strlen(b->path);

	for (size_t i = 0; i < raw->subscribe_count; i++) {
		snprintf(b->path + len, sizeof(b->path) - len,
			 ".subscribe[%zu]", i);
		if (check_shared(b, g, i) < 0)
			return -1;
	}
	b->path[len] = '\0';
	return 0;
}

static int build_traffic(struct builder *b, const struct raw_group *raw,
			 struct group *g)
{
	size_t len = strlen(b->path);

	if (raw->publish_count > GROUP_PUBLISHES_MAX)
		return build_fail(b, "publish",
				  "has more than %d entries: "
				  "make more groups",
				  GROUP_PUBLISHES_MAX);
	/* With room for the reply topics of requests. */
	g->subscribe = calloc(raw->subscribe_count + raw->publish_count + 1,
			      sizeof(*g->subscribe));
	g->publish = calloc(raw->publish_count + 1, sizeof(*g->publish));
	if (!g->subscribe || !g->publish)
		return err_nomem(b->e);
	for (size_t i = 0; i < raw->subscribe_count; i++) {
		snprintf(b->path + len, sizeof(b->path) - len,
			 ".subscribe[%zu]", i);
		g->subscribe_count++;
		if (build_subscribe(b, &raw->subscribe[i], g,
				    &g->subscribe[i]) < 0)
			return -1;
	}
	for (size_t i = 0; i < raw->publish_count; i++) {
		snprintf(b->path + len, sizeof(b->path) - len, ".publish[%zu]",
			 i);
		g->publish_count++;
		if (build_publish(b, &raw->publish[i], g, &g->publish[i]) < 0)
			return -1;
	}
	b->path[len] = '\0';
	g->listed_count = g->subscribe_count;
	if (build_replies(b, raw, g) < 0)
		return -1;
	return check_all_shared(b, raw, g);
}

static int build_churn(struct builder *b, const struct raw_churn *raw,
		       struct group *g)
{
	struct churn_plan *c = &g->churn;
	uint64_t times = 0;

	if (!raw)
		return 0;
	*c = (struct churn_plan){ .share = 1 };
	if (raw->how)
		c->how = (enum churn_how)(raw->how - 1);
	if (build_duration(b, "churn.every", raw->every, &c->every) < 0 ||
	    build_share(b, "churn.share", raw->share, &c->share) < 0 ||
	    build_duration(b, "churn.after", raw->after, &c->after) < 0 ||
	    build_duration(b, "churn.down", raw->down, &c->down) < 0 ||
	    build_number(b, "churn.times", raw->times, 1, UINT32_MAX, &times) <
		    0)
		return -1;
	c->times = (uint32_t)times;
	if (c->every == 0)
		return build_fail(b, "churn.every", "expected more than 0");
	if (c->share > 1)
		return build_fail(b, "churn.share", "is more than 100%%");
	if (c->how == CHURN_UNSUBSCRIBE && g->listed_count == 0)
		return build_fail(b, "churn.how", "there is no 'subscribe'");
	if (!raw->after)
		c->after = c->every;
	return 0;
}

static int build_slow(struct builder *b, const struct raw_slow *raw,
		      struct group *g)
{
	if (build_duration(b, "slow.ack-delay", raw->ack_delay, &g->ack_delay) <
		    0 ||
	    build_duration(b, "slow.pause-every", raw->pause_every,
			   &g->pause_every) < 0 ||
	    build_duration(b, "slow.pause-for", raw->pause_for, &g->pause_for) <
		    0)
		return -1;
	if ((g->pause_every == 0) != (g->pause_for == 0))
		return build_fail(b, "slow",
				  "pause-every and pause-for go "
				  "together");
	if ((g->ack_delay || g->pause_every) && g->subscribe_count == 0)
		return build_fail(b, "slow",
				  "there is no 'subscribe' to be slow with");
	return 0;
}

/* "no", or the delay. */
static int build_reconnect(struct builder *b, const struct raw_group *raw,
			   struct group *g)
{
	g->reconnects = true;
	g->reconnect_delay = RECONNECT_DELAY;
	if (raw->reconnect && strcmp(raw->reconnect, "no") == 0) {
		g->reconnects = false;
		return 0;
	}
	return build_duration(b, "reconnect", raw->reconnect,
			      &g->reconnect_delay);
}

static int build_respond(struct builder *b, const struct raw_group *raw,
			 struct group *g)
{
	if (!raw->respond)
		return 0;
	g->responds = true;
	g->respond_qos = (uint8_t)(raw->respond - RAW_QOS0);
	if (g->mqtt.version != MQTT_5)
		return build_fail(b, "respond", "needs version: 5");
	if (raw->subscribe_count == 0)
		return build_fail(b, "respond",
				  "there is no 'subscribe' that requests "
				  "could come by");
	return 0;
}

/* First what holds for all groups, which is at the top of the file. */
static int build_session(struct builder *b, const struct raw_group *raw,
			 struct group *g)
{
	char begin = b->path[0];
	int r;

	b->path[0] = '\0';
	r = build_mqtt(b, &b->raw->mqtt, &g->mqtt);
	b->path[0] = begin;
	return r < 0 ? r : build_mqtt(b, &raw->mqtt, &g->mqtt);
}

static bool has_column(const struct template *t)
{
	return t && (template_uses(t) & TEMPLATE_COLUMN);
}

/* A column of another spelling ("ID", or with ; between) is a mistake that
 * would show in the broker's log alone. */
static int check_columns(struct builder *b, const struct group *g)
{
	bool is_used = !g->from.row_count || has_column(g->id) ||
		       has_column(g->username) || has_column(g->password) ||
		       has_column(g->will.topic) || has_column(g->will.payload);

	for (size_t i = 0; i < g->subscribe_count; i++)
		is_used |= has_column(g->subscribe[i].filter);
	for (size_t i = 0; i < g->publish_count; i++)
		is_used |= has_column(g->publish[i].topic) ||
			   has_column(g->publish[i].reply) ||
			   has_column(g->publish[i].payload.template);
	return is_used ? 0
		       : build_fail(b, "clients-from",
				    "no column of '%s' is used: expected id, "
				    "username, password, or one that is in a "
				    "template",
				    g->from.name);
}

int build_group(struct builder *b, const struct raw_group *raw, struct group *g)
{
	uint64_t clients = 0;

	if (build_number(b, "clients", raw->clients, 1, SCENARIO_CLIENTS_MAX,
			 &clients) < 0)
		return -1;
	g->clients = (uint32_t)clients;
	g->first_target = b->scenario->target_count;
	g->mqtt = (struct mqtt_plan){ .version = MQTT_5,
				      .keepalive = 60,
				      .is_clean = true };
	if (build_copy(b, raw->name, &g->name) < 0 ||
	    build_targets(b, raw->targets, raw->targets_count,
			  &g->target_count) < 0 ||
	    build_session(b, raw, g) < 0 || build_identities(b, raw, g) < 0 ||
	    build_ids(b, raw, g) < 0 || build_will(b, raw->will, g) < 0 ||
	    build_traffic(b, raw, g) < 0 || build_churn(b, raw->churn, g) < 0 ||
	    build_slow(b, &raw->slow, g) < 0 ||
	    build_duration(b, "join", raw->join, &g->join) < 0 ||
	    build_reconnect(b, raw, g) < 0 || build_respond(b, raw, g) < 0 ||
	    check_columns(b, g) < 0)
		return -1;
	return build_stages(b, raw->stages, raw->stages_count, &g->stages);
}

void group_release(struct group *g)
{
	for (size_t i = 0; i < g->subscribe_count; i++)
		template_free(g->subscribe[i].filter);
	for (size_t i = 0; i < g->publish_count; i++)
		publish_plan_release(&g->publish[i]);
	free(g->subscribe);
	free(g->publish);
	template_free(g->id);
	template_free(g->username);
	template_free(g->password);
	template_free(g->will.topic);
	template_free(g->will.payload);
	identities_release(&g->from);
	stages_release(&g->stages);
	free(g->name);
}
