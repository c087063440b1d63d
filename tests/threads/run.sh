#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# run.sh PROGRAM: runs a program with ThreadSanitizer. Its runtime wants addresses that a kernel which randomises more than
# 28 bits does not give; then without randomisation, and where that is not allowed either, not at all.
set -eu
[ -x "$1" ]
works() { CK_RUN_SUITE=none "$@" >/dev/null 2>&1; }

if works "$1"; then
    exec "$1"
elif works setarch -R "$1"; then
    exec setarch -R "$1"
fi
echo "skipped: ThreadSanitizer's runtime does not start here (vm.mmap_rnd_bits too large, personality() not allowed)"
exit 77
