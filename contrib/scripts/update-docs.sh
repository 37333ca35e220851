#!/bin/sh
# SPDX-License-Identifier: MIT
# Usage: update-docs.sh DOCGEN SOURCE_DIR [TARGET_DIR]
# Writes the man pages and completions that agree with the option table, below
# TARGET_DIR (SOURCE_DIR unless given).
set -eu

docgen=$1
source=$2
target=${3:-$2}
mkdir -p "$target/man" "$target/completions/bash" \
  "$target/completions/zsh" "$target/completions/fish"

for tool in mqtt-bench mqtt-pub mqtt-sub; do
  "$docgen" man "$tool" < "$source/man/$tool.1.in" > "$target/man/$tool.1"
  "$docgen" bash "$tool" > "$target/completions/bash/$tool"
  "$docgen" zsh "$tool" > "$target/completions/zsh/_$tool"
  "$docgen" fish "$tool" > "$target/completions/fish/$tool.fish"
done
"$docgen" man all < "$source/man/mqtt-tools-profiles.5.in" \
  > "$target/man/mqtt-tools-profiles.5"
