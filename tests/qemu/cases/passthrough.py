# SPDX-License-Identifier: Apache-2.0
"""Devices that are given to a domain by a partial device tree: unmodified drivers in unmodified Linux."""
import subprocess

from cases.linux import shell
from lab import case, check

VIRT_CLOCK = """clk: clock { compatible = "fixed-clock"; #clock-cells = <0>; clock-frequency = <24000000>; };"""

VIRT_RTC = """rtc@9010000 {
    compatible = "arm,pl031", "arm,primecell"; reg = <0x0 0x9010000 0x1000>;
    interrupt-parent = <0xfde8>; interrupts = <0x0 0x2 0x4>; clocks = <&clk>; clock-names = "apb_pclk";
    xen,path = "/pl031@9010000"; xen,reg = <0x0 0x9010000 0x1000 0x0 0x9010000>;
};"""


def fragment(lab, name, *nodes):
    """A partial device tree with @nodes in /passthrough. Returns the file."""
    source = lab.write(name + ".dts", f"""/dts-v1/;
/ {{ #address-cells = <0x2>; #size-cells = <0x1>;
    passthrough {{ compatible = "simple-bus"; ranges; #address-cells = <0x2>; #size-cells = <0x1>;
{" ".join(nodes)}
    }};
}};""".encode())
    subprocess.run(["dtc", "-q", "-I", "dts", "-O", "dtb", "-o", lab.path(name + ".dtb"), source], check=True, timeout=60)
    return lab.path(name + ".dtb")


def rtc(lab, cpus, gic):
    """A real-time clock, and its alarm, which comes by the host's interrupt."""
    devices = fragment(lab, "rtc", VIRT_CLOCK, VIRT_RTC)
    board = lab.boot(lab.system([lab.linux_domain("linux1", devices=devices), lab.linux_domain("linux2")], cpus=cpus, gic=gic))
    board.expect_all([r"linux1: init: reached after", r"linux2: init: reached after"], timeout=240)
    board.keyboard_to("linux1")
    for alarm in range(2):
        shell(board, "linux1")
        board.send_line("date +%Y; cat /sys/class/rtc/rtc0/name; echo +2 > /sys/class/rtc/rtc0/wakealarm; sleep 4")
        check(int(board.expect(r"linux1: (20\d\d)\r", timeout=60).group(1)) > 2020, "the clock of the host")
        board.expect(r"linux1: rtc-pl031 9010000.rtc\r")
        board.send_line("grep rtc-pl031 /proc/interrupts")
        count = board.expect(r"linux1: +\d+: +(\d+)[^\n]*34 Level +rtc-pl031", timeout=60).group(1)
        check(int(count) == alarm + 1, f"{count} alarms came, not {alarm + 1}")
    board.quit()


case(timeout=400, name="passthrough-rtc", cpus=1, gic=2)(rtc)
case(timeout=400, name="passthrough-rtc-gicv3", cpus=2, gic=3)(rtc)
