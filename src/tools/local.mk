# SPDX-License-Identifier: MIT
# Layer 8, the programs, and what they share (libtools.a).

noinst_LIBRARIES += src/libtools.a

src_libtools_a_SOURCES =
