# SPDX-License-Identifier: MIT
# Layer 3, the protocol: pure, no I/O, clock, lock or stdio.

noinst_LIBRARIES += src/libmqtt.a

src_libmqtt_a_SOURCES =
src_libmqtt_a_SOURCES += src/mqtt/alias.c
src_libmqtt_a_SOURCES += src/mqtt/alias.h
src_libmqtt_a_SOURCES += src/mqtt/arrivals.c
src_libmqtt_a_SOURCES += src/mqtt/arrivals.h
src_libmqtt_a_SOURCES += src/mqtt/body.c
src_libmqtt_a_SOURCES += src/mqtt/body.h
src_libmqtt_a_SOURCES += src/mqtt/decode.c
src_libmqtt_a_SOURCES += src/mqtt/decode.h
src_libmqtt_a_SOURCES += src/mqtt/encode.c
src_libmqtt_a_SOURCES += src/mqtt/encode.h
src_libmqtt_a_SOURCES += src/mqtt/ids.c
src_libmqtt_a_SOURCES += src/mqtt/ids.h
src_libmqtt_a_SOURCES += src/mqtt/inflight.c
src_libmqtt_a_SOURCES += src/mqtt/inflight.h
src_libmqtt_a_SOURCES += src/mqtt/keepalive.c
src_libmqtt_a_SOURCES += src/mqtt/keepalive.h
src_libmqtt_a_SOURCES += src/mqtt/lanes.c
src_libmqtt_a_SOURCES += src/mqtt/lanes.h
src_libmqtt_a_SOURCES += src/mqtt/packet.h
src_libmqtt_a_SOURCES += src/mqtt/props.c
src_libmqtt_a_SOURCES += src/mqtt/props.h
src_libmqtt_a_SOURCES += src/mqtt/reason.c
src_libmqtt_a_SOURCES += src/mqtt/reason.h
src_libmqtt_a_SOURCES += src/mqtt/request.c
src_libmqtt_a_SOURCES += src/mqtt/session.c
src_libmqtt_a_SOURCES += src/mqtt/session.h
src_libmqtt_a_SOURCES += src/mqtt/session_answer.c
src_libmqtt_a_SOURCES += src/mqtt/session_deliver.c
src_libmqtt_a_SOURCES += src/mqtt/session_impl.h
src_libmqtt_a_SOURCES += src/mqtt/session_in.c
src_libmqtt_a_SOURCES += src/mqtt/session_publish.c
src_libmqtt_a_SOURCES += src/mqtt/session_request.c
src_libmqtt_a_SOURCES += src/mqtt/session_start.c
src_libmqtt_a_SOURCES += src/mqtt/store.h
src_libmqtt_a_SOURCES += src/mqtt/topic.c
src_libmqtt_a_SOURCES += src/mqtt/topic.h
src_libmqtt_a_SOURCES += src/mqtt/types.h
src_libmqtt_a_SOURCES += src/mqtt/wire.c
src_libmqtt_a_SOURCES += src/mqtt/wire.h
