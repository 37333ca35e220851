# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# For tests whose programs kill themselves at each point of base/crash.h.
#
# at_each_point END RUN CHECK    RUN N with N from 1 on: runs the life that ends
#                                at point N, and the next one; its status is
#                                that of the first, and END when no point was
#                                reached.  CHECK N then looks at what is left.
# on_disk N                      the words ON_DISK in front of a program make it
#                                run in the directory dN, a disk that keeps
#                                what was synced alone (helper/power.c)
# cut_power N                    what is left of dN after the next boot
# second_life START...           starts the job sub anew, and waits until it
#                                has connected to the job broker

at_each_point() {
  local n status end=$1
  for ((n = 1; n < 300; n++)); do
    status=0
    "$2" "$n" || status=$?
    [ "$status" -ne "$end" ] || break
    assert "$status" = 137 "point $n: $(cat err sub.err 2> /dev/null)"
    "$3" "$n" || die "point $n" || return 1
  done
  echo "# $((n - 1)) points"
  assert "$n" -gt 8 "too few points: is this the right program?"
}

# What the first life wrote must not be taken for what the second one did: a
# signal may end that as soon as it has connected, which is after it has put
# its output in order.
second_life() { # START...
  local before
  before=$(grep -c 'New client connected' broker.err)
  "$@"
  wait_for "$TOOL_TIMEOUT" has_connected "$before"
}

has_connected() { # BEFORE
  has_ended sub ||
    [ "$(grep -c 'New client connected' broker.err)" -gt "$1" ]
}

# By env(1), so that start has the pid of the program itself.
# shellcheck disable=SC2034
on_disk() { # N
  mkdir -p "disk$1"
  ON_DISK=(env -C "d$1" "MQTT_TOOLS_POWER=$PWD/disk$1")
}

# A file without data was never synced.
cut_power() { # N
  local name
  rm -f "d$1"/*
  for name in "disk$1"/*.name; do
    name=${name##*/}
    name=${name%.name}
    cp "disk$1/$name.data" "d$1/$name" 2> /dev/null || : > "d$1/$name"
  done
}
