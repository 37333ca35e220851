# SPDX-License-Identifier: MIT
# Fuzz targets, each with its corpus in tests/fuzz/corpus/fuzz_NAME/ and, where
# it helps, a dictionary tests/fuzz/dict/fuzz_NAME:
#
#   FUZZ_TARGETS += tests/fuzz/fuzz_decode
#   tests_fuzz_fuzz_decode_LDADD = $(FUZZ_LIBS) $(MQTT_LIBS)
#   EXTRA_DIST += tests/fuzz/corpus/fuzz_decode
#
# make check replays the corpora.  make fuzz fuzzes each target for 10 s, and
# make fuzz-long for an hour (FUZZ_SECONDS=n changes both), in a build of its
# own unless this one has --enable-fuzz.

check_LIBRARIES += tests/fuzz/libreplay.a
tests_fuzz_libreplay_a_SOURCES = tests/fuzz/replay_main.c
# FUZZ_LIBS comes from configure, so automake does not see the archive in it.
$(FUZZ_TARGETS): tests/fuzz/libreplay.a

FUZZ_TARGETS += tests/fuzz/fuzz_decode
tests_fuzz_fuzz_decode_LDADD = $(FUZZ_LIBS) $(MQTT_LIBS)
EXTRA_DIST += tests/fuzz/corpus/fuzz_decode
EXTRA_DIST += tests/fuzz/dict/fuzz_decode

FUZZ_TARGETS += tests/fuzz/fuzz_format
tests_fuzz_fuzz_format_LDADD = $(FUZZ_LIBS) $(TOOLS_LIBS)
EXTRA_DIST += tests/fuzz/corpus/fuzz_format
EXTRA_DIST += tests/fuzz/dict/fuzz_format

FUZZ_TARGETS += tests/fuzz/fuzz_props
tests_fuzz_fuzz_props_LDADD = $(FUZZ_LIBS) $(MQTT_LIBS)
EXTRA_DIST += tests/fuzz/corpus/fuzz_props
EXTRA_DIST += tests/fuzz/dict/fuzz_props

FUZZ_TARGETS += tests/fuzz/fuzz_session
tests_fuzz_fuzz_session_LDADD = $(FUZZ_LIBS) $(STORE_LIBS)
EXTRA_DIST += tests/fuzz/corpus/fuzz_session
EXTRA_DIST += tests/fuzz/dict/fuzz_session

FUZZ_TARGETS += tests/fuzz/fuzz_topic
tests_fuzz_fuzz_topic_LDADD = $(FUZZ_LIBS) $(MQTT_LIBS)
EXTRA_DIST += tests/fuzz/corpus/fuzz_topic
EXTRA_DIST += tests/fuzz/dict/fuzz_topic

FUZZ_TARGETS += tests/fuzz/fuzz_profile
tests_fuzz_fuzz_profile_LDADD = $(FUZZ_LIBS) $(CONFIG_LIBS)
EXTRA_DIST += tests/fuzz/corpus/fuzz_profile
EXTRA_DIST += tests/fuzz/dict/fuzz_profile

FUZZ_TARGETS += tests/fuzz/fuzz_url
tests_fuzz_fuzz_url_LDADD = $(FUZZ_LIBS) $(NET_LIBS)
EXTRA_DIST += tests/fuzz/corpus/fuzz_url

FUZZ_TESTS += tests/fuzz/replay.sh
EXTRA_DIST += tests/fuzz/fuzz.sh

FUZZ_SECONDS = 10

if ENABLE_FUZZ
fuzz: fuzz-targets
	$(AM_V_at)FUZZ_SECONDS='$(FUZZ_SECONDS)' $(MAKE) $(AM_MAKEFLAGS) \
		check-TESTS check_PROGRAMS= check_LIBRARIES= \
		TESTS=tests/fuzz/fuzz.sh VERBOSE=1
else
fuzz:
	$(AM_V_at)$(call in_build,fuzz,--enable-fuzz --enable-sanitize \
		CC=clang,fuzz FUZZ_SECONDS='$(FUZZ_SECONDS)')
endif
fuzz-targets: $(FUZZ_TARGETS)
fuzz-long:
	$(AM_V_at)$(MAKE) $(AM_MAKEFLAGS) fuzz FUZZ_SECONDS=3600
.PHONY: fuzz fuzz-long fuzz-targets
FUZZ_TARGETS += tests/fuzz/fuzz_http_connect
tests_fuzz_fuzz_http_connect_LDADD = $(FUZZ_LIBS) $(NET_LIBS)
EXTRA_DIST += tests/fuzz/corpus/fuzz_http_connect
FUZZ_TARGETS += tests/fuzz/fuzz_scram
tests_fuzz_fuzz_scram_LDADD = $(FUZZ_LIBS) $(CLIENT_LIBS)
EXTRA_DIST += tests/fuzz/corpus/fuzz_scram
EXTRA_DIST += tests/fuzz/dict/fuzz_scram
FUZZ_TARGETS += tests/fuzz/fuzz_socks
tests_fuzz_fuzz_socks_LDADD = $(FUZZ_LIBS) $(NET_LIBS)
EXTRA_DIST += tests/fuzz/corpus/fuzz_socks
FUZZ_TARGETS += tests/fuzz/fuzz_srv
tests_fuzz_fuzz_srv_LDADD = $(FUZZ_LIBS) $(NET_LIBS)
EXTRA_DIST += tests/fuzz/corpus/fuzz_srv
FUZZ_TARGETS += tests/fuzz/fuzz_ws
tests_fuzz_fuzz_ws_LDADD = $(FUZZ_LIBS) $(NET_LIBS)
EXTRA_DIST += tests/fuzz/corpus/fuzz_ws
