# SPDX-License-Identifier: MIT
#
# What a broker did to a subscriber with QoS 2 that no subscriber can mend,
# from the record of a proxy before it:
#     awk -f broker_faults.awk proxy.record
# prints "repeated PAYLOAD" when it sent a message again after the PUBREL of
# that message, and "hidden PAYLOAD" when it sent one only under an id that
# was still in use, so that it had to be taken for the earlier one.  When it
# was sent again under an id that was free, and taken, that is no excuse any
# more.  A payload is what tells messages apart, so each must be different.

function value(key,   i) {
  for (i = 4; i <= NF; i++)
    if (index($i, key "=") == 1)
      return substr($i, length(key) + 2)
  return ""
}

$3 == "publish" && $2 == "down" && value("qos") == 2 {
  pid = value("pid")
  payload = value("payload")
  if (payload in released)
    print "repeated", payload
  if (!(pid in open)) {
    is_fresh[pid] = 1
    open[pid] = payload
  } else if (open[pid] != payload) {
    hidden[payload]
    if (pid in taken)
      next
    # Nor may the earlier one have been taken: then this one hides it.
    hidden[open[pid]]
    is_fresh[pid] = 0
    open[pid] = payload
  }
}

$3 == "pubrec" && $2 == "up" && (pid = value("pid")) in open {
  if (!(pid in taken) && is_fresh[pid])
    delete hidden[open[pid]]
  taken[pid]
}

$3 == "pubrel" && $2 == "down" {
  if ((pid = value("pid")) in open)
    released[open[pid]]
}

$3 == "pubcomp" && $2 == "up" {
  pid = value("pid")
  delete open[pid]
  delete taken[pid]
}

END {
  for (payload in hidden)
    print "hidden", payload
}
