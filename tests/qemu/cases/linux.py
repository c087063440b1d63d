# SPDX-License-Identifier: Apache-2.0
"""Unmodified Debian Linux in domains."""
import hashlib
import re

from lab import case, check, check_equal

ROWS = 200


def shell(board, name):
    """Waits for the prompt of the domain that has the keyboard."""
    board.expect(rf"{name}: (\x1b\[[0-9;]*\w)*{name}:/# ", timeout=120)


def check_rows(lines, expected, name):
    """Every row is there, whole and in order. What the keyboard's owner has not finished is shown as it stands after a while,
    as a prompt must be, and again as a whole when another domain's line came between: such a piece may precede its row."""
    rows = [line[line.index("row "):] for line in lines if re.search(r"(^|# )row \d", line)]
    pieces = 0
    for wanted in expected:
        while rows and rows[0] != wanted:
            check(wanted.startswith(rows[0]), f"{name}: {rows[0]!r} instead of {wanted!r}")
            rows.pop(0)
            pieces += 1
        check(rows, f"{name}: no {wanted!r}")
        while rows and rows[0] == wanted:
            rows.pop(0)
    check_equal(rows, [], f"{name}: more rows than were printed")
    check(pieces < len(expected) // 10, f"{name}: {pieces} rows of {len(expected)} were broken off")


def two_linux(lab, cpus, gic=2):
    """Two domains to a shell prompt; a command in each; lines of both at once, none of them torn; off."""
    system = lab.system([lab.linux_domain("linux1"), lab.linux_domain("linux2")], cpus=cpus, gic=gic)
    board = lab.boot(system)
    board.expect_all([r"linux1: init: reached after", r"linux2: init: reached after"], timeout=240)
    board.keyboard_to("linux2")
    shell(board, "linux2")
    # its rows come while linux1 prints as well
    board.send_line(f'sleep 2; for i in $(seq {ROWS}); do echo "row $i 0123456789abcdefghijklmnopqrstuvwxyz $i end"; done &')
    board.keyboard_to("linux1")
    shell(board, "linux1")
    board.send_line(f'for i in $(seq {ROWS}); do echo "row $i ZYXWVUTSRQPONMLKJIHGFEDCBA9876543210 $i end"; usleep 5000; done')
    board.expect_all([rf"linux1: row {ROWS} ", rf"linux2: row {ROWS} "], timeout=120)
    board.drain(1)
    for name, body in (("linux1", "ZYXWVUTSRQPONMLKJIHGFEDCBA9876543210"), ("linux2", "0123456789abcdefghijklmnopqrstuvwxyz")):
        check_rows(board.lines(name), [f"row {i} {body} {i} end" for i in range(1, ROWS + 1)], name)
    board.send_line("uname -srm; cat /proc/interrupts")
    board.expect(r"linux1: Linux 6[^\n]*aarch64")
    board.expect(r"linux1: [^\n]*arch_timer")
    board.send_line("poweroff -f")
    board.expect(r"bulkhead: [^\n]*linux1[^\n]*off", timeout=60)
    board.keyboard_to("linux2")
    board.send_line("echo still $((40+2))")
    board.expect(r"linux2: still 42")
    timeline = board.quit()
    for name in ("linux1", "linux2"):
        check(re.search(rf"{name} +first instruction", timeline), f"the timeline lacks {name}")


case(timeout=480, name="linux-two-smp1", cpus=1)(two_linux)
case(timeout=480, name="linux-two-smp2", cpus=2)(two_linux)
case(timeout=480, name="linux-two-gicv3-smp1", cpus=1, gic=3)(two_linux)
case(timeout=480, name="linux-two-gicv3-smp2", cpus=2, gic=3)(two_linux)


@case(timeout=400)
def linux_reboot(lab):
    """`reboot -f` starts a domain again from its images."""
    board = lab.boot(lab.system([lab.linux_domain("linux1")]))
    board.expect(r"linux1: init: reached after", timeout=240)
    shell(board, "linux1")
    board.send_line("echo kept >/tmp/mark; reboot -f")
    board.expect(r"linux1: \[    0.000000\] Booting Linux", timeout=60)
    board.expect(r"linux1: init: reached after", timeout=240)
    shell(board, "linux1")
    board.send_line("ls /tmp | wc -l; md5sum /bin/busybox")
    board.expect(r"linux1: 0\r")
    board.quit()


@case(timeout=300)
def linux_packed(lab):
    """Debian's kernel as Image.gz, unpacked at boot."""
    domain = lab.linux_domain("linux1")
    domain.kernel = lab.gzip(lab.linux(), "Image.gz")
    board = lab.boot(lab.system([domain]))
    board.expect(r"linux1: init: reached after", timeout=240)
    board.quit()


@case(timeout=300)
def linux_keyboard(lab):
    """Nothing that is typed is lost, in bursts longer than any FIFO on the way."""
    board = lab.boot(lab.system([lab.linux_domain("linux1")]))
    board.expect(r"linux1: init: reached after", timeout=240)
    shell(board, "linux1")
    for i in range(60):
        text = "".join(chr(ord("a") + (i + j) % 26) for j in range(1 + i * 3 % 120))
        board.send_line(f"echo {text} | md5sum")
        wanted = hashlib.md5(text.encode() + b"\n").hexdigest()
        board.expect(rf"linux1: {wanted}", timeout=30)
    board.quit()


@case(timeout=300)
def linux_long_command_line(lab):
    """As many characters as arm64 Linux takes."""
    domain = lab.linux_domain("linux1")
    domain.bootargs += " no.option=" + "a" * 2047  # nobody's: a module's that is not there
    domain.bootargs = domain.bootargs[:2039] + " tail=ok"
    board = lab.boot(lab.system([domain]))
    board.expect(r"linux1: init: reached after", timeout=240)
    shell(board, "linux1")
    board.send_line("wc -c </proc/cmdline; grep -o 'tail=.*' /proc/cmdline")
    board.expect(r"linux1: 2048\r")
    board.expect(r"linux1: tail=ok\r")
    board.quit()


def linux_machine(lab, gic, controller):
    """What Linux finds: a GIC of the host's version, SPIs, PSCI, a PL011 with interrupts in both directions, entropy, no errors of ours."""
    board = lab.boot(lab.system([lab.linux_domain("linux1", bootargs="earlycon=pl011,0x22000000")], gic=gic))
    board.expect(r"linux1: init: reached after", timeout=240)
    shell(board, "linux1")
    text = "\n".join(board.lines("linux1"))
    for pattern in (r"psci: PSCIv1\.[01]", controller,
                    r"ttyAMA0 at MMIO 0x22000000", r"arch_timer: cp15 timer\(s\) running at 62.50MHz \(virt\)",
                    r"Machine model: "):
        check(re.search(pattern, text), f"Linux does not say {pattern!r}")
    for pattern in (r"KASLR disabled due to lack of seed", r"Internal error", r"Kernel panic", r"BUG:", r"WARNING: CPU"):
        check(not re.search(pattern, text), f"Linux says {pattern!r}")
    board.send_line("sleep 1; grep -c . /proc/interrupts; grep uart /proc/interrupts; cat /proc/device-tree/model")
    board.expect(r"linux1: [^\n]*GIC\S* +32 Level +uart-pl011")
    board.quit()


case(timeout=300, name="linux-machine", gic=2, controller=r"Root IRQ handler: gic_handle_irq|GICv2|gic")(linux_machine)
case(timeout=300, name="linux-machine-gicv3", gic=3, controller=r"GICv3: 224 SPIs implemented(?s:.*)GICv3: CPU0: found redistributor 0 region 0:0x0*3020000")(linux_machine)


def linux_alone(lab, vcpus, cpus, gic=2, bootargs=""):
    """One domain with fewer CPUs than vCPUs and without a neighbour: nobody but itself makes its CPUs look for other work."""
    domain = lab.linux_domain("linux1", cpus=vcpus, bootargs=bootargs)
    board = lab.boot(lab.system([domain], cpus=cpus, gic=gic))
    board.expect(rf"linux1: init: reached after[^\n]* {vcpus} CPU", timeout=120)
    shell(board, "linux1")
    board.send_line("cat /sys/devices/system/cpu/online")
    board.expect(rf"linux1: 0-{vcpus - 1}\r")
    board.quit()


case(timeout=200, name="linux-alone-2-on-1", vcpus=2, cpus=1)(linux_alone)
case(timeout=200, name="linux-alone-4-on-2", vcpus=4, cpus=2, gic=3, bootargs="quiet")(linux_alone)


def linux_vcpus(lab, cpus, gic=2):
    """Domains of several vCPUs, on fewer CPUs than vCPUs: all come up, take interrupts of each other, go off and on, and start again
    after a reboot; the neighbour goes on."""
    system = lab.system([lab.linux_domain("linux1", cpus=3), lab.linux_domain("linux2", cpus=2)], cpus=cpus, gic=gic)
    board = lab.boot(system)
    board.expect_all([r"linux1: init: reached after[^\n]* 3 CPU", r"linux2: init: reached after[^\n]* 2 CPU"], timeout=400)
    board.keyboard_to("linux1")
    board.send_line("")  # a message of the kernel, about time that others had, may have ended the line of the prompt
    shell(board, "linux1")
    board.send_line("for i in 0 1 2; do taskset $((1 << i)) sh -c 'echo on cpu $(cut -d\" \" -f39 /proc/self/stat)'; done")
    board.expect_all([rf"linux1: on cpu {i}" for i in range(3)])
    for state in (0, 1, 0, 1):
        board.send_line(f"echo {state} >/sys/devices/system/cpu/cpu2/online; echo online $(cat /sys/devices/system/cpu/online)")
        board.expect(r"linux1: online 0-2" if state else r"linux1: online 0-1")
    board.send_line("grep -E 'arch_timer|IPI' /proc/interrupts; reboot -f")
    board.expect(r"linux1: \[    0.000000\] Booting Linux", timeout=60)
    board.expect(r"linux1: init: reached after[^\n]* 3 CPU", timeout=240)
    board.keyboard_to("linux2")
    board.send_line("")
    shell(board, "linux2")
    board.send_line("nproc; poweroff -f")
    board.expect(r"linux2: 2\r")
    board.expect(r"bulkhead: linux2: off: powered off", timeout=60)
    board.quit()


case(timeout=480, name="linux-vcpus-smp1", cpus=1)(linux_vcpus)
case(timeout=480, name="linux-vcpus-smp2", cpus=2)(linux_vcpus)
case(timeout=480, name="linux-vcpus-gicv3-smp2", cpus=2, gic=3)(linux_vcpus)


def linux_beside(lab, gic, vcpus, cpus, hostile):
    """Linux of several vCPUs shares its CPUs with a domain that means no good: all vCPUs come up, a shell answers."""
    neighbours = [lab.guest_domain(name, name=f"bad{number}", bootargs=bootargs) for number, (name, bootargs) in enumerate(hostile)]
    system = lab.system([lab.linux_domain("linux1", cpus=vcpus, bootargs="quiet"), *neighbours], cpus=cpus, gic=gic)
    board = lab.boot(system)
    board.expect(r"linux1: init: reached after", timeout=200)
    shell(board, "linux1")
    board.send_line("cat /sys/devices/system/cpu/online")
    board.expect(rf"linux1: 0-{vcpus - 1}\r", timeout=60)
    board.quit()


RESETS = ("reset", "until-ms=1000000 pause-us=0")
SPINS = ("spin", "lines=100000")
case(timeout=260, name="linux-beside-resets-2-on-1", gic=3, vcpus=2, cpus=1, hostile=[RESETS])(linux_beside)
case(timeout=260, name="linux-beside-spin-2-on-1", gic=2, vcpus=2, cpus=1, hostile=[SPINS])(linux_beside)
case(timeout=260, name="linux-beside-both-4-on-2", gic=3, vcpus=4, cpus=2, hostile=[RESETS, SPINS, ("ipi", "")])(linux_beside)
