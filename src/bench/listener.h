/* SPDX-License-Identifier: MIT */
#ifndef BENCH_LISTENER_H
#define BENCH_LISTENER_H

/*
 * Which process of this machine listens on a port: by the number of its
 * socket in /proc/net/tcp and tcp6, which is looked up among the descriptors
 * of all processes. Blocks as long as that takes; any thread, no state.
 */

#include <stdint.h>

/* 0 when there is none, or when it is not ours to see. */
long listener_pid(uint16_t port);

#endif
