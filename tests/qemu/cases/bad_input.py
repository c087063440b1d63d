# SPDX-License-Identifier: Apache-2.0
"""Mistakes in the device tree: each is reported as `bulkhead check` reports it, and the rest of the machine boots."""
import re

from lab import MIB, Domain, case, check

GOOD = "good: hello: done"


def boot_beside_good(lab, change, message, bad_name="bad", domains=None, **arguments):
    """Boots @domains (default: two) after @change has edited the source; @message names the mistake, on the board and on
    the desk."""
    system = lab.system(domains or [lab.guest_domain("hello", name=bad_name), lab.guest_domain("hello", name="good")], **arguments)
    path = system.path("system.dts")
    with open(path, encoding="utf-8") as file:
        source = file.read()
    changed = change(source)
    check(changed != source or change is keep, "the test changed nothing")
    with open(path, "w", encoding="utf-8") as file:
        file.write(changed)
    system.compile()
    _, errors = lab.host("check", *system.host_arguments(), system.path("system.dtb"), status=1)
    check(re.search(message, errors), f"bulkhead check does not say {message!r}:\n{errors}")
    board = lab.boot(system)
    board.expect(message)
    board.expect(GOOD)
    board.drain()
    check(not board.lines(bad_name), f"{bad_name} was started")
    board.quit()


def keep(source):
    return source


def in_bad(pattern, replacement):
    """A change of the node `bad` alone."""

    def change(source):
        start = source.index("\t\tbad {")
        end = source.index("\n\t\t};", start)
        return source[:start] + re.sub(pattern, replacement, source[start:end], count=1, flags=re.S) + source[end:]

    return change


MEMORY = r"memory = <[^>]*>;"
CPUS = r"cpus = <1>;"
KERNEL = r"module@[0-9a-f]+ \{.*\};"
REG = r"reg = <[^>]*>;"

for name, change, message in (
    ("no-kernel", in_bad(KERNEL, ""), r"/chosen/bad: [^\n]*kernel"),
    ("no-memory", in_bad(MEMORY, ""), r"/chosen/bad: memory"),
    ("zero-memory", in_bad(MEMORY, "memory = <0 0>;"), r"/chosen/bad: memory"),
    ("no-cpus", in_bad(CPUS, ""), r"/chosen/bad: cpus"),
    ("zero-cpus", in_bad(CPUS, "cpus = <0>;"), r"/chosen/bad: cpus"),
    ("too-much-memory", in_bad(MEMORY, "memory = <0 0x1000000>;"), r"error: /chosen/bad: "),
    ("module-outside-ram", in_bad(REG, "reg = <0x10 0 0 0x10000>;"), r"error: /chosen/bad/module@[0-9a-f]+: reg"),
    ("module-in-hypervisor", in_bad(REG, "reg = <0 0x40200000 0 0x10000>;"), r"error: /chosen/bad/module@[0-9a-f]+: reg"),
    ("module-without-reg", in_bad(REG, ""), r"error: /chosen/bad/module@[0-9a-f]+: reg"),
):
    case(timeout=60, name=f"bad-{name}", change=change, message=message)(boot_beside_good)


@case(timeout=60)
def bad_kernel_format(lab):
    junk = lab.write("junk", b"#!/bin/sh\n" + b"echo no kernel\n" * 300)
    boot_beside_good(lab, keep, r"error: /chosen/bad/module@[0-9a-f]+: ", domains=[Domain("bad", junk), lab.guest_domain("hello", name="good")])


@case(timeout=60)
def bad_large_image(lab):
    """image_size of the header, BSS included, is more than the domain has."""
    with open(lab.guest("hello"), "rb") as file:
        image = bytearray(file.read())
    image[16:24] = (300 * MIB).to_bytes(8, "little")
    large = lab.write("large", image)
    boot_beside_good(lab, keep, r"error: /chosen/bad", domains=[Domain("bad", large), lab.guest_domain("hello", name="good")])


@case(timeout=60)
def bad_overlap(lab):
    """Two modules that overlap: the later one's domain is left out."""
    other = lab.write("other", bytes(4096))
    domains = [lab.guest_domain("hello", name="good"), lab.guest_domain("timer", name="bad", ramdisk=other)]

    def overlap(source):
        kernel = re.search(r"\t\tgood \{.*?reg = <0x0 (0x[0-9a-f]+)", source, re.S).group(1)
        return in_bad(r"reg = <[^>]*>;(?=\s*\};\s*$)", f"reg = <0 {int(kernel, 16) + 0x1000:#x} 0 0x1000>;")(source)

    boot_beside_good(lab, overlap, r"error: /chosen/bad/module@[0-9a-f]+: reg", domains=domains)


@case(timeout=60)
def bad_reserved(lab):
    """A module in reserved memory."""
    reserved = ("/ { reserved-memory { #address-cells = <2>; #size-cells = <2>; ranges; firmware@48800000 { "
                "reg = <0 0x48800000 0 0x100000>; no-map; }; }; };")
    change = in_bad(REG, "reg = <0 0x48800000 0 0x10000>;")
    boot_beside_good(lab, change, r"error: /chosen/bad/module@[0-9a-f]+: reg", extra_dts=reserved)


@case(timeout=60)
def bad_names(lab):
    """Two domains of one name cannot be written in one tree; a unit address more makes two names that are not the same."""
    system = lab.system([lab.guest_domain("hello", name="twin@1"), lab.guest_domain("hello", name="twin@2")])
    board = lab.boot(system)
    board.expect_all([r"twin@1: hello: done", r"twin@2: hello: done"])
    board.quit()


@case(timeout=60)
def no_domain(lab):
    """Not one valid domain: said, and the console stays."""
    system = lab.system([lab.guest_domain("hello", memory=0)])
    board = lab.boot(system)
    board.expect(r"bulkhead: error: /chosen/hello: memory")
    board.expect(r"bulkhead: no domain is started: none of those described can be")
    board.send("d")
    board.expect(r"bulkhead: [^\n]*hello +left out")
    board.send("q")
    board.wait_end()


@case(timeout=60)
def no_domain_power_off(lab):
    """The same, on a machine that is to be off when no domain runs; and a console by a name that the board does not have."""
    board = lab.boot(lab.system([lab.guest_domain("hello", memory=0)], hypervisor_args="dtuart=serial0 bulkhead.all-off=power-off"))
    board.expect(r"bulkhead: warning: /chosen: dtuart=: the console's UART does not exist; stdout-path is used instead")
    board.expect(r"bulkhead: no domain is started: none of those described can be")
    board.wait_end()


@case(timeout=60)
def disabled_domain(lab):
    """status = "disabled" is honoured; a misspelt property is warned about with the nearest known name."""
    system = lab.system([lab.guest_domain("hello", name="off", properties='status = "disabled";'),
                         lab.guest_domain("hello", name="good", properties="vpl01;")])
    board = lab.boot(system)
    board.expect(r"bulkhead: warning: /chosen/good: vpl01: [^\n]*\n?[^\n]*vpl011")
    board.expect(GOOD)
    board.quit()
    check(not board.lines("off"), "a disabled domain was started")


@case(timeout=60)
def open_ended_modules(lab):
    """Sizes of 0xffffffff, as in the protocol's slides: cut where the next module begins, with a warning."""
    ramdisk = lab.write("ramdisk", b"r" * 10000)
    system = lab.system([lab.guest_domain("hello", name="good", ramdisk=ramdisk)])
    path = system.path("system.dts")
    with open(path, encoding="utf-8") as file:
        source = file.read()
    start = source.index("\t\tgood {")
    with open(path, "w", encoding="utf-8") as file:
        file.write(source[:start] + re.sub(r"0x0 0x[0-9a-f]+>;(?=\s*\};)", "0x0 0xffffffff>;", source[start:]))
    system.memory = 512
    system.compile()
    board = lab.boot(system)
    board.expect(r"bulkhead: warning: /chosen/good/module@[0-9a-f]+: reg")
    board.expect(GOOD, timeout=30)
    board.quit()


@case(timeout=60)
def fitting_domains_start(lab):
    """More RAM asked for than there is: the domains that fit, in order, start."""
    domains = [lab.guest_domain("hello", name=f"d{i}", memory=300) for i in range(4)]
    board = lab.boot(lab.system(domains, memory=1024))
    board.expect_all([r"d0: hello: done", r"d1: hello: done", r"bulkhead: error: /chosen/d3: "])
    board.quit()
    check(not board.lines("d3"), "d3 was started")
