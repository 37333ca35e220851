# SPDX-License-Identifier: MIT
# Layer 4, implementations of mqtt/store.h.

noinst_LIBRARIES += src/libstore.a

src_libstore_a_SOURCES =
src_libstore_a_SOURCES += src/store/memory.c
src_libstore_a_SOURCES += src/store/memory.h
