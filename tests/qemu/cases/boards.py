"""Boards other than virt: the same image, RAM somewhere else, another UART, the board's own device tree."""
import glob
import os

from lab import MIB, case, check


def zcu102_system(lab, domains, **options):
    """RAM at 0, Cortex-A53, the GIC-400 of ZynqMP with its 64 KiB aliases, a Cadence UART, the board's own device tree."""
    trees = glob.glob(os.path.join(lab.options.deps, "arm64/usr/lib/linux-image-*/xilinx/zynqmp-zcu102-rev1.0.dtb"))
    check(trees, "the board's device tree is missing: run tools/setup.sh")
    return lab.system(domains, cpus=4, board_dtb=trees[0], **options)


def payloads(lab):
    return [lab.guest_domain("hello"), lab.guest_domain("timer"), lab.guest_domain("echo")]


def expect_payloads(board, image_at):
    """What the domains of payloads() print, and what is typed comes to the last of them."""
    board.expect_all([rf"bulkhead: plan: 3 of 3 domains[^\n]*--image-at {image_at} --dtb-at 0x8000000",
                      r"hello: hello: memory 40000000 size 8000000", r"hello: hello: done", r"timer: timer: done, 10 ticks",
                      r"bulkhead: the keyboard goes on to echo", r"echo: echo> "])
    for text in ("good morning", "x" * 60):  # the second is longer than the FIFO of QEMU's model
        board.send_line(text)
        board.expect(rf'echo: echo: got "{text}"')
    board.quit()


@case(timeout=120)
def zcu102(lab):
    """The Image, as QEMU's -kernel puts it, in the highest EL or with the secure side before it."""
    for secure in ("off", "on"):
        system = zcu102_system(lab, payloads(lab), name=f"secure-{secure}", machine=f"secure={secure}")
        expect_payloads(lab.boot(system), "0x200000")


@case(timeout=120)
def zcu102_ub(lab):
    """The uImage that U-Boot boots on virt, whose RAM begins at 0x40000000, here where RAM begins at 0: executed where it lies,
    behind its header, so that it has to move to a page: the next one that leaves the moving code alone."""
    system = zcu102_system(lab, payloads(lab), memory=4096)  # nobody corrects the tree, which has RAM at 0 and at 0x800000000
    uimage = os.path.join(lab.options.aarch64, "bulkhead.ub")
    expect_payloads(lab.boot_at(system, 16 * MIB, 0x8000000, 0x7000000, image=uimage, entry=64), "0x100[12]000")
