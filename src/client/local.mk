# SPDX-License-Identifier: MIT
# Layer 5, connections: the only place with threads and locks.

noinst_LIBRARIES += src/libclient.a

src_libclient_a_SOURCES =
src_libclient_a_SOURCES += src/client/attempt.c
src_libclient_a_SOURCES += src/client/auth.c
src_libclient_a_SOURCES += src/client/auth.h
src_libclient_a_SOURCES += src/client/client.c
src_libclient_a_SOURCES += src/client/client.h
src_libclient_a_SOURCES += src/client/client_drain.c
src_libclient_a_SOURCES += src/client/client_heartbeat.c
src_libclient_a_SOURCES += src/client/client_private.h
src_libclient_a_SOURCES += src/client/client_publish.c
src_libclient_a_SOURCES += src/client/client_store.c
src_libclient_a_SOURCES += src/client/client_subscribe.c
src_libclient_a_SOURCES += src/client/conn.c
src_libclient_a_SOURCES += src/client/conn.h
src_libclient_a_SOURCES += src/client/conn_fail.c
src_libclient_a_SOURCES += src/client/conn_io.c
src_libclient_a_SOURCES += src/client/conn_private.h
src_libclient_a_SOURCES += src/client/heartbeat.c
src_libclient_a_SOURCES += src/client/heartbeat.h
src_libclient_a_SOURCES += src/client/loop.c
src_libclient_a_SOURCES += src/client/loop.h
src_libclient_a_SOURCES += src/client/params.h
src_libclient_a_SOURCES += src/client/pool.c
src_libclient_a_SOURCES += src/client/pool.h
src_libclient_a_SOURCES += src/client/reconnect.c
src_libclient_a_SOURCES += src/client/reconnect.h
src_libclient_a_SOURCES += src/client/redirect.c
src_libclient_a_SOURCES += src/client/redirect.h
src_libclient_a_SOURCES += src/client/scram.c
src_libclient_a_SOURCES += src/client/scram.h
src_libclient_a_SOURCES += src/client/state.c
src_libclient_a_SOURCES += src/client/state.h
src_libclient_a_SOURCES += src/client/subs.c
src_libclient_a_SOURCES += src/client/subs.h
src_libclient_a_SOURCES += src/client/sync.c
src_libclient_a_SOURCES += src/client/sync.h
src_libclient_a_SOURCES += src/client/token.c
src_libclient_a_SOURCES += src/client/token.h
src_libclient_a_SOURCES += src/client/trace.c
src_libclient_a_SOURCES += src/client/trace.h
