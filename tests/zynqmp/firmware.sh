#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds TF-A and U-Boot for ZynqMP from Debian's source packages.
#
#   tests/zynqmp/firmware.sh [DIR] [JOBS]       DIR: build/zynqmp, JOBS: 2
#
# Leaves in DIR: bl31.elf, u-boot.bin, u-boot.dtb. Does nothing that is done already; what is half done goes on. Nothing is
# installed: the tools that U-Boot's build wants and tools/setup.sh does not install (bison, flex, OpenSSL's headers), and mtools,
# which writes SD cards, are unpacked in DIR/host. apt has a configuration of its own there too.
#
# BULKHEAD_DEBIAN_MIRROR: http://deb.debian.org/debian
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "${1:-$here/../../build/zynqmp}"
work=$(cd "${1:-$here/../../build/zynqmp}" && pwd)
jobs=${2:-2}
mirror=${BULKHEAD_DEBIAN_MIRROR:-http://deb.debian.org/debian}
tool_packages=(bison flex m4 libssl-dev mtools)

say() { printf 'zynqmp: %s\n' "$*"; }

own_apt() { # apt-get or apt-cache, with lists, sources and downloads in $work/apt
    local program=$1
    shift
    "$program" -qq -o Dir::Etc::SourceList="$work/apt/sources.list" -o Dir::Etc::SourceParts=/dev/null \
        -o Dir::State::Lists="$work/apt/lists" -o Dir::State::status="$work/apt/status" \
        -o Dir::Cache::archives="$work/apt/archives" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= \
        -o APT::Sandbox::User=root -o APT::Get::List-Cleanup=false "$@"
}

# once NAME FILE COMMAND...: what was done is marked, and done again only after FILE, one of ours, has changed (-: never).
once() {
    local mark=$work/.done/$1 file=$here/$2
    shift 2
    if [[ -e $mark && ! $file -nt $mark ]]; then
        return
    fi
    "$@"
    mkdir -p "$work/.done"
    touch "$mark"
}

update_apt() {
    mkdir -p "$work/apt/lists/partial" "$work/apt/archives/partial"
    : >"$work/apt/status"
    local key=/usr/share/keyrings/debian-archive-keyring.gpg type
    for type in deb deb-src; do
        echo "$type [signed-by=$key] $mirror bookworm main"
    done >"$work/apt/sources.list"
    own_apt apt-get update
}

unpack_tools() {
    say "unpacking ${tool_packages[*]}"
    mkdir -p "$work/debs"
    (cd "$work/debs" && own_apt apt-get download "${tool_packages[@]}")
    local deb
    for deb in "$work"/debs/*.deb; do
        dpkg-deb -x "$deb" "$work/host"
    done
    # the shared libraries behind these links are not here: the static ones are linked
    find "$work/host" -name 'lib*.so' -type l -delete
}

unpack_source() { # PACKAGE -> $work/PACKAGE
    say "fetching the source of $1"
    rm -rf "$work/${1:?}"
    (cd "$work" && own_apt apt-get source --download-only "$1")
    dpkg-source --no-check -x "$(ls -t "$work/$1"_*.dsc | head -n 1)" "$work/$1" >"$work/$1.log" 2>&1
}

# replace FILE OLD NEW: one line of somebody else's source. Where it is no longer there the build stops.
replace() {
    grep -qF -- "$2" "$1" || { say "$1 has no \"$2\""; exit 1; }
    sed -i "s|$2|$3|" "$1"
}

# What TF-A needs to know of a machine that has neither a PMU nor the system counter's registers:
# - what it asks the PMU is answered by a file of ours;
# - the frequency of the counter is what QEMU's CPUs count with; the register that says so reads as 0.
adapt_tf_a() {
    replace "$work/arm-trusted-firmware/plat/xilinx/zynqmp/platform.mk" \
        plat/xilinx/common/pm_service/pm_ipi.c plat/xilinx/zynqmp/pmu_in_tf_a.c
    replace "$work/arm-trusted-firmware/plat/xilinx/zynqmp/aarch64/zynqmp_common.c" \
        'return mmio_read_32(IOU_SCNTRS_BASEFREQ);' 'return 62500000;'
}

# The release build lies in the on-chip memory, as on a board. Compiler and linker options: those of Debian's package.
build_tf_a() {
    say "building TF-A (PLAT=zynqmp)"
    cp "$here/pmu_in_tf_a.c" "$work/arm-trusted-firmware/plat/xilinx/zynqmp/"
    if ! CFLAGS=--param=min-pagesize=0 TF_LDFLAGS=--no-warn-rwx-segments \
        make -C "$work/arm-trusted-firmware" -j"$jobs" CROSS_COMPILE=aarch64-linux-gnu- LDFLAGS= PLAT=zynqmp \
        BUILD_STRING=debian bl31 \
        >>"$work/arm-trusted-firmware.log" 2>&1; then
        tail -n 20 "$work/arm-trusted-firmware.log"
        return 1
    fi
    cp "$work/arm-trusted-firmware/build/zynqmp/release/bl31/bl31.elf" "$work/bl31.elf"
}

make_u_boot() {
    local host=$work/host libraries
    libraries=$host/usr/lib/$(gcc -print-multiarch)
    PATH=$host/usr/bin:$PATH BISON_PKGDATADIR=$host/usr/share/bison M4=$host/usr/bin/m4 \
        make -C "$work/u-boot" O="$work/u-boot-build" -j"$jobs" CROSS_COMPILE=aarch64-linux-gnu- DTC=dtc \
        HOSTCFLAGS="-I$host/usr/include -I$host/usr/include/$(gcc -print-multiarch)" HOSTLDFLAGS="-L$libraries" "$@"
}

configure_u_boot() {
    make_u_boot xilinx_zynqmp_virt_defconfig && cat "$here/u-boot.config" >>"$work/u-boot-build/.config" && make_u_boot olddefconfig
}

build_u_boot() {
    say "building U-Boot (xilinx_zynqmp_virt_defconfig)"
    if ! (configure_u_boot && make_u_boot u-boot-nodtb.bin) >>"$work/u-boot.log" 2>&1; then
        tail -n 20 "$work/u-boot.log"
        return 1
    fi
    cp "$work/u-boot-build/u-boot-nodtb.bin" "$work/u-boot.bin"
}

# U-Boot's own tree of the board, with what QEMU's has and has not.
build_tree() {
    local source=$work/u-boot
    aarch64-linux-gnu-cpp -nostdinc -undef -D__DTS__ -x assembler-with-cpp -I "$source/arch/arm/dts" -I "$source/include" \
        "$here/u-boot.dts" | dtc -q -I dts -O dtb -o "$work/u-boot.dtb" -
}

once apt - update_apt
once tools - unpack_tools
once tf-a-source - unpack_source arm-trusted-firmware
once tf-a-adapted - adapt_tf_a
once tf-a pmu_in_tf_a.c build_tf_a
once u-boot-source - unpack_source u-boot
once u-boot u-boot.config build_u_boot
build_tree
say "bl31.elf, u-boot.bin and u-boot.dtb are in $work"
