# SPDX-License-Identifier: MIT
# Completions for bash, zsh and fish, written by docgen (see man/local.mk).

bashcompletiondir = $(datadir)/bash-completion/completions
zshcompletiondir = $(datadir)/zsh/site-functions
fishcompletiondir = $(datadir)/fish/vendor_completions.d
dist_bashcompletion_DATA =
dist_zshcompletion_DATA =
dist_fishcompletion_DATA =

dist_bashcompletion_DATA += completions/bash/mqtt-bench
dist_bashcompletion_DATA += completions/bash/mqtt-pub
dist_bashcompletion_DATA += completions/bash/mqtt-sub
dist_zshcompletion_DATA += completions/zsh/_mqtt-bench
dist_zshcompletion_DATA += completions/zsh/_mqtt-pub
dist_zshcompletion_DATA += completions/zsh/_mqtt-sub
dist_fishcompletion_DATA += completions/fish/mqtt-bench.fish
dist_fishcompletion_DATA += completions/fish/mqtt-pub.fish
dist_fishcompletion_DATA += completions/fish/mqtt-sub.fish
