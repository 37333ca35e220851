# SPDX-License-Identifier: MIT
# The tables of make bench, from lines
#   case|who|messages a second (or seconds)|arrived|asked|cpu|rss_kib|status
# Figures are medians; "at least" is what the project promises for the ratio,
# or, where nobody else has such a case, for the figure itself.

BEGIN {
  least["pub -l QoS 0, 64 B"] = 10
  least["pub -l QoS 0, 1024 B"] = 4
  least["pub -l QoS 1, 64 B, window 100"] = 5
  least["pub -l QoS 1, 64 B, window 20"] = 3
  least["pub -l QoS 2, 64 B, window 100"] = 10
  least["sub plain, 64 B"] = 15
  least["sub --json, 64 B"] = 6
  least["sub -F '%t %q %p', 64 B"] = 6
  least["pub -m x, milliseconds"] = 1
  least["pub -l QoS 0, 64 B, TLS"] = 1.5
  least["pub -m x, TLS, milliseconds"] = 3.3
  # "Not slower": what cannot be told apart is not slower.
  tolerance["pub -m x, milliseconds"] = 0.05
  floor["pub -l QoS 1, store, process"] = 50000
  floor["pub -l QoS 1, store, power"] = 20000
}

{
  if (!($1 in known)) {
    known[$1] = 1
    names[++cases] = $1
  }
  n = ++runs[$1, $2]
  figure[$1, $2, n] = $3
  asked[$1, $2] += $5
  arrived[$1, $2] += $4
  cpu[$1, $2] += $6
  if ($7 > rss[$1, $2])
    rss[$1, $2] = $7
}

function median(name, who,    n, i, j, v, sorted) {
  n = runs[name, who]
  if (!n)
    return 0
  for (i = 1; i <= n; i++) {
    v = figure[name, who, i] + 0
    for (j = i - 1; j > 0 && sorted[j] > v; j--)
      sorted[j + 1] = sorted[j]
    sorted[j + 1] = v
  }
  return n % 2 ? sorted[(n + 1) / 2] : (sorted[n / 2] + sorted[n / 2 + 1]) / 2
}

function shown(name, who) {
  if (!runs[name, who])
    return "-"
  if (name ~ /milliseconds/)
    return sprintf("%.2f ms", median(name, who) * 1e3)
  return sprintf("%.2f M/s", median(name, who) / 1e6)
}

# The limit has two ways to wait for acknowledgements: the better one counts.
function best_limit(name) {
  return median(name, "spinning") > median(name, "limit") ? "spinning" : "limit"
}

# How many times better than Debian's.
function ratio(name) {
  if (!median(name, "ours") || !median(name, "debian"))
    return 0
  if (name ~ /milliseconds/)
    return median(name, "debian") / median(name, "ours")
  return median(name, "ours") / median(name, "debian")
}

function met(name) {
  return ratio(name) < least[name] - tolerance[name] ? "NO" : "yes"
}

function of_limit(name,    r) {
  if (!runs[name, "limit"] || !median(name, "limit"))
    return "-"
  r = median(name, "ours") / median(name, best_limit(name))
  return sprintf("%.0f %%", 100 * (name ~ /milliseconds/ ? 1 / r : r))
}

function per_million(name, who) {
  if (!arrived[name, who])
    return "-"
  return sprintf("%.3f", cpu[name, who] / arrived[name, who] * 1e6)
}

function mib(name, who) {
  return sprintf("%.1f", rss[name, who] / 1024)
}

function came(name, who) {
  if (arrived[name, who] == asked[name, who])
    return "all"
  return sprintf("%.1f %%", 100 * arrived[name, who] / asked[name, who])
}

END {
  printf "\n%-31s %10s %10s %10s %7s %8s %5s %9s\n", "case", "Debian's",
    "limit", "ours", "ratio", "at least", "met", "of limit"
  for (i = 1; i <= cases; i++) {
    c = names[i]
    if (c in floor)
      continue
    printf "%-31s %10s %10s %10s %6.1fx %7gx %5s %9s\n", c,
      shown(c, "debian"), shown(c, best_limit(c)), shown(c, "ours"), ratio(c),
      least[c], met(c), of_limit(c)
  }
  printf "\n%-31s %27s   %19s   %17s\n", "", "CPU seconds per million  ",
    "peak memory MiB  ", "arrived   "
  printf "%-31s %9s %8s %8s   %9s %9s   %8s %8s\n", "case", "Debian's",
    "limit", "ours", "Debian's", "ours", "Debian's", "ours"
  for (i = 1; i <= cases; i++) {
    c = names[i]
    if (c in floor)
      continue
    printf "%-31s %9s %8s %8s   %9s %9s   %8s %8s\n", c,
      per_million(c, "debian"), per_million(c, best_limit(c)),
      per_million(c, "ours"), mib(c, "debian"), mib(c, "ours"),
      came(c, "debian"), came(c, "ours")
  }
  printf "\n%-31s %10s %10s %5s %12s %10s\n", "case", "ours", "at least", "met",
    "CPU s per M", "MiB"
  for (i = 1; i <= cases; i++) {
    c = names[i]
    if (c in floor)
      printf "%-31s %8.0f/s %8d/s %5s %12s %10s\n", c, median(c, "ours"),
        floor[c], median(c, "ours") < floor[c] ? "NO" : "yes",
        per_million(c, "ours"), mib(c, "ours")
  }
}
