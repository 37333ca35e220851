# SPDX-License-Identifier: MIT
# Layer 1, bytes, errors, text: libc only.

noinst_LIBRARIES += src/libbase.a

src_libbase_a_SOURCES =
src_libbase_a_SOURCES += src/base/attr.h
src_libbase_a_SOURCES += src/base/banned.h
src_libbase_a_SOURCES += src/base/buf.c
src_libbase_a_SOURCES += src/base/buf.h
src_libbase_a_SOURCES += src/base/bytes.h
src_libbase_a_SOURCES += src/base/clock.c
src_libbase_a_SOURCES += src/base/clock.h
src_libbase_a_SOURCES += src/base/crash.h
src_libbase_a_SOURCES += src/base/disk.c
src_libbase_a_SOURCES += src/base/disk.h
src_libbase_a_SOURCES += src/base/err.c
src_libbase_a_SOURCES += src/base/err.h
src_libbase_a_SOURCES += src/base/heap.c
src_libbase_a_SOURCES += src/base/heap.h
src_libbase_a_SOURCES += src/base/log.c
src_libbase_a_SOURCES += src/base/log.h
src_libbase_a_SOURCES += src/base/parse.c
src_libbase_a_SOURCES += src/base/parse.h
src_libbase_a_SOURCES += src/base/prefetch.h
src_libbase_a_SOURCES += src/base/write_all.c
src_libbase_a_SOURCES += src/base/write_all.h
src_libbase_a_SOURCES += src/base/template.c
src_libbase_a_SOURCES += src/base/template.h
src_libbase_a_SOURCES += src/base/text.c
src_libbase_a_SOURCES += src/base/text.h
