# SPDX-License-Identifier: MIT
#
# What a broker with sessions would have delivered, from the log of a puppet:
#     awk -f delivered.awk -v topic=t/1 puppet.out
# prints the payloads in order.  A QoS 2 message counts when its id is new; the
# id is free again after PUBREL, or when the broker said that it has no
# session.  What the protocol forbids is printed as "! ...".

function value(key,   i) {
  for (i = 4; i <= NF; i++)
    if (index($i, key "=") == 1)
      return substr($i, length(key) + 2)
  return ""
}

$2 == "recv" && $3 == "connect" { client[$1] = value("client-id") }

$2 == "send" && $3 == "connack" && value("session-present") == "0" {
  for (key in open)
    if (index(key, client[$1] SUBSEP) == 1)
      delete open[key]
}

$2 == "recv" && $3 == "pubrel" { delete open[client[$1], value("pid")] }

$2 == "recv" && $3 == "publish" && value("topic") == topic {
  payload = value("payload")
  if (value("qos") == 2) {
    key = client[$1] SUBSEP value("pid")
    if (key in open) {
      if (open[key] != payload)
        print "! id " value("pid") " is in use"
      if (value("dup") != 1)
        print "! repeated without DUP: " payload
      next
    }
    open[key] = payload
  }
  print payload
}
