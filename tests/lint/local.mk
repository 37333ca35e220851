# SPDX-License-Identifier: MIT
# Rules about the source itself, as TAP scripts.
