# SPDX-License-Identifier: MIT
# Layer 1, bytes, errors, text: libc only.

noinst_LIBRARIES += src/libbase.a

src_libbase_a_SOURCES =
