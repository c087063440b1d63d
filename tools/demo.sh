#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Two Linux domains on QEMU, straight from the device tree: sets up, builds, boots.
#
#   tools/demo.sh [--headless] [--seconds N] [--machine M] [--cpus N] [--no-build]
#
#   --headless    no keyboard: waits for both shells, runs a command in each, prints the boot timeline, leaves
#   --seconds N   leaves after N seconds, whatever happens (headless: 600)
#   --machine M   virt, or xlnx-zcu102: a ZynqMP board with its own device tree (virt)
#   --cpus N      physical CPUs of the machine (2; xlnx-zcu102: 4)
#   --no-build    boots what is built already
set -euo pipefail
cd "$(dirname "$0")/.."

build=true
for argument in "$@"; do
    case $argument in
    --no-build) build=false ;;
    -h | --help) exec sed -n '3,/^set/{/^set/d;s/^# \{0,1\}//;p}' tools/demo.sh ;;
    esac
done
if $build; then
    tools/setup.sh
    cmake --preset aarch64 >/dev/null
    cmake --build --preset aarch64
fi
# Debian's python: it is the one that has python3-pexpect
exec "$(PATH=/usr/bin:$PATH command -v python3)" tools/demo.py "$@"
