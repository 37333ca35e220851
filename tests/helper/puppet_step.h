/* SPDX-License-Identifier: MIT */
#ifndef HELPER_PUPPET_STEP_H
#define HELPER_PUPPET_STEP_H

/*
 * The statements of a script. Each is a function that runs to its end,
 * waiting with step_turn() where it must, and returns -1 with e: ERR_NO when
 * something was not as expected, ERR_USAGE when the script is wrong. They
 * are found by name in the tables at the end, by puppet_script.c.
 */

#include "puppet.h"

/* Where the script is. */
struct run {
	struct puppet *p;
	const struct statement *s;
	char **words;    /* of the statement, without "within" */
	char **args;     /* after its name */
	uint64_t until;  /* "within"; or CLOCK_NEVER */
	size_t next;     /* statement */
	uint64_t *turns; /* of each loop, by statement */
};

struct step {
	const char *name;
	int (*run)(struct run *r, struct err *e);
};

/* Sets e to ERR_NO and returns -1. */
int step_failed(struct err *e, const char *fmt, ...) PRINTF(2, 3);
/* One turn of the event loop for a statement that waits. */
int step_turn(struct run *r, struct err *e) MUST_CHECK;
int step_wait(struct run *r, uint64_t time, struct err *e) MUST_CHECK;
int step_need_current(const struct run *r, struct err *e) MUST_CHECK;
/* The connection is over, by whomever. */
bool step_has_ended(const struct conn *c);
/* The next packet that no statement has looked at; the caller frees it. */
int step_take(struct run *r, struct entry **ret, struct err *e) MUST_CHECK;
/* Milliseconds unless it has a unit; NULL is an error. */
int step_time(const char *word, uint64_t *ret, struct err *e) MUST_CHECK;
/* A number after the statement's name, or fallback when there is none. */
int step_count(const struct run *r, uint64_t fallback, uint64_t *ret,
	       struct err *e) MUST_CHECK;

/* Each ends with a NULL name. */
extern const struct step act_steps[];     /* puppet_act.c */
extern const struct step expect_steps[];  /* puppet_expect.c */
extern const struct step scram_steps[];   /* puppet_scram.c */
extern const struct step setting_steps[]; /* puppet_setting.c */

#endif
