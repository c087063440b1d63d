# SPDX-License-Identifier: Apache-2.0
"""Domains that do what they should not."""
import re

from lab import case, check


@case(timeout=180)
def hostile(lab):
    """External aborts, undefined instructions, refused calls; few messages; and a neighbour whose timer stays exact."""
    system = lab.system([lab.guest_domain("hostile", bootargs="rounds=100 step=1"), lab.guest_domain("timer", bootargs="ticks=200")], cpus=2)
    board = lab.boot(system)
    board.expect_all([r"hostile: hostile: done", r"timer: timer: done, 200 ticks"], timeout=120)
    board.check_program("hostile")
    check(len(board.lines("bulkhead")) < 120, "the hypervisor was made to print without limit")
    board.quit()


@case(timeout=180)
def hostile_alone_on_one_cpu(lab):
    """The same beside two others on one CPU: they get their time."""
    system = lab.system([lab.guest_domain("hostile", bootargs="rounds=1000"), lab.guest_domain("spin"),
                         lab.guest_domain("timer")], cpus=1)
    board = lab.boot(system)
    board.expect_all([r"hostile: hostile: done", r"spin: spin: done", r"timer: timer: done"], timeout=150)
    board.quit()


def rounds_beside(lab, neighbours):
    """@return what the guest program spin gets done in half a second of the machine's time, an instruction being a nanosecond: from its
    beginning, for restarts become rare later."""
    meter = lab.guest_domain("spin", bootargs="lines=11 period-us=50000")
    board = lab.boot(lab.system([meter, *neighbours], cpus=1), extra=["-icount", "shift=0,sleep=off"])
    board.expect(r"spin: spin: done", timeout=100)
    rounds = [int(re.search(r"(\d+) rounds", line).group(1)) for line in board.lines("spin") if " rounds" in line]
    board.quit()
    return rounds[10] - rounds[0]


@case(timeout=400)
def hostile_reset(lab):
    """Beside a domain that resets itself at once, with a ramdisk of 17 MiB to copy each time, or 64 blocks to touch first, or that never
    waits, another one on its CPU keeps its half of it."""
    ramdisk = lab.write("ramdisk", bytes(17 << 20))
    reset = "until-ms=1000000 pause-us=0"
    alone = rounds_beside(lab, [])
    for what, neighbour in (("copies", lab.guest_domain("reset", bootargs=reset, ramdisk=ramdisk)),
                            ("touches", lab.guest_domain("reset", bootargs=reset + " blocks=64", memory=192)),
                            ("spins", lab.guest_domain("spin", name="other", bootargs="lines=1000"))):
        share = rounds_beside(lab, [neighbour]) / alone
        lab.note(f"beside one that {what}: {share:.1%} of what it gets done alone")
        check(share >= 0.45, f"beside one that {what}: {share:.1%}")
