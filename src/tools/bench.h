/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_H
#define TOOLS_BENCH_H

/*
 * mqtt-bench: what its commands share. The main thread alone uses all this;
 * the engine (bench/run.h) has the other threads.
 *
 * To add a command: a row in config/bench_commands.inc, a function
 * bench_do_NAME() in a file of its own (tools/bench_NAME.c, listed in
 * local.mk). It returns 0, or -1 with an error whose kind is the exit status
 * (ERR_NO: the answer is "no"), after it has printed what there is to print.
 *
 * Commands that load a broker are made of five steps, which repetitions,
 * searches and shards take as often as they need:
 *
 *	bench_load_make()   scenario, target, plan
 *	bench_load_fit()    after the scenario was changed: a new plan
 *	bench_load_allow()  checks before anything is sent
 *	bench_run_once()    one run of it: a judged result
 *	bench_report()      the result to wherever the options say
 */

#include "bench/plan.h"
#include "bench/result.h"
#include "bench/scenario.h"
#include "tools/bench_target.h"
#include "tools/tool.h"

/* One invocation of the program. */
struct bench {
	struct tool_run *tool;
	struct settings *settings;
	const struct bench_settings *options;
	const char *command;
	struct text_list words; /* operands after the command */
	int ndjson_fd;          /* for all runs; -1: nothing to write yet */
	struct err output;      /* what could not be written during a run;
				 * the report goes on without it */
};

/* A scenario that is ready to be carried out. */
struct bench_load {
	struct scenario scenario;
	struct bench_targets targets;
	struct plan_limits limits;
	struct plan plan;
	uint64_t seed;
	uint64_t run_id;
	uint32_t shard, shards; /* 0 of 1: the whole */
	uint64_t start_at;      /* ns since 1970; 0: at once */
	uint64_t epoch;         /* see struct run_config */
};

#define BENCH_COMMAND(name, operands, help) \
	int bench_do_##name(struct bench *b, struct err *e) MUST_CHECK;
#include "config/bench_commands.inc"
#undef BENCH_COMMAND

/* bench_load.c */
/* From the options and operands of run, conn, pub and sub. Prints nothing.
 * l is to be released whatever it returns. */
int bench_load_make(struct bench *b, struct bench_load *l, struct err *e)
	MUST_CHECK;
/* The second half of it, for a scenario that is there already. */
int bench_load_ready(struct bench *b, struct bench_load *l, struct err *e)
	MUST_CHECK;
void bench_load_release(struct bench_load *l);
/* Works out the plan of the scenario as it is now. */
int bench_load_fit(struct bench *b, struct bench_load *l, struct err *e)
	MUST_CHECK;
/* Checks the plan against this machine (descriptors, ports, memory) and
 * against good manners, and makes room for it. */
int bench_load_allow(struct bench *b, const struct bench_load *l, struct err *e)
	MUST_CHECK;

/* bench_shard.c */
/* Shard, start and epoch of l: from the options, or from what Kubernetes,
 * Slurm, Open MPI and GNU parallel tell each member of a crowd. */
int bench_shard_choose(struct bench *b, struct bench_load *l, struct err *e)
	MUST_CHECK;
/* The same for all shards of a run, as far as that can be known: from
 * --run-id, or the name of the job, the start and the scenario. */
uint64_t bench_shard_run_id(const struct bench *b, const struct bench_load *l);

/* bench_scenario.c */
/* One that was named: a file when there is a '/' or '.yaml' in its name or a
 * file of that name, otherwise a built-in one. Nothing is adjusted. */
int bench_scenario_open(const char *name, struct scenario *ret, struct err *e)
	MUST_CHECK;
/* What the options say of any scenario: rate, scale, duration, seed ... */
int bench_scenario_adjust(struct bench *b, struct scenario *s, struct err *e)
	MUST_CHECK;
/* The first of these options that was typed; NULL: none. A profile may hold
 * what a command has no use for. */
const char *bench_given(const struct bench *b, const char *const *names,
			size_t count);

/* bench_heed.c: ERR_USAGE for a typed option that b->command would ignore. */
int bench_check_heed(const struct bench *b, struct err *e) MUST_CHECK;

/* bench_compose.c: the scenario that conn, pub or sub stand for. */
int bench_scenario_compose(struct bench *b, struct scenario *ret, struct err *e)
	MUST_CHECK;

/* bench_once.c */
/* Carries out a load once, with progress on standard error and --ndjson. ret
 * is initialised here and judged; it is to be released whatever comes back,
 * and holds what was found out (ret->partial says why it ended early). -1
 * with e when it could not begin. */
int bench_run_once(struct bench *b, const struct bench_load *l,
		   struct result *ret, struct err *e) MUST_CHECK;

/* Checks what must hold by the scenario and --require; what does not is an
 * outcome, not an error. */
int bench_require_scenario(const struct bench_load *l, struct result *r,
			   struct err *e) MUST_CHECK;

/* bench_repeat.c */
/* As often as --repeat says: bench_run_once(), or all runs as one result. */
int bench_run_all(struct bench *b, const struct bench_load *l,
		  struct result *ret, struct err *e) MUST_CHECK;

/* bench_output.c */
/* Can the files that the options name be written? Before anything is done,
 * for afterwards it would be too late. */
int bench_check_outputs(const struct bench *b, struct err *e) MUST_CHECK;
/* Prints the report and writes the files that the options ask for. Then 0, or
 * -1 with what the exit status has to say: ERR_LOCAL, ERR_INVALID, ERR_NO. */
int bench_report(struct bench *b, const struct result *r, struct err *e)
	MUST_CHECK;
/* Writes all of it to standard output (err false) or standard error. */
int bench_print(struct bytes text, bool to_stderr, struct err *e) MUST_CHECK;
/* A terminal that can do more than print, of somebody who wants to see that. */
bool bench_has_terminal(int fd);

/* bench_report.c: for results that were read from files. */
/* Checks a requirement, or those of the options; base: see judge.h. What does
 * not hold is an outcome, not an error. */
int bench_require(struct result *r, const char *text, const struct result *base,
		  struct err *e) MUST_CHECK;
int bench_require_options(struct bench *b, struct result *r,
			  const struct result *base, struct err *e) MUST_CHECK;
/* bench_report() and, as the run is over, the intervals for --ndjson. */
int bench_report_again(struct bench *b, const struct result *r, struct err *e)
	MUST_CHECK;
/* --title, when there is one. */
int bench_set_title(struct bench *b, struct result *r, struct err *e)
	MUST_CHECK;

/* bench_signal.c */
/* From here on SIGINT and SIGTERM ask for an orderly end, and the third of
 * them ends the process. Returns the descriptor for run_config.interrupt_fd,
 * or -1 with e. Any number of times. */
int bench_watch_signals(struct bench *b, struct err *e) MUST_CHECK;
/* The signal that came, or 0: it also becomes the fate of the process. */
int bench_signal(const struct bench *b);

#endif
