# SPDX-License-Identifier: MIT
# Layer 2, byte streams: knows nothing of MQTT.

noinst_LIBRARIES += src/libnet.a

src_libnet_a_SOURCES =
