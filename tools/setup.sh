#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what Bulkhead's build and tests need on a Debian 12 machine, and unpacks the arm64 files that are
# linked into the hypervisor or run as guests. May be run any number of times; does nothing that is done already.
#
#   tools/setup.sh [--bench] [--any-system]
#
#   --bench         also fetches Debian's Xen, the peer of the boot benchmark
#   --any-system    goes on where the system is not Debian 12, whose packages are named here
#
# Downloads are kept in ${BULKHEAD_CACHE:-~/.cache/bulkhead}; files are unpacked below build/deps. Once a day it looks whether
# Debian has newer arm64 packages by now, so that an old tree gets what a fresh one does; without a network the old ones stay.
set -euo pipefail
cd "$(dirname "$0")/.."

cache=${BULKHEAD_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/bulkhead}
deps=$PWD/build/deps
os_release=${BULKHEAD_OS_RELEASE:-/etc/os-release} # another one for the test of this script

host_packages=(
    build-essential cmake ninja-build pkg-config git ca-certificates python3 python3-pexpect
    gcc-aarch64-linux-gnu libc6-dev-arm64-cross picolibc-aarch64-linux-gnu
    device-tree-compiler libfdt-dev zlib1g-dev check lcov
    qemu-system-arm ipxe-qemu u-boot-qemu u-boot-tools cpio kmod
    clang-format clang-tidy cppcheck clang-14 libclang-rt-14-dev
)
# Unpacked, never installed: their architecture is the hypervisor's and the guests'.
arm64_packages=(libfdt-dev zlib1g-dev busybox-static linux-image-arm64)
any_system=false

say() { printf 'setup: %s\n' "$*"; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }
as_root() { if [[ $(id -u) == 0 ]]; then "$@"; else sudo "$@"; fi; }

for argument in "$@"; do
    case $argument in
    --bench) arm64_packages+=(xen-hypervisor-4.17-arm64) ;;
    --any-system) any_system=true ;;
    -h | --help) exec sed -n '3,/^set/{/^set/d;s/^# \{0,1\}//;p}' tools/setup.sh ;;
    *) fail "$argument: no such option; tools/setup.sh --help lists them" ;;
    esac
done

check_system() {
    local found='no /etc/os-release' codename=
    if [[ -r $os_release ]]; then
        # shellcheck disable=SC1090
        found=$(. "$os_release" && echo "${PRETTY_NAME:-${ID:-unknown}}")
        # shellcheck disable=SC1090
        codename=$(. "$os_release" && echo "${VERSION_CODENAME:-}")
    fi
    if [[ $codename != bookworm ]] && ! $any_system; then
        fail "made for Debian 12 (bookworm), found $found: the packages may have other names or versions here." \
            "tools/setup.sh --any-system tries it all the same."
    fi
}

# What takes minutes says every 20 s that it goes on. A failure shows what the command said.
patiently() { # what it does, command...
    local what=$1 log waited
    shift
    log=$(mktemp)
    (
        waited=0
        while sleep 20 >/dev/null 2>&1; do # or it would keep a pipe of ours open
            waited=$((waited + 20))
            say "still $what, $waited s: $(tail -n 1 "$log" | cut -c 1-80)"
        done
    ) &
    local clock=$! status=0
    "$@" >"$log" 2>&1 || status=$?
    kill "$clock" 2>/dev/null
    wait "$clock" 2>/dev/null || true
    ((status == 0)) || tail -n 20 "$log" >&2
    rm -f "$log"
    return "$status"
}

install_host_packages() {
    local missing=() package
    for package in "${host_packages[@]}"; do
        dpkg-query -W -f='${db:Status-Abbrev}' "$package" 2>/dev/null | grep -q '^ii' || missing+=("$package")
    done
    if ((${#missing[@]} == 0)); then
        return
    fi
    say "installing ${#missing[@]} packages, which takes some minutes: ${missing[*]}"
    # env behind sudo, which keeps no variable of ours; another apt may run on a machine that has just started
    patiently "reading the lists of packages" as_root apt-get -o DPkg::Lock::Timeout=300 update ||
        fail "apt-get update failed: see above"
    patiently "installing" as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "${missing[@]}" ||
        fail "apt-get install failed: see above"
}

# apt with lists and architecture of its own, so that the machine's package system stays as it is.
apt_arm64() { # command of apt-get or apt-cache, its arguments...
    local program=$1
    shift
    mkdir -p "$cache/apt/lists/partial" "$cache/apt/archives/partial"
    : >"$cache/apt/status"
    "$program" -qq -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o APT::Sandbox::User=root \
        -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20 -o Acquire::Retries=1 -o APT::Update::Error-Mode=any \
        -o Dir::State::Lists="$cache/apt/lists" -o Dir::State::status="$cache/apt/status" \
        -o Dir::Cache::archives="$cache/apt/archives" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= "$@"
}

real_name() { # the package that a metapackage stands for
    if [[ $1 == linux-image-arm64 ]]; then
        apt_arm64 apt-cache depends --important "$1" | awk '/Depends: linux-image-[0-9]/ && !n++ {print $2}'
    else
        echo "$1"
    fi
}

# What Debian has of a package: NAME=VERSION, by which a newer one is told from what is unpacked already.
available() {
    local real
    real=$(real_name "$1")
    echo "$real=$(apt_arm64 apt-cache show --no-all-versions "$real" | awk '/^Version: / && !n++ {print $2}')"
}

all_unpacked() {
    local package
    for package in "${arm64_packages[@]}"; do
        [[ -e $deps/.unpacked/$package ]] || return 1
    done
}

# Writes $cache/apt/available, a line for each package; not again within a day, for any tree of this machine.
look_what_there_is() {
    local list=$cache/apt/available package
    if [[ -n $(find "$list" -mmin -1440 2>/dev/null) ]] && (($(wc -l <"$list") >= ${#arm64_packages[@]})); then
        return
    fi
    mkdir -p "$cache/apt"
    if ! patiently "reading the lists of arm64 packages" apt_arm64 apt-get update; then
        all_unpacked || fail "the lists of arm64 packages cannot be read"
        say "whether there are newer arm64 packages cannot be told; those of before stay"
        [[ ! -e $list ]] || touch "$list"
        return
    fi
    for package in "${arm64_packages[@]}"; do
        echo "$package $(available "$package")"
    done >"$list.new"
    mv "$list.new" "$list"
}

unpack_arm64_packages() {
    local package wanted mark dir
    mkdir -p "$deps/.unpacked"
    look_what_there_is
    for package in "${arm64_packages[@]}"; do
        wanted=$(sed -n "s/^$package //p" "$cache/apt/available" 2>/dev/null || true)
        mark=$deps/.unpacked/$package
        if [[ -e $mark && ($wanted == "" || $(cat "$mark") == "$wanted") ]]; then
            continue
        fi
        say "unpacking $wanted (arm64)"
        dir=$cache/debs/$package
        mkdir -p "$dir"
        # apt-get download skips a file that is there already and whole
        (cd "$dir" && patiently "downloading $package" apt_arm64 apt-get download "$wanted") || fail "$wanted cannot be had"
        # dpkg-deb rather than dpkg: nothing of the package is run or registered
        dpkg-deb -x "$dir/$(deb_name "$wanted")" "$deps/arm64"
        echo "$wanted" >"$mark"
    done
}

deb_name() { # NAME=VERSION -> the file that apt-get download makes of it
    local version=${1#*=}
    echo "${1%%=*}_${version//:/%3a}_arm64.deb"
}

# One name for the newest kernel, whatever its version is. Relative, so that a tree can be moved or copied. What is older goes:
# build/deps/arm64/usr/lib/linux-image-* is one folder.
link_guest_kernel() {
    local kernels version newest
    kernels=$(cd "$deps/arm64/boot" && ls -d vmlinuz-*)
    newest=$(sort -V <<<"$kernels" | tail -n 1)
    for version in ${kernels//vmlinuz-/}; do
        if [[ vmlinuz-$version != "$newest" ]]; then
            say "removing $version, which is older than ${newest#vmlinuz-}"
            rm -rf "$deps"/arm64/{boot/*-"$version",lib/modules/"$version",usr/lib/linux-image-"$version"}
        fi
    done
    ln -sfn "arm64/boot/$newest" "$deps/Image"
}

check_system
install_host_packages
unpack_arm64_packages
link_guest_kernel
say "ready"
