#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks what the compiler and the linker made of the rules of the tree; the build fails where one is broken.

    check_image.py --preset NAME [--outside-parts N] --image bulkhead --elf bulkhead.elf --core FILE.o... --headers DIR --libfdt FILE.a --libz FILE.a

1. The image holds no FP or SIMD instruction but in zlib's inflate and in the functions that switch a guest's FP state: EL2
   would overwrite a guest's registers.
2. The objects of core hold no system instruction, and import only the contract (core/arch/*.h), libfdt, zlib and mem*/str*: what
   runs in hostsim is what runs on silicon.
3. Text, boot half, rodata and data are at most what limits.txt says of the preset, and 16 KiB more for each part from elsewhere.
4. The image takes no more memory than is said there, on a machine of four CPUs.
5. Nothing is both writable and executable, and no header field contradicts the image.
"""
import argparse
import pathlib
import re
import struct
import subprocess
import sys

LIMITS = pathlib.Path(__file__).resolve().parent / "limits.txt"
MEMORY_CPUS = 4
PART_BYTES = 16384
FP_FUNCTIONS = {"fp_save", "fp_load"}
FREESTANDING = re.compile(r"(mem(cpy|move|set|cmp|chr)|str(len|nlen|chr|rchr|cmp|ncmp)|__stack_chk_(guard|fail))$")
INSTRUCTION = re.compile(r"^ *([0-9a-f]+):\t([0-9a-f]{8}) \t(.*)$")
FUNCTION = re.compile(r"^[0-9a-f]+ <(.+)>:$")


def limits(arguments):
    """(bytes of the file, bytes of memory): of limits.txt, with what parts add that it does not know."""
    more = arguments.outside_parts * PART_BYTES
    for line in LIMITS.read_text(encoding="utf-8").splitlines():
        fields = line.split()
        if fields and fields[0] == arguments.preset:
            return int(fields[1]) + more, int(fields[2]) + more
    raise SystemExit(f"{LIMITS}: no limits of an image of preset {arguments.preset}")


def tool(name, *arguments):
    command = [f"aarch64-linux-gnu-{name}", *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout


def is_fp(word):
    """Arm ARM C4.1: FP and SIMD data processing, loads and stores of their registers, SVE, SME."""
    op0 = word >> 25 & 0xF
    if op0 in (0b0111, 0b1111, 0b0010):
        return True
    if op0 & 0b0101 == 0b0100:
        return bool(word >> 26 & 1)
    return op0 == 0 and word >> 31 == 1


def is_system(word):
    """Anything but hints without effect: MRS, MSR, SYS, barriers but DMB, WFI and relatives, HVC, SMC, ERET."""
    if word >> 22 == 0b1101010100:
        nop_or_bti = word in (0xD503201F, 0xD503241F, 0xD503245F, 0xD503249F, 0xD50324DF)
        dmb = word & 0xFFFFF0FF == 0xD50330BF
        return not (nop_or_bti or dmb)
    if word >> 24 == 0b11010100:
        return word & 0xFFE0001F != 0xD4200000  # BRK: __builtin_trap()
    return word in (0xD69F03E0, 0xD6BF03E0)


def instructions(path):
    """Yields (function, address, word, text) of all code; literal pools are not code."""
    function = ""
    for line in tool("objdump", "-dw", path).splitlines():
        if match := FUNCTION.match(line):
            function = match[1]
        elif match := INSTRUCTION.match(line):
            if not match[3].startswith("."):
                yield function, int(match[1], 16), int(match[2], 16), match[3]


def symbols(path, *options):
    """Names that nm lists for an object or archive."""
    return {line.split()[-1] for line in tool("nm", *options, path).splitlines() if line and not line.endswith(":")}


def check_fp(arguments):
    allowed = FP_FUNCTIONS | symbols(arguments.libz, "--defined-only")
    for function, address, word, text in instructions(arguments.elf):
        if is_fp(word) and function not in allowed:
            yield f"{function} at 0x{address:x}: FP or SIMD instruction: {text}"


def check_core_instructions(arguments):
    for path in arguments.core:
        for function, address, word, text in instructions(path):
            if is_system(word):
                yield f"{path}: {function}+0x{address:x}: system instruction in core: {text}"


def check_core_imports(arguments):
    contract = set()
    for header in arguments.headers:
        with open(header, encoding="utf-8") as file:
            contract.update(re.findall(r"\barch_\w+(?=\()", file.read()))
    allowed = contract | symbols(arguments.libfdt, "--defined-only", "-g") | symbols(arguments.libz, "--defined-only", "-g")
    for path in arguments.core:
        allowed |= symbols(path, "--defined-only", "-g")
    for path in arguments.core:
        for name in sorted(symbols(path, "--undefined-only") - allowed):
            if not FREESTANDING.match(name):
                yield f"{path}: core imports {name}, which the contract does not declare"


def check_size(arguments):
    sizes = {".text": 0, ".boot": 0, ".rodata": 0, ".data": 0}
    for line in tool("size", "-A", arguments.elf).splitlines():
        fields = line.split()
        if len(fields) == 3 and fields[0].startswith("."):
            sizes[fields[0]] = int(fields[1])
    total = sum(sizes[name] for name in (".text", ".boot", ".rodata", ".data"))
    limit, _ = limits(arguments)
    if total > limit:
        yield (f"text {sizes['.text']} + boot half {sizes['.boot']} + rodata {sizes['.rodata']} + data {sizes['.data']} "
               f"= {total} bytes, limit {limit}")


def memory(elf, cpus):
    """Bytes of RAM that are the image's on a machine of @cpus CPUs; 0 of what is no image."""
    lines = [line.split() for line in tool("nm", "--defined-only", elf).splitlines()]
    at = {fields[2]: int(fields[0], 16) for fields in lines if len(fields) == 3}
    if "cpu_areas" not in at:
        return 0
    area = (at["image_end"] - at["cpu_areas"]) // at["max_cpus"]
    return at["cpu_areas"] - at["image_start"] + cpus * area


def check_memory(arguments):
    total = memory(arguments.elf, MEMORY_CPUS)
    _, limit = limits(arguments)
    if total > limit:
        yield f"{total} bytes of RAM with {MEMORY_CPUS} CPUs, limit {limit}"


def check_layout(arguments):
    for line in tool("readelf", "-lW", arguments.elf).splitlines():
        fields = line.split()
        flags = "".join(fields[6:-1])
        if fields[:1] == ["LOAD"] and "W" in flags and "E" in flags:
            yield f"segment is writable and executable: {line.strip()}"
    with open(arguments.image, "rb") as file:
        image = file.read()
    _, _, text_offset, image_size, flags, _, _, _, magic, _ = struct.unpack("<IIQQQQQQII", image[:64])
    if magic != 0x644D5241:
        yield "no arm64 Image header"
    if text_offset != 0 or flags != 0xA:
        yield f"Image header: text_offset {text_offset:#x}, flags {flags:#x}"
    if not len(image) < image_size <= 2 << 20 or image_size % 4096 != 0:
        yield f"Image header: image_size {image_size:#x}, file {len(image):#x}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--preset", required=True)
    parser.add_argument("--outside-parts", type=int, default=0)
    parser.add_argument("--image", required=True)
    parser.add_argument("--elf", required=True)
    parser.add_argument("--core", nargs="+", required=True)
    parser.add_argument("--headers", nargs="+", required=True)
    parser.add_argument("--libfdt", required=True)
    parser.add_argument("--libz", required=True)
    arguments = parser.parse_args()
    errors = [error for check in (check_fp, check_core_instructions, check_core_imports, check_size, check_memory, check_layout)
              for error in check(arguments)]
    for error in errors:
        print(f"check_image: {error}", file=sys.stderr)
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
