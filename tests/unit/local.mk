# SPDX-License-Identifier: MIT
# One program per module, from tests/unit/test_MODULE.c, linking the archives
# of its own layer and those below:
#
#   UNIT_TESTS += tests/unit/test_buf
#   tests_unit_test_buf_LDADD = $(BASE_LIBS)

EXTRA_DIST += tests/unit/alloc.h
EXTRA_DIST += tests/unit/config_load.h
EXTRA_DIST += tests/unit/packets.h
EXTRA_DIST += tests/unit/reencode.h
EXTRA_DIST += tests/unit/bench_sample.h
EXTRA_DIST += tests/unit/test.h
EXTRA_DIST += tests/unit/write_file.h

# For tests/unit/alloc.h, which makes allocations fail.
WRAP_ALLOC = $(AM_LDFLAGS) \
	-Wl,--wrap=malloc,--wrap=calloc \
	-Wl,--wrap=realloc,--wrap=reallocarray

UNIT_TESTS += tests/unit/test_buf
tests_unit_test_buf_LDADD = $(BASE_LIBS)
tests_unit_test_buf_LDFLAGS = $(WRAP_ALLOC)
UNIT_TESTS += tests/unit/test_codec
tests_unit_test_codec_LDADD = $(MQTT_LIBS)
tests_unit_test_codec_LDFLAGS = $(WRAP_ALLOC)
UNIT_TESTS += tests/unit/test_decode
tests_unit_test_decode_LDADD = $(MQTT_LIBS)
UNIT_TESTS += tests/unit/test_decode_bad
tests_unit_test_decode_bad_LDADD = $(MQTT_LIBS)
UNIT_TESTS += tests/unit/test_err
tests_unit_test_err_LDADD = $(BASE_LIBS)
UNIT_TESTS += tests/unit/test_heap
tests_unit_test_heap_LDADD = $(BASE_LIBS)
tests_unit_test_heap_LDFLAGS = $(WRAP_ALLOC)
UNIT_TESTS += tests/unit/test_parse
tests_unit_test_parse_LDADD = $(BASE_LIBS)
UNIT_TESTS += tests/unit/test_template
tests_unit_test_template_LDADD = $(BASE_LIBS)
UNIT_TESTS += tests/unit/test_props
tests_unit_test_props_LDADD = $(MQTT_LIBS)
tests_unit_test_props_LDFLAGS = $(WRAP_ALLOC)
UNIT_TESTS += tests/unit/test_reason
tests_unit_test_reason_LDADD = $(MQTT_LIBS)
UNIT_TESTS += tests/unit/test_text
tests_unit_test_text_LDADD = $(BASE_LIBS)
UNIT_TESTS += tests/unit/test_topic
tests_unit_test_topic_LDADD = $(MQTT_LIBS)
UNIT_TESTS += tests/unit/test_wire
tests_unit_test_wire_LDADD = $(MQTT_LIBS)
tests_unit_test_wire_LDFLAGS = $(WRAP_ALLOC)

UNIT_TESTS += tests/unit/test_bench_hist
tests_unit_test_bench_hist_LDADD = $(BENCH_LIBS)
EXTRA_DIST += tests/unit/dial_peer.h

UNIT_TESTS += tests/unit/test_dial
tests_unit_test_dial_LDADD = $(NET_LIBS)
UNIT_TESTS += tests/unit/test_dial_limits
tests_unit_test_dial_limits_LDADD = $(NET_LIBS)
UNIT_TESTS += tests/unit/test_stream
tests_unit_test_stream_LDADD = $(NET_LIBS)
UNIT_TESTS += tests/unit/test_uplink
tests_unit_test_uplink_LDADD = $(NET_LIBS)
UNIT_TESTS += tests/unit/test_url
tests_unit_test_url_LDADD = $(NET_LIBS)

UNIT_TESTS += tests/unit/test_bench_schedule
tests_unit_test_bench_schedule_LDADD = $(BENCH_LIBS)

UNIT_TESTS += tests/unit/test_bench_stages
tests_unit_test_bench_stages_LDADD = $(BENCH_LIBS)

UNIT_TESTS += tests/unit/test_bench_header
tests_unit_test_bench_header_LDADD = $(BENCH_LIBS)

UNIT_TESTS += tests/unit/test_bench_track
tests_unit_test_bench_track_LDADD = $(BENCH_LIBS)
UNIT_TESTS += tests/unit/test_transport
tests_unit_test_transport_LDADD = $(NET_LIBS)

UNIT_TESTS += tests/unit/test_bench_account
tests_unit_test_bench_account_LDADD = $(BENCH_LIBS)
UNIT_TESTS += tests/unit/test_bench_backlog
tests_unit_test_bench_backlog_LDADD = $(BENCH_LIBS)
UNIT_TESTS += tests/unit/test_bench_fairness
tests_unit_test_bench_fairness_LDADD = $(BENCH_LIBS)

UNIT_TESTS += tests/unit/test_bench_metric
tests_unit_test_bench_metric_LDADD = $(BENCH_LIBS)

UNIT_TESTS += tests/unit/test_bench_require
tests_unit_test_bench_require_LDADD = $(BENCH_LIBS)

UNIT_TESTS += tests/unit/test_bench_verdict
tests_unit_test_bench_verdict_LDADD = $(BENCH_LIBS)

# The protocol engine.
EXTRA_DIST += tests/unit/session_check.h
EXTRA_DIST += tests/unit/session_peer.h
UNIT_TESTS += tests/unit/test_alias
tests_unit_test_alias_LDADD = $(MQTT_LIBS)
tests_unit_test_alias_LDFLAGS = $(WRAP_ALLOC)
UNIT_TESTS += tests/unit/test_arrivals
tests_unit_test_arrivals_LDADD = $(MQTT_LIBS)
tests_unit_test_arrivals_LDFLAGS = $(WRAP_ALLOC)
UNIT_TESTS += tests/unit/test_ids
tests_unit_test_ids_LDADD = $(MQTT_LIBS)
tests_unit_test_ids_LDFLAGS = $(WRAP_ALLOC)
UNIT_TESTS += tests/unit/test_inflight
tests_unit_test_inflight_LDADD = $(MQTT_LIBS)
UNIT_TESTS += tests/unit/test_keepalive
tests_unit_test_keepalive_LDADD = $(MQTT_LIBS)
UNIT_TESTS += tests/unit/test_lanes
tests_unit_test_lanes_LDADD = $(MQTT_LIBS)
tests_unit_test_lanes_LDFLAGS = $(WRAP_ALLOC)
UNIT_TESTS += tests/unit/test_memory_store
tests_unit_test_memory_store_LDADD = $(STORE_LIBS)
tests_unit_test_memory_store_LDFLAGS = $(WRAP_ALLOC)
UNIT_TESTS += tests/unit/test_session_alias
tests_unit_test_session_alias_LDADD = $(STORE_LIBS)
UNIT_TESTS += tests/unit/test_session_auth
tests_unit_test_session_auth_LDADD = $(STORE_LIBS)
UNIT_TESTS += tests/unit/test_session_commit
tests_unit_test_session_commit_LDADD = $(STORE_LIBS)
UNIT_TESTS += tests/unit/test_session_connect
tests_unit_test_session_connect_LDADD = $(STORE_LIBS)
UNIT_TESTS += tests/unit/test_session_defects
tests_unit_test_session_defects_LDADD = $(STORE_LIBS)
UNIT_TESTS += tests/unit/test_session_deliver
tests_unit_test_session_deliver_LDADD = $(STORE_LIBS)
UNIT_TESTS += tests/unit/test_session_limits
tests_unit_test_session_limits_LDADD = $(STORE_LIBS)
UNIT_TESTS += tests/unit/test_session_memory
tests_unit_test_session_memory_LDADD = $(STORE_LIBS)
tests_unit_test_session_memory_LDFLAGS = $(WRAP_ALLOC)
UNIT_TESTS += tests/unit/test_session_publish
tests_unit_test_session_publish_LDADD = $(STORE_LIBS)
UNIT_TESTS += tests/unit/test_session_random
tests_unit_test_session_random_LDADD = $(STORE_LIBS)
UNIT_TESTS += tests/unit/test_session_resume
tests_unit_test_session_resume_LDADD = $(STORE_LIBS)
UNIT_TESTS += tests/unit/test_session_time
tests_unit_test_session_time_LDADD = $(STORE_LIBS)
# End of the protocol engine.
UNIT_TESTS += tests/unit/test_client
tests_unit_test_client_LDADD = $(CLIENT_LIBS)
UNIT_TESTS += tests/unit/test_broker_kills
tests_unit_test_broker_kills_LDADD = $(CLIENT_LIBS)
UNIT_TESTS += tests/unit/test_client_lost
tests_unit_test_client_lost_LDADD = $(CLIENT_LIBS)
# It sees another boot clock than the kernel's.
UNIT_TESTS += tests/unit/test_suspend
tests_unit_test_suspend_LDADD = $(CLIENT_LIBS)
tests_unit_test_suspend_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=clock_gettime,--wrap=pthread_cond_timedwait \
	-Wl,--wrap=timerfd_create,--wrap=timerfd_settime
UNIT_TESTS += tests/unit/test_client_kills
tests_unit_test_client_kills_LDADD = $(CLIENT_LIBS)
EXTRA_DIST += tests/unit/client_setup.h
EXTRA_DIST += tests/unit/sqlite_setup.h
UNIT_TESTS += tests/unit/test_loop
tests_unit_test_loop_LDADD = $(CLIENT_LIBS)
UNIT_TESTS += tests/unit/test_client_store
tests_unit_test_client_store_LDADD = $(CLIENT_LIBS)
UNIT_TESTS += tests/unit/test_heartbeat
tests_unit_test_heartbeat_LDADD = $(CLIENT_LIBS)
UNIT_TESTS += tests/unit/test_reconnect
tests_unit_test_reconnect_LDADD = $(CLIENT_LIBS)
UNIT_TESTS += tests/unit/test_state
tests_unit_test_state_LDADD = $(CLIENT_LIBS)
EXTRA_DIST += tests/unit/peer_thread.h
UNIT_TESTS += tests/unit/test_bench_document
tests_unit_test_bench_document_LDADD = $(BENCH_LIBS)

UNIT_TESTS += tests/unit/test_bench_live
tests_unit_test_bench_live_LDADD = $(BENCH_LIBS)

UNIT_TESTS += tests/unit/test_bench_number
tests_unit_test_bench_number_LDADD = $(BENCH_LIBS)

UNIT_TESTS += tests/unit/test_format
tests_unit_test_format_LDADD = $(TOOLS_LIBS)
UNIT_TESTS += tests/unit/test_json
tests_unit_test_json_LDADD = $(TOOLS_LIBS)
UNIT_TESTS += tests/unit/test_output
tests_unit_test_output_LDADD = $(TOOLS_LIBS) -lutil
UNIT_TESTS += tests/unit/test_pub_input
tests_unit_test_pub_input_LDADD = $(TOOLS_LIBS)
UNIT_TESTS += tests/unit/test_bench_identities
tests_unit_test_bench_identities_LDADD = $(BENCH_LIBS)

UNIT_TESTS += tests/unit/test_bench_clients_from
tests_unit_test_bench_clients_from_LDADD = $(BENCH_LIBS)

UNIT_TESTS += tests/unit/test_bench_scenario
tests_unit_test_bench_scenario_LDADD = $(BENCH_LIBS)

UNIT_TESTS += tests/unit/test_bench_builtin
tests_unit_test_bench_builtin_LDADD = $(BENCH_LIBS)
UNIT_TESTS += tests/unit/test_sqlite_file
tests_unit_test_sqlite_file_LDADD = $(STORE_LIBS)
UNIT_TESTS += tests/unit/test_sqlite_power
tests_unit_test_sqlite_power_LDADD = $(STORE_LIBS)
UNIT_TESTS += tests/unit/test_sqlite_retry
tests_unit_test_sqlite_retry_LDADD = $(STORE_LIBS)
UNIT_TESTS += tests/unit/test_sqlite_store
tests_unit_test_sqlite_store_LDADD = $(STORE_LIBS)
EXTRA_DIST += tests/unit/tls_certs.sh
EXTRA_DIST += tests/unit/tls_peer.h
EXTRA_DIST += tests/unit/tls_server.h
UNIT_TESTS += tests/unit/test_bulk
tests_unit_test_bulk_LDADD = $(CLIENT_LIBS)
UNIT_TESTS += tests/unit/test_tls
tests_unit_test_tls_LDADD = $(NET_LIBS)
UNIT_TESTS += tests/unit/test_tls_name
tests_unit_test_tls_name_LDADD = $(NET_LIBS)
UNIT_TESTS += tests/unit/test_tls_trust
tests_unit_test_tls_trust_LDADD = $(NET_LIBS)

UNIT_TESTS += tests/unit/test_options
tests_unit_test_options_LDADD = $(CONFIG_LIBS)
UNIT_TESTS += tests/unit/test_argv
tests_unit_test_argv_LDADD = $(CONFIG_LIBS)
UNIT_TESTS += tests/unit/test_settings
tests_unit_test_settings_LDADD = $(CONFIG_LIBS)
tests_unit_test_settings_LDFLAGS = $(WRAP_ALLOC)
UNIT_TESTS += tests/unit/test_profile
tests_unit_test_profile_LDADD = $(CONFIG_LIBS)
UNIT_TESTS += tests/unit/test_secret
tests_unit_test_secret_LDADD = $(CONFIG_LIBS)
UNIT_TESTS += tests/unit/test_help
tests_unit_test_help_LDADD = $(CONFIG_LIBS)

UNIT_TESTS += tests/unit/test_bench_payload
tests_unit_test_bench_payload_LDADD = $(BENCH_LIBS)

UNIT_TESTS += tests/unit/test_bench_route
tests_unit_test_bench_route_LDADD = $(BENCH_LIBS)
UNIT_TESTS += tests/unit/test_auth
tests_unit_test_auth_LDADD = $(CLIENT_LIBS)
UNIT_TESTS += tests/unit/test_scram
tests_unit_test_scram_LDADD = $(CLIENT_LIBS)
EXTRA_DIST += tests/unit/fake_stream.h
UNIT_TESTS += tests/unit/test_http
tests_unit_test_http_LDADD = $(NET_LIBS)
UNIT_TESTS += tests/unit/test_proxy_rules
tests_unit_test_proxy_rules_LDADD = $(NET_LIBS)
UNIT_TESTS += tests/unit/test_socks
tests_unit_test_socks_LDADD = $(NET_LIBS)
UNIT_TESTS += tests/unit/test_srv
tests_unit_test_srv_LDADD = $(NET_LIBS)
UNIT_TESTS += tests/unit/test_ws
tests_unit_test_ws_LDADD = $(NET_LIBS)
UNIT_TESTS += tests/unit/test_ws_handshake
tests_unit_test_ws_handshake_LDADD = $(NET_LIBS)
UNIT_TESTS += tests/unit/test_resolve_transport
tests_unit_test_resolve_transport_LDADD = $(CONFIG_LIBS)

UNIT_TESTS += tests/unit/test_bench_judge
tests_unit_test_bench_judge_LDADD = $(BENCH_LIBS)

UNIT_TESTS += tests/unit/test_bench_html
tests_unit_test_bench_html_LDADD = $(BENCH_LIBS)

UNIT_TESTS += tests/unit/test_bench_compare
tests_unit_test_bench_compare_LDADD = $(BENCH_LIBS)
UNIT_TESTS += tests/unit/test_bench_exposition
tests_unit_test_bench_exposition_LDADD = $(BENCH_LIBS)
UNIT_TESTS += tests/unit/test_bench_merge
tests_unit_test_bench_merge_LDADD = $(BENCH_LIBS)

UNIT_TESTS += tests/unit/test_bench_result
tests_unit_test_bench_result_LDADD = $(BENCH_LIBS)

UNIT_TESTS += tests/unit/test_bench_options
tests_unit_test_bench_options_LDADD = $(BENCH_LIBS)
UNIT_TESTS += tests/unit/test_tls_error
tests_unit_test_tls_error_LDADD = $(NET_LIBS)
UNIT_TESTS += tests/unit/test_tls_threads
tests_unit_test_tls_threads_LDADD = $(NET_LIBS)

# The engine against the counting peer.
EXTRA_DIST += tests/unit/bench_run.h
UNIT_TESTS += tests/unit/test_bench_run
tests_unit_test_bench_run_LDADD = $(BENCH_LIBS)
UNIT_TESTS += tests/unit/test_bench_losses
tests_unit_test_bench_losses_LDADD = $(BENCH_LIBS)
UNIT_TESTS += tests/unit/test_bench_truth
tests_unit_test_bench_truth_LDADD = $(BENCH_LIBS)
UNIT_TESTS += tests/unit/test_bench_latency
tests_unit_test_bench_latency_LDADD = $(BENCH_LIBS)
UNIT_TESTS += tests/unit/test_bench_listener
tests_unit_test_bench_listener_LDADD = $(BENCH_LIBS)
tests_unit_test_bench_listener_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=recv
UNIT_TESTS += tests/unit/test_bench_search
tests_unit_test_bench_search_LDADD = $(BENCH_LIBS)
