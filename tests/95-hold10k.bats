# SPDX-License-Identifier: MIT
# Ten thousand connections in one process, on two receive threads.

load helper/helpers
load helper/peer

@test "10,000 connections publish and receive through a pool of threads" {
  local n=10000
  [ "$(ulimit -Hn)" -ge $((n + 100)) ] ||
    skip "the limit of file descriptors is $(ulimit -Hn)"
  PEER_DEADLINE=600 start_counter --check-numbers
  TOOL_TIMEOUT=550 run_tool "$PEERS/hold10k" --connections $n --messages 10 \
    127.0.0.1 "$COUNTER_PORT"
  assert "$output" =~ " received=${n}0 published=${n}0 misordered=0 "
  echo "# $output" >&3
  assert "$(counter_result received)" -eq ${n}0
  grep -q " connects=$n lost=0 errors=0 .*misordered=0 .*acked=${n}0 " counter.out
}
