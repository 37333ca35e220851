# SPDX-License-Identifier: MIT
# Layer 8, the programs, and what they share (libtools.a).

noinst_LIBRARIES += src/libtools.a

src_libtools_a_SOURCES =
src_libtools_a_SOURCES += src/tools/ack_input.c
src_libtools_a_SOURCES += src/tools/ack_input.h
src_libtools_a_SOURCES += src/tools/drain.c
src_libtools_a_SOURCES += src/tools/drain.h
src_libtools_a_SOURCES += src/tools/durable.c
src_libtools_a_SOURCES += src/tools/durable.h
src_libtools_a_SOURCES += src/tools/enqueue.c
src_libtools_a_SOURCES += src/tools/enqueue.h
src_libtools_a_SOURCES += src/tools/events.c
src_libtools_a_SOURCES += src/tools/events.h
src_libtools_a_SOURCES += src/tools/format.c
src_libtools_a_SOURCES += src/tools/format.h
src_libtools_a_SOURCES += src/tools/format_ops.h
src_libtools_a_SOURCES += src/tools/format_parse.c
src_libtools_a_SOURCES += src/tools/handover.c
src_libtools_a_SOURCES += src/tools/handover.h
src_libtools_a_SOURCES += src/tools/json.c
src_libtools_a_SOURCES += src/tools/json.h
src_libtools_a_SOURCES += src/tools/json_compact.c
src_libtools_a_SOURCES += src/tools/output.c
src_libtools_a_SOURCES += src/tools/output.h
src_libtools_a_SOURCES += src/tools/pub_input.c
src_libtools_a_SOURCES += src/tools/pub_input.h
src_libtools_a_SOURCES += src/tools/refusals.c
src_libtools_a_SOURCES += src/tools/refusals.h
src_libtools_a_SOURCES += src/tools/removal.c
src_libtools_a_SOURCES += src/tools/removal.h
src_libtools_a_SOURCES += src/tools/sink.c
src_libtools_a_SOURCES += src/tools/sink.h
src_libtools_a_SOURCES += src/tools/source.c
src_libtools_a_SOURCES += src/tools/source.h
src_libtools_a_SOURCES += src/tools/source_pipe.c
src_libtools_a_SOURCES += src/tools/source_pipe.h
src_libtools_a_SOURCES += src/tools/stamp.c
src_libtools_a_SOURCES += src/tools/stamp.h
src_libtools_a_SOURCES += src/tools/subscriber.c
src_libtools_a_SOURCES += src/tools/subscriber.h
src_libtools_a_SOURCES += src/tools/tls_show.c
src_libtools_a_SOURCES += src/tools/tls_show.h
src_libtools_a_SOURCES += src/tools/tool.c
src_libtools_a_SOURCES += src/tools/tool.h
src_libtools_a_SOURCES += src/tools/writer.c
src_libtools_a_SOURCES += src/tools/writer.h

bin_PROGRAMS += mqtt-bench
mqtt_bench_SOURCES =
mqtt_bench_SOURCES += src/tools/bench.c
mqtt_bench_SOURCES += src/tools/bench.h
mqtt_bench_SOURCES += src/tools/bench_broker.c
mqtt_bench_SOURCES += src/tools/bench_broker.h
mqtt_bench_SOURCES += src/tools/bench_compare.c
mqtt_bench_SOURCES += src/tools/bench_abort.c
mqtt_bench_SOURCES += src/tools/bench_compose.c
mqtt_bench_SOURCES += src/tools/bench_heed.c
mqtt_bench_SOURCES += src/tools/bench_list.c
mqtt_bench_SOURCES += src/tools/bench_load.c
mqtt_bench_SOURCES += src/tools/bench_merge.c
mqtt_bench_SOURCES += src/tools/bench_metrics.c
mqtt_bench_SOURCES += src/tools/bench_metrics.h
mqtt_bench_SOURCES += src/tools/bench_once.c
mqtt_bench_SOURCES += src/tools/bench_output.c
mqtt_bench_SOURCES += src/tools/bench_repeat.c
mqtt_bench_SOURCES += src/tools/bench_report.c
mqtt_bench_SOURCES += src/tools/bench_run.c
mqtt_bench_SOURCES += src/tools/bench_save.c
mqtt_bench_SOURCES += src/tools/bench_save.h
mqtt_bench_SOURCES += src/tools/bench_scenario.c
mqtt_bench_SOURCES += src/tools/bench_shard.c
mqtt_bench_SOURCES += src/tools/bench_search.c
mqtt_bench_SOURCES += src/tools/bench_search.h
mqtt_bench_SOURCES += src/tools/bench_search_text.c
mqtt_bench_SOURCES += src/tools/bench_self.c
mqtt_bench_SOURCES += src/tools/bench_self.h
mqtt_bench_SOURCES += src/tools/bench_selftest.c
mqtt_bench_SOURCES += src/tools/bench_signal.c
mqtt_bench_SOURCES += src/tools/bench_target.c
mqtt_bench_SOURCES += src/tools/bench_target.h
mqtt_bench_SOURCES += src/tools/bench_view.c
mqtt_bench_SOURCES += src/tools/bench_view.h
mqtt_bench_LDADD = src/libtools.a $(BENCH_LIBS)

bin_PROGRAMS += mqtt-pub
mqtt_pub_SOURCES = src/tools/pub.c
mqtt_pub_LDADD = $(TOOLS_LIBS)

bin_PROGRAMS += mqtt-sub
mqtt_sub_SOURCES = src/tools/sub.c
mqtt_sub_LDADD = $(TOOLS_LIBS)

# What mqtt-sub --json prints, for programs.
dist_pkgdata_DATA = contrib/mqtt-message.schema.json
# What mqtt-bench --json writes.
dist_pkgdata_DATA += contrib/mqtt-bench-result.schema.json
dist_pkgdata_DATA += contrib/mqtt-bench-search.schema.json
