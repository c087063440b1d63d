"""The guest programs print on QEMU what they print in hostsim: tests/guest/expect."""
from lab import case

PROGRAMS = {"hello": "", "timer": "again=1", "memory": "stride=64", "hostile": "step=1", "mmio": "", "ipi": "", "reset": "until-ms=2000",
            "spin": ""}


def programs(lab, gic):
    """All side by side on two CPUs."""
    names = [name for name in PROGRAMS if gic == 2 or name != "mmio"]  # which knows a GICv2's registers
    board = lab.boot(lab.system([lab.guest_domain(name, bootargs=PROGRAMS[name], memory=64) for name in names], gic=gic))
    board.expect_all([rf"{name}: {name}: (done|FAILED)" for name in names], timeout=120)
    board.quit()
    for name in names:
        board.check_program(name)


case(timeout=180, name="programs", gic=2)(programs)
case(timeout=180, name="programs-gicv3", gic=3)(programs)


def program_echo(lab, gic):
    """Characters come by interrupt, also when the domain sleeps."""
    board = lab.boot(lab.system([lab.guest_domain("echo")], gic=gic))
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
