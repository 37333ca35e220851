# SPDX-License-Identifier: MIT
#
# What a publisher with QoS 2 must never do while the session goes on, from
# the record of a proxy behind it: send a message under a second id, or again
# after its PUBREL.
#     awk -f sender_faults.awk proxy.record

function value(key,   i) {
  for (i = 4; i <= NF; i++)
    if (index($i, key "=") == 1)
      return substr($i, length(key) + 2)
  return ""
}

$3 == "pubrel" && $2 == "up" { released[open[value("pid")]] }

$3 == "publish" && $2 == "up" {
  payload = value("payload")
  if (payload in id && id[payload] != value("pid"))
    print "! sent under a second id: " payload
  if (payload in released)
    print "! sent again after its PUBREL: " payload
  id[payload] = value("pid")
  open[value("pid")] = payload
}
