/* SPDX-License-Identifier: MIT */
#ifndef BENCH_SCENARIO_BUILD_H
#define BENCH_SCENARIO_BUILD_H

/*
 * From the raw form of a scenario to the checked one: what scenario.c and
 * scenario_group.c share. Private to these. A builder knows where in the
 * file it is, so that every mistake is told with its place.
 */

#include "bench/scenario.h"
#include "bench/scenario_schema.h"

enum { BUILD_PATH_MAX = 128 };

struct builder {
	const struct document_source *source;
	const char *directory;
	struct scenario *scenario;
	const struct raw_scenario *raw;
	char path[BUILD_PATH_MAX]; /* of the node in work, "groups[0]" */
	struct err *e;
};

/* Each takes the value of `key` of the node in work; absent ones (NULL)
 * leave *ret as it is. -1 with the place in e. */
int build_duration(struct builder *b, const char *key, const char *text,
		   uint64_t *ret) MUST_CHECK;
int build_share(struct builder *b, const char *key, const char *text,
		double *ret) MUST_CHECK;
int build_rate(struct builder *b, const char *key, const char *text,
	       double *ret) MUST_CHECK;
/* In whole seconds, at most max. */
int build_seconds(struct builder *b, const char *key, const char *text,
		  uint32_t max, uint32_t *ret) MUST_CHECK;
int build_number(struct builder *b, const char *key, const char *text,
		 uint64_t min, uint64_t max, uint64_t *ret) MUST_CHECK;
int build_template(struct builder *b, const char *key, const char *text,
		   const struct template_config *c, struct template **ret)
	MUST_CHECK;
/* The same for topics, for filters, for names (of clients and of users) and for
 * passwords: what it makes for each client has to be one. */
int build_topic(struct builder *b, const char *key, const char *text,
		const struct template_config *c, const struct group *g,
		struct template **ret) MUST_CHECK;
int build_filter(struct builder *b, const char *key, const char *text,
		 const struct template_config *c, const struct group *g,
		 struct template **ret) MUST_CHECK;
int build_name(struct builder *b, const char *key, const char *text,
	       const struct template_config *c, const struct group *g,
	       struct template **ret) MUST_CHECK;
int build_secret(struct builder *b, const char *key, const char *text,
		 const struct template_config *c, const struct group *g,
		 struct template **ret) MUST_CHECK;
int build_stages(struct builder *b, const struct raw_stage *raw, size_t n,
		 struct stages *ret) MUST_CHECK;
int build_mqtt(struct builder *b, const struct raw_mqtt *raw,
	       struct mqtt_plan *ret) MUST_CHECK;

/* Adds to the scenario's; their number is in *ret_count. */
int build_targets(struct builder *b, char *const *urls, size_t n,
		  size_t *ret_count) MUST_CHECK;

/* Puts the place of `key` in front of e. Returns -1. */
int build_blame(struct builder *b, const char *key);
/* A mistake of its own. Returns -1. */
int build_fail(struct builder *b, const char *key, const char *fmt, ...)
	PRINTF(3, 4);
/* An owned copy; NULL stays NULL. */
int build_copy(struct builder *b, const char *text, char **ret) MUST_CHECK;
/* Appends the whole of a file that the scenario names. */
int build_read(struct builder *b, const char *key, const char *name,
	       struct buf *ret) MUST_CHECK;

/* scenario_group.c */
int build_group(struct builder *b, const struct raw_group *raw, struct group *g)
	MUST_CHECK;
void group_release(struct group *g);

/* scenario_publish.c */
int build_publish(struct builder *b, const struct raw_publish *raw,
		  const struct group *g, struct publish_plan *p) MUST_CHECK;
void publish_plan_release(struct publish_plan *p);

#endif
