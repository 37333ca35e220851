# SPDX-License-Identifier: MIT
# Layer 3, the protocol: pure, no I/O, clock, lock or stdio.

noinst_LIBRARIES += src/libmqtt.a

src_libmqtt_a_SOURCES =
