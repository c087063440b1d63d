#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the commands of README.md, CONTRIBUTING.md, docs/*.md and the manual page, and compares their samples.

    tests/docs/pages_test.py HOST_BUILD DEPS

Each block of code has a line in BLOCKS: a function here that runs or reads it, or the test that does. A block without one fails, and
so does a line without its block. QEMU is a stand-in that looks for the files it is given: the boots are tests/qemu/cases/guide.py's.
"""
import glob
import json
import os
import re
import shlex
import struct
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
HOST, DEPS = (os.path.realpath(path) for path in sys.argv[1:3])
KERNEL_BYTES, RAMDISK_BYTES = 0x1f6dfc0, 0x1c5808  # as the samples say
QEMU = """#!/usr/bin/env python3
import os, re, sys
if any("dumpdtb" in word for word in sys.argv):
    os.execv("/usr/bin/qemu-system-aarch64", sys.argv)
files = [name for word in sys.argv[1:] for name in re.findall(r"(?:^|,)file=([^,]+)", word)]
files += [value for word, value in zip(sys.argv, sys.argv[1:]) if word in ("-kernel", "-dtb", "-bios", "-initrd")]
missing = [name for name in files if not os.path.exists(name)]
sys.exit(f"qemu: not there: {missing}" if missing or not files and "-netdev" not in sys.argv else 0)
"""


class Wrong(Exception):
    """A page does not say what is."""


def need(condition, what):
    if not condition:
        raise Wrong(what)


def read(*path):
    with open(os.path.join(ROOT, *path), encoding="utf-8") as file:
        return file.read()


# ---- The pages

def blocks(page):
    """Yields the blocks of a page: between fences, or indented by four."""
    text, block, fenced = read(page), [], False
    for line in text.split("\n") + ["end"]:
        if line.startswith("```"):
            fenced = not fenced
        elif fenced or line.startswith("    ") or (block and not line):
            block.append(line if fenced or not line else line[4:])
            continue
        if block:
            yield "\n".join(block).strip("\n") + "\n"
        block = []


def examples():
    """Those of the manual page."""
    for text in re.findall(r"^\.nf\n(.*?)^\.fi", read("docs", "bulkhead.1"), re.M | re.S):
        yield "\n".join(line.strip() for line in text.replace("\\-", "-").strip("\n").split("\n")) + "\n"


def pages():
    names = ["README.md", "CONTRIBUTING.md"] + sorted(os.path.relpath(path, ROOT) for path in glob.glob(os.path.join(ROOT, "docs", "*.md")))
    return [(page, block) for page in names for block in blocks(page)] + [("docs/bulkhead.1", block) for block in examples()]


# ---- A tree in which they run

def image(path, size):
    """An arm64 Image of that size, most of it a hole."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(struct.pack("<IIQQQQQQ4sI", 0x14000010, 0, 0, size, 0xa, 0, 0, 0, b"ARM\x64", 0))
        file.truncate(size)
    return path


def script(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, 0o755)


def furnish(folder):
    """What the commands of the pages find at the top of a tree that is built."""
    for name in ["tests", "bench", ".ci", "docs"]:
        os.symlink(os.path.join(ROOT, name), os.path.join(folder, name))
    os.makedirs(os.path.join(folder, "tools"))
    for path in glob.glob(os.path.join(ROOT, "tools", "*.*")):
        os.symlink(path, os.path.join(folder, "tools", os.path.basename(path)))
    os.remove(os.path.join(folder, "tools", "make_initramfs.py"))
    script(os.path.join(folder, "tools", "make_initramfs.py"), f"#!/bin/sh\nexec truncate -s {RAMDISK_BYTES} \"$2\"\n")
    image(os.path.join(folder, "build", "aarch64", "bulkhead"), 4096)
    for name in "timer", "cost":
        image(os.path.join(folder, "build", "aarch64", "guests", name + ".bin"), 4096)
    image(os.path.join(folder, "build", "deps", "Image"), KERNEL_BYTES)
    beside = os.path.join(folder, "build", "deps", "arm64", "usr", "lib", "linux-image-x")
    os.makedirs(beside)
    os.symlink(os.path.realpath(glob.glob(os.path.join(DEPS, "arm64/usr/lib/linux-image-*/xilinx"))[0]), os.path.join(beside, "xilinx"))
    os.symlink(HOST, os.path.join(folder, "build", "host"))
    script(os.path.join(folder, "bin", "qemu-system-aarch64"), QEMU)
    os.symlink(os.path.join(HOST, "bulkhead"), os.path.join(folder, "bin", "bulkhead"))
    # the files of the samples, beside the tree
    image(os.path.join(folder, "Image"), KERNEL_BYTES)
    with open(os.path.join(folder, "initrd.cpio"), "wb") as file:
        file.truncate(RAMDISK_BYTES)
    write_system(folder, "0x20000")


def domain_node():
    return next(block for block in blocks("docs/quickstart.md") if block.startswith("domU1 {"))


def write_system(folder, memory):
    """system.dtb: QEMU's virt with quickstart's domain and another one."""
    one = re.sub(r"memory = <0x0 0x20000>", f"memory = <0x0 {memory}>", domain_node())
    other = domain_node().replace("domU1", "domU2")
    compile_chosen(folder, one + other)


def compile_chosen(folder, domains):
    source = (f'/dts-v1/;\n/include/ "{ROOT}/tests/dts/virt.dtsi"\n/ {{ chosen {{ stdout-path = "/pl011@9000000"; #address-cells = <2>;'
              f' #size-cells = <2>;\n{domains}\n}}; }};\n')
    result = subprocess.run(["dtc", "-q", "-I", "dts", "-O", "dtb", "-o", os.path.join(folder, "system.dtb")], input=source,
                            stderr=subprocess.PIPE, text=True, timeout=60)
    need(result.returncode == 0, f"dtc refuses it:\n{result.stderr}")


def run(folder, commands, status=0):
    environment = {**os.environ, "PATH": os.path.join(folder, "bin") + ":/usr/bin:" + os.environ["PATH"]}
    result = subprocess.run(["bash", "-uo", "pipefail", "-ec", commands], cwd=folder, env=environment, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True, timeout=300, errors="replace")
    need(result.returncode == status, f"ends with {result.returncode}, not {status}:\n{commands}{result.stdout}")
    return result.stdout


# ---- What is done with a block

def runs(*patterns, status=0):
    """All of it runs, and prints lines like these."""

    def handle(folder, block):
        printed = run(folder, block, status)
        for pattern in patterns:
            need(re.search(pattern, printed, re.M), f"does not print {pattern}:\n{printed}")

    return handle


def quick(*shorter):
    """Runs, with fewer seeds and the like."""

    def handle(folder, block):
        for long, short in shorter:
            need(long in block, f"no {long} in it")
            block = block.replace(long, short)
        run(folder, block)

    return handle


def console(folder, block):
    """A prompt, a command, what it prints: as a system with that mistake makes it."""
    command, printed = block.split("\n", 1)
    write_system(folder, "0x0")
    found = run(folder, command.removeprefix("$ "), status=1)
    write_system(folder, "0x20000")
    need(found == printed, f"prints:\n{found}")


def prints(folder, block):
    """A prompt, a command that may go on after a backslash, and all that it prints."""
    command, printed = re.fullmatch(r"\$ ((?:[^\n]*\\\n)*[^\n]*\n)((?s:.*))", block).groups()
    found = run(folder, command)
    need(found == printed, f"prints:\n{found}")


def names(folder, block):
    """Commands that are not run here: they are there, and their help or source knows the options."""
    for line in block.replace("\\\n", " ").replace("&&", "\n").splitlines():
        words = [word for word in shlex.split(line, comments=True) if "=" not in word.split("/")[0] or word.startswith("-")]
        words = [word.strip("()") for word in words]
        if not words or words[0] in ("cd", "ctest"):
            continue
        if words[0] == "cmake":
            presets = [preset["name"] for kind in ("configurePresets", "buildPresets") for preset in json.loads(read("CMakePresets.json"))[kind]]
            need(words[words.index("--preset") + 1] in presets, f"no such preset: {line}")
            continue
        path = os.path.join(folder, words[0])
        need(os.access(path, os.X_OK), f"no such command: {words[0]}")
        source = "".join(open(name, encoding="utf-8").read() for name in [path, re.sub(r"\.sh$", ".py", path)] if os.path.exists(name))
        ctest = ("-L", "-R", "-N") if words[0] == "tools/test.sh" else ()
        for option in (word for word in words[1:] if word.startswith("-") and word not in ctest):
            need(option.split("=")[0] in source, f"{words[0]} knows no {option}")


def is_text(folder, block):
    """No command and no sample."""


def is_chosen(folder, block):
    """Device-tree source: what belongs into /chosen, or all of it."""
    inner = re.search(r"(?s)chosen \{(.*)\};\n\};", block)
    text = inner.group(1).replace("#address-cells = <2>;", "", 1).replace("#size-cells = <2>;", "", 1) if inner else block
    compile_chosen(folder, text)
    printed = run(folder, "bulkhead check system.dtb 2>&1")
    write_system(folder, "0x20000")
    need("0 errors, 0 warnings; 1 of 1 domains would start" in printed, printed)


def is_device(folder, block):
    """A partial device tree: `bulkhead check` has nothing to say of it, for a domain of virt."""
    with open(os.path.join(folder, "part.dts"), "w", encoding="utf-8") as file:
        file.write(block)
    printed = run(folder, "dtc -q -I dts -O dtb -o part.dtb part.dts; tools/make_system.py -o part --domain io --kernel Image --devices part.dtb; "
                          "bulkhead check $(cat part/host.args) part/system.dtb 2>&1")
    need("0 errors, 0 warnings; 1 of 1 domains would start" in printed, printed)


def is_case(folder, block):
    """A test of tests/qemu, as it stands there."""
    need(any(block.strip() in read(path) for path in glob.glob(os.path.join(ROOT, "tests/qemu/cases/*.py"))), "no such case in tests/qemu/cases")


def uboot(folder, block):
    """Loads, and a bootm of what was loaded; modules lie where the page's domain says."""
    loaded = dict(re.findall(r"^tftpb (0x\w+) (\S+)$", block, re.M))
    image_at, tree_at = re.search(r"^bootm (0x\w+) - (0x\w+)$", block, re.M).groups()
    need(loaded.get(image_at) == "bulkhead.ub" and loaded.get(tree_at) == "system.dtb", "bootm is given something else")
    modules = {f"0x{address}" for address in re.findall(r"module@(\w+)", domain_node())}
    need(modules == set(loaded) - {image_at, tree_at}, f"the domain's modules lie at {modules}")


def boot_lines(folder, block):
    """Lines of a boot: those of the hypervisor have the form that its source gives them."""
    form = re.search(r'console_printf\("(plan: %u of .*?)\\n"', re.sub(r'"\s*\n\s*"', "", read("core/boot/stages.c"))).group(1)
    pattern = re.sub(r"%(\\)?0?\d*l*[ux]", r"\\w+", re.escape("bulkhead: " + form).replace("0x%016llx", "%x").replace("0x%llx", "%x"))
    lines = [line for line in block.split("\n") if line.startswith("bulkhead: plan:")]
    need(lines and all(re.fullmatch(pattern, line) for line in lines), f"the hypervisor prints {form}, not\n{lines}")
    known = re.findall(r"(?m)^linux\d: (init: reached after)", block)
    need(not known or known[0] in read("tools/make_initramfs.py"), "the domains' init prints something else")


def jq(folder, block):
    """As `runs`, without jq where it is not installed."""
    if subprocess.run(["bash", "-c", "command -v jq"], stdout=subprocess.DEVNULL).returncode == 0:
        run(folder, block)
    plan = json.loads(run(folder, "bulkhead plan --json --quiet system.dtb"))
    need([(domain["name"], domain["entry"]) for domain in plan["domains"]], "no names and entries")


def by(test):
    """Another test runs it."""

    def handle(folder, block):
        path, _, name = test.partition(":")
        need(name in read(path), f"there is no {test}")

    return handle


BLOCKS = {
    ("README.md", "tools/demo.sh     two"): names,
    ("README.md", "bulkhead: Bulkhead"): boot_lines,
    ("README.md", "core/          the hypervisor"): is_text,
    ("README.md", "tools/setup.sh"): names,
    ("CONTRIBUTING.md", "tools/test.sh"): names,
    ("docs/architecture.md", "boot DT -->"): is_text,
    ("docs/assign.md", "bulkhead assign HOST.dtb"): is_text,
    ("docs/assign.md", "qemu-system-aarch64 -M virt"): runs(),
    ("docs/assign.md", "$ build/host/bulkhead assign host.dtb"): prints,
    ("docs/assign.md", "$ build/host/bulkhead assign build/deps"): prints,
    ("docs/binding.md", "/ {"): is_chosen,
    ("docs/boards.md", "build/host/tests/boards/board_survey"): by("tests/boards/CMakeLists.txt:board_survey"),
    ("docs/guest.md", "        .globl  _start"): by("tests/qemu/cases/guide.py:guest_contract"),
    ("docs/guest.md", "aarch64-linux-gnu-gcc"): by("tests/qemu/cases/guide.py:guest_contract"),
    ("docs/guest.md", "hello: hello from a domain"): by("tests/qemu/cases/guide.py:guest_contract"),
    ("docs/parts.md", "cmake --preset aarch64"): by("tests/qemu/CMakeLists.txt:qemu-build-part"),
    ("docs/parts.md", "domain1 {"): by("tests/scenario/test_parts.c:bulkhead,scratch"),
    ("docs/hardware.md", "xen,xen-bootargs"): is_chosen,
    ("docs/hardware.md", "tools/make_initramfs.py"): runs(r"0 errors, 0 warnings; 2 of 2 domains would start$"),
    ("docs/passthrough.md", "qemu-system-aarch64 -M virt"): runs(r"7 other devices in the same pages", r"0 errors, 1 warning; 2 of 2 domains would start$"),
    ("docs/passthrough.md", "build/host/bulkhead assign build/deps"): runs(),
    ("docs/passthrough.md", "/dts-v1/;"): is_device,
    ("docs/performance.md", "bench/budgets.py"): names,
    ("docs/performance.md", "BULKHEAD_SEEDS=1000"): quick(("SEEDS=1000", "SEEDS=2")),
    ("docs/quickstart.md", "domU1 {"): is_chosen,
    ("docs/quickstart.md", "$ build/host/bulkhead check"): console,
    ("docs/quickstart.md", "build/host/bulkhead plan"): runs(r"^digest 0x\w{16}$", r'^\s*compatible = "arm,sbsa-uart"|sbsa-uart@', r"^domU1: Booting Linux"),
    ("docs/quickstart.md", "tools/make_initramfs.py"): runs(r"0 errors, 0 warnings; 2 of 2 domains would start$"),
    ("docs/quickstart.md", "tools/demo.sh --machine"): names,
    ("docs/quickstart.md", "tools/make_system.py -o system --cpus 4"): runs(),
    ("docs/quickstart.md", "tftpb 0x48000000"): uboot,
    ("docs/quickstart.md", "qemu-system-aarch64 -M virt"): by("tests/qemu/cases/guide.py:quickstart_uboot"),
    ("docs/testing.md", "tools/test.sh -L unit"): names,
    ("docs/testing.md", "tests/qemu/run.py --list"): quick(("run.py hello", "run.py --help")),
    ("docs/testing.md", "@case(timeout="): is_case,
    ("docs/testing.md", "qemu-system-aarch64 -M virt"): runs(),
    ("docs/testing.md", "tests/lint/clang_tidy.py --deep"): names,
    ("docs/testing.md", "tests/zynqmp/boot_chain.sh"): names,
    ("docs/testing.md", "BULKHEAD_SEEDS=2000"): quick(("BULKHEAD_SEEDS=2000 build", ": build")),
    ("docs/testing.md", "build/host/tests/scenario-faults "): quick(("build/host/tests/scenario-faults                               #", ": #"),
                                                                     ("FAULTS_SWEEP=7 build", ": build")),
    ("docs/testing.md", "make_system.py ... -o system"): is_text,
    ("docs/zynqmp.md", "tools/make_initramfs.py"): by("tests/zynqmp/example.py:block(make_initramfs)"),
    ("docs/zynqmp.md", "mapfile -t arguments <system/uboot.args"): by("tests/zynqmp/document_test.py:mapfile -t arguments <system/uboot.args"),
    ("docs/zynqmp.md", "cp system/boot.scr.uimg"): by("tests/zynqmp/document_test.py:cp system/"),
    ("docs/zynqmp.md", "setenv fdt_high"): by("tests/zynqmp/document_test.py:setenv fdt_high"),
    ("docs/zynqmp.md", "dow -data"): by("tests/zynqmp/document_test.py:dow -data"),
    ("docs/zynqmp.md", "NOTICE:  BL31"): boot_lines,
    ("docs/zynqmp.md", "/ {"): by("tests/zynqmp/document_test.py:/ {"),
    ("docs/zynqmp.md", "tests/zynqmp/boot_chain.sh"): names,
    ("docs/bulkhead.1", "bulkhead check"): runs(r"0 errors, 0 warnings; 2 of 2 domains would start$"),
    ("docs/bulkhead.1", "bulkhead guest-dtb"): runs("sbsa-uart@"),
    ("docs/bulkhead.1", "bulkhead assign"): runs(),
    ("docs/bulkhead.1", "bulkhead plan"): jq,
    ("docs/bulkhead.1", "bulkhead sim"): runs("^bulkhead: error: device tree: ", status=1),
}


def main():
    failures, used = [], set()
    with tempfile.TemporaryDirectory() as folder:
        furnish(folder)
        for page, block in pages():
            key = next((key for key in BLOCKS if key[0] == page and block.startswith(key[1])), None)
            if key is None or key in used:
                failures.append(f"{page}: no test runs this block; give it a line in BLOCKS of tests/docs/pages_test.py:\n{block}")
                continue
            used.add(key)
            try:
                BLOCKS[key](folder, block)
            except Wrong as wrong:
                failures.append(f"{page}: \"{block.splitlines()[0]}\": {wrong}")
    failures += [f"{page}: the block that begins with \"{beginning}\" is gone; take its line out of BLOCKS"
                 for page, beginning in BLOCKS.keys() - used]
    print("\n\n".join(failures) or f"{len(used)} blocks")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
