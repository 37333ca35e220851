# SPDX-License-Identifier: MIT
# Layer 2, byte streams: knows nothing of MQTT.

noinst_LIBRARIES += src/libnet.a

src_libnet_a_SOURCES =
src_libnet_a_SOURCES += src/net/dial.c
src_libnet_a_SOURCES += src/net/dial.h
src_libnet_a_SOURCES += src/net/proxy_header.h
src_libnet_a_SOURCES += src/net/resolve.c
src_libnet_a_SOURCES += src/net/resolve.h
src_libnet_a_SOURCES += src/net/socket.c
src_libnet_a_SOURCES += src/net/socket.h
src_libnet_a_SOURCES += src/net/stream.c
src_libnet_a_SOURCES += src/net/stream.h
src_libnet_a_SOURCES += src/net/tls_config.h
src_libnet_a_SOURCES += src/net/transport.c
src_libnet_a_SOURCES += src/net/transport.h
src_libnet_a_SOURCES += src/net/url.c
src_libnet_a_SOURCES += src/net/url.h
src_libnet_a_SOURCES += src/net/ws.h
