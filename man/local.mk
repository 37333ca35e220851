# SPDX-License-Identifier: MIT
# Manual pages: prose by hand in NAME.SECTION.in, options by docgen. What it
# writes is committed, and a test tells when it is out of date.

dist_man_MANS += man/mqtt-bench.1
dist_man_MANS += man/mqtt-pub.1
dist_man_MANS += man/mqtt-sub.1
dist_man_MANS += man/mqtt-tools-profiles.5
EXTRA_DIST += man/mqtt-bench.1.in
EXTRA_DIST += man/mqtt-pub.1.in
EXTRA_DIST += man/mqtt-sub.1.in
EXTRA_DIST += man/mqtt-tools-profiles.5.in

UPDATE_DOCS = contrib/scripts/update-docs.sh
EXTRA_DIST += $(UPDATE_DOCS)

update-docs: src/config/docgen
	$(AM_V_GEN)$(SHELL) $(top_srcdir)/$(UPDATE_DOCS) \
		./src/config/docgen $(top_srcdir)
.PHONY: update-docs
