# SPDX-License-Identifier: MIT
# Completions for bash, zsh and fish.
