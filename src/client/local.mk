# SPDX-License-Identifier: MIT
# Layer 5, connections: the only place with threads and locks.

noinst_LIBRARIES += src/libclient.a

src_libclient_a_SOURCES =
src_libclient_a_SOURCES += src/client/client.h
src_libclient_a_SOURCES += src/client/loop.h
src_libclient_a_SOURCES += src/client/params.h
