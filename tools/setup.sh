#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what Bulkhead's build and tests need on a Debian 12 machine, and unpacks the arm64 files that are
# linked into the hypervisor or run as guests. May be run any number of times; does nothing that is done already.
#
#   tools/setup.sh [--bench]      --bench also fetches Debian's Xen, the peer of the boot benchmark
#
# Downloads are kept in ${BULKHEAD_CACHE:-~/.cache/bulkhead}; files are unpacked below build/deps.
set -euo pipefail
cd "$(dirname "$0")/.."

cache=${BULKHEAD_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/bulkhead}
deps=$PWD/build/deps

host_packages=(
    build-essential cmake ninja-build pkg-config git ca-certificates python3 python3-pexpect
    gcc-aarch64-linux-gnu libc6-dev-arm64-cross picolibc-aarch64-linux-gnu
    device-tree-compiler libfdt-dev zlib1g-dev check lcov
    qemu-system-arm ipxe-qemu u-boot-qemu u-boot-tools cpio kmod
    clang-format clang-tidy cppcheck clang-14 libclang-rt-14-dev
)
# Unpacked, never installed: their architecture is the hypervisor's and the guests'.
arm64_packages=(libfdt-dev zlib1g-dev busybox-static linux-image-arm64)
[[ "${1:-}" == --bench ]] && arm64_packages+=(xen-hypervisor-4.17-arm64)

say() { printf 'setup: %s\n' "$*"; }
as_root() { if [[ $(id -u) == 0 ]]; then "$@"; else sudo "$@"; fi; }

install_host_packages() {
    local missing=() package
    for package in "${host_packages[@]}"; do
        [[ $package == *- ]] && continue
        dpkg-query -W -f='${db:Status-Abbrev}' "$package" 2>/dev/null | grep -q '^ii' || missing+=("$package")
    done
    if ((${#missing[@]} == 0)); then
        return
    fi
    say "installing ${missing[*]}"
    as_root apt-get -qq update
    DEBIAN_FRONTEND=noninteractive as_root apt-get -qq install -y --no-install-recommends "${missing[@]}" >/dev/null
}

# apt with lists and architecture of its own, so that the machine's package system stays as it is.
apt_arm64() {
    mkdir -p "$cache/apt/lists/partial" "$cache/apt/archives/partial"
    : >"$cache/apt/status"
    apt-get -qq -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o APT::Sandbox::User=root \
        -o Dir::State::Lists="$cache/apt/lists" -o Dir::State::status="$cache/apt/status" \
        -o Dir::Cache::archives="$cache/apt/archives" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= "$@"
}

apt_arm64_depends() { # the package that a metapackage stands for
    apt-cache -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o Dir::State::Lists="$cache/apt/lists" \
        -o Dir::State::status="$cache/apt/status" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= \
        depends --important "$1" | sed -n 's/^ *Depends: \(linux-image-[0-9][^ ]*\)$/\1/p' | head -n 1
}

unpack_arm64_packages() {
    local package wanted=()
    for package in "${arm64_packages[@]}"; do
        [[ -e $deps/.unpacked/$package ]] || wanted+=("$package")
    done
    if ((${#wanted[@]} == 0)); then
        return
    fi
    mkdir -p "$cache/debs" "$deps/.unpacked"
    apt_arm64 update
    for package in "${wanted[@]}"; do
        local real=$package dir
        [[ $package == linux-image-arm64 ]] && real=$(apt_arm64_depends "$package")
        say "unpacking $real (arm64)"
        dir=$cache/debs/$package
        mkdir -p "$dir"
        # apt-get download skips a file that is there already and whole
        (cd "$dir" && apt_arm64 download "$real")
        # dpkg-deb rather than dpkg: nothing of the package is run or registered
        dpkg-deb -x "$(ls -t "$dir"/*.deb | head -n 1)" "$deps/arm64"
        touch "$deps/.unpacked/$package"
    done
}

# One name for the kernel, whatever its version is.
link_guest_kernel() {
    local kernel
    kernel=$(ls "$deps"/arm64/boot/vmlinuz-* | tail -n 1)
    ln -sfn "$kernel" "$deps/Image"
}

install_host_packages
unpack_arm64_packages
link_guest_kernel
say "ready"
