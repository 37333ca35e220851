/* SPDX-License-Identifier: MIT */
#ifndef STORE_MEMORY_H
#define STORE_MEMORY_H

/*
 * The store that forgets at exit: the default of every tool, and the cache
 * in front of the SQLite store. Implements mqtt/store.h.
 *
 * Messages are cut from chunks that are freed when their last message is
 * gone, because they mostly leave in the order they came; an idle store has
 * no chunk. Inbound ids are a bitmap made on first use. Same threading as
 * the session that uses it (one caller at a time).
 */

#include "mqtt/store.h"

/* NULL when out of memory; free with store->ops->free(). max_bytes limits
 * topics, properties and payloads together (0: no limit). */
struct store *memory_store_new(size_t max_bytes);

#endif
