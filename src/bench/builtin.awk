# SPDX-License-Identifier: MIT
# Writes the scenarios that are named on the command line as a C table:
# name (of the file, without .yaml) and text.

function quoted(s) {
  gsub(/\\/, "&&", s)
  gsub(/"/, "\\\"", s)
  gsub(/\t/, "\\t", s)
  return "\t  \"" s "\\n\""
}

BEGIN {
  print "/* SPDX-License-Identifier: MIT */"
  print "/* Made from src/bench/scenarios by builtin.awk. */"
  print "#include \"bench/builtin.h\"\n"
  print "const struct builtin builtins[] = {"
}

FNR == 1 {
  if (NR > 1)
    print "\t},"
  name = FILENAME
  sub(/.*\//, "", name)
  sub(/\.yaml$/, "", name)
  print "\t{ \"" name "\","
  next # the licence line
}

{ print quoted($0) }

END {
  print "\t},\n};\n"
  print "const size_t builtin_count = sizeof(builtins) / sizeof(builtins[0]);"
}
