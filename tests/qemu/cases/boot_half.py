# SPDX-License-Identifier: Apache-2.0
"""What only boots is gone when guests run: looked at and provoked through QEMU's gdb stub, in the hypervisor's own address space."""
import os
import re
import struct
import subprocess

from gdb import Stub
from lab import case, check

PAGE = 4096
PACKET = 1024
EXIT = 0x400  # vector of a synchronous exception from a guest


def symbols(lab):
    """Addresses by name."""
    text = subprocess.run(["aarch64-linux-gnu-nm", lab.image + ".elf"], stdout=subprocess.PIPE, text=True, check=True).stdout
    return {fields[2]: int(fields[0], 16) for fields in map(str.split, text.splitlines()) if len(fields) == 3}


def boot(lab, domains):
    path = os.path.relpath(lab.path("gdb"))  # names of sockets are short
    board = lab.boot(lab.system(domains), extra=["-gdb", f"unix:{path},server=on,wait=off"])
    return board, path


def pointers(stub, address, size, low, high):
    """Where in [address, address + size) a word is an address in [low, high)."""
    for offset in range(0, size, PACKET):
        data = stub.read(address + offset, min(PACKET, size - offset))
        check(data is not None, f"{address + offset:#x} cannot be read")
        for index, (word,) in enumerate(struct.iter_unpack("<Q", data)):
            if low <= word < high:
                yield address + offset + 8 * index, word


@case(timeout=120)
def boot_half_unmapped(lab):
    """No page of the boot half is mapped, those around it are, and nothing that is kept points into it."""
    at = symbols(lab)
    low, high = at["boot_start"], at["boot_end"]
    check(high > low, "the image has no boot half")
    board, path = boot(lab, [lab.guest_domain("hello", name=name) for name in ("one", "two")])
    board.expect_all([r"bulkhead: one: off", r"bulkhead: two: off"])  # from here on both CPUs are at EL2
    board.keyboard_to("bulkhead")
    board.send("m")
    board.send("d")
    board.send("t")
    board.expect(r"bulkhead +entry\s")
    board.drain()
    controls = re.findall(r"ram (0x[0-9a-f]+) \+(0x[0-9a-f]+) (?:one|two): control", board.text)
    check(len(controls) == 2, f"control areas: {controls}")
    with Stub(path) as stub:
        for cpu in (0, 1):
            stub.select(cpu)
            for address in range(low, high, PAGE):
                check(stub.read(address, 8) is None, f"CPU {cpu} still reaches {address:#x} of the boot half")
            for address in (low - PAGE, high):
                check(stub.read(address, 8) is not None, f"CPU {cpu} does not reach {address:#x}")
        bss = at["bss_start"]
        found = list(pointers(stub, bss, at["bss_end"] - bss, low, high))
        stub.physical()
        for base, size in controls:
            found += pointers(stub, int(base, 16), int(size, 16), low, high)
    check(not found, f"{len(found)} pointers into the boot half: {[(hex(a), hex(b)) for a, b in found[:5]]}")
    board.quit()


def provoke(lab, cpu, message, **registers):
    """Sends @cpu somewhere when it comes out of a guest, and expects its fault."""
    guests = [lab.guest_domain("timer", name=name, bootargs="ticks=100000 period-us=1000") for name in ("one", "two")]
    board, path = boot(lab, guests)
    board.expect_all([r"one: timer: ", r"two: timer: "])
    with Stub(path) as stub:
        stub.run_to(cpu, symbols(lab)["vectors"] + EXIT)
        for name, value in registers.items():
            stub.set(name, value)
    board.expect(rf"panic: CPU {cpu}: exception at EL2: {message}", timeout=30)
    board.drain()
    board.text = ""  # the panic is what was wanted
    board.stop()


@case(timeout=120)
def boot_half_jump(lab):
    """A jump into the boot half is a fault of the hypervisor that names the address, on either CPU."""
    door = symbols(lab)["boot_run"]
    for cpu in (0, 1):
        provoke(lab, cpu, rf"ESR 0x86000007 ELR {door:#x} FAR {door:#x} ", pc=door)


@case(timeout=120)
def boot_half_read(lab):
    """So is reading its constants."""
    at = symbols(lab)
    last = at["boot_end"] - PAGE
    provoke(lab, 1, rf"ESR 0x9[67][0-9a-f]{{5}}7 .* FAR {last:#x} ", pc=at["strlen"], x0=last)
