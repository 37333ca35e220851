# SPDX-License-Identifier: MIT
# Layer 6, the option table and what is made of it.

noinst_LIBRARIES += src/libconfig.a

src_libconfig_a_SOURCES =
src_libconfig_a_SOURCES += src/config/settings.h
