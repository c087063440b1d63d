#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# build_variant.sh FOLDER [CMAKE OPTION]...: the image of preset aarch64 with other options, in FOLDER.
#
# What the options do not change is not compiled again: the objects of build/aarch64 are taken along, and ninja, which
# knows by the command with which each was made, builds the others.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
like=$root/build/aarch64
folder=$(realpath -m "$1")
shift
cmake -S "$root" --preset aarch64 -B "$folder" "$@"
if [[ ! -e $folder/.ninja_deps && -e $like/.ninja_deps ]]; then
    (cd "$like" && find arch -name '*.obj' -exec cp -a --parents -t "$folder" {} +)
    cp -a "$like/.ninja_log" "$like/.ninja_deps" "$folder/"
fi
cmake --build "$folder" --target bulkhead_image
