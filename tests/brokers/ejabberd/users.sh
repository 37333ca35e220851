#!/bin/sh
# SPDX-License-Identifier: MIT
# users.sh RUNDIR - the test accounts, once ejabberd runs.
set -eu
for user in admin alice bob; do
  "$1/ctl" register $user localhost ${user}pw
done
