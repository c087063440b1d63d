# SPDX-License-Identifier: Apache-2.0
"""The guest programs print on QEMU what they print in hostsim: tests/guest/expect."""
from lab import case

PROGRAMS = {"hello": "", "timer": "again=1", "memory": "stride=64", "hostile": "step=1", "mmio": "", "ipi": "", "groups": "", "reset": "until-ms=2000",
            "spin": "", "smp": ""}
VCPUS = {"smp": 3}


def programs(lab, gic):
    """All side by side on two CPUs."""
    board = lab.boot(lab.system([lab.guest_domain(name, bootargs=arguments, memory=64, cpus=VCPUS.get(name, 1)) for name, arguments in PROGRAMS.items()], gic=gic))
    board.expect_all([rf"{name}: {name}: (done|FAILED)" for name in PROGRAMS], timeout=120)
    board.quit()
    for name in PROGRAMS:
        board.check_program(name)


case(timeout=180, name="programs", gic=2)(programs)
case(timeout=180, name="programs-gicv3", gic=3)(programs)


def program_active(lab, gic):
    """Interrupts that a guest makes active, with every state of its CPU interface, beside a neighbour on the same CPU."""
    board = lab.boot(lab.system([lab.guest_domain("active"), lab.guest_domain("spin", bootargs="lines=10")], cpus=1, gic=gic))
    board.expect_all([r"active: active: done", r"spin: spin: done"])
    board.quit()
    board.check_program("active")
    board.check_program("spin")


case(timeout=120, name="program-active", gic=2)(program_active)
case(timeout=120, name="program-active-gicv3", gic=3)(program_active)


def program_echo(lab, gic):
    """Characters come by interrupt, also when the domain sleeps."""
    board = lab.boot(lab.system([lab.guest_domain("echo", bootargs="calls=1")], gic=gic))
    board.expect(r"echo: echo: says by console_io \.+\r")
    board.expect(r"echo: echo> ")
    board.send_line("hello there")
    board.expect(r'echo: echo: got "hello there"')
    board.expect(r"echo: echo> ")
    board.send_line("off")
    board.expect(r"echo: echo: done")
    board.quit()
    board.check_program("echo")


case(timeout=120, name="program-echo", gic=2)(program_echo)
case(timeout=120, name="program-echo-gicv3", gic=3)(program_echo)
