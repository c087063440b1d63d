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


def timers(lab, gic):
    """Both timers of three domains that share a CPU with one that never waits; and of one that has a CPU to itself."""
    system = lab.system([lab.guest_domain("timer", name=f"timer{kind}", bootargs=f"ticks=60 period-us=3000 again=1 physical={kind}")
                         for kind in range(3)] + [lab.guest_domain("spin", bootargs="lines=20")], cpus=1, gic=gic)
    board = lab.boot(system)
    board.expect_all([rf"timer{kind}: timer: done, 60 ticks" for kind in range(3)] + [r"spin: spin: done"], timeout=100)
    board.quit()
    for kind in range(3):
        board.check_program(f"timer{kind}", "timer")
    board = lab.boot(lab.system([lab.guest_domain("timer", bootargs="ticks=60 period-us=3000 physical=2")], cpus=1, gic=gic, name="alone"))
    board.expect(r"timer: timer: done, 60 ticks", timeout=60)
    board.quit()


case(timeout=180, name="timers", gic=2)(timers)
case(timeout=180, name="timers-gicv3", gic=3)(timers)


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
