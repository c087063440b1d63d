"""A host with a GICv3: system registers, redistributors; its domains get a GICv3."""
from lab import case, check, check_equal


def hello(lab, cpu, cpus):
    """The first steps, on several CPU models; the desk's plan has the board's digest."""
    system = lab.system([lab.guest_domain("hello", bootargs="one two"), lab.guest_domain("timer")], cpu=cpu, cpus=cpus, gic=3)
    board = lab.boot(system)
    board.expect_all([r"hello: hello: done", r"timer: timer: done, 10 ticks"])
    board.check_program("hello")
    board.quit()


for model in ("cortex-a57", "cortex-a72", "max"):
    for count in (1, 2):
        case(timeout=120, name=f"gicv3-{model}-smp{count}", cpu=model, cpus=count)(hello)


@case(timeout=120)
def gicv3_twelve_cpus(lab):
    """More CPUs than a GICv2 has interfaces, and a domain on each."""
    domains = [lab.guest_domain("timer", name=f"timer{i}", memory=32) for i in range(12)]
    board = lab.boot(lab.system(domains, cpus=12, gic=3))
    board.expect_all([rf"timer{i}: timer: done, 10 ticks" for i in range(12)], timeout=100)
    check("is left out" not in board.text, "a CPU is left out")
    board.quit()


@case(timeout=120)
def gicv3_interrupts(lab):
    """SGIs, the timer and the keyboard's interrupts, beside a neighbour on the same CPU."""
    system = lab.system([lab.guest_domain("ipi"), lab.guest_domain("timer", bootargs="ticks=50"), lab.guest_domain("spin")],
                        cpus=1, gic=3)
    board = lab.boot(system)
    board.expect_all([r"ipi: ipi: done", r"timer: timer: done, 50 ticks", r"spin: spin: done"])
    board.check_program("ipi")
    board.quit()


@case(timeout=180)
def gicv3_hostile(lab):
    """What a domain must not do, beside a neighbour whose timer stays exact."""
    system = lab.system([lab.guest_domain("hostile", bootargs="rounds=100 step=1"), lab.guest_domain("timer", bootargs="ticks=200")],
                        cpus=2, gic=3)
    board = lab.boot(system)
    board.expect_all([r"hostile: hostile: done", r"timer: timer: done, 200 ticks"], timeout=120)
    board.check_program("hostile")
    board.quit()


@case(timeout=120)
def gicv3_timer_still_asserted(lab):
    """A timer whose line is high when the guest ends its interrupt comes again at once. Here QEMU looks at the line again, so
    the list register's HW bit ends the interrupt, without an exit."""
    board = lab.boot(lab.system([lab.guest_domain("timer", bootargs="again=3")], cpus=1, gic=3))
    board.expect(r"timer: timer: done, 10 ticks", timeout=20)
    board.quit()


@case(timeout=120)
def gicv3_digest(lab):
    """What the desk plans is what the board runs."""
    system = lab.system([lab.guest_domain("hello"), lab.guest_domain("timer", memory=700)], gic=3)
    planned = lab.host("plan", system.path("system.dtb"), *system.host_arguments())[0]
    board = lab.boot(system)
    match = board.expect(r"digest 0x([0-9a-f]{16})")
    check_equal(f"digest 0x{match[1]}", planned.strip().split("\n")[-1], "digest")
    check("gicr 0x80a0000" in planned, "the plan does not name the redistributors")
    board.expect_all([r"hello: hello: done", r"timer: timer: done"])
    board.quit()
