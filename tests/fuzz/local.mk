# SPDX-License-Identifier: MIT
# Fuzz targets, each with its corpus in tests/fuzz/corpus/fuzz_NAME/:
#
#   FUZZ_TARGETS += tests/fuzz/fuzz_decode
#   tests_fuzz_fuzz_decode_LDADD = $(FUZZ_LIBS) $(MQTT_LIBS)

check_LIBRARIES += tests/fuzz/libreplay.a
tests_fuzz_libreplay_a_SOURCES = tests/fuzz/replay_main.c
# FUZZ_LIBS comes from configure, so automake does not see the archive in it.
$(FUZZ_TARGETS): tests/fuzz/libreplay.a

FUZZ_TARGETS += tests/fuzz/fuzz_url
tests_fuzz_fuzz_url_LDADD = $(FUZZ_LIBS) $(NET_LIBS)
