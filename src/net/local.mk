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
src_libnet_a_SOURCES += src/net/tls.c
src_libnet_a_SOURCES += src/net/tls.h
src_libnet_a_SOURCES += src/net/tls_cache.c
src_libnet_a_SOURCES += src/net/tls_cache.h
src_libnet_a_SOURCES += src/net/tls_compat.c
src_libnet_a_SOURCES += src/net/tls_compat.h
src_libnet_a_SOURCES += src/net/tls_config.c
src_libnet_a_SOURCES += src/net/tls_config.h
src_libnet_a_SOURCES += src/net/tls_error.c
src_libnet_a_SOURCES += src/net/tls_error.h
src_libnet_a_SOURCES += src/net/tls_files.c
src_libnet_a_SOURCES += src/net/tls_files.h
src_libnet_a_SOURCES += src/net/tls_info.c
src_libnet_a_SOURCES += src/net/tls_info.h
src_libnet_a_SOURCES += src/net/tls_keylog.c
src_libnet_a_SOURCES += src/net/tls_keylog.h
src_libnet_a_SOURCES += src/net/tls_layer.h
src_libnet_a_SOURCES += src/net/tls_options.h
src_libnet_a_SOURCES += src/net/tls_pbes2.c
src_libnet_a_SOURCES += src/net/tls_pbes2.h
src_libnet_a_SOURCES += src/net/tls_suites.c
src_libnet_a_SOURCES += src/net/tls_suites.h
src_libnet_a_SOURCES += src/net/tls_verify.c
src_libnet_a_SOURCES += src/net/tls_verify.h
src_libnet_a_SOURCES += src/net/transport.c
src_libnet_a_SOURCES += src/net/transport.h
src_libnet_a_SOURCES += src/net/url.c
src_libnet_a_SOURCES += src/net/url.h
src_libnet_a_SOURCES += src/net/ws.h
