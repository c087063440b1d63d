# SPDX-License-Identifier: Apache-2.0
"""Domains that do what they should not."""
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
