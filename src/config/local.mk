# SPDX-License-Identifier: MIT
# Layer 6, the option table and what is made of it.

noinst_LIBRARIES += src/libconfig.a

src_libconfig_a_SOURCES =
src_libconfig_a_SOURCES += src/config/argv.c
src_libconfig_a_SOURCES += src/config/argv.h
src_libconfig_a_SOURCES += src/config/bench_commands.inc
src_libconfig_a_SOURCES += src/config/command.c
src_libconfig_a_SOURCES += src/config/command.h
src_libconfig_a_SOURCES += src/config/credentials.c
src_libconfig_a_SOURCES += src/config/dialogue.c
src_libconfig_a_SOURCES += src/config/dialogue.h
src_libconfig_a_SOURCES += src/config/environ.c
src_libconfig_a_SOURCES += src/config/environ.h
src_libconfig_a_SOURCES += src/config/help.c
src_libconfig_a_SOURCES += src/config/help.h
src_libconfig_a_SOURCES += src/config/keep.c
src_libconfig_a_SOURCES += src/config/keep.h
src_libconfig_a_SOURCES += src/config/load.c
src_libconfig_a_SOURCES += src/config/option.c
src_libconfig_a_SOURCES += src/config/option.h
src_libconfig_a_SOURCES += src/config/options.c
src_libconfig_a_SOURCES += src/config/options_bench.inc
src_libconfig_a_SOURCES += src/config/options_choices.inc
src_libconfig_a_SOURCES += src/config/options_store.inc
src_libconfig_a_SOURCES += src/config/options_auth.inc
src_libconfig_a_SOURCES += src/config/options_transport.inc
src_libconfig_a_SOURCES += src/config/options_waiting.inc
src_libconfig_a_SOURCES += src/config/outline.c
src_libconfig_a_SOURCES += src/config/outline.h
src_libconfig_a_SOURCES += src/config/print.c
src_libconfig_a_SOURCES += src/config/profile.c
src_libconfig_a_SOURCES += src/config/profile.h
src_libconfig_a_SOURCES += src/config/profile_file.c
src_libconfig_a_SOURCES += src/config/profile_file.h
src_libconfig_a_SOURCES += src/config/profile_save.c
src_libconfig_a_SOURCES += src/config/resolve.c
src_libconfig_a_SOURCES += src/config/resolve.h
src_libconfig_a_SOURCES += src/config/resolve_bench.c
src_libconfig_a_SOURCES += src/config/resolve_auth.c
src_libconfig_a_SOURCES += src/config/resolve_props.c
src_libconfig_a_SOURCES += src/config/resolve_pub.c
src_libconfig_a_SOURCES += src/config/resolve_servers.c
src_libconfig_a_SOURCES += src/config/resolve_store.c
src_libconfig_a_SOURCES += src/config/resolve_keepalive.c
src_libconfig_a_SOURCES += src/config/resolve_sub.c
src_libconfig_a_SOURCES += src/config/resolve_transport.c
src_libconfig_a_SOURCES += src/config/resolve_will.c
src_libconfig_a_SOURCES += src/config/secret.c
src_libconfig_a_SOURCES += src/config/secret.h
src_libconfig_a_SOURCES += src/config/set.c
src_libconfig_a_SOURCES += src/config/setting.c
src_libconfig_a_SOURCES += src/config/settings.h
src_libconfig_a_SOURCES += src/config/shell.c
src_libconfig_a_SOURCES += src/config/shell.h
src_libconfig_a_SOURCES += src/config/show.c
src_libconfig_a_SOURCES += src/config/show.h
src_libconfig_a_SOURCES += src/config/subscribe.c
src_libconfig_a_SOURCES += src/config/subscribe.h

# For maintainers: writes what has to agree with the table (see man/local.mk).
noinst_PROGRAMS += src/config/docgen
src_config_docgen_SOURCES =
src_config_docgen_SOURCES += src/config/docgen.c
src_config_docgen_SOURCES += src/config/docgen.h
src_config_docgen_SOURCES += src/config/docgen_complete.c
src_config_docgen_SOURCES += src/config/docgen_man.c
src_config_docgen_LDADD = $(CONFIG_LIBS)

EXTRA_DIST += contrib/profiles/local-socket.yaml
EXTRA_DIST += contrib/profiles/profiles.yaml
