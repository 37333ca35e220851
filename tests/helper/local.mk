# SPDX-License-Identifier: MIT
# What the bats tests bring along: shell helpers, and peers written in C.
