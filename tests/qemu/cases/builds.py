# SPDX-License-Identifier: Apache-2.0
"""Other builds of the hypervisor: the smallest one, and one with a part of somebody else's."""
import os

from lab import Domain, case, check, check_equal


def use_safety(lab):
    lab.image = lab.artifact(os.path.join(lab.options.safety, "bulkhead"))


@case(timeout=120, name="safety-domains")
def safety_domains(lab):
    """Two domains on the smallest build: what it was given, timer interrupts in time, the keyboard; the desk's digest is its digest."""
    use_safety(lab)
    system = lab.system([lab.guest_domain("hello"), lab.guest_domain("timer", cpus=2), lab.guest_domain("echo")], gic=3)
    board = lab.boot(system)
    booted = board.expect(r"bulkhead: plan: 3 of 3 domains, digest (0x[0-9a-f]+) \(bulkhead plan ([^)]*)\)")
    board.expect_all([r"hello: hello: done", r"timer: timer: done, 10 ticks", r"echo: echo: ready"])
    board.keyboard_to("echo")
    board.send("off\r")
    board.expect(r"echo: echo: done")
    board.quit()
    planned, _ = lab.host("plan", *system.host_arguments(), *booted.group(2).split(" --module")[0].split(), system.path("system.dtb"))
    check_equal(planned.strip().split("\n")[-1], f"digest {booted.group(1)}", "the desk's digest")


@case(timeout=120, name="safety-linux")
def safety_linux(lab):
    """A Linux whose kernel is no gzip file boots on the smallest build as on the other."""
    use_safety(lab)
    board = lab.boot(lab.system([lab.linux_domain("linux1")], gic=3))
    board.expect(r"linux1: init: reached after", timeout=100)
    board.quit()


@case(timeout=120, name="safety-packed")
def safety_packed(lab):
    """A packed kernel is refused by name, and its neighbour starts."""
    use_safety(lab)
    packed = Domain("packed", lab.gzip(lab.guest("hello"), "hello.gz"))
    board = lab.boot(lab.system([packed, lab.guest_domain("hello")], gic=3))
    board.expect_all([r"error: /chosen/packed/\S+: reg: not in this build: kernels in gzip \(BULKHEAD_GZIP\)", r"hello: hello: done"])
    board.quit()


@case(timeout=60, name="safety-gicv2")
def safety_gicv2(lab):
    """On a machine whose interrupt controller it has no driver for, it says so by name and starts nothing."""
    use_safety(lab)
    board = lab.boot(lab.system([lab.guest_domain("hello")], gic=2))
    board.expect(r"error: /intc@\S+: compatible: not in this build: the driver of the interrupt controller")
    board.expect(r"no domain is started: no domain can run on this machine")


@case(timeout=120, name="safety-xen-call")
def safety_xen_call(lab):
    """Xen's call is an undefined instruction there: who makes it stops at its own handler, its neighbour runs."""
    use_safety(lab)
    board = lab.boot(lab.system([lab.guest_domain("echo", bootargs="calls=1"), lab.guest_domain("hello")], gic=3))
    board.expect_all([r"echo: echo: FAILED", r"hello: hello: done"])
    check("says by console_io" not in board.text, "the call printed")


def part(lab, gic):
    """A build with the example part of docs/parts.md: its register and its interrupt, in a guest that it was given to."""
    lab.image = lab.artifact(lab.options.part)
    scratch = lab.guest_domain("scratch", properties="bulkhead,scratch = <0x1234>;")
    board = lab.boot(lab.system([scratch, lab.guest_domain("hello")], gic=gic))
    board.expect_all([r"scratch: scratch: begins with 1234", r"scratch: scratch: 3 interrupts for 3 values", r"scratch: scratch: done",
                      r"hello: hello: done"])
    board.quit()


case(timeout=120, name="part", gic=2)(part)
case(timeout=120, name="part-gicv3", gic=3)(part)
