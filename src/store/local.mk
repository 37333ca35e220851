# SPDX-License-Identifier: MIT
# Layer 4, implementations of mqtt/store.h.

noinst_LIBRARIES += src/libstore.a

src_libstore_a_SOURCES =
src_libstore_a_SOURCES += src/store/digest.c
src_libstore_a_SOURCES += src/store/digest.h
src_libstore_a_SOURCES += src/store/memory.c
src_libstore_a_SOURCES += src/store/memory.h
src_libstore_a_SOURCES += src/store/sqlite.c
src_libstore_a_SOURCES += src/store/sqlite.h
src_libstore_a_SOURCES += src/store/sqlite_extra.c
src_libstore_a_SOURCES += src/store/sqlite_impl.h
src_libstore_a_SOURCES += src/store/sqlite_outbox.c
src_libstore_a_SOURCES += src/store/sqlite_retry.c
src_libstore_a_SOURCES += src/store/sqlite_room.c
src_libstore_a_SOURCES += src/store/sqlite_schema.c
