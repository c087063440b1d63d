#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Shows that arch/aarch64/check_image.py finds each thing it looks for.

    check_image_test.py --aarch64 BUILD

Takes the image and libraries of a finished build, adds one offence at a time, and expects the message.
"""
import argparse
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
CHECK = os.path.join(ROOT, "arch", "aarch64", "check_image.py")
GENERAL = ["-mgeneral-regs-only"]


def limits():
    """Bytes of the file and of memory that the image of preset aarch64 may have."""
    with open(os.path.join(os.path.dirname(CHECK), "limits.txt"), encoding="utf-8") as file:
        return next(line.split()[1:3] for line in file if line.startswith("aarch64 "))


FILE_LIMIT, MEMORY_LIMIT = limits()

# What is compiled as an object of core, and what must be said about it. None: nothing.
CORE = {
    "clean": ("int f(int *p) { __atomic_thread_fence(__ATOMIC_SEQ_CST); return *p; }", None),
    "contract": ("void arch_cpu_idle(void); void f(void) { arch_cpu_idle(); }", None),
    "mrs": ('unsigned long f(void) { unsigned long x; __asm__("mrs %0, tpidr_el2" : "=r"(x)); return x; }', "system instruction"),
    "hvc": ('void f(void) { __asm__("hvc #0"); }', "system instruction"),
    "smc": ('void f(void) { __asm__("smc #0"); }', "system instruction"),
    "wfi": ('void f(void) { __asm__("wfi"); }', "system instruction"),
    "wfe": ('void f(void) { __asm__("wfe"); }', "system instruction"),
    "dsb": ('void f(void) { __asm__("dsb sy"); }', "system instruction"),
    "isb": ('void f(void) { __asm__("isb"); }', "system instruction"),
    "tlbi": ('void f(void) { __asm__("tlbi alle2"); }', "system instruction"),
    "dc": ('void f(void *p) { __asm__("dc civac, %0" :: "r"(p)); }', "system instruction"),
    "eret": ('void f(void) { __asm__("eret"); }', "system instruction"),
    "printf": ("int printf(const char *, ...); void f(void) { printf(\"x\"); }", "imports printf"),
    "private": ("void mmu_init(unsigned long); void f(void) { mmu_init(0); }", "imports mmu_init"),
    "malloc": ("void *malloc(unsigned long); void *f(void) { return malloc(8); }", "imports malloc"),
}
# Functions added to the image.
IMAGE = {
    "integers": ("long f(long a, long b) { return a * b; }", GENERAL, None),
    "double": ("double f(double a, double b) { return a * b; }", [], "f at .*: FP or SIMD"),
    "vector": ("void f(char *a, const char *b) { for (int i = 0; i < 64; i++) a[i] += b[i]; }", ["-O3"], "FP or SIMD"),
    "q-load": ('void f(void *p) { __asm__("ldr q0, [%0]" :: "r"(p)); }', [], "FP or SIMD"),
    "q-store-pair": ('void f(void *p) { __asm__("stp q0, q1, [%0]" :: "r"(p)); }', [], "FP or SIMD"),
    "fmov": ('void f(void) { __asm__("fmov d0, x0"); }', [], "FP or SIMD"),
    "sve": ('void f(void) { __asm__(".arch armv8-a+sve\\n ptrue p0.b"); }', [], "FP or SIMD"),
    "large": (f"const char f[{int(FILE_LIMIT) + 28000}] = {{1}};", GENERAL, f"limit {FILE_LIMIT}$"),
}


def cross(name, *arguments):
    subprocess.run([f"aarch64-linux-gnu-{name}", *arguments], check=True)


class Checker:
    """Runs check_image.py on variants of a finished build."""

    def __init__(self, build, directory):
        self.directory = directory
        self.elf = os.path.join(build, "bulkhead.elf")
        self.image = os.path.join(build, "bulkhead")
        libraries = os.path.join(ROOT, "build", "deps", "arm64", "usr", "lib", "aarch64-linux-gnu")
        headers = os.path.join(ROOT, "core", "arch")
        self.fixed = ["--libfdt", os.path.join(libraries, "libfdt.a"), "--libz", os.path.join(libraries, "libz.a"), "--headers",
                      *(os.path.join(headers, name) for name in sorted(os.listdir(headers)) if name.endswith(".h"))]
        self.clean = self.compile("clean", CORE["clean"][0], GENERAL)
        self.failures = 0

    def compile(self, name, text, flags):
        source, target = (os.path.join(self.directory, name + suffix) for suffix in (".c", ".o"))
        with open(source, "w", encoding="utf-8") as file:
            file.write(text + "\n")
        cross("gcc", "-ffreestanding", "-O2", "-fno-pic", *flags, "-c", source, "-o", target)
        return target

    def linked(self, name, text, flags, *options):
        target = os.path.join(self.directory, name + ".elf")
        cross("ld", "-Ttext=0x400000", "-e", "f", "--no-warn-rwx-segments", *options, self.compile(name, text, flags), "-o",
              target)
        return target

    def expect(self, name, pattern, image=None, elf=None, core=None, outside_parts=0):
        command = [sys.executable, CHECK, "--preset", "aarch64", "--outside-parts", str(outside_parts), "--image", image or self.image, "--elf", elf or self.elf, "--core", core or self.clean,
                   *self.fixed]
        result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if pattern is None:
            good = result.returncode == 0 and not result.stdout
        else:
            good = result.returncode == 1 and re.search(pattern, result.stdout)
        print("ok" if good else "FAILED", name, flush=True)
        if not good:
            print(f"  expected {pattern!r}, exit status {result.returncode}:\n{result.stdout}")
            self.failures += 1

    def header(self, name, offset, form, value, pattern):
        path = os.path.join(self.directory, "image")
        shutil.copy(self.image, path)
        with open(path, "r+b") as file:
            file.seek(offset)
            file.write(struct.pack(form, value))
        self.expect(name, pattern, image=path)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--aarch64", default=os.path.join(ROOT, "build", "aarch64"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        checker = Checker(options.aarch64, directory)
        checker.expect("the build itself", None)
        for name, (text, pattern) in CORE.items():
            checker.expect(f"core: {name}", pattern, core=checker.compile(name, text, GENERAL))
        for name, (text, flags, pattern) in IMAGE.items():
            checker.expect(f"image: {name}", pattern, elf=checker.linked(name, text, flags))
        writable = checker.linked("writable", "int x = 1; int *f(void) { return &x; }", GENERAL, "-N")
        checker.expect("image: writable text", "writable and executable", elf=writable)
        areas = int(MEMORY_LIMIT) + 1000 - 4 * 40000
        places = [f"--defsym={name}={value}" for name, value in
                  (("image_start", 0), ("cpu_areas", areas), ("image_end", areas + 16 * 40000), ("max_cpus", 16))]
        large = checker.linked("memory", "int f(void) { return 1; }", GENERAL, *places)
        checker.expect("image: memory", f"{int(MEMORY_LIMIT) + 1000} bytes of RAM with 4 CPUs, limit {MEMORY_LIMIT}$", elf=large)
        checker.expect("image: memory with a part more", None, elf=large, outside_parts=1)
        text, flags, _ = IMAGE["large"]
        large = checker.linked("large", text, flags)
        checker.expect("image: large with a part more", f"limit {int(FILE_LIMIT) + 16384}$", elf=large, outside_parts=1)
        checker.expect("image: large with three", None, elf=large, outside_parts=3)
        checker.header("header: magic", 56, "<I", 0, "no arm64 Image header")
        checker.header("header: text_offset", 8, "<Q", 0x80000, "text_offset 0x80000")
        checker.header("header: flags", 24, "<Q", 2, "flags 0x2")
        checker.header("header: image_size", 16, "<Q", 4096, "image_size 0x1000")
        checker.header("header: image_size beyond 2 MiB", 16, "<Q", 0x201000, "image_size 0x201000")
    return 1 if checker.failures else 0


if __name__ == "__main__":
    sys.exit(main())
