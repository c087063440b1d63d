# SPDX-License-Identifier: Apache-2.0
"""The figures that have a budget: what is run, and what is taken from it.

Each group is a function that yields (figure, configuration, Figure); budgets.py runs them. A configuration is the version of the
GIC, then the domain: v2-1 one vCPU; v2-2 two on two CPUs; v2-2on1 two on one CPU, which an idle domain shares.
"""
import collections
import os
import statistics
import subprocess

from lab import MARK_DONE, MARK_END, MARK_FIRST, MARK_INIT, MIB, Domain, Sample, System, operations, tool

# median, worst: instructions at EL2, or bytes; worst is None of what is there once. code, data: lines of 64 bytes, or None.
# functions: {name: instructions} of the median; most: of the worst.
Figure = collections.namedtuple("Figure", "median worst code data functions most")

GICS = (2, 3)
DOMAINS = {"1": (1, 1), "2": (2, 2), "2on1": (2, 1)}  # vCPUs, CPUs
RESETS = 20
COPIES = ("arch_copy_and_clean",)
ZEROES = ("arch_zero_and_clean",)

OTHERS = {
    "longest-stay": "longest stay at EL2, in all of the above",
    "first-instruction": "reset to the first instruction of a 128 MiB domain",
    "further-domain": "each further domain",
    "guest-1gib": "reset to the first instruction of a 1 GiB domain",
    "host-8gib": "the same, 128 MiB, on a host of 8 GiB (else 2)",
    "kernel-32mib": "32 MiB of kernel more",
    "device-assigned": "a device of the host for a domain, RAM apart",
    "eager-memory": "128 MiB of RAM zeroed and mapped before the start, as each domain with a device has them",
    "linux-init": "reset to Linux's init, all instructions",
    "linux-hypervisor": "of them the hypervisor's",
    "linux-copying": "of these, copying the kernel and the ramdisk",
    "linux-zeroing": "of these, zeroing RAM at first touch",
    "linux-longest-stay": "longest stay at EL2 after Linux's first instruction",
    "file": "the file",
    "text": "of it, code",
    "boot": "of it, what only boots: code and constants, unmapped before the first guest runs",
    "rodata": "of it, constants",
    "bss": "data",
    "tables": "translation tables",
    "cpu": "each CPU: two stacks and its tables, which are the guard pages too",
    "image": "the image in memory, in all, with four CPUs",
    "domain": "each domain of one vCPU and 128 MiB besides",
}
BYTES = ("file", "text", "boot", "rodata", "bss", "tables", "cpu", "image", "domain")


def description(figure):
    return {**OTHERS, **dict(operations().values())}[figure]


def single(count, functions=None):
    return Figure(count, None, None, None, functions or {}, {})


def steady(samples):
    """The median of many, and the worst."""
    middle = statistics.median_low(sample.count for sample in samples)
    usual = next(sample for sample in reversed(samples) if sample.count == middle)
    worst = max(samples, key=lambda sample: sample.count)
    return Figure(usual.count, worst.count, usual.code, usual.data, usual.functions, worst.functions)


def windows(run, configuration):
    for number, samples in sorted(run.windows.items()):
        yield operations()[number][0], configuration, steady(samples)


def exits(lab):
    for gic in GICS:
        for name, (vcpus, cpus) in DOMAINS.items():
            domains = [Domain("exits", lab.guest(f"exits-{gic}.bin"), cpus=vcpus)]
            if vcpus > cpus:
                domains.append(Domain("idle", lab.guest("idle.bin")))
            run = lab.boot(domains, MARK_DONE, gic=gic, cpus=cpus)
            yield from windows(run, f"v{gic}-{name}")
            yield "longest-stay", f"v{gic}-{name}", single(run.longest_stay.count, run.longest_stay.functions)


def reset(lab):
    number = next(number for number, (name, _) in operations().items() if name == "reset")
    for gic in GICS:
        for name in ("1", "2"):
            vcpus, cpus = DOMAINS[name]
            run = lab.boot([Domain("reset", lab.guest("reset.bin"), cpus=vcpus)], MARK_END + number, RESETS, gic=gic, cpus=cpus)
            yield from windows(run, f"v{gic}-{name}")


def switch(lab):
    for gic in GICS:
        domains = [Domain(name, lab.guest(f"{name}-{gic}.bin")) for name in ("sleeper", "switch")]
        yield from windows(lab.boot(domains, MARK_DONE, gic=gic), f"v{gic}-1")


def difference(more, less, parts=1):
    """What @parts equal things cost that one run has more than another."""
    names = more.functions.keys() | less.functions.keys()
    counts = {name: (more.functions.get(name, 0) - less.functions.get(name, 0)) // parts for name in names}
    return single((more.median - less.median) // parts, {name: count for name, count in counts.items() if count != 0})


def first_instruction(lab, gic, count=1, memory=128, host=2048, kernel=None, **options):
    """Instructions from reset to the first one of the last of @count domains."""
    kernel = kernel or lab.guest("first.bin")
    domains = [Domain(f"domU{i + 1}", kernel, memory, **options) for i in range(count)]
    run = lab.boot(domains, MARK_FIRST, count, memory=host, gic=gic)
    return single(run.marks[MARK_FIRST][-1], run.all.functions)


def boot(lab):
    for gic in GICS:
        one = first_instruction(lab, gic)
        yield "first-instruction", f"v{gic}", one
        yield "further-domain", f"v{gic}", difference(first_instruction(lab, gic, count=4), one, 3)
        yield "guest-1gib", f"v{gic}", first_instruction(lab, gic, memory=1024)
        yield "host-8gib", f"v{gic}", first_instruction(lab, gic, host=8192)
        yield "kernel-32mib", f"v{gic}", difference(first_instruction(lab, gic, kernel=lab.padded_guest(32 * MIB)), one)


def device(lab):
    for gic in GICS:
        clock = lab.clock(gic)
        for name in ("1", "2"):
            vcpus, cpus = DOMAINS[name]
            domain = Domain("device", lab.guest(f"device-{gic}.bin"), cpus=vcpus, devices=clock)
            yield from windows(lab.boot([domain], MARK_DONE, gic=gic, cpus=cpus), f"v{gic}-{name}")
        eager = first_instruction(lab, gic, properties="bulkhead,eager-memory;")
        yield "device-assigned", f"v{gic}", difference(first_instruction(lab, gic, devices=clock), eager)
        yield "eager-memory", f"v{gic}", difference(eager, first_instruction(lab, gic))


def linux(lab):
    for gic in GICS:
        run = lab.boot([lab.linux_domain()], MARK_INIT, gic=gic)
        part = {name: count for name, count in run.all.functions.items() if name not in COPIES + ZEROES}
        yield "linux-init", f"v{gic}", single(run.marks[MARK_INIT][-1])
        yield "linux-hypervisor", f"v{gic}", single(run.all.count, part)
        yield "linux-copying", f"v{gic}", single(sum(run.all.functions.get(name, 0) for name in COPIES))
        yield "linux-zeroing", f"v{gic}", single(sum(run.all.functions.get(name, 0) for name in ZEROES))
        yield "linux-longest-stay", f"v{gic}", single(run.longest_stay.count, run.longest_stay.functions)


def planned_bytes(lab):
    """What a domain takes besides its RAM, as `bulkhead plan` says: control area and pages of stage-2 tables."""
    system = System([Domain("domU1", lab.guest("first.bin"))], cpus=1, seeds=False).write(lab.path("system"))
    plan = subprocess.run([lab.bulkhead, "plan", *system.host_arguments(), system.path("system.dtb")], check=True, timeout=60,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    lines = [line.split() for line in plan.splitlines()]
    return sum(int(line[2], 16) for line in lines if line[0] == "control") + \
        sum(int(line[2]) * 4096 for line in lines if line[0] == "stage2")


def memory(lab):
    at = {name: int(address, 16) for address, _, name in
          (line.split() for line in tool("nm", lab.elf).splitlines() if len(line.split()) == 3)}
    cpu = (at["image_end"] - at["cpu_areas"]) // at["max_cpus"]
    sizes = {
        "file": os.path.getsize(lab.image),
        "text": at["boot_start"] - at["image_start"],
        "boot": at["boot_end"] - at["boot_start"],
        "rodata": at["rodata_end"] - at["text_end"],
        "bss": at["bss_end"] - at["bss_start"],
        "tables": at["cpu_areas"] - at["bss_end"] // 4096 * 4096,
        "cpu": cpu,
        "image": at["cpu_areas"] - at["image_start"] + 4 * cpu,
        "domain": planned_bytes(lab),
    }
    for name, size in sizes.items():
        yield name, "all", single(size)


GROUPS = {function.__name__: function for function in (exits, reset, switch, boot, device, linux, memory)}
