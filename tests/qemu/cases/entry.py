# SPDX-License-Identifier: Apache-2.0
"""Being started wrongly: the wrong exception level, no device tree or a damaged one. Each is said, nothing runs on."""
import os

from lab import DTB_AT, IMAGE_AT, MIB, RAM_BASE, case, check


def dead_end(lab, board, pattern):
    """A message, and silence. There is no console yet that would say whose line it is."""
    board.owners = set()
    board.expect(pattern, timeout=30)
    board.drain(1)
    board.stop()


@case(timeout=60)
def entry_at_el1(lab):
    system = lab.system([lab.guest_domain("hello")])
    board = lab.boot(system, extra=["-machine", "virtualization=off"])
    dead_end(lab, board, r"(?i)EL1")


@case(timeout=60)
def entry_at_el3(lab):
    system = lab.system([lab.guest_domain("hello")], machine="secure=on")
    board = lab.boot_at(system, IMAGE_AT, DTB_AT, RAM_BASE + 32 * MIB)
    dead_end(lab, board, r"(?i)EL3")


def damaged_tree(lab, damage, pattern):
    """Without a device tree nobody knows where the UART is. So the image is one that was built with BULKHEAD_EARLY_CONSOLE."""
    lab.image = lab.artifact(os.path.join(lab.options.early, "bulkhead"))
    system = lab.system([lab.guest_domain("hello")])
    path = system.path("system.dtb")
    with open(path, "rb") as file:
        tree = bytearray(file.read())
    os.remove(path)
    lab.write(os.path.relpath(path, lab.directory), damage(tree))
    board = lab.boot_at(system, IMAGE_AT, DTB_AT, RAM_BASE + 32 * MIB)
    dead_end(lab, board, pattern)
    check("hello: hello" not in board.text, "a domain was started from a damaged device tree")


def truncate(tree):
    return tree[:len(tree) // 2] + b"\xff" * (len(tree) - len(tree) // 2)


def wrong_magic(tree):
    return b"\x00" * 4 + tree[4:]


def too_large(tree):
    return tree[:4] + (64 * MIB).to_bytes(4, "big") + tree[8:]


case(timeout=60, name="early-truncated-tree", damage=truncate, pattern=r"error: device tree: the device tree is (damaged|truncated)")(damaged_tree)
case(timeout=60, name="early-no-tree", damage=wrong_magic, pattern=r"error: device tree: this is not a device tree")(damaged_tree)
case(timeout=60, name="early-oversized-tree", damage=too_large, pattern=r"error: device tree: the device tree is larger than")(damaged_tree)
