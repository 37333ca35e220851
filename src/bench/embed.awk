# SPDX-License-Identifier: MIT
# Writes a text file as a C array of the name -v name=... for -v header=...

BEGIN {
  print "/* SPDX-License-Identifier: MIT */"
  print "#include \"" header "\"\n"
  print "const char " name "[] ="
}

{
  gsub(/\\/, "&&")
  gsub(/"/, "\\\"")
  print "\t\"" $0 "\\n\""
}

END {
  print "\t\"\";"
}
