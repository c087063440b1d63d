# SPDX-License-Identifier: Apache-2.0
"""The backend (arch/aarch64) by itself: tests/seam on several CPU models, and the faults that EL2 must report and not survive."""
import os
import subprocess
import sys

import pexpect

from lab import ROOT, case, check

MODELS = ("cortex-a53", "cortex-a57", "cortex-a72", "cortex-a76", "max")
FAULTS = {
    "overflow": r"stack overflow at EL2: ESR 0x97[0-9a-f]{6} ",
    "overflow-emergency": r"stack overflow at EL2: ESR 0x97[0-9a-f]{6} ",
    "write-text": r"exception at EL2: ESR 0x97[0-9a-f]{4}4f ",
    "write-rodata": r"exception at EL2: ESR 0x97[0-9a-f]{4}4f ",
    "execute-data": r"exception at EL2: ESR 0x8600000f ",
    "null-pointer": r"exception at EL2: ESR 0x97[0-9a-f]{4}44 .* FAR 0x8 ",
    "read-only-window": r"exception at EL2: ESR 0x97[0-9a-f]{4}4f .* FAR 0xff0000000000 ",
    "closed-window": r"exception at EL2: ESR 0x97[0-9a-f]{4}46 .* FAR 0xff0000400000 ",
    "smash-stack": r"stack corrupted, called from 0xff80",
    "enter-at-el2": r"vCPU to be entered with PSTATE 0x3c9",
}


def start(lab, cpu, *extra):
    image = lab.artifact(os.path.join(lab.options.aarch64, "seam", "backend"))
    return lab.run(["-M", "virt,virtualization=on,gic-version=2", "-cpu", cpu, "-m", "1024", "-smp", "2", "-display", "none",
                    "-monitor", "none", "-nic", "none", "-no-reboot", "-kernel", image, *extra])


def backend(lab, cpu):
    board = start(lab, cpu)
    board.wait_end(timeout=60)
    failed = [line for line in board.lines("bulkhead") if line.startswith("FAILED")]
    check(not failed, f"{len(failed)} checks failed, the first: {failed[:1]}")
    check("seam: done, 0 of" in board.text, "the backend test did not come to its end")


for model in MODELS:
    case(timeout=90, name=f"backend-{model}", cpu=model)(backend)


@case(timeout=180)
def backend_faults(lab):
    for fault, message in FAULTS.items():
        board = start(lab, "cortex-a57", "-append", f"seam={fault}")
        board.expect(r"panic: CPU 0: " + message, timeout=30)
        end = board.child.expect([r"did no harm", r"seam: ", pexpect.EOF, pexpect.TIMEOUT], timeout=1)
        check(end == 3, f"{fault}: something went on after the panic")
        board.text = ""  # the panic is what was wanted
        board.child.terminate(force=True)


@case(timeout=120)
def backend_image_check(lab):
    """The build's check of the image finds what it looks for."""
    test = os.path.join(ROOT, "tests", "seam", "check_image_test.py")
    result = subprocess.run([sys.executable, "-B", test, "--aarch64", lab.options.aarch64], stdout=subprocess.PIPE, text=True,
                            check=False)
    lab.note(result.stdout)
    check(result.returncode == 0, "arch/aarch64/check_image.py missed something")
