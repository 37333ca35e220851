# SPDX-License-Identifier: MIT
#
# What a broker did to a subscriber with QoS 2 that no subscriber can mend,
# from the record of a proxy before it:
#     awk -f broker_faults.awk proxy.record
# prints "repeated PAYLOAD" when it sent a message again after the PUBREL of
# that message, and "hidden PAYLOAD" when it sent one under an id that was
# still in use, so that it had to be taken for the earlier one.  A payload is
# what tells messages apart, so each must be different.

function value(key,   i) {
  for (i = 4; i <= NF; i++)
    if (index($i, key "=") == 1)
      return substr($i, length(key) + 2)
  return ""
}

$3 == "pubrel" && $2 == "down" {
  if ((pid = value("pid")) in open)
    released[open[pid]]
}

$3 == "pubcomp" && $2 == "up" { delete open[value("pid")] }

$3 == "publish" && $2 == "down" && value("qos") == 2 {
  pid = value("pid")
  payload = value("payload")
  if (payload in released)
    print "repeated", payload
  if (pid in open && open[pid] != payload)
    print "hidden", payload
  open[pid] = payload
}
