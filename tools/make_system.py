#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes a system for QEMU's virt machine, or for xlnx-zcu102: the device tree with the domains in /chosen, and the QEMU
arguments that put every module where the tree says.

    tools/make_system.py -o DIR [machine options] --domain NAME --kernel FILE [domain options] [--domain NAME ...]

Options after a --domain belong to it. Writes into DIR:

    system.dtb     the host's device tree (from QEMU itself, or the file of --zcu102) and the domains
    system.dts     the same as text
    qemu.args      arguments for qemu-system-aarch64, one a line: mapfile -t args <DIR/qemu.args
    host.args      arguments for the host command, one a line: bulkhead check DIR/system.dtb "${args[@]}"
    boot.cmd       a U-Boot script that loads all by TFTP from DIR and boots (boot.scr.uimg: compiled, the name that U-Boot
                   asks for by itself); --boot-from sd: from the card that DIR's files were copied to; --boot-from jtag: all lies
                   in memory already
    uboot.args     as host.args, for what that script boots: where both addresses are the script's choice (--zcu102, booti)
    jtag.tcl       --boot-from jtag: what xsdb is to put into the board's memory, and where

Modules that are one file lie in memory once. Used by tools/demo.sh, tests/qemu and bench; needs dtc and QEMU.
"""
import argparse
import glob
import os
import re
import shutil
import subprocess
import sys

MIB = 1 << 20
# From the start of RAM. Where QEMU's -kernel puts an Image whose text_offset is 0, and the device tree (half of RAM, 128 MiB at most).
IMAGE_OFFSET = 2 * MIB
DTB_OFFSET = 128 * MIB
MODULES_OFFSET = 160 * MIB
# For U-Boot: the hypervisor is unpacked or moved from here; the device tree is loaded at DTB_OFFSET.
UBOOT_IMAGE_OFFSET = 64 * MIB
UBOOT_RAMDISK_OFFSET = 144 * MIB
# On ZynqMP U-Boot itself is entered at DTB_OFFSET: what is put into memory before it starts lies elsewhere. Its environment
# says where a script is expected when the board boots by JTAG (scriptaddr).
ZYNQMP_DTB_OFFSET = 112 * MIB
ZYNQMP_SCRIPT_AT = 512 * MIB
# How U-Boot loads a file. From a card: the variables are set where it runs the script that it found there.
UBOOT_LOAD = {"tftp": "tftpb", "sd": "load ${devtype} ${devnum}:${distro_bootpart}", "jtag": None}
UIMAGE_MAGIC = b"\x27\x05\x19\x56"
# On virt.
RAM_BASE = 0x40000000
IMAGE_AT = RAM_BASE + IMAGE_OFFSET
DTB_AT = RAM_BASE + DTB_OFFSET


def zcu102_dtb(deps):
    """The board's device tree, of Debian's kernel package below @deps; of several the newest."""
    trees = glob.glob(os.path.join(deps, "arm64/usr/lib/linux-image-*/xilinx/zynqmp-zcu102-rev1.0.dtb"))
    if not trees:
        raise FileNotFoundError(f"no zynqmp-zcu102-rev1.0.dtb below {deps}: run tools/setup.sh")
    return max(trees, key=lambda path: [int(number) for number in re.findall(r"\d+", path[len(deps):])])


class Domain:
    """One xen,domain node; dom0=True: boot modules directly below /chosen, a hardware domain. memory: MiB. properties: further lines of device-tree source. devices: a partial device tree,
    .dtb, of devices that the domain is given."""

    def __init__(self, name, kernel, memory=128, ramdisk=None, bootargs=None, cpus=1, vpl011=True, properties="", devices=None,
                 dom0=False):
        self.name = name
        self.kernel = kernel
        self.ramdisk = ramdisk
        self.memory = memory
        self.bootargs = bootargs
        self.cpus = cpus
        self.vpl011 = vpl011
        self.properties = properties
        self.devices = devices
        self.dom0 = dom0


class System:
    """A machine with domains: QEMU's virt, or its xlnx-zcu102 where @board_dtb is given, that board's device tree.
    seeds: keep the rng-seed that QEMU draws (and draws again at each start)."""

    def __init__(self, domains, memory=2048, cpus=2, cpu="cortex-a57", gic=2, machine="", hypervisor_args=None, seeds=True,
                 extra_dts="", board_dtb=None):
        self.domains = domains
        self.memory = memory
        self.cpus = cpus
        self.cpu = None if board_dtb else cpu
        self.board_dtb = board_dtb
        self.ram_base = 0 if board_dtb else RAM_BASE
        self.machine = "xlnx-zcu102,virtualization=on" if board_dtb else f"virt,virtualization=on,gic-version={gic}"
        self.machine += f",{machine}" if machine else ""
        self.hypervisor_args = hypervisor_args
        self.seeds = seeds
        self.extra_dts = extra_dts
        self.modules = {}  # file -> (address, size)
        self.directory = None
        self._next = self.ram_base + MODULES_OFFSET
        for domain in domains:
            for path in (domain.kernel, domain.ramdisk, domain.devices):
                if path is not None:
                    self._place(os.path.realpath(path))

    def _place(self, path):
        if path in self.modules:
            return
        size = os.path.getsize(path)
        self.modules[path] = (self._next, size)
        self._next += -(-max(size, 1) // (2 * MIB)) * 2 * MIB
        if self._next > self.ram_base + self.memory * MIB:
            raise ValueError(f"{path} does not fit into {self.memory} MiB")

    def machine_arguments(self):
        cpu = ["-cpu", self.cpu] if self.cpu else []
        # the board has a sound device, and nobody listens
        silence = ["-audiodev", "none,id=silence"] if self.board_dtb else []
        return ["-M", self.machine, *cpu, "-m", str(self.memory), "-smp", str(self.cpus), "-display", "none", "-monitor", "none",
                *silence, "-nic", "none"]

    def qemu_arguments(self, image):
        """Everything but the serial port: the caller's choice."""
        return self.machine_arguments() + ["-kernel", image, "-dtb", self.path("system.dtb")] + self.module_arguments()

    def module_arguments(self):
        arguments = []
        for path, (address, _) in self.modules.items():
            arguments += ["-device", f"loader,file={path},addr={address:#x},force-raw=on"]
        return arguments

    def host_arguments(self, image_at=None, dtb_at=None):
        """For the host command; by default with the places that QEMU's -kernel uses."""
        image_at, dtb_at = image_at or self.ram_base + IMAGE_OFFSET, dtb_at or self.ram_base + DTB_OFFSET
        arguments = ["--image-at", f"{image_at:#x}", "--dtb-at", f"{dtb_at:#x}"]
        for path, (address, _) in self.modules.items():
            arguments += ["--module", f"{address:#x}={path}"]
        return arguments

    def path(self, name):
        return os.path.join(self.directory, name)

    def write(self, directory):
        """Writes the device tree into @directory, which keeps it as long as QEMU runs."""
        os.makedirs(directory, exist_ok=True)
        self.directory = directory
        host = self.board_dtb
        if host is None:
            host = self.path("host.dtb")
            subprocess.run(["qemu-system-aarch64", *self.machine_arguments(), "-machine", f"dumpdtb={host}"], check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, timeout=60)
        source = subprocess.run(["dtc", "-q", "-I", "dtb", "-O", "dts", host], check=True, stdout=subprocess.PIPE, text=True,
                                timeout=60).stdout
        with open(self.path("system.dts"), "w") as file:
            file.write(source + self.device_tree_source())
        self.compile()
        return self

    def compile(self):
        """Compiles system.dts again, after a change of it."""
        subprocess.run(["dtc", "-q", "-I", "dts", "-O", "dtb", "-o", self.path("system.dtb"), self.path("system.dts")],
                       check=True, timeout=60)

    def device_tree_source(self):
        """What is added to the host's tree: device-tree source, merged by dtc."""
        lines = ["", "/ {", "\tchosen {", "\t\t#address-cells = <2>;", "\t\t#size-cells = <2>;"]
        if not self.seeds:
            lines += ["\t\t/delete-property/ rng-seed;", "\t\t/delete-property/ kaslr-seed;"]
        if self.hypervisor_args is not None:
            lines.append(f"\t\txen,xen-bootargs = {quote(self.hypervisor_args)};")
        for domain in self.domains:
            lines += self._domain_source(domain)
        return "\n".join(lines + ["\t};", "};", self.extra_dts, ""])

    def _domain_source(self, domain):
        if domain.dom0:
            lines = self._module_source("kernel", domain.kernel, domain.bootargs)
            return lines + (self._module_source("ramdisk", domain.ramdisk, None) if domain.ramdisk else [])
        lines = ["", f"\t\t{domain.name} {{", '\t\t\tcompatible = "xen,domain";', "\t\t\t#address-cells = <2>;",
                 "\t\t\t#size-cells = <2>;", f"\t\t\tmemory = {cells(domain.memory * 1024)};", f"\t\t\tcpus = <{domain.cpus}>;"]
        if domain.vpl011:
            lines.append("\t\t\tvpl011;")
        if domain.properties:
            lines.append("\t\t\t" + domain.properties)
        lines += self._module_source("kernel", domain.kernel, domain.bootargs)
        if domain.ramdisk is not None:
            lines += self._module_source("ramdisk", domain.ramdisk, None)
        if domain.devices is not None:
            lines += self._module_source("device-tree", domain.devices, None)
        return lines + ["\t\t};"]

    def _module_source(self, kind, path, bootargs):
        address, size = self.modules[os.path.realpath(path)]
        lines = ["", f"\t\t\tmodule@{address:x} {{", f'\t\t\t\tcompatible = "multiboot,{kind}", "multiboot,module";',
                 f"\t\t\t\treg = {cells(address, size)};"]
        if bootargs is not None:
            lines.append(f"\t\t\t\tbootargs = {quote(bootargs)};")
        return lines + ["\t\t\t};"]

    def write_uboot(self, ub, command=None, ramdisk="-", source="tftp", sized=True):
        """Puts what U-Boot fetches into the directory, beside boot.cmd and boot.scr.uimg, which it fetches and runs by itself.
        command: booti or bootm, by default what @ub needs. source: tftp, sd or jtag. sized: @ramdisk is no uImage."""
        command = command or ("bootm" if is_uimage(ub) else "booti")
        dtb_at = self.ram_base + (ZYNQMP_DTB_OFFSET if self.board_dtb else DTB_OFFSET)
        image_at, ramdisk_at = self.ram_base + UBOOT_IMAGE_OFFSET, self.ram_base + UBOOT_RAMDISK_OFFSET
        places = {"system.dtb": dtb_at, os.path.basename(ub): image_at}
        copy(ub, self.path(os.path.basename(ub)))
        for number, (path, (address, _)) in enumerate(self.modules.items()):
            copy(path, self.path(f"module{number}"))
            places[f"module{number}"] = address
        if ramdisk != "-":
            copy(ramdisk, self.path("dummy.ramdisk"))
            places["dummy.ramdisk"] = ramdisk_at
            ramdisk = f"{ramdisk_at:#x}:${{filesize}}" if sized else f"{ramdisk_at:#x}"
        self.write_lines("boot.cmd", self._uboot_script(places, source, f"{command} {image_at:#x} {ramdisk} {dtb_at:#x}"))
        subprocess.run(["mkimage", "-A", "arm64", "-T", "script", "-C", "none", "-d", self.path("boot.cmd"),
                        self.path("boot.scr.uimg")], check=True, stdout=subprocess.DEVNULL, timeout=60)
        if self.board_dtb and command == "booti":  # nothing is moved
            self.write_lines("uboot.args", self.host_arguments(image_at, dtb_at))
        if source == "jtag":
            self._write_jtag(places)

    def _uboot_script(self, places, source, boot):
        """Loads the files of @places and boots."""
        # the device tree stays where it is
        lines = ["setenv fdt_high 0xffffffffffffffff"] if self.board_dtb else []
        if source == "jtag":
            return lines + [boot]
        # what was not loaded must not be booted from what memory held before; exit does not end a script
        lines.append("setenv missing")
        lines += [f"{UBOOT_LOAD[source]} {address:#x} {name} || setenv missing {name}" for name, address in places.items()]
        return lines + [f'if test -z "${{missing}}"; then {boot}; else echo "not loaded: ${{missing}}"; fi']

    def _write_jtag(self, places):
        if self._next > ZYNQMP_SCRIPT_AT:
            raise ValueError(f"the modules reach up to {self._next:#x}, where U-Boot's script lies")
        places = {**places, "boot.scr.uimg": ZYNQMP_SCRIPT_AT}
        self.write_lines("jtag.tcl", [f"dow -data {name} {address:#x}" for name, address in places.items()])

    def write_lines(self, name, lines):
        with open(self.path(name), "w") as file:
            file.write("\n".join(lines) + "\n")

    def uboot_arguments(self, bios="/usr/lib/u-boot/qemu_arm64/u-boot.bin"):
        """QEMU arguments that let a real U-Boot fetch everything from QEMU's TFTP server."""
        machine = self.machine_arguments()[:-2]
        return machine + ["-bios", bios, "-netdev", f"user,id=net,tftp={self.directory},bootfile=boot.scr.uimg",
                          "-device", "virtio-net-device,netdev=net"]


def cells(*values):
    """Values of two cells each, as device-tree source."""
    return "<" + " ".join(f"{value >> 32:#x} {value & 0xffffffff:#x}" for value in values) + ">"


def quote(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def copy(source, target):
    """A hard link where the file system allows: kernels are large."""
    if os.path.exists(target):
        os.remove(target)
    try:
        os.link(os.path.realpath(source), target)
    except OSError:
        shutil.copyfile(source, target)


def is_uimage(path):
    with open(path, "rb") as file:
        return file.read(len(UIMAGE_MAGIC)) == UIMAGE_MAGIC


class DomainOption(argparse.Action):
    """Applies to the --domain before it."""

    def __call__(self, parser, options, value, option_string=None):
        if self.dest == "domain":
            options.domains = getattr(options, "domains", []) + [{"name": value}]
            return
        if not getattr(options, "domains", []):
            parser.error(f"{option_string} belongs after a --domain")
        options.domains[-1][self.dest] = value


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0], argument_default=argparse.SUPPRESS)
    parser.add_argument("-o", "--output", required=True, metavar="DIR")
    machine = parser.add_argument_group("machine")
    machine.add_argument("--memory", type=int, help="MiB of RAM (2048)")
    machine.add_argument("--cpus", type=int, help="physical CPUs (2)")
    machine.add_argument("--cpu", help="QEMU's CPU model (cortex-a57)")
    machine.add_argument("--gic", type=int, help="GIC version (2)")
    machine.add_argument("--machine", help="further properties of -M")
    machine.add_argument("--zcu102", dest="board_dtb", metavar="DTB", help="xlnx-zcu102 with this device tree, instead of virt")
    machine.add_argument("--hypervisor-args", help="xen,xen-bootargs")
    machine.add_argument("--no-seeds", dest="seeds", action="store_false", help="no rng-seed: the same tree every time")
    machine.add_argument("--image", default=None, help="the hypervisor, for qemu.args")
    machine.add_argument("--ub", default=None, help="the hypervisor for boot.cmd: bulkhead.ub for bootm, bulkhead for booti")
    machine.add_argument("--boot-from", choices=UBOOT_LOAD, default="tftp", help="where boot.cmd finds the files (tftp)")
    domain = parser.add_argument_group("domain")
    domain.add_argument("--domain", action=DomainOption, metavar="NAME", required=True)
    domain.add_argument("--kernel", action=DomainOption, metavar="FILE")
    domain.add_argument("--ramdisk", action=DomainOption, metavar="FILE")
    domain.add_argument("--devices", action=DomainOption, metavar="DTB", help="partial device tree of devices for the domain")
    domain.add_argument("--bootargs", action=DomainOption, metavar="TEXT")
    domain.add_argument("--domain-memory", dest="domain_memory", action=DomainOption, type=int, help="MiB of RAM (128)")
    domain.add_argument("--vcpus", action=DomainOption, type=int, help="virtual CPUs (1)")
    domain.add_argument("--no-vpl011", dest="vpl011", action=DomainOption, nargs=0, help="no UART")
    domain.add_argument("--dom0", action=DomainOption, nargs=0, help="boot modules directly below /chosen: a hardware domain")
    domain.add_argument("--properties", action=DomainOption, help="further properties, as device-tree source")
    options = parser.parse_args()
    if options.boot_from == "jtag" and not hasattr(options, "board_dtb"):
        parser.error("--boot-from jtag is for a board: --zcu102")
    for entry in options.domains:
        if "kernel" not in entry:
            parser.error(f"domain {entry['name']} has no --kernel")
    return options


def make_domain(entry):
    renamed = {"domain_memory": "memory", "vcpus": "cpus"}
    arguments = {renamed.get(key, key): value for key, value in entry.items()}
    if "vpl011" in arguments:
        arguments["vpl011"] = False
    if "dom0" in arguments:
        arguments["dom0"] = True
    return Domain(**arguments)


def main():
    options = parse_options()
    known = ("memory", "cpus", "cpu", "gic", "machine", "board_dtb", "hypervisor_args", "seeds")
    system = System([make_domain(entry) for entry in options.domains],
                    **{key: getattr(options, key) for key in known if hasattr(options, key)})
    system.write(options.output)
    system.write_lines("host.args", system.host_arguments())
    if options.image is not None:
        system.write_lines("qemu.args", system.qemu_arguments(options.image))
    if options.ub is not None:
        system.write_uboot(options.ub, source=options.boot_from)
    return 0


if __name__ == "__main__":
    sys.exit(main())
