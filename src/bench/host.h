/* SPDX-License-Identifier: MIT */
#ifndef BENCH_HOST_H
#define BENCH_HOST_H

/*
 * What the machine and its kernel say: facts for the report, figures for the
 * verdict, and which clock the times are told by. Reads /proc and /sys; any
 * thread, no state. Values that cannot be read are 0 or absent.
 */

#include <jansson.h>
#include <stdint.h>

/* Same number: same machine since its last start, same time namespace, hence
 * the same clock to the nanosecond. */
uint64_t host_clock_id(void);
/* What stands for the wall clocks of machines that the user trusts. */
#define CLOCK_STATED 1u

/* Kernel, processor, cores, memory, governor, limits, as a new object. */
json_t *host_facts(void);

/* Proportional set size of this process (shared pages divided by their
 * users), bytes; the resident size where that is not to be had. */
uint64_t host_memory(void);
/* Of a process; 0 is ourselves. */
uint64_t host_resident(long pid);
/* Processor seconds of a process so far (0: ourselves); -1 when they cannot
 * be read. */
double host_cpu_seconds(long pid);

/* Seconds since some begin that the limit of our cgroup, or of one above it,
 * held us back, and that other virtual machines took (all processors
 * together). */
double host_throttled_seconds(void);
double host_steal_seconds(void);

unsigned host_cpus(void); /* that this process may use */

#endif
