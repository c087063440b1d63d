# SPDX-License-Identifier: Apache-2.0
"""The way from the device tree to a domain's first line, on different machines and with different payloads."""
import os
import re

from lab import DTB_AT, IMAGE_AT, MIB, RAM_BASE, Domain, case, check, check_equal

CPU_MODELS = ("cortex-a53", "cortex-a57", "cortex-a72", "max")


@case(timeout=120)
def hello(lab):
    """One domain says what it was given and powers off; the machine stays on its console, and 'q' leaves."""
    system = lab.system([lab.guest_domain("hello", bootargs="one two  three", ramdisk=lab.write("ramdisk", bytes(5000)))])
    board = lab.boot(system)
    board.expect(r"hello: hello: done\r")
    lines = board.lines("hello")
    check_equal(lines[0], 'hello: image 40000000, device tree 47c00000, bootargs "one two  three"', "first line")
    check_equal(lines[1], "hello: memory 40000000 size 8000000", "memory")
    check_equal(lines[2], "hello: ramdisk 47e00000 size 1388", "ramdisk")
    check(lines[3].endswith("mpidr 80000000, psci 10001"), f"identity: {lines[3]}")
    timeline = board.quit()
    check(re.search(r"hello +first instruction", timeline), "the timeline lacks the domain's first instruction")


def cpu_model(lab, cpu, cpus):
    """Both CPUs of every model we name run domains: memory is zero and whole, timer interrupts come in time."""
    system = lab.system([lab.guest_domain("timer"), lab.guest_domain("memory", bootargs="stride=64")], cpu=cpu, cpus=cpus)
    board = lab.boot(system)
    board.expect_all([r"timer: timer: done, 10 ticks", r"memory: memory: (done|FAILED)"])
    check("memory: memory: done" in board.text, "memory is not as it should be")
    board.quit()


for model in CPU_MODELS:
    for count in (1, 2):
        case(timeout=120, name=f"{model}-smp{count}", cpu=model, cpus=count)(cpu_model)


@case(timeout=120)
def small_domains(lab):
    """Of one and two MiB, as an RTOS has them: kernel and device tree in one block, all of the RAM there and zero."""
    packed = Domain("packed", lab.gzip(lab.guest("hello"), "hello.gz"), memory=1)
    ramdisk = lab.write("ramdisk", bytes(5000))
    system = lab.system([lab.guest_domain("hello", memory=1), lab.guest_domain("timer", memory=2), packed,
                         lab.guest_domain("memory", memory=2, bootargs="stride=64"),
                         lab.guest_domain("hello", name="ramdisk", memory=1, ramdisk=ramdisk)])
    board = lab.boot(system)
    board.expect_all([r"hello: hello: done", r"packed: hello: done", r"ramdisk: hello: ramdisk 400[0-9a-f]+ size 1388",
                      r"ramdisk: hello: done", r"timer: timer: done", r"memory: memory: (done|FAILED)"])
    check("memory: memory: done" in board.text, "memory is not as it should be")
    check("hello: memory 40000000 size 100000" in board.text, "not the memory that the domain was given")
    board.quit()


@case(timeout=180)
def load_addresses(lab):
    """Position independent: anywhere in RAM at a multiple of 2 MiB, the device tree before, behind, or at the very end."""
    last = RAM_BASE + 2048 * MIB
    for image_at, dtb_at in ((RAM_BASE + 4 * MIB, DTB_AT), (RAM_BASE + 64 * MIB, RAM_BASE + 2 * MIB + 0x1000), (last - 64 * MIB, last - 1 * MIB),
                             (IMAGE_AT, RAM_BASE + 5 * MIB + 0x128)):
        system = lab.system([lab.guest_domain("hello")], cpus=1)
        # virtualization=on without a kernel: QEMU starts the CPU at EL2, its highest level
        board = lab.boot_at(system, image_at, dtb_at, RAM_BASE + 32 * MIB)
        board.expect(r"hello: hello: done\r")
        check(f"--image-at {image_at:#x} --dtb-at {dtb_at:#x}" in board.text, f"not loaded at {image_at:#x}, {dtb_at:#x}")
        board.quit()


@case(timeout=120)
def digest(lab):
    """What the desk plans is what the board runs: the same digest, with a ramdisk, a packed kernel and a domain left out."""
    system = lab.system([
        lab.guest_domain("hello", name="plain"),
        lab.guest_domain("hello", name="none", memory=0),
        lab.guest_domain("timer", name="large", memory=700, ramdisk=lab.write("ramdisk", b"x" * 3_000_000)),
    ])
    board = lab.boot(system)
    booted = board.expect(r"bulkhead: plan: 2 of 3 domains, digest (0x[0-9a-f]+) \(bulkhead plan ([^)]*)\)")
    board.expect_all([r"plain: hello: done", r"large: timer: done"])
    board.quit()
    planned, errors = lab.host("plan", *system.host_arguments(), *booted.group(2).split(" --module")[0].split(), system.path("system.dtb"), status=1)
    check("/chosen/none" in errors, f"the domain without memory is not reported: {errors}")
    check_equal(planned.strip().split("\n")[-1], f"digest {booted.group(1)}", "the desk's digest")


@case(timeout=120)
def eight_domains(lab):
    """More domains than CPUs: all are served, by two and by one CPU."""
    domains = [lab.guest_domain("timer", name=f"domain{i}", bootargs="ticks=20 period-us=3000") for i in range(8)]
    for cpus in (2, 1):
        board = lab.boot(lab.system(domains, cpus=cpus))
        board.expect_all([rf"domain{i}: timer: done, 20 ticks" for i in range(8)])
        board.quit()


@case(timeout=120)
def time_slices(lab):
    """Two domains that never wait share one CPU fairly, and one that sleeps is woken in between."""
    system = lab.system([lab.guest_domain("spin", name="spin1", bootargs="lines=10"),
                         lab.guest_domain("spin", name="spin2", bootargs="lines=10"),
                         lab.guest_domain("timer", bootargs="ticks=30")], cpus=1)
    board = lab.boot(system)
    board.expect_all([r"spin1: spin: 10 of 10, (\d+) rounds", r"spin2: spin: 10 of 10, (\d+) rounds", r"timer: timer: done"])
    rounds = [int(re.search(rf"{name}: spin: 10 of 10, (\d+) rounds", board.text).group(1)) for name in ("spin1", "spin2")]
    check(max(rounds) < 3 * min(rounds), f"unfair: {rounds}")
    board.quit()


@case(timeout=120)
def timer_still_asserted(lab):
    """A timer whose line is high when the guest ends its interrupt comes again at once, though nothing else happens on the
    machine. QEMU's GIC does not look at the line again when a list register's HW bit deactivates the interrupt."""
    board = lab.boot(lab.system([lab.guest_domain("timer", bootargs="again=3")], cpus=1))
    board.expect(r"timer: timer: done, 10 ticks", timeout=20)
    board.quit()


@case(timeout=120)
def memory_is_zero(lab):
    """RAM that is full of something else reaches a domain as zeros, lazily and eagerly."""
    pattern = lab.path("ram")
    with open(pattern, "wb") as file:
        file.write(b"\xa5" * MIB * 512)
    domains = [lab.guest_domain("memory", name="lazy", memory=100),
               lab.guest_domain("memory", name="eager", memory=100, properties="bulkhead,eager-memory;")]
    system = lab.system(domains, memory=512)
    system.machine += ",memory-backend=ram"
    board = lab.boot(system, extra=["-object", f"memory-backend-file,id=ram,size=512M,mem-path={pattern},share=off"])
    board.expect_all([r"lazy: memory: (done|FAILED)", r"eager: memory: (done|FAILED)"])
    for name in ("lazy", "eager"):
        check(f"{name}: memory: done" in board.text, f"{name}: memory is not zero")
    board.quit()
    os.remove(pattern)


@case(timeout=120)
def large_memory(lab):
    """8 GiB of host RAM, and a domain whose RAM needs the second bank."""
    system = lab.system([lab.guest_domain("memory", memory=3072 + 512, bootargs="stride=16777216 block=64")], memory=8192,
                        cpus=1)
    board = lab.boot(system)
    board.expect(r"memory: memory: 3584 MiB, 224 words read, 0 not zero, 0 blocks wrong", timeout=90)
    board.expect(r"memory: memory: done")
    board.quit()


@case(timeout=120)
def packed_kernel(lab):
    """Image.gz is unpacked; one that is truncated stops its domain alone."""
    packed = lab.gzip(lab.guest("hello"), "hello.gz")
    with open(packed, "rb") as file:
        data = file.read()
    cut = lab.write("cut.gz", data[:len(data) // 2])
    from lab import Domain
    system = lab.system([Domain("packed", packed), Domain("cut", cut), lab.guest_domain("hello", name="plain")])
    board = lab.boot(system)
    board.expect_all([r"packed: hello: done", r"plain: hello: done", r"bulkhead: [^\n]*cut[^\n]*(gzip|packed|truncated|damaged)"])
    board.quit()
    check_equal(board.lines("cut"), [], "output of the domain whose kernel is damaged")


@case(timeout=120)
def restart(lab):
    """PSCI SYSTEM_RESET: each start finds a fresh image and zeroed memory, and the neighbour notices nothing."""
    system = lab.system([lab.guest_domain("reset", bootargs="until-ms=3000"), lab.guest_domain("timer", bootargs="ticks=100")])
    board = lab.boot(system)
    board.expect_all([r"reset: reset: done", r"timer: timer: done, 100 ticks"])
    starts = [line for line in board.lines("reset") if line.startswith("reset: up")]
    check(len(starts) >= 3, f"only {len(starts)} starts")
    check_equal(set(starts), {"reset: up, start 1, scratch 0"}, "what a start finds")
    board.quit()


@case(timeout=120)
def no_uart(lab):
    """A domain without vpl011 runs, silently, and the others do not suffer."""
    system = lab.system([lab.guest_domain("hello", name="mute", vpl011=False), lab.guest_domain("hello")])
    board = lab.boot(system)
    board.expect_all([r"hello: hello: done", r"bulkhead: mute: off"])
    board.keyboard_to("bulkhead")
    board.send("d")
    board.expect(r"bulkhead: [^\n]*mute +off")
    board.quit()
    check_equal(board.lines("mute"), [], "output of a domain without a UART")
